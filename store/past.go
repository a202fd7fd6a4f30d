package store

import (
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
	weight int       // roughly, in bytes
	cost   int       // of folding it again, in facts
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
	pastMost    = 20 << 20 // and at most, however large the store is
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
// is too much.
func (p *past) turn(s *Store) {
	if len(p.chapters) == 0 {
		return
	}
	c := p.chapters[len(p.chapters)-1]
	if c.cost >= max(chapterCost, s.size()) || c.weight >= s.room()/5 {
		p.begin(s)
	}
}

// begin begins a chapter.
func (p *past) begin(s *Store) {
	c := p.chapters[len(p.chapters)-1]
	c.seen = slices.Clip(c.seen)
	next := &chapter{start: s.copy((*Series).outline), seen: make([]observed, 0, len(c.seen)), weight: s.weight()}
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
