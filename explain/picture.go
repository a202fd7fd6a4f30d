package explain

import (
	"time"

	"github.com/kscope/kscope"
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
