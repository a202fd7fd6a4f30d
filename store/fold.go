package store

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// lives is false for a fact that is older than the end of what it is about.
func (s *Store) lives(kind kscope.Kind, ref kscope.Ref, uid string, at time.Time) bool {
	if len(s.gone) == 0 {
		return true
	}
	return !at.Before(s.gone[tomb{kind, ref, uid}]) && !at.Before(s.gone[tomb{kind, ref, ""}])
}

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
	if f == old.ScaledObject || f.SameButSeen(*old.ScaledObject) {
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

func sameQueue(a, b kscope.Trigger) bool {
	return a.Backlog == b.Backlog || a.Backlog != nil && b.Backlog != nil && *a.Backlog == *b.Backlog
}

// index makes a ScaledObject known by its uid, its target, its HPA and its queues.
func (s *Store) index(o *object) {
	s.byUID[o.UID] = o
	s.byTarget[o.workKey()] = append(s.byTarget[o.workKey()], o)
	s.byHPA[o.hpaRef()] = append(s.byHPA[o.hpaRef()], o)
	for _, t := range o.Triggers {
		if t.Backlog != nil && !slices.Contains(s.byQueue[*t.Backlog], o) {
			s.byQueue[*t.Backlog] = append(s.byQueue[*t.Backlog], o)
		}
	}
}

func (s *Store) unindex(o *object) {
	if s.byUID[o.UID] == o {
		delete(s.byUID, o.UID)
	}
	without(s.byTarget, o.workKey(), o)
	without(s.byHPA, o.hpaRef(), o)
	for _, t := range o.Triggers {
		if t.Backlog != nil {
			without(s.byQueue, *t.Backlog, o)
		}
	}
}

// without takes a value out of a list in a map, and the list with its last.
func without[K, V comparable](m map[K][]V, key K, v V) {
	left := slices.DeleteFunc(m[key], func(x V) bool { return x == v })
	if m[key] = left; len(left) == 0 {
		delete(m, key)
	}
}

func (o *object) workKey() workKey {
	return workKey{o.ScaleTarget.Kind, kscope.Ref{Namespace: o.Ref.Namespace, Name: o.ScaleTarget.Name}}
}

// indexHPA makes an HPA known by its owner.
func (s *Store) indexHPA(h *kscope.HPA) {
	refs := append(s.owned[h.OwnerUID], h.Ref)
	slices.SortFunc(refs, byRef)
	s.owned[h.OwnerUID] = refs
}

func (o *object) hpaRef() kscope.Ref {
	return kscope.Ref{Namespace: o.Ref.Namespace, Name: o.HPAName}
}

func (w *workload) key() workKey { return workKey{w.Kind, w.Ref} }

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

func (s *Store) applyStatus(at time.Time, source string, f kscope.Status) bool {
	key := statusKey{source, f.Kind, f.Name}
	old, had := s.statuses[key]
	if had && at.Before(old.at) {
		return false
	}
	since := at
	if had && old.State == f.State {
		since = old.Since
	}
	is := SourceStatus{Source: source, Status: f, Since: since}
	s.statuses[key] = status{is, at}
	if f.Name == "" {
		s.byKind[f.Kind] = is
	}
	changed := old.Status != f
	if f.State == kscope.Synced && f.Kind == kscope.Pods {
		changed = s.link() || changed // what is counted now is all there is
	}
	s.eventsLive = s.eventsLive || f.State == kscope.Synced && f.Kind == kscope.Events
	for key, w := range s.work {
		w.watched(at, old.State, f, kindOf(key.kind))
		if f.Kind == kscope.Pods && f.State == kscope.Synced && old.State != kscope.Synced {
			s.recordPods(at, w)
		}
	}
	if had && old.State != f.State && (old.State == kscope.Synced || f.State == kscope.Synced && old.State == kscope.Failing) {
		s.logStatus(at, source, f)
	}
	if changed {
		s.touchStatus(f)
	}
	return changed
}

// watched notes in the series of a workload that its watch, or that of the
// pods where they are what counts, became blind or sees again.
func (w *workload) watched(at time.Time, was kscope.State, is kscope.Status, kind kscope.Kind) {
	var series []*Series
	if is.Kind == kind {
		series = append(series, &w.desired)
	}
	if is.Kind == kind && w.Ready != nil || is.Kind == kscope.Pods && w.Ready == nil {
		series = append(series, &w.ready)
	}
	for _, x := range series {
		switch is.State {
		case kscope.Synced: // what is known is true again, though nothing may have changed
			if was != kscope.Synced && is.Kind == kind {
				w.record(at)
			}
		case kscope.Failing, kscope.Forbidden, kscope.Absent:
			if was == kscope.Synced {
				x.Extend(at)
			}
			if x.n() > 0 {
				x.Add(at, math.NaN())
			}
		}
	}
}

func (s *Store) applyGone(at time.Time, f kscope.Gone) bool {
	if f.Kind == kscope.Events {
		return false // an event that expires has happened all the same
	}
	key := tomb{f.Kind, f.Ref, f.UID}
	if at.After(s.gone[key]) {
		s.gone[key] = at
	}
	// here is whether the end is that of what is known, and not an older one's.
	here := func(uid string, newest time.Time) bool {
		return (f.UID == "" || f.UID == uid) && !at.Before(newest)
	}
	switch f.Kind {
	case kscope.Queues: // nothing names that server any more, so its troubles are nobody's
		delete(s.connections, f.Ref.Name)
		for key := range s.statuses {
			if key.kind == kscope.Queues && key.name == f.Ref.Name {
				delete(s.statuses, key)
			}
		}
		s.touchStatus(kscope.Status{Kind: f.Kind, Name: f.Ref.Name})
		return true
	case kscope.ScaledObjects:
		if o := s.objects[f.Ref]; o != nil && here(o.UID, o.at) {
			s.unindex(o)
			delete(s.objects, f.Ref)
			s.part(f.Ref)
			return true
		}
	case kscope.ScaledJobs:
		if j, ok := s.jobs[f.Ref]; ok && here(j.UID, j.at) {
			delete(s.jobs, f.Ref)
			s.members, s.jobsChanged = s.total, s.total.All
			return true
		}
	case kscope.HPAs:
		if h := s.hpas[f.Ref]; h != nil && here(h.UID, h.at) {
			without(s.owned, h.OwnerUID, f.Ref)
			delete(s.hpas, f.Ref)
			s.touchHPA(h.HPA, anything)
			return true
		}
	case kscope.Pods:
		if p := s.pods.byRef[f.Ref]; p != nil && here(p.UID, p.at) {
			w := p.owner
			s.pods.drop(p)
			s.recordPods(at, w)
			s.touchWorkload(w)
			return true
		}
	default:
		for key, w := range s.work {
			if key.ref == f.Ref && kindOf(key.kind) == f.Kind && here(w.UID, w.at) {
				s.dropWorkload(at, key)
				return true
			}
		}
	}
	return false
}

func (s *Store) dropWorkload(at time.Time, key workKey) {
	for _, o := range s.byTarget[key] {
		o.add(Entry{At: at, Kind: Trouble, Actor: Someone, Topic: TheTarget, Subject: key.kind + " " + key.ref.Name})
	}
	s.touchWorkload(s.work[key])
	s.pods.leave(s.work[key])
	delete(s.work, key)
}

// kindOf is the watched kind that a workload of an API kind arrives by.
func kindOf(apiKind string) kscope.Kind {
	switch apiKind {
	case "Deployment":
		return kscope.Deployments
	case "StatefulSet":
		return kscope.StatefulSets
	}
	return kscope.ScaleTargets
}
