package kscope

import (
	"time"
)

// Chain is one ScaledObject with everything that is linked to it by the API's
// own references: the queue its trigger names, the HPA that KEDA made for it,
// its scale target and that target's pods. It is a copy; what is not known is
// nil or says so.
type Chain struct {
	ScaledObject ScaledObject
	HPA          *HPA
	Workload     *Workload
	Counts       PodCounts
	Ready        *int32 // ready replicas, by the workload or, failing that, by its pods
	Readings     []Reading
	Polled       time.Time // when KEDA's last poll showed; it shows only while active

	WorkloadStatus, PodStatus, HPAStatus, KEDAStatus SourceStatus
	EmptySince                                       time.Time // since when all watched queues are empty; zero if they are not
	Decision                                         Decision
	Links                                            [5]Link
}

// Reading is what is known about one trigger of a chain.
type Reading struct {
	Trigger Trigger
	Metric  string  // the external metric's name, "" if unknown
	Target  float64 // per pod for AverageValue; 0 if unknown
	// ActivationTarget is the value that has to be exceeded to start from zero.
	ActivationTarget float64
	Value            float64 // meaningless unless Known
	Known            bool
	From             ValueSource
	At               time.Time // when it was measured
	Type             string    // Redis's word for the key's type
	Err              string    // why it is not known
}

// ValueSource says where a trigger's value was read.
type ValueSource string

// Where a trigger's value can come from.
const (
	FromBroker ValueSource = "redis" // measured by kscope itself
	FromHPA    ValueSource = "HPA"   // average times replicas, as of the last sync
)

// hpaOfObject finds the HPA that belongs to a ScaledObject: the one named by
// its status if that is really its own, else the one it owns.
func (s *Store) hpaOfObject(o *object) *HPA {
	if h, ok := s.hpas[Ref{o.Ref.Namespace, o.HPAName}]; ok && (h.OwnerUID == o.UID || h.OwnerUID == "") {
		return &h
	}
	if ref, ok := s.hpaOf[o.UID]; ok {
		h := s.hpas[ref]
		return &h
	}
	return nil
}

// Chain gives the linked picture of a ScaledObject; false if there is none of
// that name.
func (s *Store) Chain(ref Ref) (Chain, bool) {
	o := s.objects[ref]
	if o == nil {
		return Chain{}, false
	}
	s.link()
	c := Chain{
		ScaledObject:   o.ScaledObject,
		HPA:            s.hpaOfObject(o),
		Polled:         o.polled,
		WorkloadStatus: s.status(kindOf(o.ScaleTarget.Kind)),
		PodStatus:      s.status(Pods),
		HPAStatus:      s.status(HPAs),
		KEDAStatus:     s.status(ScaledObjects),
	}
	if w := s.work[o.workKey()]; w != nil {
		wl := w.Workload
		c.Workload, c.Counts, c.Ready = &wl, w.counts, w.Ready
		if c.Ready == nil && c.PodStatus.State == Synced {
			n := int32(w.counts[PodReady])
			c.Ready = &n
		}
	}
	c.Readings, c.EmptySince = s.readings(o, c.HPA, c.Workload)
	c.Decision = Explain(c, s.now)
	c.Links = links(c)
	return c, true
}

// Pods lists the pods of a ScaledObject's workload, oldest first.
func (s *Store) Pods(ref Ref) []Pod {
	o := s.objects[ref]
	if o == nil {
		return nil
	}
	s.link()
	if w := s.work[o.workKey()]; w != nil {
		return w.list()
	}
	return nil
}

// History is what the chart of a ScaledObject is drawn from. The series are
// the store's own: read them before the next Apply, and do not add to them.
type History struct {
	Queue, Ready, Desired *Series // nil where nothing was ever known
}

// History gives the series of a ScaledObject: its first measured queue, and
// the ready and wanted replicas of its target, all known up to now where their
// source is well.
func (s *Store) History(ref Ref) History {
	o := s.objects[ref]
	if o == nil {
		return History{}
	}
	var h History
	for _, t := range o.Triggers {
		if t.Queue != nil && s.queues[*t.Queue] != nil {
			h.Queue = &s.queues[*t.Queue].Series
			break
		}
	}
	if w := s.work[o.workKey()]; w != nil {
		if s.status(kindOf(o.ScaleTarget.Kind)).State == Synced {
			w.desired.Extend(s.now)
			w.ready.Extend(s.now)
		}
		if w.Ready == nil && s.status(Pods).State == Synced {
			s.link()
			w.ready.Add(s.now, float64(w.counts[PodReady]))
		}
		h.Ready, h.Desired = &w.ready, &w.desired
	}
	return h
}

func (s *Store) readings(o *object, h *HPA, w *Workload) (rs []Reading, emptySince time.Time) {
	allEmpty := len(o.Triggers) > 0
	for i, t := range o.Triggers {
		r := Reading{Trigger: t, Metric: metricName(o.ScaledObject, i)}
		r.Target, r.ActivationTarget = targets(t)
		m := h.metric(r.Metric)
		if m != nil && m.Target > 0 {
			r.Target = m.Target
		}
		var q *queue
		if t.Queue != nil {
			q = s.queues[*t.Queue]
		}
		switch {
		case q != nil && q.last.Err == "":
			r.Value, r.Known, r.From, r.At, r.Type = float64(q.last.N), true, FromBroker, q.at, q.last.Type
		case q != nil:
			r.Err = q.last.Err
		}
		if !r.Known && m != nil && m.Current != nil && w != nil {
			r.Value, r.Known, r.From = *m.Current, true, FromHPA
			if m.TargetType == "AverageValue" {
				r.Value *= float64(w.Current)
			}
			r.Known = w.Current > 0
		}
		if !r.Known || r.Value > 0 || q == nil || q.idle.IsZero() {
			allEmpty = false
		} else if q.idle.After(emptySince) {
			emptySince = q.idle
		}
		rs = append(rs, r)
	}
	if !allEmpty {
		emptySince = time.Time{}
	}
	return rs, emptySince
}

// metric finds a metric of the HPA by name; nil for a nil HPA.
func (h *HPA) metric(name string) *Metric {
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

// LinkState is how one link of the chain is doing.
type LinkState int

// The states of a link.
const (
	LinkUnknown LinkState = iota // nothing known yet
	LinkIdle                     // at rest, as it should be
	LinkOK                       // doing its part
	LinkWorking                  // on its way to what is wanted
	LinkWaiting                  // for the link before it, or for a timer
	LinkBroken
)

// Link is one link of the live chain: queue, KEDA, HPA, workload, pods.
type Link struct {
	Name  string // "orders", "KEDA", "HPA", "queue-worker", "pods"
	Value string // "42", "active", "wants 9", "4/9", "3 ready"
	State LinkState
	Word  string // the state in a word: "waiting", "cooling down"
	Main  bool   // this link is the reason for the count right now
}

// The positions of the links in a chain.
const (
	LinkQueue = iota
	LinkKEDA
	LinkHPA
	LinkWorkload
	LinkPods
)

func links(c Chain) [5]Link {
	ls := [5]Link{
		LinkQueue:    queueLink(c),
		LinkKEDA:     kedaLink(c),
		LinkHPA:      hpaLink(c),
		LinkWorkload: workloadLink(c),
		LinkPods:     podsLink(c),
	}
	ls[c.Decision.Link].Main = true
	return ls
}

func queueLink(c Chain) Link {
	if len(c.Readings) == 0 {
		return Link{Name: "queue", Word: "no trigger"}
	}
	r := c.Reading()
	l := Link{Name: r.Name(), Word: "waiting", Value: "?"}
	switch {
	case r.Known:
		l.Value = FormatCount(r.Value)
		if r.From == FromHPA {
			l.Value = "~" + l.Value
		}
		l.State, l.Word = LinkOK, "has work"
		if r.Value == 0 {
			l.State, l.Word = LinkIdle, "empty"
		} else if r.Value <= r.ActivationTarget {
			l.State, l.Word = LinkWaiting, "below activation"
		}
	case r.Err != "":
		l.State, l.Word = LinkBroken, "unreachable"
	case r.Trigger.Queue == nil:
		l.State, l.Word = LinkUnknown, "not measured"
	}
	return l
}

// Reading is the trigger that the chain is drawn for: the one with the most
// replicas to ask for, among those known, else the first.
func (c Chain) Reading() Reading {
	best, bestWant := 0, -1.0
	for i, r := range c.Readings {
		if !r.Known || r.Target <= 0 {
			continue
		}
		if want := r.Value / r.Target; want > bestWant {
			best, bestWant = i, want
		}
	}
	if len(c.Readings) == 0 {
		return Reading{}
	}
	return c.Readings[best]
}

// Name is what to call the trigger's source: the key for Redis, else the
// trigger's own name or its type.
func (r Reading) Name() string {
	if r.Trigger.Queue != nil {
		return r.Trigger.Queue.Key
	}
	return orElse(r.Trigger.Name, r.Trigger.Type)
}

func kedaLink(c Chain) Link {
	l := Link{Name: "KEDA"}
	so := c.ScaledObject
	active, ready := so.Conditions.Get("Active"), so.Conditions.Get("Ready")
	switch {
	case so.FullyPaused():
		l.State, l.Value, l.Word = LinkWaiting, "paused", "paused"
	case ready.False():
		l.State, l.Value, l.Word = LinkBroken, "not ready", orElse(ready.Reason, "not ready")
	case so.Conditions.Get("Fallback").True():
		l.State, l.Value, l.Word = LinkBroken, "fallback", "source failing"
	case c.Decision.Stale:
		l.State, l.Value, l.Word = LinkBroken, "lost source", "status is old"
	case active.True():
		l.State, l.Value, l.Word = LinkOK, "active", "active"
	case active.Reason == "ScalerCooldown":
		l.State, l.Value, l.Word = LinkWaiting, "cooldown", "cooling down"
	case active.False():
		l.State, l.Value, l.Word = LinkIdle, "inactive", "nothing to do"
	default:
		l.State, l.Value, l.Word = LinkUnknown, "?", "no status yet"
	}
	return l
}

func hpaLink(c Chain) Link {
	l := Link{Name: "HPA", Value: "?", Word: "unknown"}
	h := c.HPA
	if h == nil {
		switch {
		case c.ScaledObject.FullyPaused():
			l.State, l.Value, l.Word = LinkWaiting, "none", "removed while paused"
		case c.HPAStatus.State == Forbidden:
			l.State, l.Word = LinkUnknown, "not permitted"
		case c.HPAStatus.State == Synced:
			l.State, l.Value, l.Word = LinkWaiting, "none", "not made yet"
		}
		return l
	}
	sa := h.Conditions.Get("ScalingActive")
	switch {
	case sa.False() && sa.Reason == "ScalingDisabled", c.Workload != nil && c.Workload.Desired == 0:
		l.State, l.Value, l.Word = LinkIdle, "resting", "resting at zero"
	case sa.False():
		l.State, l.Value, l.Word = LinkBroken, "no metric", orElse(sa.Reason, "no metric")
	case !h.StatusEverSynced:
		l.State, l.Value, l.Word = LinkWaiting, "starting", "no sync yet"
	default:
		l.State, l.Value, l.Word = LinkOK, "wants "+itoa(h.DesiredReplicas), "in range"
		if c.Workload != nil && h.DesiredReplicas != c.Workload.Desired {
			l.State, l.Word = LinkWaiting, "before next sync"
		}
		switch h.Conditions.Get("ScalingLimited").Reason {
		case "TooManyReplicas":
			l.Word = "at max"
		case "ScaleUpLimit":
			l.State, l.Word = LinkWorking, "ramping"
		case "ScaleDownLimit":
			l.State, l.Word = LinkWorking, "stepping down"
		}
		if r := h.Conditions.Get("AbleToScale"); r.Reason == "ScaleDownStabilized" {
			l.State, l.Word = LinkWaiting, "holding"
		} else if r.False() {
			l.State, l.Word = LinkBroken, r.Reason
		}
	}
	return l
}

func workloadLink(c Chain) Link {
	l := Link{Name: c.ScaledObject.ScaleTarget.Name, Value: "?", Word: "unknown"}
	w := c.Workload
	switch {
	case w == nil && c.WorkloadStatus.State == Synced:
		l.State, l.Value, l.Word = LinkBroken, "missing", "does not exist"
	case w == nil && c.WorkloadStatus.State == Forbidden:
		l.Word = "not permitted"
	case w != nil:
		l.Value = itoa(w.Current) + "/" + itoa(w.Desired)
		l.State, l.Word = LinkOK, "complete"
		switch {
		case w.Conditions.Get("ReplicaFailure").True():
			l.State, l.Word = LinkBroken, "cannot create pods"
		case w.Desired == 0 && w.Current == 0:
			l.State, l.Word = LinkIdle, "at zero"
		case w.Current < w.Desired:
			l.State, l.Word = LinkWorking, "creating pods"
		case w.Current > w.Desired:
			l.State, l.Word = LinkWorking, "removing pods"
		}
	}
	return l
}

func podsLink(c Chain) Link {
	l := Link{Name: "pods", Value: "?", Word: "unknown"}
	if c.Ready == nil {
		if c.PodStatus.State == Forbidden {
			l.Word = "not permitted"
		}
		return l
	}
	l.Value = itoa(*c.Ready) + " ready"
	l.State, l.Word = LinkOK, "all ready"
	switch {
	case c.Counts[PodFailing] > 0:
		l.State, l.Word = LinkBroken, plural(int64(c.Counts[PodFailing]), "pod")+" failing"
	case c.Workload != nil && *c.Ready < c.Workload.Desired:
		l.State, l.Word = LinkWorking, "starting"
	case c.Counts[PodTerminating] > 0:
		l.State, l.Word = LinkWorking, "stopping"
	case *c.Ready == 0:
		l.State, l.Word = LinkIdle, "none"
	}
	return l
}

// JobDepth is the newest measured depth of a ScaledJob's queues together;
// false when one of them is not known.
func (s *Store) JobDepth(j ScaledJob) (float64, bool) {
	sum, n := 0.0, 0
	for _, t := range j.Triggers {
		if t.Queue == nil {
			continue
		}
		q := s.queues[*t.Queue]
		if q == nil || q.last.Err != "" {
			return 0, false
		}
		sum += float64(q.last.N)
		n++
	}
	return sum, n > 0
}
