package tui

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// picture is what the detail is drawn from: the chain of the open
// ScaledObject, and what goes with it. It is taken once a frame.
type picture struct {
	explain.Picture
	pods    []kscope.Pod
	log     []explain.Entry // the timeline up to the moment shown
	all     []explain.Entry // the timeline up to the newest
	history store.History
	now     time.Time
	past    bool // an earlier moment is under inspection
}

func (m *Model) picture() (picture, bool) {
	v := &m.view
	c, ok := explain.Look(m.store, v.ref)
	if !ok {
		m.shown.all = true
		return picture{}, false
	}
	m.shown.chain(&c.Chain)
	m.drawn.phase = c.Decision.Phase
	p := picture{
		Picture: c, now: v.now(m.store), past: v.past(),
		history: m.history(&c.Chain), pods: m.store.Pods(v.ref), all: m.timeline(v.ref),
	}
	p.log = p.all
	for n := len(p.log); p.past && n > 0 && p.log[n-1].At.After(p.now); n-- {
		p.log = p.log[:n-1]
	}
	if p.past {
		p.Links = p.linksThen()
	}
	return p, true
}

// history is what the charts of a ScaledObject are drawn from.
func (m *Model) history(c *store.Chain) store.History {
	r, _ := c.Queued()
	return m.store.History(c.ScaledObject.Ref, r.Trigger.Backlog)
}

// depth, ready and desired are the three numbers at the moment shown, NaN
// where unknown.
func (p picture) depth() float64 {
	if p.past {
		if p.Reading().Trigger.Backlog == nil {
			return math.NaN() // the history is another trigger's
		}
		return at(p.history.Queue, p.now)
	}
	if r := p.Reading(); r.Known {
		return r.Value
	}
	return math.NaN()
}

func (p picture) ready() float64 {
	if p.past {
		return at(p.history.Ready, p.now)
	}
	if p.Ready == nil || p.WorkloadStatus.State != kscope.Synced {
		return math.NaN()
	}
	return float64(*p.Ready)
}

func (p picture) desired() float64 {
	if p.past {
		return at(p.history.Desired, p.now)
	}
	if p.Workload == nil || p.WorkloadStatus.State != kscope.Synced {
		return math.NaN()
	}
	return float64(p.Workload.Desired)
}

func at(s *store.Series, t time.Time) float64 {
	if s == nil {
		return math.NaN()
	}
	return s.At(t)
}

// linksThen is the chain at an earlier moment, from what was recorded: the
// three numbers, and what the timeline tells of KEDA and the HPA.
func (p picture) linksThen() explain.Chain {
	ls := slices.Clone(p.Links)
	for i := range ls {
		ls[i] = explain.Link{Role: ls[i].Role, Name: ls[i].Name, Value: explain.Unknown, Word: "not recorded"}
	}
	depth, ready, desired := p.depth(), p.ready(), p.desired()
	if !math.IsNaN(depth) {
		ls[explain.LinkQueue] = explain.Link{Name: ls[0].Name, Number: &depth, State: explain.LinkOK, Word: "had work"}
		if depth == 0 {
			ls[explain.LinkQueue].State, ls[explain.LinkQueue].Word = explain.LinkIdle, "was empty"
		}
	}
	for _, e := range p.log {
		keda, hpa := &ls[explain.LinkKEDA], &ls[explain.LinkHPA]
		switch {
		case e.Kind == store.Active, e.Kind == store.Scaled && e.Actor == store.KEDA && e.Up():
			keda.Value, keda.State, keda.Word = "active", explain.LinkOK, "was active"
		case e.Kind == store.Inactive, e.Kind == store.Scaled && e.Actor == store.KEDA:
			keda.Value, keda.State, keda.Word = "inactive", explain.LinkIdle, "was inactive"
		case e.Kind == store.Scaled && e.Actor == store.TheHPA:
			to := float64(e.To)
			hpa.Number, hpa.Unit, hpa.State, hpa.Word = &to, "wanted", explain.LinkOK, "had asked"
		}
		if e.Kind == store.Scaled && e.To == 0 {
			hpa.Number, hpa.Value, hpa.State, hpa.Word = nil, "resting", explain.LinkIdle, "was resting"
		}
	}
	if !math.IsNaN(desired) {
		w := &ls[explain.LinkWorkload]
		w.Number, w.State, w.Word = &desired, explain.LinkOK, "were wanted"
		if desired == 0 {
			w.State = explain.LinkIdle
		}
	}
	if !math.IsNaN(ready) {
		l := &ls[explain.LinkPods]
		l.Number, l.Unit, l.State, l.Word = &ready, "ready", explain.LinkOK, "all ready"
		switch {
		case ready < desired:
			l.State, l.Word = explain.LinkWorking, "starting"
		case ready == 0:
			l.State, l.Word = explain.LinkIdle, "none"
		}
	}
	return ls
}
