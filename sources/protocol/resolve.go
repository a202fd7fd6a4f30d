package protocol

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// How long what was resolved is relied upon while the server fails, at first and at
// most, and how long resolving may take.
const (
	resolveAgain = 5 * time.Second
	resolveMost  = 30 * time.Second
	resolveWait  = 5 * time.Second
)

// resolved is what was found out of a trigger.
type resolved struct {
	parameters triggers.Parameters
	known      bool
	at         time.Time     // when
	err        error         // why not
	due        time.Time     // when to try again, if not known or failed
	wait       time.Duration // between two tries, growing
	failed     bool          // the server, with these
}

// old reports whether what was found out is to be asked for again, though all is well.
func (r *resolved) old(p Protocol) bool {
	renewing, ok := p.(Renewing)
	if !ok {
		return false
	}
	every := renewing.Renew(r.parameters)
	return every > 0 && time.Since(r.at) >= every
}

// parameters is what KEDA would use of a backlog's trigger, and what was found out for
// that; nil where its metadata say all.
func (m *meter) parameters(ctx context.Context, i int) (triggers.Parameters, *resolved, error) {
	work := m.works[i]
	if !work.Resolve || m.options.Resolve == nil {
		p := params.Written(work.Type, work.Metadata)
		p.Polling = work.Polling
		return p, nil, nil
	}
	trigger, of := m.ask.Trigger, kscope.Backlog{}
	if work.Own != "" {
		trigger, of = m.own(i), m.ask.Backlogs[i]
	}
	r := m.resolved[of]
	if r == nil {
		r = &resolved{}
		m.resolved[of] = r
	}
	if (!r.known || r.failed || r.old(m.protocol)) && !time.Now().Before(r.due) {
		p, err := m.resolve(ctx, trigger)
		r.wait = min(max(2*r.wait, resolveAgain), resolveMost)
		r.due = time.Now().Add(r.wait)
		switch {
		case err == nil:
			r.parameters, r.known, r.at = p, true, time.Now()
		case errors.Is(err, triggers.ErrAbsent):
			r.known = false
		}
		r.err = err
	}
	switch {
	case !r.known:
		return triggers.Parameters{}, r, r.err
	case r.parameters.PerWorkload && work.Own == "" && !m.ask.Alone:
		return triggers.Parameters{}, r, errShared
	}
	p := r.parameters
	if work.Own == "" && trigger != m.own(i) {
		p = params.Like(p, work.Metadata)
	}
	p.Polling = work.Polling
	return p, r, nil
}

// own is the trigger that names a backlog, one of them.
func (m *meter) own(i int) kscope.TriggerRef { return m.ask.Triggers[i] }

// errShared is for an authentication that means another server, user or password for
// each workload that shares it.
var errShared = &kscope.Trouble{
	Message: "the authentication takes values from the environment of each workload, and several share it",
	Hint:    "kscope cannot tell their servers apart; name the variables in the triggers (passwordFromEnv)",
}

func (m *meter) resolve(ctx context.Context, trigger kscope.TriggerRef) (triggers.Parameters, error) {
	rctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	p, err := m.options.Resolve(rctx, trigger)
	if err != nil && errors.Is(rctx.Err(), context.DeadlineExceeded) {
		err = &kscope.Trouble{Message: fmt.Sprintf("the API server did not say within %v how to reach the server", resolveWait)}
	}
	return p, err
}
