package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/words"
)

// ownActions is what the palette offers on the open screen whatever the mode.
func (m *Model) ownActions() []Action {
	v := &m.view
	if m.o.Purge == nil || !m.canInject() || v.screen != detail {
		return nil
	}
	c, ok := m.store.Chain(v.ref)
	if !ok {
		return nil
	}
	q, ok := queueOf(&c)
	if !ok {
		return nil
	}
	return []Action{{
		Name: "empty the queue", About: "throws the jobs in " + q.Key + " away; asks first",
		here: func() tea.Cmd {
			m.ask(prompt{queue: q, target: v.ref, purge: true})
			return nil
		},
	}}
}

// lost says how many jobs are in a queue, for whoever is about to lose them.
func (m *Model) lost(q kscope.Queue) string {
	if d, ok := m.store.Depth(q); ok && d.Err == "" {
		if q.Measure == kscope.StreamPending || q.Measure == kscope.StreamLag {
			return fmt.Sprintf("all entries of the stream, %s of them counted here", words.Count(float64(d.N)))
		}
		return plural(d.N, "job") + ", and what comes until you answer"
	}
	return "all, and how many is not known"
}

// purge empties a queue. What came of it arrives as an observation.
func (m *Model) purge(q kscope.Queue, target kscope.Ref) tea.Cmd {
	run := m.o.Purge
	m.view.notice = fmt.Sprintf("Emptying %s ...", q.Key)
	return func() tea.Msg {
		run(load.Purge{Queue: q, Target: target})
		return nil
	}
}

// purged says what came of it.
func (m *Model) purged(f kscope.Purged) {
	if f.Err != "" {
		m.view.notice = fmt.Sprintf("%s was not emptied: %s", f.Queue.Key, kscope.Clean(f.Err))
		return
	}
	m.view.notice = fmt.Sprintf("%s is empty: %s lost.", f.Queue.Key, plural(f.Lost, "job"))
}
