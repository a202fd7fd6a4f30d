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
	At               time.Time        // when it was measured; zero where the source does not say
	Waiting          time.Time        // since when the value has been above the activation target; zero if unknown
	Untaken          time.Time        // since when nothing was taken of the work that waits, though pods were started for it; zero if not so, or unknown
	Still            time.Time        // since when the value has been what it is; zero if unknown
	Back             time.Time        // since when the source has answered kscope; zero if unknown
	Turns            time.Time        // when a schedule changes the value next; zero without one, or if never
	Becomes          float64          // and what it is then
	Schedule         *triggers.Cron   // that says the value, nil without one
	Past             Series           // of the backlog, empty where kscope does not measure it
	Own              Series           // jobs put into it from here, counted up; empty where none were
	Type             string           // Redis's word for the key's type
	Err              string           // why it is not known
	Elsewhere        kscope.Elsewhere // where jobs come while there are none here; zero where none do
	Hint             string           // what lacks where that is so, or what to do about it; "" where nobody says
	Feeds            []kscope.Loading // loads from here that run into it now and have jobs to come
}

// ValueSource says where a trigger's value was read.
type ValueSource string

// Where a trigger's value can come from.
const (
	FromBroker ValueSource = "redis" // measured by kscope itself
	FromHPA    ValueSource = "HPA"   // average times replicas, as of the last sync: an estimate
	// FromSchedule is what the trigger's own schedule says of the present.
	FromSchedule ValueSource = "schedule"
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
			r.Feeds = s.feeds(*t.Backlog)
			if p := s.puts[*t.Backlog]; p != nil {
				r.Own = p.own.view()
			}
		}
		server, current := SourceStatus{}, true
		if q != nil {
			r.Past = q.view()
			server, current = s.server(*t.Backlog, q.at)
		}
		switch {
		case !current:
			r.Err, r.Hint = cmp.Or(q.last.Err, server.Message, string(server.State)), server.Hint
		case q != nil && q.last.Err == "":
			r.Value, r.Known, r.From, r.At, r.Type = q.last.N, true, FromBroker, q.at, q.last.Type
			r.Elsewhere = q.last.Elsewhere
			r.Back, r.Still = later(q.back, server.Since), q.Still()
			if w != nil && w.Desired == 0 { // where it matters
				r.Waiting = q.Above(r.ActivationTarget)
			} else if w != nil {
				r.Untaken = q.untaken(s.work[o.workKey()])
			}
		case q != nil:
			r.Err = q.last.Err
		}
		if o.crons != nil && o.crons[i] != nil { // whoever has the schedule knows what KEDA finds
			r.Value, r.Known, r.From = o.crons[i].Value(s.now), true, FromSchedule
			r.Turns, r.Becomes = o.crons[i].Turns(s.now)
			r.Schedule = o.crons[i]
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

// untaken is since when pods have been ready for the work in a queue of which
// nothing was taken since there was none of them at all; zero if some was, or
// nobody saw, or more came since they were ready, which hides what is taken.
func (q *queue) untaken(w *workload) time.Time {
	if w == nil || q.last.N <= 0 {
		return time.Time{}
	}
	started, ready := w.desired.Above(0), w.ready.Above(0)
	if started.IsZero() || ready.IsZero() || w.desired.At(started.Add(-1)) != 0 || !(q.At(ready) > 0) || q.fell.After(started) || q.Still().After(ready) {
		return time.Time{}
	}
	return ready
}

// cronsOf is the schedules of triggers that have one, by their index; nil if
// none has.
func cronsOf(all []kscope.Trigger) []*triggers.Cron {
	var out []*triggers.Cron
	for i, t := range all {
		if t.Type != "cron" {
			continue
		}
		if out == nil {
			out = make([]*triggers.Cron, len(all))
		}
		out[i], _ = triggers.ParseCron(t.Metadata) // KEDA refuses what cannot be read, and says so
	}
	return out
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
