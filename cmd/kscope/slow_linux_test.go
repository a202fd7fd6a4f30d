package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

// terminals is a pseudo-terminal: the screen's end, and that of whoever looks at it.
// Neither is closed: a program that was left behind may still read and write.
func terminals(t *testing.T) (screen, eye *os.File) {
	t.Helper()
	eye, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(eye.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(eye.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	return screen, eye
}

// restless is a screen with a new frame for every message.
type restless struct{ frames int }

func (r *restless) Init() tea.Cmd { return nil }
func (r *restless) Update(tea.Msg) (tea.Model, tea.Cmd) {
	r.frames++
	return r, nil
}
func (r *restless) View() tea.View {
	v := tea.NewView(strings.Repeat(fmt.Sprintln(strings.Repeat("x", r.frames%70), r.frames), 20))
	v.AltScreen = true
	return v
}

// TestNobodyReadsTheTerminal: where writing to it blocks, as over a line that hangs,
// leaving is bounded as ever.
func TestNobodyReadsTheTerminal(t *testing.T) {
	t.Parallel()
	screen, eye := terminals(t)
	ended := make(chan int, 3)
	ctx, l := newLeaving(func(status int) { ended <- status })
	on, err := take(process{screen, screen, io.Discard, l})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, program := newProgram(ctx, on, &restless{}, true)
	returned := make(chan error, 1)
	go func() { returned <- on.run(program) }()
	for stuck := false; !stuck; { // until the program takes nothing more, since it cannot write
		sent := make(chan struct{})
		go func() { program.Send(tea.FocusMsg{}); close(sent) }()
		select {
		case <-sent:
		case <-time.After(300 * time.Millisecond):
			stuck = true
		}
	}
	began := time.Now()
	l.told(syscall.SIGTERM)
	select {
	case status := <-ended:
		if status != 0 {
			t.Errorf("it ended with status %d", status)
		}
	case err := <-returned:
		if err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("leaving took %v", took)
	}
	// It stays as it is, for the process would have ended: to read what was written
	// lets the program go on, into a race of the library's own as it ends.
	runtime.KeepAlive(eye)
}

// TestScreenThatCannotBegin: where the process may open no more files the terminal is
// as it was when that is said.
func TestScreenThatCannotBegin(t *testing.T) { // alone: it takes the files from the whole process
	screen, eye := terminals(t)
	before, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	_, l := newLeaving(func(int) {}) // its time runs from the end of the screen
	on, err := take(process{screen, screen, io.Discard, l})
	if err != nil {
		t.Fatal(err)
	}
	_, program := newProgram(t.Context(), on, &restless{}, true)
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: files.Max}); err != nil {
		t.Fatal(err)
	}
	err = on.run(program)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Fatal("it ran")
	}
	after, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("the terminal is left as %+v, and was %+v", after, before)
	}
	runtime.KeepAlive(eye)
}
