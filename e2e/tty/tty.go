// Package tty runs a program in a pseudo-terminal and keeps the screen
// that it draws on: in an emulator, because a good full-screen program sends
// only what changed.
//
// The package knows nothing of the program it runs, nor of tests. Who waits for
// something on the screen, and how its time is taken, is its users' business:
// screen for tests, perf for measuring.
package tty

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// A Terminal is what a program runs in. Its lock guards the emulator; the
// methods beside those of the lock are called without it, but for Lines.
type Terminal struct {
	sync.Mutex
	Emulator *vt.Emulator
	// Wrote is called, with the lock held, for what the program wrote instead of
	// writing it to the emulator, which is its first duty. It is set before Run.
	Wrote func(b []byte)

	Drained chan struct{} // closed when the program's last byte is on screen
	Exited  chan struct{} // closed when the program is gone

	cmd  *exec.Cmd
	file *os.File // our end of the pseudo-terminal
}

// New makes a terminal that runs nothing yet.
func New(cols, rows int) *Terminal {
	e := vt.NewEmulator(cols, rows)
	// A program that has not heard yet how low its window has become scrolls
	// within rows that are no longer there. The emulator would panic then; so it
	// does not hear of such margins. The program draws all of it anew anyhow.
	e.RegisterCsiHandler('r', func(params ansi.Params) bool {
		bottom, _, _ := params.Param(1, e.Height())
		return bottom > e.Height()
	})
	return &Terminal{Emulator: e, Drained: make(chan struct{}), Exited: make(chan struct{})}
}

// Run starts the program. Close must be called in the end.
func (t *Terminal) Run(cmd *exec.Cmd) error {
	file, err := pty.StartWithSize(cmd, size(t.Emulator.Width(), t.Emulator.Height()))
	if err != nil {
		return fmt.Errorf("start %q in a pseudo-terminal: %w", cmd.Args, err)
	}
	t.cmd, t.file = cmd, file
	go t.draw()
	// The emulator's answers to the program's questions: without a reader it
	// would stand still at the first one.
	go func() { _, _ = io.Copy(file, t.Emulator) }()
	go func() {
		_ = cmd.Wait() // its status is read from ProcessState
		close(t.Exited)
	}()
	return nil
}

func size(cols, rows int) *pty.Winsize {
	return &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}
}

// draw hands on what the program writes until the terminal is closed, which
// reads as an error.
func (t *Terminal) draw() {
	defer close(t.Drained)
	buf := make([]byte, 64<<10)
	for {
		n, err := t.file.Read(buf)
		if n > 0 {
			t.Lock()
			t.Wrote(buf[:n])
			t.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// Lines is the whole screen, a line for each row, without trailing blanks.
// content says what to show for a cell that is there; it is called with the
// lock held, as Lines is.
func (t *Terminal) Lines(content func(y int, c *uv.Cell) string) string {
	var all, line strings.Builder
	for y := range t.Emulator.Height() {
		line.Reset()
		for x := range t.Emulator.Width() {
			switch c := t.Emulator.CellAt(x, y); {
			case c == nil || c.Content == "" && c.Width == 1:
				line.WriteByte(' ')
			default: // the second half of a wide character has no content
				line.WriteString(content(y, c))
			}
		}
		if y > 0 {
			all.WriteByte('\n')
		}
		all.WriteString(strings.TrimRight(line.String(), " "))
	}
	return all.String()
}

// Type sends text as if it were typed.
func (t *Terminal) Type(text string) error {
	_, err := t.file.WriteString(text)
	return err
}

// Resize gives the terminal another size, as dragging its window does.
func (t *Terminal) Resize(cols, rows int) error {
	t.Lock()
	t.Emulator.Resize(cols, rows)
	t.Unlock()
	return pty.Setsize(t.file, size(cols, rows))
}

// Close kills the program and whatever it has started in its terminal, and
// waits for its end. A second time does no harm.
func (t *Terminal) Close() error {
	var failed error
	select {
	case <-t.Exited:
	default:
		if err := syscall.Kill(-t.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			failed = fmt.Errorf("kill the program: %w", err)
		}
	}
	<-t.Exited
	_ = t.file.Close() // a second time says so
	<-t.Drained
	// The emulator's own Close is not safe beside its Read.
	if w, ok := t.Emulator.InputPipe().(io.Closer); ok {
		_ = w.Close()
	}
	return failed
}
