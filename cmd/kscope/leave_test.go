package main

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
)

// TestLeavingIsBounded: what nobody hears is over after the grace, and what is
// asked for twice at once.
func TestLeavingIsBounded(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ask    func(*leaving)
		after  time.Duration
		status int
	}{
		{"a signal", func(l *leaving) { l.told(syscall.SIGTERM) }, grace, 143},
		{"ctrl+c", func(l *leaving) { l.told(os.Interrupt) }, grace, 130},
		{"a quit", func(l *leaving) { l.begin(0) }, grace, 0},
		{"a quit that is told again from within", func(l *leaving) { l.begin(0); time.Sleep(time.Second); l.begin(1) }, grace, 0},
		{"two signals", func(l *leaving) { l.told(syscall.SIGTERM); time.Sleep(time.Second); l.told(syscall.SIGHUP) }, time.Second, 143},
		{"a quit and a signal", func(l *leaving) { l.begin(0); time.Sleep(time.Second); l.told(syscall.SIGTERM) }, time.Second, 0},
		{"q unanswered", func(l *leaving) { (&answers{leaving: l, send: func(tea.Msg) {}}).typed([]byte("q")) }, grace, 0},
		{"^C unanswered", func(l *leaving) { (&answers{leaving: l}).typed([]byte("abc\x03")) }, grace, 0},
		{"^C twice", func(l *leaving) {
			a := &answers{leaving: l}
			a.typed([]byte("\x1b[99;5u"))
			time.Sleep(time.Second)
			a.typed([]byte("\x1b[27;5;99~"))
		}, time.Second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun, ended := time.Now(), make(chan int, 2)
				_, l := newLeaving(func(status int) { ended <- status })
				tt.ask(l)
				if status, after := <-ended, time.Since(begun); status != tt.status || after != tt.after {
					t.Errorf("it ended after %v with status %d, want %v and %d", after, status, tt.after, tt.status)
				}
			})
		})
	}
}

// TestAnsweredKeysLeaveAlone: a q or ^C that the screen has taken means what the
// screen makes of it, and a q among other text means nothing.
func TestAnsweredKeysLeaveAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := newLeaving(func(int) { t.Error("the program was ended by force") })
		var a *answers
		a = &answers{leaving: l, send: func(msg tea.Msg) {
			if got := a.filter(nil, msg); got != nil {
				t.Errorf("the screen got to see %v", got)
			}
		}}
		a.typed([]byte("q"))
		a.typed([]byte{3})
		key := tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
		if got := a.filter(nil, key); got != tea.Msg(key) {
			t.Errorf("the screen got %v", got)
		}
		a.send = func(tea.Msg) {}
		a.typed([]byte("quick"))
		time.Sleep(2 * grace)
	})
}

// A screen that stands still: who asks to leave is heard within two seconds, whatever
// was typed before; what else was typed is for the screen when it goes on; and what is
// typed when there is no screen any more is heard by nobody.
func TestHearingWhileTheScreenStandsStill(t *testing.T) {
	for _, tt := range []struct {
		name   string
		read   []string      // what the screen's reader got
		typed  []string      // what came after that, one at a time
		goesOn time.Duration // 0 for never
		over   bool          // the screen had ended when that was typed
		ends   bool
		in     bool   // the screen's reader was in a paste
		keys   string // that the screen has got in the end
		unread int    // what was typed and nobody has heard
	}{
		{name: "q after other keys", read: []string{"t"}, typed: []string{"tt", "ttq"}, ends: true},
		{name: "q with what was read", read: []string{"t", "tq"}, ends: true},
		{name: "^C", read: []string{"t"}, typed: []string{"a\x03b"}, ends: true},
		{name: "a word", read: []string{"/"}, typed: []string{"quick"}, ends: false},
		{name: "a paste", read: []string{"t"}, typed: []string{"\x1b[200~iq", "x q", "\x1b[201~"}, goesOn: 3 * time.Second, keys: ""},
		{name: "a paste and keys, in pieces", read: []string{"t"}, typed: []string{"a\x1b[2", "00~i\x03xq\x1b[20", "1~b"}, goesOn: 3 * time.Second, keys: "ab"},
		{name: "the rest of a paste", read: []string{"t"}, typed: []string{"iq", "q\x1b[201~b"}, in: true, goesOn: 3 * time.Second, keys: "b"},
		{name: "q after a paste", read: []string{"t"}, typed: []string{"\x1b[200~i\x1b[201~", "q"}, ends: true},
		{name: "it goes on", read: []string{"t"}, typed: []string{"ab", "q"}, goesOn: 1500 * time.Millisecond, keys: "abq"},
		{name: "it goes on at once", read: []string{"t"}, typed: []string{"ab"}, goesOn: time.Millisecond, unread: 1},
		{name: "there is none", read: []string{"t"}, typed: []string{"q"}, over: true, unread: 1},
		{name: "the input ends", read: []string{"t"}, typed: []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var ended time.Duration
				_, l := newLeaving(func(int) { ended = time.Since(begun) })
				typed, answer, keys := make(chan string, 9), make(chan bool), ""
				var a *answers
				bounds := &pastes{now: time.Now, in: tt.in, known: tt.in, began: begun, last: begun.Add(standsStill)}
				a = &answers{leaving: l, keys: bounds.heard,
					send: func(msg tea.Msg) {
						<-answer
						if key, ok := a.filter(nil, msg).(tea.KeyPressMsg); ok {
							keys += key.String()
						}
					},
					hear: func(within time.Duration) ([]byte, bool) {
						select {
						case text := <-typed:
							return []byte(text), text != ""
						case <-time.After(within):
							return nil, true
						}
					},
				}
				for _, text := range tt.read {
					a.typed([]byte(text))
				}
				if tt.over {
					a.filter(nil, tea.QuitMsg{})
				}
				for _, text := range tt.typed {
					typed <- text
				}
				if tt.goesOn > 0 {
					time.AfterFunc(tt.goesOn, func() { close(answer) })
				}
				time.Sleep(time.Minute)
				if tt.goesOn == 0 {
					a.end()
					close(answer) // as when the program ends
				}
				time.Sleep(time.Second) // nothing is heard any longer
				synctest.Wait()
				if tt.ends != (ended > 0 && !tt.over) || ended > grace+standsStill/2 {
					t.Errorf("it ended after %v", ended)
				}
				if tt.goesOn > 0 && keys != tt.keys || len(typed) != tt.unread {
					t.Errorf("the screen got %q, want %q; %d were not read, want %d", keys, tt.keys, len(typed), tt.unread)
				}
			})
		})
	}
}

// TestAwait: what knows no context is not waited for.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		forever := make(chan struct{})
		if n, err := await(ctx, func() (int, error) { <-forever; return 1, nil }); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %d, %v", n, err)
		}
		close(forever)
		if n, err := await(t.Context(), func() (int, error) { return 7, nil }); n != 7 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	})
}

// TestAtLast: what hangs costs no ledger; and what is done last may hang or fail, too,
// and who asks twice does not wait for it.
func TestAtLast(t *testing.T) {
	for name, tt := range map[string]struct {
		last   func() error
		leave  func(l *leaving)
		takes  time.Duration
		done   bool
		status int
	}{
		"something hangs": {func() error { return nil }, func(l *leaving) { l.now() }, 0, true, 0},
		"it hangs itself": {func() error { time.Sleep(time.Minute); return nil }, func(l *leaving) { l.now() }, aMoment, false, 1},
		"it fails":        {func() error { panic("torn") }, func(l *leaving) { l.now() }, 0, false, 1},
		"it cannot be":    {func() error { return errors.New("no room") }, func(l *leaving) { l.now() }, 0, true, 1},
		"asked again":     {func() error { return nil }, func(l *leaving) { l.atOnce() }, 0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var done atomic.Bool
				status, begun := -1, time.Now()
				_, l := newLeaving(func(code int) { status = code })
				l.atLast(func() error {
					err := tt.last()
					done.Store(true)
					return err
				})
				tt.leave(l)
				if took := time.Since(begun); status != tt.status || done.Load() != tt.done || took != tt.takes {
					t.Errorf("status %d, done %v, after %v", status, done.Load(), took)
				}
				time.Sleep(time.Hour) // what hangs ends, too
			})
		})
	}
}
