package dashboard_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kscope/kscope/e2e/screen"
)

// TestWindowSizes drags the window of a screen through sizes it was not made
// for, and back.
func TestWindowSizes(t *testing.T) {
	t.Parallel()
	w := scaledWorker{namespace: newNamespace(t, "sizes")}
	w.start(t)
	waitForReplicas(t, w.namespace, w.name, 0)
	atZero := chainIs(links{"0", "inactive", "resting", "0/0", "0 ready"})

	whole := both(atZero, has("Why", "Next", "Pods", "Timeline", "now", "quit"))

	s := kscope(t, screen.Options{Cols: 20, Rows: 5, Env: []string{"NO_COLOR=1"}}, "-n", w.namespace)
	s.WaitFor(patience, "numbers in a tiny window", has("0/0 ready", "asleep"))
	s.Resize(120, 35)
	s.WaitFor(patience, "whole screen", whole)
	s.Resize(40, 10)
	s.WaitFor(patience, "narrow screen", both(has("inactive", "resting", "0/0"), lacks("Timeline")))
	s.Resize(120, 35)
	s.WaitFor(patience, "whole screen again", whole)
	s.Resize(80, 24)
	s.WaitFor(patience, "everything essential at 80x24", whole)

	for cols := 120; cols > 0; cols -= 7 {
		s.Resize(cols, max(cols/3, 1))
		s.Press("?", "1", "t", "f", "c", "?", "f", "t") // every shape of screen at every size
	}
	s.Resize(200, 55)
	s.WaitFor(patience, "side by side", both(atZero, has("Timeline", "Pods")))
	s.Press("q")
	if got := s.Exit(patience); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
}

// However kscope ends, the shell it was started from gets its terminal back as
// it was. A signal goes to kscope alone, as from kill.
func TestTerminalIsGivenBack(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "endings")
	script := `echo before; stty -a >$HOME/before
		(echo $BASHPID >$HOME/pid; exec "$0" -n ` + ns + `)
		echo status=$?; stty -a >$HOME/after; cmp $HOME/before $HOME/after && echo same modes`
	for name, status := range map[string]string{"q": "0", "ctrl+c": "0", "SIGTERM": "0", "SIGINT": "0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			s := screen.Start(t, screen.Options{Cols: 100, Rows: 30, Env: []string{"KUBECONFIG=" + c.Kubeconfig, "HOME=" + home}}, "/bin/bash", "-c", script, binary)
			s.WaitFor(patience, "screen", has("There is no ScaledObject"))
			switch name {
			case "SIGTERM", "SIGINT":
				kill(t, filepath.Join(home, "pid"), map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT}[name])
			default:
				s.Press(name)
			}
			s.Exit(patience)
			if text := s.Text(); !has("before", "status="+status, "same modes")(text) || has("ScaledObject")(text) {
				t.Errorf("the terminal shows:\n%s", text)
			}
		})
	}
}

func kill(t *testing.T, pidFile string, sig syscall.Signal) {
	t.Helper()
	b, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// Colours and characters beyond ASCII are left out where they are not wanted.
func TestPlainTerminals(t *testing.T) {
	t.Parallel()
	w := scaledWorker{namespace: newNamespace(t, "plain"), jobSeconds: "600", max: 2}
	w.start(t)
	push(t, w.list, 20)
	waitForReplicas(t, w.namespace, w.name, 2)
	colour := regexp.MustCompile(`\x1b\[(\d+[;:])*(3[0-8]|4[0-8]|9[0-7]|10[0-7])([;:]\d+)*m`)
	beyond := regexp.MustCompile(`[^\x00-\x7f]+`)
	for _, tc := range []struct {
		name, arg, env string
		never          *regexp.Regexp
	}{
		{"NO_COLOR", "", "NO_COLOR=1", colour},
		{"flag for no colour", "--no-color", "", colour},
		{"locale C", "", "LANG=C", beyond},
		{"flag for ASCII", "--ascii", "", beyond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-n", w.namespace}, strings.Fields(tc.arg)...)
			s := kscope(t, screen.Options{Env: strings.Fields(tc.env)}, args...)
			s.WaitFor(patience, "numbers", has("18", "2/2", "2 ready"))
			s.Press("?")
			s.WaitFor(patience, "help", has("Keys"))
			if found := tc.never.Find(s.Raw()); found != nil {
				t.Errorf("%q reached the terminal", bytes.Clone(found))
			}
		})
	}
}
