package sandbox_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kscope/kscope/e2e/screen"
)

// TestStopAndGoOn: stopped by a key, by a signal, or without a chance to let go
// of the terminal, the screen is whole again when it goes on.
func TestStopAndGoOn(t *testing.T) {
	for _, tt := range []struct {
		name string
		stop func(*testing.T, inShell)
		goes bool // lets go of the terminal before
	}{
		{"^Z", func(_ *testing.T, s inShell) { s.Press("ctrl+z") }, true},
		{"TSTP", func(t *testing.T, s inShell) { s.send(t, syscall.SIGTSTP) }, true},
		{"STOP", func(t *testing.T, s inShell) { s.send(t, syscall.SIGSTOP) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			env := []string{"HOME=" + home, "TMPDIR=" + home, "K=" + binary, "PS1=prompt>"}
			s := inShell{screen.Start(t, screen.Options{Cols: 120, Rows: 35, Env: env}, "/bin/bash", "--norc", "--noediting", "-i"), home}
			s.WaitFor(patience, "prompt", has("prompt>"))
			s.Type("sh -c 'echo $$ >$HOME/pid; exec $K sandbox --no-color'\r")
			s.WaitFor(patience, "screen", has("asleep", "q quit"))
			for range 2 {
				tt.stop(t, s)
				s.WaitFor(patience, "the shell", has("Stopped"))
				if tt.goes {
					s.isGivenBack(t)
					if text := s.Text(); strings.Contains(text, "asleep") {
						t.Errorf("stopped, the terminal shows:\n%s", text)
					}
				}
				s.Type("fg\r")
				s.WaitFor(patience, "the screen again", func(text string) bool {
					return has("asleep", "SANDBOX", "Timeline", "q quit")(text) && lacks("Stopped", "fg", "prompt")(text)
				})
			}
			s.Press("q")
			s.WaitFor(patience, "the shell", func(text string) bool { return strings.HasSuffix(strings.TrimSpace(text), "\nprompt>") })
			s.Type("stty -a | grep -c -w -e 'icanon' -e 'echo'; echo status=$?\r")
			s.WaitFor(patience, "modes as they were", has("status=0"))
			s.isGivenBack(t)
			untilFile(t, filepath.Join(home, "pid"))
		})
	}
}

// send sends the program a signal.
func (s inShell) send(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(s.pid(t), sig); err != nil {
		t.Fatal(err)
	}
}
