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
	pods    []kscope.Pod
	log     []explain.Entry // the timeline up to the moment shown
	all     []explain.Entry // the timeline up to the newest
	history store.History   // the same
	now     time.Time
}

func (m *Model) picture() (picture, bool) {
	v := &m.view
	c, ok := explain.Look(m.seen, v.id)
	if !ok {
		m.shown.all = true
		return picture{}, false
	}
	m.shown.chain(m.seen, &c.Chain)
	m.drawn.phase = c.Phase
	p := picture{Picture: c, now: m.seen.Now(), pods: m.seen.Pods(v.id)}
	newest := m.newest()
	p.all, p.history = m.timeline(newest, v.id), m.history(newest, &c.Chain)
	if p.log = p.all; newest != m.seen {
		p.log = explain.Timeline(m.seen, v.id)
	}
	return p, true
}

// history is what the charts of an object are drawn from.
func (m *Model) history(of *store.Store, c *store.Chain) store.History {
	r, _ := c.Queued()
	return of.History(c.ID, r.Trigger.Backlog)
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
