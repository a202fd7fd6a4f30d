package store

import (
	"math"
	"time"

	"github.com/kscope/kscope"
)

// puts is what was put into a queue from here.
type puts struct {
	own   Series // jobs that went in, counted up
	total int64
	at    time.Time      // of the newest fact
	load  kscope.Loading // the newest; its Began is zero while there was none
}

// loadSilence is how long a load that runs may say nothing before it is taken
// to be over: its source tells of it every second at least.
const loadSilence = 15 * time.Second

func (s *Store) putsInto(q kscope.Backlog) *puts {
	p := s.puts[q]
	if p == nil {
		p = &puts{}
		p.own.Keep = Keep
		s.puts[q] = p
	}
	return p
}

// add counts jobs that went in.
func (p *puts) add(at time.Time, n int64) {
	if p.total == 0 && p.own.n() == 0 {
		p.own.Add(at, 0)
	}
	p.total += n
	p.own.Add(at, float64(p.total))
	if at.After(p.at) {
		p.at = at
	}
}

// interrupt makes the count unknown for a moment: the queue was emptied from
// here, so what came and left around then cannot be told from the depth.
func (p *puts) interrupt(at time.Time) {
	p.own.Add(at, math.NaN())
	p.own.Add(at.Add(time.Millisecond), float64(p.total))
	if at.After(p.at) {
		p.at = at
	}
}

// applyLoading folds what a load says of itself: that it began and that it
// ended are on the timelines, what went in between is in the count.
func (s *Store) applyLoading(at time.Time, f kscope.Loading) bool {
	p := s.putsInto(f.Backlog)
	same := p.load.Began.Equal(f.Began) && !p.load.Began.IsZero()
	if f.Began.IsZero() || f.Began.Before(p.load.Began) || same && (p.load.Ended() || f.Elapsed < p.load.Elapsed) {
		return false // older than what is known
	}
	before := int64(0)
	if same {
		before = p.load.Accepted
	}
	p.add(at, max(f.Accepted-before, 0))
	p.load = f
	s.touchQueue(f.Backlog)
	for _, o := range s.byQueue[f.Backlog] {
		if !same {
			o.add(Entry{At: at.Add(-f.Elapsed), Kind: LoadBegan, Actor: You, Load: &f})
		}
		if f.Ended() {
			o.add(Entry{At: at, Kind: LoadEnded, Actor: You, Jobs: f.Accepted, Asked: f.Asked, Length: f.Length, Load: &f})
		}
	}
	return true
}

// Loading is the newest load of an object's queues, and when it was last
// heard of; false if there was none. One that runs but has not been heard of
// for long is given as failed.
func (s *Store) Loading(id kscope.ID) (l kscope.Loading, at time.Time, ok bool) {
	o := s.objects[id]
	if o == nil {
		return l, at, false
	}
	for _, t := range o.triggers() {
		if t.Backlog == nil {
			continue
		}
		if p := s.puts[*t.Backlog]; p != nil && p.load.Began.After(l.Began) {
			l, at, ok = p.load, p.at, true
		}
	}
	if ok && !l.Ended() && s.now.Sub(at) > loadSilence {
		l.State, l.Err = kscope.LoadFailed, "no word of it since"
	}
	return l, at, ok
}

// loads reports whether a load runs into a queue, or did a moment ago: what is
// in the queue is not news then.
func (s *Store) loads(at time.Time, q kscope.Backlog) bool {
	p := s.puts[q]
	return p != nil && !p.load.Began.IsZero() && at.Sub(p.at) <= quiet
}
