package rabbitmq

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// where is the server that a trigger names, and who one is there. It holds a password,
// and is never shown.
type where struct {
	amqp     bool // else the management API
	tls      bool
	address  string // host:port
	name     string // that its certificate is to have
	base     string // of the management API: a URL without user, virtual host and /api
	vhost    string
	user     string
	password string
	// mechanisms are those to log in by, "" for a user and a password; only over amqp.
	mechanisms []string
	idle       bool // there is a ca, and KEDA does not use it
}

// String is the address alone, of a client too.
func (w where) String() string { return w.address }

// GoString is String, so that %#v does not print the password either.
func (w where) GoString() string { return w.address }

// find reads the host of a trigger as KEDA does: which protocol it is, the virtual host
// in its path unless vhostName names one, and the user in it unless username and
// password do. No error repeats any of it.
func find(p triggers.Parameters) (where, error) {
	host := p.Text("host")
	if host == "" {
		return where{}, &kscope.Trouble{Message: "the trigger names no host", Hint: "give it host, or its authentication: amqp://USER:PASSWORD@HOST:5672/VHOST or http://USER:PASSWORD@HOST:15672/VHOST"}
	}
	u, err := url.Parse(host)
	if err != nil || u.Hostname() == "" && u.Scheme != "amqp" && u.Scheme != "amqps" {
		return where{}, &kscope.Trouble{Message: "host is not the URL of a server", Hint: "in a user or a password, : / ? # @ and % are written as %3A %2F %3F %23 %40 and %25" + of(p, "host")}
	}
	isAMQP := strings.HasPrefix(u.Scheme, "amqp")
	switch asked := p.Text("protocol"); {
	case u.Scheme != "amqp" && u.Scheme != "amqps" && u.Scheme != "http" && u.Scheme != "https":
		return where{}, &kscope.Trouble{Message: "host begins with none of amqp://, amqps://, http:// and https://", Hint: "KEDA does not take it either"}
	case asked == "amqp" && !isAMQP, asked == "http" && isAMQP:
		return where{}, &kscope.Trouble{Message: "protocol is " + asked + ", and host begins with " + u.Scheme + "://", Hint: "leave protocol out, or give it the host that it goes with"}
	case isAMQP:
		w, err := overAMQP(p, host)
		w.idle = !enabled(p) && p.Text("ca") != ""
		return w, err
	}
	w := overHTTP(p, u)
	w.idle = !enabled(p) && p.Text("ca") != ""
	return w, nil
}

// of says where a parameter comes from, for the end of a hint; "" where it is nowhere
// else than in the trigger.
func of(p triggers.Parameters, name string) string {
	if from := p.From[name]; from != "" {
		return " (it is from " + from + ")"
	}
	return ""
}

func overAMQP(p triggers.Parameters, host string) (where, error) {
	uri, err := amqp.ParseURI(host)
	if err != nil {
		return where{}, &kscope.Trouble{Message: "host is no amqp URL that KEDA takes", Hint: "amqp://USER:PASSWORD@HOST:5672/VHOST" + of(p, "host")}
	}
	user, password, vhost := p.Text("username"), p.Text("password"), p.Text("vhostName")
	w := where{
		amqp: true, tls: uri.Scheme == "amqps", name: cmp.Or(uri.ServerName, uri.Host), vhost: cmp.Or(vhost, uri.Vhost),
		user: uri.Username, password: uri.Password, mechanisms: uri.AuthMechanism,
	}
	w.address = net.JoinHostPort(uri.Host, port(uri.Port))
	if user != "" && password != "" {
		w.user, w.password = user, password
	}
	if vhost != "" || user != "" && password != "" {
		w.mechanisms = nil // KEDA writes the URL anew then, without them
	}
	if enabled(p) {
		w.name = uri.Host
		if u, err := url.Parse(host); err == nil && user == "" && password == "" && p.Text("cert") != "" && p.Text("key") != "" {
			if _, has := u.User.Password(); !has {
				w.user, w.password, w.mechanisms = "", "", []string{"EXTERNAL"}
			}
		}
	}
	return w, nil
}

func overHTTP(p triggers.Parameters, u *url.URL) where {
	path := u.EscapedPath()
	at := strings.LastIndexByte(path, '/')
	vhost, prefix := path[at+1:], strings.Trim(path[:max(at, 0)], "/")
	if plain, err := url.PathUnescape(vhost); err == nil {
		vhost = plain
	}
	w := where{tls: u.Scheme == "https", name: u.Hostname(), vhost: cmp.Or(p.Text("vhostName"), vhost, "/"), user: u.User.Username()}
	w.password, _ = u.User.Password()
	if user, password := p.Text("username"), p.Text("password"); user != "" && password != "" {
		w.user, w.password = user, password
	}
	byDefault := "80"
	if w.tls {
		byDefault = "443"
	}
	w.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), byDefault))
	w.base = u.Scheme + "://" + u.Host
	if prefix != "" {
		w.base += "/" + prefix
	}
	return w
}

// enabled reports whether KEDA uses what the authentication has for TLS; where not, it
// trusts whom the system trusts.
func enabled(p triggers.Parameters) bool { return p.Text("tls") == "enable" }

// config is how TLS is spoken with a server.
func (w where) config(p triggers.Parameters) (*tls.Config, error) {
	m := protocol.Material{Unsafe: !w.amqp && p.On("unsafeSsl")}
	if enabled(p) {
		m = protocol.MaterialOf(p)
	}
	c, err := m.Config()
	if err != nil {
		return nil, err
	}
	c.ServerName = w.name
	return c, nil
}

// secured says how the connection is, "" if it is not.
func (w where) secured(c *tls.Config) string {
	if !w.tls {
		return ""
	}
	return protocol.TLSWords(c)
}

// untold says of a certificate that is not trusted that KEDA does not use the authority
// that the trigger has for it.
func (w where) untold(err error) error {
	var cert *tls.CertificateVerificationError
	if w.idle && errors.As(err, &cert) {
		return &kscope.Trouble{Message: "the certificate of RabbitMQ is not trusted, for KEDA does not use ca", Hint: "give tls: enable in the authentication"}
	}
	return err
}
