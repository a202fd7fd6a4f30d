package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

// brief is a screen that ends at once.
type brief struct{ restless }

func (*brief) Init() tea.Cmd                         { return tea.Batch(tea.RequestBackgroundColor, tea.Quit) }
func (b *brief) Update(tea.Msg) (tea.Model, tea.Cmd) { return b, nil }

// TestLateAnswer: what a terminal answers when the screen has ended already is no
// input of the shell.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	screen, eye := terminals(t)
	_, l := newLeaving(func(int) {}) // its time runs from the end of the screen
	on, err := take(process{screen, screen, io.Discard, l})
	if err != nil {
		t.Fatal(err)
	}
	_, program := newProgram(t.Context(), on, &brief{}, true)
	returned := make(chan error, 1)
	go func() { returned <- on.run(program) }()
	var seen []byte
	b := make([]byte, 4096)
	for !bytes.Contains(seen, []byte("\x1b[?25h")) { // the cursor again: it is given back
		n, err := eye.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, b[:n]...)
	}
	if _, err := eye.WriteString("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1b[?2026;2$y"); err != nil {
		t.Fatal(err)
	}
	if err := <-returned; err != nil {
		t.Fatal(err)
	}
	as, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if as.Lflag&unix.ICANON == 0 {
		t.Error("the terminal stays raw")
	}
	as.Lflag &^= unix.ICANON // so that what is no line is counted
	if err := unix.IoctlSetTermios(int(screen.Fd()), unix.TCSETS, as); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCINQ); err != nil || n != 0 {
		t.Errorf("%d bytes wait for the shell (%v)", n, err)
	}
	runtime.KeepAlive(eye)
}

// TestBookOfAPipe: a pipe that nobody reads is refused, at the start and in the end,
// where another would wait for ever.
func TestBookOfAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openBook(path, nil); err == nil || !strings.Contains(err.Error(), "--ledger") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(filepath.Dir(path), "file")
	var out bytes.Buffer
	b, err := openBook(file, &out)
	if err != nil || os.Rename(path, file) != nil {
		t.Fatal(err)
	}
	if err := b.write([][]byte{[]byte("{}")}); err == nil || out.String() != "{}\n" {
		t.Errorf("got %v, and %q on stdout", err, out.String())
	}
}
