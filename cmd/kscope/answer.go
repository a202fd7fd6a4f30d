package main

import (
	"bytes"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// answers sees to it that the keys for leaving work although the screen does
// not answer: because something stands still, or because a paste never ends.
// The keys are looked at before anything else sees them.
type answers struct {
	leaving *leaving
	send    func(tea.Msg)
	stops   *stops

	mu    sync.Mutex
	quit  *time.Timer // runs from q until the screen answers anything
	ctrlC *time.Timer // runs from ^C until the screen has it
}

// ctrlC is what terminals send for it: as ever, by kitty's protocol, by xterm's.
var ctrlC = [][]byte{{3}, []byte("\x1b[99;5u"), []byte("\x1b[27;5;99~")}

// isCtrlC reports whether some input is ^C and nothing else.
func isCtrlC(b []byte) bool {
	return slices.ContainsFunc(ctrlC, func(seq []byte) bool { return bytes.Equal(seq, b) })
}

// lastCtrlC is the ^C that some input ends with, nil for none.
func lastCtrlC(b []byte) []byte {
	for _, seq := range ctrlC {
		if bytes.HasSuffix(b, seq) {
			return seq
		}
	}
	return nil
}

// areYouThere is a message that the screen never gets to see.
type areYouThere struct{}

func (a *answers) typed(b []byte) {
	for _, seq := range ctrlC {
		if n := bytes.Count(b, seq); n > 0 {
			a.interrupt(n)
			return
		}
	}
	if len(b) == 1 && b[0] == 'q' {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.quit == nil {
			a.quit = time.AfterFunc(grace, a.leaving.now)
			go a.send(areYouThere{})
		}
	}
}

// interrupt is ^C, which a screen takes at once if it takes anything.
func (a *answers) interrupt(times int) {
	a.mu.Lock()
	again := a.ctrlC != nil || times > 1
	if a.ctrlC == nil {
		a.ctrlC = time.AfterFunc(grace, a.leaving.now)
	}
	a.mu.Unlock()
	if again {
		a.leaving.now()
	}
}

// filter sees what the screen is about to be told, on its goroutine.
func (a *answers) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	switch msg := msg.(type) {
	case areYouThere:
		a.there(&a.quit)
		return nil
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+c" {
			a.there(&a.ctrlC)
		}
	case tea.WindowSizeMsg:
		msg.Width, msg.Height = within(msg.Width, msg.Height)
		return msg
	case tea.QuitMsg:
		a.leaving.begin(0)
	case tea.SuspendMsg:
		if !a.stops.suspend() {
			return nil
		}
	}
	return msg
}

// mostCells is how large a window is drawn, in characters: twice as large as any
// that can be read. A terminal may say that it is 65,535 by 65,535, and each
// character takes some hundred bytes.
const mostCells = 1_000_000

// within is as much of a window as is drawn.
func within(w, h int) (int, int) {
	if w <= 0 || h <= 0 || w <= mostCells/h {
		return w, h
	}
	w = min(w, mostCells)
	return w, min(h, mostCells/w)
}

func (a *answers) there(t **time.Timer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if *t != nil {
		(*t).Stop()
		*t = nil
	}
}
