package chart

import (
	"cmp"
	"slices"

	"github.com/kscope/kscope/tui/screen"
)

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
