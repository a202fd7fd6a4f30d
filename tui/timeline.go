package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// drawTimeline is what happened, newest first: when, who, what, how long after
// its cause.
func (m *Model) drawTimeline(c screen.Canvas, p picture) {
	if c.H <= 0 {
		return
	}
	m.heading(c, timelinePane, "Timeline")
	x := gutter(c.W)
	m.drawEntries(c.Sub(x, 0, c.W-x-1, c.H), p)
	if n := m.skipped(p); n > 0 && c.H > 1 {
		c.Fit(1, 1, x-2, m.styles.Muted, fmt.Sprintf("%d newer", n))
	}
}

// drawTimelineSide is the same in the side column.
func (m *Model) drawTimelineSide(c screen.Canvas, p picture) {
	title := "Timeline"
	if n := m.skipped(p); n > 0 {
		title += fmt.Sprintf("  %d newer", n)
	}
	m.headline(c, timelinePane, title)
	m.drawEntries(c.Sub(1, 1, c.W-2, c.H-1), p)
}

// skipped is how many of the newest entries are scrolled away.
func (m *Model) skipped(p picture) int {
	return min(m.scrolled(timelinePane), max(len(p.log)-1, 0))
}

func (m *Model) drawEntries(c screen.Canvas, p picture) {
	es := p.log
	if len(es) == 0 {
		c.Fit(0, 0, c.W, m.styles.Muted, m.noEntries(p))
		return
	}
	es = es[:len(es)-m.skipped(p)]
	for y := 0; y < c.H && y < len(es); y++ {
		m.drawEntry(c.Sub(0, y, c.W, 1), es[len(es)-1-y])
	}
}

// noEntries says why the timeline is empty.
func (m *Model) noEntries(p picture) string {
	st := statusOf(m.seen, kscope.Events)
	switch {
	case m.view.past():
		return "nothing had happened yet"
	case st.State == kscope.Forbidden:
		return "nothing yet; you may not read events, so what happened before is unknown"
	case st.State == kscope.Failing:
		return "nothing yet; the API server does not answer for events"
	case st.State == kscope.Connecting || st.State == "":
		return "waiting for events"
	}
	return "nothing has happened since kscope started"
}

// entryColumns is where the parts of an entry stand. The time since the cause
// has a column of its own, and where there is room its name another.
type entryColumns struct{ who, what, after, cause int }

func columnsOf(w int) entryColumns {
	e := entryColumns{who: 10, what: 21, after: w, cause: w}
	if w < 66 {
		e.who, e.what = 9, 20
	}
	switch {
	case w >= 104:
		e.cause = w - len("after the last job was taken")
		e.after = e.cause - 1
	case w >= 84:
		e.cause = w - len("after the first job")
		e.after = e.cause - 1
	}
	return e
}

func (m *Model) drawEntry(c screen.Canvas, e explain.Entry) {
	st, at := m.styles, columnsOf(c.W)
	c.Text(0, 0, st.Muted, e.At.Format("15:04:05"))
	who, look := m.actorLook(e)
	sign := look
	if e.Warn {
		sign = st.Warn.Bold()
	}
	c.Text(at.who, 0, sign, m.entrySign(e))
	c.Name(at.who+2, 0, at.what-at.who-3, look, who)
	end := at.after - 8
	if n := e.Count(); n != "" {
		if c.W < 84 {
			n, _, _ = strings.Cut(n, ",")
		}
		end = c.Right(c.W, 0, look, n) - 1
	} else if e.After >= time.Millisecond {
		c.Right(at.after, 0, st.Text, "+"+words.Age(e.After))
		if at.cause < c.W && e.Cause != "" {
			c.Fit(at.cause, 0, c.W-at.cause, st.Muted, "after "+e.Cause)
		}
	} else {
		end = c.W
	}
	s := st.Text
	switch {
	case e.Warn:
		s = st.Warn
	case e.Kind == store.Scaled:
		s = st.Strong
	case e.Kind == store.Active || e.Kind == store.Inactive:
		s = st.Muted
	}
	text, note := e.Words()
	x := c.Fit(at.what, 0, end-at.what, s, c.Brief(end-at.what, text))
	if note != "" && x+2 < end {
		if e.Topic == store.OurSource { // the name of a server, and nothing else
			c.Name(x+2, 0, end-x-2, st.Muted, note)
			return
		}
		c.Fit(x+2, 0, end-x-2, st.Muted, c.Brief(end-x-2, note))
	}
}

// entrySign is the mark that the chart puts under the same moment.
func (m *Model) entrySign(e explain.Entry) string {
	st := m.styles
	switch e.Kind {
	case store.Injected, store.Arrived, store.LoadBegan:
		return st.Glyph.Plus
	case store.Scaled:
		switch keda := e.Actor == store.KEDA; {
		case keda && e.Up():
			return st.Glyph.On
		case keda:
			return st.Glyph.Off
		case e.Up():
			return st.Glyph.Up
		}
		return st.Glyph.Down
	case store.ReadyPods:
		return st.Glyph.Square
	case store.Trouble:
		return st.Glyph.Warn
	case store.Mended:
		return st.Glyph.OK
	}
	return st.Glyph.Dot
}

func (m *Model) actorLook(e explain.Entry) (string, screen.Style) {
	st := m.styles
	who := string(e.Actor)
	s := st.Text
	switch e.Actor {
	case store.You:
		s = st.You
	case store.KEDA:
		s = st.KEDA
	case store.TheHPA:
		s = st.HPA
	case store.Workers, store.Producer:
		s = st.Queue
	case store.Someone:
		who, s = "someone", st.Warn.Bold()
		if e.Who != "" {
			who = e.Who
		}
	}
	if e.Guess {
		who += "?"
	}
	return who, s
}
