package store

import (
	"maps"
	"slices"

	"github.com/kscope/kscope"
)

// size is how many things a store knows.
func (s *Store) size() int {
	return len(s.objects) + len(s.hpas) + len(s.work) + len(s.pods.byRef) + len(s.queues) + len(s.events)
}

// weight is about how many bytes a keyframe has to itself.
func (s *Store) weight() int {
	return 2048 + 400*len(s.objects) + 64*len(s.hpas) + 520*len(s.work) + 150*len(s.pods.byRef) + 560*len(s.queues) + 100*len(s.events)
}

// weigh is about how many bytes a kept fact has to itself, once another has taken
// its place in the store.
func weigh(fact any) int {
	const entry = entryWeight
	switch f := fact.(type) {
	case *kscope.ScaledObject:
		return entry + 800 + 200*len(f.Triggers) + 100*len(f.Conditions)
	case *kscope.ScaledJob:
		return entry + 400 + 200*len(f.Triggers) + 100*len(f.Conditions)
	case *kscope.HPA:
		return entry + 600 + 100*len(f.Metrics) + 100*len(f.Conditions)
	case *kscope.Workload:
		return entry + 240
	case *kscope.Pod:
		return entry + 240 + len(f.Reason) + len(f.Message)
	case *kscope.Event:
		return entry + 300 + len(f.Note)
	case kscope.Depths:
		return entry + 64 + 150*len(f.All)
	case sawWork:
		return entry + 32
	}
	return entry + 300
}

// room is how much may be kept: a dashboard over little should stay little.
func (s *Store) room() int { return min(pastLeast+4*s.weight(), pastMost) }

// own makes a fact the store's, once for all that will refer to it, and lets it
// share with what is known already what usually stays the same. It is the first
// about something if nothing was known before.
func (s *Store) own(fact kscope.Fact) (own any, first bool) {
	switch f := fact.(type) {
	case kscope.ScaledObject:
		old := s.objects[kscope.ID{Kind: kscope.ScaledObjects, Ref: f.Ref}]
		if old != nil && old.so.UID == f.UID && f.SameButSeen(*old.so) {
			return sawWork{old.so, f.LastActiveTime}, false
		}
		is := f
		return &is, old == nil
	case kscope.ScaledJob:
		return &f, s.objects[kscope.ID{Kind: kscope.ScaledJobs, Ref: f.Ref}] == nil
	case kscope.HPA:
		old := s.hpas[f.Ref]
		if old != nil && slices.Equal(old.Conditions, f.Conditions) {
			f.Conditions = old.Conditions
		}
		return &f, old == nil
	case kscope.Workload:
		old := s.work[workKey{f.Kind, f.Ref}]
		if old != nil {
			f.Ref, f.UID, f.Image = old.Ref, share(old.UID, f.UID), share(old.Image, f.Image)
			if sameSelector(old.Selector, f.Selector) {
				f.Selector = old.Selector
			}
			if slices.Equal(old.Conditions, f.Conditions) {
				f.Conditions = old.Conditions
			}
		}
		return &f, old == nil
	case kscope.Pod:
		old := s.pods.byRef[f.Ref]
		if old != nil && old.UID == f.UID { // a change of state makes no new names
			f.Ref, f.UID, f.OwnerUID = old.Ref, old.UID, share(old.OwnerUID, f.OwnerUID)
			f.Node, f.Reason, f.Message = share(old.Node, f.Node), share(old.Reason, f.Reason), share(old.Message, f.Message)
			if maps.Equal(old.Labels, f.Labels) {
				f.Labels = old.Labels
			}
		}
		return &f, old == nil
	case kscope.Event:
		return &f, false
	}
	return fact, false
}

// share is a text, by the copy of it that is there already where that says the
// same.
func share(old, is string) string {
	if old == is {
		return old
	}
	return is
}
