package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

const (
	rightPassword = "correct-horse-battery"
	wrongPassword = "incorrect-horse-battery"
)

// certificate is one that signs itself, in PEM.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kafka"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, is, is, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// TestLogin: each mechanism, over TLS with certificates of both sides.
func TestLogin(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	other, _ := certificate(t)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(cert))
	for typ, mechanism := range map[string]string{"plaintext": "PLAIN", "scram_sha256": "SCRAM-SHA-256", "scram_sha512": "SCRAM-SHA-512"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			_, at := serve(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "kscope", rightPassword), kfake.Superuser("PLAIN", "test", "test"),
				kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, MinVersion: tls.VersionTLS12}))
			mine := []kgo.Opt{kgo.SASL(plain.Auth{User: "test", Pass: "test"}.AsMechanism()), kgo.DialTLSConfig(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}})}
			commit(t, reach(t, at, mine...), "workers", "orders", 4, 0)
			good := good(at)
			for name, value := range map[string]string{"sasl": typ, "username": "kscope", "password": rightPassword, "tls": "enable", "ca": cert, "cert": cert, "key": key} {
				good[name] = value
			}
			s := protocoltest.Suite{
				Protocol: New(), Type: "kafka", Good: good, Loads: true, Connectionless: typ != "plaintext", // disturbed once Secrets: []string{rightPassword, wrongPassword, key},
				Take: func(n int) []string { return take(t, at, "workers", "orders", n, mine...) },
				Wrong: []protocoltest.Wrong{
					{Name: "another password", With: map[string]string{"password": wrongPassword}, Say: "the login of kscope"},
					{Name: "another user", With: map[string]string{"username": "stranger"}, Say: "the login of stranger"},
					{Name: "another authority", With: map[string]string{"ca": other}, Say: "not trusted"},
					{Name: "no certificate", With: map[string]string{"cert": "", "key": ""}, Say: "without a certificate"},
					{Name: "half a certificate", With: map[string]string{"key": ""}, Say: "only one of them"},
					{Name: "no TLS", With: map[string]string{"tls": "disable"}, Say: "closes the connection at the first word"},
				},
			}
			protocoltest.Run(t, s)
			r := s.New(t, nil)
			r.Await(7)
		})
	}
}

// TestNoLogin: who does not log in, or by a mechanism that is not there, is told so.
func TestNoLogin(t *testing.T) {
	t.Parallel()
	_, at := serve(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "kscope", rightPassword))
	s := &protocoltest.Suite{Protocol: New(), Type: "apache-kafka", Good: good(at), Secrets: []string{rightPassword}}
	for _, c := range []struct {
		with map[string]string
		say  string
	}{
		{nil, "closes the connection"},
		{map[string]string{"sasl": "scram_sha512", "username": "kscope", "password": rightPassword}, "closes the connection at the login of kscope"},
	} {
		fails(t, s.New(t, c.with), c.say)
	}
	// What Apache's brokers answer, where this one hangs up.
	for _, c := range []struct {
		key  kmsg.Key
		code int16
		say  string
	}{
		{kmsg.SASLHandshake, 33, "lets nobody in by the trigger's sasl"}, // UNSUPPORTED_SASL_MECHANISM
		{kmsg.SASLHandshake, 34, "takes no login at this port"},          // ILLEGAL_SASL_STATE
		{kmsg.SASLAuthenticate, 58, "refuses the login of kscope"},       // SASL_AUTHENTICATION_FAILED
	} {
		cluster, at := serve(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "kscope", rightPassword))
		cluster.ControlKey(c.key.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			cluster.KeepControl()
			switch answer := req.ResponseKind().(type) {
			case *kmsg.SASLHandshakeResponse:
				answer.ErrorCode = c.code
				return answer, nil, true
			case *kmsg.SASLAuthenticateResponse:
				answer.ErrorCode = c.code
				return answer, nil, true
			}
			return nil, nil, false
		})
		s.Good = good(at)
		fails(t, s.New(t, map[string]string{"sasl": "plaintext", "username": "kscope", "password": rightPassword}), c.say)
	}
}

// TestNoTLS: Apache's brokers hang up at the first word of TLS where they expect none.
func TestNoTLS(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 5))
			_ = conn.Close()
		}
	}()
	s := &protocoltest.Suite{Protocol: New(), Type: "kafka", Good: good(l.Addr().String())}
	fails(t, s.New(t, map[string]string{"tls": "enable"}), "closes the connection where TLS begins")
}

// TestAllowed: what the user may not see or do is said, and of others all is known.
func TestAllowed(t *testing.T) {
	t.Parallel()
	may := func(resource kmsg.ACLResourceType, name string, operation kmsg.ACLOperation) kfake.ACL {
		return kfake.ACL{Resource: resource, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: operation, Allow: true}
	}
	_, at := serve(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "test", "test"), kfake.User("PLAIN", "kscope", rightPassword,
		may(kmsg.ACLResourceTypeTopic, "orders", kmsg.ACLOperationDescribe), may(kmsg.ACLResourceTypeGroup, "workers", kmsg.ACLOperationDescribe)))
	own := reach(t, at, kgo.SASL(plain.Auth{User: "test", Pass: "test"}.AsMechanism()))
	commit(t, own, "workers", "orders", 4, 0)
	commit(t, own, "billing", "orders", 4, 0)
	good := good(at)
	for name, value := range map[string]string{"sasl": "plaintext", "username": "kscope", "password": rightPassword} {
		good[name] = value
	}
	s := protocoltest.Suite{Protocol: New(), Type: "kafka", Good: good, Connectionless: true, Secrets: []string{rightPassword}, Wrong: []protocoltest.Wrong{
		{Name: "the topic", With: map[string]string{"topic": "refunds"}, Say: "does not show the topic refunds to the user kscope", Own: true},
		{Name: "the group", With: map[string]string{"consumerGroup": "billing"}, Say: "does not show the group billing to the user kscope", Own: true},
	}}
	protocoltest.Run(t, s)
	queues, readings, c := measure(t, "kafka", good, map[string]string{"consumerGroup": "billing"}, map[string]string{"topic": "refunds"})
	if readings[0].Err != nil || readings[1].Err == nil || readings[2].Err == nil || readings[0].Note != "no members on 4 partitions" {
		t.Errorf("%+v", readings)
	}
	if did := c.Push(t.Context(), queues[0], protocoltest.Jobs(queues[0].Backlog, 10)); did.Accepted != 0 || did.Unknown != 0 || did.Err == nil || did.Err.Error() != "Kafka lets the user kscope put nothing into the topic orders" {
		t.Errorf("%+v", did)
	}
}
