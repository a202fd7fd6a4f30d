package chart

import "math"

// scale maps values to the rows of a plot: 0 to the middle of the lowest row,
// top to the middle of the highest. Lines, areas, labels and grid lines all go
// through it, so they cannot disagree.
type scale struct {
	top  float64
	rows int
}

// full is the value of the highest row, at least something to divide by.
func (s scale) full() float64 {
	if !(s.top > 1e-9) { // also NaN
		return 1
	}
	return min(s.top, 1e18)
}

// clamp is v within the scale; NaN stays.
func (s scale) clamp(v float64) float64 {
	if math.IsNaN(v) {
		return v
	}
	return min(max(v, 0), s.full())
}

// row is the row of a known value, 0 on top.
func (s scale) row(v float64) int {
	// In the order in which the line rasteriser computes it.
	ratio := float64(s.rows-1) / s.full()
	return s.rows - 1 - int(math.Round(s.clamp(v)*ratio))
}

// eighths is how much of the plot an area of a known value fills, in eighths
// of a row: up to the middle of the value's place, and nothing for nothing.
func (s scale) eighths(v float64) int {
	if !(v > 0) {
		return 0
	}
	v = s.clamp(v) / s.full()
	if s.rows == 1 {
		return max(int(math.Round(v*8)), 1)
	}
	return int(math.Round(v*float64(s.rows-1)*8)) + 4
}

// ticks is the values to label, from 0 up: round steps, whole numbers for
// counts, never two on a row.
func (s scale) ticks() []float64 {
	if !(s.top > 1e-9) {
		return []float64{0}
	}
	top := s.full()
	gap := 2.0 // rows between labels: about six of them
	if s.rows > 12 {
		gap = max(3, float64(s.rows)/5.5)
	}
	perUnit := float64(s.rows-1) / top
	if perUnit*top < gap {
		return []float64{0}
	}
	step := s.step(gap / perUnit)
	ticks := []float64{0}
	for v := step; v < top*1.001 && len(ticks) < s.rows; v = step * float64(len(ticks)) {
		ticks = append(ticks, v)
	}
	last := ticks[len(ticks)-1]
	switch {
	case top-last <= top/1000:
	case (top-last)*perUnit >= gap || len(ticks) == 1:
		ticks = append(ticks, top)
	default:
		ticks[len(ticks)-1] = top
	}
	return ticks
}

// step is the distance of the ticks, at least the given one: one that divides
// the scale if there is one, else a round one.
func (s scale) step(least float64) float64 {
	top := s.full()
	if top >= 1 {
		least = max(least, 1)
	}
	round := 0.0
	for exp := math.Floor(math.Log10(least)); ; exp++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, exp)
			switch {
			case v < least*0.999:
				continue
			case v > top/2*1.001:
				if half := top / 2; half >= least && half == math.Floor(half) {
					return half
				}
				if round > 0 {
					return round
				}
				return top
			case round == 0:
				round = v
			}
			if n := top / v; math.Abs(n-math.Round(n)) < 1e-6 {
				return v
			}
		}
	}
}

// NiceMax is the top of a scale that holds v: the next of a few round numbers
// times a power of ten, so that a chart is never less than two thirds full. It
// is 0 when there is nothing to show.
func NiceMax(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	v = min(v, 1e18)
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if nice := m * unit; nice >= v*(1-1e-9) {
			return nice
		}
	}
	return 10 * unit
}
