package tui

import (
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// drawTiny is what is left of the screen in a very small window: the two
// numbers, the phase, and where it could be seen in full.
func (m *Model) drawTiny(c screen.Canvas) {
	st := m.styles
	defer m.drawTinyState(c)
	if m.view.screen == overview {
		m.drawTinyList(c)
		return
	}
	p, ok := m.picture()
	if !ok {
		c.Fit(0, 0, c.W, st.Strong, "kscope")
		c.Fit(0, 1, c.W, st.Muted, m.nothing()[0])
		return
	}
	phase := string(p.Phase)
	if left, ok := p.untilZero(); ok {
		phase += " ~" + words.Age(left)
	}
	state, look := "", st.Muted
	switch bad := m.worst(); {
	case m.view.notice != "":
		state, look = m.view.notice, st.Accent
	case bad != nil:
		state, look = string(bad.State)+": "+statusName(*bad), st.Bad
	case c.H >= 5:
		state = "made for 80x24"
	}
	for y, l := range []struct {
		look screen.Style
		text string
	}{
		{st.Queue.Bold(), c.Short(c.W-1-screen.Width(p.Links[0].Text()), p.Links[0].Name) + " " + p.Links[0].Text()},
		{st.Pods.Bold(), bigNumber(p.ready()) + "/" + bigNumber(p.desired()) + " ready"},
		{m.phaseStyle(p.Phase), phase},
		{look, state},
	} {
		c.Fit(0, y, c.W, l.look, l.text)
	}
}

// drawTinyState is what must be seen in the smallest window: a filter that takes
// the keys, or that the picture stands still.
func (m *Model) drawTinyState(c screen.Canvas) {
	v, last := &m.view, c.Sub(0, c.H-1, c.W, 1)
	if v.screen == detail {
		last = c.Sub(0, min(3, c.H-1), c.W, 1)
	}
	switch {
	case v.over() == filterOver:
		last.Fill(0, 0, c.W, 1, screen.Style{}, ' ')
		last.Text(0, 0, m.styles.Key, "/")
		m.drawField(last, 1, 0, c.W-1, &v.filter)
	case v.frozen:
		last.Fill(0, 0, c.W, 1, screen.Style{}, ' ')
		last.Fit(0, 0, c.W, m.styles.Warn, "frozen "+m.seen.Now().Format("15:04:05"))
	}
}

// drawTinyList is the table in a very small window: the selected row and those
// around it.
func (m *Model) drawTinyList(c screen.Canvas) {
	v, st := &m.view, m.styles
	m.shown.overview = true
	for y := 0; y < c.H && v.row+y < len(v.ids); y++ {
		ch, ok := m.glance(v.ids[v.row+y])
		if !ok {
			continue // it was not there then
		}
		m.shown.chain(m.seen, &ch.Chain)
		look, glyph := m.phaseGlyph(ch.Phase)
		x := c.Text(0, y, look, glyph)
		s := st.Text
		if y == 0 {
			s = st.Strong
		}
		work, _ := ch.Links.Of(explain.LinkWorkload)
		queue, _ := ch.Links.Of(explain.LinkQueue)
		end := c.Right(c.W, y, st.Pods, work.Text())
		end = c.Right(end-1, y, st.Queue, queue.Text())
		c.Name(x+1, y, end-x-2, s, ch.ID.Name)
	}
	if len(v.ids) == 0 {
		m.shown.all = true
		c.Fit(0, 0, c.W, st.Strong, m.nothing()[0])
	}
}
