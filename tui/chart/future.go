package chart

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/tui/screen"
)

// Ahead is what is expected after the window, in columns as wide as its own. It is
// drawn in dots and broken lines, dim and with no area, so that nobody takes it for
// what was observed.
type Ahead struct {
	Columns int // that the plot has for it; 0 for none
	Span    time.Duration
	Queue   Fan
	Ready   Fan
	Due     []Due
}

// Fan is a value for each column: what is likely, and the least and most that may be.
type Fan struct{ Low, Likely, High []float64 }

// Add adds a column.
func (f *Fan) Add(low, likely, high float64) {
	f.Low, f.Likely, f.High = append(f.Low, low), append(f.Likely, likely), append(f.High, high)
}

// DueKind is what is due.
type DueKind uint8

// The kinds.
const (
	DueStep DueKind = iota // of the replicas, as by a Mark
	DueLook                // KEDA looks
	DueSync                // the HPA looks
)

// Due is something that will be done.
type Due struct {
	Kind   DueKind
	Mark   MarkKind // the sign of a step
	Column int      // of those ahead; the step beyond the last is shown at it
	To     string   // to how many replicas
	In     string   // how long until then
}

// expectedGround is the edge between what was and what is expected, and the lines of
// the scale.
func (p plot) expectedGround(s scale) {
	p.gridLines(s, s.ticks())
	p.c.VLine(0, 0, p.c.H, p.st.Muted, '┊')
}

// expected draws a fan. Queue and replicas take turns in the columns, so that both
// are seen where they lie on each other.
func (p plot) expected(f Fan, s scale, queue bool) {
	likely, edge, r, turn := p.st.Pods, p.st.PodsGuide, '╺', 0
	if queue {
		likely, edge, r, turn = p.st.Queue, p.st.QueueGuide, '•', 1
	}
	if !p.st.Colours {
		likely = likely.Faint()
	}
	put := func(x int, v float64, look screen.Style, r rune) {
		if math.IsNaN(v) {
			return
		}
		if y := s.row(v); p.bare(x, y, 1) {
			p.c.Put(x, y, look, r)
		}
	}
	for x := 2 - turn; x < min(p.c.W, len(f.Likely)); x += 2 {
		put(x, f.Likely[x], likely, r)
	}
	for x := 3 - turn; x < min(p.c.W, len(f.Likely)) && !queue; x++ { // a step is led up or down
		if math.IsNaN(f.Likely[x-1]) || math.IsNaN(f.Likely[x]) {
			continue
		}
		a, b := s.row(f.Likely[x-1]), s.row(f.Likely[x])
		for y := min(a, b) + 1; y < max(a, b); y++ {
			if p.bare(x, y, 1) {
				p.c.Put(x, y, likely, '╎')
			}
		}
	}
	for x := 2 - turn; x < min(p.c.W, len(f.Likely)); x += 2 {
		put(x, f.Low[x], edge, '·')
		put(x, f.High[x], edge, '·')
	}
}

// word says what this is, where it covers nothing.
func (p plot) word() {
	const say = "expected"
	for y := range p.c.H {
		for x := p.c.W - len(say) - 1; x > 0; x-- {
			if p.bare(x-1, y, len(say)+2) {
				p.c.Text(x, y, p.st.Muted, say)
				return
			}
		}
	}
}

// drawDue writes under the axis what is due: who looks in the row of the times, and
// what comes of it in the row of the marks.
func (a Ahead) drawDue(c screen.Canvas, st *screen.Styles, b box) {
	if b.ahead == 0 || b.times == 0 {
		return
	}
	first := b.left + b.cols(c.W)
	times := b.head + b.plot + b.axis
	due := slices.Clone(a.Due)
	slices.SortStableFunc(due, func(x, y Due) int { return cmp.Compare(x.Column, y.Column) })
	end := c.W
	for _, d := range due {
		row, last := times+1, times+b.marks
		sign, look := "", st.Muted
		switch d.Kind {
		case DueLook:
			row, last, sign = times, times, "KEDA looks "
			if b.ahead < 28 {
				sign = "KEDA "
			}
		case DueSync:
			row, last, sign = times, times, "HPA looks "
			if b.ahead < 28 {
				sign = "HPA "
			}
		default:
			s, l := Mark{Kind: d.Mark}.look(st)
			sign, look = s+d.To+" ", l.Plain()
			if !st.Colours {
				look = look.Faint()
			}
		}
		place(c, first+max(d.Column, 1), first+1, end, row, last, look, sign+d.In)
	}
	// Those say their time themselves, and may stand aside. This is one of a place.
	span := "+" + shortDuration(a.Span)
	w := screen.Width(span)
	x := min(c.W-b.right, c.W-w)
	place(c, x, max(x-w, first+1), c.W, times, times, st.Muted, span)
}

// place writes a text as near to a column as there is room for it between two
// others, in the first row that has some; else it is left out.
func place(c screen.Canvas, at, from, to, row, last int, look screen.Style, text string) {
	w := screen.Width(text)
	for ; row <= last; row++ {
		for off := range 2 * (to - from) {
			x := at + (off+1)/2*(1-off%2*2)
			x = min(max(x, from), to-w)
			if x < from || !blank(c, x-1, row, w+2) {
				continue
			}
			c.Text(x, row, look, text)
			return
		}
	}
}

// blank reports whether nothing stands in w columns of a row.
func blank(c screen.Canvas, x, y, w int) bool {
	for i := range w {
		if cell := c.At(x+i, y); cell != nil && cell.Rune != ' ' && cell.Rune != 0 {
			return false
		}
	}
	return true
}
