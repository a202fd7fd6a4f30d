package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
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

// groups is every binding, for the help. Without injection its keys are gone.
func (k keyMap) groups(inject bool) []group {
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
	if !inject {
		gs = append(gs[:2], gs[3:]...)
	}
	return gs
}
