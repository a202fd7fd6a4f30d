package store

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Series is the history of one measured value. Equal values in a row are kept
// as one run, so that an hour of polling a quiet queue costs one entry. A NaN
// is a gap: nothing was known then.
//
// The zero Series keeps everything and believes a value until the next; the
// fields bound that. A series with very many changes loses detail in what is
// old, but never a peak.
type Series struct {
	Keep   time.Duration // runs that ended longer ago than this before the newest are dropped; 0 keeps all
	MaxGap time.Duration // a value not seen again for longer than this is unknown in between; 0 for no limit

	// The newest run is kept apart, since it is the only one that grows: those
	// before it never change, so that pictures of the past share them.
	shared []run // of a picture: the first ones, which are another's
	runs   []run
	last   run
	of     *Series        // of a keyframe: whose runs it leaves out
	held   int64          // until when the newest value is taken to hold, by Extend
	every  int64          // see Every
	next   int            // how many runs there may be before the old ones are thinned
	loc    *time.Location // of the times that come back; nil while there is no run
}

// run is a value seen at from, and still the same when last looked at until,
// in nanoseconds: there are many of them.
type run struct {
	from, until int64
	v           float64
}

// Thinning sets in above so many runs. It leaves the newest part alone, and
// makes one run of what happened within a span before that.
const (
	thinAbove = 2048
	thinAfter = int64(5 * time.Minute)
	thinSpan  = int64(5 * time.Second)
)

// leastEvery leaves out looks that were made out of turn.
const leastEvery = int64(50 * time.Millisecond)

// nano is a time as a number; the zero time is before all others.
func nano(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixNano()
}

// n is how many runs there are.
func (s *Series) n() int {
	if s.loc == nil {
		return 0
	}
	return len(s.shared) + len(s.runs) + 1
}

func (s *Series) run(i int) run {
	if i -= len(s.shared); i < 0 {
		return s.shared[i+len(s.shared)]
	}
	if i < len(s.runs) {
		return s.runs[i]
	}
	return s.last
}

func (s *Series) time(n int64) time.Time { return time.Unix(0, n).In(s.loc) }

// Add records that the value was v at a time not before the newest one
// recorded. Older times are ignored.
func (s *Series) Add(at time.Time, v float64) {
	t := nano(at)
	if s.loc == nil {
		s.loc, s.last = at.Location(), run{t, t, v}
		return
	}
	last := &s.last
	if t < last.until {
		return
	}
	same := last.v == v || math.IsNaN(last.v) && math.IsNaN(v)
	switch bridged := s.MaxGap <= 0 || t-last.until <= int64(s.MaxGap); {
	case math.IsNaN(v):
		if !same {
			last.until = max(last.until, min(s.held, t)) // it held that long, but not into the gap
		}
	case math.IsNaN(last.v):
	case bridged:
		if gap := t - last.until; !same && gap >= leastEvery && (s.every == 0 || gap < s.every) {
			s.every = gap
		}
		last.until = t // a value holds until another is known
	default:
		same = false
	}
	if same {
		last.until = t
		return
	}
	if last.from == last.until && last.from == t { // changed its mind within a moment
		last.v = v
		return
	}
	s.runs = append(s.runs, s.last)
	s.last = run{t, t, v}
	s.bound()
}

// Start is when the series begins; the zero time for an empty one.
func (s *Series) Start() time.Time {
	if s.n() == 0 {
		return time.Time{}
	}
	return s.time(s.run(0).from)
}

// Every is how often the value is looked at, by the least time between a change and
// the look before: looks that find nothing new are not all told of. A change that is
// seen at a look came at most so long before. 0 where none is known.
func (s *Series) Every() time.Duration { return time.Duration(s.every) }

// Still is since when the newest value has held; the zero time for a gap and for
// an empty series.
func (s *Series) Still() time.Time {
	if s.n() == 0 || math.IsNaN(s.last.v) {
		return time.Time{}
	}
	return s.time(s.last.from)
}

// Extend records that the newest value still holds at a time, until the next
// one says otherwise. It is for values that are watched rather than polled: no
// news is the same value.
func (s *Series) Extend(at time.Time) { s.held = max(s.held, nano(at)) }

// end is until when a run is known to hold.
func (s *Series) end(i int) int64 {
	r := s.run(i)
	if i == s.n()-1 && !math.IsNaN(r.v) {
		return max(r.until, s.held)
	}
	return r.until
}

// bound drops and thins what is old, now and then, so that an Add stays cheap.
// It makes new runs of old ones: pictures may share those.
func (s *Series) bound() {
	if s.shared != nil {
		return // a picture grows little
	}
	if s.Keep > 0 {
		n, before, i := s.n(), s.last.until-int64(s.Keep), 0
		for i < n/2 && i < len(s.runs) && s.runs[i].until < before {
			i++
		}
		if i > 0 && i == n/2 {
			s.runs = append([]run(nil), s.runs[i:]...)
		}
	}
	if s.next == 0 {
		s.next = thinAbove
	}
	if s.n() > s.next {
		s.thin()
		s.next = max(thinAbove, s.n()*5/4)
	}
}

// thin makes one run, of the largest value, of neighbours that are old and
// together no longer than a span.
func (s *Series) thin() {
	old := s.last.until - thinAfter
	out := append(make([]run, 0, len(s.runs)), s.runs[0])
	for _, r := range s.runs[1:] {
		last := &out[len(out)-1]
		if r.until < old && last.until == r.from && r.until-last.from <= thinSpan && !math.IsNaN(last.v) && !math.IsNaN(r.v) {
			last.until, last.v = r.until, max(last.v, r.v)
			continue
		}
		out = append(out, r)
	}
	s.runs = append(make([]run, 0, len(out)*3/2), out...)
}

// outline is a series without its runs, but for the newest: what a keyframe
// keeps. Those before it are the series' own at any later time.
func (s *Series) outline() Series {
	c := *s
	c.of, c.shared, c.runs = s, nil, nil
	return c
}

// view is a series, or what an outline is of, as it is now, which shares the runs
// and does not change when more are added.
func (s *Series) view() Series {
	c := *s
	c.of, c.runs = nil, nil
	switch {
	case s.shared != nil: // a view of a view
		c.shared = s.shared
		if len(s.runs) > 0 {
			c.shared = slices.Concat(s.shared, s.runs)
		}
		return c
	case s.of == nil:
		c.shared = slices.Clip(s.runs)
		return c
	}
	// What was thinned since may reach into the newest run of then.
	i, _ := slices.BinarySearchFunc(s.of.runs, s.last.from, func(r run, at int64) int { return cmp.Compare(r.from, at) })
	c.shared = slices.Clip(s.of.runs[:i])
	if i > 0 && c.shared[i-1].until > s.last.from {
		c.shared = slices.Clone(c.shared)
		c.shared[i-1].until = s.last.from
	}
	return c
}
