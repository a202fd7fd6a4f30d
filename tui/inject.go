package tui

import (
	"fmt"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
)

// prompt asks before the first job goes into a queue that nobody has armed.
type prompt struct {
	queue  kscope.Queue
	target kscope.Ref
	jobs   int64
	// type out: the namespace, where a slip would reach somebody else's
	// cluster; empty where y is enough.
	must  string
	input string
}

// canInject reports whether load keys exist at all.
func (m *Model) canInject() bool { return m.o.Inject != nil && !m.o.ReadOnly }

// queueOf is the queue that load goes into: the first that a trigger of the
// ScaledObject names.
func queueOf(so kscope.ScaledObject) (kscope.Queue, bool) {
	for _, t := range so.Triggers {
		if t.Queue != nil {
			return *t.Queue, true
		}
	}
	return kscope.Queue{}, false
}

// inject pushes a batch if the queue is armed, and asks if it is not.
func (m *Model) inject() tea.Cmd {
	v := &m.view
	if !m.canInject() {
		v.notice = "Injection is off: --read-only."
		return nil
	}
	c, ok := m.store.Chain(v.ref)
	if !ok {
		return nil
	}
	q, ok := queueOf(c.ScaledObject)
	if !ok {
		v.notice = "No trigger of this ScaledObject names a Redis list that jobs could go into."
		return nil
	}
	jobs := kscope.BatchSizes[v.batch]
	if c.ScaledObject.InjectAllowed || v.armed[q] {
		return m.push(q, v.ref, jobs)
	}
	p := &prompt{queue: q, target: v.ref, jobs: jobs}
	if !m.o.LocalCluster {
		p.must = v.ref.Namespace
	}
	v.prompt = p
	return nil
}

func (m *Model) push(q kscope.Queue, target kscope.Ref, jobs int64) tea.Cmd {
	inject := m.o.Inject
	m.view.notice = fmt.Sprintf("Pushing %s to %s ...", plural(jobs, "job"), q.Key)
	return func() tea.Msg {
		inject(kscope.Injection{Queue: q, Target: target, Jobs: jobs})
		return nil
	}
}

func (m *Model) promptKey(msg tea.KeyPressMsg) tea.Cmd {
	v := &m.view
	p := v.prompt
	switch s := msg.String(); {
	case s == "esc" || p.must == "" && (s == "n" || s == "q"):
		v.prompt, v.notice = nil, "Nothing was pushed."
	case s == "backspace":
		if r := []rune(p.input); len(r) > 0 {
			p.input = string(r[:len(r)-1])
		}
	case p.must == "" && s == "y", p.must != "" && s == "enter" && p.input == p.must:
		v.prompt = nil
		v.armed[p.queue] = true
		return m.push(p.queue, p.target, p.jobs)
	case s == "enter" && p.must != "":
		v.notice = "That is not the namespace."
	case p.must != "":
		p.input += typedText(msg.Text)
	}
	return nil
}

// typed takes pasted text where text is being typed, and ignores it elsewhere.
func (m *Model) typed(s string) {
	v := &m.view
	switch {
	case v.prompt != nil && v.prompt.must != "":
		v.prompt.input += typedText(s)
	case v.typing:
		v.filter += typedText(s)
		v.follow(m.store, m.o)
	}
}

// typedText keeps what may appear on one line of the screen, at most 80 of it.
func typedText(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "")
	}
	return s
}

// drawPrompt is the question, over the middle of the screen.
func (m *Model) drawPrompt(c canvas) {
	p, st := m.view.prompt, m.styles
	lines := []struct{ label, text string }{
		{"context", m.o.Context},
		{"namespace", p.target.Namespace},
		{"queue", fmt.Sprintf("%s on %s, database %d", p.queue.Key, orUnknown(p.queue.Address), p.queue.DB)},
		{"jobs", fmt.Sprintf("%s, each like %s", kscope.FormatCount(float64(p.jobs)), m.o.InjectPayload)},
	}
	w := min(76, c.w-2)
	in := c.sub((c.w-w)/2, max((c.h-11)/2, 0), w, min(11, c.h)).box(st.accent, " Put load on a real queue? ", st.accent)
	y := 1
	for _, l := range lines {
		in.text(1, y, st.muted, l.label)
		in.fit(12, y, in.w-13, st.text, l.text)
		y++
	}
	in.fit(1, y+1, in.w-2, st.muted, "Workers must understand such a payload. The queue stays armed until you quit.")
	if p.must == "" {
		x := in.text(1, y+3, st.key, "y")
		x = in.text(x, y+3, st.text, " push   ")
		x = in.text(x, y+3, st.key, "n")
		in.text(x, y+3, st.text, " leave it")
		return
	}
	x := in.text(1, y+3, st.text, "Type the namespace to go on: ")
	x = in.text(x, y+3, st.strong, p.input)
	in.text(x, y+3, st.accent, "_")
	in.right(in.w-1, y+3, st.muted, "enter push  esc leave it")
}

func orUnknown(s string) string {
	if s == "" {
		return "an address that is not known here"
	}
	return s
}

func plural(n int64, noun string) string {
	s := kscope.FormatCount(float64(n)) + " " + noun
	if n != 1 {
		s += "s"
	}
	return s
}
