package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// Plight is what of a chain no single object of it says: who else has a hand in
// it, what the cluster complains of, and which pods stand out. Nothing in it is
// measured against the present, so that it changes with facts only.
type Plight struct {
	Rivals   []Rival   // who else scales the same target, in order of their IDs
	Warnings []Warning // about the object, its HPA and its target, the newest of each reason; newest first
	Writes   []Write   // of the target's replicas, newest first
	// Bounds is since when the object and its HPA have asked for the least and the
	// most replicas that they ask for; zero without an HPA.
	Bounds  time.Time
	Resumed time.Time // when a pause of the object ended last; zero if none was seen to
	// Refusals are those of KEDA and of the HPA that may not set the replicas, when they said
	// last that they could not; none while they say so.
	Refusals []Refusal
	// ActiveSince is since when KEDA has said without a break that a trigger is
	// active; zero while it does not.
	ActiveSince time.Time

	Slow       *kscope.Pod // the oldest that was never ready and does not fail; nil for none
	Restarting *kscope.Pod // of those whose containers ended and that are not well again, the one that ended most often; nil if there is none
	Leaving    *kscope.Pod // the one whose grace period ends first; nil if none was told to stop
}

// Rival is another object that scales the same target, and since when both are
// known.
type Rival struct {
	kscope.ID
	Since time.Time
}

// Write is a change of the replicas that somebody is known to have made: the API
// server noted who.
type Write struct {
	At       time.Time
	By       string // the field manager
	From, To int32
}

// writesKept is how many of them are remembered.
const writesKept = 8

// wrote remembers who wrote the replicas, where that is no trace of an earlier
// write.
func (w *workload) wrote(at time.Time, is *kscope.Workload) {
	if was := w.Workload; is.Desired == was.Desired || is.SetBy == "" || is.SetBy == was.SetBy && is.SetAt.Equal(was.SetAt) {
		return
	}
	old := w.writes[:min(len(w.writes), writesKept-1)]
	w.writes = append([]Write{{at, is.SetBy, w.Desired, is.Desired}}, old...) // anew: chains share the old one
}

// Warning is an event of that type, and when it was heard of last by the clock
// of the stream, its own time where it was there before.
type Warning struct {
	*kscope.Event
	Heard time.Time
}

// plight is that of an object with this HPA and this workload, nil for none.
func (s *Store) plight(o *object, h *kscope.HPA, w *workload) Plight {
	p := Plight{Rivals: s.rivals(o), Warnings: s.warnings(o, h), Resumed: o.resumed}
	if o.told.active == "True" {
		p.ActiveSince = o.told.since
	}
	if h != nil && o.so != nil {
		p.Bounds = later(o.bounds, s.hpas[h.Ref].bounds)
	}
	if w != nil {
		p.Writes = w.writes
	}
	for _, r := range [2]Refusal{o.told.refused, s.refusedHPA(h)} {
		if !r.Until.IsZero() {
			p.Refusals = append(p.Refusals, r)
		}
	}
	if w != nil && s.podsAsOf(w).IsZero() {
		w.standOut(&p, s.now)
	}
	return p
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// rivals are those that scale the same target and are not held back from it.
func (s *Store) rivals(o *object) []Rival {
	if o.job != nil {
		return nil
	}
	var out []Rival
	for _, other := range s.byTarget[o.workKey()] {
		if other == o || other.so != nil && (other.so.FullyPaused() || other.so.Deleting) {
			continue
		}
		out = append(out, Rival{other.ID, later(o.there(), other.there())})
	}
	slices.SortFunc(out, func(a, b Rival) int { return byID(a.ID, b.ID) })
	return out
}

// there is since when an object has been there: since it was made, where that was
// long before it was first seen, so that clocks that differ do not matter.
func (o *object) there() time.Time {
	made := time.Time{}
	switch {
	case o.so != nil:
		made = o.so.Created
	case o.job != nil:
		made = o.job.Created
	}
	if !made.IsZero() && o.firstSeen.Sub(made) > time.Minute {
		return made
	}
	return o.firstSeen
}

// touchTarget is touch for all that scale a target, if they are several: each is
// the others' rival.
func (s *Store) touchTarget(key workKey) {
	if all := s.byTarget[key]; len(all) > 1 {
		for _, o := range all {
			s.touch(o, anything)
		}
	}
}

func (s *Store) warnings(o *object, h *kscope.HPA) []Warning {
	var out []Warning
	for _, key := range o.regarded(h) {
		if key.Name == "" {
			continue
		}
		for _, ev := range s.events[key] {
			if ev.Type != "Warning" {
				continue
			}
			w := Warning{ev.Event, ev.Last}
			if !ev.heard.IsZero() {
				w.Heard = ev.heard
			}
			i := slices.IndexFunc(out, func(x Warning) bool { return x.Reason == ev.Reason && x.Regarding.Kind == ev.Regarding.Kind })
			switch {
			case i < 0:
				out = append(out, w)
			case out[i].Heard.Before(w.Heard):
				out[i] = w
			}
		}
	}
	slices.SortFunc(out, func(a, b Warning) int { return cmp.Or(b.Heard.Compare(a.Heard), cmp.Compare(a.UID, b.UID)) })
	return out
}

// regarded is what events about an object with this HPA are about: itself, its
// target, its HPA. Without a name there is none.
func (o *object) regarded(h *kscope.HPA) (out [3]kscope.ObjectRef) {
	on := func(i int, kind string, ref kscope.Ref) {
		out[i] = kscope.ObjectRef{Kind: kind, Namespace: ref.Namespace, Name: ref.Name}
	}
	switch {
	case o.so != nil:
		on(0, "ScaledObject", o.Ref)
	case o.job != nil:
		on(0, "ScaledJob", o.Ref)
	}
	if t := o.target(); t.Name != "" {
		on(1, t.Kind, o.workKey().ref)
	}
	if h != nil {
		on(2, "HorizontalPodAutoscaler", h.Ref)
	}
	return out
}

// standOut finds the pods that stand out, in one pass.
func (w *workload) standOut(p *Plight, now time.Time) {
	var slow, restarting, leaving *kscope.Pod
	for _, x := range w.pods {
		is, state := x.Pod, x.State()
		switch state {
		case kscope.PodStarting, kscope.PodPending:
			if slow == nil || first(is.Created.Compare(slow.Created), is, slow) {
				slow = is
			}
		case kscope.PodTerminating:
			if leaving == nil || first(is.Deleted.Compare(leaving.Deleted), is, leaving) {
				leaving = is
			}
		}
		if is.Restarts == 0 || !Unsteady(is, now) || state == kscope.PodTerminating || state == kscope.PodFinished {
			continue
		}
		if restarting == nil || first(cmp.Compare(restarting.Restarts, is.Restarts), is, restarting) {
			restarting = is
		}
	}
	p.Slow, p.Restarting, p.Leaving = copied(slow), copied(restarting), copied(leaving)
}

// Steadied is how long a container that was started again has to run before it is taken
// to be well.
const Steadied = time.Minute

// Unsteady reports whether a pod whose containers ended is not known to be well again.
func Unsteady(p *kscope.Pod, now time.Time) bool {
	if p.ReadySince.IsZero() {
		return p.State() != kscope.PodReady // else nobody knows since when
	}
	return now.Sub(p.ReadySince) < Steadied
}

// first is whether a pod comes before another by some order, and of equals by its
// name.
func first(by int, a, b *kscope.Pod) bool { return by < 0 || by == 0 && a.Ref.Less(b.Ref) }

func copied(p *kscope.Pod) *kscope.Pod {
	if p == nil {
		return nil
	}
	is := *p
	return &is
}
