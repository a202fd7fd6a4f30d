package store

import (
	"slices"
	"time"

	"github.com/kscope/kscope"
)

func (s *Store) applyScaledObject(at time.Time, f *kscope.ScaledObject, active time.Time) scope {
	if !s.lives(kscope.ScaledObjects, f.Ref, f.UID, at) {
		return nothing
	}
	old := s.objects[f.Ref]
	switch {
	case old == nil || old.UID != f.UID && !at.Before(old.at):
		if old != nil {
			s.unindex(old)
		}
		o := &object{ScaledObject: f, at: at, firstSeen: at, active: active, firstActive: active, polled: at}
		o.told.first(*f)
		s.objects[f.Ref] = o
		s.index(o)
		s.join(f.Ref)
		s.touch(o, anything)
		return anything
	case old.UID != f.UID:
		return nothing
	}
	if at.Before(old.firstSeen) {
		old.firstSeen, old.firstActive = at, active
	}
	if active.After(old.active) || active.Equal(old.active) && at.Before(old.polled) {
		old.polled = at
	}
	if at.Before(old.at) {
		return nothing
	}
	if f == old.ScaledObject {
		old.active, old.at = active, at // what is known already is kept, and not twice
		s.touch(old, notRow)
		return notRow
	}
	for _, e := range old.told.news(at, *old.ScaledObject, *f) {
		old.add(e)
	}
	moved := old.ScaleTarget != f.ScaleTarget || old.HPAName != f.HPAName || !slices.EqualFunc(old.Triggers, f.Triggers, sameQueue)
	if moved {
		s.unindex(old)
	}
	old.ScaledObject, old.active, old.at = f, active, at
	if moved {
		s.index(old)
	}
	s.touch(old, anything)
	return anything
}

func (s *Store) applyScaledJob(at time.Time, f *kscope.ScaledJob) bool {
	old, had := s.jobs[f.Ref]
	if had && at.Before(old.at) || !s.lives(kscope.ScaledJobs, f.Ref, f.UID, at) {
		return false
	}
	s.jobs[f.Ref] = scaledJob{f, at}
	s.jobsChanged = s.total.All
	if !had {
		s.members = s.total
	}
	return true
}

func (s *Store) applyHPA(at time.Time, f *kscope.HPA) bool {
	old := s.hpas[f.Ref]
	if old != nil && at.Before(old.at) || !s.lives(kscope.HPAs, f.Ref, f.UID, at) {
		return false
	}
	if old == nil || old.OwnerUID != f.OwnerUID {
		if old != nil {
			s.touchHPA(old.HPA, anything)
			without(s.owned, old.OwnerUID, f.Ref)
		}
		s.indexHPA(f)
	}
	if old != nil && old.UID == f.UID {
		if o := s.byUID[f.OwnerUID]; o != nil && f.OwnerUID != "" {
			for _, e := range hpaEntries(at, *old.HPA, *f) {
				o.add(e)
			}
		}
	}
	s.hpas[f.Ref] = &hpa{f, at}
	s.touchHPA(f, anything)
	return true
}

func (s *Store) applyWorkload(at time.Time, f *kscope.Workload) bool {
	key := workKey{f.Kind, f.Ref}
	w := s.work[key]
	if w != nil && at.Before(w.at) || !s.lives(kindOf(f.Kind), f.Ref, f.UID, at) {
		return false
	}
	isNew := w == nil || w.UID != f.UID
	moved := isNew || !sameSelector(w.Selector, f.Selector)
	if w != nil && moved {
		s.pods.leave(w)
	}
	if isNew {
		w = &workload{}
		w.ready.Keep, w.desired.Keep = Keep, Keep
		s.work[key] = w
	} else {
		entries := workloadEntries(at, *w.Workload, *f)
		for _, o := range s.byTarget[key] {
			for _, e := range entries {
				o.add(e)
			}
		}
	}
	w.Workload, w.at = f, at
	if moved {
		s.pods.join(w)
	}
	w.record(at)
	s.touchWorkload(w)
	return true
}

// record puts the present numbers into the series.
func (w *workload) record(at time.Time) {
	w.desired.Add(at, float64(w.Desired))
	if w.Ready != nil {
		w.ready.Add(at, float64(*w.Ready))
	}
}

func (s *Store) applyPod(at time.Time, f *kscope.Pod) bool {
	if !s.lives(kscope.Pods, f.Ref, f.UID, at) {
		return false
	}
	p, was, ok := s.pods.put(at, f)
	if ok {
		s.touchWorkload(was)
		s.recordPods(at, p.owner)
	}
	return ok
}
