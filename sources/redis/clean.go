package redis

import (
	"strings"
	"unicode"
)

const maxText = 240 // characters of a message: more than a line of any screen

// clean makes text from elsewhere fit to be shown: one line, valid UTF-8, of
// bounded length, and nothing in it that a terminal obeys or that reorders
// what is around it.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	n, gap := 0, false
	for _, r := range s { // bytes that are no UTF-8 become U+FFFD here
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			gap = n > 0
			continue
		}
		if unicode.Is(unicode.Cf, r) { // direction overrides, joiners, tags
			continue
		}
		if n >= maxText {
			b.WriteRune('…')
			break
		}
		if gap {
			b.WriteByte(' ')
			n++
			gap = false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

func isPlain(s string) bool {
	if len(s) > maxText {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
