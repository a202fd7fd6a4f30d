package store

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// pod is a pod and the workload that selects it, nil if none does.
type pod struct {
	*kscope.Pod
	at     time.Time // of the newest fact
	owner  *workload
	place  int  // in its list
	queued bool // in pending
	gone   bool
	timed  bool     // how long it took to start is known
	came   PodStage // how far, of what is in the milestones; one more than the last stage it reached

	// In nanoseconds, since there are many pods.
	first  int64       // since when it has been there
	since  int64       // since when it has been in its state
	failed int64       // when it was failing last; 0 if it never was
	ailed  *kscope.Pod // as it was then
}

// podIndex holds the pods and knows which workload each belongs to. Links are
// made at the end of an Apply, since pods and workloads arrive in any order and
// many at a time.
type podIndex struct {
	byRef   map[kscope.Ref]*pod
	tallies map[triggers.Pods]*tally // what triggers count of them; nil while none does
	pending []*pod                   // new, or with new labels, since the last link
	fresh   map[*workload]bool       // new, or with a new selector, since the last link
	byLabel map[labelKey][]*workload
}

func newPodIndex() podIndex {
	return podIndex{byRef: map[kscope.Ref]*pod{}, fresh: map[*workload]bool{}, byLabel: map[labelKey][]*workload{}}
}

// join takes in a workload as it is now.
func (x *podIndex) join(w *workload) {
	x.byLabel[w.labelKey()] = append(x.byLabel[w.labelKey()], w)
	x.fresh[w] = true
}

// leave takes out a workload, whose pods have to find another.
func (x *podIndex) leave(w *workload) {
	without(x.byLabel, w.labelKey(), w)
	delete(x.fresh, w)
	for _, p := range w.pods {
		p.owner = nil
		x.queue(p)
	}
	w.pods = nil
	w.counts = kscope.PodCounts{}
}

// queue has a pod linked when links are next asked for.
func (x *podIndex) queue(p *pod) {
	if !p.queued {
		p.queued = true
		x.pending = append(x.pending, p)
	}
}

// put takes a fact about a pod, and says whose it was; false if a newer one is
// known.
func (x *podIndex) put(at time.Time, f *kscope.Pod) (p *pod, was *workload, ok bool) {
	p = x.byRef[f.Ref]
	if p != nil {
		was = p.owner
	}
	switch {
	case p != nil && at.Before(p.at):
		return p, was, false
	}
	x.count(p, f)
	switch {
	case p == nil:
		p = &pod{Pod: f, first: thereSince(at, f), since: nano(at)}
		x.byRef[f.Ref] = p
		x.queue(p)
	case p.UID != f.UID || p.OwnerUID != f.OwnerUID || !maps.Equal(p.Labels, f.Labels):
		p.unlink()
		x.queue(p)
	case p.owner != nil:
		p.owner.counts[p.State()]--
		p.owner.counts[f.State()]++
	}
	p.become(at, f)
	return p, was, true
}

func (x *podIndex) drop(p *pod) {
	p.unlink()
	x.count(p, nil)
	p.gone = true
	delete(x.byRef, p.Ref)
}

func (p *pod) unlink() {
	if w := p.owner; w != nil {
		w.counts[p.State()]--
		n := len(w.pods) - 1
		w.pods[p.place], w.pods[n].place = w.pods[n], p.place
		w.pods[n], w.pods = nil, w.pods[:n]
		p.owner = nil
	}
}

// tally is what triggers count of the pods.
type tally struct {
	triggers.PodTally
	of   []*object // whose triggers these are
	past Series    // of the number, where all pods are known
}

// count has the tallies go by what a pod is now instead of what it was; nil for none.
func (x *podIndex) count(was *pod, is *kscope.Pod) {
	for of, t := range x.tallies {
		if was != nil && of.Namespace == was.Ref.Namespace {
			t.Add(was.Pod, -1)
		}
		if is != nil && of.Namespace == is.Ref.Namespace {
			t.Add(is, 1)
		}
	}
}

// tallyFor has pods counted for an object from now on, as far as its triggers do.
func (s *Store) tallyFor(o *object) {
	for _, trigger := range o.triggers() {
		of, selector, ok := triggers.PodsOf(o.Namespace, trigger)
		if !ok {
			continue
		}
		x := &s.pods
		t := x.tallies[of]
		if t == nil {
			t = &tally{PodTally: of.Tally(selector)}
			t.past.Keep = Keep
			for _, p := range x.byRef {
				if p.Ref.Namespace == of.Namespace {
					t.Add(p.Pod, 1)
				}
			}
			if x.tallies == nil {
				x.tallies = map[triggers.Pods]*tally{}
			}
			x.tallies[of] = t
			s.recordTally(s.now, t)
		}
		if !slices.Contains(t.of, o) {
			t.of = append(t.of, o)
		}
	}
}

// untally is the end of that. The counting goes on for a while, since whoever changes
// something of a trigger still counts the same, as a rule.
func (x *podIndex) untally(o *object) {
	for _, t := range x.tallies {
		t.of = slices.DeleteFunc(t.of, func(x *object) bool { return x == o })
	}
}

// recordTally puts the present number into the series, if all pods are known, and notes
// whose it is that it has changed.
func (s *Store) recordTally(at time.Time, t *tally) {
	if !s.status(kscope.Pods).Current() {
		return
	}
	if was, _ := t.past.Last(); was != t.Value() {
		for _, o := range t.of {
			s.touch(o, anything)
		}
	}
	t.past.Add(at, t.Value())
}

// recordTallies is that for all of a namespace, "" for all of all.
func (s *Store) recordTallies(at time.Time, namespace string) {
	for of, t := range s.pods.tallies {
		if namespace == "" || namespace == of.Namespace {
			s.recordTally(at, t)
		}
	}
}

// tallied has a reading by the pods that it counts, or why that is not known; nothing for
// a trigger that counts none. It has a chart where no trigger has a queue.
func (s *Store) tallied(r *Reading, namespace string, w *kscope.Workload, chart bool) {
	of, _, ok := triggers.PodsOf(namespace, r.Trigger)
	t := s.pods.tallies[of]
	if !ok || t == nil {
		return
	}
	r.Past = t.past.view()
	if chart {
		b := of.Backlog()
		r.Trigger.Backlog = &b
	}
	if st := s.status(kscope.Pods); !st.Current() {
		r.Err, r.Hint = cmp.Or(st.Message, "its pods are not known: "+string(cmp.Or(st.State, kscope.Connecting))), st.Hint
		return
	}
	r.Past.Extend(s.now)
	r.Value, r.Known, r.From, r.Still = t.Value(), true, FromPods, r.Past.Still()
	if w != nil && w.Desired == 0 { // where it matters
		r.Waiting = r.Past.Above(r.ActivationTarget)
	}
}

// recordPods puts the number of pods into the series of a workload, if all pods
// are known, and that of the ready ones where it does not say that itself.
func (s *Store) recordPods(at time.Time, w *workload) {
	if w == nil || !s.status(kscope.Pods).Current() {
		return
	}
	w.alive.Add(at, float64(w.counts.Alive()))
	if w.Ready == nil {
		w.ready.Add(at, float64(w.counts[kscope.PodReady]))
	}
}

// Pods lists the pods that an object's workload has now, oldest first: none
// while that is not known.
func (s *Store) Pods(id kscope.ID) []kscope.Pod {
	pods, asOf := s.LastPods(id)
	if !asOf.IsZero() {
		return nil
	}
	return pods
}

// LastPods is the same as it was known last, and when that was: the zero time
// for now.
func (s *Store) LastPods(id kscope.ID) (pods []kscope.Pod, asOf time.Time) {
	o := s.objects[id]
	if o == nil {
		return nil, time.Time{}
	}
	w := s.work[o.workKey()]
	if w == nil {
		return nil, time.Time{}
	}
	return w.list(), s.podsAsOf(w)
}

// podsAsOf is when the pods of a workload were known last, the zero time for
// now. Which these are is the workload's to say.
func (s *Store) podsAsOf(w *workload) time.Time {
	asOf := s.status(kindOf(w.Kind)).asOf(w.at)
	if st := s.status(kscope.Pods); !st.Current() {
		seen := time.Time{}
		for _, p := range w.pods {
			if p.at.After(seen) {
				seen = p.at
			}
		}
		if seen = st.asOf(seen); asOf.IsZero() || seen.Before(asOf) {
			asOf = seen
		}
		if asOf.IsZero() {
			asOf = st.Since // none was ever seen
		}
	}
	return asOf
}
