package sandbox_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCrash kills the program from each kind of goroutine there is: the terminal
// is given back, a line says where the trace is and what to do with it, nothing
// of it is on the screen, and the status tells of a failure.
func TestCrash(t *testing.T) {
	for _, tt := range []struct{ name, key, trace string }{
		{"Update", "\x1bOP", "planted in Update"},
		{"View", "\x1bOQ", "planted in View"},
		{"a command", "\x1bOR", "planted in a command"},
		{"one of several commands", "\x1bOS", "planted in one of several commands"},
		{"a goroutine of our own", "\x1b[15~", "planted in a goroutine"},
		{"a handler of an informer", "\x1b[17~", "planted in a handler of an informer"},
		{"a fatal error", "\x1b[18~", "unlock of unlocked mutex"},
		{"a stack without end", "\x1b[19~", "stack exceeds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := runInShell(t, planted(t), `exec $K sandbox`)
			s.WaitFor(patience, "screen", has("asleep"))
			s.Type(tt.key)
			if status := s.end(t, patience); status == 0 {
				t.Error("the exit status is 0")
			}
			text := s.Text()
			m := regexp.MustCompile(`(?m)^kscope: stopped by a defect of its own; please send (\S+) to https://\S+$`).FindStringSubmatch(text)
			if m == nil || !has("before\nkscope:")(text) || strings.Contains(text, "goroutine 1 ") {
				t.Fatalf("the terminal shows:\n%s", text)
			}
			b, err := os.ReadFile(m[1])
			if err != nil || !strings.HasPrefix(string(b), "kscope ") || !strings.Contains(string(b), tt.trace) || !strings.Contains(string(b), "goroutine ") {
				t.Errorf("%v, the trace:\n%s", err, b)
			}
			if info, err := os.Stat(m[1]); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, others may read the trace: %v", err, info.Mode())
			}
		})
	}
}

// TestNoTraceOfNoCrash: who ends well leaves no file and no process.
func TestNoTraceOfNoCrash(t *testing.T) {
	t.Parallel()
	s := runInShell(t, binary, `exec $K sandbox`)
	s.WaitFor(patience, "screen", has("asleep"))
	s.Press("q")
	if status := s.end(t, atMost); status != 0 {
		t.Errorf("exit status %d", status)
	}
	s.Exit(patience) // and with it the terminal, which a process could keep open
	if files, _ := filepath.Glob(filepath.Join(s.home, "kscope-crash*")); len(files) > 0 {
		t.Errorf("it left %q", files)
	}
}
