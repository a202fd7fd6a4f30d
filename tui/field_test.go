package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope/tui/screen"
)

// TestField is keys and the text that they make; | is where the cursor is.
func TestField(t *testing.T) {
	for _, tt := range []struct{ name, begin, keys, paste, want string }{
		{"typed", "", "d e m o", "", "demo|"},
		{"at the end to begin with", "demo", "s", "", "demos|"},
		{"left and typed", "dmo", "left left e", "", "de|mo"},
		{"left and right", "demo", "left left right", "", "dem|o"},
		{"no further than the start", "demo", "left left left left left left x", "", "x|demo"},
		{"no further than the end", "demo", "right right x", "", "demox|"},
		{"home", "demo", "home", "", "|demo"},
		{"end", "demo", "home end", "", "demo|"},
		{"ctrl+a and ctrl+e", "demo", "ctrl+a x ctrl+e y", "", "xdemoy|"},
		{"backspace within", "demmo", "left backspace", "", "dem|o"},
		{"backspace at the start", "demo", "home backspace", "", "|demo"},
		{"delete", "demo", "home delete", "", "|emo"},
		{"a word back", "one two three", "alt+b alt+b", "", "one |two three"},
		{"a word on", "one two three", "home alt+f", "", "one| two three"},
		{"ctrl and arrows are words too", "one two", "ctrl+left x ctrl+right y", "", "one xtwoy|"},
		{"delete a word", "one two three", "ctrl+w", "", "one two |"},
		{"delete a word within", "one two three", "alt+b ctrl+w", "", "one |three"},
		{"delete to the end", "one two three", "alt+b ctrl+k", "", "one two |"},
		{"delete to the start", "one two three", "alt+b ctrl+u", "", "|three"},
		{"paste in the middle", "deo", "left", "m", "dem|o"},
		{"paste is one line and harmless", "", "", " de\x1bmo\n\u202e ", "demo|"},
		{"paste is bounded", "", "", strings.Repeat("x", 200), strings.Repeat("x", 80) + "|"},
		{"paste in the middle is bounded too", strings.Repeat("x", 78), "left", "abcdef", strings.Repeat("x", 77) + "ab|x"},
		{"wide characters", "世界", "left n", "", "世n|界"},
		{"nothing to delete", "", "backspace delete ctrl+w ctrl+k ctrl+u alt+b alt+f", "", "|"},
		{"only blanks", "   ", "ctrl+w", "", "|"},
		{"other keys are no text", "a", "up down pgup pgdown tab ctrl+v ctrl+n ctrl+p", "", "a|"},
	} {
		f := newField(tt.begin)
		for _, k := range strings.Fields(tt.keys) {
			f.key(keyOf(k))
		}
		f.paste(tt.paste)
		text := []rune(f.text())
		at := f.in.Position()
		if got := string(text[:at]) + "|" + string(text[at:]); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestFieldIsDrawn: the cursor is a line at the end, and else the character it
// stands on; it is always within what there is room for.
func TestFieldIsDrawn(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		left, w    int
		noColor    bool
		want       string
		cursor     int
		attr       screen.Attr
	}{
		{"at the end", "demo", 0, 10, false, "demo_", 4, screen.Bold},
		{"within", "demo", 2, 10, false, "demo", 2, screen.Bold | screen.Reverse},
		{"without colours", "demo", 2, 10, true, "demo", 2, screen.Bold | screen.Underline},
		{"too long", "abcdefghijkl", 0, 6, false, "hijkl_", 5, screen.Bold},
		{"too long, within", "abcdefghijkl", 2, 6, false, "fghijk", 5, screen.Bold | screen.Reverse},
		{"a joined character", "e\u0301x", 3, 6, false, "e\u0301x", 0, screen.Bold | screen.Reverse},
	} {
		m := New(Options{Theme: "dark", NoColor: tt.noColor})
		m.grid.Reset(12, 1, m.styles)
		c := m.grid.Canvas()
		f := newField(tt.text)
		for range tt.left {
			f.key(tea.KeyPressMsg{Code: tea.KeyLeft})
		}
		m.drawField(c, 0, 0, tt.w, &f)
		if got := strings.TrimSpace(m.grid.Plain()); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := c.At(tt.cursor, 0).Style.Attr; got != tt.attr {
			t.Errorf("%s: the cursor's cell has the attributes %b, want %b", tt.name, got, tt.attr)
		}
	}
}

// Every key that edits, at every place of every short text: none panics.
func TestEditingAnywhere(t *testing.T) {
	for _, text := range []string{"", "a", " ", "ab", "a ", " a", "a b", "  ", "世 界", "a b "} {
		for at := range len([]rune(text)) + 1 {
			for _, k := range fuzzKeys {
				f := newField(text)
				f.in.SetCursor(at)
				f.key(k)
				f.key(k)
				if n := len([]rune(f.text())); f.in.Position() > n {
					t.Errorf("%v at %d of %q: the cursor is at %d of %q", k, at, text, f.in.Position(), f.text())
				}
			}
		}
	}
}
