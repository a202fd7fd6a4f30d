package tui

import (
	"math"
	"time"
)

// A chart, overlaid:
//
//	  ▇ queue                 ━ ready  ┄ desired     head
//	8k │      peak 7,035 ┌┄┄┏━━━━━━┓        │ 30
//	   │    ▄▇████████▇▅ ┆  ┃      ┗━━┓     │        plot
//	 0 │━━━━━━━━━━━━━━━━━━━━┛         ┗━━━━━│ 0
//	   └──┬──────────┬──────────┬───────────┘        axis
//	     -90s       -1m       -30s        now        times
//	        +500 ●1   ▲10 ▲30      ▼12 ○0            marks
//
// Everything is a function of the input: no clock, no memory. Whoever calls
// reduces the series to a value per column ([chartCols] says how many), aligns
// the window to whole columns so that the picture shifts without shimmer, and
// keeps the axes' maxima steady.

// chartMode is how queue and replicas share the space.
type chartMode uint8

const (
	chartOverlay chartMode = iota // one plot, two scales
	chartStacked                  // a plot each, one time axis
)

// chartInput is what a chart shows. In the series NaN is "not known".
type chartInput struct {
	mode     chartMode
	from, to time.Time // the window; column i covers [from+i*bin, from+(i+1)*bin)
	end      string    // label of the right end, "now" when empty

	queue   []float64 // largest value of each column
	ready   []float64 // last value of each column
	desired []float64 // last value of each column

	queueMax, readyMax float64 // tops of the scales, see niceMax

	queueName string // legend, "queue" when empty
	queueFlow string // what comes and goes, after it; "" when nothing does or is known
	empty     string // said while nothing is known yet

	marks  []mark
	loads  [][2]time.Time // from when to when work was put in from here
	guides []guide

	cursor      time.Time // moment under inspection, zero for none
	cursorLabel string    // said under the axis at the cursor
}

// guide is a level worth seeing: a maximum, an activation threshold.
type guide struct {
	v     float64
	label string
	pods  bool // measured on the replicas' scale
}

// chartBox is how a chart divides its height and width.
type chartBox struct {
	left, right                    int // gutters for the scales
	head, plot, axis, times, marks int // rows, from top to bottom
}

// chartBoxOf decides what survives as the space shrinks: first the plot, then
// the times, the marks, the axis line, the legend, a second row of marks.
func chartBoxOf(w, h int, mode chartMode) chartBox {
	b := chartBox{}
	switch {
	case w >= 40:
		b.left, b.right = 6, 6
	case w >= 24:
		b.left, b.right = 5, 5
	case w >= 12:
		b.left = 5
	}
	if mode == chartStacked {
		b.right = min(b.right, 1)
	}
	for _, part := range []struct {
		from int
		row  *int
	}{{4, &b.times}, {6, &b.marks}, {8, &b.axis}, {10, &b.head}, {24, &b.marks}} {
		if h >= part.from {
			*part.row++
		}
	}
	b.plot = max(h-b.head-b.axis-b.times-b.marks, 0)
	return b
}

// chartCols is how many columns the plot of a chart w wide has, which is how
// many values each series should have.
func chartCols(w int, mode chartMode) int {
	b := chartBoxOf(w, 0, mode)
	return max(w-b.left-b.right, 0)
}

// drawChart draws a chart over the whole canvas.
func drawChart(c canvas, st *styles, in chartInput) {
	b := chartBoxOf(c.w, c.h, in.mode)
	cols := c.w - b.left - b.right
	if cols < 1 || b.plot < 1 {
		return
	}
	in.queue = lastN(in.queue, cols)
	in.ready = lastN(in.ready, cols)
	in.desired = lastN(in.desired, cols)
	if unknown(in.queue) && unknown(in.ready) && unknown(in.desired) {
		drawWaiting(c, st, in, b)
		return
	}
	if in.mode == chartStacked && b.plot >= 5 {
		drawStacked(c, st, in, b)
	} else {
		drawOverlay(c, st, in, b)
	}
	drawTimes(c, st, in, b)
	drawMarks(c, st, in, b)
}

func drawOverlay(c canvas, st *styles, in chartInput, b chartBox) {
	p := plot{c.sub(b.left, b.head, c.w-b.left-b.right, b.plot), st}
	left := scale{in.queueMax, b.plot}
	right := scale{in.readyMax, b.plot}
	ticks := left.ticks()
	p.gridLines(left, ticks)
	leftAxis(c.sub(0, b.head, b.left, b.plot), st, left, ticks)
	rightAxis(c.sub(c.w-b.right, b.head, b.right, b.plot), st, right)

	p.area(in.queue, left, &st.queueArea, in.chasing(right))
	p.gaps(in.queue)
	p.guideLines(in.guides, left, right)
	p.desired(in.desired, in.ready, right)
	p.steps(in.ready, right)
	p.cursor(in)
	p.guideLabels(in.guides, left, right)
	p.gapLabel(in.queue)
	p.peak(in.queue, left)

	if b.head > 0 {
		x := legendQueue(c, st, in, b.left)
		legendPods(c, st, max(x+2, c.w-b.right-textWidth(legendWidest)), c.w-b.right, "━━", st.ready)
	}
}

func drawStacked(c canvas, st *styles, in chartInput, b chartBox) {
	heads := 2 * b.head
	rows := b.plot + b.head - heads
	top := (rows + 1) / 2
	cols := c.w - b.left - b.right
	qc := c.sub(0, 0, c.w, b.head+top)
	rc := c.sub(0, b.head+top, c.w, b.head+rows-top)

	q := plot{qc.sub(b.left, b.head, cols, top), st}
	left := scale{in.queueMax, top}
	ticks := left.ticks()
	q.gridLines(left, ticks)
	leftAxis(qc.sub(0, b.head, b.left, top), st, left, ticks)
	q.area(in.queue, left, &st.queueSolo, span{})
	q.gaps(in.queue)
	q.guideLines(onScale(in.guides, false), left, left)
	q.cursor(in)
	q.guideLabels(onScale(in.guides, false), left, left)
	q.gapLabel(in.queue)
	q.peak(in.queue, left)

	r := plot{rc.sub(b.left, b.head, cols, rows-top), st}
	right := scale{in.readyMax, rows - top}
	ticks = right.ticks()
	r.gridLines(right, ticks)
	podsAxis := *st
	podsAxis.queue = st.pods
	leftAxis(rc.sub(0, b.head, b.left, rows-top), &podsAxis, right, ticks)
	r.area(in.ready, right, &st.podsArea, in.chasing(right))
	r.gaps(in.ready)
	r.guideLines(onScale(in.guides, true), right, right)
	r.desired(in.desired, in.ready, right)
	r.cursor(in)
	r.guideLabels(onScale(in.guides, true), right, right)
	r.gapLabel(in.ready)

	if b.head > 0 {
		legendQueue(qc, st, in, b.left)
		legendPods(rc, st, max(b.left-2, 0), c.w-b.right, st.glyph.bar, st.pods)
	}
}

// drawWaiting is the chart before anything is known: the frame, so that
// nothing jumps when the first value comes, and a word.
func drawWaiting(c canvas, st *styles, in chartInput, b chartBox) {
	p := plot{c.sub(b.left, b.head, c.w-b.left-b.right, b.plot), st}
	leftAxis(c.sub(0, b.head, b.left, b.plot), st, scale{0, b.plot}, nil)
	if b.right > 1 {
		c.vline(c.w-b.right, b.head, b.plot, st.grid, '│')
	}
	p.c.hline(0, b.plot-1, p.c.w, st.grid, '┈')
	say := in.empty
	if say == "" {
		say = "waiting for the first measurement"
	}
	p.c.centre((b.plot-1)/2, st.muted, say)
	drawTimes(c, st, in, b)
	if b.head > 0 {
		legendQueue(c, st, in, b.left)
	}
}

// lastN is the newest n values; where there are fewer, the older columns are
// unknown. Values that cannot be drawn become ones that can.
func lastN(vs []float64, n int) []float64 {
	out := make([]float64, n)
	if len(vs) > n {
		vs = vs[len(vs)-n:]
	}
	for i := range n - len(vs) {
		out[i] = math.NaN()
	}
	for i, v := range vs {
		if v < 0 { // nothing that is counted here goes below zero
			v = 0
		}
		out[n-len(vs)+i] = v
	}
	return out
}

func unknown(vs []float64) bool {
	for _, v := range vs {
		if !math.IsNaN(v) {
			return false
		}
	}
	return true
}

// column is the column of a moment in a window of n columns; it may lie
// outside.
func (in *chartInput) column(t time.Time, n int) int {
	window := in.to.Sub(in.from)
	if window <= 0 {
		return -1
	}
	return int(math.Floor(float64(t.Sub(in.from)) / float64(window) * float64(n)))
}
