// Package chart draws a queue against its replicas over time, from numbers
// alone: it knows no object and no store, keeps nothing between two frames and
// reads no clock.
//
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
// Everything is a function of the [Input]. Whoever calls reduces the series to
// a value per column ([Columns] says how many), aligns the window to whole
// columns so that the picture shifts without shimmer, and keeps the axes'
// maxima steady.
package chart

import "github.com/kscope/kscope/tui/screen"

// box is how a chart divides its height and width.
type box struct {
	left, right                    int // gutters for the scales
	head, plot, axis, times, marks int // rows, from top to bottom
	ahead                          int // columns of the plot that are left for what is expected
}

// cols is how many columns of a chart so wide hold what was observed.
func (b box) cols(w int) int { return w - b.left - b.right - b.ahead }

// boxOf decides what survives as the space shrinks: first the plot, then
// the times, the marks, the axis line, the legend, a second row of marks.
func boxOf(w, h int, mode Mode) box {
	b := box{}
	switch {
	case w >= 40:
		b.left, b.right = 6, 6
	case w >= 24:
		b.left, b.right = 5, 5
	case w >= 12:
		b.left = 5
	}
	if mode == Stacked {
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

// Columns is how many columns the plot of a chart w wide has, which is how
// many values each series should have.
func Columns(w int, mode Mode) int {
	b := boxOf(w, 0, mode)
	return max(w-b.left-b.right, 0)
}

// Draw draws a chart over the whole canvas.
func Draw(c screen.Canvas, st *screen.Styles, in Input) {
	b := boxOf(c.W, c.H, in.Mode)
	b.ahead = min(max(in.Ahead.Columns, 0), max(c.W-b.left-b.right, 0)/2)
	cols := b.cols(c.W)
	if cols < 1 || b.plot < 1 {
		return
	}
	in.Queue = lastN(in.Queue, cols)
	in.Ready = lastN(in.Ready, cols)
	in.Desired = lastN(in.Desired, cols)
	if unknown(in.Queue) && unknown(in.Ready) && unknown(in.Desired) {
		drawWaiting(c, st, in, b)
		return
	}
	if in.Mode == Stacked && b.plot >= 5 {
		drawStacked(c, st, in, b)
	} else {
		drawOverlay(c, st, in, b)
	}
	drawTimes(c, st, in, b)
	drawMarks(c, st, in, b)
	in.sayOpen(c, st, b)
	in.Ahead.drawDue(c, st, b)
}

func drawOverlay(c screen.Canvas, st *screen.Styles, in Input, b box) {
	p := plot{c.Sub(b.left, b.head, b.cols(c.W), b.plot), st}
	left := scaleOf(in.QueueMax, b.plot)
	right := scaleOf(in.ReadyMax, b.plot)
	ticks := left.ticks()
	p.gridLines(left, ticks)
	leftAxis(c.Sub(0, b.head, b.left, b.plot), st, left, ticks)
	rightAxis(c.Sub(c.W-b.right, b.head, b.right, b.plot), st, right)

	p.area(in.Queue, left, &st.QueueArea, in.chasing(right))
	p.gaps(in.Queue)
	p.guideLines(in.Guides, left, right)
	p.desired(in.Desired, in.Ready, right)
	p.steps(in.Ready, right)
	p.cursor(in)
	p.guideLabels(in.Guides, left, right)
	p.gapLabel(in.Queue)
	p.peak(in.Queue, left)
	if b.ahead > 0 {
		f := plot{c.Sub(b.left+b.cols(c.W), b.head, b.ahead, b.plot), st}
		f.expectedGround(left)
		f.expected(in.Ahead.Queue, left, true)
		f.expected(in.Ahead.Ready, right, false)
		f.word()
	}

	if b.head > 0 {
		x := legendQueue(c, st, in, b.left)
		legendPods(c, st, max(x+2, c.W-b.right-screen.Width(legendWidest)), c.W-b.right, "━━", st.Ready, in.Wanted)
	}
}

func drawStacked(c screen.Canvas, st *screen.Styles, in Input, b box) {
	heads := 2 * b.head
	rows := b.plot + b.head - heads
	top := (rows + 1) / 2
	cols := b.cols(c.W)
	qc := c.Sub(0, 0, c.W, b.head+top)
	rc := c.Sub(0, b.head+top, c.W, b.head+rows-top)

	q := plot{qc.Sub(b.left, b.head, cols, top), st}
	left := scaleOf(in.QueueMax, top)
	ticks := left.ticks()
	q.gridLines(left, ticks)
	leftAxis(qc.Sub(0, b.head, b.left, top), st, left, ticks)
	q.area(in.Queue, left, &st.QueueSolo, span{})
	q.gaps(in.Queue)
	q.guideLines(onScale(in.Guides, false), left, left)
	q.cursor(in)
	q.guideLabels(onScale(in.Guides, false), left, left)
	q.gapLabel(in.Queue)
	q.peak(in.Queue, left)

	r := plot{rc.Sub(b.left, b.head, cols, rows-top), st}
	right := scaleOf(in.ReadyMax, rows-top)
	ticks = right.ticks()
	r.gridLines(right, ticks)
	podsAxis := *st
	podsAxis.Queue = st.Pods
	leftAxis(rc.Sub(0, b.head, b.left, rows-top), &podsAxis, right, ticks)
	r.area(in.Ready, right, &st.PodsArea, in.chasing(right))
	r.gaps(in.Ready)
	r.guideLines(onScale(in.Guides, true), right, right)
	r.desired(in.Desired, in.Ready, right)
	r.cursor(in)
	r.guideLabels(onScale(in.Guides, true), right, right)
	r.gapLabel(in.Ready)
	if b.ahead > 0 {
		f := plot{qc.Sub(b.left+cols, b.head, b.ahead, top), st}
		f.expectedGround(left)
		f.expected(in.Ahead.Queue, left, true)
		f.word()
		f = plot{rc.Sub(b.left+cols, b.head, b.ahead, rows-top), st}
		f.expectedGround(right)
		f.expected(in.Ahead.Ready, right, false)
	}

	if b.head > 0 {
		legendQueue(qc, st, in, b.left)
		legendPods(rc, st, max(b.left-2, 0), c.W-b.right, st.Glyph.Bar, st.Pods, in.Wanted)
	}
}

// drawWaiting is the chart before anything is known: the frame, so that
// nothing jumps when the first value comes, and a word.
func drawWaiting(c screen.Canvas, st *screen.Styles, in Input, b box) {
	p := plot{c.Sub(b.left, b.head, c.W-b.left-b.right, b.plot), st}
	leftAxis(c.Sub(0, b.head, b.left, b.plot), st, scaleOf(0, b.plot), nil)
	if b.right > 1 {
		c.VLine(c.W-b.right, b.head, b.plot, st.Grid, '│')
	}
	p.c.HLine(0, b.plot-1, p.c.W, st.Grid, '┈')
	say := in.Empty
	if say == "" {
		say = "waiting for the first measurement"
	}
	p.c.Centre((b.plot-1)/2, st.Muted, say)
	drawTimes(c, st, in, b)
	if b.head > 0 {
		legendQueue(c, st, in, b.left)
	}
}
