package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

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
