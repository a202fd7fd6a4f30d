package screen

import "unicode/utf8"

// keys are the keys that are not a character, as a terminal sends them.
var keys = map[string]string{
	"enter": "\r", "esc": "\x1b", "tab": "\t", "space": " ", "backspace": "\x7f",
	"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
	"home": "\x1b[H", "end": "\x1b[F",
	"ctrl+c": "\x03", "ctrl+l": "\x0c", "ctrl+z": "\x1a",
}

// Press presses keys one after the other: a character, or the name of a key.
func (s *Screen) Press(names ...string) {
	s.t.Helper()
	for _, name := range names {
		seq, ok := keys[name]
		if !ok && utf8.RuneCountInString(name) != 1 {
			s.t.Fatalf("no key is called %q", name)
		}
		if !ok {
			seq = name
		}
		s.Type(seq)
	}
}

// Type sends text as if it were typed.
func (s *Screen) Type(text string) {
	s.t.Helper()
	if err := s.terminal.Type(text); err != nil {
		s.t.Fatalf("type %q: %v", text, err)
	}
}
