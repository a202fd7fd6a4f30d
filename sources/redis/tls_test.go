package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// certificate makes a certificate for localhost that vouches for itself.
func certificate() (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// behindTLS puts TLS in front of a server.
func behindTLS(t *testing.T, cert tls.Certificate, address string) (port string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			outer, err := l.Accept()
			if err != nil {
				return
			}
			inner, err := net.Dial("tcp", address)
			if err != nil {
				_ = outer.Close()
				continue
			}
			go func() { _, _ = io.Copy(inner, outer); _ = inner.Close() }()
			go func() { _, _ = io.Copy(outer, inner); _ = outer.Close() }()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

func TestTLS(t *testing.T) {
	t.Parallel() // it waits more than it computes
	unknown, _ := certificate()
	r := startRedis(t)
	r.do("rpush", "jobs", 1, 2)
	_, plainPort, _ := net.SplitHostPort(r.address)
	port := behindTLS(t, trusted, r.address)
	q := triggers.Redis{Address: "redis.demo.svc:6379", Key: "jobs"}.Backlog()
	observe := func(url string) *facts {
		t.Helper()
		server, err := ParseServer(url, "")
		if err != nil {
			t.Fatal(err)
		}
		s, f := run(t, Options{Override: &server})
		s.Follow(scaledObject("one", q))
		return f
	}
	observe("rediss://localhost:"+port).depth(q, known(2))
	for url, want := range map[string]string{
		"rediss://localhost:" + behindTLS(t, unknown, r.address): "is not trusted: x509: certificate signed by unknown authority",
		"rediss://127.0.0.1:" + port:                             "is for another name",
		"rediss://localhost:" + plainPort:                        "does not seem to speak TLS",
		"redis://localhost:" + port:                              "TLS",
	} {
		if s := observe(url).status(kscope.Failing); !strings.Contains(s.Message+s.Hint, want) {
			t.Errorf("%s: got %+v, want %q", url, s, want)
		}
	}
}
