package explain

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// Picture is one of [store.Store.Objects] with all that is linked to it,
// explained. It is a copy, of one moment.
type Picture struct {
	store.Chain
	Decision
	Links Chain
	Now   time.Time
}

// Look explains an object as it is known now; false if there is none of that
// name.
func Look(s *store.Store, id kscope.ID) (Picture, bool) { return look(s, id, false) }

// Glance is Look for a row of a table, at a fraction of the cost: what is said of the
// future is as vague as the settings alone make it.
func Glance(s *store.Store, id kscope.ID) (Picture, bool) { return look(s, id, true) }

func look(s *store.Store, id kscope.ID, brief bool) (Picture, bool) {
	c, ok := s.Chain(id)
	if !ok {
		return Picture{}, false
	}
	p := Picture{Chain: c, Now: s.Now()}
	p.Decision = decide(&p.Chain, p.Now, brief)
	p.Links = links(&p.Chain, &p.Decision, p.Now)
	return p, true
}

// zeroAt is [scaling.Loop.ZeroAt] by the clock of the stream, where the last
// active poll was seen to happen.
func zeroAt(c *store.Chain) time.Time {
	so := &c.ScaledObject
	zero := scaling.LoopOf(*so).ZeroAt(so.LastActiveTime, so.Created)
	if zero.IsZero() || c.Polled.IsZero() {
		return zero
	}
	return zero.Add(c.Polled.Sub(so.LastActiveTime))
}

// UntilZero is how long KEDA will still wait before its step to the floor, in whole
// seconds, at least one; false where it does not wait, or that cannot be told. It
// is what every countdown shows.
func (d Decision) UntilZero(now time.Time) (time.Duration, bool) {
	if d.Zero.IsZero() || !now.Before(d.Zero) {
		return 0, false
	}
	return max(d.Zero.Sub(now).Round(time.Second), time.Second), true
}

// Future is how things go on for so long from the moment of the picture, with a point
// each step; both are over 0. It is false where that cannot be told: where something
// is broken, things do not go on as they would.
func (p *Picture) Future(length, step time.Duration) (outlook.Future, bool) {
	if p.ScaledJob != nil || p.ID.Kind == kscope.HPAs || p.Phase == Broken {
		return outlook.Future{}, false
	}
	f := gather(&p.Chain, p.Now)
	m, ok := f.model(&p.Chain)
	if !ok {
		return outlook.Future{}, false
	}
	return m.Future(length, step), true
}

// Ledger is the episodes of an object up to now, oldest first, with its timeline,
// which says who changed the replicas.
func Ledger(s *store.Store, c *store.Chain, timeline []Entry) []ledger.Episode {
	x := ledger.Seen{Now: s.Now(), Chain: c, Pods: s.PodsOver(c.ID), Own: map[kscope.Backlog]*store.Series{}}
	for i := range timeline {
		x.Log = append(x.Log, timeline[i].Entry)
	}
	for _, t := range c.Triggers() {
		if t.Backlog != nil {
			x.Own[*t.Backlog] = s.History(c.ID, t.Backlog).Own
		}
	}
	return ledger.Of(x)
}
