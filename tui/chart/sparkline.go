package chart

import (
	"math"

	"github.com/kscope/kscope/tui/screen"
)

// Levels of a sparkline from zero up. The highest leaves a gap to the row
// above, so that sparklines under each other stay apart.
var (
	sparkLevels      = []rune("▁▂▃▄▅▆▇")
	sparkLevelsASCII = []rune("_.-=+*#")
)

// Spark draws the newest w values in one row, top being the value that
// reaches full height. Zero is a dim floor, anything more is above it, and
// what is not known is a dot, or nothing in ASCII.
func Spark(c screen.Canvas, x, y, w int, st *screen.Styles, s screen.Style, vals []float64, top float64) {
	levels := sparkLevels
	if st.ASCII {
		levels = sparkLevelsASCII
	}
	vals = lastN(vals, max(w, 0))
	for i, v := range vals {
		switch {
		case math.IsNaN(v) && st.ASCII:
			c.Put(x+i, y, st.Muted, ' ')
		case math.IsNaN(v):
			c.Put(x+i, y, st.Grid, '·')
		case v == 0:
			c.Put(x+i, y, st.Muted, levels[0])
		default:
			n := len(levels) - 1
			if top > v {
				n = max(int(math.Ceil(v/top*float64(n))), 1)
			}
			c.Put(x+i, y, s, levels[n])
		}
	}
}
