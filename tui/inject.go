package tui

import (
	"fmt"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
)

// prompt asks before the first job goes into a queue that nobody has armed.
type prompt struct {
	queue  kscope.Queue
	target kscope.Ref
	// type out: the namespace, where a slip would reach somebody else's
	// cluster; empty where y is enough.
	must  string
	input string
	wrong bool // what was typed is not it

	payload *load.Payload // nil for the default
	load    *load.Load    // what to begin; nil for a batch
	purge   bool          // empty the queue, instead of putting something in
}

// canInject reports whether load keys exist at all.
func (m *Model) canInject() bool { return m.o.Inject != nil && !m.o.ReadOnly }

// bigger changes the size of a batch by steps.
func (v *view) bigger(steps int) {
	v.batch = min(max(v.batch+steps, 0), len(load.BatchSizes)-1)
}

// queueOf is the queue that load goes into, which is the one that is charted.
func queueOf(c *store.Chain) (kscope.Queue, bool) {
	r, ok := c.Queued()
	if !ok {
		return kscope.Queue{}, false
	}
	return *r.Trigger.Queue, true
}

// inject pushes a batch if the queue is armed, and asks if it is not.
func (m *Model) inject() tea.Cmd {
	v := &m.view
	if !m.canInject() {
		v.notice = "Load keys are off: this is read-only."
		return nil
	}
	c, ok := m.store.Chain(v.ref)
	if !ok {
		return nil
	}
	q, ok := queueOf(&c)
	if !ok {
		v.notice = "No trigger of this ScaledObject names a Redis queue that jobs could go into."
		return nil
	}
	payload, err := m.payloadOf(&c.ScaledObject)
	if err != nil {
		v.notice = "Nothing was pushed: " + kscope.Clean(err.Error())
		return nil
	}
	if m.armed(&c.ScaledObject, q) {
		return m.push(q, v.ref, payload)
	}
	m.ask(prompt{queue: q, target: v.ref, payload: payload})
	return nil
}

// armed reports whether jobs may go into a queue without asking.
func (m *Model) armed(so *kscope.ScaledObject, q kscope.Queue) bool {
	return m.o.Armed || so.InjectAllowed || m.view.armed[q]
}

// ask opens a question.
func (m *Model) ask(p prompt) {
	if !m.o.LocalCluster {
		p.must = p.target.Namespace
	}
	m.view.prompt = &p
}

func (m *Model) push(q kscope.Queue, target kscope.Ref, payload *load.Payload) tea.Cmd {
	inject, jobs, side := m.o.Inject, load.BatchSizes[m.view.batch], m.o.Load.Side
	m.view.notice = fmt.Sprintf("Pushing %s to %s ...", plural(jobs, "job"), q.Key)
	return func() tea.Msg {
		inject(load.Injection{Queue: q, Target: target, Jobs: jobs, Payload: payload, Side: side})
		return nil
	}
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
	case !typing && (s == "y" || s == "Y"), typing && s == "enter" && p.input == p.must:
		v.prompt = nil
		if p.purge {
			return m.purge(p.queue, p.target)
		}
		v.armed[p.queue] = true
		if p.load != nil {
			return m.start(*p.load)
		}
		return m.push(p.queue, p.target, p.payload)
	case (p.load != nil || p.purge) && (s == "+" || s == "up" || s == "down" || !typing && (s == "=" || s == "-")): // its size was chosen before
	case s == "+", s == "up", !typing && s == "=":
		v.bigger(+1)
	case s == "down", !typing && s == "-":
		v.bigger(-1)
	case !typing:
	case s == "enter":
		p.wrong = true
	case s == "backspace":
		p.input = shortened(p.input)
	case s == "ctrl+u":
		p.input = ""
	default:
		p.input = lastly(p.input + typedText(msg.Text))
	}
	return nil
}

// typed takes pasted text where text is being typed, and ignores it elsewhere.
func (m *Model) typed(s string) {
	v := &m.view
	s = strings.TrimSpace(typedText(s))
	switch {
	case v.prompt != nil && v.prompt.must != "":
		v.prompt.input = lastly(v.prompt.input + s)
	case v.palette != nil:
		v.palette.narrow(v.palette.input + s)
	case v.prompt == nil && v.typing:
		m.setFilter(v.filter + s)
	}
}

// typedText keeps what may appear on one line of the screen.
func typedText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && printable(r) == r {
			return r
		}
		return -1
	}, s)
}

// lastly bounds what is typed, to as many characters as a name can have.
func lastly(s string) string {
	const limit = 80
	if r := []rune(s); len(r) > limit {
		return string(r[:limit])
	}
	return s
}

// shortened takes the last character away.
func shortened(s string) string {
	r := []rune(s)
	return string(r[:max(len(r)-1, 0)])
}
