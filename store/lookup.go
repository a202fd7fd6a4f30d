package store

import (
	"iter"
	"math"
	"sort"
	"time"
)

// Last is the newest value and when it was last seen; NaN and the zero time
// for an empty series.
func (s *Series) Last() (float64, time.Time) {
	n := s.n()
	if n == 0 {
		return math.NaN(), time.Time{}
	}
	return s.last.v, s.time(s.end(n - 1))
}

// LastKnown is the newest value that is not a gap and when it was last seen;
// NaN and the zero time if there never was one.
func (s *Series) LastKnown() (float64, time.Time) {
	for i := s.n() - 1; i >= 0; i-- {
		if r := s.run(i); !math.IsNaN(r.v) {
			return r.v, s.time(s.end(i))
		}
	}
	return math.NaN(), time.Time{}
}

// Above is since when the value has been larger than a level, without a gap;
// the zero time if it is not so now.
func (s *Series) Above(level float64) time.Time {
	n := s.n()
	i := n
	for i > 0 && s.run(i-1).v > level && (i == n || s.run(i-1).until == s.run(i).from) {
		i--
	}
	if i == n {
		return time.Time{}
	}
	return s.time(s.run(i).from)
}

// Since gives the values that held from a time on, each with when it began to, or
// with that time.
func (s *Series) Since(from time.Time) iter.Seq2[time.Time, float64] {
	return func(yield func(time.Time, float64) bool) {
		for i := max(s.find(nano(from)), 0); i < s.n(); i++ {
			at := s.time(s.run(i).from)
			if at.Before(from) {
				at = from
			}
			if !yield(at, s.run(i).v) {
				return
			}
		}
	}
}

// HeldSince is since when the value has been what it was at a time; the zero time
// where nothing was known then.
func (s *Series) HeldSince(at time.Time) time.Time {
	i := s.find(nano(at))
	if i < 0 {
		return time.Time{}
	}
	return s.time(s.run(i).from)
}

// At is the value that held at a time, NaN where nothing was known.
func (s *Series) At(at time.Time) float64 {
	t := nano(at)
	i := s.find(t)
	if i < 0 || t > s.end(i) {
		return math.NaN()
	}
	return s.run(i).v
}

// Newest is the time itself, or that of the newest value if that is known and
// only a little older: what is polled is known up to the last poll, and other
// news is newer.
func (s *Series) Newest(at time.Time) time.Time {
	const little = 2 * time.Second
	if v, last := s.Last(); !math.IsNaN(v) && last.Before(at) && at.Sub(last) <= little {
		return last
	}
	return at
}

// find is the index of the last run that starts at or before a time, or -1.
func (s *Series) find(at int64) int {
	return sort.Search(s.n(), func(i int) bool { return s.run(i).from > at }) - 1
}

// Max is the largest value known in [from, to) and when it was first reached;
// NaN where nothing is known.
func (s *Series) Max(from, to time.Time) (float64, time.Time) {
	best, when := math.NaN(), time.Time{}
	s.between(nano(from), nano(to), func(r run, _ int64) {
		if !math.IsNaN(r.v) && (math.IsNaN(best) || r.v > best) {
			best, when = r.v, s.time(max(r.from, nano(from)))
		}
	})
	return best, when
}

// Columns divides [from, to) into n equal buckets and gives the largest value
// known in each, NaN where nothing was known. So a short peak is never lost.
func (s *Series) Columns(from, to time.Time, n int) []float64 {
	return s.columns(from, to, n, func(old, v float64) float64 { return max(old, v) })
}

// Steps is like Columns but gives the value that held last in each bucket: a
// count that went 3, 4, 5 within a bucket has arrived at 5, and one that went
// 5, 0 at 0.
func (s *Series) Steps(from, to time.Time, n int) []float64 {
	return s.columns(from, to, n, func(_, v float64) float64 { return v })
}

func (s *Series) columns(from, to time.Time, n int, pick func(old, v float64) float64) []float64 {
	out := make([]float64, max(n, 0))
	for i := range out {
		out[i] = math.NaN()
	}
	start, width := nano(from), int64(to.Sub(from))/int64(max(n, 1))
	if n <= 0 || width <= 0 {
		return out
	}
	bucket := func(t int64) int { return int(min(max(t-start, 0)/width, int64(n-1))) }
	s.between(start, nano(to), func(r run, last int64) {
		if math.IsNaN(r.v) {
			return
		}
		for i, end := bucket(r.from), bucket(last); i <= end; i++ {
			if math.IsNaN(out[i]) {
				out[i] = r.v
			} else {
				out[i] = pick(out[i], r.v)
			}
		}
	})
	return out
}

// between calls f with every run that touches [from, to), oldest first, and
// the last moment at which it held: a run that another one follows at once
// ends before that begins.
func (s *Series) between(from, to int64, f func(r run, last int64)) {
	n := s.n()
	for i := max(s.find(from), 0); i < n && s.run(i).from < to; i++ {
		r, last := s.run(i), s.end(i)
		if i+1 < n && s.run(i+1).from == last && last > r.from {
			last--
		}
		if last >= from {
			f(r, last)
		}
	}
}
