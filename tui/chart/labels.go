package chart

import (
	"cmp"
	"math"
	"strings"

	"github.com/kscope/kscope/tui/screen"
)

// room reports whether w columns of a row hold nothing but ground: labels go
// where they cover no line and no other label.
func (p plot) room(x, y, w int) bool {
	if x < 0 || y < 0 || y >= p.c.H || x+w > p.c.W {
		return false
	}
	for i := range w {
		if !strings.ContainsRune(" ┈╌·.▁▂▃▄▅▆▇▒░:", p.c.At(x+i, y).Rune) {
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
		if cell := p.c.At(x+i, y); cell.Style.Bg != 0 || !strings.ContainsRune(" ┈╌·", cell.Rune) {
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
	if at < 0 || p.c.H < 5 || p.c.W < 3*w {
		return
	}
	row := p.c.H - 1 - (s.eighths(top)-1)/8
	for _, free := range []func(x, y, w int) bool{p.bare, p.room} {
		for dy := 1; dy <= 3; dy++ {
			for dx := 0; dx <= w+6; dx++ {
				for _, x := range []int{at - w/2 - dx, at - w/2 + dx} {
					x = min(max(x, 0), p.c.W-w)
					if free(x-1, row-dy, w+2) || x == 0 && free(x, row-dy, w+1) || x == p.c.W-w && free(x-1, row-dy, w+1) {
						p.c.Text(x, row-dy, p.st.Peak, label)
						return
					}
				}
			}
		}
	}
	// The area touches the top, or lines are everywhere: inside, if anywhere.
	for y := range min(p.c.H-1, 3) {
		for x := min(max(at-w/2, 0), p.c.W-w); x > max(at-2*w, 0); x-- {
			if p.room(x, y, w) {
				p.c.Text(x, y, p.st.Strong, label)
				return
			}
		}
	}
}

func onScale(gs []Guide, pods bool) (out []Guide) {
	for _, g := range gs {
		if g.Pods == pods {
			out = append(out, g)
		}
	}
	return out
}

// look finds the row and the colours of a guide, line and label; not ok when
// it is outside the scale.
func (p plot) look(g Guide, left, right scale) (row int, line, label screen.Style, ok bool) {
	s, line, label := left, p.st.QueueGuide, p.st.Queue
	if g.Pods {
		s, line, label = right, p.st.PodsGuide, p.st.Pods
	}
	if math.IsNaN(g.Value) || g.Value < 0 || g.Value > s.full()*1.0001 {
		return 0, line, label, false
	}
	return s.row(g.Value), line, label, true
}

func (p plot) guideLines(gs []Guide, left, right scale) {
	for _, g := range gs {
		row, line, _, ok := p.look(g, left, right)
		for x := 0; ok && x < p.c.W; x++ {
			if r := p.c.At(x, row).Rune; r == ' ' || r == '┈' { // not through the edge of the area
				p.c.Put(x, row, line, '╌')
			}
		}
	}
}

// guideLabels names the guides at the side where they belong, or wherever
// there is room on their row.
func (p plot) guideLabels(gs []Guide, left, right scale) {
	for _, g := range gs {
		row, _, st, ok := p.look(g, left, right)
		w := screen.Width(g.Label) + 2
		if !ok || w > p.c.W/2 {
			continue
		}
		for i := 1; i < p.c.W-w; i++ {
			x := i
			if g.Pods {
				x = p.c.W - w - i
			}
			if p.room(x, row, w) {
				p.c.Text(x, row, st, " "+g.Label+" ")
				break
			}
		}
	}
}

// crossings are what a line becomes where the cursor passes through it.
var crossings = map[rune]rune{'━': '┿', '┄': '┼', '╌': '┼', '=': '+', '-': '+'}

// cursor draws the line through the moment under inspection.
func (p plot) cursor(in Input) {
	x := in.column(in.Cursor, p.c.W)
	if in.Cursor.IsZero() || x < 0 || x >= p.c.W {
		return
	}
	for y := range p.c.H {
		cell := p.c.At(x, y)
		if p.room(x, y, 1) {
			p.ground(x, y)
			p.c.Put(x, y, p.st.Strong, '│')
		} else if r, ok := crossings[cell.Rune]; ok {
			p.c.Put(x, y, cell.Style.Bold(), r)
		}
	}
}

// legendQueue names the area, and gives the column after it.
func legendQueue(c screen.Canvas, st *screen.Styles, in Input, x int) int {
	name := in.QueueName
	if name == "" {
		name = "queue"
	}
	if x >= 2 {
		x -= 2
	}
	x = c.Text(x, 0, st.Queue, st.Glyph.Bar)
	x = c.Name(x+1, 0, c.W/2-x-screen.Width(in.QueueNote), st.Muted, name)
	x = c.Text(x, 0, st.Muted, in.QueueNote)
	if in.QueueFlow != "" && x+3+screen.Width(in.QueueFlow) <= c.W-screen.Width(legendWidest)-3 {
		x = c.Text(x+3, 0, st.Muted, in.QueueFlow)
	}
	return x
}

// legendWidest is the longest legend of the replicas, to place it.
const legendWidest = "━━ ready   ┄┄ desired"

// legendPods names the replicas from column x on, as far as there is room up
// to the column end.
func legendPods(c screen.Canvas, st *screen.Styles, x, end int, sample string, look screen.Style, wanted string) {
	if x+screen.Width(sample+" ready") > end {
		return
	}
	x = c.Text(x, 0, look, sample)
	x = c.Text(x+1, 0, st.Muted, "ready")
	wanted = cmp.Or(wanted, "desired")
	if x+len("   -- ")+len(wanted) <= end {
		x = c.Text(x+3, 0, st.Desired, "┄┄")
		c.Text(x+1, 0, st.Muted, wanted)
	}
}
