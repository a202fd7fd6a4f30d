package chart

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// MarkKind is who did what.
type MarkKind uint8

// What the timeline tells, as signs.
const (
	MarkUp         MarkKind = iota // the HPA asked for more
	MarkDown                       // the HPA asked for fewer
	MarkActivate                   // KEDA: from zero
	MarkDeactivate                 // KEDA: to zero
	MarkInject                     // work put in from here
	MarkTrouble                    // something failed
	MarkLoad                       // work is put in from here from now on
)

// Mark is something that happened at a moment, shown under the time axis.
type Mark struct {
	At    time.Time
	Kind  MarkKind
	N     int64  // replicas it led to; jobs for markInject
	Label string // instead of n
}

// rank is how much a mark matters when not all fit.
func (m Mark) rank() int {
	return [...]int{MarkUp: 2, MarkDown: 1, MarkActivate: 3, MarkDeactivate: 3, MarkInject: 4, MarkTrouble: 5, MarkLoad: 4}[m.Kind]
}

// look is the sign and style of a mark. Each actor has a shape of its own, so
// that colour is not needed to tell them apart.
func (m Mark) look(st *screen.Styles) (string, screen.Style) {
	switch m.Kind {
	case MarkUp:
		return st.Glyph.Up, st.HPA
	case MarkDown:
		return st.Glyph.Down, st.HPA.Plain()
	case MarkActivate:
		return st.Glyph.On, st.KEDA
	case MarkDeactivate:
		return st.Glyph.Off, st.KEDA
	case MarkInject, MarkLoad:
		return st.Glyph.Plus, st.You
	}
	return st.Glyph.Warn, st.Bad
}

func (m Mark) text() string {
	switch {
	case m.Label != "":
		return m.Label
	case m.Kind == MarkInject:
		return words.Short(float64(m.N))
	case m.Kind == MarkTrouble:
		return ""
	}
	return strconv.FormatInt(m.N, 10)
}

// placedMark is a mark with the columns it takes.
type placedMark struct {
	Mark
	col, w int
}

// drawMarks writes the marks under their moments. With two rows, causes are in
// the first and what the controllers made of them in the second. Marks of one
// kind that stand too close become one; what still does not fit moves to the
// other row or a little to the right, and else the less important is left out.
func drawMarks(c screen.Canvas, st *screen.Styles, in Input, b box) {
	if b.marks == 0 || len(in.Marks) == 0 {
		return
	}
	cols := b.cols(c.W)
	ms := placeMarks(st, in, cols)
	slices.SortStableFunc(ms, func(x, y placedMark) int {
		return cmp.Or(cmp.Compare(y.rank(), x.rank()), cmp.Compare(y.col, x.col)) // newest first among equals
	})
	top := b.head + b.plot + b.axis + b.times
	taken := make([]bool, b.marks*c.W)
	for _, m := range ms {
		sign, look := m.look(st)
		lane := 0
		if b.marks > 1 && m.Kind <= MarkDeactivate {
			lane = 1
		}
		shift := 4
		if m.rank() > 2 {
			shift = 7
		}
		for try := range shift * b.marks {
			row, x := (lane+try)%b.marks, b.left+m.col+try/b.marks
			at := taken[row*c.W : (row+1)*c.W]
			if x+m.w > c.W || slices.Contains(at[max(x-1, 0):min(x+m.w+1, c.W)], true) {
				continue
			}
			for i := range m.w {
				at[x+i] = true
			}
			x = c.Text(x, top+row, look, sign)
			c.Text(x, top+row, look, m.text())
			break
		}
	}
}

// placeMarks finds the columns of the marks in the window and merges those of
// one kind that would overlap: work adds up, of replicas the last word counts.
func placeMarks(st *screen.Styles, in Input, cols int) []placedMark {
	sorted := slices.Clone(in.Marks)
	slices.SortStableFunc(sorted, func(x, y Mark) int { return x.At.Compare(y.At) })
	var out []placedMark
	last := map[MarkKind]int{}
	for _, m := range sorted {
		col := in.column(m.At, cols)
		if col < 0 || col >= cols {
			continue
		}
		sign, _ := m.look(st)
		p := placedMark{m, col, screen.Width(sign) + screen.Width(m.text())}
		if i, ok := last[m.Kind]; ok && col <= out[i].col+out[i].w {
			prev := &out[i]
			if m.Kind == MarkInject && m.Label == "" {
				prev.N += m.N
			} else {
				prev.N, prev.Label = m.N, m.Label
			}
			prev.w = screen.Width(sign) + screen.Width(prev.text())
			continue
		}
		last[m.Kind] = len(out)
		out = append(out, p)
	}
	return out
}
