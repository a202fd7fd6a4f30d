package tui

import (
	"fmt"

	"charm.land/bubbles/v2/key"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
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
		case s.State == kscope.Forbidden:
			return 1
		}
		return 0
	}
	var worst *store.SourceStatus
	for _, s := range m.store.Statuses() {
		if worst == nil && rank(s) > 0 || worst != nil && rank(s) > rank(*worst) {
			worst = &s
		}
	}
	return worst
}

// reads reports whether the open ScaledObject has a queue on a server.
func (m *Model) reads(server string) bool {
	for q := range m.shown.queues {
		if q.Server() == server {
			return true
		}
	}
	return false
}

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
func (m *Model) drawFooter(c canvas) {
	if c.h <= 0 {
		return
	}
	st, v := m.styles, &m.view
	c.fill(0, 0, c.w, 1, st.bar, ' ')
	if v.typing {
		m.drawFilter(c)
		return
	}
	if v.notice != "" {
		c.fit(1, 0, c.w-2, st.accent, v.notice)
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
	if v.filter != "" && v.screen == overview {
		x = m.drawFilter(c) + 2
	}
	end := c.w - 1
	if m.canInject() && v.screen == detail && !m.shown.all {
		size := "batch " + words.Count(float64(load.BatchSizes[v.batch]))
		end = c.right(end, 0, st.you, size) - 2
	} else if v.screen == overview && len(v.refs) > 0 {
		end = c.right(end, 0, st.muted, fmt.Sprintf("%d of %d", v.row+1, len(v.refs))) - 2
	}
	for _, h := range m.hints() {
		k, what := h.Help().Key, h.Help().Desc
		if x+textWidth(k)+1+textWidth(what) > end {
			break
		}
		x = c.text(x, 0, st.key, k)
		x = c.text(x+1, 0, st.muted, what) + 2
	}
}

// drawFilter is the filter, and gives the column after it.
func (m *Model) drawFilter(c canvas) int {
	st, v := m.styles, &m.view
	x := c.text(1, 0, st.key, "/")
	x = c.text(x, 0, st.strong, v.filter)
	if v.typing {
		x = c.text(x, 0, st.accent, "_")
		if hint := "enter keep  esc clear"; x+3+len(hint) < c.w {
			c.right(c.w-1, 0, st.muted, hint)
		}
	}
	return x
}

func (m *Model) drawTrouble(c canvas, bad store.SourceStatus) {
	st := m.styles
	x := c.text(1, 0, st.bad, st.glyph.bad+" "+statusName(bad))
	said := string(bad.State)
	if bad.Message != "" {
		said = bad.Message
	}
	if bad.Hint != "" {
		said += " - " + bad.Hint
	}
	end := c.w - 1
	if bad.State == kscope.Failing {
		end = c.right(end, 0, st.warn, "for "+words.Age(m.store.Now().Sub(bad.Since))) - 2
	}
	c.fit(x+1, 0, end-x-1, st.text, said)
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
		return []key.Binding{hint("enter", "open", keys.Open), hint("/", "filter", keys.Filter), hint("!", "problem", keys.Problem), help, quit, freeze}
	}
	others := len(v.refs)+v.jobs > 1
	if m.shown.all {
		hs := []key.Binding{help, quit}
		if others {
			hs = append(hs, hint("esc", "all", keys.Back))
		}
		return hs
	}
	var hs []key.Binding
	if m.canInject() {
		hs = append(hs, hint("i", "inject", keys.Inject), hint("+ -", "batch", keys.Bigger))
		if m.o.Load.Run != nil {
			hs = append(hs, hint("I", "load", keys.Profiles))
		}
	}
	if v.frozen {
		hs = append(hs, hint("space", "go on", keys.Freeze), hint("[ ]", "in time", keys.Older))
	} else {
		hs = append(hs, hint("space", "freeze", keys.Freeze))
	}
	hs = append(hs, help, quit)
	if others {
		hs = append(hs, hint("esc", "all", keys.Back))
	}
	return append(hs, hint("f", "full chart", keys.Full), hint("c", "mode", keys.ChartMode), hint("< >", "zoom", keys.ZoomIn),
		hint("tab", "pane", keys.NextPane), hint("t", "pods", keys.PodTable))
}

func statusName(s store.SourceStatus) string {
	if s.Kind == kscope.Queues {
		return kscope.CallServer(s.Name)
	}
	return string(s.Kind)
}

// drawNothing is the body before a ScaledObject is known: what is being
// waited for, or why there is none.
func (m *Model) drawNothing(c canvas) {
	st := m.styles
	m.shown.all = true
	var lines []string
	title := m.nothing()
	for _, l := range title[1:] {
		lines = append(lines, wrap(l, min(max(c.w-4, 10), 76))...)
	}
	y := max((c.h-len(lines)-2)/2, 0)
	c.centre(y, st.strong, title[0])
	for i, l := range lines {
		c.centre(y+2+i, st.muted, l)
	}
}

// nothing says why there is nothing to show: failed, waiting or empty.
func (m *Model) nothing() []string {
	where := "in namespace " + m.o.Namespace
	if m.o.Namespace == "" {
		where = "in any namespace"
	}
	so := statusOf(m.store, kscope.ScaledObjects)
	back := ""
	if len(m.view.refs)+m.view.jobs > 0 {
		back = "esc shows the others."
	}
	ns := statusOf(m.store, kscope.Namespaces)
	switch {
	case ns.State == kscope.Absent && so.State == kscope.Synced:
		return []string{"Namespace " + m.o.Namespace + " does not exist", ns.Hint + ".", "It will be looked for again every few seconds."}
	case so.State == kscope.Absent:
		return []string{"KEDA is not installed in this cluster", orElse(so.Hint, "helm repo add kedacore https://kedacore.github.io/charts && helm install keda kedacore/keda -n keda --create-namespace")}
	case so.State == kscope.Forbidden:
		return []string{"You may not see ScaledObjects " + where, so.Message, so.Hint}
	case so.State == kscope.Failing:
		return []string{"The API server does not answer", so.Message, orElse(so.Hint, "kscope keeps trying.")}
	case so.State == kscope.Synced && m.view.ref.Name != "":
		return []string{fmt.Sprintf("ScaledObject %s is gone", m.view.ref), "It will be shown again if it comes back.", back}
	case so.State == kscope.Synced && m.o.Name != "":
		return []string{fmt.Sprintf("There is no ScaledObject %s %s", m.o.Name, where), "It will be shown as soon as it exists.", back}
	case so.State == kscope.Synced:
		return []string{"There is no ScaledObject " + where, "It will be shown as soon as it exists.", "`kscope demo up` installs one to try; -n and -A choose where to look."}
	}
	return []string{"Looking for ScaledObjects " + where, m.o.Context}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// drawTiny is what is left of the screen in a very small window: the two
// numbers, the phase, and where it could be seen in full.
func (m *Model) drawTiny(c canvas) {
	st := m.styles
	if m.view.screen == overview {
		m.drawTinyList(c)
		return
	}
	p, ok := m.picture()
	if !ok {
		c.fit(0, 0, c.w, st.strong, "kscope")
		c.fit(0, 1, c.w, st.muted, m.nothing()[0])
		return
	}
	phase := string(p.Decision.Phase)
	if left, ok := p.untilZero(); ok {
		phase += " ~" + words.Age(left)
	}
	state, look := "", st.muted
	switch bad := m.worst(); {
	case m.view.frozen:
		state, look = "frozen "+p.now.Format("15:04:05"), st.warn
	case m.view.notice != "":
		state, look = m.view.notice, st.accent
	case bad != nil:
		state, look = statusName(*bad)+" "+string(bad.State), st.bad
	case c.h >= 5:
		state = "made for 80x24"
	}
	for y, l := range []struct {
		look style
		text string
	}{
		{st.queue.bold(), p.Links[explain.LinkQueue].Name + " " + p.Links[explain.LinkQueue].Value},
		{st.pods.bold(), bigNumber(p.ready()) + "/" + bigNumber(p.desired()) + " ready"},
		{m.phaseStyle(p.Decision.Phase), phase},
		{look, state},
	} {
		c.fit(0, y, c.w, l.look, l.text)
	}
}
