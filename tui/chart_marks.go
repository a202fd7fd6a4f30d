package tui

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// markKind is who did what.
type markKind uint8

const (
	markUp         markKind = iota // the HPA asked for more
	markDown                       // the HPA asked for fewer
	markActivate                   // KEDA: from zero
	markDeactivate                 // KEDA: to zero
	markInject                     // work put in from here
	markTrouble                    // something failed
	markLoad                       // work is put in from here from now on
)

// mark is something that happened at a moment, shown under the time axis.
type mark struct {
	at    time.Time
	kind  markKind
	n     int64  // replicas it led to; jobs for markInject
	label string // instead of n
}

// rank is how much a mark matters when not all fit.
func (m mark) rank() int {
	return [...]int{markUp: 2, markDown: 1, markActivate: 3, markDeactivate: 3, markInject: 4, markTrouble: 5, markLoad: 4}[m.kind]
}

// look is the sign and style of a mark. Each actor has a shape of its own, so
// that colour is not needed to tell them apart.
func (m mark) look(st *styles) (string, style) {
	switch m.kind {
	case markUp:
		return st.glyph.up, st.hpa
	case markDown:
		return st.glyph.down, st.hpa.plain()
	case markActivate:
		return st.glyph.on, st.keda
	case markDeactivate:
		return st.glyph.off, st.keda
	case markInject, markLoad:
		return st.glyph.plus, st.you
	}
	return st.glyph.warn, st.bad
}

func (m mark) text() string {
	switch {
	case m.label != "":
		return m.label
	case m.kind == markInject:
		return short(float64(m.n))
	case m.kind == markTrouble:
		return ""
	}
	return strconv.FormatInt(m.n, 10)
}

// placedMark is a mark with the columns it takes.
type placedMark struct {
	mark
	col, w int
}

// drawMarks writes the marks under their moments. With two rows, causes are in
// the first and what the controllers made of them in the second. Marks of one
// kind that stand too close become one; what still does not fit moves to the
// other row or a little to the right, and else the less important is left out.
func drawMarks(c canvas, st *styles, in chartInput, b chartBox) {
	if b.marks == 0 || len(in.marks) == 0 {
		return
	}
	cols := c.w - b.left - b.right
	ms := placeMarks(st, in, cols)
	slices.SortStableFunc(ms, func(x, y placedMark) int {
		return cmp.Or(cmp.Compare(y.rank(), x.rank()), cmp.Compare(y.col, x.col)) // newest first among equals
	})
	top := b.head + b.plot + b.axis + b.times
	taken := make([]bool, b.marks*c.w)
	for _, m := range ms {
		sign, look := m.look(st)
		lane := 0
		if b.marks > 1 && m.kind <= markDeactivate {
			lane = 1
		}
		shift := 4
		if m.rank() > 2 {
			shift = 7
		}
		for try := range shift * b.marks {
			row, x := (lane+try)%b.marks, b.left+m.col+try/b.marks
			at := taken[row*c.w : (row+1)*c.w]
			if x+m.w > c.w || slices.Contains(at[max(x-1, 0):min(x+m.w+1, c.w)], true) {
				continue
			}
			for i := range m.w {
				at[x+i] = true
			}
			x = c.text(x, top+row, look, sign)
			c.text(x, top+row, look, m.text())
			break
		}
	}
}

// placeMarks finds the columns of the marks in the window and merges those of
// one kind that would overlap: work adds up, of replicas the last word counts.
func placeMarks(st *styles, in chartInput, cols int) []placedMark {
	sorted := slices.Clone(in.marks)
	slices.SortStableFunc(sorted, func(x, y mark) int { return x.at.Compare(y.at) })
	var out []placedMark
	last := map[markKind]int{}
	for _, m := range sorted {
		col := in.column(m.at, cols)
		if col < 0 || col >= cols {
			continue
		}
		sign, _ := m.look(st)
		p := placedMark{m, col, textWidth(sign) + textWidth(m.text())}
		if i, ok := last[m.kind]; ok && col <= out[i].col+out[i].w {
			prev := &out[i]
			if m.kind == markInject && m.label == "" {
				prev.n += m.n
			} else {
				prev.n, prev.label = m.n, m.label
			}
			prev.w = textWidth(sign) + textWidth(prev.text())
			continue
		}
		last[m.kind] = len(out)
		out = append(out, p)
	}
	return out
}
