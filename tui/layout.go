package tui

// The detail, from top to bottom in order of what survives a small terminal:
//
//	┌ header ───────────────────────────────────────────────┐
//	│ chain            queue ▶ KEDA ▶ HPA ▶ target ▶ pods   │
//	│ big numbers      from 100x30                          │
//	│ chart                                                 ├─ from 160x45 the
//	│ why / next                                            │  timeline and the
//	│ pods                                                  │  pods stand in a
//	│ timeline                                              │  column of their own
//	└ keys ─────────────────────────────────────────────────┘
//
// rows is how the height is shared out: 0 where a pane has no room.
type rows struct {
	header, chain, big, chart, why, pods, timeline, keys int
	side                                                 int // columns of the side pane
}

// The least that a pane is worth drawing with.
const (
	minChart = 6
	tinyW    = 40
	tinyH    = 8
)

// share divides the height of the detail among its panes.
func share(w, h int, v *view) rows {
	r := rows{header: 1, keys: 1}
	if v.hideKeys {
		r.keys = 0
	}
	left := h - r.header - r.keys
	take := func(want, keep int) int {
		if left-want < keep {
			return 0
		}
		left -= want
		return want
	}
	if v.full {
		r.chart = left
		return r
	}
	r.chain = take(3, 0)
	if r.chain == 0 {
		r.chain = take(1, 0)
	}
	if w >= 160 && h >= 45 {
		r.side = min(max(w*3/10, 56), 76)
	}
	whyRows := 4
	if w-r.side >= 110 {
		whyRows = 3
	}
	r.why = take(whyRows, minChart)
	if w >= 100 && h >= 30 {
		r.big = take(bigHeight+2, minChart) // a label above, and below room for a comma's tail
	}
	if r.side == 0 {
		lane, timeline := 1, 4
		if h >= 30 {
			lane, timeline = 2, 5
		}
		if h >= 40 {
			timeline = 8
		}
		r.pods = take(lane, minChart)
		if v.podTable {
			r.pods += take(max(left/3, 4), minChart)
			timeline = 3
		}
		for ; timeline >= 2 && r.timeline == 0; timeline-- {
			r.timeline = take(timeline, minChart+2)
		}
	}
	r.chart = left
	return r
}

// draw paints the whole screen.
func (m *Model) draw(c canvas) {
	v := &m.view
	switch {
	case c.w < tinyW || c.h < tinyH:
		m.drawTiny(c)
	case v.screen == overview:
		m.drawOverview(c)
	default:
		m.drawDetail(c)
	}
	if v.help {
		m.drawHelp(c)
	}
	if v.prompt != nil {
		m.drawPrompt(c)
	}
}

func (m *Model) drawDetail(c canvas) {
	v, st := &m.view, m.styles
	p, ok := m.picture()
	r := share(c.w, c.h, v)
	m.drawHeader(c.sub(0, 0, c.w, r.header), p, ok)
	m.drawFooter(c.sub(0, c.h-r.keys, c.w, r.keys))
	if !ok {
		m.drawNothing(c.sub(0, r.header, c.w, c.h-r.header-r.keys))
		return
	}
	y := r.header
	next := func(n, w int) canvas {
		s := c.sub(0, y, w, n)
		y += n
		return s
	}
	m.drawChain(next(r.chain, c.w), p)
	w := c.w - r.side
	m.drawBigNumbers(next(r.big, w), p)
	m.drawChart(next(r.chart, w), p)
	m.drawWhy(next(r.why, w), p)
	m.drawPods(next(r.pods, w), p)
	m.drawTimeline(next(r.timeline, w), p)
	if r.side > 0 {
		side := c.sub(w, r.header+r.chain, r.side, c.h-r.header-r.chain-r.keys)
		side.vline(0, 0, side.h, st.grid, '│')
		side = side.sub(2, 0, side.w-2, side.h)
		pods := 2
		if n := min(len(p.pods)+4, side.h/2); v.podTable || n > 4 {
			pods = max(n, 8)
		}
		m.drawTimeline(side.sub(0, 0, side.w, side.h-pods), p)
		m.drawPods(side.sub(0, side.h-pods, side.w, pods), p)
	}
}
