package redis

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// viaAuth is a queue whose server takes more than an address.
func viaAuth(address, key string) kscope.Backlog {
	return triggers.Redis{Address: address, Via: "TriggerAuthentication demo/auth", Key: key}.Backlog()
}

// resolved gives a fixed answer to every question.
func resolved(a Access) func(context.Context, kscope.TriggerRef) (Server, error) {
	return func(context.Context, kscope.TriggerRef) (Server, error) { return a.Server() }
}

// noSecrets searches everything that was emitted.
func noSecrets(t *testing.T, f *facts, secrets ...string) {
	t.Helper()
	for _, fact := range f.copy() {
		for _, secret := range secrets {
			if text := fmt.Sprintf("%+v %#v", fact, fact); strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
}

func (f *facts) connection(match func(kscope.Connection) bool) kscope.Connection {
	f.t.Helper()
	return await(f, "connection", match)
}

func TestResolvedPasswordUserAndDatabase(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("acl", "setuser", "keda", "on", ">s3cret-one", "~*", "+llen", "+type", "+select") // no EVAL, no INFO
	r.do("config", "set", "requirepass", "s3cret-two")
	r.do("rpush", "jobs", 1, 2)
	r.Close()
	q := viaAuth("redis.demo.svc:6379", "jobs")
	three := triggers.RedisOf(q)
	three.DB = 3
	inThree := three.Backlog()
	access := Access{Addresses: []string{r.address}, Username: "keda", Password: "s3cret-one",
		From: map[string]string{"username": "the trigger itself", "password": "Secret demo/redis key password, by TriggerAuthentication auth"}}
	s, f := run(t, Options{Resolve: resolved(access)})
	s.Follow(scaledObject("one", q, inThree))
	f.depth(q, known(2))
	got := f.connection(func(c kscope.Connection) bool { return c.Version != "" })
	want := kscope.Connection{
		Server: "redis.demo.svc:6379 (TriggerAuthentication demo/auth)", Address: r.address, Reached: "directly", User: "keda", Role: "master",
		Credentials: "user: the trigger itself; password: Secret demo/redis key password, by TriggerAuthentication auth",
		Version:     got.Version, RTT: got.RTT,
	}
	f.depth(inThree, known(0))
	if got != want || got.RTT <= 0 || !strings.Contains(got.Version, ".") {
		t.Errorf("got %+v", got)
	}
	noSecrets(t, f, "s3cret")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if server, err := access.Server(); err != nil || strings.Contains(fmt.Sprintf(format, server), "s3cret") {
			t.Errorf("%s prints the password, or error %v", format, err)
		}
	}
}

// A password that changes is learned without anybody's doing, from what is in
// the Secret by then.
func TestResolvesAgainWhenTheServerFails(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("config", "set", "requirepass", "s3cret-old")
	var now atomic.Value
	now.Store("s3cret-wrong")
	q := viaAuth(r.address, "jobs")
	var times atomic.Int32
	s, f := run(t, Options{Resolve: func(_ context.Context, trigger kscope.TriggerRef) (Server, error) {
		times.Add(1)
		if want := (kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "one"}}}); trigger != want {
			t.Errorf("asked about %+v", trigger)
		}
		return Access{Addresses: []string{r.address}, Password: now.Load().(string), From: map[string]string{"password": "Secret demo/redis key pw"}}.Server()
	}})
	s.Follow(scaledObject("one", q))
	st := f.status(kscope.Failing)
	if st.Hint != "check Secret demo/redis key pw" || st.Name != q.Server {
		t.Errorf("got %+v", st)
	}
	if c := f.connection(func(c kscope.Connection) bool { return c.Failing }); c.Err != st.Message || c.Hint != st.Hint || c.ErrAt.IsZero() {
		t.Errorf("got %+v, want it to tell of %+v", c, st)
	}
	if n := times.Load(); n != 1 {
		t.Errorf("resolved %d times at once", n)
	}
	now.Store("s3cret-old")
	f.status(kscope.Synced)
	if c := f.connection(func(c kscope.Connection) bool { return !c.Failing }); c.Err == "" {
		t.Errorf("got %+v, want the last error to be kept", c)
	}
	noSecrets(t, f, "s3cret")
}

func TestWhatCannotBeResolvedIsSaid(t *testing.T) {
	t.Parallel() // it waits more than it computes
	q := viaAuth("", "jobs")
	s, f := run(t, Options{Resolve: func(context.Context, kscope.TriggerRef) (Server, error) {
		return Server{}, &kscope.Trouble{Message: "the password is in HashiCorp Vault", Hint: "name it with --redis"}
	}})
	s.Follow(scaledObject("one", q))
	if d := f.depth(q, failed); d.Err != "the password is in HashiCorp Vault" {
		t.Errorf("got %+v", d)
	}
	if st := f.status(kscope.Failing); st.Name != "(TriggerAuthentication demo/auth)" || st.Hint != "name it with --redis" {
		t.Errorf("got %+v", st)
	}
}

func TestAuthenticationThatDiffersByWorkload(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	q := viaAuth(r.address, "jobs")
	s, f := run(t, Options{Resolve: resolved(Access{Addresses: []string{r.address}, PerWorkload: true})})
	s.Follow(scaledObject("one", q))
	f.depth(q, known(0))
	s.Follow(scaledObject("two", q))
	if d := f.depth(q, failed); !strings.Contains(d.Err, "several share it") {
		t.Errorf("got %+v", d)
	}
	s.Follow(gone("one", ""))
	f.depth(q, known(0))
}

func TestTLSWithClientCertificate(t *testing.T) {
	t.Parallel() // it waits more than it computes
	cert, ca := certificate()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	dir := t.TempDir()
	for name, data := range map[string][]byte{"cert.pem": ca, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	r := startRedis(t, "--tls-port", port, "--tls-cert-file", filepath.Join(dir, "cert.pem"), "--tls-key-file", filepath.Join(dir, "key.pem"),
		"--tls-ca-cert-file", filepath.Join(dir, "cert.pem"), "--tls-auth-clients", "yes")
	r.do("rpush", "jobs", 1, 2, 3)
	q := viaAuth("localhost:"+port, "jobs")
	all := Access{Addresses: []string{"localhost:" + port}, TLS: true, CA: string(ca), Cert: string(ca), Key: string(key)}
	observe := func(change func(*Access)) *facts {
		t.Helper()
		a := all
		change(&a)
		s, f := run(t, Options{Resolve: resolved(a)})
		s.Follow(scaledObject("one", q))
		return f
	}
	f := observe(func(*Access) {})
	f.depth(q, known(3))
	if c := f.connection(func(c kscope.Connection) bool { return c.Version != "" }); c.TLS != "certificate verified by the trigger's ca, with a client certificate" {
		t.Errorf("got %+v", c)
	}
	f = observe(func(a *Access) { a.CA, a.Unsafe = "", true })
	f.depth(q, known(3))
	locked := encrypted(t, key, "s3cret-key")
	f = observe(func(a *Access) { a.Key, a.KeyPassword = locked, "s3cret-key" })
	f.depth(q, known(3))
	noSecrets(t, f, "s3cret", "PRIVATE KEY")
	for want, change := range map[string]func(*Access){
		"is not trusted":            func(a *Access) { a.CA = "" },
		"it may want a certificate": func(a *Access) { a.Cert, a.Key = "", "" },
		"TLS parameter ca is not":   func(a *Access) { a.CA = "s3cret" },
		"cert and key are not":      func(a *Access) { a.Key = "s3cret" },
		"there is no keyPassword":   func(a *Access) { a.Key = locked },
		"cannot be decrypted with":  func(a *Access) { a.Key, a.KeyPassword = locked, "s3cret-not" },
		"cannot be decrypted":       func(a *Access) { a.KeyPassword = "s3cret-for-nothing" },
		"cert and key are":          func(a *Access) { a.Key, a.KeyPassword = "s3cret", "s3cret" },
		"closed the connection":     func(a *Access) { a.TLS = false },
		"is for another name":       func(a *Access) { a.Addresses = []string{"127.0.0.1:" + port} },
	} {
		f := observe(change)
		if st := f.status(kscope.Failing); !strings.Contains(st.Message+"; "+st.Hint, want) {
			t.Errorf("got %+v, want %q", st, want)
		}
		noSecrets(t, f, "s3cret", "PRIVATE KEY")
	}
}

// encrypted is a key as openssl encrypts it by default, which is how people do.
func encrypted(t *testing.T, key []byte, password string) string {
	t.Helper()
	cmd := exec.Command("openssl", "pkcs8", "-topk8", "-passout", "env:KEY_PASSWORD")
	cmd.Stdin, cmd.Env = bytes.NewReader(key), append(os.Environ(), "KEY_PASSWORD="+password)
	out, err := cmd.Output()
	if err != nil || !bytes.Contains(out, []byte("BEGIN ENCRYPTED PRIVATE KEY")) {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	return string(out)
}

// streams is a server with a stream of six entries, of which the group workers
// has taken four and acknowledged one.
func TestStreams(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("xgroup", "create", "orders", "workers", "0", "mkstream")
	for i := range 6 {
		r.do("xadd", "orders", "*", "n", i)
	}
	taken, err := r.XReadGroup(t.Context(), &goredis.XReadGroupArgs{Group: "workers", Consumer: "me", Count: 4, Streams: []string{"orders", ">"}}).Result()
	if err != nil {
		t.Fatal(err)
	}
	r.do("xack", "orders", "workers", taken[0].Messages[0].ID)
	r.do("rpush", "list", 1)
	r.do("xadd", "holes", "1-1", "a", 1)
	r.do("xadd", "holes", "1-2", "a", 1)
	r.do("xadd", "holes", "1-3", "a", 1)
	r.do("xgroup", "create", "holes", "workers", "0")
	r.do("xdel", "holes", "1-2")
	q := func(key string, m triggers.Measure, group string) kscope.Backlog {
		return triggers.Redis{Address: r.address, Key: key, Measure: m, Group: group}.Backlog()
	}
	s, f := run(t, Options{})
	for _, tt := range []struct {
		queue kscope.Backlog
		n     float64
		err   string
	}{
		{q("orders", triggers.StreamLength, ""), 6, ""},
		{q("orders", triggers.StreamPending, "workers"), 3, ""},
		{q("orders", triggers.StreamLag, "workers"), 2, ""},
		{q("orders", triggers.StreamLag, "others"), 6, ""},
		{q("none", triggers.StreamLength, ""), 0, ""},
		{q("none", triggers.StreamLag, "workers"), 0, ""},
		{q("none", triggers.StreamPending, "workers"), 0, "there is no stream none with a group workers"},
		{q("orders", triggers.StreamPending, "others"), 0, "there is no stream orders with a group others"},
		{q("list", triggers.StreamLength, ""), 0, "the key does not hold a stream"},
		{q("list", triggers.StreamLag, "workers"), 0, "the key does not hold a stream"},
		{q("holes", triggers.StreamLag, "workers"), 0, "Redis cannot tell the lag of group workers"},
	} {
		s.Follow(scaledObject("one", tt.queue))
		d := f.depth(tt.queue, func(kscope.Depth) bool { return true })
		if d.Err != tt.err || d.N != tt.n {
			t.Errorf("%+v: got %v %q, want %v %q", tt.queue, d.N, d.Err, tt.n, tt.err)
		}
	}
	late := q("later", triggers.StreamLag, "workers")
	s.Follow(scaledObject("one", late))
	f.depth(late, known(0))
	r.do("xadd", "later", "*", "a", 1)
	r.do("xadd", "later", "*", "a", 1)
	f.depth(late, known(2))                                             // all of it: there is no group yet
	r.do("xgroup", "create", "later", "workers", "$", "entriesread", 2) // without that the server could not tell
	f.depth(late, known(0))
	r.do("xadd", "later", "*", "a", 1)
	f.depth(late, known(1))
}

var errNowhere = errors.New("nowhere")

// A connection that a tunnel made says so, and a tunnel's own words and hint
// are passed on.
func TestTunnelledConnection(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	q := triggers.Redis{Address: "redis.demo.svc:6379", Key: "jobs"}.Backlog()
	var shut atomic.Bool
	s, f := run(t, Options{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		if shut.Load() {
			return nil, fmt.Errorf("%w: %w", &kscope.Trouble{Message: "no pod behind Service demo/redis is ready", Hint: "look at its pods"}, errNowhere)
		}
		c, err := net.Dial(network, r.address)
		return through{c}, err
	}})
	s.Follow(scaledObject("one", q))
	f.depth(q, known(0))
	if c := f.connection(func(c kscope.Connection) bool { return c.Reached != "" }); c.Reached != "by a port-forward to pod demo/redis-0" || c.Address != q.Server {
		t.Errorf("got %+v", c)
	}
	shut.Store(true)
	r.do("client", "kill", "type", "normal", "skipme", "yes")
	if st := f.status(kscope.Failing); !strings.HasPrefix(st.Message, "no pod behind Service demo/redis is ready") || st.Hint != "look at its pods" {
		t.Errorf("got %+v", st)
	}
	shut.Store(false)
	f.status(kscope.Synced)
}

type through struct{ net.Conn }

func (through) Through() string { return "by a port-forward to pod demo/redis-0" }

func TestOverridesOfOne(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("rpush", "jobs", 1)
	other := startRedis(t)
	other.do("rpush", "jobs", 1, 2)
	o := Options{Overrides: map[string]Server{"redis.demo.svc:6379": {Address: other.address}}}
	s, f := run(t, o)
	over := viaAuth("redis.demo.svc:6379", "jobs")
	s.Follow(scaledObject("one", over))
	f.depth(over, known(2))
	s.Follow(scaledObject("two", r.queue("jobs")))
	f.depth(r.queue("jobs"), known(1))
}
