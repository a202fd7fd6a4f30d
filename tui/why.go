package tui

import (
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/tui/screen"
)

// whyRows is how many rows the two sentences take in full on a screen w wide.
func (m *Model) whyRows(p picture, w int) int {
	w -= share(w, m.view.h, &m.view, 0).side
	room := max(w-gutter(w)-1, 10)
	return len(wrap(p.Why, room)) + len(wrap(p.Next, room)) + 1
}

// drawWhy is the two sentences: why there are as many pods as there are, and
// what comes next.
func (m *Model) drawWhy(c screen.Canvas, p picture) {
	if c.H <= 0 {
		return
	}
	st := m.styles
	d := p.Decision
	x := gutter(c.W)
	w := max(c.W-x-1, 10)
	// Why gets what Next does not need.
	next := wrap(d.Next, w)
	why := wrap(d.Why, w)
	if n := c.H - min(len(next), max(c.H/2, 1)); len(why) > n {
		// Names give way before the cause, which comes after them.
		why = clipLines(wrap(c.Brief(n*w-w/8, d.Why), w), n)
	}
	next = clipLines(next, max(c.H-len(why), 0))
	m.heading(c, whyPane, "Why")
	look := st.Strong
	if d.Phase == explain.Broken {
		look = st.Bad
	}
	for i, line := range why {
		c.Fit(x, i, w, look, line)
	}
	y := len(why)
	if len(next) > 0 {
		c.Text(1, y, st.Muted, "Next")
	}
	for i, line := range next {
		c.Fit(x, y+i, w, st.Text, line)
	}
}

// wrap breaks a text into lines of at most w columns at spaces.
func wrap(s string, w int) []string {
	if s == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(strings.Map(screen.Printable, s), w, " "), "\n")
}

// clipLines keeps n lines and marks the last when there were more.
func clipLines(lines []string, n int) []string {
	if len(lines) <= n {
		return lines
	}
	if n <= 0 {
		return nil
	}
	lines = lines[:n:n]
	lines[n-1] += " …"
	return lines
}

// stands is how long a sentence stands at least, so that it can be read: in a step of
// KEDA's or the HPA's several things become so within milliseconds. What breaks is
// said at once.
const stands = time.Second

// said is the sentences that stand on screen, about what, and since when.
type said struct {
	id        kscope.ID
	why, next string
	link      explain.Role
	since     time.Time
}

// hold lets the sentences that stand go on for a while, by the clock of the stream.
// Numbers that change in them do not count. A moment that is looked back at says what
// was so then.
func (m *Model) hold(p *explain.Picture) {
	if m.seen != m.store {
		return
	}
	s := &m.said
	same := alike(s.why, p.Why) && alike(s.next, p.Next)
	held := p.Now.Sub(s.since)
	if s.id == p.ID && !same && p.Phase != explain.Broken && held >= 0 && held < stands {
		p.Why, p.Next, p.Link = s.why, s.next, s.link
		for i := range p.Links {
			p.Links[i].Main = p.Links[i].Role == p.Link
		}
		return
	}
	since := s.since
	if s.id != p.ID || !same {
		since = p.Now
	}
	*s = said{p.ID, p.Why, p.Next, p.Link, since}
}

// alike reports whether two texts say the same but for the numbers in them.
func alike(a, b string) bool { return a == b || unnumbered(a) == unnumbered(b) }

func unnumbered(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == ',' || r == '.' {
			return -1
		}
		return r
	}, s)
}
