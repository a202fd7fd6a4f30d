package tui

import (
	"charm.land/bubbles/v2/key"
)

// keyMap is every key of the screen. It drives Update, the line at the bottom
// and the help alike.
type keyMap struct {
	Help, Quit, Back, Open                     key.Binding
	Up, Down, Left, Right, First, Last         key.Binding
	NextPane, Chart, Pods, Timeline, Why       key.Binding
	Filter, Freeze, Older, Newer               key.Binding
	ZoomIn, ZoomOut, Full, ChartMode, PodTable key.Binding
	Inject, Bigger, Smaller, Problem           key.Binding
	HideKeys, Repaint, Suspend                 key.Binding
}

var keys = keyMap{
	Help:      bind("help", "?"),
	Quit:      bind("quit", "q", "ctrl+c"),
	Back:      bind("back", "esc"),
	Open:      bind("open", "enter"),
	Up:        bind("up", "up", "k"),
	Down:      bind("down", "down", "j"),
	Left:      bind("earlier, when frozen", "left", "h"),
	Right:     bind("later, when frozen", "right", "l"),
	First:     bind("first", "g", "home"),
	Last:      bind("last", "G", "end"),
	NextPane:  bind("next pane", "tab"),
	Chart:     bind("chart", "1"),
	Pods:      bind("pods", "2"),
	Timeline:  bind("timeline", "3"),
	Why:       bind("why and next", "4"),
	Filter:    bind("filter", "/"),
	Freeze:    bind("freeze", "space"),
	Older:     bind("one sample back", "["),
	Newer:     bind("one sample on", "]"),
	ZoomIn:    bind("zoom in", "<"),
	ZoomOut:   bind("zoom out", ">"),
	Full:      bind("full chart", "f"),
	ChartMode: bind("chart mode", "c"),
	PodTable:  bind("pods as a table", "t"),
	Inject:    bind("inject jobs", "i"),
	Bigger:    bind("bigger batch", "+", "="),
	Smaller:   bind("smaller batch", "-"),
	Problem:   bind("first problem", "!"),
	HideKeys:  bind("hide keys", "H"),
	Repaint:   bind("repaint", "ctrl+l"),
	Suspend:   bind("suspend", "ctrl+z"),
}

func bind(what string, ks ...string) key.Binding {
	name := ks[0]
	if len(ks) > 1 && len(ks[1]) == 1 && ks[1] != "=" {
		name += " " + ks[1]
	}
	return key.NewBinding(key.WithKeys(ks...), key.WithHelp(name, what))
}

// group is a heading of the help with its keys.
type group struct {
	title string
	keys  []key.Binding
}

// groups lists every binding once, for the help.
func (k keyMap) groups(inject bool) []group {
	gs := []group{
		{"Look", []key.Binding{k.NextPane, k.Chart, k.Pods, k.Timeline, k.Why, k.Full, k.ChartMode, k.PodTable, k.ZoomIn, k.ZoomOut}},
		{"Time", []key.Binding{k.Freeze, k.Older, k.Newer, k.Left, k.Right}},
		{"Move", []key.Binding{k.Up, k.Down, k.First, k.Last, k.Open, k.Back, k.Filter, k.Problem}},
		{"Load", []key.Binding{k.Inject, k.Bigger, k.Smaller}},
		{"Screen", []key.Binding{k.Help, k.HideKeys, k.Repaint, k.Suspend, k.Quit}},
	}
	if !inject {
		gs = append(gs[:3], gs[4:]...)
	}
	return gs
}
