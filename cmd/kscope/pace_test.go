package main

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/tui"
)

// page is a model that shows what it was last sent.
type page string

func (p page) Init() tea.Cmd  { return nil }
func (p page) View() tea.View { return tea.NewView(string(p)) }
func (p page) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if s, ok := msg.(page); ok {
		return s, nil
	}
	return p, nil
}

// tape keeps what is written and tells of it.
type tape struct {
	mu    sync.Mutex
	bytes bytes.Buffer
	news  chan struct{}
}

func (t *tape) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes.Write(b)
	select {
	case t.news <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (t *tape) has(s string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Contains(t.bytes.String(), s)
}

// TestPace fails when Bubble Tea no longer keeps its ticker where pacer looks,
// and when a frame does not reach the terminal although the renderer sleeps.
func TestPace(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	screen := &tape{news: make(chan struct{}, 1)}
	m := newPaced(page("nothing yet"))
	p := tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(screen), tea.WithWindowSize(40, 5), tea.WithFPS(framesPerSecond), tea.WithoutSignals())
	m.program = p
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run()
		ended <- err
	}()
	deadline := time.After(10 * time.Second)
	for _, text := range []string{"first", "second", "third"} {
		p.Send(page(text))
		for !screen.has(text) {
			select {
			case <-screen.news:
			case <-deadline:
				t.Fatalf("%q never reached the terminal", text)
			}
		}
	}
	p.Quit()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if ticker(p) == nil {
		t.Error("the program's ticker was not found: the renderer wakes all the time")
	}
}

// counted is a model of which only some observations are worth a frame.
type counted struct{ n int }

func (c *counted) Init() tea.Cmd  { return nil }
func (c *counted) View() tea.View { return tea.NewView("") }
func (c *counted) Frames() int    { return c.n }
func (c *counted) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if o, ok := msg.(tui.Observed); ok && len(o) > 1 {
		c.n++
	}
	return c, nil
}

// TestDrew: whoever sends observations learns which of them made a frame, and
// waits for nothing once the screen has ended.
func TestDrew(t *testing.T) {
	m := newPaced(&counted{})
	ended := make(chan struct{})
	for _, n := range []int{1, 2, 1, 3} {
		m.Update(tui.Observed(make([]kscope.Observation, n)))
		if got, want := m.drew(ended), n > 1; got != want {
			t.Errorf("of %d observations: drew %v, want %v", n, got, want)
		}
	}
	close(ended)
	if m.drew(ended) {
		t.Error("a screen that has ended drew")
	}
}
