package tui

// The detail, from top to bottom in order of what survives a small terminal:
//
//	┌ header ───────────────────────────────────────────────┐
//	│ chain       queue → KEDA → HPA → target → pods        ├─ big numbers from
//	│ chart                                                 │  100x30
//	│ why / next                                            │
//	│ pods                                                  ├─ from 160x45 the
//	│ timeline                                              │  timeline and the
//	│ lesson, for who wants to be taught                    │  pods stand beside
//	└ keys ─────────────────────────────────────────────────┘
//
// Which pane gets how many rows depends on the size of the screen and on what
// the user opened, never on what is in the panes, so that nothing jumps.

// rows is how the height is shared out: 0 where a pane has no room.
type rows struct {
	header, chain, chart, why, pods, timeline, teach, keys int

	air  int // blank rows below the chain, then above it too
	side int // columns of the side pane
}

const (
	minChart = 6  // rows that a chart is worth drawing with
	tinyW    = 40 // below this there is no chart at all
	tinyH    = 8
)

// share divides the height of the detail among its panes. why is how many rows
// the sentences would like, where the user asked for all of them.
func share(w, h int, v *view, why int) rows {
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
	if v.teach && !v.hideKeys && h >= 16 {
		r.teach = take(1, 0)
	}
	big := w >= bigChainW && h >= 30
	switch {
	case big:
		r.air = take(1, 0)
		if h >= 34 {
			r.air += take(1, 0)
		}
		r.chain = take(bigHeight+2, 0)
	case w >= smallChainW && h >= 14:
		r.chain = take(3, 0)
	default:
		r.chain = take(1, 0)
	}
	if w >= 160 && h >= 45 {
		r.side = min(max(w*3/10, 56), 76)
	}
	rowsOfWhy := 4
	if w-r.side >= 110 {
		rowsOfWhy = 3
	}
	r.why = take(rowsOfWhy, minChart)
	if r.why == 0 {
		r.why = take(2, minChart)
	}
	if r.side == 0 {
		r.pods = take(1, minChart)
		if v.podTable {
			r.pods += take(max(left/3, 4), minChart)
		}
		for n := timelineRows(h, v); n >= 2 && r.timeline == 0; n-- {
			r.timeline = take(n, minChart+2)
		}
	}
	if v.focus == whyPane && why > r.why {
		r.why += take(min(why-r.why, max(left-minChart, 0)), minChart)
	}
	r.chart = left
	return r
}

// timelineRows is how many entries of the timeline are worth their rows.
func timelineRows(h int, v *view) int {
	switch {
	case h < 30 || v.podTable:
		return 3
	case h < 40:
		return 5
	}
	return 8
}

// settle brings the cursors within what there is, before a frame is drawn.
func (m *Model) settle() {
	v := &m.view
	if v.screen == overview {
		page := m.overviewPage()
		v.top = min(max(v.top, v.row-page+1, 0), v.row)
		v.top = max(min(v.top, len(v.refs)-page), 0)
		m.count()
	}
	v.helpTop = min(v.helpTop, helpLimit(m.canInject(), v.w, v.h))
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
	if v.card && v.screen == detail {
		m.drawConnection(c)
	}
	if v.palette != nil {
		m.drawPalette(c)
	}
	if v.load.picker != nil {
		m.drawPicker(c)
	}
	if v.prompt != nil {
		m.drawPrompt(c)
	}
}

func (m *Model) drawDetail(c canvas) {
	v := &m.view
	p, ok := m.picture()
	v.teach = v.teach && (!ok || !storySeen(p))
	why := 0
	if ok && v.focus == whyPane {
		why = m.whyRows(p, c.w)
	}
	r := share(c.w, c.h, v, why)
	m.drawHeader(c.sub(0, 0, c.w, r.header), p, ok)
	m.drawFooter(c.sub(0, c.h-r.keys, c.w, r.keys))
	m.drawLesson(c.sub(0, c.h-r.keys-r.teach, c.w, r.teach), p)
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
	y += r.air / 2
	m.drawChain(next(r.chain, c.w), p)
	y += r.air - r.air/2
	top, w := y, c.w-r.side
	m.drawChart(next(r.chart, w), p)
	m.drawWhy(next(r.why, w), p)
	m.drawPods(next(r.pods, w), p)
	m.drawTimeline(next(r.timeline, w), p)
	if r.side > 0 {
		m.drawSide(c.sub(w, top, r.side, c.h-top-r.teach-r.keys), p)
	}
}

// drawSide is the pods and the timeline in a column of their own.
func (m *Model) drawSide(c canvas, p picture) {
	c.vline(0, 0, c.h, m.styles.grid, '│')
	c = c.sub(1, 0, c.w-1, c.h)
	pods := min(max(c.h/3, 8), 16)
	if m.view.podTable {
		pods = c.h / 2
	}
	card, rows := m.cardSide(p, c.w, c.h-pods-1)
	m.drawTimelineSide(c.sub(0, 0, c.w, c.h-pods-1-rows), p)
	m.drawCardSide(c.sub(0, c.h-pods-rows, c.w, rows), card)
	m.drawPodsSide(c.sub(0, c.h-pods, c.w, pods), p)
}
