package main

import (
	"bytes"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
)

// answers sees to it that the keys for leaving work although the screen does
// not answer: because something stands still, or because a paste never ends.
// The keys are looked at before anything else sees them.
type answers struct {
	leaving *leaving
	send    func(tea.Msg)
	stops   *stops

	// hear is what comes of the input in a while, false once it has ended; nil where
	// that cannot be asked.
	hear func(within time.Duration) ([]byte, bool)
	keys func(heard []byte) []byte // what of it was typed, and not pasted

	mu    sync.Mutex
	quit  *time.Timer // runs from q until the screen answers anything
	ctrlC *time.Timer // runs from ^C until the screen has it
	still *time.Timer // runs from anything typed until the screen answers
	last  []byte      // the end of what was typed since that runs
	over  bool        // there is no screen any more: what is typed is for who comes next
}

// Where the screen stands still, as one does whose terminal takes nothing, nobody reads
// what is typed next. So what is typed is heard here once the screen has not answered
// for standsStill; who then asks to leave is given half of the grace, so that with the
// time before it is no more than two seconds.
const standsStill = time.Second

// longestWord is how much of what was typed is looked at, in bytes: any key is shorter.
const longestWord = 64

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
	a.mu.Lock()
	if a.still == nil && a.hear != nil && !a.over {
		a.still, a.last = time.AfterFunc(standsStill, a.listen), nil
		go a.send(areYouThere{})
	}
	a.last = append(a.last, b...)
	a.last = a.last[max(0, len(a.last)-longestWord):]
	a.mu.Unlock()
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

// listen hears what is typed while the screen stands still, whoever asks to leave by
// it. All else is for the screen when it goes on.
func (a *answers) listen() {
	var heard, keys, kept []byte // what is pasted asks for nothing, and is dropped
	for more := true; more && a.standsStill(); {
		a.mu.Lock() // the reader of the screen, too, may read something yet
		if a.quit == nil && (leaves(keys) || isCtrlC(heard) || leaves(a.last)) {
			a.quit = time.AfterFunc(grace/2, a.leaving.now)
		}
		a.mu.Unlock()
		if heard, more = a.hear(standsStill / 10); len(heard) > 0 {
			keys = a.keys(heard)
			kept = append(kept, keys...)
		}
	}
	var decoder uv.EventDecoder
	for len(kept) > 0 {
		n, event := decoder.Decode(kept)
		if n <= 0 {
			return // the rest of a key does not come any more
		}
		if key, ok := event.(uv.KeyPressEvent); ok {
			a.send(tea.KeyPressMsg(key))
		}
		kept = kept[n:]
	}
}

// leaves reports whether somebody asks to leave by what was typed: by a q that was the
// last of it, for in the middle it is part of a word.
func leaves(b []byte) bool {
	return bytes.HasSuffix(b, []byte("q")) || slices.ContainsFunc(ctrlC, func(seq []byte) bool { return bytes.Contains(b, seq) })
}

// end is that there is no screen any more.
func (a *answers) end() {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	a.there(&a.still)
}

func (a *answers) standsStill() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.still != nil
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
		a.leaving.atOnce()
	}
}

// filter sees what the screen is about to be told, on its goroutine.
func (a *answers) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	switch msg := msg.(type) {
	case areYouThere:
		a.there(&a.quit)
		a.there(&a.still)
		return nil
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+c" {
			a.there(&a.ctrlC)
		}
	case tea.WindowSizeMsg:
		msg.Width, msg.Height = within(msg.Width, msg.Height)
		return msg
	case tea.QuitMsg:
		a.end()
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
