package redis

import (
	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// says is what the server said of itself when the link was new: a field of the
// answer to HELLO, "" where it did not answer that, or has not been asked. No
// right is needed for it, as with INFO or ROLE.
func (l *link) says(field string) string {
	if l == nil || l.hello == nil {
		return ""
	}
	return l.server.shown(helloField(l.hello, field))
}

func helloField(hello *goredis.Cmd, field string) string {
	pairs, err := hello.Slice()
	if err != nil {
		return ""
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, _ := pairs[i].(string); name == field {
			value, _ := pairs[i+1].(string)
			return value
		}
	}
	return ""
}

// introduce notes how the server is reached, from the connection that it
// answered on.
func (m *meter) introduce() {
	l := m.line.link
	if m.cluster != nil {
		l = m.cluster.first()
	}
	if l != nil && l != m.knows {
		m.knows = l
		m.card.Reached, m.card.Version, m.card.Role = l.reached, l.version(), l.says("role")
	}
}

// Describe says how the server is, or was last, reached.
func (m *meter) Describe() kscope.Connection {
	c := m.card
	c.Address = m.at.shown(m.at.Address) // sentinels may have named it
	c.User, c.TLS, c.Credentials = kscope.Clean(m.server.Username), m.server.tlsWords(), kscope.Clean(m.server.credentials())
	return c
}

// version is the server's name and version; "" if it does not say the latter.
func (l *link) version() string {
	name, version := l.says("server"), l.says("version")
	if version == "" {
		return ""
	}
	if name == "redis" || name == "" {
		name = "Redis"
	}
	return name + " " + version
}

// tlsWords says how a connection is secured, "" if it is not.
func (s Server) tlsWords() string {
	if s.more != nil && s.more.asIfTLS {
		return "asked for by the trigger, and left out here"
	}
	if !s.TLS {
		return ""
	}
	return protocol.TLSWords(s.tlsConfig())
}
