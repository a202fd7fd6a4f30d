package redis

import (
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
)

// says is what the server said of itself when the link was new: a field of the
// answer to HELLO, "" where it did not answer that, or has not been asked. No
// right is needed for it, as with INFO or ROLE.
func (l *link) says(field string) string {
	if l == nil || l.hello == nil {
		return ""
	}
	return helloField(l.hello, field)
}

func helloField(hello *goredis.Cmd, field string) string {
	pairs, err := hello.Slice()
	if err != nil {
		return ""
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, _ := pairs[i].(string); name == field {
			value, _ := pairs[i+1].(string)
			return kscope.Clean(value)
		}
	}
	return ""
}

// introduce tells, for each group, how its server is reached, if that is news.
// It is called after the numbers were told, which matter more.
func (p *poller) introduce(rtt time.Duration, answered bool) {
	l := p.link
	if p.cluster != nil {
		l = p.cluster.first()
	}
	for _, g := range p.groups {
		c := g.card
		c.Server = g.address
		if answered && l != nil {
			c.Address, c.Reached = p.at.Address, l.reached
			c.Version, c.Role = l.version(), l.says("role")
			if c.RTT == 0 || c.Reached != g.card.Reached || c.Address != g.card.Address {
				c.RTT = rtt
			}
		} else if p.at.Address != "" {
			c.Address = p.at.Address
		}
		c.User, c.TLS, c.Credentials = kscope.Clean(p.server.Username), p.server.tlsWords(), kscope.Clean(p.server.credentials())
		c.Failing, c.Retry = g.status.State == kscope.Failing, 0
		if c.Failing {
			c.Retry = max(p.pause, p.options.Interval)
			if c.Err != g.status.Message || !g.card.Failing {
				c.ErrAt = time.Now()
			}
			c.Err, c.Hint = g.status.Message, g.status.Hint
		}
		if c != g.card {
			g.card = c
			p.emit(c)
		}
	}
}

// version is the server's name and version; Redis itself needs no name.
func (l *link) version() string {
	name, version := l.says("server"), l.says("version")
	if name == "redis" || name == "" {
		return version
	}
	return name + " " + version
}

// tlsWords says how a connection is secured, "" if it is not.
func (s Server) tlsWords() string {
	if !s.TLS {
		return ""
	}
	words := "certificate verified"
	if s.more != nil && s.more.tls != nil {
		if s.more.tls.RootCAs != nil {
			words += " by the trigger's ca"
		}
		if s.more.tls.InsecureSkipVerify {
			words = "certificate not verified"
		}
		if len(s.more.tls.Certificates) > 0 {
			words += ", with a client certificate"
		}
	}
	return words
}
