// Package ledger is what an object's episodes of work took: when what happened,
// whose time it was, and what it cost. It has numbers only, of what was observed
// up to a moment, and changes nothing. What nobody saw is absent, never zero.
package ledger

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// Seen is what is known of an object at a moment.
type Seen struct {
	Now   time.Time
	Chain *store.Chain
	// Log is what happened, oldest first; the Actor of a change of the replicas is
	// whoever it is taken to be.
	Log  []store.Entry
	Own  map[kscope.Backlog]*store.Series // jobs put in from kscope, counted up
	Pods store.Pods
}

// Episode is from the first work that an object at its floor has, to its being back
// there with nothing waiting. At a floor of one or more, work is what asks for more
// than that. Of a ScaledJob the replicas are the Jobs that run.
type Episode struct {
	Jobs    bool // it is of a ScaledJob
	Began   time.Time
	Ended   time.Time // zero while it is under way
	Until   time.Time // Ended and its pods gone, or the moment as of which it is told
	Partial bool      // it was under way when it was first seen, or nobody saw it begin
	Floor   int32
	Most    int32   // replicas wanted at a time
	Peak    float64 // jobs that waited at a time; NaN where they are not counted
	Marks   []Mark  // in the order of their times
	// Tail is the time since the last mark of one that is under way, by what is
	// waited for.
	Tail Stretch
	Cost Cost
}

// Open reports whether an episode is under way.
func (e *Episode) Open() bool { return e.Ended.IsZero() }

// Took is how long it has lasted, up to its pods being gone.
func (e *Episode) Took() time.Duration { return e.Until.Sub(e.Began) }

// Find is the mark of a kind; false where there is none.
func (e *Episode) Find(k Kind) (Mark, bool) {
	for _, m := range e.Marks {
		if m.Kind == k {
			return m, true
		}
	}
	return Mark{}, false
}

// Mark is one thing that happened in an episode, at At or up to Within before it.
type Mark struct {
	Kind     Kind
	At       time.Time
	Within   time.Duration
	Estimate bool        // it was worked out, not seen
	N        float64     // jobs at FirstJob, More and Falling, replicas at Wanted, MostWanted and Rest
	By       store.Actor // who changed the replicas, "" for other marks
	Guess    bool        // who it was is a guess
	// Stretch is the time that led to it, since the mark before that something
	// waited for; without an owner where it happened meanwhile.
	Stretch
}

// Stretch is a time and whose it was.
type Stretch struct {
	Owner Owner
	Took  time.Duration
	Every time.Duration // the interval or window that bounds it, 0 where none does
}

// Whose is the stretches of an episode in their order, neighbours of one owner put
// together.
func (e *Episode) Whose() (out []Stretch) {
	add := func(s Stretch) {
		if s.Owner == Nobody || s.Took <= 0 {
			return
		}
		if n := len(out); n > 0 && out[n-1].Owner == s.Owner {
			out[n-1].Took += s.Took
			return
		}
		out = append(out, s)
	}
	for _, m := range e.Marks {
		add(m.Stretch)
	}
	add(e.Tail)
	return out
}

// episodesKept is how many episodes are told of at most: the newest.
const episodesKept = 100

// Of is the episodes of an object, oldest first. Those in which nothing was scaled
// and that are over are left out, and a ScaledJob that always keeps Jobs running has none.
// What is older than the store remembers is not told.
func Of(x Seen) []Episode {
	if j := x.Chain.ScaledJob; j != nil && j.MinReplicaCount > 0 || x.Chain.Past.Desired.Start().IsZero() {
		return nil
	}
	l := newLedger(x)
	var out []Episode
	spans := l.spans()
	for i, s := range spans {
		if len(spans)-i > episodesKept {
			continue
		}
		limit := x.Now
		if i+1 < len(spans) {
			limit = spans[i+1].from
		}
		if e, ok := l.episode(s, limit); ok {
			out = append(out, e)
		}
	}
	return out
}
