package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// explain says in plain words what is wrong with a server and, where there is
// a likely one, the way out. The words stay the same while the trouble does:
// no times, no local ports. They hold no control characters and no password.
func explain(err error, s Server, override bool) (message, hint string) {
	if t, ok := errors.AsType[*kscope.Trouble](err); ok { // by whoever resolves, or by a tunnel: they know best
		message, hint = t.Error(), t.Hint
	} else if message, hint = explainAnswer(err, override); message == "" {
		message, hint = explainConnection(err, s, override)
	}
	if advice := s.advice(err); advice != "" && !override {
		hint = advice
	}
	if s.PasswordFrom != "" {
		hint = strings.ReplaceAll(hint, PasswordVariable, s.PasswordFrom)
	}
	return s.shown(message), s.shown(hint)
}

// explained is an error in the words of explain.
func explained(err error, s Server, override bool) *kscope.Trouble {
	message, hint := explain(err, s, override)
	return &kscope.Trouble{Message: message, Hint: hint}
}

const useOverride = "kscope --redis HOST:PORT measures every queue there"

// answers are what servers reply instead of a number: how it begins, or a part
// of it after an asterisk, what it means, and what to do about it.
var answers = []struct{ reply, message, hint string }{
	{"NOAUTH", "the server wants a password", "set KSCOPE_REDIS_PASSWORD and name this server with --redis"},
	{"WRONGPASS", "the server does not accept the user name and password", "check KSCOPE_REDIS_PASSWORD and the user in --redis redis://USER@HOST:PORT"},
	{"*without any password configured", "the server has no password, but one was given", "unset KSCOPE_REDIS_PASSWORD"},
	{"*invalid password", "the server does not accept the password", "check KSCOPE_REDIS_PASSWORD"},
	{"NOPERM", "", "allow the user +llen +scard +zcard +hlen +type +select on the key; for streams +xlen +xpending +xinfo, in a cluster +cluster"},
	{"*DB index is out of range", "the server has no database of that number", "check databaseIndex in the trigger"},
	{"*invalid DB index", "the server has no database of that number", "check databaseIndex in the trigger"},
	{"*SELECT is not allowed in cluster mode", "the server is a cluster node and has only database 0", "check databaseIndex in the trigger"},
	{"LOADING", "the server is loading its data into memory", "wait: it answers when it is done"},
	{"BUSY", "the server is busy with a script", "wait, or stop the script with SCRIPT KILL"},
	{"MASTERDOWN", "the server is a replica that has lost its master", ""},
	{"MOVED", "the key is on another node of a Redis Cluster", "a trigger of type redis reads a single server"},
	{"CLUSTERDOWN", "the Redis Cluster is down", ""},
	{"READONLY", "the server is a read-only replica", "name the master"},
	{"OOM", "the server is out of memory", "raise maxmemory or let the queue drain"},
	{"MISCONF", "the server does not take writes because it cannot save to disk", ""},
	{"*max number of clients", "the server has as many clients as it allows", "raise maxclients or close some"},
	{"DENIED", "the server is in protected mode and takes connections from its own host only", "set a password there, or turn protected-mode off"},
}

// explainAnswer is for errors that a server replied with; the message is empty
// for all others.
func explainAnswer(err error, override bool) (message, hint string) {
	if !refused(err) {
		return "", ""
	}
	text := err.Error()
	for e := err; e != nil; e = errors.Unwrap(e) { // the server's words without those that the library puts before them
		if refused(e) {
			text = e.Error()
		}
	}
	for _, a := range answers {
		part, anywhere := strings.CutPrefix(a.reply, "*")
		if at := strings.Index(text, part); at < 0 || at > 0 && !anywhere {
			continue
		}
		if a.message == "" { // the server says it best
			a.message = "the server says: " + text
		}
		if override && a.reply == "NOAUTH" {
			a.hint = "set KSCOPE_REDIS_PASSWORD"
		}
		return a.message, a.hint
	}
	return "the server says: " + text, ""
}

func explainConnection(err error, s Server, override bool) (message, hint string) {
	if errors.Is(err, errNoAddress) {
		return "the address comes from the target's environment or an authentication object and cannot be resolved here", useOverride
	}
	var (
		at       = s.Address
		dns      *net.DNSError
		addr     *net.AddrError
		plain    tls.RecordHeaderError
		alert    tls.AlertError
		cert     *tls.CertificateVerificationError
		host     x509.HostnameError
		connects *connectError
		greets   *handshakeError
	)
	connecting, greeting := errors.As(err, &connects), errors.As(err, &greets)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name " + hostOf(at) + " is not known here", outside(at, override, "check the address")
	case errors.As(err, &dns):
		return "the name " + hostOf(at) + " could not be looked up", outside(at, override, "check the network and its name servers")
	case errors.As(err, &addr):
		return fmt.Sprintf("%q is not an address: %s", at, addr.Err), "triggers name Redis as host:port"
	case errors.As(err, &plain), greeting && (timedOut(err) || hungUp(err)): // Redis itself waits for the end of a line
		return at + " does not seem to speak TLS", "use redis:// instead of rediss://"
	case errors.As(err, &host):
		return "the certificate of " + at + " is for another name", "name the server as its certificate does"
	case errors.As(err, &cert):
		return "the certificate of " + at + " is not trusted: " + cert.Err.Error(), "add its authority to the system's, or name it in SSL_CERT_FILE"
	case wantsCertificate(err):
		return at + " does not let clients in without a certificate that it trusts", clientCertificate
	case errors.As(err, &alert):
		return at + " broke off the TLS handshake: " + alert.Error(), ""
	case errors.Is(err, syscall.ECONNREFUSED) && at == triggers.StandInAddress:
		return "the broker is lost: nothing listens at " + at + ", where the sandbox plays it", "mend it in the palette, by :"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + at + " (connection refused)", "is Redis running there, and is the port right?"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to " + at, unreachable(override)
	case timedOut(err) && connecting:
		return fmt.Sprintf("no connection to %s within %v", at, cmp.Or(connects.wait, dialTimeout)), unreachable(override)
	case timedOut(err):
		return fmt.Sprintf("%s took the connection but gave no answer within %v", at, readTimeout), "it may be busy or stopped, or something else than Redis"
	case hungUp(err) && !s.TLS:
		return at + " closed the connection", "if it expects TLS: --redis rediss://HOST:PORT"
	case hungUp(err):
		return at + " closed the connection", clientCertificate
	case errors.Is(err, errTooMuch):
		return at + " answers more than Redis would", "check the port: it may be something else than Redis"
	case errors.Is(err, errNotRedis), notRedis.MatchString(err.Error()):
		return "what answers at " + at + " is not Redis, or expects TLS", "check the port; for TLS: --redis rediss://HOST:PORT"
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err // the rest of its text has local ports in it
	}
	return at + ": " + err.Error(), ""
}

const clientCertificate = "it may want a certificate of its clients: cert and key in the trigger's authentication"

// wantsCertificate reports whether the other side broke off for want of a
// certificate of ours. It says so, or just closes the connection, as the race of
// its alert with its closing goes; crypto/tls has no type for what it says.
func wantsCertificate(err error) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	for _, words := range []string{"certificate required", "bad certificate", "unknown certificate", "handshake failure"} {
		if strings.Contains(op.Err.Error(), words) {
			return true
		}
	}
	return false
}

// notRedis matches what the client library says of bytes that are no reply.
var notRedis = regexp.MustCompile(`^redis: (invalid|can't parse)`)

func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// unreachable is the hint for an address that leads nowhere from here.
func unreachable(override bool) string {
	if override {
		return "a firewall may be in the way"
	}
	return "if it is an address inside the cluster: kubectl port-forward, then kscope with --redis 127.0.0.1:PORT"
}

// service matches the names that a cluster gives to a Service: name and
// namespace, with "svc" and the cluster's domain or without. Only plain label
// characters, since the hint is a command line to copy.
var service = regexp.MustCompile(`^([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\.[a-z0-9.-]+)?)?)?\.?$`)

// outside is the hint for an address that a cluster knows and this machine may
// not; other when it does not look like one.
func outside(address string, override bool, other string) string {
	host, port, err := net.SplitHostPort(address)
	m := service.FindStringSubmatch(host)
	if err != nil || m == nil || host == "localhost" || net.ParseIP(host) != nil || override {
		return other
	}
	in := ""
	if m[2] != "" {
		in = " -n " + m[2]
	}
	if strings.Trim(port, "0123456789") != "" || port == "" {
		port = "6379"
	}
	return fmt.Sprintf("the name is only known inside the cluster: run `kubectl%s port-forward svc/%s 6379:%s`, then kscope with --redis 127.0.0.1:6379", in, m[1], port)
}
