package explain

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// spacing is how far apart the syncs of an HPA are where that was not seen: the
// controller waits its period from the end of one to the beginning of the next.
const spacing = scaling.SyncPeriod + 12*time.Millisecond

// model is the state of KEDA's and of the HPA's minds, as far as it follows from
// what was observed, by the clock of the stream: what they remember, when they look
// next, and what their sources will say if nothing unforeseen comes.
type model struct {
	plan scaling.Plan
	from scaling.State

	syncSeen, lookSeen bool // the phases of the plan were seen, and are not any
	flows              bool // the queue is on its way, and the plan goes on from that
	comes              bool // and at its rate jobs come, too

	// held is what the HPA may remember from before it was watched, at most; 0 where
	// it remembers nothing that matters. It forgets it at latest at until.
	held  int32
	until time.Time
	// The most that the HPA remembers, and when that was asked for last; 0 where
	// nothing is remembered.
	most   int32
	mostAt time.Time
}

// source is a trigger with what it measures at a time.
type source struct {
	store.Reading
	cron *triggers.Cron
	at   int // in the HPA's metrics; -1 where it is in none
}

// modelOf is false where not all is known that the HPA and KEDA decide by.
func modelOf(c *store.Chain, f *facts) (*model, bool) {
	if c.Workload == nil || c.HPA == nil || f.partly || c.ScaledObject.ScalingModifiers || len(c.Readings) == 0 {
		return nil, false
	}
	m, sources := &model{}, sourcesOf(c)
	m.plan = scaling.Plan{Loop: scaling.LoopOf(c.ScaledObject), Behavior: c.HPA.Behavior, Sync: spacing, Starting: usualStart}
	m.from = scaling.State{At: f.now, Replicas: f.desired, Ready: f.ready, Created: c.ScaledObject.Created, LastActive: lastActive(c)}
	m.annotated(c)
	m.phases(c, f.now)
	m.remember(c, sources, f.now)
	main := slices.IndexFunc(sources, func(s source) bool { return s.Trigger.Name == f.r.Trigger.Name && s.Metric == f.r.Metric })
	m.measure(c, sources, max(main, 0), f)
	return m, true
}

// annotated is what the annotations change: KEDA has its HPA go in one direction
// only, or takes a trigger for active.
func (m *model) annotated(c *store.Chain) {
	so, b := &c.ScaledObject, m.plan.Behavior
	if so.ForceActivation {
		m.plan.Also = append(m.plan.Also, scaling.Source{Measured: func(time.Duration) float64 { return 1 }})
	}
	if b == nil || !so.PausedScaleIn && !so.PausedScaleOut {
		return
	}
	own := *b
	if so.PausedScaleIn {
		own.Down.Select = "Disabled"
	}
	if so.PausedScaleOut {
		own.Up.Select = "Disabled"
	}
	m.plan.Behavior = &own
}

func sourcesOf(c *store.Chain) []source {
	out := make([]source, 0, len(c.Readings))
	for i := range c.Readings {
		s := source{Reading: c.Readings[i], at: -1}
		if s.Trigger.Type == "cron" {
			s.cron, _ = triggers.ParseCron(s.Trigger.Metadata)
		}
		for j := range c.HPA.Metrics {
			if s.Metric != "" && c.HPA.Metrics[j].Name == s.Metric {
				s.at = j
			}
		}
		out = append(out, s)
	}
	return out
}

// lastActive is the time of the last activity as KEDA keeps it, by the clock of the
// stream where the poll was seen.
func lastActive(c *store.Chain) time.Time {
	if !c.Polled.IsZero() {
		return scaling.ActiveAt(c.Polled)
	}
	return c.ScaledObject.LastActiveTime
}

// phases finds when KEDA and the HPA look next: a whole number of periods after
// they were seen to.
func (m *model) phases(c *store.Chain, now time.Time) {
	poll := max(m.plan.Loop.Polling, time.Second)
	m.plan.FirstPoll, m.plan.FirstSync = poll, scaling.SyncPeriod
	if !c.Past.Looked.IsZero() {
		m.plan.FirstPoll, m.lookSeen = due(c.Past.Looked, poll, now), true
	}
	if n := len(c.Past.Syncs); n > 0 {
		m.plan.Sync = period(c.Past.Syncs)
		m.plan.FirstSync, m.syncSeen = due(c.Past.Syncs[n-1].At, m.plan.Sync, now), true
	}
}

// due is how long it is until something that comes every period and came at a time.
func due(last time.Time, every time.Duration, now time.Time) time.Duration {
	return every - now.Sub(last)%every
}

// period is how far apart syncs are, by the newest that are not far apart.
func period(syncs []store.Sync) time.Duration {
	for i := len(syncs) - 1; i > 0; i-- {
		apart := syncs[i].At.Sub(syncs[i-1].At)
		n := apart / scaling.SyncPeriod
		if n < 1 || n > 20 {
			continue
		}
		if each := apart / n; each-scaling.SyncPeriod < scaling.SyncPeriod/30 {
			return each
		}
	}
	return spacing
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
		n := int((b.Sub(a) + every/4) / every)
		for i := 1; i < n; i++ {
			if at := a.Add(b.Sub(a) * time.Duration(i) / time.Duration(n)); !at.Before(from) {
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
	for at := last.Add(every); at.Before(now); at = at.Add(every) {
		out = append(out, moment{at: at})
	}
	return out
}

// remember has the HPA live through the syncs of as long as it looks back.
func (m *model) remember(c *store.Chain, sources []source, now time.Time) {
	b, in := c.HPA.Behavior, scaling.Bounds{Min: c.HPA.MinReplicas, Max: c.HPA.MaxReplicas}
	window := max(b.UpWindow(), b.DownWindow())
	back := window
	if b != nil {
		for _, p := range slices.Concat(b.Up.Policies, b.Down.Policies) {
			back = max(back, p.Period)
		}
	}
	since := c.Watched
	if c.Past.Born.After(since) {
		since = c.Past.Born
	}
	from := now.Add(-back - m.plan.Sync)
	if from.Before(since) {
		from = since
	}
	if m.until = since.Add(b.DownWindow()); c.Past.Born.IsZero() && m.until.After(now) {
		m.held = c.Workload.Desired
	}
	t := scaling.TolerancesOf(b)
	for _, s := range moments(c.Past.Syncs, m.plan.Sync, from, now) {
		current := int32(orZero(c.Past.Desired.At(s.at.Add(-time.Millisecond))))
		if s.seen != nil {
			current = s.seen.Current
		}
		_, forced := in.Force(current)
		if raw, ok := askedAt(sources, c, s, current, t); ok && current > 0 && !forced {
			m.from.Memory.Normalize(s.at, b, current, raw, in)
			if !s.at.Before(now.Add(-b.DownWindow())) && raw >= m.most {
				m.most, m.mostAt = raw, s.at
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

// askedAt is what the metrics asked for at a sync, false where that is not known.
func askedAt(sources []source, c *store.Chain, s moment, current int32, t scaling.Tolerances) (int32, bool) {
	var most int32
	any := false
	ready := int32(orZero(c.Past.Ready.At(s.at)))
	for i := range sources {
		src := &sources[i]
		if src.Target <= 0 {
			continue
		}
		v, ok := src.then(c, s)
		if !ok {
			return 0, false
		}
		most, any = max(most, scaling.Asked(v, src.Target, src.byValue(), current, ready, t)), true
	}
	return most, any
}

func (s *source) byValue() bool { return s.Trigger.MetricType == "Value" }

// then is what a source said at a sync: what the HPA wrote then, if it did, else what
// kscope measured itself, else what the HPA wrote before, since it writes nothing
// while that stays the same.
func (s *source) then(c *store.Chain, m moment) (float64, bool) {
	if m.seen != nil {
		if v, ok := s.in(m.seen); ok {
			return v, true
		}
	}
	if s.cron != nil {
		return s.cron.Value(m.at), true
	}
	if s.From == store.FromBroker {
		v := s.Past.At(s.Past.Newest(m.at))
		return v, !math.IsNaN(v)
	}
	for i := len(c.Past.Syncs) - 1; i >= 0; i-- {
		if sync := &c.Past.Syncs[i]; !sync.At.After(m.at) {
			return s.in(sync)
		}
	}
	return 0, false
}

// in is what a source said by what the HPA wrote.
func (s *source) in(sync *store.Sync) (float64, bool) {
	switch {
	case !sync.Computed || s.at < 0 || s.at >= len(sync.Values) || math.IsNaN(sync.Values[s.at]):
		return 0, false
	case s.byValue():
		return sync.Values[s.at], true
	}
	return store.Total(sync.Values[s.at], sync.Current), true
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// usualStart is how long a pod takes to become ready where that was not seen.
const usualStart = 3 * time.Second

// measure says what the sources will say: those that kscope knows nothing of but
// their value stay as they are, a schedule is kept, and a queue flows on as it does.
func (m *model) measure(c *store.Chain, sources []source, main int, f *facts) {
	for i := range sources {
		s := &sources[i]
		measured := func(time.Duration) float64 { return s.Value }
		if s.cron != nil {
			measured = func(since time.Duration) float64 { return s.cron.Value(f.now.Add(since)) }
		}
		if i != main {
			m.plan.Also = append(m.plan.Also, scaling.Source{Target: s.Target, Activation: s.ActivationTarget, ByValue: s.byValue(), Measured: measured})
			continue
		}
		m.plan.Target, m.plan.Activation, m.plan.ByValue = s.Target, s.ActivationTarget, s.byValue()
		m.from.Queue = s.Value
		in, service := 0.0, time.Duration(0)
		switch {
		case s.From != store.FromBroker:
			m.from.Queue, service = s.falls(c, f)
		case s.CountsJobs():
			in, service = flowOf(&s.Past, &c.Past.Ready, f.now)
		}
		if service <= 0 && in <= 0 {
			m.plan.Measured = measured
			continue
		}
		m.flows, m.comes, m.plan.Service = true, in > 0, service
		if s.Value > 0 {
			m.from.InHand = float64(f.ready) / 2
		}
		if in > 0 {
			m.plan.Arrivals = func(since time.Duration) float64 { return in * since.Seconds() }
		}
	}
}

// falls is how a value of which only the HPA tells goes on, where it was less at the
// last sync than at the one before: what it is by now, and how long a pod is busy
// with one of what it counts; 0 where it does not fall.
func (s *source) falls(c *store.Chain, f *facts) (is float64, service time.Duration) {
	n := len(c.Past.Syncs)
	if n < 2 || s.byValue() || f.ready == 0 {
		return s.Value, 0
	}
	last, before := c.Past.Syncs[n-1].At, c.Past.Syncs[n-2].At
	if f.now.Sub(last) > 2*scaling.SyncPeriod || last.Sub(before) > 2*scaling.SyncPeriod {
		return s.Value, 0
	}
	now, ok1 := s.then(c, moment{at: last})
	was, ok2 := s.then(c, moment{at: before})
	if !ok1 || !ok2 || now >= was || now == 0 {
		return s.Value, 0
	}
	a, b := orZero(c.Past.Ready.At(before)), orZero(c.Past.Ready.At(last))
	service = time.Duration((a + b) / 2 / (was - now) * float64(last.Sub(before)))
	if service <= 0 {
		return s.Value, 0
	}
	return max(now-f.now.Sub(last).Seconds()*float64(f.ready)/service.Seconds(), 0), service
}
