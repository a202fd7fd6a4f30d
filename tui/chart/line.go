package chart

import (
	"math"
	"strings"

	"github.com/guptarohit/asciigraph"
)

// The lines are asciigraph's, whose runes are laid over what is already there:
// heavy for what is, thin dashes for what is wanted.
var (
	heavyLine = asciigraph.CharSet{
		Horizontal: "━", VerticalLine: "┃", ArcDownRight: "┏", ArcDownLeft: "┓", ArcUpRight: "┗", ArcUpLeft: "┛",
		StartCap: "╺", EndCap: "╸",
	}
	dashedLine = asciigraph.CharSet{
		Horizontal: "┄", VerticalLine: "┆", ArcDownRight: "┌", ArcDownLeft: "┐", ArcUpRight: "└", ArcUpLeft: "┘",
		StartCap: "┄", EndCap: "┄",
	}
)

// rasterise turns one value per column into rows of runes, one for each column
// from the left; rows may end early.
func rasterise(vs []float64, s scale, chars asciigraph.CharSet) []string {
	if len(vs) == 0 || unknown(vs) || s.rows < 1 { // it panics on none, and writes nonsense for all NaN
		return nil
	}
	points := make([]float64, len(vs)+1) // a column is drawn between two points
	for i, v := range vs {
		points[i+1] = s.clamp(v) // it panics on Inf
	}
	points[0] = points[1]
	if s.rows == 1 {
		return []string{flat(vs, chars)}
	}
	rows := strings.Split(asciigraph.Plot(points, asciigraph.Height(s.rows-1),
		asciigraph.LowerBound(0), asciigraph.UpperBound(s.full()),
		asciigraph.YAxisValueFormatter(func(float64) string { return "" }),
		asciigraph.SeriesChars(chars)), "\n")
	for i, row := range rows {
		rows[i] = ""
		if at := strings.IndexAny(row, "┤┼"); at >= 0 {
			rows[i] = row[at+len("┤"):]
		}
	}
	return rows
}

// flat is a line where there is only one row for it.
func flat(vs []float64, chars asciigraph.CharSet) string {
	var b strings.Builder
	for _, v := range vs {
		if math.IsNaN(v) {
			b.WriteByte(' ')
		} else {
			b.WriteString(chars.Horizontal)
		}
	}
	return b.String()
}

// steps draws the line of replicas that are ready.
func (p plot) steps(vs []float64, s scale) {
	p.overlay(rasterise(vs, s, heavyLine), func(x, y int, r rune) {
		st := p.st.Ready
		if vs[x] == 0 && r == '━' { // nothing runs: still there, but at rest
			st = p.st.Idle
		}
		p.ground(x, y)
		p.c.Put(x, y, st, r)
	})
}

// desired draws the replicas asked for, only where they differ from those that
// are ready: there it runs ahead, elsewhere it would be noise.
func (p plot) desired(vs, ready []float64, s scale) {
	differs := func(x int) bool {
		return x >= 0 && !math.IsNaN(vs[x]) && vs[x] != ready[x]
	}
	ahead := false
	for x := range vs {
		ahead = ahead || differs(x)
	}
	if !ahead {
		return
	}
	p.overlay(rasterise(vs, s, dashedLine), func(x, y int, r rune) {
		if !differs(x) && !(differs(x-1) && vs[x] != vs[x-1]) {
			return
		}
		if cell := p.c.At(x, y).Rune; cell < '▁' || cell > '▄' { // would bite into the edge of the area
			p.ground(x, y)
			p.c.Put(x, y, p.st.Desired, r)
		}
	})
}

// overlay calls draw for every rune of a rasterised line.
func (p plot) overlay(rows []string, draw func(x, y int, r rune)) {
	for y, row := range rows {
		x := 0
		for _, r := range row {
			if r != ' ' && p.c.At(x, y) != nil {
				draw(x, y, r)
			}
			x++
		}
	}
}

// ground prepares a cell for a line: one that is mostly area counts as area.
func (p plot) ground(x, y int) {
	if cell := p.c.At(x, y); cell.Rune > '▄' && cell.Rune <= '▇' {
		cell.Style.Bg = cell.Style.Fg
	}
}
