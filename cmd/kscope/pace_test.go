package main

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// pagesOn runs a screen of pages on a tape. end has it quit, and waits for that.
func pagesOn(t *testing.T) (p *tea.Program, screen *tape, end func()) {
	t.Helper()
	in, out := io.Pipe()
	screen = &tape{news: make(chan struct{}, 1)}
	m := newPaced(page("nothing yet"))
	p = tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(screen), tea.WithWindowSize(40, 5), tea.WithFPS(framesPerSecond), tea.WithoutSignals())
	m.program = p
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run()
		ended <- err
	}()
	return p, screen, func() {
		t.Helper()
		p.Quit()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		_ = out.Close()
	}
}

// TestPace fails when Bubble Tea no longer keeps its ticker where pacer looks,
// and when a frame does not reach the terminal although the renderer sleeps.
func TestPace(t *testing.T) {
	p, screen, end := pagesOn(t)
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
	end()
	if ticker(p) == nil {
		t.Error("the program's ticker was not found: the renderer wakes all the time")
	}
}

// TestPaceInAStorm: messages without a pause, as of a window that is dragged or a
// key that is held, do not keep frames from the terminal.
func TestPaceInAStorm(t *testing.T) {
	p, screen, end := pagesOn(t)
	deadline := time.After(10 * time.Second)
storm:
	for frames, n := 0, 0; frames < 100; n++ {
		p.Send(page(strconv.Itoa(n)))
		select {
		case <-screen.news:
			frames++
		case <-deadline:
			t.Errorf("%d frames have reached the terminal, of %d messages", frames, n)
			break storm
		default:
		}
	}
	end()
}

// TestForward: what made a frame holds the next observations back until one is
// due, what did not holds nothing back, and nor does a screen that has ended.
func TestForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, ended := make(chan []kscope.Observation), make(chan struct{})
		go func() {
			defer close(in)
			for range 6 {
				in <- make([]kscope.Observation, 1)
			}
		}()
		begun, n := time.Now(), 0
		var at []time.Duration
		forward(in, func(msg tea.Msg) {
			at = append(at, time.Since(begun))
			o := msg.(tui.Observed)
			if n++; n == 5 {
				close(ended) // and does not answer
				return
			}
			if n < 5 {
				o.Drew <- n == 2 || n == 4
			}
		}, ended)
		want := []time.Duration{0, 0, drawEvery, drawEvery, 2 * drawEvery, 2 * drawEvery}
		if !slices.Equal(at, want) {
			t.Errorf("sent at %v, want %v", at, want)
		}
	})
}
