package explain

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// Phases are to be read from the back row, and what they rest on moves many times a
// second: a queue that is worked off as fast as it is filled calls for one pod more
// or fewer with every measurement. So a phase of a workload that runs stands for a
// while, whatever it is that comes; what breaks, wakes or sleeps is said at once.
//
// Nothing is remembered for that. The series of what was observed say which phase
// followed from the numbers at any moment. After a rest another is shown at once, and
// stands; then that of the moment, until a grid of times that is the same for all who
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
	if f.desired == 0 || !restless(is) || !f.wantKnown || f.partly {
		return is
	}
	shown, since := f.shownAt(c, f.now)
	for zero := zeroAt(c); shown == CoolingDown && since.After(zero.Add(-holds)) && f.now.Before(zero.Add(c.ScaledObject.PollingInterval+holds)); {
		shown, since = f.shownAt(c, since.Add(-1)) // it would be over before it can be read
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

// shownAt is the phase that is shown at a time, "" where the numbers give none, and a
// time since when it is.
func (f *facts) shownAt(c *store.Chain, now time.Time) (p Phase, since time.Time) {
	times := changes(c, now.Add(-replayed), now)
	var turns []turn
	for _, at := range times {
		if p := f.stance(c, at); len(turns) == 0 || turns[len(turns)-1].Phase != p {
			turns = append(turns, turn{p, at})
		}
	}
	last := turns[len(turns)-1]
	if len(turns) == 1 {
		return last.Phase, last.at
	}
	if now.Sub(last.at) >= rest {
		return last.Phase, last.at.Add(rest - holds)
	}
	for i := len(turns) - 1; i > 0; i-- { // the first is only where it is looked from
		t, before := turns[i], turns[i-1]
		if before.Phase != "" && t.at.Sub(before.at) < rest {
			continue
		}
		switch next := t.at.Add(holds); {
		case now.Before(next):
			return t.Phase, t.at
		case now.Before(onGrid(next.Add(2*holds - 1))):
			return f.stance(c, next), next
		}
		break
	}
	return f.stance(c, onGrid(now)), onGrid(now)
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
	if slices.ContainsFunc(c.Readings, func(r store.Reading) bool { return r.From == store.FromHPA }) {
		for i := range c.Past.Syncs {
			if at := c.Past.Syncs[i].At; at.After(from) && !at.After(to) {
				out = append(out, at)
			}
		}
	}
	for i := range c.Readings {
		if cron := c.Readings[i].Schedule; cron != nil {
			for at, _ := cron.Turns(from); !at.IsZero() && !at.After(to); at, _ = cron.Turns(at) {
				out = append(out, at)
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// stance is the phase that followed from the numbers of a moment, "" where it was
// one of those that are said at once.
func (f *facts) stance(c *store.Chain, at time.Time) Phase {
	desired, ready := valueAt(&c.Past.Desired, at), valueAt(&c.Past.Ready, at)
	g := facts{now: at, then: true, low: f.low, high: f.high, tolerances: f.tolerances, quiet: len(c.Readings) > 0}
	g.active = valueAt(&c.Past.Active, at) > 0
	g.desired, g.ready = int32(desired), int32(ready)
	for i := range c.Readings {
		r := c.Readings[i]
		switch r.From {
		case store.FromBroker:
			r.Value = valueAt(&r.Past, at)
			r.Known = r.Value == r.Value // not NaN
		case store.FromHPA:
			r.Value, r.Known = seenBy(c, r.Metric, at)
		case store.FromSchedule:
			r.Value = f.scheduled(c, i, at)
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

// scheduled is what a trigger's schedule said at a time.
func (f *facts) scheduled(c *store.Chain, i int, at time.Time) float64 {
	r := &c.Readings[i]
	if r.Schedule == nil {
		return r.Value
	}
	if f.schedules == nil {
		f.schedules = make([]func(time.Time) float64, len(c.Readings))
	}
	if f.schedules[i] == nil { // read once, for all moments asked for
		f.schedules[i] = r.Schedule.Values()
	}
	return f.schedules[i](at)
}

// seenBy is what the HPA made of a metric at its last sync up to a time, as far as its
// syncs showed; false where it could not read it.
func seenBy(c *store.Chain, metric string, at time.Time) (float64, bool) {
	if c.HPA == nil {
		return 0, false
	}
	i := slices.IndexFunc(c.HPA.Metrics, func(m kscope.Metric) bool { return m.Name == metric })
	for _, s := range slices.Backward(c.Past.Syncs) {
		if !s.At.After(at) {
			if i < 0 || i >= len(s.Values) || math.IsNaN(s.Values[i]) || s.Current == 0 {
				return 0, false
			}
			if c.HPA.Metrics[i].TargetType != "AverageValue" {
				return s.Values[i], true
			}
			return store.Total(s.Values[i], s.Current), true
		}
	}
	return 0, false
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
