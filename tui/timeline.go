package tui

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// drawTimeline is what happened, newest first: when, who, what, how long after
// its cause.
func (m *Model) drawTimeline(c canvas, p picture) {
	if c.h <= 0 {
		return
	}
	m.heading(c, timelinePane, "Timeline")
	x := gutter(c.w)
	m.drawEntries(c.sub(x, 0, c.w-x-1, c.h), p)
	if n := m.skipped(p); n > 0 && c.h > 1 {
		c.fit(1, 1, x-2, m.styles.muted, fmt.Sprintf("%d newer", n))
	}
}

// drawTimelineSide is the same in the side column.
func (m *Model) drawTimelineSide(c canvas, p picture) {
	title := "Timeline"
	if n := m.skipped(p); n > 0 {
		title += fmt.Sprintf("  %d newer", n)
	}
	m.headline(c, timelinePane, title)
	m.drawEntries(c.sub(1, 1, c.w-2, c.h-1), p)
}

// skipped is how many of the newest entries are scrolled away.
func (m *Model) skipped(p picture) int {
	return min(m.view.scroll[timelinePane], max(len(p.log)-1, 0))
}

func (m *Model) drawEntries(c canvas, p picture) {
	es := p.log
	if len(es) == 0 {
		c.fit(0, 0, c.w, m.styles.muted, m.noEntries(p))
		return
	}
	es = es[:len(es)-m.skipped(p)]
	for y := 0; y < c.h && y < len(es); y++ {
		m.drawEntry(c.sub(0, y, c.w, 1), es[len(es)-1-y])
	}
}

// noEntries says why the timeline is empty.
func (m *Model) noEntries(p picture) string {
	st := statusOf(m.store, kscope.Events)
	switch {
	case p.past:
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

func (m *Model) drawEntry(c canvas, e explain.Entry) {
	st, at := m.styles, columnsOf(c.w)
	c.text(0, 0, st.muted, e.At.Format("15:04:05"))
	who, look := m.actorLook(e)
	sign := look
	if e.Warn {
		sign = st.warn.bold()
	}
	c.text(at.who, 0, sign, m.entrySign(e))
	c.fit(at.who+2, 0, at.what-at.who-3, look, who)
	end := at.after - 8
	if e.After >= time.Millisecond {
		c.right(at.after, 0, st.text, "+"+words.Age(e.After))
		if at.cause < c.w && e.Cause != "" {
			c.fit(at.cause, 0, c.w-at.cause, st.muted, "after "+e.Cause)
		}
	} else {
		end = c.w
	}
	s := st.text
	switch {
	case e.Warn:
		s = st.warn
	case e.Kind == store.Scaled:
		s = st.strong
	case e.Kind == store.Active || e.Kind == store.Inactive:
		s = st.muted
	}
	text, note := e.Words()
	x := c.fit(at.what, 0, end-at.what, s, text)
	if note != "" && x+2 < end {
		c.fit(x+2, 0, end-x-2, st.muted, note)
	}
}

// entrySign is the mark that the chart puts under the same moment.
func (m *Model) entrySign(e explain.Entry) string {
	st := m.styles
	switch e.Kind {
	case store.Injected, store.Arrived, store.LoadBegan:
		return st.glyph.plus
	case store.Scaled:
		switch keda := e.Actor == store.KEDA; {
		case keda && e.Up():
			return st.glyph.on
		case keda:
			return st.glyph.off
		case e.Up():
			return st.glyph.up
		}
		return st.glyph.down
	case store.ReadyPods:
		return st.glyph.square
	case store.Trouble:
		return st.glyph.warn
	case store.Mended:
		return st.glyph.ok
	}
	return st.glyph.dot
}

func (m *Model) actorLook(e explain.Entry) (string, style) {
	st := m.styles
	who := string(e.Actor)
	s := st.text
	switch e.Actor {
	case store.You:
		s = st.you
	case store.KEDA:
		s = st.keda
	case store.TheHPA:
		s = st.hpa
	case store.Workers, store.Producer:
		s = st.queue
	case store.Someone:
		who, s = "someone", st.warn.bold()
		if e.Who != "" {
			who = e.Who
		}
	}
	if e.Guess {
		who += "?"
	}
	return who, s
}
