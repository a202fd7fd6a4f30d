package tui

import (
	"cmp"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// prompt asks before the first job goes into a queue that nobody has armed.
type prompt struct {
	queue  kscope.Backlog
	target kscope.ID
	// type out: the namespace, where a slip would reach somebody else's
	// cluster; empty where y is enough.
	must  string
	input field
	wrong bool // what was typed is not it

	payload *load.Payload // nil for the default
	load    *load.Load    // what to begin; nil for a batch of the size that the keys chose
	purge   bool          // empty the queue, instead of putting something in
	again   bool          // yes was said once, and others get it too
}

// ask opens a question.
func (m *Model) ask(p prompt) {
	if !m.o.LocalCluster {
		p.must, p.input = p.target.Namespace, newField("")
	}
	m.view.prompt = &p
}

// promptKey answers the question. The size of the batch can still be changed;
// where a namespace is typed, minus belongs to it, so the arrows do that too.
func (m *Model) promptKey(msg tea.KeyPressMsg) tea.Cmd {
	v := &m.view
	p := v.prompt
	s := msg.String()
	typing := p.must != ""
	p.wrong = false
	switch {
	case s == "esc", !typing && (s == "n" || s == "N" || s == "q"):
		v.prompt, v.notice = nil, "Nothing was pushed."
		if p.purge {
			v.notice = "Nothing was thrown away."
		}
	case !typing && (s == "y" || s == "Y"), typing && s == "enter" && p.input.text() == p.must:
		who, known := v.others[p.queue]
		switch {
		case p.purge || !m.mayShare(p.queue):
		case !known:
			v.notice = "Asking the broker who else gets it ..."
			return nil
		case !p.again && (len(who.names) > 0 || who.err != ""): // a second yes, to that
			p.again, p.must = true, ""
			return nil
		}
		v.prompt = nil
		if p.purge {
			return m.purge(p.queue, p.target)
		}
		v.armed[p.queue] = true
		return m.carryOut(*p)
	case (p.load != nil || p.purge) && (s == "+" || s == "up" || s == "down" || !typing && (s == "=" || s == "-")): // its size was chosen before
	case s == "+", s == "up", !typing && s == "=":
		v.bigger(+1)
	case s == "down", !typing && s == "-":
		v.bigger(-1)
	case !typing:
	case s == "enter":
		p.wrong = true
	default:
		p.input.key(msg)
	}
	return nil
}

// unknownAddress is said where a server is named by what cannot be resolved.
const unknownAddress = "an address that is not known here"

// promptLine is one fact of the question. Where the screen is low, lines go,
// those with the highest drop first.
type promptLine struct {
	label, text string
	drop        int
}

// promptLines is the title of the question and its facts.
func (m *Model) promptLines() (title string, lines []promptLine) {
	p, up, down := m.view.prompt, m.styles.Glyph.Up, m.styles.Glyph.Down
	reached, _ := m.store.Connection(p.queue)
	title = " Put load on a real queue? "
	lines = []promptLine{
		{"context", m.o.Context, 1},
		{"namespace", p.target.Namespace, 2},
		{"queue", where(p.queue, reached), 0},
		{"jobs", m.batch() + "  (" + up + " " + down + " to change)", 0},
		{"each like", exampleOf(p.payload), 3},
		{"", "", 5},
		{"", "Workers must understand them. The queue stays armed until you quit.", 4},
	}
	switch {
	case p.purge:
		title = " Throw all jobs of a queue away? "
		lines = append(lines[:3], promptLine{"lost", m.lost(p.queue), 0})
	case p.load != nil:
		lines[3] = promptLine{"load", p.load.Profile.Words(), 0}
		if n, ends := p.load.Profile.Planned(); ends {
			lines[3].text += ": " + plural(n, "job")
		}
	case p.must == "":
		lines[3].text = m.batch() + "  (+ - to change)"
	}
	if how := triggers.Describe(p.queue).Loads; how != "" && !p.purge {
		lines = slices.Insert(lines, 4, promptLine{"they go in", how, 3})
	}
	if !p.purge && m.mayShare(p.queue) {
		who, known := m.view.others[p.queue]
		also := promptLine{"also gets", who.words(), 0}
		switch {
		case !known:
			also.text = "asking the broker ..."
		case also.text == "":
			also.text, also.drop = "nobody else", 4
		case p.again:
			title = " Others get it too. Go on? "
		}
		lines = slices.Insert(lines, 4, also)
	}
	return title, lines
}

// batch is how many jobs a push puts in.
func (m *Model) batch() string { return words.Count(load.BatchSizes[m.view.batch]) }

// drawPrompt is the question, over the middle of the screen: what would go
// where, and how to answer.
func (m *Model) drawPrompt(c screen.Canvas) {
	p, st := m.view.prompt, m.styles
	title, lines := m.promptLines()
	const around = 4 // the frame, a blank line and the answer
	for drop := 5; len(lines)+around > c.H && drop > 0; drop-- {
		lines = slices.DeleteFunc(lines, func(l promptLine) bool { return l.drop == drop })
	}
	in, framed := m.dialog(c, 76, len(lines)+around, 4, title)
	if !framed { // hardly a window: the question and nothing else
		what := m.batch()
		switch {
		case p.purge:
			what = "empty"
		case p.load != nil:
			what = p.load.Profile.Words()
		}
		in.Fit(0, 0, in.W, st.Accent, fmt.Sprintf("%s > %s?", what, p.queue.Shown()))
		m.drawAnswer(in.Sub(0, 1, in.W, 1))
		return
	}
	for i, l := range lines {
		if l.label == "" {
			in.Fit(2, i, in.W-3, st.Muted, l.text)
			continue
		}
		x := 2
		if in.W >= 30 {
			in.Text(2, i, st.Muted, l.label)
			x = 13
		}
		in.Fit(x, i, in.W-x-1, st.Text, in.Brief(in.W-x-1, l.text))
	}
	m.drawAnswer(in.Sub(2, in.H-1, in.W-3, 1))
}

// drawAnswer is how to say yes or no.
func (m *Model) drawAnswer(c screen.Canvas) {
	p, st := m.view.prompt, m.styles
	if p.must == "" {
		x := c.Text(0, 0, st.Key, "y")
		x = c.Text(x, 0, st.Text, " "+p.does()+"   ")
		x = c.Text(x, 0, st.Key, "n")
		c.Text(x, 0, st.Text, " leave it")
		return
	}
	ask, look := "Type the namespace to go on: ", st.Text
	if p.wrong {
		ask, look = "Not the namespace. Again: ", st.Warn
	}
	if c.W < 50 {
		ask = "namespace: "
	}
	x := c.Text(0, 0, look, ask)
	x = m.drawField(c, x, 0, c.W-x, &p.input)
	if hint := "enter " + p.does() + "  esc leave it"; x+2+len(hint) <= c.W {
		c.Right(c.W, 0, st.Muted, hint)
	}
}

// does is what yes does, in a word.
func (p *prompt) does() string {
	switch {
	case p.purge:
		return "empty it"
	case p.load != nil:
		return "begin"
	}
	return "push"
}

func plural(n int64, noun string) string {
	s := words.Count(n) + " " + noun
	if n != 1 {
		s += "s"
	}
	return s
}

// where is a queue and where it is.
func where(q kscope.Backlog, reached kscope.Connection) string {
	about := triggers.Describe(q)
	text := fmt.Sprintf("%s on %s", q.Shown(), cmp.Or(reached.Address, about.Address, unknownAddress))
	for _, place := range about.Place {
		text += fmt.Sprintf(", %s %s", place[0], place[1])
	}
	return text
}

// lost says how many jobs are in a queue, for whoever is about to lose them.
func (m *Model) lost(q kscope.Backlog) string {
	if d, ok := m.store.Depth(q); ok && d.Err == "" {
		if triggers.Describe(q).Part {
			return fmt.Sprintf("all entries of the stream, %s of them counted here", words.Count(d.N))
		}
		return words.Plural(d.N, "job") + ", and what comes until you answer"
	}
	return "all, and how many is not known"
}
