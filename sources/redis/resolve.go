package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kscope/kscope"
)

// How long what was resolved is relied upon while the server fails, at first
// and at most (which is KEDA's usual polling interval), and how often the
// sentinels are asked who is master.
const (
	resolveAgain = 5 * time.Second
	resolveMost  = 30 * time.Second
	askAgain     = 3 * time.Second
)

// resolveWait is how long resolving may take.
const resolveWait = 5 * time.Second

// access is how a meter comes to know its server.
type access struct {
	known    bool
	err      error         // why it is not known
	due      time.Time     // when to try again, if not known or failed
	wait     time.Duration // between two tries, growing
	failed   bool          // the server, with what was resolved
	sentinel *link
	asked    time.Time // the sentinels
}

// errShared is for an authentication that means another server, user or
// password for each workload that shares it.
var errShared = &kscope.Trouble{
	Message: "the authentication takes values from the environment of each workload, and several share it",
	Hint:    "kscope cannot tell their servers apart; name the variables in the triggers (passwordFromEnv), or the server with --redis",
}

// find makes the server known, if it is not or should be looked up anew.
func (m *meter) find(ctx context.Context) error {
	a := m.access
	if a == nil {
		return nil
	}
	if (!a.known || a.failed) && !time.Now().Before(a.due) {
		server, err := m.resolve(ctx, m.ask.Trigger)
		a.wait = min(max(2*a.wait, resolveAgain), resolveMost)
		a.due = time.Now().Add(a.wait)
		if err == nil {
			m.server, a.known = server, true
		}
		a.err = err
	}
	if !a.known {
		return a.err
	}
	// Where only looking again failed, what was true before is the best guess:
	// the API server may be what is away.
	if m.server.more != nil && m.server.more.perWorkload && !m.ask.Alone {
		return errShared
	}
	return m.keepUp(ctx)
}

func (m *meter) resolve(ctx context.Context, trigger kscope.TriggerRef) (Server, error) {
	rctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	server, err := m.options.Resolve(rctx, trigger)
	if err != nil && errors.Is(rctx.Err(), context.DeadlineExceeded) {
		err = &kscope.Trouble{Message: fmt.Sprintf("the API server did not say within %v how to reach Redis", resolveWait)}
	}
	return server, err
}
