package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/tui/screen"
)

// drawHeader is the line that says what is on screen and whether it is live.
func (m *Model) drawHeader(c screen.Canvas, p picture, ok bool) {
	st := m.styles
	c.Fill(0, 0, c.W, 1, st.Bar, ' ')
	x := c.Text(1, 0, st.Strong, "kscope")
	end := m.drawMode(c, p)
	so := m.o.Namespace
	target := ""
	switch {
	case ok:
		so = p.ID.String() + m.markOf(p.ID)
		target = " " + st.Glyph.Right + " Jobs"
		if t := p.Target(); t.Name != "" {
			target = " " + st.Glyph.Right + " " + strings.ToLower(t.Kind) + "/" + t.Name
		}
	case m.o.Namespace == "":
		so = "all namespaces"
	}
	room := end - x - 3
	if screen.Width(m.o.Context)+screen.Width(so)+screen.Width(target)+2 <= room {
		x = c.Text(x+2, 0, st.Muted, m.o.Context)
	}
	least := min(screen.Width(target), 14) // below that a target says nothing
	if end-x-3 < screen.Width(so)+least {
		target = ""
	}
	x = c.Name(x+2, 0, end-x-3, st.Strong, so)
	c.Name(x, 0, end-x-1, st.Muted, target)
}

// phaseWidth holds the longest phase, so that the header keeps still.
const phaseWidth = len(" cooling down ")

// drawMode writes the right end of the header and gives where it begins.
func (m *Model) drawMode(c screen.Canvas, p picture) int {
	st, v := m.styles, &m.view
	clock := ""
	if !m.seen.Now().IsZero() {
		clock = m.seen.Now().Format("15:04")
	}
	mode, style, glyph := m.o.Mode, st.OK.Bold(), st.Glyph.Live
	if bad := m.worst(); bad != nil {
		mode, style, glyph = "PARTLY BLIND", st.Bad, st.Glyph.Bad
	}
	if v.frozen {
		mode, style, glyph = "FROZEN", st.Warn.Bold(), st.Glyph.Frozen
		clock = m.seen.Now().Format("15:04:05")
	}
	switch { // a state may stand for LIVE, but for nothing that must not be taken for it
	case m.o.Mode != "LIVE" && m.o.Mode != mode:
		mode = m.o.Mode + " " + mode
	case m.pace != "":
		mode += " " + m.pace
	}
	x := c.W - 1
	if c.W >= 40 {
		x = c.Right(x, 0, st.Text, clock) - 2
	}
	x = c.Right(x, 0, style, glyph+" "+mode)
	switch {
	case v.screen == overview:
		x = m.drawTally(c, x-2)
	case p.Phase != "" && c.W >= 50:
		pill := c.Sub(x-2-phaseWidth, 0, phaseWidth, 1)
		look := m.phaseStyle(p.Phase).Bold().Reverse()
		pill.Fill(0, 0, pill.W, 1, look.Over(st.Bar), ' ')
		pill.Centre(0, look.Over(st.Bar), string(p.Phase))
		x -= 2 + phaseWidth
	}
	return x
}

func (m *Model) phaseStyle(p explain.Phase) screen.Style {
	st := m.styles
	switch p {
	case explain.Broken:
		return st.Bad
	case explain.PhasePaused, explain.Looking, explain.AtMax:
		return st.Warn
	case explain.Asleep:
		return st.Muted
	case explain.Steady:
		return st.OK
	case explain.CoolingDown, explain.Draining:
		return st.Pods
	}
	return st.Queue
}

// tally is how many rows of the table are in which condition.
type tally struct {
	at            time.Time
	news          uint64
	total         int
	broken, awake int
}

// A tally needs every row explained, which for hundreds costs as much
// as several frames. So it is counted now and then, sooner while they are
// still being listed, and seldom while nothing but the time can change it.
const (
	tallyEvery  = 5 * time.Second
	tallyAtRest = 30 * time.Second
	tallyAtOnce = time.Second
	fewRows     = 30 // that cost less than a frame
)

func (m *Model) count() {
	ids, now, news := rowsOf(m.store, m.o), m.store.Now(), m.store.News()
	t := &m.tally
	age, every := now.Sub(t.at), tallyEvery
	switch {
	case news == t.news:
		every = tallyAtRest
	case len(ids) <= fewRows:
		every = tallyAtOnce
	}
	if t.total == len(ids) && age < every || t.total > 0 && age < tallyAtOnce {
		return
	}
	*t = tally{at: now, news: news, total: len(ids)}
	for _, id := range ids {
		c, _ := explain.Glance(m.store, id)
		switch c.Phase {
		case explain.Broken:
			t.broken++
		case explain.Asleep, explain.Looking, explain.PhasePaused:
		default:
			t.awake++
		}
	}
}

// drawTally is the sum of the table, in the header: what is broken first. It
// gives the column where it begins.
func (m *Model) drawTally(c screen.Canvas, end int) int {
	st, t := m.styles, m.tally
	x := end
	if c.W < 60 || t.total == 0 {
		return x
	}
	x = c.Right(x, 0, st.Muted, fmt.Sprintf("%d in all", t.total)) - 2
	x = c.Right(x, 0, st.Pods.Bold(), fmt.Sprintf("%d awake", t.awake)) - 2
	if t.broken > 0 {
		return c.Right(x, 0, st.Bad.Reverse(), fmt.Sprintf(" %d broken ", t.broken))
	}
	return x + 2
}
