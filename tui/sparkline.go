package tui

import "math"

// Levels of a sparkline from zero up. The highest leaves a gap to the row
// above, so that sparklines under each other stay apart.
var (
	sparkLevels      = []rune("▁▂▃▄▅▆▇")
	sparkLevelsASCII = []rune("_.-=+*#")
)

// drawSpark draws the newest w values in one row, top being the value that
// reaches full height. Zero is a dim floor, anything more is above it, and
// what is not known is a dot, or nothing in ASCII.
func drawSpark(c canvas, x, y, w int, st *styles, s style, vals []float64, top float64) {
	levels := sparkLevels
	if st.ascii {
		levels = sparkLevelsASCII
	}
	vals = lastN(vals, max(w, 0))
	for i, v := range vals {
		switch {
		case math.IsNaN(v) && st.ascii:
			c.put(x+i, y, st.muted, ' ')
		case math.IsNaN(v):
			c.put(x+i, y, st.grid, '·')
		case v == 0:
			c.put(x+i, y, st.muted, levels[0])
		default:
			n := len(levels) - 1
			if top > v {
				n = max(int(math.Ceil(v/top*float64(n))), 1)
			}
			c.put(x+i, y, s, levels[n])
		}
	}
}
