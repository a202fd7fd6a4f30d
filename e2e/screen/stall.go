package screen

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Stall lets the terminal take nothing more, as over a connection that is lost, and
// types until the program waits for it. Nothing may be asked of the screen until
// again has been called.
func (s *Screen) Stall(timeout time.Duration, typed string) (again func()) {
	s.t.Helper()
	s.terminal.Lock()
	deadline := time.Now().Add(timeout)
	for !s.waitsInWrite() {
		if err := s.terminal.Type(typed); err != nil || time.Now().After(deadline) {
			s.terminal.Unlock()
			s.t.Fatalf("the terminal takes nothing, and after %s the program does not wait for it (%v)", timeout, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return s.terminal.Unlock
}

// waitsInWrite reports whether a thread of the program is in the system call that writes.
func (s *Screen) waitsInWrite() bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", s.PID()))
	for _, name := range threads {
		if b, _ := os.ReadFile(name); strings.HasPrefix(string(b), fmt.Sprintf("%d ", syscall.SYS_WRITE)) {
			return true
		}
	}
	return false
}
