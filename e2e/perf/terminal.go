package perf

import (
	"context"
	"fmt"
	"image/color"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
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
	cmd    *exec.Cmd
	file   *os.File // our end of the pseudo-terminal
	began  time.Time
	drawn  chan struct{} // closed when the last byte is on the screen
	exited chan struct{}

	mu       sync.Mutex // guards what follows
	emulator *vt.Emulator
	last     time.Time // when the last bytes came
	text     string    // of the screen; "" after a change, until it is asked for
	bytes    int
	frames   int
	expected map[*expectation]bool
	onFrame  func(at time.Time, first bool, text string) // called for each read
}

// run starts a program with the clock at the moment before.
func run(kubeconfig, home string, argv ...string) (*terminal, error) {
	t := &terminal{
		emulator: vt.NewEmulator(cols, rows), drawn: make(chan struct{}), exited: make(chan struct{}),
		expected: map[*expectation]bool{},
	}
	t.cmd = exec.Command(argv[0], argv[1:]...)
	t.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TERM=xterm-256color", "COLORTERM=truecolor",
		"LANG=C.UTF-8", "KUBECONFIG=" + kubeconfig,
	}
	t.began = time.Now()
	file, err := pty.StartWithSize(t.cmd, &pty.Winsize{Cols: cols, Rows: rows})
	if err != nil {
		return nil, fmt.Errorf("start %q in a pseudo-terminal: %w", argv, err)
	}
	t.file = file
	go t.draw()
	go func() { _, _ = io.Copy(file, t.emulator) }() // the terminal's answers
	go func() {
		_ = t.cmd.Wait()
		close(t.exited)
	}()
	return t, nil
}

// draw puts what the program writes on the screen until the terminal is
// closed, which reads as an error.
func (t *terminal) draw() {
	defer close(t.drawn)
	buf := make([]byte, 64<<10)
	for {
		n, err := t.file.Read(buf)
		if n > 0 {
			t.take(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// take is one read: it is on the screen when the emulator has digested it.
func (t *terminal) take(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	came := time.Now()
	first := came.Sub(t.last) > frameGap
	if first {
		t.frames++
	}
	t.bytes += len(b)
	_, _ = t.emulator.Write(b)
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

// read fills t.text, a line for each row without trailing blanks.
func (t *terminal) read() string {
	if t.text != "" {
		return t.text
	}
	var all, line strings.Builder
	for y := range rows {
		line.Reset()
		ink := t.ink(y)
		for x := range cols {
			switch c := t.emulator.CellAt(x, y); {
			case c == nil || c.Content == "" && c.Width == 1:
				line.WriteByte(' ')
			case c.Content == " " && c.Style.Bg != nil && slices.Contains(ink, c.Style.Bg):
				line.WriteString("█")
			default: // the second half of a wide character has no content
				line.WriteString(c.Content)
			}
		}
		if y > 0 {
			all.WriteByte('\n')
		}
		all.WriteString(strings.TrimRight(line.String(), " "))
	}
	t.text = all.String()
	return t.text
}

// ink is the colours that half blocks in a row or its neighbours are written
// in. A full block of large digits is a blank with such a background; the
// middle row of some numbers, as 70, has no half block of its own.
func (t *terminal) ink(row int) []color.Color {
	var inks []color.Color
	for y := max(row-1, 0); y <= min(row+1, rows-1); y++ {
		for x := range cols {
			c := t.emulator.CellAt(x, y)
			if c != nil && (c.Content == "▀" || c.Content == "▄") && c.Style.Fg != nil && !slices.Contains(inks, c.Style.Fg) {
				inks = append(inks, c.Style.Fg)
			}
		}
	}
	return inks
}

// screen is the text of the screen now.
func (t *terminal) screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.read()
}

// written is how many bytes and frames the program has written so far.
func (t *terminal) written() (bytes, frames int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes, t.frames
}

// watchFrames has f called after every read, with the time at which it was on
// the screen and whether it began a frame. f must be quick; nil ends it.
func (t *terminal) watchFrames(f func(at time.Time, first bool, text string)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onFrame = f
}

// press sends keys as they are typed.
func (t *terminal) press(keys string) error {
	_, err := io.WriteString(t.file, keys)
	return err
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
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &expectation{t, what, ok, make(chan time.Time, 1)}
	t.expected[e] = true
	t.read()
	e.look(t)
	return e
}

// look is called with t.mu held and t.text read.
func (e *expectation) look(t *terminal) {
	if e.ok(t.text) {
		e.at <- t.last
		delete(t.expected, e)
	}
}

// wait gives the moment at which the screen was there.
func (e *expectation) wait(ctx context.Context, timeout time.Duration) (time.Time, error) {
	defer func() {
		e.t.mu.Lock()
		delete(e.t.expected, e)
		e.t.mu.Unlock()
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	why := ""
	select {
	case at := <-e.at:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	case <-e.t.drawn:
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

// close kills the program, and whatever it has started in its terminal, and
// waits for its end. A second time does no harm.
func (t *terminal) close() {
	select {
	case <-t.exited:
	default:
		_ = syscall.Kill(-t.cmd.Process.Pid, syscall.SIGKILL) // it fails if the program has just ended
	}
	<-t.exited
	_ = t.file.Close()
	<-t.drawn
	if w, ok := t.emulator.InputPipe().(io.Closer); ok { // the emulator's own Close is not safe beside its Read
		_ = w.Close()
	}
}
