package explain

import (
	"math"
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
// followed from the numbers at any moment. After a rest, and where far more or far less
// is called for than lately, another is shown at once, or when the one before has stood,
// and stands; then that of the moment, until a grid of times that is the same for all who
// ask. From then on until the next rest the phase is that of the last time on the grid:
//
//	numbers  AAAAAAAAAAAAAAAAAABBABAABABBAABABBBABBBBBBBBBBBBBBBBBBB
//	looked                     |    |      |    |    |    |    |
//	shown    AAAAAAAAAAAAAAAAAABBBBBAAAAAAABBBBBAAAAABBBBBBBBBBBBBBB
const (
	// holds is how long a phase stands at least.
	holds = 6 * time.Second
	// rest is how long the numbers must have called for one phase to let another be
	// shown at once: within two thirds of it the phase is shown, and then it has stood.
	rest = 3 * holds
	// replayed is how far back a rest is looked for. Where there was none, there is
	// no need to know when the last was.
	replayed = time.Minute
)

// calm is the phase that a decision shows, by the one that its rule gives.
func (f *facts) calm(c *store.Chain, is Phase) Phase {
	switch {
	case is == Steady && f.desired > 0 && !f.wantKnown && f.grew(c):
		return ScalingUp // pods that start so fast that it could not be read otherwise
	case f.desired == 0 || !restless(is) || !f.wantKnown || f.partly && (is == Draining || is == AtMax):
		return is
	}
	shown, since := f.shownAt(c, f.now)
	late := min(c.ScaledObject.PollingInterval, replayed/2) + holds
	for zero := zeroAt(c); (shown == CoolingDown || shown == ScalingUp && f.quiet) && since.After(zero.Add(-holds)) && f.now.Before(zero.Add(late)); {
		shown, since = f.shownAt(c, since.Add(-1)) // it would be over before it can be read
	}
	if shown == "" {
		return is
	}
	return shown
}

// grew reports whether more pods were set a moment ago, of some.
func (f *facts) grew(c *store.Chain) bool {
	since := c.Past.Desired.HeldSince(f.now)
	before := c.Past.Desired.At(since.Add(-1))
	return f.now.Sub(since) < holds && before > 0 && before < float64(f.desired)
}

// restless are the phases that follow from numbers.
func restless(p Phase) bool {
	return p == ScalingUp || p == Steady || p == AtMax || p == Draining || p == CoolingDown
}

// shownAt is the phase that is shown at a time, "" where the numbers give none, and a
// time since when it is.
func (f *facts) shownAt(c *store.Chain, now time.Time) (p Phase, since time.Time) {
	var turns []turn
	var called []call
	for _, at := range f.changes(c, now.Add(-replayed), now) {
		p, want := f.stance(c, at)
		if len(turns) == 0 || turns[len(turns)-1].Phase != p {
			turns = append(turns, turn{p, at, p != "" && leaps(called, want, at)})
		}
		if p != "" {
			called = append(called, call{at, want})
		}
	}
	last := turns[len(turns)-1]
	if now.Sub(last.at) >= rest {
		return last.Phase, last.at.Add(rest - holds)
	}
	for i := len(turns) - 1; i > 0; i-- { // the first is only where it is looked from
		t, before := turns[i], turns[i-1]
		rested := before.Phase == "" || t.at.Sub(before.at) >= rest
		if !rested && !t.leap {
			continue
		}
		start := t
		if !rested && !pushed(c, t.at) { // and what is shown may not have stood
			is, since := f.shownAt(c, t.at.Add(-1))
			if at := since.Add(holds); is != "" && at.After(t.at) {
				if now.Before(at) {
					return is, since
				}
				start.Phase, _ = f.stance(c, at)
				start.at = at
			}
		}
		switch next := start.at.Add(holds); {
		case now.Before(next):
			return start.Phase, start.at
		case now.Before(onGrid(next.Add(2*holds - 1))):
			p, _ := f.stance(c, next)
			return p, next
		}
		break
	}
	p, _ = f.stance(c, onGrid(now))
	return p, onGrid(now)
}

// turn is a phase that the numbers began to call for.
type turn struct {
	Phase
	at   time.Time
	leap bool // with far more pods or far fewer, see leaps
}

// call is how many pods the numbers called for at a time.
type call struct {
	at   time.Time
	want int32
}

// leaps reports whether so many pods are half as many again as, or less than half of,
// what was called for at any time lately: that is no wavering.
func leaps(called []call, want int32, at time.Time) bool {
	most, least := int32(0), int32(math.MaxInt32)
	for _, x := range slices.Backward(called) {
		most, least = max(most, x.want), min(least, x.want)
		if at.Sub(x.at) > 2*holds {
			break // and that was what was called for until the next
		}
	}
	return len(called) > 0 && (want > most+(most+1)/2 || want < least/2)
}

// pushed reports whether jobs from here came just before a time: whoever put them in is
// looking at the screen.
func pushed(c *store.Chain, at time.Time) bool {
	return slices.ContainsFunc(c.Readings, func(r store.Reading) bool { return r.Own.Counted(at) > r.Own.Counted(at.Add(-toldWithin)) })
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

// turned are when a schedule turned lately. It is read once.
func (f *facts) turned(c *store.Chain) []time.Time {
	if f.turns == nil {
		f.turns = []time.Time{}
		for i := range c.Readings {
			if cron := c.Readings[i].Schedule; cron != nil {
				for at, _ := cron.Turns(f.now.Add(-2 * replayed)); !at.IsZero() && !at.After(f.now); at, _ = cron.Turns(at) {
					f.turns = append(f.turns, at)
				}
			}
		}
	}
	return f.turns
}

// changes are when one of them changed in a span of time, and its beginning.
func (f *facts) changes(c *store.Chain, from, to time.Time) []time.Time {
	out := []time.Time{from}
	for _, s := range moving(c) {
		for at := range s.Since(from) {
			if at.After(to) {
				break
			}
			out = append(out, at)
		}
	}
	if slices.ContainsFunc(c.Metrics(), func(r store.Reading) bool { return r.From == store.FromHPA }) {
		for i := range c.Past.Syncs {
			if at := c.Past.Syncs[i].At; at.After(from) && !at.After(to) {
				out = append(out, at)
			}
		}
	}
	for _, at := range f.turned(c) {
		if at.After(from) && !at.After(to) {
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// stance is the phase that followed from the numbers of a moment, "" where it was
// one of those that are said at once, and how many pods they called for.
func (f *facts) stance(c *store.Chain, at time.Time) (p Phase, want int32) {
	desired, ready, metrics := valueAt(&c.Past.Desired, at), valueAt(&c.Past.Ready, at), c.Metrics()
	g := facts{now: at, then: true, low: f.low, high: f.high, tolerances: f.tolerances, quiet: polled(metrics)}
	g.active = valueAt(&c.Past.Active, at) > 0
	g.desired, g.ready = int32(desired), int32(ready)
	for i := range metrics {
		r := metrics[i]
		r.Value, r.Known = f.valueThen(c, &r, at)
		g.weigh(c, &r, g.desired)
	}
	g.want = min(max(g.want, g.low), g.high)
	switch {
	case desired != desired || ready != ready || !g.wantKnown,
		g.desired == 0, g.ready == 0 && g.desired <= g.low && !complete(c, at):
		return "", 0
	case valueAt(&c.Past.Active, at) == 0 && g.quiet && cools(c):
		return CoolingDown, g.want
	case g.ready < g.desired && !complete(c, at), g.want > g.desired:
		return ScalingUp, g.want
	case g.want < g.desired:
		return Draining, g.want
	case g.raw > g.high:
		return AtMax, g.want
	}
	return Steady, g.want
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
