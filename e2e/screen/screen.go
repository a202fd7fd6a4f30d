// Package screen runs a program in a pseudo-terminal and reads what a person
// would see there.
//
// The bytes a full-screen program writes are not what is on the screen: a good
// one sends only what changed. So everything goes through a terminal emulator
// and tests look at its cells. The bytes are kept as well, to search them for
// what must never be sent and to count them.
//
// The package knows nothing of the program it runs.
package screen

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"

	"github.com/kscope/kscope/e2e/tty"
)

// Options say what terminal a program gets. The zero value is 80x24.
type Options struct {
	Cols, Rows int
	// Env is added to an environment that is the same on every machine: PATH,
	// an empty HOME that is TMPDIR as well, TERM=xterm-256color and
	// LANG=C.UTF-8. A variable given here replaces its namesake.
	Env []string
	Dir string
}

// A Screen is a running program and the terminal it draws on.
type Screen struct {
	t        testing.TB
	cmd      *exec.Cmd
	terminal *tty.Terminal

	// The lock of the terminal guards what follows too.
	raw      bytes.Buffer
	text     string // of the screen; "" after a change, until it is asked for
	lastByte time.Time
}

// Start runs a program and kills it when the test ends. What it wrote is
// searched for passwords then: see [Secret].
func Start(t testing.TB, o Options, argv ...string) *Screen {
	t.Helper()
	if o.Cols == 0 || o.Rows == 0 {
		o.Cols, o.Rows = 80, 24
	}
	s := &Screen{t: t, terminal: tty.New(o.Cols, o.Rows), cmd: exec.Command(argv[0], argv[1:]...)}
	s.terminal.Wrote = s.draw
	s.cmd.Dir = o.Dir
	home := t.TempDir()
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "TERM=xterm-256color", "LANG=C.UTF-8"}, o.Env...)
	if err := s.terminal.Run(s.cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		s.showsNoSecret()
		HoldsNoSecret(t, home)
	})
	return s
}

// draw puts what the program writes on the screen.
func (s *Screen) draw(b []byte) {
	s.raw.Write(b)
	s.lastByte = time.Now()
	_, _ = s.terminal.Emulator.Write(b)
	s.text = ""
}

// Text is the whole screen, a line for each row, without trailing blanks.
func (s *Screen) Text() string {
	s.terminal.Lock()
	defer s.terminal.Unlock()
	if s.text == "" {
		s.text = s.terminal.Lines(func(_ int, c *uv.Cell) string { return c.Content })
	}
	return s.text
}

// Line is one row of the screen, the first being 0.
func (s *Screen) Line(y int) string {
	lines := strings.Split(s.Text(), "\n")
	if y < 0 || y >= len(lines) {
		return ""
	}
	return lines[y]
}

// Cell is one cell of the screen with its style. Outside of it is a blank.
func (s *Screen) Cell(x, y int) uv.Cell {
	s.terminal.Lock()
	defer s.terminal.Unlock()
	if c := s.terminal.Emulator.CellAt(x, y); c != nil {
		return *c
	}
	return uv.EmptyCell
}

// Raw is every byte the program has written.
func (s *Screen) Raw() []byte {
	s.terminal.Lock()
	defer s.terminal.Unlock()
	return bytes.Clone(s.raw.Bytes())
}

// Bytes is the number of bytes the program has written.
func (s *Screen) Bytes() int {
	s.terminal.Lock()
	defer s.terminal.Unlock()
	return s.raw.Len()
}

// Quiet is how long ago the last byte came.
func (s *Screen) Quiet() time.Duration {
	s.terminal.Lock()
	defer s.terminal.Unlock()
	return time.Since(s.lastByte)
}

// Resize gives the terminal another size, as dragging its window does.
func (s *Screen) Resize(cols, rows int) {
	s.t.Helper()
	err := s.terminal.Resize(cols, rows)
	s.terminal.Lock()
	s.text = ""
	s.terminal.Unlock()
	if err != nil {
		s.t.Fatalf("resize the terminal: %v", err)
	}
}

// PID is the program's process.
func (s *Screen) PID() int { return s.cmd.Process.Pid }

// Signal sends the program a signal.
func (s *Screen) Signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("signal %s: %v", sig, err)
	}
}

// Exit waits for the program to end by itself and gives its exit status, -1 if
// a signal ended it. Everything it wrote is on the screen then.
func (s *Screen) Exit(timeout time.Duration) int {
	s.t.Helper()
	deadline := time.After(timeout)
	for _, c := range []chan struct{}{s.terminal.Exited, s.terminal.Drained} {
		select {
		case <-c:
		case <-deadline:
			s.t.Fatalf("the program did not end within %s; the screen:\n%s", timeout, s.Text())
		}
	}
	return s.cmd.ProcessState.ExitCode()
}

// Ended is closed when the program has ended, though not all that it wrote may be on
// the screen.
func (s *Screen) Ended() <-chan struct{} { return s.terminal.Exited }

// Exited reports whether the program has ended.
func (s *Screen) Exited() bool {
	select {
	case <-s.terminal.Exited:
		return true
	default:
		return false
	}
}

// Close kills the program and whatever it has started in its terminal. It is
// called when the test ends, and may be called before.
func (s *Screen) Close() {
	if err := s.terminal.Close(); err != nil {
		s.t.Error(err)
	}
}
