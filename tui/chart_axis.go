package tui

import (
	"math"
	"strconv"
	"time"
)

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

// niceMax is the top of a scale that holds v: the next of a few round numbers
// times a power of ten, so that a chart is never less than two thirds full. It
// is 0 when there is nothing to show.
func niceMax(v float64) float64 {
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

func (p plot) gridLines(s scale, ticks []float64) {
	if p.st.ascii || !p.st.colours { // without colour they would be as loud as the data
		return
	}
	for _, v := range ticks {
		p.c.hline(0, s.row(v), p.c.w, p.st.grid, '┈')
	}
}

// leftAxis draws the scale of the queue into its gutter.
func leftAxis(c canvas, st *styles, s scale, ticks []float64) {
	if c.w == 0 {
		return
	}
	c.vline(c.w-1, 0, c.h, st.grid, '│')
	for _, v := range ticks {
		c.right(c.w-2, s.row(v), st.queue, short(v))
	}
}

// rightAxis draws the scale of the replicas into its gutter.
func rightAxis(c canvas, st *styles, s scale) {
	if c.w == 0 {
		return
	}
	c.vline(0, 0, c.h, st.grid, '│')
	for _, v := range s.ticks() {
		c.text(2, s.row(v), st.pods, short(v))
	}
}

// timeSteps are the distances that time labels may have.
var timeSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// drawTimes draws the axis line, its ticks, and how long before the right end
// they are.
func drawTimes(c canvas, st *styles, in chartInput, b chartBox) {
	cols := c.w - b.left - b.right
	y := b.head + b.plot
	if b.axis > 0 {
		c.hline(b.left, y, cols, st.grid, '─')
		c.put(b.left-1, y, st.grid, '└')
		in.shadeLoads(c, st, b, y)
		if b.right > 1 {
			c.put(c.w-b.right, y, st.grid, '┘')
		}
	}
	if b.times == 0 {
		return
	}
	tick := func(col int) {
		if b.axis > 0 {
			c.put(b.left+col, y, st.grid, '┬')
		}
	}
	row := y + b.axis
	end := in.end
	if end == "" {
		end = "now"
	}
	free := c.right(b.left+cols, row, st.muted, end) - 2
	tick(cols - 1)
	window := in.to.Sub(in.from)
	step := timeStep(window, cols)
	for ago := step; ago < window+step/2; ago += step {
		col := max(in.column(in.to.Add(-ago), cols), 0)
		if ago > window {
			break
		}
		label := "-" + shortDuration(ago)
		x := max(b.left+col-len(label)/2, 0)
		if x+len(label) > free {
			continue
		}
		tick(col)
		c.text(x, row, st.muted, label)
		free = x - 2
	}
	p := in.column(in.cursor, cols)
	if !in.cursor.IsZero() && p >= 0 && p < cols && in.cursorLabel != "" {
		label := " " + in.cursorLabel + " "
		x := min(max(b.left+p-textWidth(label)/2, 0), max(c.w-textWidth(label), 0))
		c.text(x, row, st.chosen, label)
		tick(p)
	}
}

// timeStep is the shortest round step whose labels stand comfortably apart.
func timeStep(window time.Duration, cols int) time.Duration {
	apart := max(14, cols/10)
	if cols < 60 {
		apart = 10
	}
	for _, step := range timeSteps {
		if int(float64(step)/float64(max(window, 1))*float64(cols)) >= apart {
			return step
		}
	}
	day := 24 * time.Hour
	return max(window/time.Duration(max(cols/apart, 1)), day).Round(day)
}

// shortDuration writes a round duration: 30s, 90s, 2m, 2m30s, 1h30m, 2d.
func shortDuration(d time.Duration) string {
	s := int(d / time.Second)
	switch {
	case s < 120 && s%60 != 0 || s == 0:
		return strconv.Itoa(s) + "s"
	case s >= 2*86400 && s%86400 == 0:
		return strconv.Itoa(s/86400) + "d"
	case s < 3600 && s%60 == 0:
		return strconv.Itoa(s/60) + "m"
	case s < 3600:
		return strconv.Itoa(s/60) + "m" + strconv.Itoa(s%60) + "s"
	case s%3600 < 60:
		return strconv.Itoa(s/3600) + "h"
	}
	return strconv.Itoa(s/3600) + "h" + strconv.Itoa(s%3600/60) + "m"
}
