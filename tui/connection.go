package tui

import (
	"fmt"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/words"
)

// cardLine is one fact about a queue and how it is reached.
type cardLine struct {
	label, text string
	look        style
}

// cardLabels is the width of the labels.
const cardLabels = 12

// cards is the connection card of every queue that the ScaledObject's triggers
// name, with a blank line between two.
func (m *Model) cards(p picture) []cardLine {
	var out []cardLine
	seen := map[kscope.Queue]bool{}
	for _, t := range p.ScaledObject.Triggers {
		if t.Queue == nil || seen[*t.Queue] {
			continue
		}
		seen[*t.Queue] = true
		if out != nil {
			out = append(out, cardLine{})
		}
		out = append(out, m.card(t.Type, *t.Queue)...)
	}
	return out
}

// card is what is known of a queue and of the connection to its server. It
// says where credentials come from; what they are is not known here.
func (m *Model) card(typ string, q kscope.Queue) []cardLine {
	st := m.styles
	c, known := m.store.Connection(q)
	d, measured := m.store.Depth(q)
	lines := []cardLine{
		{"queue", q.Key + m.holds(q, d, measured), st.strong},
		{"trigger", triggerWords(typ, q), st.text},
		{"address", orElse(c.Address, orUnknown(q.Address)), st.text},
	}
	add := func(label, text string, look style) {
		if text != "" {
			lines = append(lines, cardLine{label, text, look})
		}
	}
	if !known {
		add("reached", "not tried yet", st.muted)
		return lines
	}
	switch {
	case c.Reached == "":
		add("reached", "never so far", st.warn)
	case c.Failing:
		add("reached", c.Reached+", until it failed", st.warn)
	default:
		add("reached", c.Reached, st.ok)
		add("round trip", roundTrip(c.RTT), st.text)
	}
	if q.Topology != kscope.Cluster { // which has no other
		add("database", fmt.Sprint(q.DB), st.text)
	}
	add("TLS", orElse(c.TLS, "none"), st.text)
	add("user", orElse(c.User, "the default one"), st.text)
	add("credentials", orElse(c.Credentials, "none"), st.text)
	add("server", serverWords(c), st.text)
	switch {
	case c.Failing:
		add("error", fmt.Sprintf("%s, for %s", c.Err, words.Age(m.store.Now().Sub(c.ErrAt))), st.bad)
		if c.Retry > 0 {
			add("tried again", "after "+words.Age(c.Retry), st.text)
		}
		add("try", c.Hint, st.text)
	case c.Err != "":
		add("last error", fmt.Sprintf("%s, %s ago", c.Err, words.Age(m.store.Now().Sub(c.ErrAt))), st.muted)
	default:
		add("last error", "none", st.muted)
	}
	if d.Err != "" && d.Err != c.Err {
		add("this key", d.Err, st.bad)
	}
	return lines
}

// holds says what type a key has.
func (m *Model) holds(q kscope.Queue, d kscope.Depth, measured bool) string {
	switch {
	case !measured || d.Err != "":
		return ""
	case d.Type == "none" || d.Type == "":
		return ", no such key now"
	case d.Type == "zset":
		return ", a sorted set"
	case q.Measure == kscope.StreamPending, q.Measure == kscope.StreamLag:
		return fmt.Sprintf(", a stream, group %s", q.Group)
	}
	return ", a " + d.Type
}

// triggerWords is the trigger's type and what it counts.
func triggerWords(typ string, q kscope.Queue) string {
	switch q.Measure {
	case kscope.StreamLag:
		return typ + ": entries not yet delivered to the group"
	case kscope.StreamPending:
		return typ + ": entries taken and not acknowledged"
	case kscope.StreamLength:
		return typ + ": entries of the stream"
	}
	return typ + ": length of the key"
}

func roundTrip(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return fmt.Sprintf("%.1f ms when the connection was new", d.Seconds()*1000)
}

func serverWords(c kscope.Connection) string {
	name := c.Version
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		name = "Redis " + name
	}
	if name == "" {
		return c.Role
	}
	if c.Role != "" {
		name += ", " + c.Role
	}
	return name
}

// drawCard writes lines, folding what is too long, as far as there is room.
func (m *Model) drawCard(c canvas, lines []cardLine) {
	y := 0
	for _, l := range lines {
		if l.label == "" {
			y++
			continue
		}
		x := min(cardLabels, c.w/3)
		for i, text := range wrap(l.text, max(c.w-x, 8)) {
			if y >= c.h {
				return
			}
			if i == 0 {
				c.fit(0, y, x-1, m.styles.muted, l.label)
			}
			c.fit(x, y, c.w-x, l.look, text)
			y++
		}
	}
}

// cardHeight is the rows that lines take on a width.
func cardHeight(lines []cardLine, w int) int {
	n, x := 0, min(cardLabels, w/3)
	for _, l := range lines {
		n += max(len(wrap(l.text, max(w-x, 8))), 1)
	}
	return n
}

// drawConnection is the card over the middle of the screen.
func (m *Model) drawConnection(c canvas) {
	st := m.styles
	p, ok := m.picture()
	if !ok {
		return
	}
	lines := m.cards(p)
	if lines == nil {
		lines = []cardLine{{"queue", noQueue, st.text}}
	}
	w := min(84, c.w)
	h := min(cardHeight(lines, w-4)+4, c.h)
	box := c.sub((c.w-w)/2, (c.h-h)/2, w, h)
	box.fill(0, 0, box.w, box.h, style{}, ' ')
	if box.h < 5 {
		m.drawCard(box, lines)
		return
	}
	in := box.box(st.accent, " How the queue is reached ", st.accent)
	m.drawCard(in.sub(1, 0, in.w-2, in.h-2), lines[min(m.view.cardTop, len(lines)-1):])
	in.text(1, in.h-1, st.key, "esc")
	in.fit(5, in.h-1, in.w-6, st.muted, "leave it.  No password is shown here.")
}

// noQueue is what there is to say of a ScaledObject without one.
const noQueue = "no trigger names a Redis queue that could be read from here"

// drawCardSide is the first card in the side column.
func (m *Model) drawCardSide(c canvas, lines []cardLine) {
	x := c.text(1, 0, m.styles.muted, "Queue")
	c.hline(x+1, 0, c.w-x-2, m.styles.grid, '─')
	m.drawCard(c.sub(1, 1, c.w-2, c.h-1), lines)
}

// cardSide is the card for a side column of a size: its lines and rows, none
// where it would crowd the timeline out.
func (m *Model) cardSide(p picture, w, h int) ([]cardLine, int) {
	lines := m.cards(p)
	for i, l := range lines { // the first card only; C shows all
		if l.label == "" {
			lines = lines[:i]
			break
		}
	}
	rows := cardHeight(lines, w-2) + 2
	if lines == nil || rows > h/2 {
		return nil, 0
	}
	return lines, rows
}

// cardKey moves in the card, or leaves it.
func (m *Model) cardKey(msg tea.KeyPressMsg) {
	v := &m.view
	if key.Matches(msg, keys.Back, keys.Open, keys.Connection, keys.Quit) {
		v.card = false
		return
	}
	if p, ok := m.picture(); ok {
		v.cardTop = min(max(v.cardTop+step(msg, 5), 0), max(len(m.cards(p))-1, 0))
	}
}
