package store

import (
	"math"
	"time"
)

// Flow is how many jobs a second came into a queue and left it: an estimate
// from its depth, which shows only the difference of the two.
type Flow struct {
	In, Out float64 // at least so many
	Own     float64 // of those that came in: put in from here, which is counted
}

// EstimateFlow is the flow of a queue over a span of time, from the series of
// its depth and of the jobs put in from here, counted up (nil for none). It is
// false where the depth is not known throughout.
//
// What was put in from here and does not show in the depth has left. Where
// nothing was, every rise of the depth is jobs that came and every fall is jobs
// that left; what came and left between two measurements is in neither, so both
// are lower bounds. Pushes and measurements are not made at one moment, so a
// span of a few seconds at least is needed for numbers that mean something.
func EstimateFlow(depth, own *Series, from, to time.Time) (Flow, bool) {
	if depth == nil {
		return Flow{}, false
	}
	to = depth.Newest(to)
	span := to.Sub(from).Seconds()
	if span <= 0 {
		return Flow{}, false
	}
	first, last := depth.At(from), depth.At(to)
	if math.IsNaN(first) || math.IsNaN(last) {
		return Flow{}, false
	}
	var up, down float64
	was, known := first, true
	depth.between(nano(from), nano(to)+1, func(r run, _ int64) {
		up, down = up+max(r.v-was, 0), down+max(was-r.v, 0)
		was, known = r.v, known && !math.IsNaN(r.v)
	})
	if own != nil { // a moment at which the queue was emptied from here is a gap in the count
		own.between(nano(from), nano(to)+1, func(r run, _ int64) { known = known && !math.IsNaN(r.v) })
	}
	if !known {
		return Flow{}, false
	}
	if put := own.counted(to) - own.counted(from); put > 0 {
		rest := last - first - put
		return Flow{In: (put + max(rest, 0)) / span, Out: max(-rest, 0) / span, Own: put / span}, true
	}
	return Flow{In: up / span, Out: down / span}, true
}

// counted is the value of a series that counts up, at a time: that of the last
// count before it, 0 before the first.
func (s *Series) counted(at time.Time) float64 {
	if s == nil {
		return 0
	}
	if i := s.find(nano(at)); i >= 0 {
		return s.run(i).v
	}
	return 0
}
