package kscope

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds a text in bytes: the length of the longest event note that
// the API server accepts.
const maxText = 1024

// Clean makes a text of the cluster safe to show: escape sequences, control
// characters and invisible format characters (bidirectional overrides among
// them) are left out, line breaks and tabs become a space, invalid UTF-8 the
// replacement character, the password in a URL three stars, and what is too long
// is cut.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	s = withoutPasswords(s)
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if b.Len()+utf8.RuneLen(c) > maxText-len("…") {
			b.WriteString("…")
			break
		}
		switch {
		case c == '\x1b' || c == '\u009b' || c == '\u009d' || c == '\u0090':
			n = escape(s[i:], c, n)
		case c == '\n' || c == '\r' || c == '\t' || c == '\u2028' || c == '\u2029':
			b.WriteByte(' ')
		case unicode.IsControl(c):
		case unicode.Is(unicode.Cf, c) && c != '\u200c' && c != '\u200d': // joiners shape words and emoji
		default:
			b.WriteRune(c)
		}
		i += n
	}
	return shortened(withoutPasswords(b.String())) // what was left out may have made a URL
}

func shortened(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText - len("…")
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// Visible is a name with every character written out that [Clean] would drop:
// the key "jobs\x06" is not the key "jobs".
func Visible(name string) string {
	if isPlain(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		c, n := utf8.DecodeRuneInString(name[i:])
		switch {
		case c == utf8.RuneError && n == 1, unicode.IsControl(c) && c < utf8.RuneSelf:
			fmt.Fprintf(&b, "\\x%02x", name[i])
		case !unicode.IsGraphic(c):
			fmt.Fprintf(&b, "\\u%04x", c)
		default:
			b.WriteString(name[i : i+n])
		}
		i += n
	}
	return Clean(b.String())
}

// withoutPasswords hides the passwords in the URLs of a text: clients of servers
// of all kinds repeat in their errors what they were given.
func withoutPasswords(s string) string {
	const scheme = "://"
	done := 0
	for {
		at := strings.Index(s[done:], scheme)
		if at < 0 {
			return s
		}
		begin := done + at + len(scheme)
		end := begin + strings.IndexFunc(s[begin:]+" ", endsURL)
		done = begin
		user, rest, ok := strings.Cut(s[begin:end], ":")
		if !ok || strings.ContainsAny(user, "/?#@") {
			continue
		}
		host := strings.LastIndexByte(rest, '@')
		if path := strings.IndexAny(rest, "/?#"); path >= 0 && path < host {
			if before := strings.LastIndexByte(rest[:path], '@'); before >= 0 {
				host = before
			} else if strings.Trim(rest[:path], "0123456789") == "" {
				continue // it was a port, and this is a path
			}
		}
		if host >= 0 {
			s = s[:begin] + user + ":***" + rest[host:] + s[end:]
		}
	}
}

// endsURL reports whether a character stands behind a URL in a text.
func endsURL(r rune) bool {
	return unicode.IsSpace(r) || r == '"' || r == '\'' || r == '`' || r == '<' || r == '>'
}

// isPlain is true for nearly all texts, which then cost nothing.
func isPlain(s string) bool {
	if len(s) > maxText {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '@' && strings.Contains(s[:i], "://") {
			return false
		}
	}
	return true
}

// escape is the length of the escape sequence that s starts with, whose first
// character is c of n bytes. One that does not end takes only its introducer,
// so that the text after it is not lost.
func escape(s string, c rune, n int) int {
	i, intro := n, c
	if c == '\x1b' {
		if i == len(s) {
			return i
		}
		intro = rune(s[i])
		if intro < ' ' || intro > '~' {
			return i
		}
		i++
	}
	switch intro {
	case '[', '\u009b': // control sequence: up to a final byte
		for j := i; j < len(s); j++ {
			if s[j] >= '@' && s[j] <= '~' {
				return j + 1
			}
			if s[j] < ' ' || s[j] > '~' {
				break
			}
		}
	case ']', 'P', '^', '_', 'X', '\u009d', '\u0090': // string: up to BEL or ST
		for j := i; j < len(s); j++ {
			if s[j] == '\a' {
				return j + 1
			}
			if strings.HasPrefix(s[j:], "\x1b\\") || strings.HasPrefix(s[j:], "\u009c") {
				return j + 2
			}
		}
	case '(', ')', '*', '+', '#', '%', ' ': // one more character
		if i < len(s) {
			_, m := utf8.DecodeRuneInString(s[i:])
			return i + m
		}
	}
	return i
}
