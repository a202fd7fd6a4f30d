package kscope

import (
	"slices"
	"sort"
)

// PodState is where a pod is in its life, as far as scaling cares.
type PodState int

// The states of a pod, in the order in which the lane shows them.
const (
	PodReady       PodState = iota
	PodStarting             // taken by a node, not ready yet
	PodPending              // waiting for a node
	PodFailing              // cannot start, or keeps stopping
	PodTerminating          // was told to stop
	PodFinished             // Succeeded or Failed; holds no replica
	podStates
)

// String is the word for the state.
func (p PodState) String() string {
	return [...]string{"ready", "starting", "pending", "failing", "terminating", "finished"}[p]
}

// failing are the reasons that do not pass by themselves soon.
var failing = map[string]bool{
	"CrashLoopBackOff": true, "ErrImagePull": true, "ImagePullBackOff": true, "InvalidImageName": true,
	"ErrImageNeverPull": true, "CreateContainerConfigError": true, "CreateContainerError": true,
	"RunContainerError": true, "OOMKilled": true, "Error": true, "Unschedulable": true, "Evicted": true,
	"ContainerCannotRun": true, "StartError": true, "DeadlineExceeded": true,
}

// State is the pod's state.
func (p Pod) State() PodState {
	switch {
	case p.Phase == "Succeeded" || p.Phase == "Failed":
		return PodFinished
	case !p.Deleted.IsZero():
		return PodTerminating
	case p.Ready:
		return PodReady
	case failing[p.Reason]:
		return PodFailing
	case !p.Scheduled:
		return PodPending
	}
	return PodStarting
}

// PodCounts counts pods by state.
type PodCounts [podStates]int

// Alive is the number of pods that are there and not finished.
func (c PodCounts) Alive() int {
	return c[PodReady] + c[PodStarting] + c[PodPending] + c[PodFailing] + c[PodTerminating]
}

// pod is a pod and the workload that selects it, nil if none does.
type pod struct {
	Pod
	owner *workload
}

// podIndex holds the pods and knows which workload each belongs to. Links are
// made when they are next asked for, since pods and workloads arrive in any
// order and many at a time.
type podIndex struct {
	byRef   map[Ref]*pod
	pending []*pod // new, or with new labels, since the last link
	relink  bool   // a selector came, went or changed: link everything again
	byLabel map[labelKey][]*workload
}

// labelKey is one label of a namespace. Almost every selector demands some
// exact label, so workloads are looked up by the first that theirs does.
type labelKey struct{ namespace, key, value string }

func newPodIndex() podIndex {
	return podIndex{byRef: map[Ref]*pod{}}
}

func (x *podIndex) put(f Pod) {
	p := x.byRef[f.Ref]
	if p == nil {
		p = &pod{Pod: f}
		x.byRef[f.Ref] = p
		x.pending = append(x.pending, p)
		return
	}
	if p.UID != f.UID || !sameLabels(p.Labels, f.Labels) {
		p.unlink()
		p.Pod = f
		x.pending = append(x.pending, p)
		return
	}
	if p.owner != nil {
		p.owner.counts[p.State()]--
		p.owner.counts[f.State()]++
	}
	p.Pod = f
}

func (x *podIndex) drop(ref Ref, uid string) {
	p := x.byRef[ref]
	if p == nil || !sameUID(p.UID, uid) {
		return
	}
	p.unlink()
	delete(x.byRef, ref)
	if i := slices.Index(x.pending, p); i >= 0 {
		x.pending = slices.Delete(x.pending, i, i+1)
	}
}

func (p *pod) unlink() {
	if w := p.owner; w != nil {
		w.counts[p.State()]--
		delete(w.pods, p.Ref)
		p.owner = nil
	}
}

// link gives every pod its workload.
func (s *Store) link() {
	x := &s.pods
	if x.relink {
		x.relink = false
		x.byLabel = map[labelKey][]*workload{}
		for _, w := range s.work {
			w.counts, w.pods = PodCounts{}, map[Ref]*pod{}
			for _, r := range w.Selector {
				if r.Operator == In && len(r.Values) == 1 {
					key := labelKey{w.Ref.Namespace, r.Key, r.Values[0]}
					x.byLabel[key] = append(x.byLabel[key], w)
					break
				}
			}
		}
		x.pending = x.pending[:0]
		for _, p := range x.byRef {
			p.owner = nil
			x.pending = append(x.pending, p)
		}
	}
	for _, p := range x.pending {
		s.linkPod(p)
	}
	x.pending = x.pending[:0]
}

func (s *Store) linkPod(p *pod) {
	if p.owner != nil {
		return
	}
	for k, v := range p.Labels {
		for _, w := range s.pods.byLabel[labelKey{p.Ref.Namespace, k, v}] {
			if w.Selector.Matches(p.Labels) {
				p.owner = w
				w.pods[p.Ref] = p
				w.counts[p.State()]++
				return
			}
		}
	}
}

// list gives a workload's pods, oldest first, so that each keeps its place in
// the lane while others come and go.
func (w *workload) list() []Pod {
	out := make([]Pod, 0, len(w.pods))
	for _, p := range w.pods {
		out = append(out, p.Pod)
	}
	sort.Slice(out, func(i, j int) bool {
		if !out[i].Created.Equal(out[j].Created) {
			return out[i].Created.Before(out[j].Created)
		}
		return out[i].Ref.Name < out[j].Ref.Name
	})
	return out
}

func sameLabels(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

func sameSelector(a, b Selector) bool {
	return slices.EqualFunc(a, b, func(x, y Requirement) bool {
		return x.Key == y.Key && x.Operator == y.Operator && slices.Equal(x.Values, y.Values)
	})
}
