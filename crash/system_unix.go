//go:build unix

package crash

import (
	"os"
	"os/signal"
	"runtime"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// ignoreSignals leaves the monitor alive whatever the terminal or a shell sends
// to all that run in it, and lets it set the terminal from the background.
func ignoreSignals() {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGXFSZ)
}

// narrow makes a pipe hold less than any trace has, where that can be had.
func narrow(w *os.File) {
	const setPipeSize, page = 1031, 4096 // F_SETPIPE_SZ
	if runtime.GOOS == "linux" {
		_, _ = unix.FcntlInt(w.Fd(), setPipeSize, page)
	}
}

// silence sends what is written to stderr, if that is a terminal, to a file that
// has no name and is nil where there can be none, until aloud is called.
func silence() (aloud func(), unseen *os.File) {
	aloud = func() {}
	if !term.IsTerminal(2) {
		return aloud, nil
	}
	unseen, err := os.CreateTemp("", "kscope-stderr-*")
	if err == nil {
		_ = os.Remove(unseen.Name())
	} else if unseen, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return aloud, nil
	}
	was, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil || unix.Dup2(int(unseen.Fd()), 2) != nil {
		return aloud, unseen
	}
	return func() {
		_ = unix.Dup2(was, 2)
		_ = unix.Close(was)
	}, unseen
}
