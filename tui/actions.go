package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Action is something that the palette offers beside the keys.
type Action struct {
	Name  string // a word or two, to type
	About string // what it does, in a sentence
	On    bool   // in effect, so that choosing it again ends it
	// Run does it. It is called outside Update and may block; an error is
	// shown, and what else came of it arrives as observations.
	Run func() error

	here func() tea.Cmd // instead of Run: the screen's own doing
}

// chooser is the palette while it is open.
type chooser struct {
	all   []Action
	input string
	row   int
}

// matching is the actions that what was typed leaves.
func (p *chooser) matching() []Action {
	var out []Action
	for _, a := range p.all {
		if strings.Contains(strings.ToLower(a.Name+" "+a.About), strings.ToLower(p.input)) {
			out = append(out, a)
		}
	}
	return out
}

// acted is how an action ended.
type acted struct {
	name string
	err  error
}

// openPalette asks what there is to do, since it changes with what was done.
func (m *Model) openPalette() {
	all := m.ownActions()
	if m.o.Actions != nil {
		all = append(all, m.o.Actions()...)
	}
	if len(all) == 0 {
		m.view.notice = "There is nothing to do here beyond the keys: kscope only watches."
		return
	}
	m.view.palette = &chooser{all: all}
}

func (m *Model) paletteKey(msg tea.KeyPressMsg) tea.Cmd {
	p := m.view.palette
	found := p.matching()
	switch s := msg.String(); {
	case s == "esc":
		m.view.palette = nil
	case s == "enter":
		m.view.palette = nil
		if p.row >= len(found) {
			m.view.notice = "Nothing was chosen."
			return nil
		}
		return m.act(found[p.row])
	case s == "backspace":
		p.narrow(shortened(p.input))
	case s == "ctrl+u":
		p.narrow("")
	case msg.Text == "" && key.Matches(msg, keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.First, keys.Last):
		p.row = min(max(p.row+step(msg, 5), 0), max(len(found)-1, 0))
	default:
		p.narrow(p.input + typedText(msg.Text))
	}
	return nil
}

// narrow changes what was typed and begins at the top again.
func (p *chooser) narrow(input string) {
	p.input, p.row = lastly(input), 0
}

func (m *Model) act(a Action) tea.Cmd {
	if a.here != nil {
		return a.here()
	}
	name := a.Name
	if a.On {
		name = "end " + name
	}
	m.view.notice = name + " ..."
	return func() tea.Msg { return acted{name, a.Run()} }
}

// ended shows how an action ended.
func (m *Model) ended(a acted) {
	m.askPace()
	if a.err != nil {
		m.view.notice = a.name + ": " + a.err.Error()
		return
	}
	m.view.notice = a.name + ": done."
}

func (m *Model) askPace() {
	if m.o.Pace != nil {
		m.pace = m.o.Pace()
	}
}

// drawPalette is the list of actions, over the middle of the screen.
func (m *Model) drawPalette(c canvas) {
	p, st := m.view.palette, m.styles
	found := p.matching()
	w, h := min(76, c.w), min(len(p.all)+4, c.h)
	box := c.sub((c.w-w)/2, (c.h-h)/2, w, h)
	box.fill(0, 0, box.w, box.h, style{}, ' ')
	in := box
	if box.h >= 4 {
		in = box.box(st.accent, " What should happen? ", st.accent)
	}
	x := in.text(1, 0, st.key, ":")
	x = in.text(x, 0, st.strong, p.input)
	in.text(x, 0, st.accent, "_")
	if hint := "enter do it  esc leave it"; x+3+len(hint) <= in.w {
		in.right(in.w-1, 0, st.muted, hint)
	}
	page := in.h - 1
	if len(found) == 0 {
		in.fit(1, 1, in.w-2, st.muted, "Nothing like that.")
		return
	}
	names := 0
	for _, a := range p.all {
		names = max(names, textWidth(a.Name))
	}
	top := max(p.row-page+1, 0)
	for y, a := range found[top:min(top+page, len(found))] {
		row := in.sub(0, 1+y, in.w, 1)
		look := st.text
		if top+y == p.row {
			row.fill(0, 0, row.w, 1, st.chosen, ' ')
			row.put(0, 0, st.accent, '▌')
			look = st.strong
		}
		row.fit(2, 0, names, look, a.Name)
		mark, about := "", a.About
		if a.On {
			mark, about = st.glyph.on, "ends it: "+a.About
		}
		row.text(names+3, 0, st.warn, mark)
		row.fit(names+5, 0, row.w-names-6, st.muted, about)
	}
}
