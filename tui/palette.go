package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/tui/screen"
)

// Action is something that the palette offers beside the keys.
type Action struct {
	Name  string // a word or two, to type
	About string // what it does, in a sentence
	Also  string // a word that finds it too, such as a flag's
	On    bool   // in effect, so that choosing it again ends it
	// Run does it. It is called outside Update and may block; an error is
	// shown, and what else came of it arrives as observations.
	Run func() error

	here func() tea.Cmd // instead of Run: the screen's own doing
}

// chooser is the palette while it is open.
type chooser struct {
	all   []Action
	input field
	row   int
}

// matching is the actions that what was typed leaves.
func (p *chooser) matching() []Action {
	var out []Action
	for _, a := range p.all {
		if strings.Contains(strings.ToLower(a.Name+" "+a.About+" "+a.Also), strings.ToLower(p.input.text())) {
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
	m.view.palette = &chooser{all: all, input: newField("")}
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
	case listKey(msg):
		p.row = min(max(p.row+step(msg, 5), 0), max(len(found)-1, 0))
	default:
		before := p.input.text()
		if p.input.key(msg); p.input.text() != before {
			p.row = 0 // at the top of what is left
		}
	}
	return nil
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
func (m *Model) drawPalette(c screen.Canvas) {
	p, st := m.view.palette, m.styles
	found := p.matching()
	in, _ := m.dialog(c, 76, len(p.all)+4, 4, " What should happen? ")
	x := in.Text(1, 0, st.Key, ":")
	x = m.drawField(in, x, 0, in.W-x-1, &p.input)
	if hint := "enter do it  esc leave it"; x+3+len(hint) <= in.W {
		in.Right(in.W-1, 0, st.Muted, hint)
	}
	page := in.H - 1
	if page < 1 {
		return
	}
	if len(found) == 0 {
		in.Fit(1, 1, in.W-2, st.Muted, "Nothing like that.")
		return
	}
	names := 0
	for _, a := range p.all {
		names = max(names, screen.Width(a.Name))
	}
	top := max(p.row-page+1, 0)
	for y, a := range found[top:min(top+page, len(found))] {
		row := in.Sub(0, 1+y, in.W, 1)
		look := st.Text
		if top+y == p.row {
			row.Fill(0, 0, row.W, 1, st.Chosen, ' ')
			row.Put(0, 0, st.Accent, '▌')
			look = st.Strong
		}
		row.Fit(2, 0, names, look, a.Name)
		mark, about := "", a.About
		if a.On {
			mark, about = st.Glyph.On, "ends it: "+a.About
		}
		row.Text(names+3, 0, st.Warn, mark)
		row.Fit(names+5, 0, row.W-names-6, st.Muted, row.Brief(row.W-names-6, about))
	}
}

// ownActions is what the palette offers on the open screen whatever the mode.
func (m *Model) ownActions() []Action {
	out := m.purgeActions()
	if n := len(m.o.Notes); n > 0 {
		out = append(out, Action{Name: "notes", About: "what is left out, fails or is not played of what was given", here: m.openNotes})
	}
	return out
}

func (m *Model) purgeActions() []Action {
	v := &m.view
	if m.o.Purge == nil || !m.canInject() || v.screen != detail {
		return nil
	}
	c, ok := m.store.Chain(v.id)
	if !ok {
		return nil
	}
	q, ok := m.queueOf(&c)
	if !ok {
		return nil
	}
	return []Action{{
		Name: "empty the queue", About: "throws the jobs in " + q.Shown() + " away; asks first",
		here: func() tea.Cmd {
			m.ask(prompt{queue: q, target: v.id, purge: true})
			return nil
		},
	}}
}

// purge empties a queue. What came of it arrives as an observation.
func (m *Model) purge(q kscope.Backlog, target kscope.ID) tea.Cmd {
	run := m.o.Purge
	m.view.notice = fmt.Sprintf("Emptying %s ...", q.Shown())
	return func() tea.Msg {
		run(load.Purge{Backlog: q, Target: target.Ref})
		return nil
	}
}

// purged says what came of it.
func (m *Model) purged(f kscope.Purged) {
	if f.Err != "" {
		m.view.notice = fmt.Sprintf("Not emptied: %s (%s)", kscope.Clean(f.Err), f.Backlog.Shown())
		return
	}
	m.view.notice = fmt.Sprintf("Emptied, %s lost: %s", plural(f.Lost, "job"), f.Backlog.Shown())
}
