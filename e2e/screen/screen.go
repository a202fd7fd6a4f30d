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
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// Options say what terminal a program gets. The zero value is 80x24.
type Options struct {
	Cols, Rows int
	// Env is added to an environment that is the same on every machine: PATH,
	// an empty HOME, TERM=xterm-256color and LANG=C.UTF-8. A variable given
	// here replaces its namesake.
	Env []string
	Dir string
}

// A Screen is a running program and the terminal it draws on.
type Screen struct {
	t        testing.TB
	cmd      *exec.Cmd
	terminal *os.File // our end of the pseudo-terminal

	mu       sync.Mutex // guards what follows, the emulator above all
	emulator *vt.Emulator
	raw      bytes.Buffer
	text     string // of the screen; "" after a change, until it is asked for
	lastByte time.Time

	drained chan struct{} // closed when the program's last byte is on screen
	exited  chan struct{} // closed when the program is gone
}

// Start runs a program and kills it when the test ends. What it wrote is
// searched for passwords then: see [Secret].
func Start(t testing.TB, o Options, argv ...string) *Screen {
	t.Helper()
	if o.Cols == 0 || o.Rows == 0 {
		o.Cols, o.Rows = 80, 24
	}
	s := &Screen{t: t, emulator: vt.NewEmulator(o.Cols, o.Rows), drained: make(chan struct{}), exited: make(chan struct{})}
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Dir = o.Dir
	home := t.TempDir()
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TERM=xterm-256color", "LANG=C.UTF-8"}, o.Env...)
	terminal, err := pty.StartWithSize(s.cmd, size(o.Cols, o.Rows))
	if err != nil {
		t.Fatalf("start %q in a pseudo-terminal: %v", argv, err)
	}
	s.terminal = terminal
	go s.draw()
	go s.answer()
	go func() {
		_ = s.cmd.Wait() // its status is read from ProcessState
		close(s.exited)
	}()
	t.Cleanup(func() {
		s.Close()
		s.showsNoSecret()
		HoldsNoSecret(t, home)
	})
	return s
}

func size(cols, rows int) *pty.Winsize {
	return &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}
}

// draw puts what the program writes on the screen, until its terminal is
// closed, which reads as an error.
func (s *Screen) draw() {
	defer close(s.drained)
	buf := make([]byte, 32<<10)
	for {
		n, err := s.terminal.Read(buf)
		if n > 0 {
			s.mu.Lock()
			s.raw.Write(buf[:n])
			s.lastByte = time.Now()
			_, _ = s.emulator.Write(buf[:n])
			s.text = ""
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// answer passes on the terminal's answers to the program's questions. Without
// a reader the emulator would stand still at the first question.
func (s *Screen) answer() { _, _ = io.Copy(s.terminal, s.emulator) }

// Text is the whole screen, a line for each row, without trailing blanks.
func (s *Screen) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text == "" {
		s.text = s.readCells()
	}
	return s.text
}

func (s *Screen) readCells() string {
	var all, line strings.Builder
	for y := range s.emulator.Height() {
		line.Reset()
		for x := range s.emulator.Width() {
			switch c := s.emulator.CellAt(x, y); {
			case c == nil || c.Content == "" && c.Width == 1:
				line.WriteByte(' ')
			default: // the second half of a wide character has no content
				line.WriteString(c.Content)
			}
		}
		if y > 0 {
			all.WriteByte('\n')
		}
		all.WriteString(strings.TrimRight(line.String(), " "))
	}
	return all.String()
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.emulator.CellAt(x, y); c != nil {
		return *c
	}
	return uv.EmptyCell
}

// Raw is every byte the program has written.
func (s *Screen) Raw() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.raw.Bytes())
}

// Bytes is the number of bytes the program has written.
func (s *Screen) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.Len()
}

// Quiet is how long ago the last byte came.
func (s *Screen) Quiet() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.lastByte)
}

// Resize gives the terminal another size, as dragging its window does.
func (s *Screen) Resize(cols, rows int) {
	s.t.Helper()
	s.mu.Lock()
	s.emulator.Resize(cols, rows)
	s.text = ""
	s.mu.Unlock()
	if err := pty.Setsize(s.terminal, size(cols, rows)); err != nil {
		s.t.Fatalf("resize the terminal: %v", err)
	}
}

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
	for _, c := range []chan struct{}{s.exited, s.drained} {
		select {
		case <-c:
		case <-deadline:
			s.t.Fatalf("the program did not end within %s; the screen:\n%s", timeout, s.Text())
		}
	}
	return s.cmd.ProcessState.ExitCode()
}

// Exited reports whether the program has ended.
func (s *Screen) Exited() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Close kills the program and whatever it has started in its terminal. It is
// called when the test ends, and may be called before.
func (s *Screen) Close() {
	if !s.Exited() {
		if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.t.Errorf("kill the program: %v", err)
		}
	}
	<-s.exited
	_ = s.terminal.Close() // a second time says so, and does no harm
	<-s.drained
	// The emulator's own Close is not safe beside its Read.
	if w, ok := s.emulator.InputPipe().(io.Closer); ok {
		_ = w.Close()
	}
}
