package tui

import (
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// loads is from when to when loads ran, by the timeline; one that runs still
// reaches to now.
func loads(es []explain.Entry, now time.Time) (out [][2]time.Time) {
	open := false
	for _, e := range es {
		switch e.Kind {
		case store.LoadBegan:
			out, open = append(out, [2]time.Time{e.At, now}), true
		case store.LoadEnded:
			if open {
				out[len(out)-1][1], open = e.At, false
			}
		}
	}
	return out
}

// shadeLoads makes the time axis heavy where a load ran.
func (in *chartInput) shadeLoads(c canvas, st *styles, b chartBox, y int) {
	cols := c.w - b.left - b.right
	for _, l := range in.loads {
		from, to := max(in.column(l[0], cols), 0), min(in.column(l[1], cols), cols-1)
		c.hline(b.left+from, y, to-from+1, st.you, '━')
	}
}
