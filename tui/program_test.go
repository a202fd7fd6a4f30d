package tui

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/vt"

	"github.com/kscope/kscope/load"
)

// terminal is an emulator that a program draws to, and a count of what was
// written.
type terminal struct {
	mu      sync.Mutex
	em      *vt.Emulator
	written int
}

// Write ends lines as a terminal driver would, which the renderer counts on.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written += len(p)
	_, err := t.em.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

func (t *terminal) screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.em.String()
}

func (t *terminal) bytes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.written
}

// waitFor looks at the screen until it is as wanted.
func (t *terminal) waitFor(tb testing.TB, what string, ok func(screen string) bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		s := t.screen()
		if ok(s) {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("waited for %s; the screen is:\n%s", what, s)
		}
	}
}

func shows(text string) func(string) bool {
	return func(s string) bool { return strings.Contains(s, text) }
}

// start runs a model in a real program over an emulated terminal.
func start(t *testing.T, m *Model) (*tea.Program, *terminal, <-chan error) {
	t.Helper()
	term := &terminal{em: vt.NewEmulator(120, 35)}
	input, keyboard := io.Pipe()
	copied, ended := make(chan struct{}), make(chan struct{})
	go func() { // its replies, which block it until somebody reads them
		defer close(copied)
		_, _ = io.Copy(keyboard, term.em)
	}()
	p := tea.NewProgram(m, tea.WithContext(context.Background()), tea.WithInput(input), tea.WithOutput(term), tea.WithWindowSize(120, 35),
		tea.WithColorProfile(colorprofile.TrueColor), tea.WithEnvironment([]string{"TERM=xterm-256color"}), tea.WithoutSignals(), tea.WithFPS(60))
	done := make(chan error, 1)
	go func() {
		defer close(ended)
		_, err := p.Run()
		done <- err
	}()
	t.Cleanup(func() {
		p.Kill()
		<-ended
		_ = input.Close()
		_ = term.em.InputPipe().(io.Closer).Close() // its own Close would race with the copying
		<-copied
	})
	return p, term, done
}

// TestProgram is what a person sees: the screen comes up, i puts jobs in, a
// freeze holds the picture, q leaves.
func TestProgram(t *testing.T) {
	pushed := make(chan load.Load, 1)
	ta := phase("asleep")
	m := New(Options{Mode: "LIVE", Context: "kind-demo", Namespace: "demo", Theme: "dark", Load: LoadOptions{
		Run: func(_ context.Context, l load.Load) error { pushed <- l; return nil },
	}})
	p, term, done := start(t, m)
	term.waitFor(t, "the first frame", shows("Looking for ScaledObjects"))
	p.Send(ta.take())
	term.waitFor(t, "the story", shows("The queue orders is empty"))

	p.Send(keyOf("+"))
	p.Send(keyOf("i"))
	if got := <-pushed; got.Profile != load.BatchOf(100) || got.Backlog != ta.queue || got.Target != ta.so.Ref {
		t.Errorf("pushed %+v", got)
	}
	term.waitFor(t, "the notice", shows("Pushing 100 jobs to orders"))
	p.Send(ta.push(100).take())
	term.waitFor(t, "the push in the timeline", shows("pushed 100 jobs"))

	p.Send(keyOf("space"))
	term.waitFor(t, "the freeze", shows("FROZEN"))
	frozen := term.screen()
	p.Send(ta.run(30 * time.Second).take())
	p.Send(keyOf("?"))
	term.waitFor(t, "the help", shows("this help"))
	p.Send(keyOf("?"))
	term.waitFor(t, "the same picture again", func(s string) bool { return s == frozen })
	p.Send(keyOf("space"))
	term.waitFor(t, "what was held back", shows("HPA's step"))

	p.Send(keyOf("q"))
	if err := <-done; err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// TestIdleWritesNothing: while nothing happens, time passes without a byte,
// but for the clock's minutes.
func TestIdleWritesNothing(t *testing.T) {
	ta := phase("asleep")
	m := New(Options{Mode: "LIVE", Context: "kind-demo", Namespace: "demo", Theme: "dark"})
	p, term, _ := start(t, m)
	ta.run(2 * time.Minute) // until the chart is full of nothing
	p.Send(ta.take())
	hidden := func(s string) bool { return !strings.Contains(s, "freeze") && strings.Contains(s, "12:02") }
	p.Send(keyOf("H"))
	term.waitFor(t, "the story, without keys", hidden)
	still := func() { // a key moves the chart, which some seconds later says of what moment it is
		for range int(standing/time.Second) + 1 {
			p.Send(ta.run(time.Second).take())
		}
		term.waitFor(t, "the chart's moment", func(s string) bool { return !strings.Contains(s, "now") })
	}
	// What the keys cost to draw tells whether anything else was written.
	show := func(idle time.Duration) int {
		still()
		before := term.bytes()
		for end := ta.at.Add(idle); ta.at.Before(end); {
			p.Send(ta.run(time.Second).take())
			p.Send(tea.FocusMsg{})
		}
		p.Send(keyOf("H"))
		term.waitFor(t, "the keys", shows("freeze"))
		wrote := term.bytes() - before
		p.Send(keyOf("H"))
		term.waitFor(t, "no keys", func(s string) bool { return !strings.Contains(s, "freeze") })
		return wrote
	}
	show(0)
	want := show(0)
	if got := show(12 * time.Second); got != want {
		t.Errorf("12 idle seconds wrote %d bytes", got-want)
	}
	if got := show(15*time.Second) - want; got <= 0 || got > 150 {
		t.Errorf("the clock's minute wrote %d bytes at %s", got, ta.at)
	}
}
