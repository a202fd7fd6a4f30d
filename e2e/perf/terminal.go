package perf

import (
	"context"
	"fmt"
	"image/color"
	"os"
	"os/exec"
	"slices"
	"time"

	uv "github.com/charmbracelet/ultraviolet"

	"github.com/kscope/kscope/e2e/tty"
)

// The terminal that everything is measured in.
const (
	cols = 120
	rows = 35
)

// frameGap is the silence after which bytes belong to another frame. A frame
// is written in one piece, and the next follows no sooner than a display
// would show it.
const frameGap = 4 * time.Millisecond

// A terminal is a running program and the screen it draws on, with the time of
// everything that appears there.
type terminal struct {
	*tty.Terminal
	pid   int
	began time.Time

	// The lock of the Terminal guards what follows too.
	last     time.Time // when the last bytes came
	text     string    // of the screen; "" after a change, until it is asked for
	bytes    int
	frames   int
	expected map[*expectation]bool
	onFrame  func(at time.Time, first bool, text string) // called for each read
}

func newTerminal() *terminal {
	t := &terminal{Terminal: tty.New(cols, rows), expected: map[*expectation]bool{}}
	t.Wrote = t.take
	return t
}

// run starts a program with the clock at the moment before.
func run(kubeconfig, home string, argv ...string) (*terminal, error) {
	t := newTerminal()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TERM=xterm-256color", "COLORTERM=truecolor",
		"LANG=C.UTF-8", "KUBECONFIG=" + kubeconfig,
	}
	t.began = time.Now()
	if err := t.Run(cmd); err != nil {
		return nil, err
	}
	t.pid = cmd.Process.Pid
	return t, nil
}

// take is one read: it is on the screen when the emulator has digested it.
func (t *terminal) take(b []byte) {
	came := time.Now()
	first := came.Sub(t.last) > frameGap
	if first {
		t.frames++
	}
	t.bytes += len(b)
	_, _ = t.Emulator.Write(b)
	t.last, t.text = time.Now(), ""
	if t.onFrame == nil && len(t.expected) == 0 {
		return
	}
	t.read()
	if t.onFrame != nil {
		t.onFrame(t.last, first, t.text)
	}
	for e := range t.expected {
		e.look(t)
	}
}

// read fills t.text, a line for each row without trailing blanks. It is called
// with the lock held.
func (t *terminal) read() string {
	if t.text != "" {
		return t.text
	}
	inks := make([][]color.Color, rows)
	for y := range inks {
		inks[y] = t.ink(y)
	}
	t.text = t.Lines(func(y int, c *uv.Cell) string {
		if c.Content == " " && c.Style.Bg != nil && slices.Contains(inks[y], c.Style.Bg) {
			return "█"
		}
		return c.Content
	})
	return t.text
}

// ink is the colours that half blocks in a row or its neighbours are written
// in. A full block of large digits is a blank with such a background; the
// middle row of some numbers, as 70, has no half block of its own.
func (t *terminal) ink(row int) []color.Color {
	var inks []color.Color
	for y := max(row-1, 0); y <= min(row+1, rows-1); y++ {
		for x := range cols {
			c := t.Emulator.CellAt(x, y)
			if c != nil && (c.Content == "▀" || c.Content == "▄") && c.Style.Fg != nil && !slices.Contains(inks, c.Style.Fg) {
				inks = append(inks, c.Style.Fg)
			}
		}
	}
	return inks
}

// screen is the text of the screen now.
func (t *terminal) screen() string {
	t.Lock()
	defer t.Unlock()
	return t.read()
}

// written is how many bytes and frames the program has written so far.
func (t *terminal) written() (bytes, frames int) {
	t.Lock()
	defer t.Unlock()
	return t.bytes, t.frames
}

// watchFrames has f called after every read, with the time at which it was on
// the screen and whether it began a frame. f must be quick; nil ends it.
func (t *terminal) watchFrames(f func(at time.Time, first bool, text string)) {
	t.Lock()
	defer t.Unlock()
	t.onFrame = f
}

// An expectation is a screen that is waited for. It is looked for after every
// read, so that its time is exact however late somebody asks for it.
type expectation struct {
	t    *terminal
	what string
	ok   func(text string) bool
	at   chan time.Time
}

// expect begins to wait for a screen.
func (t *terminal) expect(what string, ok func(text string) bool) *expectation {
	t.Lock()
	defer t.Unlock()
	e := &expectation{t, what, ok, make(chan time.Time, 1)}
	t.expected[e] = true
	t.read()
	e.look(t)
	return e
}

// look is called with the lock held and t.text read.
func (e *expectation) look(t *terminal) {
	if e.ok(t.text) {
		e.at <- t.last
		delete(t.expected, e)
	}
}

// wait gives the moment at which the screen was there.
func (e *expectation) wait(ctx context.Context, timeout time.Duration) (time.Time, error) {
	defer func() {
		e.t.Lock()
		delete(e.t.expected, e)
		e.t.Unlock()
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	why := ""
	select {
	case at := <-e.at:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	case <-e.t.Drained:
		select {
		case at := <-e.at:
			return at, nil
		default:
		}
		why = "the program ended before"
	case <-timer.C:
		why = "within " + timeout.String() + " there was no"
	}
	return time.Time{}, fmt.Errorf("%s %s; the screen:\n%s", why, e.what, e.t.screen())
}

// await is expect and wait in one.
func (t *terminal) await(ctx context.Context, timeout time.Duration, what string, ok func(text string) bool) (time.Time, error) {
	return t.expect(what, ok).wait(ctx, timeout)
}

// close ends the program, whose end nobody here has a use for.
func (t *terminal) close() { _ = t.Close() }
