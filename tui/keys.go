package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope/tui/screen"
)

// keyMap is every key of the screen. It drives Update, the line at the bottom
// and the help alike.
type keyMap struct {
	Help, Quit, Back, Open                     key.Binding
	Up, Down, PageUp, PageDown, First, Last    key.Binding
	Left, Right, Freeze, Older, Newer          key.Binding
	NextPane, Chart, Pods, Timeline, Why       key.Binding
	Ledger                                     key.Binding
	ZoomIn, ZoomOut, Full, ChartMode, PodTable key.Binding
	Connection, Queue, QueueBefore, Future     key.Binding
	Inject, Bigger, Smaller                    key.Binding
	Profiles, Edit, Stop                       key.Binding
	Filter, Order, Problem, Copy, Palette      key.Binding
	Notes                                      key.Binding
	HideKeys, Repaint, Suspend                 key.Binding
}

var keys = keyMap{
	Help:        bind("help", "?"),
	Quit:        bind("quit", "q", "ctrl+c"),
	Back:        bind("back", "esc"),
	Open:        bind("open", "enter"),
	Up:          bind("up", "↑", "up", "k"),
	Down:        bind("down", "↓", "down", "j"),
	PageUp:      bind("page up", "pgup", "pgup", "ctrl+b"),
	PageDown:    bind("page down", "pgdn", "pgdown", "ctrl+f"),
	First:       bind("first", "g", "g", "home"),
	Last:        bind("last", "G", "G", "end"),
	Left:        bind("earlier", "←", "left", "h"),
	Right:       bind("later", "→", "right", "l"),
	Freeze:      bind("freeze", "space"),
	Older:       bind("one sample back", "["),
	Newer:       bind("one sample on", "]"),
	NextPane:    bind("next pane", "tab"),
	Chart:       bind("chart", "1"),
	Pods:        bind("pods", "2"),
	Timeline:    bind("timeline", "3"),
	Why:         bind("why and next in full", "4"),
	Ledger:      bind("ledger of each episode", "5"),
	ZoomIn:      bind("zoom in", "<"),
	ZoomOut:     bind("zoom out", ">"),
	Full:        bind("full chart", "f"),
	ChartMode:   bind("chart mode", "c"),
	PodTable:    bind("pods as a table", "t"),
	Connection:  bind("how the queue is reached", "C"),
	Queue:       bind("next queue", "n"),
	QueueBefore: bind("queue before", "N"),
	Future:      bind("what is expected", "F"),
	Inject:      bind("inject jobs", "i"),
	Bigger:      bind("bigger batch", "+", "+", "="),
	Smaller:     bind("smaller batch", "-"),
	Profiles:    bind("load by profile", "I"),
	Edit:        bind("change the load", "e"),
	Stop:        bind("stop the load", "x"),
	Filter:      bind("filter", "/"),
	Order:       bind("order of the table", "o"),
	Problem:     bind("first problem", "!"),
	Copy:        bind("copy what to do", "y"),
	Palette:     bind("what to do", ":"),
	Notes:       bind("notes", "w"),
	HideKeys:    bind("hide keys", "H"),
	Repaint:     bind("repaint", "ctrl+l"),
	Suspend:     bind("suspend", "ctrl+z"),
}

// bind makes a binding that the help shows by name; ks are its keys where they
// are not just that.
func bind(what, name string, ks ...string) key.Binding {
	switch {
	case len(ks) == 0:
		ks = []string{name}
	case ks[0] == "ctrl+c": // a second way out, not worth a place
		ks = append(ks, name)
	}
	return key.NewBinding(key.WithKeys(ks...), key.WithHelp(name, what))
}

// helpLine is a line of the help: what one or several bindings are for.
type helpLine struct {
	what string
	keys []key.Binding
}

// names is how the line's keys are written: "[ ]".
func (l helpLine) names() string {
	var out []string
	for _, b := range l.keys {
		out = append(out, b.Help().Key)
	}
	return strings.Join(out, " ")
}

// group is a heading of the help with its lines.
type group struct {
	title string
	lines []helpLine
}

// groups is what the help has of the keys here.
func (m *Model) groups() []group { return keys.groups(m.canInject(), len(m.o.Notes) > 0) }

// groups is every binding, for the help. Without injection its keys are gone, and
// without notes theirs.
func (k keyMap) groups(inject, noted bool) []group {
	line := func(what string, ks ...key.Binding) helpLine { return helpLine{what, ks} }
	gs := []group{
		{"Look", []helpLine{
			line("next pane", k.NextPane), line("go to a pane", k.Chart, k.Pods, k.Timeline, k.Why, k.Ledger),
			line("the chart alone", k.Full), line("one chart or two", k.ChartMode), line("what is expected: on, off", k.Future),
			line("zoom in time", k.ZoomIn, k.ZoomOut), line("pods as a table", k.PodTable),
			line("the connection", k.Connection), line("chart the next queue", k.Queue, k.QueueBefore),
		}},
		{"Time", []helpLine{
			line("freeze, go on", k.Freeze), line("step in time", k.Older, k.Newer), line("the same", k.Left, k.Right),
		}},
		{"Load", []helpLine{line("inject a batch", k.Inject), line("batch size", k.Smaller, k.Bigger), line("load: begin, change, stop", k.Profiles, k.Edit, k.Stop)}},
		{"Move", []helpLine{
			line("up, down", k.Up, k.Down), line("a page", k.PageUp, k.PageDown), line("first, last", k.First, k.Last),
			line("open", k.Open), line("back", k.Back), line("filter the table", k.Filter), line("order of the table", k.Order), line("next problem", k.Problem), line("copy its command", k.Copy), line("what else to do", k.Palette),
		}},
		{"Screen", []helpLine{
			line("this help", k.Help), line("hide the keys", k.HideKeys), line("repaint", k.Repaint),
			line("suspend", k.Suspend), line("quit", k.Quit),
		}},
	}
	if noted {
		gs[4].lines = slices.Insert(gs[4].lines, 1, line("what is not played", k.Notes))
	}
	if !inject {
		gs = append(gs[:2], gs[3:]...)
	}
	return gs
}

// drawHelp is every key, over the screen: two columns of groups, or one where
// it is narrow, which then scrolls.
func (m *Model) drawHelp(c screen.Canvas) {
	st, v := m.styles, &m.view
	cols := helpColumns(m.groups(), c.W)
	c.Fill(0, 1, c.W, c.H-2, screen.Style{}, ' ') // half a screen around it would only confuse
	in, _ := m.dialog(c, 80, helpHeight(cols)+4, 3, " Keys ")
	body := in.H
	if notes := 2; body >= helpHeight(cols)+notes {
		in.Fit(2, in.H-1, in.W-3, st.Muted, m.legend())
		body -= notes
	} else if body < helpHeight(cols) {
		body--
		m.drawHidden(in, body, v.helpTop, helpHeight(cols)-body-v.helpTop)
	}
	half := in.W / len(cols)
	for i, col := range cols {
		part := in.Sub(i*half, 0, half, body)
		for y, l := range col[min(v.helpTop, len(col)):] {
			if l.title != "" {
				part.Text(2, y, st.Strong, l.title)
				continue
			}
			x := part.Fit(2, y, helpKeys-1, st.Key, l.names)
			part.Fit(max(2+helpKeys, x+1), y, part.W-3-helpKeys, st.Text, l.what)
		}
	}
}

// legend is what the marks mean.
func (m *Model) legend() string {
	noted := ""
	if len(m.o.Notes) > 0 {
		noted = "name" + noteMark + "  has a note   "
	}
	return "~ estimate   ? unknown   name?  guessed   " + noted + "esc closes"
}

// helpKeys is the width of the names of keys.
const helpKeys = 10

// helpRow is a row of the help: a title, a key with its use, or blank.
type helpRow struct{ title, names, what string }

// helpColumns lays the groups out for a width.
func helpColumns(gs []group, w int) [][]helpRow {
	cols := make([][]helpRow, 1, 2)
	for _, g := range gs {
		i := 0
		if w >= 60 && (g.title == "Move" || g.title == "Screen") {
			i = 1
			if len(cols) == 1 {
				cols = append(cols, nil)
			}
		}
		if len(cols[i]) > 0 {
			cols[i] = append(cols[i], helpRow{})
		}
		cols[i] = append(cols[i], helpRow{title: g.title})
		for _, l := range g.lines {
			cols[i] = append(cols[i], helpRow{names: l.names(), what: l.what})
		}
	}
	return cols
}

func helpHeight(cols [][]helpRow) int {
	h := 0
	for _, col := range cols {
		h = max(h, len(col))
	}
	return h
}

// helpLimit is how far the help can scroll on a screen.
func helpLimit(gs []group, w, h int) int {
	rows, room := helpHeight(helpColumns(gs, w)), h-2
	if rows <= room {
		return 0
	}
	return rows - max(room-1, 1) // a row says that there is more
}

func (m *Model) helpKey(msg tea.KeyPressMsg) {
	v := &m.view
	if key.Matches(msg, keys.Help, keys.Back, keys.Open) {
		v.help = false
		return
	}
	v.helpTop = min(max(v.helpTop+step(msg, 5), 0), helpLimit(m.groups(), v.w, v.h))
}
