package chart

import (
	"math"

	"github.com/kscope/kscope/tui/screen"
)

// plot is the part of a chart that holds data.
type plot struct {
	c  screen.Canvas
	st *screen.Styles
}

// span is, for every column, the rows (from, to) between two levels; empty
// where from >= to.
type span struct{ from, to []int }

func (s span) has(x, y int) bool {
	return x < len(s.from) && y >= s.from[x] && y < s.to[x]
}

// chasing is the rows between the replicas that are ready and those that are
// desired, where more are desired: the distance that scaling still has to go.
func (in *Input) chasing(s scale) span {
	out := span{make([]int, len(in.Ready)), make([]int, len(in.Ready))}
	for x, r := range in.Ready {
		if d := in.Desired[x]; d > r {
			out.from[x], out.to[x] = s.row(d), s.row(r)
		}
	}
	return out
}

// area fills each column up to its value. Whole cells are painted as
// background, because block glyphs leave seams where lines are taller than
// the font; only the top cell is a glyph.
func (p plot) area(vs []float64, s scale, colours *screen.Ramp, chase span) {
	for x, v := range vs {
		n := 0
		if !math.IsNaN(v) {
			n = s.eighths(v)
		}
		for y := range p.c.H {
			n := min(max(n-8*(p.c.H-1-y), 0), 8)
			if p.st.Shade {
				p.shade(x, y, n, colours)
			} else {
				p.solid(x, y, n, colours, chase.has(x, y))
			}
		}
	}
}

// solid paints n eighths of a cell.
func (p plot) solid(x, y, n int, colours *screen.Ramp, chase bool) {
	cell := p.c.At(x, y)
	if chase && n < 8 {
		cell.Style.Bg = p.st.Chase
	}
	switch c := colours.At(y, p.c.H, chase); {
	case n == 8:
		cell.Rune, cell.Style = ' ', screen.Style{Bg: c}
	case n > 0:
		cell.Rune, cell.Style = rune('▁'+n-1), screen.Style{Fg: c, Bg: cell.Style.Bg}
	}
}

// shade paints a cell by texture, where colours are few.
func (p plot) shade(x, y, n int, colours *screen.Ramp) {
	look := screen.Style{Fg: colours.Plain[screen.RampSteps-1]}
	if !p.st.Colours {
		look = look.Faint()
	}
	switch {
	case n >= 7:
		p.c.Put(x, y, look, '▒')
	case n >= 3:
		p.c.Put(x, y, look, '░')
	}
}

// gap is a run of columns in which nothing is known.
type gap struct{ from, to int }

// gapsIn finds the runs of unknown values, oldest first.
func gapsIn(vs []float64) (out []gap) {
	for i := 0; i < len(vs); i++ {
		if !math.IsNaN(vs[i]) {
			continue
		}
		from := i
		for i < len(vs) && math.IsNaN(vs[i]) {
			i++
		}
		out = append(out, gap{from, i})
	}
	return out
}

// gaps marks what is not known, so that it cannot be taken for zero: dots
// along the baseline, and between known values a texture over the height.
func (p plot) gaps(vs []float64) {
	for _, g := range gapsIn(vs) {
		for x := g.from; x < g.to; x++ {
			p.c.Put(x, p.c.H-1, p.st.Muted, '·')
			if g.from == 0 { // before the first value: simply not begun
				continue
			}
			for y := range p.c.H - 1 {
				if (x-g.from)%4 == 1+2*((p.c.H-y)%2) {
					p.c.Put(x, y, p.st.Grid, '·')
				}
			}
		}
	}
}

// gapLabel says "no data" in the gaps that have room for it.
func (p plot) gapLabel(vs []float64) {
	const label = " no data "
	if p.c.H < 3 {
		return
	}
	for _, g := range gapsIn(vs) {
		if g.to-g.from < len(label)+2 || g.from == 0 && g.to < len(vs) {
			continue
		}
		x := (g.from + g.to - len(label)) / 2
		for _, y := range []int{p.c.H / 2, p.c.H / 3, p.c.H * 2 / 3} {
			if p.room(x, y, len(label)) {
				p.c.Text(x, y, p.st.Muted, label)
				break
			}
		}
	}
}
