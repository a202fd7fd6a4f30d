package store

import (
	"time"

	"github.com/kscope/kscope"
)

// Held is the number of things that a store remembers, for the tests of its
// bounds.
func (s *Store) Held() int {
	n := len(s.objects) + len(s.hpas) + len(s.work) + len(s.pods.byRef) + len(s.pods.pending) + len(s.queues) + len(s.puts) + len(s.gone) +
		len(s.byUID) + len(s.owned) + len(s.events) + len(s.parted)
	for _, os := range s.byTarget {
		n += len(os)
	}
	for _, os := range s.byQueue {
		n += len(os)
	}
	return n
}

// Keyframe begins a chapter, however little there is in the present one.
func (s *Store) Keyframe() {
	if len(s.past.chapters) > 0 {
		s.past.begin(s)
	}
}

// Chapter is the newest.
func (s *Store) Chapter() any { return s.past.chapters[len(s.past.chapters)-1] }

// Weight is what the past of a store is thought to take, and in how many
// chapters.
func (s *Store) Weight() (bytes, chapters int) { return s.past.weight, len(s.past.chapters) }

// Chapters gives the dearest moment of the past and one half as dear.
func (s *Store) Chapters() (end, middle time.Time) {
	cs := s.past.chapters
	seen := cs[max(len(cs)-2, 0)].seen
	return seen[len(seen)-1].at.Add(-1), seen[len(seen)/2].at
}

// Forget forgets the newest picture.
func (s *Store) Forget() { s.past.shown = nil }

// Outline makes a keyframe that is for nothing.
func (s *Store) Outline() { s.copy((*Series).outline) }

// Loading is the newest load of an object's queues that runs, else the newest of
// all, and when it was last heard of; false if there was none.
func (s *Store) Loading(id kscope.ID) (l kscope.Loading, at time.Time, ok bool) {
	o := s.objects[id]
	if o == nil {
		return l, at, false
	}
	for _, t := range o.triggers() {
		if t.Backlog == nil {
			continue
		}
		p := s.puts[*t.Backlog]
		if p == nil {
			continue
		}
		for _, h := range p.loads {
			if !ok || l.Ended() && !h.Ended() || l.Ended() == h.Ended() && h.Began.After(l.Began) {
				l, at, ok = h.Loading, h.at, true
			}
		}
	}
	return l, at, ok
}
