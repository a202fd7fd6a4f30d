package store

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// puts is what was put into a queue from here.
type puts struct {
	own   Series // jobs that went in, counted up
	total int64
	at    time.Time // of the newest fact
	// loads are those of late, by when they began. Of those that began at
	// forgot or before, and are not among them, nothing more is believed.
	loads  []heard
	forgot time.Time
}

// heard is what a load said last of itself, and when.
type heard struct {
	kscope.Loading
	at time.Time
}

// loadsKept is how many loads of a queue are told apart: more than could run at
// once, so that what comes late or twice is of one that is still known.
const loadsKept = 32

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

// applyLoading folds what a load says of itself. What went in is in the count,
// of each load by itself: several may run into one queue. On the timelines one
// over time has a beginning and an end; a batch is one entry, at its end.
func (s *Store) applyLoading(at time.Time, f kscope.Loading) bool {
	p := s.putsInto(f.Backlog)
	before, first, ok := p.hear(at, f)
	if !ok {
		return false
	}
	p.add(at, max(f.Accepted-before, 0))
	s.touchQueue(f.Backlog)
	for _, o := range s.byQueue[f.Backlog] {
		switch {
		case f.AtOnce() && f.Ended():
			o.addBatch(at, f)
		case f.AtOnce():
		default:
			if first {
				o.add(Entry{At: at.Add(-f.Elapsed), Kind: LoadBegan, Actor: You, Load: &f})
			}
			if f.Ended() {
				o.add(Entry{At: at, Kind: LoadEnded, Actor: You, Jobs: f.Accepted, Asked: f.Asked, Length: f.Length, Load: &f})
			}
		}
	}
	return true
}

// hear takes note of what a load says, and gives how many of its jobs were
// counted before and whether this is its first word; false if that is no later
// than what is known.
func (p *puts) hear(at time.Time, f kscope.Loading) (before int64, first, ok bool) {
	if f.Began.IsZero() {
		return 0, false, false
	}
	i, known := slices.BinarySearchFunc(p.loads, f.Began, func(l heard, began time.Time) int { return l.Began.Compare(began) })
	if known {
		was := &p.loads[i]
		if was.Ended() || f.Elapsed < was.Elapsed {
			return 0, false, false
		}
		before = was.Accepted
		*was = heard{f, at}
		return before, false, true
	}
	if !f.Began.After(p.forgot) {
		return 0, false, false
	}
	p.loads = slices.Insert(p.loads, i, heard{f, at})
	if len(p.loads) > loadsKept {
		p.forgetLoad()
	}
	return 0, true, true
}

// forgetLoad forgets the oldest load that is over, or the oldest of all.
func (p *puts) forgetLoad() {
	i := max(slices.IndexFunc(p.loads, func(l heard) bool { return l.Ended() }), 0)
	if began := p.loads[i].Began; began.After(p.forgot) {
		p.forgot = began
	}
	p.loads = slices.Delete(p.loads, i, i+1)
}

// addBatch notes what came of a batch.
func (o *object) addBatch(at time.Time, f kscope.Loading) {
	// The measurement may have come before the news of it.
	if n := len(o.log) - 1; n >= 0 && o.log[n].Kind == Arrived && o.log[n].Subject == f.Backlog.Shown() && f.Accepted > 0 && at.Sub(o.log[n].At) <= f.Elapsed+time.Second {
		o.cutLog()
	}
	o.add(Entry{At: at, Kind: Injected, Actor: You, Jobs: f.Accepted, Asked: f.Asked, Length: f.Length, Said: f.Err, Subject: f.Backlog.Shown()})
}

// loads reports whether a load runs into a queue, or did a moment ago: what is
// in the queue is not news then.
func (s *Store) loads(at time.Time, q kscope.Backlog) bool {
	p := s.puts[q]
	return p != nil && slices.ContainsFunc(p.loads, func(h heard) bool { return at.Sub(h.at) <= quiet })
}

// feeds is the loads over time that run into a queue now and have jobs to come, as
// far as they have come by now.
func (s *Store) feeds(q kscope.Backlog) (out []kscope.Loading) {
	p := s.puts[q]
	if p == nil {
		return nil
	}
	for _, h := range p.loads {
		left, ends := h.Left()
		if h.AtOnce() || h.Ended() || ends && left == 0 || s.now.Sub(h.at) > quiet {
			continue
		}
		l := h.Loading
		l.Elapsed += max(s.now.Sub(h.at), 0)
		out = append(out, l)
	}
	return out
}
