package store

import (
	"cmp"
	"math"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Chain is one ScaledObject with everything that is linked to it by the API's
// own references: the queue its trigger names, the HPA that KEDA made for it,
// its scale target and that target's pods. It is a copy; what is not known is
// nil or says so.
type Chain struct {
	ScaledObject kscope.ScaledObject
	HPA          *kscope.HPA
	Workload     *kscope.Workload
	Counts       kscope.PodCounts
	Ailing       *kscope.Pod // one of the pods that fail, of those with the most frequent reason; nil if none does
	Ready        *int32      // ready replicas, by the workload or, failing that, by its pods
	Readings     []Reading
	Polled       time.Time // when KEDA's last poll showed; it shows only while active
	Watched      time.Time // since when kscope has watched the ScaledObject

	WorkloadStatus, PodStatus, HPAStatus, KEDAStatus, EventStatus SourceStatus
	EmptySince                                                    time.Time // since when the queues of all triggers are empty; zero if they are not, or one is not known
}

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

// hpaOfObject finds the HPA that belongs to a ScaledObject: the one named by
// its status if that is really its own, else the one it owns.
func (s *Store) hpaOfObject(o *object) *kscope.HPA {
	if h := s.hpas[kscope.Ref{Namespace: o.Ref.Namespace, Name: o.HPAName}]; h != nil && (h.OwnerUID == o.UID || h.OwnerUID == "") {
		found := *h.HPA
		return &found
	}
	if refs := s.owned[o.UID]; len(refs) > 0 && o.UID != "" {
		found := *s.hpas[refs[0]].HPA
		return &found
	}
	return nil
}

// Chain gives the linked picture of a ScaledObject; false if there is none of
// that name.
func (s *Store) Chain(ref kscope.Ref) (Chain, bool) {
	o := s.objects[ref]
	if o == nil {
		return Chain{}, false
	}
	c := Chain{
		ScaledObject:   *o.ScaledObject,
		HPA:            s.hpaOfObject(o),
		Watched:        o.firstSeen,
		WorkloadStatus: s.status(kindOf(o.ScaleTarget.Kind)),
		PodStatus:      s.status(kscope.Pods),
		HPAStatus:      s.status(kscope.HPAs),
		KEDAStatus:     s.status(kscope.ScaledObjects),
		EventStatus:    s.status(kscope.Events),
	}
	c.ScaledObject.LastActiveTime = o.active
	if !o.active.Equal(o.firstActive) {
		c.Polled = o.polled
	}
	if w := s.work[o.workKey()]; w != nil {
		wl := *w.Workload
		c.Workload, c.Counts, c.Ready, c.Ailing = &wl, w.counts, w.Ready, w.ailing()
		if c.Ready == nil && c.PodStatus.State == kscope.Synced {
			n := int32(w.counts[kscope.PodReady])
			c.Ready = &n
		}
	}
	c.Readings, c.EmptySince = s.readings(o, c.HPA, c.Workload)
	return c, true
}

// Pods lists the pods of a ScaledObject's workload, oldest first.
func (s *Store) Pods(ref kscope.Ref) []kscope.Pod {
	o := s.objects[ref]
	if o == nil {
		return nil
	}
	if w := s.work[o.workKey()]; w != nil {
		return w.list()
	}
	return nil
}

// History is what the chart of a ScaledObject is drawn from. The values of the
// series are the store's own: read them before the next Apply, and do not add
// to them.
type History struct {
	Queue, Ready, Desired *Series // nil where nothing was ever known
	Own                   *Series // jobs put into the queue from here, counted up; nil where none were
}

// History gives the series of a queue, nil for none, and the ready and wanted
// replicas of a ScaledObject's target, which are known up to now where their
// source is well. Which queue it is about is for [Chain.Queued] to say.
func (s *Store) History(ref kscope.Ref, of *kscope.Backlog) History {
	o := s.objects[ref]
	if o == nil {
		return History{}
	}
	var h History
	if of != nil && s.queues[*of] != nil {
		h.Queue = &s.queues[*of].Series
		if p := s.puts[*of]; p != nil {
			h.Own = &p.own
		}
	}
	if w := s.work[o.workKey()]; w != nil {
		kind := kindOf(o.ScaleTarget.Kind)
		h.Desired = s.upToNow(&w.desired, kind)
		if w.Ready == nil {
			kind = kscope.Pods
		}
		h.Ready = s.upToNow(&w.ready, kind)
	}
	return h
}

// upToNow is a series whose newest value still holds, if what it is read from
// is watched. It shares the values with the series.
func (s *Store) upToNow(x *Series, kind kscope.Kind) *Series {
	if s.status(kind).State != kscope.Synced {
		return x
	}
	now := *x
	now.Extend(s.now)
	return &now
}

func (s *Store) readings(o *object, h *kscope.HPA, w *kscope.Workload) (rs []Reading, emptySince time.Time) {
	allEmpty := len(o.Triggers) > 0
	for i, t := range o.Triggers {
		r := Reading{Trigger: t, Metric: triggers.MetricName(*o.ScaledObject, i)}
		r.Target, r.ActivationTarget = triggers.Targets(t)
		m := metricOf(h, r.Metric)
		if m != nil && m.Target > 0 {
			r.Target = m.Target
		}
		var q *queue
		if t.Backlog != nil {
			q = s.queues[*t.Backlog]
		}
		switch {
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
		if q == nil || q.last.Err != "" || q.state != empty {
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
		return *m.Current * float64(h.CurrentReplicas), true
	}
	return *m.Current, true
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

// Reading is the main trigger, which every number and sentence is about that
// does not name another: the one that asks for the most replicas, as far as is
// known, and of several the first.
func (c Chain) Reading() Reading {
	main := c.heaviest(func(Reading) bool { return true })
	if main < 0 {
		return Reading{}
	}
	return c.Readings[main]
}

// Queued is the trigger whose queue is charted and takes load: the main one if
// it names a queue, else the heaviest of those that do; false if none does.
func (c Chain) Queued() (Reading, bool) {
	named := func(r Reading) bool { return r.Trigger.Backlog != nil }
	if main := c.Reading(); named(main) {
		return main, true
	}
	if i := c.heaviest(named); i >= 0 {
		return c.Readings[i], true
	}
	return Reading{}, false
}

// heaviest is the index of the trigger that asks for the most among some, -1
// if there is none of these.
func (c Chain) heaviest(among func(Reading) bool) int {
	best := -1
	for i, r := range c.Readings {
		if among(r) && (best < 0 || r.Asks() > c.Readings[best].Asks()) {
			best = i
		}
	}
	return best
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

// Name is what to call the trigger's source: the key for Redis, else the
// trigger's own name or its type.
func (r Reading) Name() string {
	if r.Trigger.Backlog != nil {
		return r.Trigger.Backlog.Name
	}
	return cmp.Or(r.Trigger.Name, r.Trigger.Type)
}
