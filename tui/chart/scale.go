package chart

import "math"

// scale maps values to the rows of a plot: 0 to the middle of the lowest row,
// top to the middle of the highest. Lines, areas, labels and grid lines all go
// through it, so they cannot disagree. Labels stand a whole number of rows
// apart, which is what top is chosen by.
type scale struct {
	top   float64 // at least what it was made to hold
	rows  int
	apart int     // rows from one label to the next; 0 where only 0 has one
	step  float64 // the value from one to the next
}

// roundSteps are the first digits that the distance of two labels may have, and
// how much of the height each is worth losing for.
var roundSteps = []struct{ digits, worth float64 }{
	{1, 1}, {1.5, 1.08}, {2, 1}, {2.5, 1.03}, {3, 1.06}, {4, 1.06}, {5, 1}, {6, 1.16}, {8, 1.16}, {10, 1},
}

// scaleOf is the scale that holds a value in a number of rows: of all whose
// labels are round and on whole rows, the one that wastes least. What is counted
// has whole numbers.
func scaleOf(top float64, rows int) scale {
	s := scale{top: top, rows: rows}
	if !(top > 1e-9) || rows < 3 { // also NaN
		return s
	}
	top = s.full()
	least, gaps := 2, rows-1 // about six labels
	if rows > 12 {
		least = max(3, int(math.Round(float64(rows)/5.5)))
	}
	best := math.Inf(1)
	for apart := least; apart <= gaps; apart++ {
		need := top * float64(apart) / float64(gaps) * (1 - 1e-9)
		unit := math.Pow(10, math.Floor(math.Log10(need)))
		for _, round := range roundSteps {
			step := round.digits * unit
			if step < need || top >= 1 && step != math.Trunc(step) || unit < 0.01 && round.digits != math.Trunc(round.digits) {
				continue // the last would read alike in the five columns of a label
			}
			full := step * float64(gaps) / float64(apart)
			lost := full / top
			switch n := gaps / apart; n {
			case 1:
				lost *= 1.3
			case 2:
				lost *= 1.1 * round.worth
			default:
				lost *= round.worth
			}
			lost *= 1 + 0.1*float64(gaps%apart)/float64(gaps) // the highest row has no label
			if lost < best {
				best, s.top, s.apart, s.step = lost, full, apart, step
			}
		}
	}
	return s
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

// ticks is the values to label, from 0 up, all equally far apart.
func (s scale) ticks() []float64 {
	ticks := []float64{0}
	for i := 1; s.apart > 0 && i*s.apart < s.rows; i++ {
		ticks = append(ticks, s.step*float64(i))
	}
	return ticks
}

// NiceMax is the top of a scale that holds v: the next of a few round numbers
// times a power of ten, so that the scale keeps still while the peak moves a
// little. It is 0 when there is nothing to show.
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
