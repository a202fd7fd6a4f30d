package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/screen"
)

// within is how soon a fault must be answered.
const within = 10 * time.Second

// A file that cannot be read, or holds nothing to run, is told of before the
// screen opens.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(name, to string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name string
		args []string
		says string
	}{
		{"unreadable", []string{"-f", "/proc/self/mem"}, "input/output error"},
		{"empty file", []string{"-f", write("empty.yaml", "")}, "no manifests in"},
		{"symlink to itself", []string{"-f", link("loop.yaml", "loop.yaml")}, "too many levels of symbolic links"},
		{"symlink to nowhere", []string{"-f", link("gone.yaml", "nowhere.yaml")}, "no such file or directory"},
		{"a binary", []string{"-f", write("binary.yaml", "\x7fELF\x02\x01\x01\x00\xff\xfe\x00")}, "binary.yaml"},
		{"log into a directory", []string{"--log", dir}, "is a directory"},
		{"log into nowhere", []string{"--log", filepath.Join(dir, "none", "log")}, "no such file or directory"},
		{"log that is a symlink to itself", []string{"--log", link("loop.log", "loop.log")}, "too many levels of symbolic links"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := screen.Start(t, screen.Options{Cols: 400, Rows: 20}, append([]string{binary, "sandbox"}, tt.args...)...)
			if code := s.Exit(within); code != 1 {
				t.Errorf("exit status %d, want 1", code)
			}
			if text := s.Text(); !has("kscope: ", tt.says)(text) {
				t.Errorf("want %q in:\n%s", tt.says, text)
			}
		})
	}
	t.Run("symlink to its own directory", func(t *testing.T) {
		t.Parallel()
		own := t.TempDir()
		if err := os.WriteFile(filepath.Join(own, "all.yaml"), []byte(deployment+"---"+scaledObject), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(own, filepath.Join(own, "again")); err != nil {
			t.Fatal(err)
		}
		sandbox(t, "-f", own).WaitFor(within, "what is in it", has("shop/mill"))
	})
	t.Run("huge", func(t *testing.T) {
		t.Parallel()
		var all strings.Builder
		all.WriteString(deployment + "---" + scaledObject)
		for i := range 2000 {
			fmt.Fprintf(&all, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d, namespace: shop}\ndata: {x: %s}\n", i, strings.Repeat("x", 1000))
		}
		path := filepath.Join(t.TempDir(), "huge.yaml")
		if err := os.WriteFile(path, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		sandbox(t, "-f", path).WaitFor(within, "what is in it", has("shop/mill"))
	})
	t.Run("disk full", func(t *testing.T) {
		t.Parallel()
		s := sandbox(t, "--log", "/dev/full")
		s.WaitFor(within, "the screen all the same", has("asleep"))
		s.Press("q")
		if code := s.Exit(within); code != 0 {
			t.Errorf("exit status %d, want 0", code)
		}
	})
}

// Signals that a terminal or a person sends.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		sig  syscall.Signal
		ends bool
	}{{"INT", syscall.SIGINT, true}, {"TERM", syscall.SIGTERM, true}, {"HUP", syscall.SIGHUP, true}, {"QUIT", syscall.SIGQUIT, true}, {"KILL", syscall.SIGKILL, true},
		{"WINCH", syscall.SIGWINCH, false}, {"PIPE", syscall.SIGPIPE, false}, {"CONT", syscall.SIGCONT, false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sandbox(t)
			s.WaitFor(within, "sleep", has("asleep"))
			s.Signal(tt.sig)
			if tt.ends {
				s.Exit(within)
				if raw := string(s.Raw()); !strings.Contains(raw, "\x1b[?1049l") || has("Timeline")(s.Text()) {
					t.Errorf("the terminal is not given back:\n%s", s.Text())
				}
				if asked := has("kscope: ended by SIGQUIT; ")(s.Text()); asked != (tt.sig == syscall.SIGQUIT) || has("defect")(s.Text()) {
					t.Errorf("it says:\n%s", s.Text())
				}
				return
			}
			s.Press("+", "i")
			s.WaitFor(within, "the next key", has("pushed 100 jobs"))
		})
	}
	t.Run("STOP and CONT", func(t *testing.T) {
		t.Parallel()
		s := sandbox(t)
		s.WaitFor(within, "sleep", has("asleep"))
		s.Signal(syscall.SIGSTOP)
		s.Press("+", "i")
		s.Signal(syscall.SIGCONT)
		s.WaitFor(within, "the keys that were pressed meanwhile", has("pushed 100 jobs"))
	})
}

// TestLeavingAStalledTerminal: one that takes nothing is given back once it takes
// something again, however the program ended.
func TestLeavingAStalledTerminal(t *testing.T) {
	t.Parallel()
	for how, leave := range map[string]func(s *screen.Screen){
		"q":      func(s *screen.Screen) { s.Press("q") },
		"ctrl+c": func(s *screen.Screen) { s.Press("ctrl+c") },
		"TERM":   func(s *screen.Screen) { s.Signal(syscall.SIGTERM) },
		"KILL":   func(s *screen.Screen) { s.Signal(syscall.SIGKILL) },
		"QUIT":   func(s *screen.Screen) { s.Signal(syscall.SIGQUIT) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := sandbox(t)
			s.WaitFor(within, "sleep", has("asleep"))
			again := s.Stall(within, "?") // opens and closes the help
			leave(s)
			select {
			case <-s.Ended():
				again()
			case <-time.After(within):
				again()
				t.Fatal("it does not end")
			}
			s.Exit(within)
			if raw := string(s.Raw()); !strings.Contains(raw, "\x1b[?1049l") || !strings.Contains(raw, "\x1b[?25h") || has("Timeline")(s.Text()) {
				t.Errorf("the terminal is not given back:\n%s", s.Text())
			}
			if asked := has("kscope: ended by SIGQUIT; ")(s.Text()); asked != (how == "QUIT") {
				t.Errorf("it says:\n%s", s.Text())
			}
		})
	}
}

// What a terminal can do to who draws on it.
func TestOddTerminals(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, o screen.Options) *screen.Screen {
		return screen.Start(t, o, binary, "sandbox")
	}
	t.Run("1x1", func(t *testing.T) {
		t.Parallel()
		s := start(t, screen.Options{Cols: 1, Rows: 1})
		s.Settle(within, 200*time.Millisecond)
		s.Resize(120, 35)
		s.WaitFor(within, "whole screen", has("asleep", "Timeline"))
	})
	t.Run("resize storm", func(t *testing.T) {
		t.Parallel()
		s := start(t, screen.Options{Cols: 120, Rows: 35})
		s.WaitFor(within, "sleep", has("asleep"))
		for i := range 300 {
			s.Resize(1+i*7%200, 1+i*5%60)
		}
		s.Resize(120, 35)
		s.WaitFor(within, "whole screen", has("asleep", "Timeline", "SANDBOX"))
	})
	t.Run("paste storm", func(t *testing.T) {
		t.Parallel()
		s := start(t, screen.Options{Cols: 120, Rows: 35})
		s.WaitFor(within, "sleep", has("asleep", "none"))
		go s.Type("\x1b[200~" + strings.Repeat("iiiiqqqq ", 20_000) + "\x1b[201~")
		s.WaitFor(within, "no end, and no job", has("asleep"))
		s.Press("?")
		s.WaitFor(within, "the next key", has("Keys"))
	})
	t.Run("TERM=dumb", func(t *testing.T) {
		t.Parallel()
		s := start(t, screen.Options{Cols: 200, Rows: 10, Env: []string{"TERM=dumb"}})
		if code := s.Exit(within); code != 1 || !has("TERM is dumb", "hint:")(s.Text()) {
			t.Errorf("exit status %d:\n%s", code, s.Text())
		}
	})
	t.Run("NO_COLOR", func(t *testing.T) {
		t.Parallel()
		s := start(t, screen.Options{Cols: 120, Rows: 35, Env: []string{"NO_COLOR=1"}})
		s.WaitFor(within, "sleep", has("asleep"))
		if strings.Contains(string(s.Raw()), "\x1b[38;") {
			t.Error("colours reached the terminal")
		}
	})
}
