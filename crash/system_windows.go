package crash

import (
	"os"
	"os/signal"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/windows"
)

// ignoreSignals leaves the monitor alive when the console interrupts all that
// run in it.
func ignoreSignals() { signal.Ignore(os.Interrupt) }

// narrow makes a pipe hold less than any trace has, which cannot be had here.
func narrow(*os.File) {}

// silence sends what is written to stderr, if that is a terminal, nowhere until
// aloud is called. No file can be handed to a process here.
func silence() (aloud func(), unseen *os.File) {
	aloud = func() {}
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil || !term.IsTerminal(os.Stderr.Fd()) {
		return aloud, nil
	}
	was, file := windows.Handle(os.Stderr.Fd()), os.Stderr
	if err := windows.SetStdHandle(windows.STD_ERROR_HANDLE, windows.Handle(nowhere.Fd())); err != nil {
		return aloud, nil
	}
	os.Stderr = nowhere
	return func() {
		_ = windows.SetStdHandle(windows.STD_ERROR_HANDLE, was)
		os.Stderr = file
	}, nil
}
