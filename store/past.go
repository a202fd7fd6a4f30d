package store

import (
	"maps"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// past is what was observed, so that [Store.At] can fold it again:
//
//	chapter            chapter                 chapter
//	├ (nothing yet)    ├ keyframe              ├ keyframe
//	└ observations     └ observations          └ observations, up to now
//
// A keyframe is the store as it was, without its series, which only ever grow.
// It is taken when there is enough to fold behind the one before, so that an
// idle cluster has none. The facts themselves are those that the store refers
// to, or did.
type past struct {
	chapters []*chapter
	rosters  map[rosterKey]*roster
	weight   int    // of all chapters
	shown    *Store // the newest picture, since a moment is looked at more than once
}

// chapter is a keyframe and what was observed since.
type chapter struct {
	start  *Store // nil for that of an empty store
	seen   []observed
	first  time.Time // the earliest in it
	weight int       // roughly, in bytes, of which the keyframe's are base
	base   int
	cost   int // of folding it again, in facts
}

// observed is an observation as it is kept. Its fact is a pointer where the
// store keeps it too.
type observed struct {
	at     time.Time
	source string
	fact   any
	linked bool // after it, pods were linked
}

// sawWork is the news of a ScaledObject that KEDA saw work again.
type sawWork struct {
	of     *kscope.ScaledObject
	active time.Time
}

const (
	chapterCost = 8192     // facts that At folds at most, some ten milliseconds
	pastLeast   = 4 << 20  // bytes that may be kept in any case, roughly
	pastMost    = 20 << 20 // and at most, but where four keyframes take more
	entryWeight = 64       // of what says where a fact is
)

// add keeps an observation that was just folded. What can be told without is
// left out: that time passed, and that an event is still so.
func (p *past) add(o observed, how scope, first bool) {
	switch o.fact.(type) {
	case nil, kscope.Heartbeat:
		return
	}
	if p.shown != nil && !o.at.After(p.shown.now) {
		p.shown = nil // it was not known then
	}
	switch f := o.fact.(type) {
	case *kscope.Event:
		if how == nothing {
			return
		}
	case kscope.Depths:
		p.measured(o, f)
		return
	}
	weight := entryWeight
	if !first { // what is known of it by now is the store's, and another fact is kept for its sake
		weight = weigh(o.fact)
	}
	p.keep(o, weight, 1)
}

func (p *past) keep(o observed, weight, cost int) {
	if len(p.chapters) == 0 {
		p.chapters = []*chapter{{first: o.at}}
	}
	c := p.chapters[len(p.chapters)-1]
	if len(c.seen) == 0 || o.at.Before(c.first) {
		c.first = o.at
	}
	c.seen = append(c.seen, o)
	p.spend(weight, cost)
}

func (p *past) spend(weight, cost int) {
	c := p.chapters[len(p.chapters)-1]
	c.weight, c.cost, p.weight = c.weight+weight, c.cost+cost, p.weight+weight
}

// linked notes that what was kept last ended with new links of pods.
func (p *past) linked() {
	if n := len(p.chapters); n > 0 && len(p.chapters[n-1].seen) > 0 {
		seen := p.chapters[n-1].seen
		seen[len(seen)-1].linked = true
	}
}

// turn begins a chapter when the last is full, and forgets the first where there
// is too much. To copy a large store costs as much as to fold thousands of facts, so
// that much is observed before.
func (p *past) turn(s *Store) {
	if len(p.chapters) == 0 {
		return
	}
	c := p.chapters[len(p.chapters)-1]
	if c.cost >= max(chapterCost, s.size()) || c.weight-c.base >= s.room()/5 {
		p.begin(s)
	}
}

// begin begins a chapter.
func (p *past) begin(s *Store) {
	c := p.chapters[len(p.chapters)-1]
	c.seen = slices.Clip(c.seen)
	weight := s.weight()
	next := &chapter{start: s.copy((*Series).outline), seen: make([]observed, 0, len(c.seen)), weight: weight, base: weight}
	p.chapters, p.weight = append(p.chapters, next), p.weight+next.weight
	for _, r := range p.rosters {
		r.open = nil
	}
	before, room := s.now.Add(-Keep), s.room()
	for len(p.chapters) > 1 && (p.weight > room-room/5 || p.chapters[1].start.now.Before(before)) {
		p.weight -= p.chapters[0].weight
		p.chapters[0] = nil
		p.chapters = p.chapters[1:]
	}
}

// size is how many things a store knows.
func (s *Store) size() int {
	return len(s.objects) + len(s.hpas) + len(s.work) + len(s.pods.byRef) + len(s.queues) + len(s.events)
}

// weight is about how many bytes a keyframe has to itself.
func (s *Store) weight() int {
	return 2048 + 520*len(s.objects) + 64*len(s.hpas) + 850*len(s.work) + 190*len(s.pods.byRef) + 300*len(s.pods.tallies) + 560*len(s.queues) + 100*len(s.events)
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
	case *kscope.Job:
		return entry + 200 + len(f.Message)
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
func (s *Store) room() int {
	w := s.weight()
	return min(pastLeast+4*w, max(pastMost, 4*w))
}

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
	case kscope.Job:
		w := s.work[jobsKey(kscope.Ref{Namespace: f.Ref.Namespace, Name: f.ScaledJob})]
		if w == nil {
			return &f, true
		}
		old, had := w.jobs[f.Ref.Name]
		if had {
			f.Ref, f.UID, f.ScaledJob, f.OwnerUID = old.Ref, share(old.UID, f.UID), share(old.ScaledJob, f.ScaledJob), share(old.OwnerUID, f.OwnerUID)
		}
		return &f, !had
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
