package screen

import "time"

// WaitFor looks at the screen every few milliseconds until ok says that it
// shows what is waited for, and returns that screen. It fails the test, with
// the last screen, when the time is up or when the program has ended and left
// a screen that will not change any more.
func (s *Screen) WaitFor(timeout time.Duration, what string, ok func(text string) bool) string {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(timeout); ; <-tick.C {
		over := s.over()
		text := s.Text()
		switch {
		case ok(text):
			return text
		case over:
			s.t.Fatalf("the program ended before %s; its last screen:\n%s", what, text)
		case time.Now().After(deadline):
			s.t.Fatalf("no %s within %s; the screen:\n%s", what, timeout, text)
		}
	}
}

// over reports whether nothing more will come.
func (s *Screen) over() bool {
	select {
	case <-s.terminal.Drained:
		return true
	default:
		return false
	}
}

// Settle waits until the program has written nothing for a while.
func (s *Screen) Settle(timeout, quiet time.Duration) {
	s.t.Helper()
	s.WaitFor(timeout, "pause of "+quiet.String()+" in what the program writes", func(string) bool { return s.Quiet() >= quiet })
}
