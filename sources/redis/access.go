package redis

import (
	"cmp"
	"crypto/tls"
	"net"
	"slices"
	"strings"

	"github.com/kscope/kscope/sources/protocol"
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
	material := protocol.Material{CA: a.CA, Cert: a.Cert, Key: a.Key, KeyPassword: a.KeyPassword, Unsafe: a.Unsafe, From: a.From}
	config, err := material.Config()
	if err != nil {
		return Server{}, err
	}
	m.tls = config
	return s, nil
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
