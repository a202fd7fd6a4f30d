package tui

import "math"

// plot is the part of a chart that holds data.
type plot struct {
	c  canvas
	st *styles
}

// span is, for every column, the rows (from, to) between two levels; empty
// where from >= to.
type span struct{ from, to []int }

func (s span) has(x, y int) bool {
	return x < len(s.from) && y >= s.from[x] && y < s.to[x]
}

// chasing is the rows between the replicas that are ready and those that are
// desired, where more are desired: the distance that scaling still has to go.
func (in *chartInput) chasing(s scale) span {
	out := span{make([]int, len(in.ready)), make([]int, len(in.ready))}
	for x, r := range in.ready {
		if d := in.desired[x]; d > r {
			out.from[x], out.to[x] = s.row(d), s.row(r)
		}
	}
	return out
}

// area fills each column up to its value. Whole cells are painted as
// background, because block glyphs leave seams where lines are taller than
// the font; only the top cell is a glyph.
func (p plot) area(vs []float64, s scale, colours *ramp, chase span) {
	for x, v := range vs {
		n := 0
		if !math.IsNaN(v) {
			n = s.eighths(v)
		}
		for y := range p.c.h {
			n := min(max(n-8*(p.c.h-1-y), 0), 8)
			if p.st.area == areaShade {
				p.shade(x, y, n, colours)
			} else {
				p.solid(x, y, n, colours, chase.has(x, y))
			}
		}
	}
}

// solid paints n eighths of a cell.
func (p plot) solid(x, y, n int, colours *ramp, chase bool) {
	cell := p.c.at(x, y)
	if chase && n < 8 {
		cell.st.bg = p.st.chase
	}
	switch c := colours.at(y, p.c.h, chase); {
	case n == 8:
		cell.r, cell.st = ' ', style{bg: c}
	case n > 0:
		cell.r, cell.st = rune('▁'+n-1), style{fg: c, bg: cell.st.bg}
	}
}

// shade paints a cell by texture, where colours are few.
func (p plot) shade(x, y, n int, colours *ramp) {
	look := style{fg: colours.plain[rampSteps-1]}
	if !p.st.colours {
		look = look.faint()
	}
	switch {
	case n >= 7:
		p.c.put(x, y, look, '▒')
	case n >= 3:
		p.c.put(x, y, look, '░')
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
			p.c.put(x, p.c.h-1, p.st.muted, '·')
			if g.from == 0 { // before the first value: simply not begun
				continue
			}
			for y := range p.c.h - 1 {
				if (x-g.from)%4 == 1+2*((p.c.h-y)%2) {
					p.c.put(x, y, p.st.grid, '·')
				}
			}
		}
	}
}

// gapLabel says "no data" in the gaps that have room for it.
func (p plot) gapLabel(vs []float64) {
	const label = " no data "
	if p.c.h < 3 {
		return
	}
	for _, g := range gapsIn(vs) {
		if g.to-g.from < len(label)+2 || g.from == 0 && g.to < len(vs) {
			continue
		}
		x := (g.from + g.to - len(label)) / 2
		for _, y := range []int{p.c.h / 2, p.c.h / 3, p.c.h * 2 / 3} {
			if p.room(x, y, len(label)) {
				p.c.text(x, y, p.st.muted, label)
				break
			}
		}
	}
}
