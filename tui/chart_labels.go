package tui

import (
	"math"
	"strings"
)

// room reports whether w columns of a row hold nothing but ground: labels go
// where they cover no line and no other label.
func (p plot) room(x, y, w int) bool {
	if x < 0 || y < 0 || y >= p.c.h || x+w > p.c.w {
		return false
	}
	for i := range w {
		if !strings.ContainsRune(" ┈╌·.▁▂▃▄▅▆▇▒░:", p.c.at(x+i, y).r) {
			return false
		}
	}
	return true
}

// bare reports whether w columns of a row are free of the area too.
func (p plot) bare(x, y, w int) bool {
	if !p.room(x, y, w) {
		return false
	}
	for i := range w {
		if cell := p.c.at(x+i, y); cell.st.bg != 0 || !strings.ContainsRune(" ┈╌·", cell.r) {
			return false
		}
	}
	return true
}

// peak writes the largest value beside the top of the area.
func (p plot) peak(vs []float64, s scale) {
	at, top := -1, 0.0
	for x, v := range vs {
		if v > top {
			at, top = x, v
		}
	}
	label := "peak " + commas(top)
	w := len(label)
	if at < 0 || p.c.h < 5 || p.c.w < 3*w {
		return
	}
	row := p.c.h - 1 - (s.eighths(top)-1)/8
	for _, free := range []func(x, y, w int) bool{p.bare, p.room} {
		for dy := 1; dy <= 3; dy++ {
			for dx := 0; dx <= w+6; dx++ {
				for _, x := range []int{at - w/2 - dx, at - w/2 + dx} {
					x = min(max(x, 0), p.c.w-w)
					if free(x-1, row-dy, w+2) || x == 0 && free(x, row-dy, w+1) || x == p.c.w-w && free(x-1, row-dy, w+1) {
						p.c.text(x, row-dy, p.st.peak, label)
						return
					}
				}
			}
		}
	}
	// The area touches the top, or lines are everywhere: inside, if anywhere.
	for y := range min(p.c.h-1, 3) {
		for x := min(max(at-w/2, 0), p.c.w-w); x > max(at-2*w, 0); x-- {
			if p.room(x, y, w) {
				p.c.text(x, y, p.st.strong, label)
				return
			}
		}
	}
}

func onScale(gs []guide, pods bool) (out []guide) {
	for _, g := range gs {
		if g.pods == pods {
			out = append(out, g)
		}
	}
	return out
}

// look finds the row and the colours of a guide, line and label; not ok when
// it is outside the scale.
func (p plot) look(g guide, left, right scale) (row int, line, label style, ok bool) {
	s, line, label := left, p.st.queueGuide, p.st.queue
	if g.pods {
		s, line, label = right, p.st.podsGuide, p.st.pods
	}
	if math.IsNaN(g.v) || g.v < 0 || g.v > s.full()*1.0001 {
		return 0, line, label, false
	}
	return s.row(g.v), line, label, true
}

func (p plot) guideLines(gs []guide, left, right scale) {
	for _, g := range gs {
		row, line, _, ok := p.look(g, left, right)
		for x := 0; ok && x < p.c.w; x++ {
			if r := p.c.at(x, row).r; r == ' ' || r == '┈' { // not through the edge of the area
				p.c.put(x, row, line, '╌')
			}
		}
	}
}

// guideLabels names the guides at the side where they belong, or wherever
// there is room on their row.
func (p plot) guideLabels(gs []guide, left, right scale) {
	for _, g := range gs {
		row, _, st, ok := p.look(g, left, right)
		w := textWidth(g.label) + 2
		if !ok || w > p.c.w/2 {
			continue
		}
		for i := 1; i < p.c.w-w; i++ {
			x := i
			if g.pods {
				x = p.c.w - w - i
			}
			if p.room(x, row, w) {
				p.c.text(x, row, st, " "+g.label+" ")
				break
			}
		}
	}
}

// crossings are what a line becomes where the cursor passes through it.
var crossings = map[rune]rune{'━': '┿', '┄': '┼', '╌': '┼', '=': '+', '-': '+'}

// cursor draws the line through the moment under inspection.
func (p plot) cursor(in chartInput) {
	x := in.column(in.cursor, p.c.w)
	if in.cursor.IsZero() || x < 0 || x >= p.c.w {
		return
	}
	for y := range p.c.h {
		cell := p.c.at(x, y)
		if p.room(x, y, 1) {
			p.ground(x, y)
			p.c.put(x, y, p.st.strong, '│')
		} else if r, ok := crossings[cell.r]; ok {
			p.c.put(x, y, cell.st.bold(), r)
		}
	}
}

// legendQueue names the area, and gives the column after it.
func legendQueue(c canvas, st *styles, in chartInput, x int) int {
	name := in.queueName
	if name == "" {
		name = "queue"
	}
	if x >= 2 {
		x -= 2
	}
	x = c.text(x, 0, st.queue, st.glyph.bar)
	x = c.fit(x+1, 0, c.w/2-x, st.muted, name)
	if in.queueFlow != "" && x+3+textWidth(in.queueFlow) <= c.w-textWidth(legendWidest)-3 {
		x = c.text(x+3, 0, st.muted, in.queueFlow)
	}
	return x
}

// legendWidest is the longest legend of the replicas, to place it.
const legendWidest = "━━ ready   ┄┄ desired"

// legendPods names the replicas from column x on, as far as there is room up
// to the column end.
func legendPods(c canvas, st *styles, x, end int, sample string, look style) {
	if x+textWidth(sample+" ready") > end {
		return
	}
	x = c.text(x, 0, look, sample)
	x = c.text(x+1, 0, st.muted, "ready")
	if x+len("   -- desired") <= end {
		x = c.text(x+3, 0, st.desired, "┄┄")
		c.text(x+1, 0, st.muted, "desired")
	}
}
