package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/kscope/kscope/crash"
)

// grace is how long everything has to end by itself once the program is to end,
// so that with what the terminal takes it is two seconds at the most.
const grace = 1500 * time.Millisecond

// leaving sees to it that the program ends when it is asked to, whatever waits
// for what: everything is told, has a while, and is then left where it stands
// and the terminal given back. Asked again the program ends at once.
type leaving struct {
	tell func()           // everything to end
	exit func(status int) // ends the process

	signalled chan struct{} // closed at the first signal

	mu       sync.Mutex
	begun    bool
	status   int             // with which it ends by force
	signal   int             // the exit status by which a shell tells of it, 0 without one
	terminal *crash.Terminal // that a screen has, nil for none
	last     func() error    // what is done before it ends by force, nil for nothing; see atLast
}

// aMoment is how long what is done last may take.
const aMoment = 200 * time.Millisecond

// newLeaving gives the context that ends when the program is to end.
func newLeaving(exit func(int)) (context.Context, *leaving) {
	ctx, cancel := context.WithCancel(context.Background())
	return ctx, &leaving{tell: cancel, exit: exit, signalled: make(chan struct{})}
}

// listen leaves at the signals that ask for it.
func (l *leaving) listen() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	c := make(chan os.Signal, 2)
	signal.Notify(c, signals...)
	go func() {
		for s := range c {
			l.told(s)
		}
	}()
}

func (l *leaving) told(s os.Signal) {
	letSet() // the terminal be given back, whoever has it by now
	status := 1
	if n, ok := s.(syscall.Signal); ok {
		status = 128 + int(n)
	}
	l.mu.Lock()
	if l.signal == 0 {
		close(l.signalled)
	}
	l.signal = status
	if l.terminal != nil {
		status = 0 // to leave a screen is no failure
	}
	l.mu.Unlock()
	first := l.begin(status)
	l.tell()
	if !first {
		l.atOnce()
	}
}

// begin starts the time that everything has to end, unless it has been started.
func (l *leaving) begin(status int) (first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun {
		return false
	}
	l.begun, l.status = true, status
	time.AfterFunc(grace, l.now)
	return true
}

// now ends the process, since something hangs. The lock is kept, so that nobody takes
// the terminal.
func (l *leaving) now() {
	l.mu.Lock()
	if l.terminal != nil {
		l.terminal.GiveBack("")
	}
	if l.last != nil {
		failed := make(chan bool, 1)
		go func() {
			fails := true
			defer func() {
				_ = recover() // it may be what hangs
				failed <- fails
			}()
			fails = l.last() != nil
		}()
		select {
		case fails := <-failed:
			if fails {
				l.status = max(l.status, 1)
			}
		case <-time.After(aMoment):
			l.status = max(l.status, 1)
		}
	}
	l.exit(l.status)
}

// atOnce ends the process for who asks again, whatever is under way.
func (l *leaving) atOnce() {
	l.mu.Lock()
	if l.terminal != nil {
		l.terminal.GiveBack("")
	}
	l.exit(l.status)
}

// atLast says what is done where something hangs and the process ends by force, if it
// takes no longer than aMoment: nil for nothing. Where it is not done, the exit status
// says so, since nobody else can.
func (l *leaving) atLast(f func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = f
}

// hold says that a screen has the terminal, or with nil has it no more.
func (l *leaving) hold(t *crash.Terminal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.terminal = t
}

// underWay is how long a signal may take to be heard of. One from the terminal
// goes to a credential plugin as well, and that it has ended may be heard of first.
const underWay = 20 * time.Millisecond

// interrupted is the exit status that tells of a signal, 0 if there was none.
func (l *leaving) interrupted() int {
	select {
	case <-l.signalled:
	case <-time.After(underWay):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.signal
}

// await waits for f, but not longer than for the context: what knows no context
// is left behind.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := f()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
