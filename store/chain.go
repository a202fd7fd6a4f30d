package store

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Chain is one of [Store.Objects] with everything that is linked to it by the
// API's own references: the queue its trigger names, the HPA that KEDA made for
// it, its scale target and that target's pods. It is a copy; what is not known
// is nil or says so. What is not current, because its watch fails, is forbidden or
// has not seen all, is not known: it is in Last, with its age.
type Chain struct {
	ID           kscope.ID
	ScaledObject kscope.ScaledObject // the zero value for another kind
	ScaledJob    *kscope.ScaledJob   // nil for another kind
	HPA          *kscope.HPA
	Workload     *kscope.Workload // for a ScaledJob, what its Jobs come to: as many as run
	Counts       kscope.PodCounts
	Ailing       *kscope.Pod // one of the pods that fail, of those with the most frequent reason; nil if none does
	Jobs         JobCounts   // of a ScaledJob, where Workload and its pods are known
	JobLives     JobLives
	JobFailed    *kscope.Job // the newest of those that failed; nil if none did
	Ready        *int32      // ready replicas, by the workload or, failing that, by its pods
	Readings     []Reading   // of its triggers, in their order
	Formula      *Reading    // what is made of them, where it scales by that
	Polled       time.Time   // when KEDA's last poll showed; it shows only while active
	Watched      time.Time   // since when kscope has watched the object
	Last         Last
	Plight
	Past     Past
	Starting Starting
	Step     *Entry    // the last change of the wanted replicas that was seen, nil for none
	Told     []Telling // what was said of it

	WorkloadStatus, PodStatus, HPAStatus, KEDAStatus, EventStatus SourceStatus
	EmptySince                                                    time.Time // since when the queues of all triggers are empty; zero if they are not, or one is not known
}

// Target is what is scaled, nothing for a ScaledJob.
func (c *Chain) Target() kscope.TargetRef {
	if c.ID.Kind == kscope.HPAs {
		return c.HPA.ScaleTarget
	}
	return c.ScaledObject.ScaleTarget
}

// Max is how many replicas, or Jobs, there may be.
func (c *Chain) Max() int32 {
	switch c.ID.Kind {
	case kscope.HPAs:
		return c.HPA.MaxReplicas
	case kscope.ScaledJobs:
		return c.ScaledJob.MaxReplicaCount
	}
	return c.ScaledObject.MaxReplicaCount
}

// Triggers is what says how much work there is, none for an HPA.
func (c *Chain) Triggers() []kscope.Trigger {
	if c.ID.Kind == kscope.ScaledJobs {
		return c.ScaledJob.Triggers
	}
	return c.ScaledObject.Triggers
}

// InjectAllowed reports whether the object itself invites load.
func (c *Chain) InjectAllowed() bool {
	return c.ScaledObject.InjectAllowed || c.ScaledJob != nil && c.ScaledJob.InjectAllowed
}

// hpaOfObject finds the HPA that belongs to an object. A ScaledObject's is the
// one named by its status if that is really its own, else the one it owns.
func (s *Store) hpaOfObject(o *object) *kscope.HPA {
	switch {
	case o.hpa != nil:
		found := *o.hpa
		return &found
	case o.job != nil:
		return nil
	}
	if h := s.hpas[o.hpaRef()]; h != nil && (h.OwnerUID == o.so.UID || h.OwnerUID == "") {
		found := *h.HPA
		return &found
	}
	if refs := s.owned[o.so.UID]; len(refs) > 0 && o.so.UID != "" {
		found := *s.hpas[refs[0]].HPA
		return &found
	}
	return nil
}

// Chain gives the linked picture of an object; false if there is none of that
// name.
func (s *Store) Chain(id kscope.ID) (Chain, bool) {
	o := s.objects[id]
	if o == nil {
		return Chain{}, false
	}
	c := Chain{
		ID:             o.ID,
		HPA:            s.hpaOfObject(o),
		Watched:        o.firstSeen,
		WorkloadStatus: s.status(kindOf(o.target().Kind)),
		PodStatus:      s.status(kscope.Pods),
		HPAStatus:      s.status(kscope.HPAs),
		KEDAStatus:     s.status(kscope.ScaledObjects),
		EventStatus:    s.status(kscope.Events),
	}
	switch {
	case o.so != nil:
		c.ScaledObject = *o.so
		c.ScaledObject.LastActiveTime = o.active
	case o.job != nil:
		job := *o.job
		c.ScaledJob = &job
		c.KEDAStatus = s.status(kscope.ScaledJobs)
	}
	if !o.active.Equal(o.firstActive) {
		c.Polled = o.polled
	}
	w := s.work[o.workKey()]
	if c.Past.Looked = o.looked; c.Polled.After(o.looked) {
		c.Past.Looked = c.Polled
	}
	if c.HPA != nil {
		h := s.hpas[c.HPA.Ref]
		if c.Past.Syncs = h.syncs; c.HPAStatus.Current() && h.first.After(c.HPAStatus.Since) {
			c.Past.Born = h.first
		}
	}
	c.Past.Active = o.acts.view()
	c.Past.Active.Extend(s.now)
	s.lastStep(&c, o)
	s.linkWorkload(&c, w)
	s.age(&c, o)
	c.Readings, c.EmptySince = s.readings(o, c.HPA, c.Workload)
	c.Formula = s.combined(o, &c)
	c.Plight = s.plight(o, c.HPA, w)
	return c, true
}

// Reading is the main trigger, which every number and sentence is about that
// does not name another: the one that asks for the most replicas, as far as is
// known, and of several the first; while nothing is, the first with a queue.
func (c Chain) Reading() Reading {
	main := c.heaviest(func(Reading) bool { return true })
	switch {
	case c.Formula != nil && (main < 0 || !c.Readings[main].Direct || c.Formula.Asks() >= c.Readings[main].Asks()):
		return *c.Formula
	case main < 0:
		return Reading{}
	case c.Readings[main].Known:
		return c.Readings[main]
	}
	if i := c.heaviest(func(r Reading) bool { return r.Trigger.Backlog != nil }); i >= 0 {
		main = i // nothing is known of any: a queue will be, a share of a CPU will not
	}
	return c.Readings[main]
}

// Queued is the trigger whose queue is charted and takes load: the main one if
// it names a queue, else the heaviest of those that do; false if none does.
func (c Chain) Queued() (Reading, bool) {
	named := func(r Reading) bool { return r.Trigger.Backlog != nil }
	if main := c.Reading(); named(main) {
		return main.AsQueue(), true
	}
	if i := c.heaviest(named); i >= 0 {
		return c.Readings[i].AsQueue(), true
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

// metric is the HPA's metric that a reading is of, by its name and its place, -1 where the
// HPA has it not. Of several of one trigger it is that of which the source says that it
// counts, else the one that asks for more by what the HPA shows.
func (r *Reading) metric(o *object, h *kscope.HPA, i int) (metric string, place int) {
	names := []string{""}
	if o.so != nil {
		names = append(triggers.MetricNames(*o.so, i), "")
	}
	most := math.Inf(-1)
	for n, name := range names {
		asks, at := math.Inf(-1), placeOf(h, o.triggers(), i, name)
		switch {
		case name == "":
		case r.Scaled.Metric != "":
			if strings.HasSuffix(name, r.Scaled.Metric) {
				asks = 1
			}
		case at >= 0 && h.Metrics[at].Current != nil && h.Metrics[at].Target > 0:
			asks = *h.Metrics[at].Current / h.Metrics[at].Target
		}
		if n == 0 || asks > most {
			metric, place, most = name, at, asks
		}
	}
	return metric, place
}

// placeOf is where a metric of a trigger is among those of its HPA, -1 where it is
// none of them: by its name, or that of a resource by its turn among its like.
func placeOf(h *kscope.HPA, all []kscope.Trigger, i int, name string) int {
	if h == nil {
		return -1
	}
	if !isResource(all[i]) {
		return slices.IndexFunc(h.Metrics, func(m kscope.Metric) bool { return name != "" && m.Name == name })
	}
	turn, of := 0, func(t kscope.Trigger) bool { return t.Metadata["containerName"] != "" }
	for _, t := range all[:i] {
		if t.Type == all[i].Type && of(t) == of(all[i]) {
			turn++
		}
	}
	for place, m := range h.Metrics {
		if m.Name != all[i].Type || (m.Type == "ContainerResource") != of(all[i]) {
			continue
		}
		if turn--; turn < 0 {
			return place
		}
	}
	return -1
}
