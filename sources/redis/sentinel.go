package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
)

var errReplica = &plainError{"the master has become a replica", "wait: the sentinels are choosing another, or have just done so"}

// noMasterError is for sentinels that answer, but do not know the master.
type noMasterError string

func (e noMasterError) Error() string {
	return fmt.Sprintf("the sentinels know no master named %q", kscope.Clean(string(e)))
}

func (e noMasterError) Hint() string { return "check sentinelMaster in the trigger" }

// sentinelError is a failure to get an answer out of a sentinel.
type sentinelError struct {
	at  Server
	err error
}

func (e *sentinelError) Error() string {
	message, _ := explain(e.err, e.at, false)
	return "no sentinel answers: " + message
}
func (e *sentinelError) Unwrap() error { return e.err }
func (e *sentinelError) Hint() string {
	_, hint := explain(e.err, e.at, false)
	return hint
}

// master is the server to measure at: the known one, or the one that the
// sentinels name.
func (p *poller) master(ctx context.Context) (Server, error) {
	if p.access == nil || p.topology != kscope.Sentinel {
		return p.server, nil
	}
	return p.askSentinels(ctx, p.options)
}

// askSentinels asks the sentinels for the master's address, over a connection
// that is kept.
func (p *poller) askSentinels(ctx context.Context, o Options) (Server, error) {
	a, m := p.access, p.server.more
	a.asked = time.Now()
	if a.sentinel != nil {
		if at, err := askMaster(ctx, a.sentinel, m.master); err == nil {
			return p.server.at(at), nil
		}
		a.sentinel.close()
		a.sentinel = nil
	}
	var nodes []Server
	for _, node := range m.nodes {
		sentinel := p.server.at(node)
		sentinel.Username, sentinel.password = m.sentinelUsername, m.sentinelPassword
		nodes = append(nodes, sentinel)
	}
	unknown := func(err error) bool { return errors.As(err, new(noMasterError)) }
	r := firstOf(ctx, nodes, o, unknown, func(ctx context.Context, l *link) (string, error) {
		return askMaster(ctx, l, m.master)
	})
	switch {
	case ctx.Err() != nil:
		r.link.close()
		return Server{}, ctx.Err()
	case r.err == nil:
		a.sentinel = r.link
		return p.server.at(r.value), nil
	case unknown(r.err):
		return Server{}, r.err
	}
	return Server{}, &sentinelError{r.at, r.err}
}

func askMaster(ctx context.Context, l *link, name string) (string, error) {
	ask := goredis.NewStringSliceCmd(ctx, "sentinel", "get-master-addr-by-name", name)
	if err := l.exec(ctx, ask); err != nil {
		return "", err
	}
	at, err := ask.Result()
	switch {
	case errors.Is(err, goredis.Nil) || err == nil && len(at) < 2:
		return "", noMasterError(name)
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
func (p *poller) keepUp(ctx context.Context) error {
	if p.topology != kscope.Sentinel || p.link == nil || time.Since(p.access.asked) < askAgain {
		return nil
	}
	o := p.options
	o.DialTimeout = hurry
	at, err := p.askSentinels(ctx, o)
	switch {
	case err != nil: // which does not make the master's numbers wrong
		p.access.asked = time.Now().Add(resolveMost - askAgain)
	case at.Address != p.at.Address:
		p.link.close()
		p.link = nil
	}
	return ctx.Err()
}

// check refuses the answers of a server that is not what it was taken for.
func (p *poller) check(l *link) error {
	if p.topology == kscope.Sentinel && l.says("role") == "replica" {
		return errReplica
	}
	return nil
}
