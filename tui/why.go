package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/tui/screen"
)

// whyRows is how many rows all that there is to say takes on a screen w wide.
func (m *Model) whyRows(p picture, w int) int {
	w -= share(w, m.view.h, &m.view, 0).side
	lines, _ := m.whyLines(p, max(w-gutter(w)-1, 10))
	return len(lines) + 1
}

// whyLine is a row of the pane when it has the focus.
type whyLine struct {
	label string
	look  screen.Style
	text  string
}

// evidenceRows is how many rows a piece of evidence may take: what the cluster says
// may go on for long.
const evidenceRows = 3

// whyLines is all that there is to say, w wide, and the row at which the chosen
// finding begins.
func (m *Model) whyLines(p picture, w int) (lines []whyLine, chosen int) {
	st := m.styles
	add := func(label string, look screen.Style, rows []string) {
		for i, row := range rows {
			if i > 0 {
				label = ""
			}
			lines = append(lines, whyLine{label, look, row})
		}
	}
	if len(p.Findings) == 0 || p.Phase != explain.Broken { // the sentences are of no finding
		add("Why", m.whyLook(p), screen.Wrap(p.Why, w))
		add("Next", st.Text, screen.Wrap(p.Next, w))
	}
	all := told(p.Picture)
	which := m.chosenFinding(all)
	for i, x := range all {
		label, says, look := "Why", x.Says, st.Bad
		switch {
		case i >= len(p.Findings):
			label, look = "Note", st.Warn
		case x.Of != "":
			label, says, look = "", "Because of that: "+x.Says, st.Warn
		case len(lines) > 0:
			label = "Also"
		}
		at := len(lines)
		add(label, look, screen.Wrap(says, w))
		if i != which {
			continue
		}
		if chosen = at; i == 0 {
			chosen = 0 // with the sentences that stand before it
		}
		if label == "Note" {
			add("", st.Text, screen.Wrap(x.Next, w))
		} else if x.Of == "" {
			add("Next", st.Text, screen.Wrap(x.Next, w))
		}
		label = "Seen"
		for _, e := range x.Evidence {
			if e.Value == "" {
				continue
			}
			said := e.Object + ", " + e.Field + ": " + e.Value
			if !e.Since.IsZero() {
				said += ", since " + e.Since.In(p.now.Location()).Format("15:04:05")
			}
			add(label, st.Muted, screen.ClipLines(screen.Wrap(said, w), evidenceRows))
			label = ""
		}
		if x.Move.Command != "" {
			add("Do", st.Key, screen.WrapCommand(x.Move.On(m.o.Kubectl), w))
		}
		add("", st.Text, screen.Wrap(strings.TrimSpace(x.Move.Effect), w))
	}
	return lines, chosen
}

// whyLook is how the reason is written.
func (m *Model) whyLook(p picture) screen.Style {
	if p.Phase == explain.Broken {
		return m.styles.Bad
	}
	return m.styles.Strong
}

// told is what there is to say of an object besides why and what next: what is wrong,
// or else what is worth knowing.
func told(p explain.Picture) []explain.Finding {
	if len(p.Findings) > 0 {
		return p.Findings
	}
	return p.Notes()
}

// chosenFinding is which of that is shown with all there is to it.
func (m *Model) chosenFinding(all []explain.Finding) int {
	return min(m.view.finding, max(len(all)-1, 0))
}

// drawWhy is the two sentences: why there are as many pods as there are, and
// what comes next. With the focus it is all that there is to say.
func (m *Model) drawWhy(c screen.Canvas, p picture) {
	if c.H <= 0 {
		return
	}
	st := m.styles
	d := p.Decision
	x := gutter(c.W)
	w := max(c.W-x-1, 10)
	m.heading(c, whyPane, "Why")
	more := told(p.Picture)
	if m.focused(whyPane) && len(more) > 0 {
		m.drawFindings(c, p, x, w)
		return
	}
	// Why gets what Next does not need.
	next := screen.Wrap(d.Next, w)
	why := screen.Wrap(d.Why, w)
	if n := c.H - min(len(next), max(c.H/2, 1)); len(why) > n {
		// Names give way before the cause, which comes after them.
		why = screen.ClipLines(screen.Wrap(c.Brief(n*w-w/8, d.Why), w), n)
	}
	next = screen.ClipLines(next, max(c.H-len(why), 0))
	for i, line := range why {
		c.Fit(x, i, w, m.whyLook(p), line)
	}
	y := len(why)
	if len(next) > 0 {
		c.Text(1, y, st.Muted, "Next")
	}
	for i, line := range next {
		c.Fit(x, y+i, w, st.Text, line)
	}
	switch y += len(next); {
	case len(d.Findings) == 0 && len(more) > 0 && y < c.H: // where there is room
		c.Text(1, y, st.Muted, "Note")
		c.Fit(x, y, w, st.Muted, more[0].Says)
	default:
		m.drawNoteOf(c, p.ID, x, y)
	}
}

// drawNoteOf is the note on an object that matters most, in a row.
func (m *Model) drawNoteOf(c screen.Canvas, id kscope.ID, x, y int) {
	all := m.notesOf(id)
	if len(all) == 0 || y >= c.H {
		return
	}
	c.Text(1, y, m.styles.Muted, "Note")
	end := c.Right(c.W-1, y, m.styles.Key, keys.Notes.Help().Key) - 1
	c.Fit(x, y, end-x, m.styles.Muted, c.Brief(end-x, all[0].Weight.String()+": "+all[0].Says))
}

// drawFindings is what is wrong, from the chosen finding on where there is no room
// for all, and further down as the pane is scrolled.
func (m *Model) drawFindings(c screen.Canvas, p picture, x, w int) {
	lines, top := m.whyLines(p, w)
	top = min(min(top, max(len(lines)-c.H, 0))+m.scrolled(whyPane), max(len(lines)-1, 0))
	for y := 0; y < c.H && top+y < len(lines); y++ {
		l := lines[top+y]
		if y > 0 || top > 0 {
			c.Text(1, y, m.styles.Muted, l.label)
		}
		c.Fit(x, y, w, l.look, l.text)
	}
	if below := len(lines) - top - c.H; below > 0 {
		c.Right(c.W-1, c.H-1, m.styles.Muted, m.styles.Glyph.Down)
	}
}

// copyMove puts the command of the finding that is shown into the clipboard, and
// says so.
func (m *Model) copyMove() tea.Cmd {
	v := &m.view
	id := v.id
	if v.screen == overview && v.row < len(v.ids) {
		id = v.ids[v.row]
	}
	p, ok := explain.Look(m.seen, id)
	all := p.Findings // the table shows no notes
	if v.screen == detail {
		all = told(p)
	}
	if !ok || len(all) == 0 {
		v.notice = "There is no command to copy: nothing is found to be wrong here."
		return nil
	}
	i := m.chosenFinding(all)
	if v.screen == overview {
		i = 0
	}
	move := all[i].Move
	if move.Command == "" {
		v.notice = "There is no command for this."
		return nil
	}
	v.notice = "To the clipboard: " + move.On(m.o.Kubectl)
	return tea.SetClipboard(move.On(m.o.Kubectl))
}

// problem is a finding of an object, by its place among the object's.
type problem struct {
	id kscope.ID
	at int
}

// problems is every finding with a cause of its own, by object.
func (m *Model) problems() (out []problem) {
	for _, id := range rowsOf(m.store, m.o) {
		p, ok := explain.Glance(m.store, id)
		if !ok {
			continue
		}
		for i := range p.Findings {
			if p.Findings[i].Of == "" {
				out = append(out, problem{id, i})
			}
		}
		if len(p.Findings) == 0 && p.Phase == explain.Broken {
			out = append(out, problem{id, 0})
		}
	}
	return out
}

// openProblem opens the first thing that is wrong, or the next one if one is open
// already.
func (m *Model) openProblem() {
	v := &m.view
	all := m.problems()
	if len(all) == 0 {
		v.notice = "Nothing here has a problem now."
		return
	}
	next := 0
	if v.screen == detail {
		next = slices.IndexFunc(all, func(p problem) bool { return p.after(v.id, v.finding) })
	}
	next = max(next, 0) // after the last comes the first
	v.chosen = true
	v.open(all[next].id)
	v.focus, v.finding, v.scroll[whyPane] = whyPane, all[next].at, 0
	if len(all) > 1 {
		v.notice = fmt.Sprintf("Problem %d of %d. ! opens the next, y copies the command.", next+1, len(all))
	}
}

// after reports whether a problem comes after a finding of an object in the order
// of problems.
func (p problem) after(id kscope.ID, at int) bool {
	by := byID(p.id, id)
	return by > 0 || by == 0 && p.at > at
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

// leftAtZero is what became of the target of what is gone, if KEDA left it at zero.
func (m *Model) leftAtZero() []string {
	for _, l := range explain.LeftAtZero(m.seen) {
		if l.By == m.view.id.Ref || m.view.id.Name == "" {
			return []string{l.Says, l.Next, l.Move.Command}
		}
	}
	return nil
}
