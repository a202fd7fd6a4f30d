package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

var errReplica = &kscope.Trouble{Message: "the master has become a replica", Hint: "wait: the sentinels are choosing another, or have just done so"}

// errNoMaster is the cause where sentinels answer, but do not know the master.
var errNoMaster = errors.New("no such master")

func noMaster(name string) *kscope.Trouble {
	return &kscope.Trouble{
		Message: fmt.Sprintf("the sentinels know no master named %q", kscope.Clean(name)),
		Hint:    "check sentinelMaster in the trigger", Cause: errNoMaster,
	}
}

// sentinelTrouble is a failure to get an answer out of a sentinel.
func sentinelTrouble(at Server, err error) *kscope.Trouble {
	t := nodeTrouble(at, err)
	t.Message = "no sentinel answers: " + t.Message
	return t
}

// master is the server to measure at: the known one, or the one that the
// sentinels name.
func (m *meter) master(ctx context.Context) (Server, error) {
	if m.access == nil || m.topology != triggers.Sentinel {
		return m.server, nil
	}
	return m.askSentinels(ctx, m.options)
}

// askSentinels asks the sentinels for the master's address, over a connection
// that is kept.
func (m *meter) askSentinels(ctx context.Context, o Options) (Server, error) {
	a, more := m.access, m.server.more
	a.asked = time.Now()
	if a.sentinel != nil {
		if at, err := askMaster(ctx, a.sentinel, more.master); err == nil {
			return m.server.at(at), nil
		}
		a.sentinel.close()
		a.sentinel = nil
	}
	var nodes []Server
	for _, node := range more.nodes {
		sentinel := m.server.at(node)
		sentinel.Username, sentinel.password = more.sentinelUsername, more.sentinelPassword
		nodes = append(nodes, sentinel)
	}
	unknown := func(err error) bool { return errors.Is(err, errNoMaster) }
	r := firstOf(ctx, nodes, o, unknown, func(ctx context.Context, l *link) (string, error) {
		return askMaster(ctx, l, more.master)
	})
	switch {
	case ctx.Err() != nil:
		r.link.close()
		return Server{}, ctx.Err()
	case r.err == nil:
		a.sentinel = r.link
		return m.server.at(r.value), nil
	case unknown(r.err):
		return Server{}, r.err
	}
	return Server{}, sentinelTrouble(r.at, r.err)
}

func askMaster(ctx context.Context, l *link, name string) (string, error) {
	ask := goredis.NewStringSliceCmd(ctx, "sentinel", "get-master-addr-by-name", name)
	if err := l.exec(ctx, ask); err != nil {
		return "", err
	}
	at, err := ask.Result()
	switch {
	case errors.Is(err, goredis.Nil) || err == nil && len(at) < 2:
		return "", noMaster(name)
	case err != nil:
		return "", err
	}
	return net.JoinHostPort(at[0], at[1]), nil
}

// hurry is how long connecting to sentinels may take while the master answers:
// its numbers wait for that.
const hurry = time.Second

// keepUp asks the sentinels now and then whether the master is still the one
// that is measured: one that was cut off from them would go on answering.
func (m *meter) keepUp(ctx context.Context) error {
	if m.topology != triggers.Sentinel || m.line.link == nil || time.Since(m.access.asked) < askAgain {
		return nil
	}
	o := m.options
	o.DialTimeout = hurry
	at, err := m.askSentinels(ctx, o)
	switch {
	case err != nil: // which does not make the master's numbers wrong
		m.access.asked = time.Now().Add(resolveMost - askAgain)
	case at.Address != m.at.Address:
		m.line.close()
	}
	return ctx.Err()
}

// check refuses the answers of a server that is not what it was taken for.
func (m *meter) check(l *link) error {
	if m.topology == triggers.Sentinel && l.says("role") == "replica" {
		return errReplica
	}
	return nil
}
