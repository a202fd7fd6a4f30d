package tui

import (
	"strings"
	"unicode"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope/tui/screen"
)

// field is a line of text that is being typed. Moving and deleting, by
// characters and by words, is the text input's of bubbles; drawing is ours: its
// View is a string with colour codes, and our grid holds cells, clips them and
// keeps what acts on a terminal out of them.
type field struct{ in textinput.Model }

// fieldLimit is as many characters as a name can have, and some.
const fieldLimit = 80

// newField begins with a text and the cursor at its end.
func newField(text string) field {
	f := field{textinput.New()}
	f.in.CharLimit = fieldLimit
	f.in.SetVirtualCursor(false) // one that blinks would wake an idle screen
	// ctrl+v would run a program to ask for the clipboard of this machine;
	// what the terminal pastes arrives as a message.
	f.in.KeyMap.Paste.SetEnabled(false)
	f.in.Focus()
	f.set(text)
	return f
}

func (f *field) text() string { return f.in.Value() }

// set replaces the text.
func (f *field) set(text string) {
	f.in.SetValue(typedText(text))
	f.in.CursorEnd()
}

// key types, moves or deletes.
func (f *field) key(msg tea.KeyPressMsg) {
	if msg.Text != "" {
		if msg.Text = typedText(msg.Text); msg.Text == "" {
			return
		}
	}
	if key.Matches(msg, f.in.KeyMap.DeleteWordForward) && f.in.Position() == len([]rune(f.text()))-1 {
		msg = tea.KeyPressMsg{Code: tea.KeyDelete} // of the last character alone, at which bubbles 2.2.1 looks for one after it
	}
	f.in, _ = f.in.Update(msg)
}

// paste puts text in at the cursor, on one line.
func (f *field) paste(text string) {
	f.in, _ = f.in.Update(tea.PasteMsg{Content: strings.TrimSpace(typedText(text))})
}

// pasted takes pasted text where text is being typed, and ignores it elsewhere.
func (m *Model) pasted(s string) {
	v := &m.view
	switch {
	case v.prompt != nil && v.prompt.must != "":
		v.prompt.input.paste(s)
	case v.prompt != nil:
	case v.palette != nil:
		v.palette.input.paste(s)
		v.palette.row = 0
	case v.load.picker != nil && v.load.picker.edit != nil:
		v.load.picker.edit.paste(s)
	case v.over() == filterOver:
		v.filter.paste(s)
		m.filtered()
	}
}

// typedText keeps what may appear on one line of the screen.
func typedText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && screen.Printable(r) == r {
			return r
		}
		return -1
	}, s)
}

// overWords reports whether a key moves over words in a field, or deletes them.
func overWords(msg tea.KeyPressMsg) bool {
	k := textinput.DefaultKeyMap()
	return key.Matches(msg, k.WordForward, k.WordBackward, k.DeleteWordForward, k.DeleteWordBackward)
}

// listKey reports whether a key moves in the list below a field: only those
// that no text is typed or moved in with.
func listKey(msg tea.KeyPressMsg) bool {
	return msg.Text == "" && msg.Mod == 0 && key.Matches(msg, keys.Up, keys.Down, keys.PageUp, keys.PageDown)
}

// drawField draws a field in at most w columns and gives the column after its
// text. At its end the cursor is a line to write on, within it the character
// that it stands on. What does not fit is cut on the left, so that the cursor
// is always seen.
func (m *Model) drawField(c screen.Canvas, x, y, w int, f *field) int {
	st, in := m.styles, c.Sub(x, y, w, 1)
	text := []rune(f.text())
	at, from := f.in.Position(), 0
	for from < at && screen.Width(string(text[from:at]))+1 > w {
		from++
	}
	end := in.Text(0, 0, st.Strong, string(text[from:at]))
	if at == len(text) {
		in.Text(end, 0, st.Accent, "_")
		return x + end
	}
	rest := string(text[at:])
	under, _ := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
	look := st.Strong.Reverse()
	if !st.Colours {
		look = st.Strong.Underline()
	}
	end = in.Text(end, 0, look, under)
	return x + in.Text(end, 0, st.Strong, rest[len(under):])
}
