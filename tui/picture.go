package tui

import (
	"math"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// picture is what the detail is drawn from: the chain of what is open
// at the moment shown, and what goes with it. It is taken once a frame. Where an
// earlier moment is under inspection, the chart still reaches to the newest.
type picture struct {
	explain.Picture
	pods []kscope.Pod
	log  []explain.Entry // the timeline up to the moment shown
	all  []explain.Entry // the timeline up to the newest
	now  time.Time

	queued  store.Reading // the trigger that is charted
	which   string        // which of several queues that is
	history store.History // of it, up to the newest
	main    *store.Series // the queue of the main trigger; nil for none
}

// picture is of what is open.
func (m *Model) picture() (picture, bool) { return m.pictureOf(m.view.id) }

func (m *Model) pictureOf(id kscope.ID) (picture, bool) {
	c, ok := explain.Look(m.seen, id)
	if !ok {
		m.shown.all = true
		return picture{}, false
	}
	m.shown.chain(m.seen, &c.Chain)
	m.drawn.phase = c.Phase
	m.drawn.since = c.Watched
	p := picture{Picture: c, now: m.seen.Now(), pods: m.seen.Pods(id)}
	newest := m.newest()
	if p.queued, ok = m.queued(&c.Chain); !ok {
		p.queued = c.Reading()
	}
	p.which = m.whichQueue(&c.Chain, p.queued)
	p.all, p.history = m.timeline(newest, id), newest.History(id, p.queued.Trigger.Backlog)
	p.main = p.history.Queue
	if main := c.Reading().Trigger.Backlog; main == nil || *main != *p.queued.Trigger.Backlog {
		p.main = newest.History(id, main).Queue
	}
	if p.log = p.all; newest != m.seen {
		p.log = explain.Timeline(m.seen, id)
	}
	return p, true
}

// ready and desired are the numbers of pods at the moment shown, NaN where
// unknown.
func (p picture) ready() float64 {
	if p.Ready == nil || p.WorkloadStatus.State != kscope.Synced {
		return math.NaN()
	}
	return float64(*p.Ready)
}

func (p picture) desired() float64 {
	if p.Workload == nil || p.WorkloadStatus.State != kscope.Synced {
		return math.NaN()
	}
	return float64(p.Workload.Desired)
}
