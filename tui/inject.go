package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
)

// canInject reports whether load keys exist at all.
func (m *Model) canInject() bool { return m.o.Inject != nil && !m.o.ReadOnly }

// loadable reports whether load keys can do anything for what is open.
func (m *Model) loadable() bool { return m.canInject() && m.view.id.Kind != kscope.HPAs }

// bigger changes the size of a batch by steps.
func (v *view) bigger(steps int) {
	v.batch = min(max(v.batch+steps, 0), len(load.BatchSizes)-1)
}

// queueOf is the queue that load goes into, which is the one that is charted.
func queueOf(c *store.Chain) (kscope.Backlog, bool) {
	r, ok := c.Queued()
	if !ok {
		return kscope.Backlog{}, false
	}
	return *r.Trigger.Backlog, true
}

// unloadable says why no load can go into what is open.
func unloadable(c *store.Chain) string {
	if c.ID.Kind == kscope.HPAs {
		return "An HPA without KEDA names no queue that jobs could go into."
	}
	return "No trigger of this " + kindName(c.ID.Kind) + " names a Redis queue that jobs could go into."
}

// inject pushes a batch if the queue is armed, and asks if it is not.
func (m *Model) inject() tea.Cmd {
	v := &m.view
	if !m.canInject() {
		v.notice = "Load keys are off: this is read-only."
		return nil
	}
	c, ok := m.store.Chain(v.id)
	if !ok {
		return nil
	}
	q, ok := queueOf(&c)
	if !ok {
		v.notice = unloadable(&c)
		return nil
	}
	payload, err := m.payloadOf(&c.ScaledObject)
	if err != nil {
		v.notice = "Nothing was pushed: " + kscope.Clean(err.Error())
		return nil
	}
	if m.armed(&c, q) {
		return m.push(q, v.id, payload)
	}
	m.ask(prompt{queue: q, target: v.id, payload: payload})
	return nil
}

// armed reports whether jobs may go into a queue without asking.
func (m *Model) armed(c *store.Chain, q kscope.Backlog) bool {
	return m.o.Armed || c.InjectAllowed() || m.view.armed[q]
}

func (m *Model) push(q kscope.Backlog, target kscope.ID, payload *load.Payload) tea.Cmd {
	inject, jobs, side := m.o.Inject, load.BatchSizes[m.view.batch], m.o.Load.Side
	m.view.notice = fmt.Sprintf("Pushing %s to %s ...", plural(jobs, "job"), q.Name)
	return func() tea.Msg {
		inject(load.Injection{Backlog: q, Target: target.Ref, Jobs: jobs, Payload: payload, Side: side})
		return nil
	}
}

// pushed ends the notice of a push: the timeline says what came of it, and
// only a failure must not be missed.
func (m *Model) pushed(f kscope.Pushed) {
	m.view.notice = ""
	if f.Err != "" {
		m.view.notice = "The push failed: " + f.Err
	}
}

// choose begins a load if the queue is armed, and asks if it is not. One that
// exceeds a limit says so and leaves the list open.
func (m *Model) choose(q kscope.Backlog, target kscope.ID, profile load.Profile) tea.Cmd {
	v := &m.view
	c, ok := m.store.Chain(target)
	if !ok {
		v.load.picker = nil
		return nil
	}
	if _, err := profile.Within(m.o.Load.Limits); err != nil {
		v.notice = "Not started: " + err.Error()
		return nil
	}
	v.load.picker = nil
	payload, err := m.payloadOf(&c.ScaledObject)
	if err != nil {
		v.notice = "Not started: " + kscope.Clean(err.Error())
		return nil
	}
	l := load.Load{Backlog: q, Target: target.Ref, Profile: profile, Limits: m.o.Load.Limits, Payload: payload, Side: m.o.Load.Side}
	if m.armed(&c, q) {
		return m.start(l)
	}
	m.ask(prompt{queue: q, target: target, payload: payload, load: &l})
	return nil
}
