package outlook

import (
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// moment is a sync, seen or between two that were.
type moment struct {
	at   time.Time
	seen *store.Sync
}

// moments are the syncs from a time on, those that did not show among them.
func moments(syncs []store.Sync, every time.Duration, from, now time.Time) []moment {
	if len(syncs) == 0 {
		return nil
	}
	var out []moment
	between := func(a, b time.Time) { // that did not show
		apart := b.Sub(a)
		n := (apart + every/4) / every
		if n < 2 {
			return
		}
		apart /= n
		for i := max(from.Sub(a)/apart, 1); i < n; i++ {
			at := a.Add(i * apart)
			if at.After(now) { // by a clock that was set back
				return
			}
			if !at.Before(from) {
				out = append(out, moment{at: at})
			}
		}
	}
	first := syncs[0].At
	if back := first.Sub(from); back > 0 {
		between(first.Add(-(back/every+1)*every), first)
	}
	for i := range syncs {
		if i > 0 {
			between(syncs[i-1].At, syncs[i].At)
		}
		if !syncs[i].At.Before(from) {
			out = append(out, moment{syncs[i].At, &syncs[i]})
		}
	}
	last := syncs[len(syncs)-1].At
	for at := last.Add(max(from.Sub(last)/every, 1) * every); at.Before(now); at = at.Add(every) {
		out = append(out, moment{at: at})
	}
	return out
}

// remember has the HPA live through the syncs of as long as it looks back.
func (m *Model) remember(c *store.Chain, sources []source, now time.Time) {
	b, in := c.HPA.Behavior, scaling.Bounds{Min: c.HPA.MinReplicas, Max: c.HPA.MaxReplicas}
	since := c.Watched
	if c.Past.Born.After(since) {
		since = c.Past.Born
	}
	from := now.Add(-b.Remembers() - m.plan.Sync)
	if from.Before(since) {
		from = since
	}
	if m.until = since.Add(b.DownWindow()); c.Past.Born.IsZero() && m.until.After(now) {
		m.held = c.Workload.Desired
	}
	if born := c.Past.Born; !born.IsZero() {
		met := int32(orZero(c.Past.Desired.At(born)))
		if m.from.Memory.Meet(born, met); !born.Before(now.Add(-b.DownWindow())) {
			m.Most, m.MostAt = met, born
		}
	}
	t, blind, decided := scaling.TolerancesOf(b), false, int32(0)
	for _, s := range moments(c.Past.Syncs, m.plan.Sync, from, now) {
		current := int32(orZero(c.Past.Desired.At(s.at.Add(-time.Millisecond))))
		if s.seen != nil {
			current, blind = s.seen.Current, s.seen.Failed // until it shows that it is not
			if decided = 0; s.seen.Computed && b.UpWindow() == 0 && s.seen.Desired < min(scaling.UpLimit(b, in.Max, current), in.Max) {
				decided = s.seen.Desired // by what it asked for, or more that it remembers
			}
		}
		_, forced := in.Force(current)
		raw, ok := askedAt(sources, c, s, current, t)
		if m.uses(sources) && decided > 0 {
			raw = min(raw, decided)
		}
		if ok && current > 0 && !forced && !blind {
			m.from.Memory.Normalize(s.at, b, current, raw, in)
			if !s.at.Before(now.Add(-b.DownWindow())) && raw >= m.Most {
				m.Most, m.MostAt = raw, s.at
			}
		}
		if s.seen == nil {
			continue
		}
		if s.seen.Rescaled {
			m.from.Memory.Rescaled(s.at, b, s.seen.Current, s.seen.Desired)
		}
		if s.seen.Computed && (b == nil || s.seen.Desired < current) {
			m.held = min(m.held, s.seen.Desired) // if there were more to remember it would have wanted more
		}
	}
	indirect := func(s source) bool { return !s.Direct }
	if m.from.Memory.Len() == 0 && c.Past.Born.IsZero() && m.from.Replicas > 0 && !slices.ContainsFunc(sources, indirect) {
		// It has seen these values already, which call for the least that it may remember.
		m.from.Memory.Asked(now.Add(-m.plan.Sync+m.plan.FirstSync), asksNow(sources, m.from, t))
	}
}

// uses reports whether the HPA goes by what pods use, too: of some of them it has no
// figures, and its own word is better than what follows from those that it shows.
func (m *Model) uses(sources []source) bool {
	return slices.ContainsFunc(sources, func(s source) bool { return s.Direct })
}

// asksNow is what the metrics ask for by their present values.
func asksNow(sources []source, is scaling.State, t scaling.Tolerances) (most int32) {
	for i := range sources {
		if s := &sources[i]; s.Target > 0 {
			most = max(most, scaling.Asked(s.Value, s.Target, s.byValue(), is.Replicas, is.Ready, t))
		}
	}
	return most
}
