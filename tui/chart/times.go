package chart

import (
	"strconv"
	"time"

	"github.com/kscope/kscope/tui/screen"
)

// timeSteps are the distances that time labels may have.
var timeSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// drawTimes draws the axis line, its ticks, and how long before the right end
// they are.
func drawTimes(c screen.Canvas, st *screen.Styles, in Input, b box) {
	cols := b.cols(c.W)
	y := b.head + b.plot
	if b.axis > 0 {
		c.HLine(b.left, y, cols, st.Grid, '─')
		c.HLine(b.left+cols, y, b.ahead, st.Grid, '┈')
		c.Put(b.left-1, y, st.Grid, '└')
		in.shadeOpen(c, st, b, y)
		in.shadeLoads(c, st, b, y)
		if b.right > 1 {
			c.Put(c.W-b.right, y, st.Grid, '┘')
		}
	}
	if b.times == 0 {
		return
	}
	tick := func(col int) {
		if b.axis > 0 {
			c.Put(b.left+col, y, st.Grid, '┬')
		}
	}
	row := y + b.axis
	end := in.End
	if end == "" {
		end = "now"
	}
	said, from, to := in.cursorLabel(c, b)
	hidden := func(x, w int) bool { return said != "" && x < to && from < x+w }
	free := b.left + cols - screen.Width(end) - 2
	if !hidden(free+2, screen.Width(end)) {
		c.Right(b.left+cols, row, st.Muted, end)
	}
	tick(cols - 1)
	window := in.To.Sub(in.From)
	step := timeStep(window, cols)
	for ago := step; ago < window+step/2; ago += step {
		col := max(in.column(in.To.Add(-ago), cols), 0)
		if ago > window {
			break
		}
		label := "-" + shortDuration(ago)
		x := max(b.left+col-len(label)/2, 0)
		if x+len(label) > free {
			continue
		}
		tick(col)
		if !hidden(x, len(label)) {
			c.Text(x, row, st.Muted, label)
		}
		free = x - 2
	}
	if said != "" {
		c.Text(from, row, st.Chosen, said)
		tick(in.column(in.Cursor, cols))
	}
}

// cursorLabel is what stands at the cursor, "" for nothing, and its columns: a label
// that reaches into them is left out, since half a time says another.
func (in *Input) cursorLabel(c screen.Canvas, b box) (label string, from, to int) {
	cols := b.cols(c.W)
	p := in.column(in.Cursor, cols)
	if in.Cursor.IsZero() || p < 0 || p >= cols || in.CursorLabel == "" {
		return "", 0, 0
	}
	label = " " + in.CursorLabel + " "
	w := screen.Width(label)
	from = min(max(b.left+p-w/2, 0), max(c.W-w, 0))
	return label, from, from + w
}

// shadeLoads makes the time axis heavy where a load ran.
func (in *Input) shadeLoads(c screen.Canvas, st *screen.Styles, b box, y int) {
	cols := b.cols(c.W)
	for _, l := range in.Loads {
		from, to := max(in.column(l[0], cols), 0), min(in.column(l[1], cols), cols-1)
		c.HLine(b.left+from, y, to-from+1, st.You, '━')
	}
}

// shadeOpen makes the time axis double where a schedule is open, and broken where it will
// be.
func (in *Input) shadeOpen(c screen.Canvas, st *screen.Styles, b box, y int) {
	cols, look := b.cols(c.W), st.KEDA.Plain()
	for _, o := range in.Open {
		from, to, end := in.column(o[0], cols), in.column(o[1], cols), cols+b.ahead-1
		if to < 0 || from > end {
			continue
		}
		for x := max(from, 0); x <= min(to, end); x++ {
			r := '═'
			if x >= cols {
				r = '┅'
			}
			c.Put(b.left+x, y, look, r)
		}
		if o[0].After(in.From) {
			c.Text(b.left+from, y, look, st.Glyph.Opens)
		}
		if to <= end && to > from {
			c.Text(b.left+to, y, look, st.Glyph.Closes)
		}
	}
}

// sayOpen says under the axis what its double line is, where a schedule that was open before
// is so still.
func (in *Input) sayOpen(c screen.Canvas, st *screen.Styles, b box) {
	for _, o := range in.Open {
		if b.marks > 0 && b.axis > 0 && !o[0].After(in.From) && o[1].After(in.From) {
			top, cols := b.head+b.plot+b.axis+b.times, b.cols(c.W)
			place(c, b.left, b.left, b.left+min(in.column(o[1], cols), cols), top, top+b.marks-1, st.KEDA.Plain(), "═ schedule open")
			return
		}
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
