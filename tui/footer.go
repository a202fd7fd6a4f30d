package tui

import (
	"cmp"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// worst is the part of a source that is least well and that matters here, nil
// when all are. A kind that the API does not have degrades only itself; nobody
// looks at a server that no trigger on screen names.
func (m *Model) worst() *store.SourceStatus {
	rank := func(s store.SourceStatus) int {
		switch {
		case s.Kind == kscope.Queues && m.view.screen == detail && !m.reads(s.Name):
			return 0
		case s.State == kscope.Absent && s.Kind == kscope.ScaledObjects, s.State == kscope.Failing && s.Kind == kscope.ScaledObjects:
			return 4
		case s.State == kscope.Failing && s.Kind != kscope.Queues:
			return 3
		case s.State == kscope.Failing, s.State == kscope.Forbidden && s.Kind == kscope.ScaledObjects:
			return 2
		case s.State == kscope.Forbidden, s.State == kscope.Partly:
			return 1
		}
		return 0
	}
	var worst *store.SourceStatus
	for _, s := range m.seen.Statuses() {
		if worst == nil && rank(s) > 0 || worst != nil && rank(s) > rank(*worst) {
			worst = &s
		}
	}
	return worst
}

// reads reports whether what is open has a queue on a server.
func (m *Model) reads(server string) bool { return m.shown.servers[server] }

func statusOf(s *store.Store, kind kscope.Kind) store.SourceStatus {
	for _, st := range s.Statuses() {
		if st.Kind == kind {
			return st
		}
	}
	return store.SourceStatus{}
}

// drawFooter is the bottom line: what the last key did, else what is broken,
// else what can be pressed.
func (m *Model) drawFooter(c screen.Canvas) {
	if c.H <= 0 {
		return
	}
	st, v := m.styles, &m.view
	c.Fill(0, 0, c.W, 1, st.Bar, ' ')
	if v.typing {
		m.drawFilter(c)
		return
	}
	if v.notice != "" {
		c.Fit(1, 0, c.W-2, st.Accent, c.Brief(c.W-2, v.notice))
		return
	}
	if m.drawLoad(c) {
		return
	}
	if bad := m.worst(); bad != nil && !m.shown.all { // where nothing is shown, that says why
		m.drawTrouble(c, *bad)
		return
	}
	x := 1
	if v.filter.text() != "" && v.screen == overview {
		x = m.drawFilter(c) + 2
	}
	end := m.drawUnread(c, c.W-1)
	unread := end < c.W-1
	if m.loadable() && v.screen == detail && !m.shown.all && (c.W >= 100 || !unread) { // the keys come first
		size := "batch " + m.batch() + m.intoWhich()
		end = c.Right(end, 0, st.You, size) - 2
	} else if v.screen == overview && len(v.ids) > 0 {
		end = c.Right(end, 0, st.Muted, fmt.Sprintf("%d of %d", v.row+1, len(v.ids))) - 2
	}
	for _, h := range m.hints() {
		k, what := h.Help().Key, h.Help().Desc
		if x+screen.Width(k)+1+screen.Width(what) > end {
			break
		}
		x = c.Text(x, 0, st.Key, k)
		x = c.Text(x+1, 0, st.Muted, what) + 2
	}
}

// drawUnread says in the bottom line that there are notes, until they were opened, and
// gives where that begins.
func (m *Model) drawUnread(c screen.Canvas, end int) int {
	st, all := m.styles, m.o.Notes
	if m.view.notesRead || len(all) == 0 {
		return end
	}
	look := st.Muted
	if all[0].Weight.Matters() {
		look = st.Warn
	}
	end = c.Right(end, 0, st.Key, keys.Notes.Help().Key) - 1
	return c.Right(end, 0, look, plural(int64(len(all)), "note")) - 2
}

func (m *Model) drawTrouble(c screen.Canvas, bad store.SourceStatus) {
	st := m.styles
	x := c.Text(1, 0, st.Bad, st.Glyph.Bad+" "+sourceName(bad)+":")
	said := string(bad.State)
	if bad.Message != "" {
		said = bad.Message
	}
	if bad.Hint != "" {
		said += " - " + bad.Hint
	}
	if bad.Kind == kscope.Queues && !strings.Contains(said, bad.Name) {
		said += " " + bad.Name
	}
	end := c.W - 1
	if bad.State == kscope.Failing {
		end = c.Right(end, 0, st.Warn, "for "+words.Age(m.seen.Now().Sub(bad.Since))) - 2
	}
	c.Fit(x+1, 0, end-x-1, st.Text, c.Brief(end-x-1, said))
}

// hints is what is worth pressing on the screen that is open, the most
// important first, because a narrow screen shows only the first few.
func (m *Model) hints() []key.Binding {
	hint := func(name, what string, b key.Binding) key.Binding {
		return key.NewBinding(key.WithKeys(b.Keys()...), key.WithHelp(name, what))
	}
	help, quit := hint("?", "help", keys.Help), hint("q", "quit", keys.Quit)
	v := &m.view
	if v.screen == overview {
		freeze := hint("space", "freeze", keys.Freeze)
		if v.frozen {
			freeze = hint("space", "go on", keys.Freeze)
		}
		return []key.Binding{hint("enter", "open", keys.Open), hint("/", "filter", keys.Filter), hint("!", "problem", keys.Problem), help, quit, hint("o", v.order.String(), keys.Order), freeze}
	}
	others := len(v.ids) > 1
	if m.shown.all {
		hs := []key.Binding{help, quit}
		if others {
			hs = append(hs, hint("esc", "all", keys.Back))
		}
		return hs
	}
	var hs []key.Binding
	if m.drawn.phase == explain.Broken || m.drawn.phase == explain.PhasePaused {
		if v.focus == whyPane {
			hs = append(hs, hint("y", "copy what to do", keys.Copy))
		} else {
			hs = append(hs, hint("4", "what to do", keys.Why))
		}
	}
	if v.focus == ledgerPane {
		hs = append(hs, hint("j k", "episode", keys.Down), hint("y", "copy", keys.Copy))
	}
	if m.loadable() {
		hs = append(hs, hint("i", "inject", keys.Inject), hint("+ -", "batch", keys.Bigger), hint("I", "load", keys.Profiles))
	}
	several := m.intoWhich() != ""
	if several { // what is named at the other end leaves room for less
		hs = append(hs, hint("n", "queue", keys.Queue), help, quit)
	}
	if v.frozen {
		hs = append(hs, hint("space", "go on", keys.Freeze), hint("[ ]", "in time", keys.Older))
	} else {
		hs = append(hs, hint("space", "freeze", keys.Freeze))
	}
	if !several {
		hs = append(hs, help, quit)
	}
	if others {
		hs = append(hs, hint("esc", "all", keys.Back))
	}
	if m.drawn.ahead || v.noFuture {
		hs = append(hs, hint("F", "expected", keys.Future))
	}
	return append(hs, hint("f", "full chart", keys.Full), hint("c", "mode", keys.ChartMode), hint("< >", "zoom", keys.ZoomIn),
		hint("tab", "pane", keys.NextPane), hint("t", "pods", keys.PodTable))
}

// sourceName is what of it is not well, without the name of a server, which may
// be long and is not what is wrong.
func sourceName(s store.SourceStatus) string {
	if s.Kind == kscope.Queues {
		return explain.CallBroker(cmp.Or(s.Broker, s.Source))
	}
	return string(s.Kind)
}

func statusName(s store.SourceStatus) string {
	if s.Kind == kscope.Queues {
		return explain.CallServer(cmp.Or(s.Broker, s.Source), s.Name)
	}
	return string(s.Kind)
}
