package dashboard_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A server is a Redis of a test's own, beside the one that all share.
type server struct {
	*redis.Client
	t    *testing.T
	addr string
	port string
}

// startRedis starts a server on a free port with the settings given, and waits
// until it answers. It is killed when the test ends.
func startRedis(t *testing.T, settings ...string) *server {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "redis.conf") // sentinels write theirs
	text := strings.Join(append([]string{"port " + port, "bind 127.0.0.1", `save ""`, "dir " + dir}, settings...), "\n") + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{conf}
	if strings.Contains(text, "sentinel monitor") {
		args = append(args, "--sentinel")
	}
	cmd := exec.Command("redis-server", args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	password := ""
	for _, s := range settings {
		if p, ok := strings.CutPrefix(s, "requirepass "); ok {
			password = p
		}
	}
	r := &server{t: t, addr: "127.0.0.1:" + port, port: port}
	r.Client = redis.NewClient(&redis.Options{Addr: r.addr, Password: password, MaxRetries: -1})
	t.Cleanup(func() {
		_ = r.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	until(t, "Redis at "+r.addr, func() bool { return r.Ping(t.Context()).Err() == nil })
	return r
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// until looks again and again, since servers tell nobody when they have agreed
// on something.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
	}
}

// do sends a command that must not be refused.
func (r *server) do(args ...any) any {
	r.t.Helper()
	v, err := r.Do(r.t.Context(), args...).Result()
	if err != nil {
		r.t.Fatalf("%v: %v", args, err)
	}
	return v
}

// fill puts so many jobs into a list.
func (r *server) fill(list string, n int) {
	r.t.Helper()
	for i := range n {
		r.do("lpush", list, i)
	}
}

// startSentinels starts three sentinels over a master that has a password, and
// waits until they agree.
func startSentinels(t *testing.T, master *server, password, own string) (nodes []string) {
	t.Helper()
	var all []*server
	for range 3 {
		s := startRedis(t, "sentinel monitor main 127.0.0.1 "+master.port+" 2", "sentinel auth-pass main "+password,
			"sentinel down-after-milliseconds main 5000", "requirepass "+own, "sentinel sentinel-pass "+own)
		all, nodes = append(all, s), append(nodes, s.addr)
	}
	for _, s := range all {
		until(t, "a quorum", func() bool { return s.Do(t.Context(), "sentinel", "ckquorum", "main").Err() == nil })
	}
	return nodes
}

// startCluster starts three masters that share the slots, and waits until they
// know it.
func startCluster(t *testing.T) (nodes []*server) {
	t.Helper()
	const slots = 16384
	var buses []string
	for range 3 {
		bus := freePort(t)
		nodes = append(nodes, startRedis(t, "cluster-enabled yes", "cluster-port "+bus))
		buses = append(buses, bus)
	}
	for i, n := range nodes {
		n.do("cluster", "addslotsrange", i*slots/3, (i+1)*slots/3-1)
		n.do("cluster", "set-config-epoch", i+1)
		nodes[0].do("cluster", "meet", "127.0.0.1", n.port, buses[i])
	}
	for _, n := range nodes {
		until(t, "the cluster", func() bool {
			info := fmt.Sprint(n.do("cluster", "info"))
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return nodes
}

// certificates are an authority, and a certificate with its key for a server at
// 127.0.0.1 and for a client, all in PEM.
type certificates struct{ ca, server, serverKey, client, clientKey string }

func makeCertificates(t *testing.T) (out certificates) {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(c *x509.Certificate, key *ecdsa.PrivateKey) (cert, keyPEM string) {
		der, err := x509.CreateCertificate(rand.Reader, c, ca, &key.PublicKey, caKey)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		block := func(name string, b []byte) string {
			return string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: b}))
		}
		return block("CERTIFICATE", der), block("PRIVATE KEY", private)
	}
	leaf := func(n int64, use x509.ExtKeyUsage) (string, string) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return sign(&x509.Certificate{
			SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{use},
		}, key)
	}
	out.ca, _ = sign(ca, caKey)
	out.server, out.serverKey = leaf(2, x509.ExtKeyUsageServerAuth)
	out.client, out.clientKey = leaf(3, x509.ExtKeyUsageClientAuth)
	return out
}

// lock encrypts a key with a password, as openssl does by default.
func lock(t *testing.T, key, password string) string {
	t.Helper()
	cmd := exec.Command("openssl", "pkcs8", "-topk8", "-passout", "env:KEY_PASSWORD")
	cmd.Stdin, cmd.Env = strings.NewReader(key), append(os.Environ(), "KEY_PASSWORD="+password)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl: %v", err)
	}
	return string(out)
}

func xadd(key string) *redis.XAddArgs {
	return &redis.XAddArgs{Stream: key, Values: []any{"job", "1"}}
}
