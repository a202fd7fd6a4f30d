package dashboard_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kscope/kscope/e2e/screen"
)

// What cannot be meant, or cannot work, is refused before the screen opens: a
// line that says what is wrong, a line with what to do, and an exit status of 2
// where the command was typed wrong and 1 where it was not.
func TestRefusals(t *testing.T) {
	t.Parallel()
	garbage := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(garbage, []byte("this: is: not a kubeconfig"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		args  string
		env   string
		exit  int
		says  string
		hints string
	}{
		{"no kubeconfig", "-n demo", "KUBECONFIG=/nowhere/config", 1, "no cluster: there is no kubeconfig", "KUBECONFIG"},
		{"broken kubeconfig", "-n demo", "KUBECONFIG=" + garbage, 1, "read kubeconfig", "--kubeconfig"},
		{"unknown context", "--context elsewhere", "", 1, `context "elsewhere" is not in the kubeconfig`, "known contexts: kscope-e2e"},
		{"unknown flag", "--colour", "", 2, "unknown flag: --colour", "kscope --help"},
		{"unknown flag of a command", "demo up --colour", "", 2, "unknown flag: --colour", "--help"},
		{"two names", "one two", "", 2, "one NAME at most", "kscope --help"},
		{"bad selector", "-l ==", "", 2, "--selector", "kscope --help"},
		{"no theme", "--theme pink", "", 2, "want dark or light", "kscope --help"},
		{"too often", "--redis-interval 1ms", "", 2, "50ms at least", "kscope --help"},
		{"not Redis", "--redis http://127.0.0.1:1", "", 2, "--redis: want HOST:PORT", "kscope --help"},
		{"password in a flag", "--redis redis://:hunter2@127.0.0.1:1", "", 2, "a password does not belong on the command line", ""},
		{"password beside a user", "--redis redis://me:hunter2@127.0.0.1:1/x", "", 2, "KSCOPE_REDIS_PASSWORD", ""},
		{"dumb terminal", "-n demo", "TERM=dumb", 1, "TERM is dumb", "set TERM"},
		{"log nowhere", "-n demo --log /nowhere/kscope.log", "", 1, "--log", "directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			// Wide, so that no line is broken.
			s := kscope(t, screen.Options{Cols: 400, Rows: 20, Env: strings.Fields(tc.env)}, strings.Fields(tc.args)...)
			if got := s.Exit(patience); got != tc.exit {
				t.Errorf("exit status %d, want %d", got, tc.exit)
			}
			lines := strings.Split(strings.TrimSpace(s.Text()), "\n")
			if len(lines) != 2 || !strings.HasPrefix(lines[0], "kscope: ") || !strings.Contains(lines[0], tc.says) ||
				!strings.HasPrefix(lines[1], "hint: ") || !strings.Contains(lines[1], tc.hints) {
				t.Errorf("got:\n%s\nwant a line with %q and a hint with %q", s.Text(), tc.says, tc.hints)
			}
			if raw := s.Raw(); bytes.Contains(raw, []byte("hunter2")) {
				t.Error("the password is repeated")
			} else if bytes.ContainsRune(raw, '\x1b') {
				t.Errorf("escape sequences without a screen: %q", raw)
			}
		})
	}
}

func TestNoTerminal(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(binary, "-n", "demo")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout has %q", stdout.String())
	}
	if text := stderr.String(); !has("stdout is not one", "hint: run it in a terminal")(text) {
		t.Errorf("stderr has %q", text)
	}
}

// What is not there may still come, so the screen says what is missing and
// stays.
func TestNothingToShow(t *testing.T) {
	t.Parallel()
	empty := newNamespace(t, "empty")
	for _, tc := range []struct {
		name, args string
		says       []string
	}{
		{"empty namespace", "-n " + empty, []string{"There is no ScaledObject in namespace " + empty, "as soon as it exists", "kscope demo up"}},
		{"no such namespace", "-n no-such-place", []string{"Namespace no-such-place does not exist", "kubectl get namespaces"}},
		{"no such name", "-n " + empty + " ghost", []string{"There is no ScaledObject ghost in namespace " + empty, "as soon as it exists"}},
		{"nothing has the label", "-A -l app=ghost", []string{"There is no ScaledObject in any namespace"}},
		{"no server", "-n " + empty + " --server https://127.0.0.1:1", []string{"The API server does not answer", "connection refused", "is this the right context?"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := kscope(t, screen.Options{}, strings.Fields(tc.args)...)
			s.WaitFor(patience, "message", has(tc.says...))
			s.Press("i", "enter", "+", "t", "!", "space", "f", "1") // keys without anything to act on
			s.Press("?")
			s.WaitFor(patience, "help", has("Keys", "quit"))
			s.Press("esc") // and q at once would be alt+q
			s.WaitFor(patience, "end of the help", lacks("Keys"))
			s.Press("q")
			if got := s.Exit(patience); got != 0 {
				t.Errorf("exit status %d, want 0", got)
			}
		})
	}
	t.Run("it comes after all", func(t *testing.T) {
		t.Parallel()
		ns := newNamespace(t, "late")
		s := kscope(t, screen.Options{}, "-n", ns)
		s.WaitFor(patience, "message", has("There is no ScaledObject in namespace "+ns))
		w := scaledWorker{namespace: ns}
		w.start(t)
		s.WaitFor(patience, "its detail", both(has("worker-scaler", "asleep"), chainIs(links{"0", "inactive", "resting", "0/0", "0 ready"})))
		err := c.Dynamic.Resource(scaledObjects).Namespace(ns).Delete(t.Context(), "worker-scaler", noOptions)
		if err != nil {
			t.Fatal(err)
		}
		s.WaitFor(patience, "its end", has("is gone", "if it comes back"))
	})
}

// A target that does not exist, and a Redis that does not: KEDA says so and
// kscope passes it on.
func TestBrokenScaledObjects(t *testing.T) {
	t.Parallel()
	t.Run("no target", func(t *testing.T) {
		t.Parallel()
		ns := newNamespace(t, "no-target")
		w := scaledWorker{namespace: ns, target: "ghost"}
		w.apply(t)
		s := kscope(t, screen.Options{}, "-n", ns)
		s.WaitFor(patience, "missing target", both(has("broken", "does not exist", "ghost", "correct scaleTargetRef"), func(text string) bool {
			l, _ := chain(text)
			return l.queue == "0" && l.target == "missing" && l.pods == "?"
		}))
	})
	t.Run("no such address", func(t *testing.T) {
		t.Parallel()
		ns := newNamespace(t, "no-redis")
		w := scaledWorker{namespace: ns, address: "redis.nowhere.invalid:6379"}
		w.apply(t)
		s := kscope(t, screen.Options{}, "-n", ns)
		s.WaitFor(patience, "the name that is not known", has("the name redis.nowhere.invalid is not known here"))
		text := s.WaitFor(patience, "KEDA's refusal", has("broken", "The source does not answer", "no such host", "Until that is mended"))
		if l, _ := chain(text); l.queue != "?" || l.keda != "not ready" {
			t.Errorf("the chain is %+v, want an unknown queue and KEDA not ready:\n%s", l, text)
		}
		s.Press("i") // nowhere to put a job
		s.WaitFor(patience, "prompt", has("Put load on a real queue?"))
		s.Press("y")
		s.WaitFor(patience, "failure", has("pushed 0 of 10 jobs"))
	})
}
