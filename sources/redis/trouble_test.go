package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kscope/kscope/triggers"
)

// reply is an error that a server answered with.
type reply string

func (e reply) Error() string { return string(e) }
func (reply) RedisError()     {}

func TestExplain(t *testing.T) {
	const inCluster = "redis.demo.svc.cluster.local:6379"
	dial := func(err error) error {
		return &connectError{err: &net.OpError{Op: "dial", Net: "tcp", Source: &net.TCPAddr{Port: 54321}, Err: err}}
	}
	read := func(err error) error {
		return &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 54321}, Err: err}
	}
	noHost := &net.DNSError{Err: "no such host", Name: "redis", IsNotFound: true}
	for _, tt := range []struct {
		name            string
		err             error
		at              string
		override        bool
		message, inHint string
	}{
		{"no address", errNoAddress, "", false,
			"the address comes from the target's environment or an authentication object and cannot be resolved here", "--redis HOST:PORT"},
		{"service", dial(noHost), inCluster, false,
			"the name redis.demo.svc.cluster.local is not known here",
			"only known inside the cluster: run `kubectl -n demo port-forward svc/redis 6379:6379`, then kscope with --redis 127.0.0.1:6379"},
		{"short service", dial(noHost), "queue.jobs:6400", false, "the name queue.jobs is not known here", "`kubectl -n jobs port-forward svc/queue 6379:6400`"},
		{"no shell in hints", dial(noHost), "a;rm -rf.b:1", false, "the name a;rm -rf.b is not known here", "check the address"},
		{"elsewhere", dial(noHost), "redis.example.com:6379", false, "the name redis.example.com is not known here", "check the address"},
		{"override", dial(noHost), inCluster, true, "the name redis.demo.svc.cluster.local is not known here", "check the address"},
		{"no name server", dial(&net.DNSError{Err: "timeout", IsTimeout: true}), inCluster, false,
			"the name redis.demo.svc.cluster.local could not be looked up", "port-forward"},
		{"no port", dial(&net.AddrError{Err: "missing port in address", Addr: "redis"}), "redis", false,
			`"redis" is not an address: missing port in address`, "host:port"},
		{"refused", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "127.0.0.1:1", false,
			"nothing listens at 127.0.0.1:1 (connection refused)", "is Redis running"},
		{"unroutable", dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "10.0.0.1:1", false, "no route to 10.0.0.1:1", "inside the cluster"},
		{"dial timeout", &connectError{err: context.DeadlineExceeded}, "10.0.0.1:1", false, "no connection to 10.0.0.1:1 within 2s", "inside the cluster"},
		{"read timeout", read(os.ErrDeadlineExceeded), "h:1", false, "h:1 took the connection but gave no answer within 2s", "busy"},
		{"closed", io.EOF, "h:1", false, "h:1 closed the connection", "rediss://"},
		{"reset", read(os.NewSyscallError("read", syscall.ECONNRESET)), "h:1", false, "h:1 closed the connection", "rediss://"},
		{"not Redis", errors.New(`redis: can't parse int reply: "HTTP/1.1 400 Bad Request"`), "h:1", false,
			"what answers at h:1 is not Redis, or expects TLS", "port"},
		{"no TLS there", &connectError{err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}}, "h:1", true,
			"h:1 does not seem to speak TLS", "redis://"},
		{"untrusted", &connectError{err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, "h:1", true,
			"the certificate of h:1 is not trusted: x509: certificate signed by unknown authority", "SSL_CERT_FILE"},
		{"other", read(errors.New("strange\x1b[31m\nthing")), "h:1", false, "h:1: strange thing", ""},
		{"no password", reply("NOAUTH Authentication required."), "h:1", false, "the server wants a password", "--redis"},
		{"no password, override", reply("NOAUTH Authentication required."), "h:1", true, "the server wants a password", "set KSCOPE_REDIS_PASSWORD"},
		{"wrong password", fmt.Errorf("failed to authenticate: %w", reply("WRONGPASS invalid username-password pair or user is disabled.")),
			"h:1", true, "the server does not accept the user name and password", "KSCOPE_REDIS_PASSWORD"},
		{"password of no use", reply("ERR AUTH <password> called without any password configured for the default user. Are you sure?"),
			"h:1", true, "the server has no password, but one was given", "unset"},
		{"forbidden", reply("NOPERM User kscope has no permissions to run the 'llen' command"), "h:1", true,
			"the server says: NOPERM User kscope has no permissions to run the 'llen' command", "+llen"},
		{"database", reply("ERR DB index is out of range"), "h:1", false, "the server has no database of that number", "databaseIndex"},
		{"loading", reply("LOADING Redis is loading the dataset in memory"), "h:1", false, "the server is loading its data into memory", "wait"},
		{"cluster", reply("MOVED 3999 10.0.0.1:6381"), "h:1", false, "the key is on another node of a Redis Cluster", ""},
		{"unknown", reply("ERR \x1b]0;pwned\x07 s3cret"), "h:1", false, "the server says: ERR  …", ""},
		{"stream", keyTrouble("the key holds a stream, which has no length that KEDA would count", ""), "h:1", false, "the key holds a stream, which has no length that KEDA would count", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			message, hint := explain(tt.err, Server{Address: tt.at, password: "s3cret"}, tt.override)
			if message != tt.message {
				t.Errorf("got message %q, want %q", message, tt.message)
			}
			if !strings.Contains(hint, tt.inHint) || (tt.inHint == "") != (hint == "") && tt.name != "cluster" {
				t.Errorf("got hint %q, want %q in it", hint, tt.inHint)
			}
		})
	}
}

// A server may repeat the password as it likes.
func TestRepeatedPasswords(t *testing.T) {
	for _, password := range []string{"s3cret", "Pass word/+ü", "\xff\xfepass", "a.*b(", "1234", `pa"ss\wo'rd<&>`, strings.Repeat("token-", 60), strings.Repeat("x1", 5000)} {
		server := Server{Address: "h:1", Username: "keda", password: password}
		for name, said := range map[string]string{
			"as it is": password, "in capitals": strings.ToUpper(password), "small": strings.ToLower(password),
			"in a URL": url.UserPassword("keda", password).String(), "in a query": url.QueryEscape(password),
			"base64": base64.StdEncoding.EncodeToString([]byte(password)), "base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(password)),
			"cut": password[:min(len(password), 100)], "in quotes": fmt.Sprintf("%q", password), "in quotes, ASCII": strconv.QuoteToASCII(password), "in HTML": html.EscapeString(password), "in bytes": fmt.Sprintf("% x", password),
			"HTTP": base64.StdEncoding.EncodeToString([]byte("keda:" + password)), "hex": hex.EncodeToString([]byte(password)), "HEX": fmt.Sprintf("%X", password),
		} {
			got, _ := explain(reply("ERR you said "+said+" and it is wrong"), server, false)
			if len(password) > longSecret && (name == "in capitals" || name == "HEX") {
				continue // as a small one, which nobody else writes
			}
			if !strings.Contains(got, "ERR you said ") || !strings.Contains(got, "…") || strings.Contains(got, strings.Trim(said, `"`)) {
				t.Errorf("%q, %s: got %q", password, name, got)
			}
		}
	}
}

// A password that is not from the variable is not looked for there.
func TestExplainNamesWhereThePasswordIsFrom(t *testing.T) {
	s := Server{Address: "h:1", password: "s3cret", PasswordFrom: "the file"}
	_, hint := explain(reply("WRONGPASS invalid username-password pair"), s, true)
	if want := "check the file and the user in --redis redis://USER@HOST:PORT"; hint != want || s.credentials() != "the file" {
		t.Errorf("got hint %q, credentials from %q, want %q", hint, s.credentials(), want)
	}
	s.PasswordFrom = ""
	if _, hint := explain(reply("WRONGPASS invalid username-password pair"), s, true); !strings.Contains(hint, PasswordVariable) || s.credentials() != PasswordVariable {
		t.Errorf("got hint %q, credentials from %q", hint, s.credentials())
	}
}

// A server that wants a certificate says so or hangs up, whichever arrives
// first; the hint is the same.
func TestWantsCertificate(t *testing.T) {
	s := Server{Address: "redis:6379", TLS: true}
	for _, err := range []error{
		&net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")},
		fmt.Errorf("read: %w", &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}),
		io.EOF, syscall.ECONNRESET,
	} {
		if message, hint := explain(err, s, false); hint != clientCertificate || message == "" {
			t.Errorf("%v: got %q, hint %q", err, message, hint)
		}
	}
	if _, hint := explain(&net.OpError{Op: "remote error", Err: errors.New("tls: internal error")}, s, false); hint == clientCertificate {
		t.Errorf("another alert: got %q", hint)
	}
}

// TestNoAddressAtAll: a trigger that names no address, and nothing that it could come
// from, is not said to have one elsewhere.
func TestNoAddressAtAll(t *testing.T) {
	for via, want := range map[string]string{
		"":                                 "the trigger names no address",
		"TriggerAuthentication demo/redis": "authentication object",
		"address REDIS of Deployment demo/worker": "target's environment",
	} {
		m := &meter{asked: []*gauge{{queue: triggers.Redis{Key: "orders", Via: via}}}}
		got := m.explained(errNoAddress)
		if !strings.Contains(got.Message, want) || via == "" && strings.Contains(got.Message, "environment") || got.Hint == "" {
			t.Errorf("by way of %q: %s - %s", via, got.Message, got.Hint)
		}
	}
}
