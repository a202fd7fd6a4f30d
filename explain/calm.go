package explain

import (
	"slices"
	"time"

	"github.com/kscope/kscope/store"
)

// Phases are to be read from the back row, and what they rest on moves many times a
// second: a queue that is worked off as fast as it is filled calls for one pod more
// or fewer with every measurement. So a phase of a workload that runs stands for a
// while, whatever it is that comes; what breaks, wakes or sleeps is said at once.
//
// Nothing is remembered for that. The series of what was observed say which phase
// followed from the numbers at any moment. After a rest another is shown at once, and
// stands until a grid of times that is the same for all who ask; from then on until
// the next rest the phase is that of the last time on the grid:
//
//	numbers  AAAAAAAAAAAAAAAAAABBABAABABBAABABBBBBBBBBBBBBBBBBBBBBB
//	grid     |    |    |    |    |    |    |    |    |    |    |    |
//	shown    AAAAAAAAAAAAAAAAAABBBBBBBBAAAAABBBBBBBBBBBBBBBBBBBBBBB
const (
	// holds is how long a phase stands at least.
	holds = 5 * time.Second
	// rest is how long the numbers must have called for one phase to let another be
	// shown at once: the grid has caught up, and what is shown has stood.
	rest = 2 * holds
	// replayed is how far back a rest is looked for. Where there was none, there is
	// no need to know when the last was.
	replayed = time.Minute
)

// calm is the phase that a decision shows, by the one that its rule gives.
func (f *facts) calm(c *store.Chain, is Phase) Phase {
	if f.desired == 0 || !restless(is) || !f.wantKnown || f.partly {
		return is
	}
	shown := f.shownAt(c, f.now)
	if before := zeroAt(c).Add(-holds); shown == CoolingDown && f.now.After(before) {
		shown = f.shownAt(c, before) // it would be over before it can be read
	}
	if shown == "" {
		return is
	}
	return shown
}

// restless are the phases that follow from numbers.
func restless(p Phase) bool {
	return p == ScalingUp || p == Steady || p == AtMax || p == Draining || p == CoolingDown
}

// shownAt is the phase that is shown at a time, "" where the numbers give none.
func (f *facts) shownAt(c *store.Chain, now time.Time) Phase {
	times := changes(c, now.Add(-replayed), now)
	var turns []turn
	for _, at := range times {
		if p := f.stance(c, at); len(turns) == 0 || turns[len(turns)-1].Phase != p {
			turns = append(turns, turn{p, at})
		}
	}
	last := turns[len(turns)-1]
	if len(turns) == 1 || now.Sub(last.at) >= rest {
		return last.Phase
	}
	for i := len(turns) - 1; i > 0; i-- { // the first is only where it is looked from
		t, before := turns[i], turns[i-1]
		if before.Phase != "" && t.at.Sub(before.at) < rest {
			continue
		}
		if now.Before(onGrid(t.at.Add(holds + holds - 1))) {
			return t.Phase
		}
		break
	}
	return f.stance(c, onGrid(now))
}

// turn is a phase that the numbers began to call for.
type turn struct {
	Phase
	at time.Time
}

// onGrid is the last time on the grid up to a time.
func onGrid(t time.Time) time.Time { return t.Truncate(holds) }

// moving are the series that a phase rests on.
func moving(c *store.Chain) []*store.Series {
	out := []*store.Series{&c.Past.Desired, &c.Past.Ready, &c.Past.Active}
	for i := range c.Readings {
		out = append(out, &c.Readings[i].Past)
	}
	return out
}

// changes are when one of them changed in a span of time, and its beginning.
func changes(c *store.Chain, from, to time.Time) []time.Time {
	out := []time.Time{from}
	for _, s := range moving(c) {
		for at := range s.Since(from) {
			if at.After(to) {
				break
			}
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// stance is the phase that followed from the numbers of a moment, "" where it was
// one of those that are said at once.
func (f *facts) stance(c *store.Chain, at time.Time) Phase {
	desired, ready := valueAt(&c.Past.Desired, at), valueAt(&c.Past.Ready, at)
	g := facts{now: at, low: f.low, high: f.high, tolerances: f.tolerances, quiet: len(c.Readings) > 0}
	g.desired, g.ready = int32(desired), int32(ready)
	for i := range c.Readings {
		r := c.Readings[i]
		if r.From == store.FromBroker {
			r.Value = valueAt(&r.Past, at)
			r.Known = r.Value == r.Value // not NaN
		}
		g.weigh(&c.ScaledObject, &r, g.desired)
	}
	g.want = min(max(g.want, g.low), g.high)
	switch {
	case desired != desired || ready != ready || !g.wantKnown || g.partly,
		g.desired == 0, g.ready == 0 && g.desired <= g.low && !complete(c, at):
		return ""
	case valueAt(&c.Past.Active, at) == 0 && g.quiet && cools(c):
		return CoolingDown
	case g.ready < g.desired && !complete(c, at), g.want > g.desired:
		return ScalingUp
	case g.want < g.desired:
		return Draining
	case g.raw > g.high:
		return AtMax
	}
	return Steady
}

// complete reports whether as many pods as were wanted at a time had been ready since
// they were wanted: what is not ready after that is replaced or starts again, and
// nothing grows.
func complete(c *store.Chain, at time.Time) bool {
	since := c.Past.Desired.HeldSince(at)
	if since.IsZero() {
		return false
	}
	most, _ := c.Past.Ready.Max(since, at.Add(1))
	return most >= valueAt(&c.Past.Desired, at)
}

// valueAt is the value at a time, or the newest before if that is not known yet.
func valueAt(s *store.Series, at time.Time) float64 { return s.At(s.Newest(at)) }

// cools reports whether KEDA takes the workload to its floor when no trigger is
// active.
func cools(c *store.Chain) bool {
	so := &c.ScaledObject
	return (so.MinReplicaCount == 0 || so.IdleReplicaCount != nil) && !so.ForceActivation
}
