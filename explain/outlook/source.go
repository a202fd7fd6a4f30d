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

// nothing reports whether a trigger of which nobody tells is at nothing: KEDA finds none
// active, and this one would be by anything.
func nothing(c *store.Chain, r store.Reading) bool {
	return !r.Direct && r.Place >= 0 && r.ActivationTarget == 0 && r.Err == "" && c.Formula == nil && c.ScaledObject.Conditions.Get("Active").False()
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
