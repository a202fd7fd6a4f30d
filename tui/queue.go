package tui

import (
	"fmt"
	"slices"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
)

// Of several queues one is charted and takes load: the main one, until a key
// chooses another.

// queuesOf is the queues that the triggers of an object name, each once.
func queuesOf(c *store.Chain) (out []kscope.Backlog) {
	for _, t := range c.Triggers() {
		if t.Backlog != nil && !slices.Contains(out, *t.Backlog) {
			out = append(out, *t.Backlog)
		}
	}
	return out
}

// queued is the trigger whose queue is charted and takes load; false if there is
// none.
func (m *Model) queued(c *store.Chain) (store.Reading, bool) {
	if v := &m.view; v.screen == detail && v.queue != (kscope.Backlog{}) {
		for _, r := range c.Readings {
			if r.Trigger.Backlog != nil && *r.Trigger.Backlog == v.queue {
				return r, true
			}
		}
	}
	return c.Queued()
}

// queueOf is that queue.
func (m *Model) queueOf(c *store.Chain) (kscope.Backlog, bool) {
	r, ok := m.queued(c)
	if !ok {
		return kscope.Backlog{}, false
	}
	return *r.Trigger.Backlog, true
}

// nextQueue charts the next queue, or the one before. Back at the main one the
// chart follows that again, whichever it is.
func (m *Model) nextQueue(by int) {
	v := &m.view
	c, ok := m.seen.Chain(v.id)
	if !ok {
		return
	}
	qs := queuesOf(&c)
	at, ok := m.queueOf(&c)
	if !ok || len(qs) < 2 {
		v.notice = "There is no other queue here."
		return
	}
	v.queue = qs[(slices.Index(qs, at)+by+len(qs))%len(qs)]
	if main, _ := c.Queued(); *main.Trigger.Backlog == v.queue {
		v.queue = kscope.Backlog{}
	}
}

// whichQueue says which of several queues is charted, "" of one.
func (m *Model) whichQueue(c *store.Chain, r store.Reading) string {
	qs := queuesOf(c)
	if len(qs) < 2 || r.Trigger.Backlog == nil {
		return ""
	}
	if (m.view.queue == (kscope.Backlog{}) || m.view.screen != detail) && r.Asks() > 0 {
		return fmt.Sprintf(", heaviest of %d", len(qs))
	}
	return fmt.Sprintf(", %d of %d", slices.Index(qs, *r.Trigger.Backlog)+1, len(qs))
}

// intoWhich is where load goes, where there are several queues: " to orders".
func (m *Model) intoWhich() string {
	c, ok := m.seen.Chain(m.view.id)
	if !ok || len(queuesOf(&c)) < 2 {
		return ""
	}
	q, _ := m.queueOf(&c)
	return " to " + screen.Middle(q.Shown(), min(16, m.view.w/8), m.styles.ASCII)
}
