package protocoltest

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"testing"
)

// Certificate is one for 127.0.0.1 that is its own authority, with its key, in PEM.
func Certificate(t testing.TB) (cert, key string) {
	t.Helper()
	s := httptest.NewTLSServer(nil) // which has one
	defer s.Close()
	der, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(typ string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: b}))
	}
	return block("CERTIFICATE", s.Certificate().Raw), block("PRIVATE KEY", der)
}
