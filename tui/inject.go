package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// canInject reports whether load keys exist at all.
func (m *Model) canInject() bool { return m.o.Load.Run != nil && !m.o.ReadOnly }

// loadable reports whether load keys can do anything for what is open.
func (m *Model) loadable() bool {
	return m.canInject() && (m.view.id.Kind != kscope.HPAs || m.drawn.queued)
}

// bigger changes the size of a batch by steps.
func (v *view) bigger(steps int) {
	v.batch = min(max(v.batch+steps, 0), len(load.BatchSizes)-1)
}

// unloadable says why no load can go into what is open.
func unloadable(c *store.Chain) string {
	if c.ID.Kind == kscope.HPAs {
		return "An HPA without KEDA names no queue that jobs could go into."
	}
	return "No trigger of this " + kindName(c.ID.Kind) + " names a queue that jobs could go into."
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
	q, ok := m.queueOf(&c)
	switch {
	case !ok:
		v.notice = unloadable(&c)
		return nil
	case !triggers.TakesJobs(q):
		v.notice = "Nothing can be put into " + q.Shown() + ": " + triggers.BrokerName(q.Broker) + " is only asked for a number. Load what moves that."
		return nil
	}
	payload, err := m.payloadOf(&c.ScaledObject)
	if err != nil {
		v.notice = "Nothing was pushed: " + kscope.Clean(err.Error())
		return nil
	}
	return m.begin(&c, prompt{queue: q, target: v.id, payload: payload})
}

// begin does what a question is about where the queue is armed and nobody else gets what
// goes into it, and asks where either is not so. Who else gets it the broker is asked for
// once, and waited for.
func (m *Model) begin(c *store.Chain, p prompt) tea.Cmd {
	v := &m.view
	who, known := v.others[p.queue]
	known = known || !m.mayShare(p.queue)
	armed := m.armed(c, p.queue)
	switch {
	case armed && known && (len(who.names) == 0 && who.err == "" || v.armed[p.queue]):
		return m.carryOut(p)
	case known || !armed:
		m.ask(p)
	default:
		v.pending, v.notice = &p, "Asking the broker who else gets it ..."
	}
	if known {
		return nil
	}
	ask, q := m.o.Load.Others, p.queue
	return func() tea.Msg {
		names, err := ask(context.Background(), q)
		out := othersKnown{q, others{names: names}}
		if err != nil {
			out.others.err = kscope.Clean(err.Error())
		}
		return out
	}
}

// others is who else gets what is put into a queue, or why that is not known.
type others struct {
	names []string
	err   string
}

// words says who.
func (o others) words() string {
	if o.err != "" {
		return "not known: " + o.err
	}
	return kscope.Clean(strings.Join(o.names, ", "))
}

// othersKnown is the broker's answer.
type othersKnown struct {
	queue  kscope.Backlog
	others others
}

// othersKnown goes on with what waited for it.
func (m *Model) othersKnown(msg othersKnown) tea.Cmd {
	v := &m.view
	if v.others == nil {
		v.others = map[kscope.Backlog]others{}
	}
	v.others[msg.queue] = msg.others
	p := v.pending
	if p == nil || p.queue != msg.queue {
		return nil
	}
	v.pending, v.notice = nil, ""
	if msg.others.err == "" && len(msg.others.names) == 0 {
		return m.carryOut(*p)
	}
	m.ask(*p)
	return nil
}

// mayShare reports whether others than the workers could get what is put into a queue,
// and its broker can say who.
func (m *Model) mayShare(q kscope.Backlog) bool {
	return m.o.Load.Others != nil && q.Broker != triggers.RedisBroker
}

// carryOut does what a question was about.
func (m *Model) carryOut(p prompt) tea.Cmd {
	if p.load != nil {
		return m.start(*p.load)
	}
	return m.push(p.queue, p.target, p.payload)
}

// armed reports whether jobs may go into a queue without asking.
func (m *Model) armed(c *store.Chain, q kscope.Backlog) bool {
	return m.o.Armed || c.InjectAllowed() || m.view.armed[q]
}

// pushOver is a batch that has returned.
type pushOver struct{ err error }

// push begins a batch. It may run beside a load, and ends by itself.
func (m *Model) push(q kscope.Backlog, target kscope.ID, payload *load.Payload) tea.Cmd {
	run, profile := m.o.Load.Run, load.BatchOf(load.BatchSizes[m.view.batch])
	l := load.Load{Backlog: q, Target: target.Ref, Profile: profile, Payload: payload, Side: m.o.Load.Side}
	m.view.notice = beginning(l)
	return func() tea.Msg { return pushOver{run(context.Background(), l)} }
}

// beginning is what is said of a load until something is known of it.
func beginning(l load.Load) string {
	if l.Profile.Kind == load.Batch {
		return fmt.Sprintf("Pushing %s to %s ...", plural(l.Profile.Jobs, "job"), l.Backlog.Shown())
	}
	return fmt.Sprintf("Beginning %s into %s ...", l.Profile.Words(), l.Backlog.Shown())
}

// pushOver takes note that a batch has returned. Its last observation says the
// same; one that could not even begin leaves none.
func (m *Model) pushOver(msg pushOver) {
	if msg.err != nil {
		m.view.notice = pushFailed(msg.err.Error())
	}
}

func pushFailed(why string) string { return "The push failed: " + kscope.Clean(why) }

// pushEnd is how a batch ended: the timeline says what came of it, and only a
// failure must not be missed.
func pushEnd(f kscope.Loading) string {
	switch f.State {
	case kscope.LoadFailed:
		return pushFailed(f.Err)
	case kscope.LoadStopped:
		return "The push was " + kscope.Clean(f.Err) + "."
	}
	return ""
}

// loadEnd is how a load ended, in a sentence.
func loadEnd(f kscope.Loading) string {
	did := fmt.Sprintf("%s in %s", plural(f.Accepted, "job"), words.Age(f.Elapsed))
	lost := ""
	if f.Missed > 0 {
		lost = fmt.Sprintf(" The server did not keep up: %s given up.", words.Count(f.Missed))
	}
	if f.Unknown > 0 {
		lost += fmt.Sprintf(" %s sent without a word back.", words.Count(f.Unknown))
	}
	switch f.State {
	case kscope.LoadFailed:
		return fmt.Sprintf("The load failed after %s: %s.%s", did, kscope.Clean(f.Err), lost)
	case kscope.LoadStopped:
		return fmt.Sprintf("The load was stopped after %s.%s", did, lost)
	}
	return fmt.Sprintf("The load is done: %s.%s", did, lost)
}

// payloadOf is what a job for a ScaledObject looks like; nil for the default.
func (m *Model) payloadOf(so *kscope.ScaledObject) (*load.Payload, error) {
	if m.o.Load.Payload != nil || so.InjectPayload == "" {
		return m.o.Load.Payload, nil
	}
	p, err := load.ParsePayload(so.InjectPayload)
	if err != nil {
		return nil, fmt.Errorf("the annotation kscope.dev/inject-payload: %w", err)
	}
	return p, nil
}

// exampleOf is what such a job looks like, for the eye.
func exampleOf(p *load.Payload) string {
	if p == nil {
		p = load.StandardPayload()
	}
	return kscope.Clean(p.Example())
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
	return m.begin(&c, prompt{queue: q, target: target, payload: payload, load: &l})
}
