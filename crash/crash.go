// Package crash gives the terminal back when the program dies of a defect, in
// whichever goroutine, and keeps the trace in a file.
//
// Nothing in a process can do that: the runtime ends it where it stands, and a
// panic in a goroutine of a library cannot be recovered, nor a fatal error such
// as two writers of one map. So [Watch] starts a second process, the monitor,
// which holds the terminal and a pipe. The runtime writes the trace into the
// pipe; the monitor then gives the terminal back, names a file, and puts the
// trace there. It is this program itself, and waits in this package's init: by
// the order in which Go initializes packages few others have been by then, so
// that it starts in milliseconds and keeps a megabyte.
//
// A process that is killed, as where memory ran out, or that ends while its
// terminal takes nothing, writes no trace; the monitor gives the terminal back then
// too, unless it was told in the pipe that this has been done.
package crash

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"
)

// Terminal is a terminal as it was before a screen took it.
type Terminal struct {
	in, out   *os.File
	was, drew *term.State // of in and of out

	mu      sync.Mutex
	monitor *os.File // is told here that the terminal was given back; nil without one
}

// Remember takes note of how a terminal is. It fails if one of the files is none.
func Remember(in, out *os.File) (*Terminal, error) {
	was, err := term.GetState(in.Fd())
	if err != nil {
		return nil, fmt.Errorf("the terminal: %w", err)
	}
	drew, err := term.GetState(out.Fd())
	if err != nil {
		return nil, fmt.Errorf("the terminal: %w", err)
	}
	return &Terminal{in: in, out: out, was: was, drew: drew}, nil
}

// undo takes back whatever a screen may have asked of a terminal. What was not
// asked for is not changed by it, but for where the cursor is.
const undo = "\x1b[?2026l" + // frames are shown as they come
	"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l" + // no mouse
	"\x1b[?1004l\x1b[?2004l" + // focus, bracketed paste
	"\x1b[>4m\x1b[<u" + // keys as they were, by xterm's and kitty's protocol
	"\x1b[m\x1b[r\x1b[?1049l\x1b[?25h" + // the screen before, with its cursor
	"\x1b]2;\a" // the title

// patience is how long a terminal has to take what undoes the screen.
const patience = 200 * time.Millisecond

// GiveBack makes the terminal what it was and writes a text there. A terminal
// that takes no more bytes is not waited for: the monitor gives it back, once this
// process has ended and nobody writes any more.
func (t *Terminal) GiveBack(text string) {
	t.Restore()
	if t.say(undo + text) {
		t.given()
	}
}

// given is what the monitor is told when nothing is left to be done for a terminal.
const given = "\x00"

func (t *Terminal) given() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.monitor != nil {
		_, _ = t.monitor.WriteString(given)
		_ = t.monitor.Close()
		t.monitor = nil
	}
}

// Restore makes the modes of the terminal what they were, and writes nothing.
func (t *Terminal) Restore() {
	_ = term.Restore(t.in.Fd(), t.was)
	_ = term.Restore(t.out.Fd(), t.drew)
}

// say writes a text to the terminal, if it takes any.
func (t *Terminal) say(text string) (taken bool) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = t.out.WriteString(text)
	}()
	select {
	case <-written:
		return true
	case <-time.After(patience):
		return false
	}
}
