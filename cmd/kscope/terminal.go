package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/crash"
)

// terminal is what the screen has of the terminal, and what gives it back: the
// screen itself if all is well, leaving if something hangs, the monitor if the
// program dies.
type terminal struct {
	in, out *os.File
	before  *crash.Terminal
	leaving *leaving
	stops   stops
	aloud   func() // lets libraries write to stderr again
	ended   func() // to be called when there is no screen any more

	began time.Time   // when the terminal was first asked something
	heard atomic.Bool // it has answered
}

// take takes note of the terminal before a screen has it.
func take(p process) (*terminal, error) {
	in, ok := p.stdin.(*os.File)
	out, ok2 := p.stdout.(*os.File)
	if !ok || !ok2 {
		return nil, errors.New("the screen needs a terminal")
	}
	before, err := crash.Remember(in, out)
	return &terminal{in: in, out: out, before: before, leaving: p.leaving, aloud: func() {}, ended: func() {}}, err
}

// newProgram is the screen of a model. Signals and panics are not its business.
func newProgram(ctx context.Context, t *terminal, model tea.Model, noColor bool) (paced, *tea.Program) {
	a := &answers{leaving: t.leaving, stops: &t.stops, hear: hearing(t.in)}
	t.ended = a.end
	input := endPastes(t.in, t.listen(a.typed))
	a.keys = input.heard
	input.gone = func() { t.leaving.told(syscall.SIGHUP) } // whose signal may be ignored, or another's
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(input), tea.WithOutput(t.out), tea.WithFPS(framesPerSecond),
		tea.WithFilter(a.filter), tea.WithoutSignalHandler(), tea.WithoutCatchPanics(),
	}
	if noColor {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	screen := newPaced(model)
	program := tea.NewProgram(screen, options...)
	screen.program, a.send = program, program.Send
	t.stops.listen(ctx, program.Send)
	return screen, program
}

// run runs the screen. Its panic is an error that says where the trace is.
func (t *terminal) run(program *tea.Program) (err error) {
	t.leaving.hold(t.before)
	t.began = time.Now()
	defer func() {
		if v := recover(); v != nil {
			trace := traceOf(v)
			t.kill(program)
			err = &kscope.Trouble{Message: crash.Keep(trace)}
		}
		t.ended()
		t.leaving.begin(0)
		t.awaitAnswer()
		t.leaving.hold(nil)
	}()
	if _, err = program.Run(); err != nil {
		t.before.Restore() // which the library does not where it cannot begin
		return fmt.Errorf("the screen: %w", err)
	}
	return nil
}

// traceOf is all that there is to know of a panic.
func traceOf(v any) []byte {
	stacks := make([]byte, 1<<20)
	return fmt.Appendf(nil, "%s\npanic: %v\n\n%s", version(), v, stacks[:runtime.Stack(stacks, true)])
}

// kill has the screen give the terminal back, or does so itself.
func (t *terminal) kill(program *tea.Program) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		program.Kill()
	}()
	select {
	case <-done:
	case <-time.After(grace / 2):
		t.before.GiveBack("")
	}
}

// guard gives the terminal into the care of a second process, once there is a
// first frame, and keeps libraries from writing to it.
func (t *terminal) guard() {
	aloud, err := crash.Watch(t.before, version())
	if err != nil {
		slog.Warn("nobody looks after the terminal", "error", err)
		return
	}
	t.aloud = aloud
}

// unguard lets libraries write to the terminal again. It is called after guard
// has returned.
func (t *terminal) unguard() { t.aloud() }

// A screen asks its terminal for its colours, and what it can do. One that ends before
// the answer is there, as where a start fails, waits for it: the shell would take it
// for something typed. Of a terminal that does not answer that is the end of it.
const (
	answerWithin = 500 * time.Millisecond // of the question
	restWithin   = 50 * time.Millisecond  // of the first answer
)

// isAnswer reports whether a terminal's answer begins in some input.
func isAnswer(b []byte) bool {
	return bytes.Contains(b, []byte("\x1b]11;")) || bytes.Contains(b, []byte("$y"))
}

// listen takes note of answers on the way to typed.
func (t *terminal) listen(typed func([]byte)) func([]byte) {
	return func(b []byte) {
		if isAnswer(b) {
			t.heard.Store(true)
		}
		typed(b)
	}
}

// awaitAnswer takes the answer that is still to come from the terminal, which the
// screen has given back.
func (t *terminal) awaitAnswer() {
	left := answerWithin - time.Since(t.began)
	if left <= 0 || t.heard.Load() {
		return
	}
	if _, err := term.MakeRaw(t.in.Fd()); err != nil { // nothing is shown of it, and it comes without a newline
		return
	}
	defer t.before.Restore()
	first := make(chan struct{})
	go func() {
		var all []byte
		b := make([]byte, 256)
		for told := false; ; {
			n, err := t.in.Read(b)
			if err != nil {
				return
			}
			if all = append(all, b[:n]...); !told && isAnswer(all) {
				told = true
				close(first)
			}
		}
	}()
	select {
	case <-first:
		<-time.After(min(left, restWithin))
	case <-time.After(left):
	}
}
