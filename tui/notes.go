package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/tui/screen"
)

// noteMark follows the name of what a note is about.
const noteMark = "*"

// noteRow is a row of the notes: a heading, or something of a note.
type noteRow struct {
	indent      int
	look        screen.Style
	text, place string
}

// notesOf is the notes on an object.
func (m *Model) notesOf(id kscope.ID) []notes.Note {
	return slices.DeleteFunc(slices.Clone(m.o.Notes), func(n notes.Note) bool { return !n.Concerns(id) })
}

// markOf is what follows the name of an object.
func (m *Model) markOf(id kscope.ID) string {
	if m.noted[id] {
		return noteMark
	}
	return ""
}

// noteRows is all notes, w wide: those on what is open first, then what matters most.
func (m *Model) noteRows(w int) (rows []noteRow) {
	st := m.styles
	looks := map[notes.Weight]screen.Style{notes.LeftOut: st.Bad.Bold(), notes.Fails: st.Bad.Bold(), notes.Differs: st.Warn.Bold()}
	add := func(all []notes.Note, of string) {
		for i, n := range all {
			again := i > 0 && n.Weight == all[i-1].Weight && n.Subject() == all[i-1].Subject()
			if i == 0 || n.Weight != all[i-1].Weight {
				look, ok := looks[n.Weight]
				if !ok {
					look = st.Accent
				}
				title := n.Weight.String()
				for _, line := range screen.Wrap(strings.ToUpper(title[:1])+title[1:]+of, w) {
					rows = append(rows, noteRow{look: look, text: line})
				}
			}
			if again {
				rows = rows[:len(rows)-1]
			}
			rows = append(rows, m.noteRow(n, w, again)...)
		}
	}
	own, id := []notes.Note(nil), m.view.id
	if m.view.screen == detail {
		own = m.notesOf(id)
	}
	add(own, ": "+id.String())
	add(slices.DeleteFunc(slices.Clone(m.o.Notes), func(n notes.Note) bool { return own != nil && n.Concerns(id) }), "")
	return append(rows, noteRow{look: st.Muted, text: plural(int64(len(m.o.Notes)), "note") + " in all"})
}

// noteRow is one note, whose subject may be that of the one before again, and a blank
// row after it.
func (m *Model) noteRow(n notes.Note, w int, again bool) (rows []noteRow) {
	st := m.styles
	fold := screen.Wrap
	add := func(indent int, look screen.Style, text string) {
		for _, line := range fold(text, max(w-indent, 8)) {
			rows = append(rows, noteRow{indent: indent, look: look, text: line})
		}
	}
	about := n.Subject()
	if about == "" { // it is of no object, and of no file
		add(2, st.Text, n.Says)
	} else if again {
		add(4, st.Text, n.Says)
	} else {
		fold = screen.WrapCommand // names stay whole
		add(2, st.Strong, about)
		if last := &rows[len(rows)-1]; screen.Width(last.text)+screen.Width(n.Where())+6 <= w {
			last.place = n.Where()
		} else {
			add(4, st.Muted, n.Where())
		}
		fold = screen.Wrap
		add(4, st.Text, n.Says)
	}
	if n.Next != "" {
		add(4, st.Muted, st.Glyph.Right+" "+n.Next)
	}
	return append(rows, noteRow{})
}

// noteWidth is that of the notes on a screen.
func noteWidth(w int) int { return min(100, w) }

// drawNotes is the notes over the middle of the screen.
func (m *Model) drawNotes(c screen.Canvas) {
	rows := m.noteRows(max(noteWidth(c.W)-4, 1))
	m.drawSheet(c, sheet{" Notes on what was given ", "", noteWidth(c.W), len(rows), func(c screen.Canvas, top int) {
		for y, r := range rows[top:min(len(rows), top+max(c.H, 0))] {
			c.Fit(r.indent, y, c.W-r.indent, r.look, r.text)
			c.Right(c.W, y, m.styles.Muted, r.place)
		}
	}}, m.view.notesTop)
}

// openNotes shows the notes, if there are some.
func (m *Model) openNotes() tea.Cmd {
	v := &m.view
	if len(m.o.Notes) == 0 {
		v.notice = "There are no notes: nothing was given that is left out, fails or is not played."
		return nil
	}
	v.notes, v.notesTop, v.notesRead = true, 0, true
	return nil
}

func (m *Model) notesKey(msg tea.KeyPressMsg) {
	v := &m.view
	v.notes = !sheetKey(msg, &v.notesTop, cardLimit(len(m.noteRows(max(noteWidth(v.w)-4, 1))), v.h), keys.Notes)
}
