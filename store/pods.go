package store

import (
	"maps"
	"sort"
	"time"

	"github.com/kscope/kscope"
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
	pending []*pod             // new, or with new labels, since the last link
	fresh   map[*workload]bool // new, or with a new selector, since the last link
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
	case p == nil:
		p = &pod{Pod: f, first: thereSince(at, f), since: nano(at)}
		x.byRef[f.Ref] = p
		x.queue(p)
	case at.Before(p.at):
		return p, was, false
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

// list gives a workload's pods, oldest first, so that each keeps its place in
// the lane while others come and go.
func (w *workload) list() []kscope.Pod {
	out := make([]kscope.Pod, 0, len(w.pods))
	for _, p := range w.pods {
		out = append(out, *p.Pod)
	}
	sort.Slice(out, func(i, j int) bool {
		if !out[i].Created.Equal(out[j].Created) {
			return out[i].Created.Before(out[j].Created)
		}
		return out[i].Ref.Name < out[j].Ref.Name
	})
	return out
}

// ailing finds an example of the pods that fail: the one whose name comes first
// among those with the reason that most of them have.
func (w *workload) ailing() *kscope.Pod {
	if w.counts[kscope.PodFailing] == 0 {
		return nil
	}
	times, found := map[string]int{}, (*kscope.Pod)(nil)
	for _, p := range w.pods {
		if p.State() == kscope.PodFailing {
			times[p.Reason]++
		}
	}
	for _, p := range w.pods {
		if p.State() != kscope.PodFailing {
			continue
		}
		if found == nil || times[p.Reason] > times[found.Reason] || times[p.Reason] == times[found.Reason] &&
			(p.Reason < found.Reason || p.Reason == found.Reason && p.Ref.Less(found.Ref)) {
			one := *p.Pod
			found = &one
		}
	}
	return found
}
