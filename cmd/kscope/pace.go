package main

import (
	"reflect"
	"sync"
	"time"
	"unsafe"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope/tui"
)

// Bubble Tea's renderer wakes at its frame rate for ever to see whether there
// is a frame to write. At 60 a second that is most of what an idle dashboard
// costs, and at any lower rate a change waits longer for its pixels. paced
// lets the renderer sleep and wakes it when there is a frame.
//
// Bubble Tea 2.1.1 flushes from its ticker only (startRenderer in its tea.go),
// and there is no public call to wake it, so this reaches for the ticker inside
// the program. Should a later version keep it elsewhere, ticker finds nothing
// and the renderer runs at its frame rate as it always did; TestPace says so. A
// public Program.Flush there would replace all of this file.
const (
	// framesPerSecond is the rate until the first frame is out, and where the
	// ticker cannot be reached.
	framesPerSecond = 120
	// wakeEvery and wakeFor: a frame is handed to the renderer right after
	// View returns, so the first tick nearly always finds it; the others are
	// for a machine too busy for that.
	wakeEvery = 3 * time.Millisecond
	wakeFor   = 12 * time.Millisecond
	// sleepFor bounds how long anything could wait that neither is a new frame
	// nor comes with a message.
	sleepFor = 5 * time.Second
)

// paced is a model whose frames wake the renderer.
type paced struct {
	tea.Model
	*pacer
}

type pacer struct {
	program *tea.Program
	frame   string
	begun   chan struct{} // closed when the renderer has been given its first frame
	begin   func()

	mu    sync.Mutex
	until time.Time   // when the renderer may sleep again
	awake bool        // it ticks every wakeEvery
	rest  *time.Timer // at until or before
}

func newPaced(m tea.Model) paced {
	p := &pacer{begun: make(chan struct{})}
	p.begin = sync.OnceFunc(func() { close(p.begun) })
	return paced{m, p}
}

// Update wakes the renderer for whatever may want more than a new frame, such
// as a window or a terminal that wants its picture back. Observations never do.
func (p paced) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	p.Model, cmd = p.Model.Update(msg)
	if _, ok := msg.(tui.Observed); !ok {
		p.wake()
	}
	return p, cmd
}

// View wakes the renderer if the frame is a new one.
func (p paced) View() tea.View {
	v := p.Model.View()
	p.begin()
	if v.Content != p.frame {
		p.frame = v.Content
		p.wake()
	}
	return v
}

// wake runs on the program's goroutine, where the ticker is made. A ticker that
// ticks is left alone: who sets it again and again never lets it tick.
func (p *pacer) wake() {
	t := ticker(p.program)
	if t == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Now().Add(wakeFor)
	if p.awake {
		return
	}
	p.awake = true
	t.Reset(wakeEvery)
	if p.rest == nil {
		p.rest = time.AfterFunc(wakeFor, func() { p.sleep(t) })
		return
	}
	p.rest.Reset(wakeFor)
}

// sleep lets the renderer rest, unless it was woken anew meanwhile.
func (p *pacer) sleep(t *time.Ticker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if left := time.Until(p.until); left > 0 {
		p.rest.Reset(left)
		return
	}
	p.awake = false
	t.Reset(sleepFor)
}

// ticker finds the ticker of a program's renderer, nil if there is none.
func ticker(p *tea.Program) *time.Ticker {
	if p == nil {
		return nil
	}
	f := reflect.ValueOf(p).Elem().FieldByName("ticker")
	if !f.IsValid() || f.Type() != reflect.TypeFor[*time.Ticker]() || f.IsNil() {
		return nil
	}
	return (*time.Ticker)(unsafe.Pointer(f.Pointer())) // of that type, as was just checked
}
