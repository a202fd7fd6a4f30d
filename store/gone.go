package store

import (
	"maps"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// tomb marks an object that went, so that an older fact does not bring it
// back. The uid is empty where the end of any object of that name was said.
type tomb struct {
	kind kscope.Kind
	ref  kscope.Ref
	uid  string
}

// lives is false for a fact that is older than the end of what it is about.
func (s *Store) lives(kind kscope.Kind, ref kscope.Ref, uid string, at time.Time) bool {
	if len(s.gone) == 0 {
		return true
	}
	return !at.Before(s.gone[tomb{kind, ref, uid}]) && !at.Before(s.gone[tomb{kind, ref, ""}])
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
		delete(s.byServer, f.Ref.Name)
		for key := range s.statuses {
			if key.kind == kscope.Queues && key.name == f.Ref.Name {
				delete(s.statuses, key)
			}
		}
		s.touchStatus(kscope.Status{Kind: f.Kind, Name: f.Ref.Name})
		return true
	case kscope.ScaledObjects:
		if o := s.objects[f.ID()]; o != nil && here(o.so.UID, o.at) {
			s.part(o)
			s.rows(o.so.UID, o.hpaRef())
			return true
		}
	case kscope.ScaledJobs:
		if o := s.objects[f.ID()]; o != nil && here(o.job.UID, o.at) {
			s.part(o)
			if w := s.work[o.workKey()]; w != nil && len(w.jobs) == 0 {
				s.dropWorkload(at, o.workKey())
			}
			return true
		}
	case kscope.Jobs:
		return s.dropJob(at, f.Ref, here)
	case kscope.HPAs:
		if h := s.hpas[f.Ref]; h != nil && here(h.UID, h.at) {
			without(s.owned, h.OwnerUID, f.Ref)
			delete(s.hpas, f.Ref)
			if o := s.objects[f.ID()]; o != nil {
				s.part(o)
			}
			s.touchHPA(h.HPA, anything)
			return true
		}
	case kscope.Pods:
		if p := s.pods.byRef[f.Ref]; p != nil && here(p.UID, p.at) {
			w := p.owner
			s.pods.drop(p)
			s.recordPods(at, w)
			s.recordTallies(at, f.Ref.Namespace)
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

// late is how much later than others a fact about a thing may come.
const late = time.Minute

// sweep forgets, once in a while, what is too old to matter.
func (s *Store) sweep() {
	if s.now.Sub(s.swept) < late {
		return
	}
	s.swept = s.now
	for t, at := range s.gone {
		if s.now.Sub(at) > late {
			delete(s.gone, t)
		}
	}
	before := s.now.Add(-Keep)
	for key, q := range s.queues {
		if q.at.Before(before) {
			delete(s.queues, key)
		}
	}
	for key, p := range s.puts {
		if p.at.Before(before) {
			delete(s.puts, key)
		}
	}
	maps.DeleteFunc(s.pods.tallies, func(_ triggers.Pods, t *tally) bool { return len(t.of) == 0 })
	s.events.forget(before)
	s.tellings.forget(before)
	s.forgetParted()
	for _, o := range s.objects {
		o.forget(before)
	}
}
