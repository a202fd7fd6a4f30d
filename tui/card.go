package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// cardLine is one fact about a queue and how it is reached.
type cardLine struct {
	label, text string
	look        screen.Style
}

// cardLabels is the width of the labels.
const cardLabels = 12

// cards is the connection card of every queue that the triggers of what is open
// name, with a blank line between two.
func (m *Model) cards(p picture) []cardLine {
	var out []cardLine
	seen := map[kscope.Backlog]bool{}
	for i := range p.Readings {
		r := &p.Readings[i]
		if r.Trigger.Backlog == nil || seen[*r.Trigger.Backlog] {
			continue
		}
		seen[*r.Trigger.Backlog] = true
		if out != nil {
			out = append(out, cardLine{})
		}
		out = append(out, m.card(namedBy(r), *r.Trigger.Backlog)...)
	}
	return out
}

// card is what is known of a queue and of the connection to its server. It
// says where credentials come from; what they are is not known here.
func (m *Model) card(by cardLine, q kscope.Backlog) []cardLine {
	st := m.styles
	c, known := m.seen.Connection(q)
	d, measured := m.seen.Depth(q)
	about := triggers.Describe(q)
	if q.Broker == triggers.PodsBroker {
		return []cardLine{{"pods", q.Shown(), st.Strong}, {by.label, by.text, st.Text}, {"counted", "by kscope, among the pods that it watches: KEDA counts the same way, and nobody is asked", st.Text}}
	}
	if about.Played {
		lines := []cardLine{{"queue", q.Shown() + holds(about, d, measured), st.Strong}, {by.label, by.text, st.Text},
			{"reached", "the sandbox plays it, by a list of its own Redis: " + listOf(q), st.OK}}
		for _, more := range []cardLine{{"of these", partsOf(d), st.Text}, {"also", d.Note, st.Text}, {"KEDA counts", countedBy(d), st.Text}, {"this queue", d.Err, st.Bad}} {
			if more.text != "" {
				lines = append(lines, more)
			}
		}
		return lines
	}
	lines := []cardLine{
		{"queue", q.Shown() + holds(about, d, measured), st.Strong},
		{by.label, by.text, st.Text},
		{"address", cmp.Or(c.Address, about.Address, unknownAddress), st.Text},
	}
	add := func(label, text string, look screen.Style) {
		if text != "" {
			lines = append(lines, cardLine{label, text, look})
		}
	}
	if !known {
		add("reached", "not tried yet", st.Muted)
		return lines
	}
	switch {
	case c.Reached == "":
		add("reached", "never so far", st.Warn)
	case c.Failing:
		add("reached", c.Reached+", until it failed", st.Warn)
	default:
		add("reached", c.Reached, st.OK)
		add("round trip", roundTrip(c.RTT), st.Text)
	}
	add("of these", partsOf(d), st.Text)
	add("also", d.Note, st.Text)
	add("KEDA counts", countedBy(d), st.Text)
	if c.Paced > 0 {
		add("asked", fmt.Sprintf("every %s, no more often than KEDA: each look is a query that somebody pays for", words.Age(c.Paced)), st.Text)
	}
	for _, place := range about.Place {
		add(place[0], place[1], st.Text)
	}
	add("TLS", cmp.Or(c.TLS, "none"), st.Text)
	add("user", cmp.Or(c.User, "the default one"), st.Text)
	add("credentials", cmp.Or(c.Credentials, "none"), st.Text)
	add("server", serverWords(c), st.Text)
	switch {
	case c.Failing:
		add("error", fmt.Sprintf("%s, for %s", c.Err, words.Age(m.seen.Now().Sub(c.ErrAt))), st.Bad)
		if c.Retry > 0 {
			add("tried again", "after "+words.Age(c.Retry), st.Text)
		}
		add("try", c.Hint, st.Text)
	case c.Err != "":
		add("last error", fmt.Sprintf("%s, %s ago", c.Err, words.Age(m.seen.Now().Sub(c.ErrAt))), st.Muted)
	default:
		add("last error", "none", st.Muted)
	}
	if d.Err != "" && d.Err != c.Err {
		add("this key", d.Err, st.Bad)
	}
	return lines
}

// holds says what type a key has.
func holds(about triggers.Description, d kscope.Depth, measured bool) string {
	switch {
	case !measured || d.Err != "":
		return ""
	case about.Played && (d.Type == "list" || d.Type == "none"): // the list is told of where it is said how it is reached
		return ""
	case d.Type == "none" || d.Type == "" && about.Holds == "key":
		return ", no such " + about.Holds + " now"
	case d.Type == "":
		return ""
	case d.Type == "zset":
		return ", a sorted set"
	case about.Group != "":
		return fmt.Sprintf(", a %s, group %s", d.Type, about.Group)
	}
	return ", a " + d.Type
}

// listOf is the key of a list that stands in for a queue.
func listOf(q kscope.Backlog) string { return kscope.Visible(triggers.RedisOf(q).Key) }

// partsOf is what a backlog is made of, as its broker tells.
func partsOf(d kscope.Depth) string {
	if d.Err != "" {
		return ""
	}
	var out []string
	for _, p := range d.Parts {
		if p.Name != "" {
			out = append(out, words.Count(p.N)+" "+p.Name)
		}
	}
	return strings.Join(out, ", ")
}

// countedBy is what KEDA makes of a backlog, where that is another number.
func countedBy(d kscope.Depth) string {
	if d.Err != "" || !d.Scaled.Is {
		return ""
	}
	out := words.Count(d.Scaled.N)
	if d.Scaled.How != "" {
		out += ": " + d.Scaled.How
	}
	return out
}

// namedBy is which trigger names a queue, and what it counts of it, or that pods serve it.
func namedBy(r *store.Reading) cardLine {
	counts := triggers.Describe(*r.Trigger.Backlog).Counts
	switch {
	case r.Direct:
		return cardLine{label: "served", text: "by the pods, of which the HPA goes by what they use"}
	case counts == "":
		text := r.Trigger.Type
		if unit := triggers.Unit(r.Trigger); unit != "" {
			text += ": " + unit
		}
		return cardLine{label: "trigger", text: text}
	}
	return cardLine{label: "trigger", text: r.Trigger.Type + ": " + counts}
}

func roundTrip(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return fmt.Sprintf("%.1f ms when the connection was new", d.Seconds()*1000)
}

func serverWords(c kscope.Connection) string {
	if c.Version != "" && c.Role != "" {
		return c.Version + ", " + c.Role
	}
	return c.Version + c.Role
}

// cardRows folds lines to a width, a label at the first row of each.
func cardRows(lines []cardLine, w int) (rows []cardLine) {
	w = max(w-cardLabel(w), 8)
	for _, l := range lines {
		folded := screen.Wrap(l.text, w)
		if len(folded) == 0 {
			rows = append(rows, cardLine{})
		}
		for i, text := range folded {
			row := cardLine{"", text, l.look}
			if i == 0 {
				row.label = l.label
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// cardLabel is the room for labels on a width.
func cardLabel(w int) int { return min(cardLabels, w/3) }

// drawCard writes rows, as far as there is room.
func (m *Model) drawCard(c screen.Canvas, rows []cardLine) {
	x := cardLabel(c.W)
	for y, r := range rows[:min(len(rows), max(c.H, 0))] {
		c.Fit(0, y, x-1, m.styles.Muted, r.label)
		c.Fit(x, y, c.W-x, r.look, r.text)
	}
}

// cardWidth is that of the card on a screen.
func cardWidth(w int) int { return min(84, w) }

// connectionRows is the card of all queues, folded for a screen.
func (m *Model) connectionRows(p picture, w int) []cardLine {
	lines := m.cards(p)
	if lines == nil {
		lines = []cardLine{{"queue", noQueue, m.styles.Text}}
	}
	return cardRows(lines, max(cardWidth(w)-4, 1))
}

// leastCard is how many rows a screen has for a card with a frame. The frame, a
// blank line and that of the keys take cardAround of them.
const (
	leastCard  = 5
	cardAround = 4
)

// cardLimit is how far so many rows can scroll on a screen of a height.
func cardLimit(rows, h int) int {
	if rows+cardAround > h && h >= leastCard {
		h -= cardAround
	}
	return max(rows-h, 0)
}

// drawConnection is the card over the middle of the screen.
func (m *Model) drawConnection(c screen.Canvas) {
	rows := []cardLine{{"queue", m.nothing()[0], m.styles.Text}}
	if p, ok := m.picture(); ok {
		rows = m.connectionRows(p, c.W)
	}
	remark := "No password is shown here."
	if m.canAsk() {
		remark = "e asks KEDA now: it will query the source"
	}
	m.drawSheet(c, sheet{" How the queue is reached ", remark, cardWidth(c.W), len(rows), func(c screen.Canvas, top int) {
		m.drawCard(c, rows[top:])
	}}, m.view.cardTop)
}

// sheet is rows that lie over the middle of the screen, and scroll.
type sheet struct {
	title, remark string
	w, rows       int
	draw          func(c screen.Canvas, top int) // from a row on
}

func (m *Model) drawSheet(c screen.Canvas, s sheet, top int) {
	st := m.styles
	limit := cardLimit(s.rows, c.H)
	top = min(top, limit)
	in, framed := m.dialog(c, s.w, s.rows+cardAround, leastCard, s.title)
	if !framed {
		s.draw(in.Sub(2, 0, in.W-4, in.H), top)
		if top < limit {
			in.Right(in.W, in.H-1, st.Key, st.Glyph.Down)
		}
		return
	}
	s.draw(in.Sub(1, 0, in.W-2, in.H-2), top)
	if limit > 0 {
		in.HLine(1, in.H-2, in.W-2, st.Grid, '─')
	}
	m.drawHidden(in, in.H-2, top, limit-top)
	x := in.Text(1, in.H-1, st.Key, "esc")
	x = in.Text(x+1, in.H-1, st.Muted, "leave it") + 2
	if limit > 0 {
		x = in.Text(x, in.H-1, st.Key, "j k")
		x = in.Text(x+1, in.H-1, st.Muted, "scroll") + 2
	}
	in.Fit(x, in.H-1, in.W-1-x, st.Muted, s.remark)
}

// drawHidden says on a row how many lines there is no room for.
func (m *Model) drawHidden(c screen.Canvas, y, above, below int) {
	st, x := m.styles, 3
	for _, more := range []struct {
		n    int
		mark string
		word string
	}{{above, st.Glyph.Up, "above"}, {below, st.Glyph.Down, "below"}} {
		if more.n > 0 {
			x = c.Text(x, y, st.Key, fmt.Sprintf(" %s %s %s ", more.mark, plural(int64(more.n), "line"), more.word)) + 1
		}
	}
}

// noQueue is what there is to say of a ScaledObject without one.
const noQueue = "no trigger names a queue that could be read from here"

// drawCardSide is the card of the queue that is charted, in the side column.
func (m *Model) drawCardSide(c screen.Canvas, lines []cardLine) {
	x := c.Text(1, 0, m.styles.Muted, "Queue")
	c.HLine(x+1, 0, c.W-x-2, m.styles.Grid, '─')
	m.drawCard(c.Sub(1, 1, c.W-2, c.H-1), lines)
}

// cardSide is that card for a side column of a size: its lines and rows, none
// where it would crowd the timeline out.
func (m *Model) cardSide(p picture, w, h int) ([]cardLine, int) {
	q := p.queued.Trigger.Backlog
	if q == nil {
		return nil, 0
	}
	named := slices.IndexFunc(p.Readings, func(r store.Reading) bool { return r.Trigger.Backlog != nil && *r.Trigger.Backlog == *q })
	folded := cardRows(m.card(namedBy(&p.Readings[named]), *q), w-2)
	rows := len(folded) + 2
	if rows > h/2 {
		return nil, 0
	}
	return folded, rows
}

// canAsk reports whether KEDA can be asked for a value of what is open that nobody else has.
func (m *Model) canAsk() bool {
	c, ok := m.seen.Chain(m.view.id)
	return ok && m.o.Ask != nil && !m.o.ReadOnly && !m.view.past() && m.view.id.Kind == kscope.ScaledObjects && c.Formula == nil &&
		slices.ContainsFunc(c.Readings, func(r store.Reading) bool {
			return triggers.AskedByKEDA(r.Trigger) && (!r.Known || r.From == store.FromHPA || r.From == store.FromExternal)
		})
}

// cardKey moves in the card, asks KEDA, or leaves it.
func (m *Model) cardKey(msg tea.KeyPressMsg) {
	v, limit := &m.view, 0
	if key.Matches(msg, keys.Edit) && m.canAsk() {
		v.notice = "KEDA is asked, and queries the source for it."
		if why := m.o.Ask(v.id); why != "" {
			v.notice = why
		}
		return
	}
	if p, ok := m.picture(); ok {
		limit = cardLimit(len(m.connectionRows(p, v.w)), v.h)
	}
	v.card = !sheetKey(msg, &v.cardTop, limit, keys.Connection)
}

// sheetKey moves in a sheet that scrolls so far, or reports that it is left: the key
// that opens it closes it.
func sheetKey(msg tea.KeyPressMsg, top *int, limit int, opens key.Binding) (left bool) {
	*top = min(max(min(*top, limit)+step(msg, 5), 0), limit)
	return key.Matches(msg, keys.Back, keys.Open, keys.Quit, opens)
}
