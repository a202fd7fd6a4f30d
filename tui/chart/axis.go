package chart

import (
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

func (p plot) gridLines(s scale, ticks []float64) {
	if p.st.ASCII || !p.st.Colours { // without colour they would be as loud as the data
		return
	}
	for _, v := range ticks {
		p.c.HLine(0, s.row(v), p.c.W, p.st.Grid, '┈')
	}
}

// leftAxis draws the scale of the queue into its gutter.
func leftAxis(c screen.Canvas, st *screen.Styles, s scale, ticks []float64) {
	if c.W == 0 {
		return
	}
	c.VLine(c.W-1, 0, c.H, st.Grid, '│')
	for _, v := range ticks {
		c.Right(c.W-2, s.row(v), st.Queue, words.Short(v))
	}
}

// rightAxis draws the scale of the replicas into its gutter.
func rightAxis(c screen.Canvas, st *screen.Styles, s scale) {
	if c.W == 0 {
		return
	}
	c.VLine(0, 0, c.H, st.Grid, '│')
	for _, v := range s.ticks() {
		c.Text(2, s.row(v), st.Pods, words.Short(v))
	}
}
