package broker

import (
	"cmp"
	"maps"

	"github.com/kscope/kscope"
)

// follows is what every observed object asks to have measured.
type follows map[kscope.ID]followed

type followed struct {
	uid string
	all []wanted // never empty
}

// wanted is a backlog with the trigger that names it.
type wanted struct {
	queue    kscope.Backlog
	trigger  kscope.TriggerRef
	metadata map[string]string // of the trigger, as far as it is shown; another may mean another server
}

// Follow learns from an observation which backlogs to measure: those that the
// triggers of ScaledObjects and ScaledJobs name, for as long as these exist and
// where they are of a broker that the source has a technology for.
// It is made to be a tap: it never blocks, and what it learns before Run
// starts is measured as soon as Run does.
func (s *Source) Follow(o kscope.Observation) {
	var changed bool
	switch f := o.Fact.(type) {
	case kscope.ScaledObject:
		changed = s.learn(kscope.ID{Kind: kscope.ScaledObjects, Ref: f.Ref}, f.UID, f.Triggers)
	case kscope.ScaledJob:
		changed = s.learn(kscope.ID{Kind: kscope.ScaledJobs, Ref: f.Ref}, f.UID, f.Triggers)
	case kscope.HPA: // of its own; KEDA's serve what their ScaledObject says
		changed = s.learn(kscope.ID{Kind: kscope.HPAs, Ref: f.Ref}, f.UID, []kscope.Trigger{{Backlog: f.Serves}})
	case kscope.Gone:
		changed = s.forget(f.ID(), f.UID)
	}
	if changed {
		select {
		case s.changed <- struct{}{}:
		default: // Run has not yet taken the last one, and will see this too
		}
	}
}

// mine reports whether a trigger names a backlog of one of the source's brokers.
func (s *Source) mine(t kscope.Trigger) bool {
	return t.Backlog != nil && s.technologies[t.Backlog.Broker] != nil
}

func (s *Source) learn(obj kscope.ID, uid string, triggers []kscope.Trigger) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.follows[obj]
	same, n := old.uid == uid, 0
	for _, t := range triggers {
		if s.mine(t) {
			same = same && n < len(old.all) && old.all[n].queue == *t.Backlog && maps.Equal(old.all[n].metadata, t.Metadata)
			n++
		}
	}
	if same && n == len(old.all) {
		return false // the ordinary case: a status changed, the queues did not
	}
	if n == 0 {
		delete(s.follows, obj)
		return known
	}
	all := make([]wanted, 0, n)
	for i, t := range triggers {
		if s.mine(t) {
			all = append(all, wanted{*t.Backlog, kscope.TriggerRef{Object: obj, Index: i}, t.Metadata})
		}
	}
	s.follows[obj] = followed{uid, all}
	return true
}

// forget drops what an object asked for, unless another object of that name
// has taken its place meanwhile.
func (s *Source) forget(obj kscope.ID, uid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.follows[obj]
	if !known || uid != "" && old.uid != uid {
		return false
	}
	delete(s.follows, obj)
	return true
}

// wanted lists what is followed, in no order and with repetitions.
func (f follows) wanted() []wanted {
	all := make([]wanted, 0, len(f))
	for _, o := range f {
		all = append(all, o.all...)
	}
	return all
}

// compareWanted orders backlogs, and the triggers of one, the same way every
// time.
func compareWanted(a, b wanted) int {
	return cmp.Or(compareBacklogs(a.queue, b.queue), cmp.Compare(a.trigger.Object.String(), b.trigger.Object.String()),
		cmp.Compare(a.trigger.Object.Kind, b.trigger.Object.Kind), cmp.Compare(a.trigger.Index, b.trigger.Index))
}

func compareBacklogs(a, b kscope.Backlog) int {
	return cmp.Or(cmp.Compare(a.Broker, b.Broker), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Detail, b.Detail))
}
