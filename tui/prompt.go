package tui

import (
	"fmt"

	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/words"
)

// promptLine is one fact of the question. Where the screen is low, lines go,
// those with the highest drop first.
type promptLine struct {
	label, text string
	drop        int
}

// drawPrompt is the question, over the middle of the screen: what would go
// where, and how to answer.
func (m *Model) drawPrompt(c canvas) {
	p, st := m.view.prompt, m.styles
	jobs := load.BatchSizes[m.view.batch]
	reached, _ := m.store.Connection(p.queue)
	lines := []promptLine{
		{"context", m.o.Context, 1},
		{"namespace", p.target.Namespace, 2},
		{"queue", fmt.Sprintf("%s on %s, database %d", p.queue.Key, orElse(reached.Address, orUnknown(p.queue.Address)), p.queue.DB), 0},
		{"jobs", words.Count(float64(jobs)) + "  (" + st.glyph.up + " " + st.glyph.down + " to change)", 0},
		{"each like", m.exampleOf(p.payload), 3},
		{"", "", 5},
		{"", "Workers must understand them. The queue stays armed until you quit.", 4},
	}
	title := " Put load on a real queue? "
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
		lines[3].text = words.Count(float64(jobs)) + "  (+ - to change)"
	}
	h := len(lines) + 4
	for drop := 5; h > c.h && drop > 0; drop-- {
		kept := lines[:0]
		for _, l := range lines {
			if l.drop != drop {
				kept = append(kept, l)
			}
		}
		lines = kept
		h = len(lines) + 4
	}
	h = min(h, c.h)
	w := min(76, c.w)
	box := c.sub((c.w-w)/2, (c.h-h)/2, w, h)
	box.fill(0, 0, box.w, box.h, style{}, ' ')
	if box.h < 4 { // hardly a window: the question and nothing else
		what := words.Count(float64(jobs))
		switch {
		case p.purge:
			what = "empty"
		case p.load != nil:
			what = p.load.Profile.Words()
		}
		box.fit(0, 0, box.w, st.accent, fmt.Sprintf("%s > %s?", what, p.queue.Key))
		m.drawAnswer(box.sub(0, 1, box.w, 1))
		return
	}
	in := box.box(st.accent, title, st.accent)
	for i, l := range lines {
		if l.label == "" {
			in.fit(2, i, in.w-3, st.muted, l.text)
			continue
		}
		x := 2
		if in.w >= 30 {
			in.text(2, i, st.muted, l.label)
			x = 13
		}
		in.fit(x, i, in.w-x-1, st.text, l.text)
	}
	m.drawAnswer(in.sub(2, in.h-1, in.w-3, 1))
}

// drawAnswer is how to say yes or no.
func (m *Model) drawAnswer(c canvas) {
	p, st := m.view.prompt, m.styles
	if p.must == "" {
		x := c.text(0, 0, st.key, "y")
		x = c.text(x, 0, st.text, " "+p.does()+"   ")
		x = c.text(x, 0, st.key, "n")
		c.text(x, 0, st.text, " leave it")
		return
	}
	ask, look := "Type the namespace to go on: ", st.text
	if p.wrong {
		ask, look = "Not the namespace. Again: ", st.warn
	}
	if c.w < 50 {
		ask = "namespace: "
	}
	x := c.text(0, 0, look, ask)
	x = c.text(x, 0, st.strong, p.input)
	x = c.text(x, 0, st.accent, "_")
	if hint := "enter " + p.does() + "  esc leave it"; x+2+len(hint) <= c.w {
		c.right(c.w, 0, st.muted, hint)
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

func orUnknown(s string) string {
	if s == "" {
		return "an address that is not known here"
	}
	return s
}

func plural(n int64, noun string) string {
	s := words.Count(float64(n)) + " " + noun
	if n != 1 {
		s += "s"
	}
	return s
}
