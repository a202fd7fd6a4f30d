package outlook

import (
	"math"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// source is a trigger with what it measures at a time.
type source struct {
	store.Reading
	cron *triggers.Cron
}

func sourcesOf(c *store.Chain) []source {
	metrics := c.Metrics()
	out := make([]source, 0, len(metrics))
	for i := range metrics {
		s := source{Reading: metrics[i]}
		if s.Trigger.Type == "cron" {
			s.cron, _ = triggers.ParseCron(s.Trigger.Metadata)
		}
		out = append(out, s)
	}
	return out
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
		if v, ok := s.in(c, m.seen); ok {
			return v, true
		}
	}
	if s.cron != nil {
		return s.cron.Value(m.at), true
	}
	if s.Formula != nil && s.From == store.FromFormula {
		return c.Combine(s.Formula, func(r *store.Reading) (float64, bool) { return at(r, m.at) })
	}
	if s.Measured() {
		return at(&s.Reading, m.at)
	}
	for i := len(c.Past.Syncs) - 1; i >= 0; i-- {
		if sync := &c.Past.Syncs[i]; !sync.At.After(m.at) {
			return s.in(c, sync)
		}
	}
	return 0, false
}

// at is what kscope measured at a time, or the schedule said.
func at(r *store.Reading, when time.Time) (float64, bool) {
	if r.Schedule != nil {
		return r.Schedule.Value(when), true
	}
	v := r.AsScaled(r.Past.At(r.Past.Newest(when)))
	return v, !math.IsNaN(v)
}

// in is what a source said by what the HPA wrote.
func (s *source) in(c *store.Chain, sync *store.Sync) (float64, bool) {
	if !sync.Computed {
		return 0, false
	}
	return c.In(s.Place, sync)
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// course is how a value of which only the HPA tells goes on.
type course struct {
	by      float64       // what it is by now
	in      float64       // how many of what it counts come a second
	new     bool          // what came before the newest sync does not show yet
	once    bool          // but only before the newest sync did any: that may have been a batch
	service time.Duration // for how long a pod is busy with one, 0 where that does not show
}

// courseOf goes by the syncs of the HPA. The pace is that of the last time that the value
// fell between two, as if nothing came meanwhile, which is the least that pods can do;
// what comes is what the newest two say at that pace.
func courseOf(s *source, c *store.Chain, is Seen, every time.Duration) course {
	n := len(c.Past.Syncs)
	if n < 2 || s.byValue() || is.Ready == 0 || s.Value == 0 {
		return course{by: s.Value, new: n < 2}
	}
	last := c.Past.Syncs[n-1].At
	if since := is.Now.Sub(last); since > every+every/4 { // and it wrote nothing, so that is as it was
		last = last.Add(since / every * every)
	}
	pace := 0.0
	for i := n - 1; i > 0 && pace == 0; i-- {
		if d, ok := s.drift(c, c.Past.Syncs[i].At, every); ok && d.by < 0 && d.pods > 0 {
			pace = -d.by / d.pods
		}
	}
	newest, ok := s.drift(c, last, every)
	if !ok { // as where it has only begun to
		newest = drift{pods: float64(is.Ready)}
	}
	before, _ := s.drift(c, last.Add(-every), every)
	out := course{new: !ok, in: max(newest.by+newest.pods*pace, 0)}
	out.once = out.in > 0 && before.by+before.pods*pace < 1e-6
	if pace > 0 {
		out.service = time.Duration(float64(time.Second) / pace)
	}
	out.by = max(s.Value+is.Now.Sub(last).Seconds()*(out.in-float64(is.Ready)*pace), 0)
	return out
}

// drift is by how much a value grew a second, and how many pods were ready meanwhile.
type drift struct{ by, pods float64 }

// drift is that of the last period before a sync; false where it does not show, or the
// value was nothing in the end, of which nobody knows since when.
func (s *source) drift(c *store.Chain, to time.Time, every time.Duration) (drift, bool) {
	from := to.Add(-every)
	early := every / 4 // for a sync that comes later than it is due
	was, ok1 := s.then(c, moment{at: from.Add(early)})
	now, ok2 := s.then(c, moment{at: to.Add(early)})
	if !ok1 || !ok2 || now == 0 {
		return drift{}, false
	}
	pods := (orZero(c.Past.Ready.At(from)) + orZero(c.Past.Ready.At(to))) / 2
	return drift{(now - was) / every.Seconds(), pods}, true
}

// combine has the plan go by what a formula makes of the queue that is charted, or else of
// the first trigger, and of what the others say meanwhile; it gives that queue.
func (m *Model) combine(c *store.Chain, s *source, now time.Time) *source {
	queue, ok := c.Queued()
	if !ok {
		queue = c.Readings[0]
	}
	m.main = queue
	schedules := map[*triggers.Cron]func(time.Time) float64{}
	m.plan.Formula = func(waits float64, since time.Duration) float64 {
		v, ok := c.Combine(s.Formula, func(r *store.Reading) (float64, bool) {
			switch {
			case r.Trigger.Name == queue.Trigger.Name:
				return waits, true
			case r.Schedule == nil:
				return r.Value, r.Known
			case schedules[r.Schedule] == nil:
				schedules[r.Schedule] = r.Schedule.Values()
			}
			return schedules[r.Schedule](now.Add(since)), true
		})
		if !ok {
			return s.Value
		}
		return v
	}
	return &source{Reading: queue}
}
