package tui

import (
	"fmt"

	"charm.land/bubbles/v2/key"

	"github.com/kscope/kscope"
)

// drawFooter is the bottom line: what is broken, else what the last key did,
// else what can be pressed.
func (m *Model) drawFooter(c canvas) {
	if c.h <= 0 {
		return
	}
	st, v := m.styles, &m.view
	x := 1
	if bad := m.worst(); bad != nil && v.notice == "" {
		x = c.text(x, 0, st.bad, st.glyph.bad+" "+statusName(*bad))
		words := string(bad.State)
		if bad.Message != "" {
			words = bad.Message
		}
		if bad.Hint != "" {
			words += " - " + bad.Hint
		}
		if bad.State == kscope.Failing {
			words += fmt.Sprintf("  (for %s)", kscope.FormatAge(m.store.Now().Sub(bad.Since)))
		}
		c.fit(x+1, 0, c.w-x-2, st.warn, words)
		return
	}
	if v.notice != "" {
		c.fit(x, 0, c.w-2, st.accent, v.notice)
		return
	}
	if v.typing || v.filter != "" && v.screen == overview {
		x = c.text(x, 0, st.key, "/")
		x = c.text(x, 0, st.strong, v.filter)
		if v.typing {
			c.text(x, 0, st.accent, "_")
			return
		}
		x += 2
	}
	for _, h := range m.hints() {
		k, what := h.Help().Key, h.Help().Desc
		if x+textWidth(k)+textWidth(what)+3 > c.w {
			break
		}
		x = c.text(x, 0, st.key, k)
		x = c.text(x+1, 0, st.muted, what) + 2
	}
	if m.canInject() && v.screen == detail {
		size := fmt.Sprintf("batch %s", kscope.FormatCount(float64(kscope.BatchSizes[v.batch])))
		if x+textWidth(size)+1 < c.w {
			c.right(c.w-1, 0, st.you, size)
		}
	}
}

// hints is what is worth pressing on the screen that is open.
func (m *Model) hints() []key.Binding {
	short := func(b key.Binding, what string) key.Binding {
		return key.NewBinding(key.WithKeys(b.Keys()...), key.WithHelp(b.Help().Key, what))
	}
	if m.view.screen == overview {
		return []key.Binding{short(keys.Open, "open"), short(keys.Filter, "filter"), short(keys.Problem, "problem"), keys.Help, keys.Quit}
	}
	var hs []key.Binding
	if m.canInject() {
		hs = append(hs, short(keys.Inject, "inject"), key.NewBinding(key.WithKeys("+"), key.WithHelp("+ -", "batch")))
	}
	if m.view.frozen {
		hs = append(hs, short(keys.Freeze, "go on"), key.NewBinding(key.WithKeys("["), key.WithHelp("[ ]", "in time")))
	} else {
		hs = append(hs, keys.Freeze)
	}
	zoom := key.NewBinding(key.WithKeys("<"), key.WithHelp("< >", "zoom"))
	return append(hs, keys.Help, keys.Quit, short(keys.Full, "full chart"), short(keys.ChartMode, "mode"), zoom, short(keys.PodTable, "pods"))
}

func statusName(s kscope.SourceStatus) string {
	if s.Kind == kscope.Queues {
		return "Redis " + orUnknown(s.Name)
	}
	return string(s.Kind)
}

// drawNothing is the body before a ScaledObject is known: what is being
// waited for, or why there is none.
func (m *Model) drawNothing(c canvas) {
	st := m.styles
	lines := m.nothing()
	y := max((c.h-len(lines)-1)/2, 0)
	for i, l := range lines {
		s := st.muted
		if i == 0 {
			s = st.strong
		}
		for _, part := range wrap(l, max(c.w-4, 10)) {
			c.centre(y, s, part)
			y++
		}
		if i == 0 {
			y++
		}
	}
}

func (m *Model) nothing() []string {
	where := "in namespace " + m.o.Namespace
	if m.o.Namespace == "" {
		where = "in any namespace"
	}
	var so kscope.SourceStatus
	for _, s := range m.store.Statuses() {
		if s.Kind == kscope.ScaledObjects {
			so = s
		}
	}
	switch {
	case so.State == kscope.Absent:
		return []string{"KEDA is not installed in this cluster", orElse(so.Hint, "helm repo add kedacore https://kedacore.github.io/charts && helm install keda kedacore/keda -n keda --create-namespace")}
	case so.State == kscope.Forbidden:
		return []string{"You may not see ScaledObjects " + where, so.Message, so.Hint}
	case so.State == kscope.Failing:
		return []string{"The API server does not answer", so.Message, orElse(so.Hint, "kscope keeps trying")}
	case so.State == kscope.Synced && m.view.ref.Name != "":
		return []string{fmt.Sprintf("ScaledObject %s is gone", m.view.ref), "It will be shown again if it comes back."}
	case so.State == kscope.Synced && m.o.Name != "":
		return []string{fmt.Sprintf("There is no ScaledObject %s %s", m.o.Name, where), "It will be shown as soon as it exists."}
	case so.State == kscope.Synced:
		return []string{"There is no ScaledObject " + where, "It will be shown as soon as it exists. `kscope demo up` installs one to try; -n and -A choose where to look."}
	}
	return []string{"Looking for ScaledObjects " + where, m.o.Context}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// drawTiny is what is left of the screen in a very small window.
func (m *Model) drawTiny(c canvas) {
	st := m.styles
	p, ok := m.picture()
	if !ok {
		c.fit(0, 0, c.w, st.strong, "kscope")
		c.fit(0, 1, c.w, st.muted, m.nothing()[0])
		return
	}
	c.fit(0, 0, c.w, st.queue.bold(), p.Reading().Name()+" "+p.Links[kscope.LinkQueue].Value)
	c.fit(0, 1, c.w, st.pods.bold(), bigNumber(p.ready())+"/"+bigNumber(p.desired())+" ready")
	c.fit(0, 2, c.w, m.phaseStyle(p.Decision.Phase), string(p.Decision.Phase))
	c.fit(0, 3, c.w, st.muted, "made for 80x24")
}

// drawHelp is every key, over the screen.
func (m *Model) drawHelp(c canvas) {
	st := m.styles
	gs := keys.groups(m.canInject())
	h := 3
	for _, g := range gs {
		h += (len(g.keys)+1)/2 + 1
	}
	w := min(78, c.w)
	in := c.sub((c.w-w)/2, max((c.h-h)/2, 0), w, min(h, c.h)).box(st.accent, " Keys ", st.accent)
	half := (in.w - 14) / 2
	y := 0
	for _, g := range gs {
		in.text(1, y, st.strong, g.title)
		for i, b := range g.keys {
			x := 10 + (i%2)*half
			end := in.fit(x, y, 9, st.key, b.Help().Key)
			in.fit(max(end+1, x+9), y, half-10, st.muted, b.Help().Desc)
			if i%2 == 1 || i == len(g.keys)-1 {
				y++
			}
		}
	}
	in.fit(1, in.h-1, in.w-2, st.muted, "Numbers marked ~ are estimates, ? is unknown. Every change says who made it. ? or esc closes.")
}
