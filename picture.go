package kscope

import "time"

// Picture is a ScaledObject with all that is linked to it, explained. It is a
// copy, of one moment.
type Picture struct {
	Chain
	Decision
	Links [5]Link
	Now   time.Time
}

// Look explains a ScaledObject as it is known now; false if there is none of
// that name.
func Look(s *Store, ref Ref) (Picture, bool) {
	c, ok := s.Chain(ref)
	if !ok {
		return Picture{}, false
	}
	p := Picture{Chain: c, Now: s.Now()}
	p.Decision = explain(&p.Chain, p.Now)
	p.Links = links(&p.Chain, &p.Decision)
	return p, true
}

// zeroAt is [ZeroAt] by the clock of the stream, where the last active poll was
// seen to happen.
func zeroAt(c *Chain) time.Time {
	zero := ZeroAt(c.ScaledObject)
	if zero.IsZero() || c.Polled.IsZero() {
		return zero
	}
	return zero.Add(c.Polled.Sub(c.ScaledObject.LastActiveTime))
}
