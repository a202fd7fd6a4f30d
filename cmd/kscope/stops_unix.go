//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

// stops is how the screen is stopped and goes on: by ^Z, by a signal from
// outside, or without being asked.
type stops struct {
	asked atomic.Bool // the screen has let go of the terminal, or is about to
}

// listen has the screen let go of the terminal when it is told to stop, and
// draw anew when it goes on although it has not let go, until ctx is done.
//
// Go cannot leave a signal to the kernel again that it has once taken. So when
// the screen has let go, and sends SIGTSTP to all that runs with it, this
// process has to stop itself.
func (s *stops) listen(ctx context.Context, send func(tea.Msg)) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGCONT)
	if !signal.Ignored(unix.SIGTSTP) && canStop() {
		signal.Notify(signals, unix.SIGTSTP)
	}
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case sig := <-signals:
				stop, asked := sig == unix.SIGTSTP, s.asked.Load()
				switch {
				case stop && asked:
					_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
				case stop:
					send(tea.SuspendMsg{})
				case asked:
					s.asked.Store(false)
				default:
					send(tea.Exec(nothing{}, func(error) tea.Msg { return tea.ClearScreen() })())
				}
			}
		}
	}()
}

// suspend is called before the screen lets go of the terminal and stops the
// process; false forbids it.
func (s *stops) suspend() bool {
	if signal.Ignored(unix.SIGTSTP) || !canStop() {
		return false
	}
	s.asked.Store(true)
	return true
}

// letSet lets the terminal be set from the background, where a shell has gone on: who
// tries it is stopped otherwise, and stays.
func letSet() { signal.Ignore(unix.SIGTTOU) }

// atOnce opens a file without waiting for who reads it.
const atOnce = unix.O_NONBLOCK

// canStop reports whether there is a shell to go on from: the kernel does not
// stop what leads its session.
func canStop() bool {
	leader, err := unix.Getsid(0)
	return err != nil || leader != os.Getpid()
}

// nothing is a command for which the screen gives the terminal away and takes
// it again, as a shell may have left it.
type nothing struct{}

func (nothing) Run() error          { return nil }
func (nothing) SetStdin(io.Reader)  {}
func (nothing) SetStdout(io.Writer) {}
func (nothing) SetStderr(io.Writer) {}

// hearing is what comes of an input in a while; false once it has ended.
func hearing(in *os.File) func(within time.Duration) ([]byte, bool) {
	return func(within time.Duration) ([]byte, bool) {
		ready := []unix.PollFd{{Fd: int32(in.Fd()), Events: unix.POLLIN}}
		switch n, err := unix.Poll(ready, int(within.Milliseconds())); {
		case errors.Is(err, unix.EINTR) || err == nil && n == 0:
			return nil, true
		case err != nil:
			return nil, false
		}
		b := make([]byte, 256)
		n, err := unix.Read(int(in.Fd()), b)
		return b[:max(n, 0)], n > 0 || errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN)
	}
}
