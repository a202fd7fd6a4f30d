package protocol

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// explained is an error in plain words that stay the same while the trouble does: no
// times, no local ports, no secrets. What a client or a tunnel words itself is left as it
// is, for they know best. The way is nil where it did not come that far.
func explained(err error, p triggers.Parameters, w *way) error {
	message, hint := "", ""
	if t, ok := errors.AsType[*kscope.Trouble](err); ok {
		message, hint = t.Error(), t.Hint
	} else {
		at := "the server"
		if w != nil {
			if led, _ := w.led(); led != "" {
				at = led
			}
		}
		message, hint = Explain(err, at)
	}
	if hint == "" && len(p.Missing) > 0 {
		hint = strings.Join(p.Missing, "; ")
	}
	return &kscope.Trouble{Message: kscope.Clean(withoutSecrets(message, p)), Hint: kscope.Clean(withoutSecrets(hint, p))}
}

// Explain says in plain words what is wrong with a connection to an address and, where
// there is a likely one, the way out.
func Explain(err error, at string) (message, hint string) {
	var (
		dns   *net.DNSError
		addr  *net.AddrError
		plain tls.RecordHeaderError
		alert tls.AlertError
		cert  *tls.CertificateVerificationError
		host  x509.HostnameError
		op    *net.OpError
		web   *url.Error
	)
	if errors.As(err, &op) && op.Addr != nil && at == "the server" {
		at = op.Addr.String()
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name " + dns.Name + " is not known here", "check the address; a name that only the cluster knows is reached through the API server, where a Service of that name exists"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " could not be looked up", "check the network and its name servers"
	case errors.As(err, &addr):
		return fmt.Sprintf("%q is not an address: %s", addr.Addr, addr.Err), "name the server as host:port"
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return at + " does not seem to speak TLS", "turn TLS off in the trigger, or check the port"
	case errors.As(err, &host):
		return "the certificate of " + at + " is for another name", "name the server as its certificate does"
	case errors.As(err, &cert):
		return "the certificate of " + at + " is not trusted: " + cert.Err.Error(), "give its authority as ca in the trigger's authentication"
	case remote(err, "certificate required", "bad certificate", "unknown certificate", "handshake failure"):
		return at + " does not let clients in without a certificate that it trusts", "give cert and key in the trigger's authentication"
	case errors.As(err, &alert):
		return at + " broke off the TLS handshake: " + alert.Error(), ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + at + " (connection refused)", "is the broker running there, and is the port right?"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to " + at, "check the address, and what stands between"
	case notHTTP(err):
		return "what answers at " + at + " does not speak HTTP", "check the port"
	case TimedOut(err):
		return at + " gave no answer in time", "it may be busy or stopped, a firewall may be in the way, or TLS is expected"
	case HungUp(err):
		return at + " closed the connection", "it may expect TLS, or something else may listen there"
	}
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err // the rest of its text has local ports in it
	} else if errors.As(err, &web) {
		err = web.Err // and the URL may have a query
	}
	return at + ": " + err.Error(), ""
}

// alone is an error that is about one queue, while the server is well.
type alone struct{ error }

// Unwrap is the error itself.
func (a *alone) Unwrap() error { return a.error }

// Alone says of an error, for who gets it further up, that it is about one queue alone.
func Alone(err error) error { return &alone{err} }

// IsAlone reports whether [Alone] said that of an error.
func IsAlone(err error) bool {
	_, ok := errors.AsType[*alone](err)
	return ok
}

// remote reports whether the other side said one of some words as it broke off.
func remote(err error, words ...string) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	for _, w := range words {
		if strings.Contains(op.Err.Error(), w) {
			return true
		}
	}
	return false
}

// notHTTP reports whether an error of net/http, which has no other name for it, is that the
// other side speaks something else, or speaks first.
func notHTTP(err error) bool {
	for _, says := range []string{"malformed HTTP", "readLoopPeekFailLocked", "server response headers exceeded"} {
		if strings.Contains(err.Error(), says) {
			return true
		}
	}
	return false
}

// TimedOut reports whether an error is that something took too long.
func TimedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// HungUp reports whether an error is that the other side ended the connection.
func HungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}
