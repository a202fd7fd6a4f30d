package outlook

import (
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// due is how long it is until something that comes every period and came at a time,
// which a clock that was set back may have put ahead.
func due(last time.Time, every time.Duration, now time.Time) time.Duration {
	past := now.Sub(last) % every
	if past < 0 {
		past += every
	}
	return every - past
}

// By how many gaps, of how many syncs each at most, it is told how far apart syncs
// are: each comes a few milliseconds sooner or later, which counts where many are
// foretold, and in a long gap they may have begun anew.
const (
	manyGaps = 40
	shortGap = 4
)

// period is how far apart syncs are, by the newest that are not far apart.
func period(syncs []store.Sync) time.Duration {
	var room [manyGaps]time.Duration
	gaps := room[:0] // each by how many syncs it was
	var long time.Duration
	for i := len(syncs) - 1; i > 0 && len(gaps) < manyGaps; i-- {
		apart := syncs[i].At.Sub(syncs[i-1].At)
		between := (apart + scaling.SyncPeriod/2) / scaling.SyncPeriod
		if between < 1 || between > 20 {
			continue
		}
		if late := apart/between - scaling.SyncPeriod; late < -scaling.SyncPeriod/60 || late >= scaling.SyncPeriod/30 {
			continue
		}
		if between <= shortGap {
			gaps = append(gaps, apart/between)
		} else if long == 0 {
			long = apart / between
		}
	}
	switch {
	case len(gaps) > 0:
		return middle(gaps)
	case long > 0:
		return long
	}
	return spacing
}

// middle is the mean of the middle half.
func middle(of []time.Duration) (mean time.Duration) {
	slices.Sort(of)
	of = of[len(of)/4 : len(of)-len(of)/4]
	for _, d := range of {
		mean += d
	}
	return mean / time.Duration(len(of))
}

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
	if !c.Past.Born.IsZero() {
		m.from.Memory.Meet(c.Past.Born, int32(orZero(c.Past.Desired.At(c.Past.Born))))
	}
	t, blind := scaling.TolerancesOf(b), false
	for _, s := range moments(c.Past.Syncs, m.plan.Sync, from, now) {
		current := int32(orZero(c.Past.Desired.At(s.at.Add(-time.Millisecond))))
		if s.seen != nil {
			current, blind = s.seen.Current, s.seen.Failed // until it shows that it is not
		}
		_, forced := in.Force(current)
		if raw, ok := askedAt(sources, c, s, current, t); ok && current > 0 && !forced && !blind {
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
}
