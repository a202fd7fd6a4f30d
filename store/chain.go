package store

import (
	"time"

	"github.com/kscope/kscope"
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
