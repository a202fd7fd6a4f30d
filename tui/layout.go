package tui

import (
	"strings"

	"github.com/kscope/kscope/tui/screen"
)

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
	header, chain, chart, why, pods, timeline, ledger, teach, keys int

	air  int // blank rows below the chain, then above it too
	side int // columns of the side pane
}

const (
	minChart = 6  // rows that a chart is worth drawing with
	tinyW    = 40 // below this there is no chart at all
	tinyH    = 8
)

// share divides the height of the detail among its panes. why is how many rows
// the sentences, or the ledger, would like, where the user asked for all of them.
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
		r.chain = take(screen.BigHeight+2, 0)
	case w >= smallChainW && h >= 14:
		r.chain = take(3, 0)
	default:
		r.chain = take(1, 0)
	}
	if w >= 160 && h >= 45 {
		r.side = min(max(w*3/10, 56), 76)
	}
	if v.focus == ledgerPane { // what happened is told instead of what happens
		r.ledger = left
		if why > 0 && left-why >= minChart {
			r.ledger = why
		}
		r.chart = left - r.ledger
		return r
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
	if v.focus == whyPane && why > r.why { // whoever reads on does without what happened before
		r.why, r.timeline = r.why+r.timeline, 0
	}
	if v.focus == whyPane && r.why == 0 { // in a window too low for both, whoever asks why does without the chart
		r.why, left = left, 0
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
		m.arrange()
		page := m.overviewPage()
		v.top = min(max(v.top, v.row-page+1, 0), v.row)
		v.top = max(min(v.top, len(v.ids)-page), 0)
		m.count()
	}
	if v.help {
		v.helpTop = min(v.helpTop, helpLimit(m.groups(), v.w, v.h))
	}
}

// draw paints the whole screen.
func (m *Model) draw(c screen.Canvas) {
	v := &m.view
	switch {
	case c.W < tinyW || c.H < tinyH:
		m.drawTiny(c)
	case v.screen == overview:
		m.drawOverview(c)
	default:
		m.drawDetail(c)
	}
	switch v.over() {
	case promptOver:
		m.drawPrompt(c)
	case paletteOver:
		m.drawPalette(c)
	case pickerOver:
		m.drawPicker(c)
	case cardOver:
		m.drawConnection(c)
	case notesOver:
		m.drawNotes(c)
	case helpOver:
		m.drawHelp(c)
	}
}

// leastDialog is the columns that anything over the screen needs.
const leastDialog = 10

// dialog clears w by h cells in the middle of the screen and gives what is
// inside their frame. Where the screen has fewer rows than least, the rows go to
// what is to be said, and there is no frame. Where it has hardly any columns,
// the title is all there is, since what takes the keys must be seen.
func (m *Model) dialog(c screen.Canvas, w, h, least int, title string) (in screen.Canvas, framed bool) {
	if c.W < leastDialog {
		c.Fill(0, 0, c.W, c.H, screen.Style{}, ' ')
		for y, line := range screen.Wrap(strings.TrimSpace(title), c.W) {
			c.Text(0, y, m.styles.Accent, line)
		}
		return screen.Canvas{}, true
	}
	w, h = min(w, c.W), min(h, c.H)
	box := c.Sub((c.W-w)/2, (c.H-h)/2, w, h)
	box.Fill(0, 0, w, h, screen.Style{}, ' ')
	if h < least {
		return box, false
	}
	return box.Box(m.styles.Accent, title, m.styles.Accent), true
}

func (m *Model) drawDetail(c screen.Canvas) {
	v := &m.view
	p, ok := m.picture()
	if m.drawn.ahead = ok && m.drawn.ahead; ok {
		m.expect(p)
	}
	v.teach = v.teach && (!ok || !storySeen(p))
	why := 0
	switch {
	case ok && v.focus == whyPane:
		why = m.whyRows(p, c.W)
	case ok && v.focus == ledgerPane:
		why = m.ledgerRows(p, c.W)
	}
	r := share(c.W, c.H, v, why)
	m.drawHeader(c.Sub(0, 0, c.W, r.header), p, ok)
	m.drawFooter(c.Sub(0, c.H-r.keys, c.W, r.keys))
	m.drawLesson(c.Sub(0, c.H-r.keys-r.teach, c.W, r.teach), p)
	if !ok {
		m.drawNothing(c.Sub(0, r.header, c.W, c.H-r.header-r.keys))
		return
	}
	m.drawPanes(c, r, p)
}

// drawPanes paints what stands between the header and the keys.
func (m *Model) drawPanes(c screen.Canvas, r rows, p picture) {
	y := r.header
	next := func(n, w int) screen.Canvas {
		s := c.Sub(0, y, w, n)
		y += n
		return s
	}
	y += r.air / 2
	m.drawChain(next(r.chain, c.W), p)
	y += r.air - r.air/2
	top, w := y, c.W-r.side
	m.drawChart(next(r.chart, w), p)
	m.drawLedger(next(r.ledger, w), p)
	m.drawWhy(next(r.why, w), p)
	m.drawPods(next(r.pods, w), p)
	m.drawTimeline(next(r.timeline, w), p)
	if r.side > 0 {
		m.drawSide(c.Sub(w, top, r.side, c.H-top-r.teach-r.keys), p)
	}
}

// drawSide is the pods and the timeline in a column of their own.
func (m *Model) drawSide(c screen.Canvas, p picture) {
	c.VLine(0, 0, c.H, m.styles.Grid, '│')
	c = c.Sub(1, 0, c.W-1, c.H)
	pods := min(max(c.H/3, 8), 16)
	if m.view.podTable {
		pods = c.H / 2
	}
	card, rows := m.cardSide(p, c.W, c.H-pods-1)
	m.drawTimelineSide(c.Sub(0, 0, c.W, c.H-pods-1-rows), p)
	m.drawCardSide(c.Sub(0, c.H-pods-rows, c.W, rows), card)
	m.drawPodsSide(c.Sub(0, c.H-pods, c.W, pods), p)
}

// gutter is the column in which the panes below the chart begin; their names
// stand before it.
func gutter(w int) int {
	if w < 70 {
		return 7
	}
	return 11
}

// focused reports whether keys go to a pane.
func (m *Model) focused(p pane) bool { return m.view.screen == detail && m.view.focus == p }

// scrolled is by how much a pane is.
func (m *Model) scrolled(p pane) int {
	if m.view.screen != detail {
		return 0
	}
	return m.view.scroll[p]
}

// heading writes a pane's name, marked when the pane has the focus.
func (m *Model) heading(c screen.Canvas, p pane, title string) int {
	look := m.styles.Muted
	if m.focused(p) {
		look = m.styles.Accent
		c.Put(0, 0, look, '▌')
	}
	if gutter(c.W) < len(title)+2 {
		title = title[:4]
	}
	return c.Text(1, 0, look, title)
}

// headline is a name with a rule after it, for panes in the side column.
func (m *Model) headline(c screen.Canvas, p pane, title string) {
	look := m.styles.Muted
	if m.focused(p) {
		look = m.styles.Accent
	}
	x := c.Text(1, 0, look, title)
	c.HLine(x+1, 0, c.W-x-2, m.styles.Grid, '─')
}
