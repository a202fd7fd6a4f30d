package doctor

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/words"
)

// Look is how a report is written.
type Look struct {
	ASCII, Colour bool
	Width         int // of the lines in columns; 0 for lines of any length
}

var signs = map[State]struct{ sign, ascii, colour string }{
	Bad: {"×", "x", "31"}, Warning: {"!", "!", "33"}, Unknown: {"?", "?", "2"}, Note: {"i", "i", "36"}, Good: {"✓", "ok", "32"},
}

// Text writes a report for people.
func (r Report) Text(w io.Writer, l Look) error {
	var b strings.Builder
	where := "namespace " + r.Namespace
	if r.Namespace == "" {
		where = "all namespaces"
	}
	if r.Context != "" {
		where += " in context " + r.Context
	}
	fmt.Fprintf(&b, "kscope doctor: %s\n", where)
	for i := 0; i < len(r.Checks); {
		j := i + 1
		for j < len(r.Checks) && r.Checks[j].About == r.Checks[i].About {
			j++
		}
		if bad := r.Checks[i].State != Good; i == 0 || bad || r.Checks[i-1].State != Good {
			b.WriteString("\n")
		}
		for k, c := range r.Checks[i:j] {
			l.check(&b, c, k == 0)
		}
		i = j
	}
	b.WriteString("\n" + r.sum() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// check writes one, with what it is about where that is not said yet.
func (l Look) check(b *strings.Builder, c Check, first bool) {
	s := signs[c.State]
	sign := s.sign
	if l.ASCII {
		sign = s.ascii
	}
	if l.Colour {
		sign = "\x1b[" + s.colour + "m" + sign + "\x1b[0m"
	}
	says := c.Says
	if c.Of != "" {
		says = "Because of that: " + says
	}
	if first {
		says = c.About + ": " + says
	}
	l.line(b, sign+" ", "  ", says)
	if c.State == Good {
		return
	}
	if c.Next != "" {
		l.line(b, "  ", "  ", c.Next)
	}
	for _, e := range c.Evidence {
		l.line(b, "    seen  ", "          ", e.String())
	}
	for _, m := range c.Do {
		l.line(b, "    do    ", "", m.Command) // to be copied, so in one line
		if m.Effect != "" {
			l.line(b, "          ", "          ", m.Effect)
		}
	}
}

// String is evidence in words.
func (e Evidence) String() string {
	s := e.Object
	if e.Field != "" {
		s += ", " + e.Field
	}
	if e.Value != "" {
		s += ": " + e.Value
	}
	if e.Since != nil {
		s += ", since " + e.Since.Format(time.DateTime)
	}
	return s
}

// line writes text that may be of the cluster, in lines that begin so.
func (l Look) line(b *strings.Builder, first, next, text string) {
	text = kscope.Clean(text)
	room := l.Width - len(next)
	if l.Width == 0 || next == "" || room < 20 {
		b.WriteString(first + text + "\n")
		return
	}
	for i, part := range strings.Split(ansi.Wordwrap(text, room, ""), "\n") {
		if i > 0 {
			first = next
		}
		b.WriteString(first + part + "\n")
	}
}

// sum is the last line.
func (r Report) sum() string {
	bad, warn, unknown := r.Count(Bad), r.Count(Warning), r.Count(Unknown)
	var parts []string
	if bad > 0 {
		parts = append(parts, words.Plural(bad, "problem"))
	}
	if warn > 0 {
		parts = append(parts, words.Plural(warn, "warning"))
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d that could not be told", unknown))
	}
	if notes := r.Count(Note); notes > 0 {
		parts = append(parts, words.Plural(notes, "note"))
	}
	if len(parts) == 0 {
		return fmt.Sprintf("All is well: %s.", words.Plural(len(r.Checks), "check"))
	}
	return fmt.Sprintf("%s, of %s.", strings.Join(parts, ", "), words.Plural(len(r.Checks), "check"))
}
