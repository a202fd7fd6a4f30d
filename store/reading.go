package store

import (
	"cmp"
	"math"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Reading is what is known about one trigger of a chain.
type Reading struct {
	Trigger kscope.Trigger
	Metric  string  // the external metric's name, "" if unknown
	Target  float64 // per pod for AverageValue; 0 if unknown
	// ActivationTarget is the value that has to be exceeded to start from zero.
	ActivationTarget float64
	Value            float64 // meaningless unless Known
	Known            bool
	From             ValueSource
	At               time.Time // when it was measured; zero where the source does not say
	Waiting          time.Time // since when the value has been above the activation target; zero if unknown
	Past             Series    // of the backlog, empty where kscope does not measure it
	Type             string    // Redis's word for the key's type
	Err              string    // why it is not known
}

// ValueSource says where a trigger's value was read.
type ValueSource string

// Where a trigger's value can come from.
const (
	FromBroker ValueSource = "redis" // measured by kscope itself
	FromHPA    ValueSource = "HPA"   // average times replicas, as of the last sync: an estimate
)

func (s *Store) readings(o *object, h *kscope.HPA, w *kscope.Workload) (rs []Reading, emptySince time.Time) {
	allEmpty := len(o.triggers()) > 0
	for i, t := range o.triggers() {
		r := Reading{Trigger: t}
		if o.so != nil {
			r.Metric = triggers.MetricName(*o.so, i)
		}
		r.Target, r.ActivationTarget = triggers.Targets(t)
		m := metricOf(h, r.Metric)
		if m != nil && m.Target > 0 {
			r.Target = m.Target
		}
		var q *queue
		if t.Backlog != nil {
			q = s.queues[*t.Backlog]
		}
		server, current := SourceStatus{}, true
		if q != nil {
			r.Past = q.view()
			server, current = s.server(*t.Backlog, q.at)
		}
		switch {
		case !current:
			r.Err = cmp.Or(q.last.Err, server.Message, string(server.State))
		case q != nil && q.last.Err == "":
			r.Value, r.Known, r.From, r.At, r.Type = q.last.N, true, FromBroker, q.at, q.last.Type
			if w != nil && w.Desired == 0 { // where it matters
				r.Waiting = q.Above(r.ActivationTarget)
			}
		case q != nil:
			r.Err = q.last.Err
		}
		if total, ok := totalOf(m, h, w); ok && !r.Known {
			r.Value, r.Known, r.From = total, true, FromHPA
		}
		if q == nil || !current || q.last.Err != "" || q.state != empty {
			allEmpty = false
		} else if q.since.After(emptySince) {
			emptySince = q.since
		}
		rs = append(rs, r)
	}
	if !allEmpty {
		emptySince = time.Time{}
	}
	return rs, emptySince
}

// totalOf is what the HPA saw of a metric at its last sync, false if that cannot
// be told: at zero replicas its status is a leftover. An average stands for as
// many replicas as there were then, not for those that there are now.
func totalOf(m *kscope.Metric, h *kscope.HPA, w *kscope.Workload) (float64, bool) {
	if m == nil || m.Current == nil || w == nil || w.Desired == 0 || h.CurrentReplicas == 0 {
		return 0, false
	}
	if m.TargetType == "AverageValue" {
		return Total(*m.Current, h.CurrentReplicas), true
	}
	return *m.Current, true
}

// Total is what an HPA divided among so many replicas, by the average that it shows,
// which is rounded up to a thousandth: a whole number where it can be one.
func Total(average float64, replicas int32) float64 {
	n := average * float64(replicas)
	if whole := math.Floor(n + 1e-9); n-whole <= float64(replicas)/1000 {
		return whole
	}
	return n
}

// metricOf finds a metric of the HPA by name; nil for a nil HPA.
func metricOf(h *kscope.HPA, name string) *kscope.Metric {
	if h == nil || name == "" {
		return nil
	}
	for i := range h.Metrics {
		if h.Metrics[i].Name == name {
			return &h.Metrics[i]
		}
	}
	return nil
}

// Asks is how many replicas a trigger calls for, in fractions; less than any
// number while that is not known, and less than nothing for a target that no
// average is compared with, which says how much the present number is to grow.
func (r Reading) Asks() float64 {
	switch {
	case !r.Known || r.Target <= 0:
		return math.Inf(-1)
	case r.Trigger.MetricType == "Value":
		return -1 / (1 + r.Value/r.Target)
	}
	return r.Value / r.Target
}

// CountsJobs reports whether the value is a number of jobs that wait. What a
// query answers, a latency or a share, is not, and is never empty.
func (r Reading) CountsJobs() bool {
	return r.Trigger.Backlog != nil && triggers.Unit(r.Trigger) != ""
}

// Name is what to call the trigger's source: the key for Redis, else the
// trigger's own name or its type.
func (r Reading) Name() string {
	if r.Trigger.Backlog != nil {
		return r.Trigger.Backlog.Shown()
	}
	return cmp.Or(r.Trigger.Name, r.Trigger.Type)
}
