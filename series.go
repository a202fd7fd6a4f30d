package kscope

import (
	"math"
	"sort"
	"time"
)

// Series is the history of one measured value. Equal values in a row are kept
// as one run, so that an hour of polling a quiet queue costs one entry. A NaN
// is a gap: nothing was known then.
//
// The zero Series keeps everything; Keep bounds it by age.
type Series struct {
	Keep time.Duration // runs that ended longer ago than this before the newest are dropped; 0 keeps all
	runs []run
}

// run is a value seen at from, and still the same when last looked at until.
type run struct {
	from, until time.Time
	v           float64
}

// Add records that the value was v at a time not before the newest one
// recorded. Older times are ignored.
func (s *Series) Add(at time.Time, v float64) {
	if n := len(s.runs); n > 0 {
		last := &s.runs[n-1]
		if at.Before(last.until) {
			return
		}
		if last.v == v || math.IsNaN(last.v) && math.IsNaN(v) {
			last.until = at
			return
		}
		if !math.IsNaN(v) && !math.IsNaN(last.v) {
			last.until = at // a value holds until another is known, but not into a gap
		}
	}
	s.runs = append(s.runs, run{at, at, v})
	if s.Keep > 0 {
		s.drop(at.Add(-s.Keep))
	}
}

// Extend records that the newest value, if any, still holds at a time. It is
// for values that are watched rather than polled: no news is the same value.
func (s *Series) Extend(at time.Time) {
	if n := len(s.runs); n > 0 && at.After(s.runs[n-1].until) {
		s.runs[n-1].until = at
	}
}

func (s *Series) drop(before time.Time) {
	i := 0
	for i < len(s.runs)-1 && s.runs[i].until.Before(before) {
		i++
	}
	if i > len(s.runs)/2 { // now and then, so that a push stays cheap
		s.runs = append([]run(nil), s.runs[i:]...)
	}
}

// Last is the newest value and when it was last seen; NaN and the zero time
// for an empty series.
func (s *Series) Last() (float64, time.Time) {
	if len(s.runs) == 0 {
		return math.NaN(), time.Time{}
	}
	r := s.runs[len(s.runs)-1]
	return r.v, r.until
}

// LastKnown is the newest value that is not a gap and when it was last seen;
// NaN and the zero time if there never was one.
func (s *Series) LastKnown() (float64, time.Time) {
	for i := len(s.runs) - 1; i >= 0; i-- {
		if r := s.runs[i]; !math.IsNaN(r.v) {
			return r.v, r.until
		}
	}
	return math.NaN(), time.Time{}
}

// Start is when the series begins; the zero time for an empty one.
func (s *Series) Start() time.Time {
	if len(s.runs) == 0 {
		return time.Time{}
	}
	return s.runs[0].from
}

// At is the value that held at a time, NaN where nothing was known.
func (s *Series) At(at time.Time) float64 {
	i := s.find(at)
	if i < 0 || at.After(s.runs[i].until) {
		return math.NaN()
	}
	return s.runs[i].v
}

// find is the index of the last run that starts at or before a time, or -1.
func (s *Series) find(at time.Time) int {
	return sort.Search(len(s.runs), func(i int) bool { return s.runs[i].from.After(at) }) - 1
}

// Max is the largest value known in [from, to) and when it was first reached;
// NaN where nothing is known.
func (s *Series) Max(from, to time.Time) (float64, time.Time) {
	best, when := math.NaN(), time.Time{}
	s.between(from, to, func(r run) {
		if !math.IsNaN(r.v) && (math.IsNaN(best) || r.v > best) {
			best, when = r.v, r.from
			if when.Before(from) {
				when = from
			}
		}
	})
	return best, when
}

// Columns divides [from, to) into n equal buckets and gives the largest value
// known in each, NaN where nothing was known. So a short peak is never lost.
func (s *Series) Columns(from, to time.Time, n int) []float64 {
	return s.columns(from, to, n, func(old, v float64) float64 { return math.Max(old, v) })
}

// Steps is like Columns but gives the value that held last in each bucket: a
// count that went 3, 4, 5 within a bucket has arrived at 5, and one that went
// 5, 0 at 0.
func (s *Series) Steps(from, to time.Time, n int) []float64 {
	return s.columns(from, to, n, func(_, v float64) float64 { return v })
}

func (s *Series) columns(from, to time.Time, n int, pick func(old, v float64) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	width := to.Sub(from) / time.Duration(max(n, 1))
	if n == 0 || width <= 0 {
		return out
	}
	s.between(from, to, func(r run) {
		if math.IsNaN(r.v) {
			return
		}
		first := max(int(r.from.Sub(from)/width), 0)
		last := min(int(r.until.Sub(from)/width), n-1)
		for i := first; i <= last; i++ {
			if math.IsNaN(out[i]) {
				out[i] = r.v
			} else {
				out[i] = pick(out[i], r.v)
			}
		}
	})
	return out
}

// between calls f with every run that touches [from, to), oldest first.
func (s *Series) between(from, to time.Time, f func(run)) {
	for i := max(s.find(from), 0); i < len(s.runs) && s.runs[i].from.Before(to); i++ {
		if !s.runs[i].until.Before(from) {
			f(s.runs[i])
		}
	}
}
