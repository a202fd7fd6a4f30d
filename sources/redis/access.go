package redis

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/youmark/pkcs8"

	"github.com/kscope/kscope"
)

// Access is all that it takes to reach the server of a trigger, as resolved
// elsewhere. It holds secrets, and prints none of them. See [Access.Server].
type Access struct {
	Addresses                                          []string // of the server, or of any nodes of the cluster, or the sentinels
	Username, Password                                 string
	SentinelMaster, SentinelUsername, SentinelPassword string
	TLS, Unsafe                                        bool   // Unsafe: certificates are not verified
	CA, Cert, Key, KeyPassword                         string // PEM, but for the password

	From    map[string]string // where each came from, in words, by KEDA's name of the parameter
	Missing []string          // what was named and is not there
	// PerWorkload says that it holds for one workload only: where several
	// share it, none is measured, lest one be shown another's number.
	PerWorkload bool
}

// String is the addresses alone.
func (a Access) String() string { return strings.Join(a.Addresses, ",") }

// GoString is String, so that %#v does not print secrets either.
func (a Access) GoString() string { return "redis.Access(" + a.String() + ")" }

// more is what only some servers have.
type more struct {
	nodes                              []string // all addresses
	master                             string
	sentinelUsername, sentinelPassword string
	keyPassword                        string
	tls                                *tls.Config // nil for the system's authorities and no certificate of ours
	from                               map[string]string
	missing                            []string
	perWorkload, asIfTLS               bool
}

var (
	errCA          = errors.New("ca is not a certificate in PEM")
	errCertificate = errors.New("cert and key are not a certificate and its key in PEM")
	errLockedKey   = errors.New("key is encrypted, and there is no keyPassword")
	errKeyPassword = errors.New("key cannot be decrypted with keyPassword, which takes a key in encrypted PKCS #8")
)

// WithoutTLS is a server of which all else is as its access says, and to which no TLS is
// spoken though that is asked for: what plays it does without.
func (s Server) WithoutTLS() Server {
	if s.TLS && s.more != nil {
		m := *s.more
		m.asIfTLS = true
		s.TLS, s.more = false, &m
	}
	return s
}

// Server is the server that an access leads to. The errors say what about the
// certificates is wrong, and nothing of what is in them.
func (a Access) Server() (Server, error) {
	if len(a.Addresses) == 0 {
		return Server{}, errNoAddress
	}
	m := &more{
		nodes: slices.Clone(a.Addresses), master: a.SentinelMaster,
		sentinelUsername: a.SentinelUsername, sentinelPassword: a.SentinelPassword,
		keyPassword: a.KeyPassword, from: a.From, missing: a.Missing, perWorkload: a.PerWorkload,
	}
	s := Server{Address: a.Addresses[0], Username: a.Username, TLS: a.TLS, password: a.Password, more: m}
	if !a.TLS {
		return s, nil
	}
	m.tls = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: a.Unsafe} // as the trigger asks
	if a.CA != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM([]byte(a.CA)) {
			return Server{}, badMaterial(errCA, a.From["ca"])
		}
		m.tls.RootCAs = roots
	}
	if a.Cert == "" || a.Key == "" {
		return s, nil
	}
	key, err := a.plainKey()
	if err != nil {
		return Server{}, badMaterial(err, cmp.Or(a.From["keyPassword"], a.From["key"]))
	}
	pair, err := tls.X509KeyPair([]byte(a.Cert), key)
	if err != nil {
		return Server{}, badMaterial(errCertificate, cmp.Or(a.From["cert"], a.From["key"]))
	}
	m.tls.Certificates = []tls.Certificate{pair}
	return s, nil
}

// plainKey is the key in PEM, decrypted where there is a password. As KEDA, it
// decrypts PKCS #8 and nothing else.
func (a Access) plainKey() ([]byte, error) {
	if a.KeyPassword == "" {
		if strings.Contains(a.Key, "ENCRYPTED") { // in the type of the block, or the headers of older ones
			return nil, errLockedKey
		}
		return []byte(a.Key), nil
	}
	block, _ := pem.Decode([]byte(a.Key))
	if block == nil {
		return nil, errCertificate
	}
	key, err := pkcs8.ParsePKCS8PrivateKey(block.Bytes, []byte(a.KeyPassword))
	if err != nil {
		return nil, errKeyPassword
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errKeyPassword
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// badMaterial is a certificate or key that is not one.
func badMaterial(err error, from string) *kscope.Trouble {
	t := &kscope.Trouble{Message: "the TLS parameter " + err.Error(), Cause: err}
	if from != "" {
		t.Hint = "check " + from
	}
	return t
}

// tlsConfig is how TLS is spoken with a server.
func (s Server) tlsConfig() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.more != nil && s.more.tls != nil {
		c = s.more.tls.Clone()
	}
	c.ServerName, _, _ = net.SplitHostPort(s.Address)
	return c
}

// at is the same access to another address of the deployment.
func (s Server) at(address string) Server {
	s.Address = address
	return s
}

// credentials says where the user and the password came from.
func (s Server) credentials() string {
	if s.more == nil {
		if s.password == "" {
			return ""
		}
		return cmp.Or(s.PasswordFrom, PasswordVariable)
	}
	user, password := s.more.from["username"], s.more.from["password"]
	if user == "" || user == password {
		return password
	}
	if password == "" {
		return "user: " + user
	}
	return "user: " + user + "; password: " + password
}

// advice is what to do about an error, where what is known of the credentials
// makes a better answer than the general one.
func (s Server) advice(err error) string {
	if s.more == nil || !refused(err) {
		return ""
	}
	text := err.Error()
	has := func(part string) bool { return strings.Contains(text, part) }
	switch {
	case has("WRONGPASS"), has("invalid password"):
		return cmp.Or(prefixed("check ", s.credentials()), "the trigger's authentication gives no password")
	case has("without any password configured"):
		return prefixed("take the password out of ", s.credentials())
	case has("NOAUTH") && s.password == "":
		if len(s.more.missing) > 0 {
			return strings.Join(s.more.missing, "; ")
		}
		return "the trigger gives no password: add one to a TriggerAuthentication that it refers to"
	}
	return ""
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
