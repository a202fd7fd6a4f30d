package store

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

func (s *Store) applyScaledObject(at time.Time, f *kscope.ScaledObject, active time.Time) scope {
	if !s.lives(kscope.ScaledObjects, f.Ref, f.UID, at) {
		return nothing
	}
	id := kscope.ID{Kind: kscope.ScaledObjects, Ref: f.Ref}
	old := s.objects[id]
	switch {
	case old == nil || old.so.UID != f.UID && !at.Before(old.at):
		if old != nil {
			s.unindex(old)
			defer s.rows(old.so.UID, old.hpaRef())
		}
		o := &object{ID: id, so: f, at: at, firstSeen: at, active: active, firstActive: active, polled: at, bounds: at, crons: cronsOf(f.Triggers), formula: formulaOf(f)}
		o.acts.Keep = Keep
		o.told.first(at, *f)
		o.act(at)
		s.join(o)
		s.rows(f.UID, o.hpaRef())
		s.touch(o, anything)
		return anything
	case old.so.UID != f.UID:
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
	if f == old.so {
		old.active, old.at = active, at // what is known already is kept, and not twice
		s.touch(old, notRow)
		return notRow
	}
	for _, e := range old.told.news(at, *old.so, *f) {
		old.add(e)
	}
	if old.so.MinReplicaCount != f.MinReplicaCount || old.so.MaxReplicaCount != f.MaxReplicaCount || old.so.FullyPaused() != f.FullyPaused() {
		old.bounds = at
	}
	if old.so.FullyPaused() && !f.FullyPaused() || old.so.PausedScaleOut && !f.PausedScaleOut {
		old.resumed = at
	}
	old.look(at, f)
	old.act(at)
	moved := old.so.ScaleTarget != f.ScaleTarget || old.so.HPAName != f.HPAName || !slices.EqualFunc(old.so.Triggers, f.Triggers, sameQueue)
	was := old.hpaRef()
	s.touchTarget(old.workKey())
	if moved {
		s.unindex(old)
	}
	if old.so.ScaleTarget != f.ScaleTarget {
		old.aims = at
	}
	if !slices.EqualFunc(old.so.Triggers, f.Triggers, sameSchedule) {
		old.crons, old.scheduled = cronsOf(f.Triggers), at
		old.formula = formulaOf(f)
	}
	old.so, old.active, old.at = f, active, at
	if moved {
		s.index(old)
		s.rows("", was)
		s.rows("", old.hpaRef())
		s.touchTarget(old.workKey())
	}
	s.touch(old, anything)
	return anything
}

// look notes when KEDA's loop looked: it writes at once what it finds, if that is
// not what it found before. With another interval it begins anew, and nobody sees
// when.
func (o *object) look(at time.Time, is *kscope.ScaledObject) {
	was, now := o.so.Conditions.Get("Active"), is.Conditions.Get("Active")
	switch {
	case o.so.PollingInterval != is.PollingInterval:
		o.looked = time.Time{}
	case was.Status != "" && (was.Status != now.Status || was.Reason != now.Reason):
		o.looked = at
	}
}

// lookForJobs is the same for a ScaledJob, of which each poll shows while it is active.
func (o *object) lookForJobs(at time.Time, was *kscope.ScaledJob) {
	before, now := was.Conditions.Get("Active"), o.job.Conditions.Get("Active")
	switch {
	case was.PollingInterval != o.job.PollingInterval:
		o.looked = time.Time{}
	case before.Status != "" && before.Status != now.Status, !was.LastActiveTime.Equal(o.job.LastActiveTime):
		o.looked = at
	}
}

func (s *Store) applyScaledJob(at time.Time, f *kscope.ScaledJob) bool {
	id := kscope.ID{Kind: kscope.ScaledJobs, Ref: f.Ref}
	old := s.objects[id]
	if old != nil && at.Before(old.at) || !s.lives(kscope.ScaledJobs, f.Ref, f.UID, at) {
		return false
	}
	o := &object{ID: id, job: f, at: at, firstSeen: at, crons: cronsOf(f.Triggers)}
	if old != nil {
		s.unindex(old)
		if old.job.UID == f.UID {
			o.firstSeen, o.log, o.shared, o.looked = old.firstSeen, old.log, old.shared, old.looked
			o.lookForJobs(at, old.job)
		}
	}
	s.join(o)
	if s.status(kscope.Jobs).Current() {
		s.jobsOf(at, f.Ref)
	}
	s.touch(o, anything)
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
	is := old.next(at, f)
	is.bounds = at
	if old != nil && old.UID == f.UID && old.MinReplicas == f.MinReplicas && old.MaxReplicas == f.MaxReplicas {
		is.bounds = old.bounds
	}
	s.hpas[f.Ref] = is
	s.tellRescale(at, old, f)
	s.row(is)
	s.seeHPA(at, f)
	s.touchHPA(f, anything)
	return true
}

// seeHPA gives the row of an HPA that is nobody's what is new of it.
func (s *Store) seeHPA(at time.Time, h *kscope.HPA) {
	o := s.objects[kscope.ID{Kind: kscope.HPAs, Ref: h.Ref}]
	if o == nil || o.hpa == h {
		return
	}
	if o.hpa.UID == h.UID {
		for _, e := range hpaEntries(at, *o.hpa, *h) {
			o.add(e)
		}
	}
	moved := o.hpa.ScaleTarget != h.ScaleTarget // and what its pods serve is another's
	if moved {
		s.touchTarget(o.workKey())
		s.unindex(o)
		o.aims = at
	}
	o.hpa, o.at = h, at
	if moved {
		s.index(o)
		s.touchTarget(o.workKey())
	}
	s.touch(o, anything)
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
		w.ready.Keep, w.desired.Keep, w.alive.Keep = Keep, Keep, Keep
		s.work[key] = w
	} else {
		w.wrote(at, f)
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
	if was, _ := w.desired.Last(); was != float64(w.Desired) && !math.IsNaN(was) {
		w.milestones.turn()
	}
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
		s.recordTallies(at, f.Ref.Namespace)
		s.reach(p)
	}
	return ok
}
