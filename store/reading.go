package store

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Reading is what is known about one trigger of a chain.
type Reading struct {
	Trigger kscope.Trigger
	Metric  string  // the external metric's name, "" if unknown
	Place   int     // among the HPA's metrics, -1 where it is none of these
	Target  float64 // per pod, but of a Value; 0 if unknown
	// ActivationTarget is the value that has to be exceeded to start from zero.
	ActivationTarget float64
	Value            float64 // of all pods together, as KEDA counts; meaningless unless Known
	// Waits is the backlog itself where KEDA makes another number of it, which Scaled says;
	// see [Reading.Jobs].
	Waits  float64
	Scaled kscope.Scaled
	Known  bool
	// Direct is what the HPA reads without KEDA, which does not go by it: what the pods
	// use, and all that a plain HPA aims at. Each is what the HPA shows of that.
	Direct    bool
	Each      float64
	From      ValueSource
	At        time.Time         // when it was measured; zero where the source does not say
	Waiting   time.Time         // since when the value has been above the activation target; zero if unknown
	Untaken   time.Time         // since when nothing was taken of the work that waits, though pods were started for it; zero if not so, or unknown
	Still     time.Time         // since when the value has been what it is; zero if unknown
	Back      time.Time         // since when the source has answered kscope; zero if unknown
	Turns     time.Time         // when a schedule changes the value next; zero without one, or if never
	Becomes   float64           // and what it is then
	Schedule  *triggers.Cron    // that says the value, nil without one
	Scheduled time.Time         // since when it has been this one; zero if since it was first seen
	Formula   *triggers.Formula // that makes it of the other readings; nil for a trigger's own
	Past      Series            // of the backlog, empty where kscope does not measure it
	Own       Series            // jobs put into it from here, counted up; empty where none were
	Type      string            // the broker's word for what holds the work
	Nothing   bool              // the broker had no number to tell, of which KEDA makes Value all the same
	Err       string            // why it is not known
	Elsewhere kscope.Elsewhere  // where jobs come while there are none here; zero where none do
	Hint      string            // what lacks where that is so, or what to do about it; "" where nobody says
	Feeds     []kscope.Loading  // loads from here that run into it now and have jobs to come
}

// ValueSource says where a trigger's value was read.
type ValueSource string

// Where a trigger's value can come from.
const (
	FromBroker ValueSource = "broker" // measured by kscope itself
	FromKEDA   ValueSource = "KEDA"   // by the metrics of KEDA's operator, which has it of its last look
	// FromExternal is the answer of the external metrics API: of KEDA's memory for a trigger
	// with useCachedMetrics, else because somebody asked, at that time.
	FromExternal ValueSource = "external metrics"
	FromHPA      ValueSource = "HPA" // average times replicas, as of the last sync: an estimate
	// FromPods is counted by kscope among the pods that it watches.
	FromPods ValueSource = "pods"
	// FromSchedule is what the trigger's own schedule says of the present.
	FromSchedule ValueSource = "schedule"
	// FromFormula is what kscope makes of values that are not the HPA's.
	FromFormula ValueSource = "formula"
)

func (s *Store) readings(o *object, h *kscope.HPA, w *kscope.Workload) (rs []Reading, emptySince time.Time) {
	all := o.triggers()
	queues := slices.ContainsFunc(all, func(t kscope.Trigger) bool { return t.Backlog != nil })
	allEmpty := len(all) > 0
	for i, t := range all {
		if o.hpa != nil && len(s.byTarget[o.workKey()]) > 1 { // they serve what the other one goes by
			t.Backlog = nil
		}
		r := Reading{Trigger: t, Place: i, Direct: o.hpa != nil || isResource(t)}
		r.Target, r.ActivationTarget = triggers.Targets(t)
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
		case r.Direct: // whatever waits, that is not what scales it
		case !current:
			r.Err, r.Hint = cmp.Or(q.last.Err, server.Message, string(server.State)), server.Hint
		case q != nil && q.last.Err == "":
			r.Value, r.Known, r.From, r.At, r.Type = q.last.N, true, FromBroker, q.at, q.last.Type
			r.Nothing = q.last.Nothing()
			if r.Scaled = q.last.Scaled; r.Scaled.Is {
				r.Waits, r.Value = q.last.N, r.Scaled.N
			}
			if !q.last.Sampled.IsZero() {
				r.At = q.last.Sampled
			}
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
		if !r.Known && !r.Direct {
			q = s.throughKEDA(&r, o, i, q)
			s.tallied(&r, o.Namespace, w, !queues)
		}
		if o.crons != nil && o.crons[i] != nil { // whoever has the schedule knows what KEDA finds
			r.Value, r.Known, r.From = o.crons[i].Value(s.now), true, FromSchedule
			r.Turns, r.Becomes = o.crons[i].Turns(s.now)
			r.Schedule, r.Scheduled = o.crons[i], o.scheduled
		}
		if o.hpa == nil {
			r.Metric, r.Place = r.metric(o, h, i)
		}
		var m *kscope.Metric
		if r.Place >= 0 {
			m = &h.Metrics[r.Place]
		}
		if m != nil && m.Target > 0 {
			r.Target = m.Target
		}
		if m != nil && m.Current != nil && w != nil && w.Desired > 0 && h.CurrentReplicas > 0 && !r.Known {
			r.Value, r.Known, r.From = together(m, *m.Current, h.CurrentReplicas, s.readyThen(o, h)), true, FromHPA
			r.Each = *m.Current
			if r.Direct {
				r.Value = asDecided(h, r.Value, m.Target)
			}
		}
		if r.Direct {
			// says nothing of that
		} else if q == nil || !current || q.last.Err != "" || q.state != empty {
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

// Total is what an HPA divided among so many replicas, by the average that it shows,
// which is rounded up to a thousandth: a whole number where it can be one.
func Total(average float64, replicas int32) float64 {
	n := average * float64(replicas)
	if whole := math.Floor(n + 1e-9); n-whole <= float64(replicas)/1000 {
		return whole
	}
	return n
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

// IsActive reports whether a value that is known exceeds the activation target.
func (r *Reading) IsActive() bool {
	if r.counted() {
		return r.Scaled.Active > r.ActivationTarget
	}
	return r.Value > r.ActivationTarget
}

// Jobs is how many jobs wait, where the value is a number of jobs: the backlog itself,
// or else what KEDA counts of it.
func (r *Reading) Jobs() float64 {
	if r.counted() {
		return r.Waits
	}
	return r.Value
}

// counted reports whether KEDA makes another number of the backlog that was measured.
func (r *Reading) counted() bool { return r.Measured() && r.Scaled.Is }

// Measured reports whether a value was measured at the source, be it by kscope or by KEDA:
// Past has what it was.
func (r *Reading) Measured() bool {
	return r.From == FromBroker || r.From == FromKEDA || r.From == FromExternal || r.From == FromPods
}

// AsScaled is what KEDA would count of a backlog of so many; NaN where that does not
// follow from it.
func (r *Reading) AsScaled(waits float64) float64 {
	switch {
	case r.Measured() && r.Scaled.Cap > 0:
		return min(waits, r.Scaled.Cap)
	case !r.counted():
		return waits
	}
	return math.NaN()
}

// AsQueue is the reading as one of its queue alone: of what pods use, that is the queue
// of what they serve, which has no target.
func (r Reading) AsQueue() Reading {
	if r.Direct {
		r.Direct, r.Target, r.Known = false, 0, false
	}
	return r
}

// CountsJobs reports whether the value is a number of jobs that wait. What a
// query answers, a latency or a share, is not, and is never empty.
func (r Reading) CountsJobs() bool {
	if r.Known && r.From != FromBroker && !triggers.CountsAll(r.Trigger) {
		return false
	}
	return !r.Direct && r.Trigger.Backlog != nil && triggers.Unit(r.Trigger) != ""
}

// Name is what to call the trigger's source: its queue where that has a name, else the
// trigger's own name or its type.
func (r Reading) Name() string {
	if r.Trigger.Backlog != nil && !r.Direct {
		return r.Trigger.Backlog.Shown()
	}
	return cmp.Or(r.Trigger.Name, r.Trigger.Type)
}
