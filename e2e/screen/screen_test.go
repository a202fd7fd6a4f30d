package screen_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"

	"github.com/kscope/kscope/e2e/screen"
)

const patience = 20 * time.Second

func has(words string) func(string) bool {
	return func(text string) bool { return strings.Contains(text, words) }
}

func TestTextIsWhatIsSeenNotWhatWasSent(t *testing.T) {
	t.Parallel()
	s := screen.Start(t, screen.Options{Cols: 20, Rows: 3}, "/bin/sh", "-c", `printf 'loads:1\r\n\033[1;7H2\033[2;1H日本 ok   '`)
	if got := s.Exit(patience); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
	if got, want := s.Text(), "loads:2\n日本 ok\n"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if got := s.Line(1); got != "日本 ok" {
		t.Errorf("line 1 is %q", got)
	}
	if got := s.Line(9); got != "" {
		t.Errorf("a line below the screen is %q", got)
	}
	if raw := string(s.Raw()); !strings.Contains(raw, "\x1b[1;7H2") || len(raw) != s.Bytes() {
		t.Errorf("raw output %q, %d bytes", raw, s.Bytes())
	}
}

func TestCellHasAStyle(t *testing.T) {
	t.Parallel()
	s := screen.Start(t, screen.Options{}, "/bin/sh", "-c", `printf 'a\033[1;31mb'`)
	s.Exit(patience)
	if c := s.Cell(0, 0); c.Content != "a" || c.Style.Attrs != 0 || c.Style.Fg != nil {
		t.Errorf("cell 0 is %+v, want a plain a", c)
	}
	if c := s.Cell(1, 0); c.Content != "b" || c.Style.Attrs&uv.AttrBold == 0 || c.Style.Fg == nil {
		t.Errorf("cell 1 is %+v, want a bold and red b", c)
	}
	if c := s.Cell(500, 500); c != uv.EmptyCell {
		t.Errorf("a cell outside is %+v", c)
	}
}

func TestKeysArrive(t *testing.T) {
	t.Parallel()
	s := screen.Start(t, screen.Options{}, "/bin/cat", "-v")
	s.Press("h", "é", "esc", "up", "enter")
	s.WaitFor(patience, "line from cat", has("hM-CM-)^[^[[A"))
	s.Type("more\r")
	s.WaitFor(patience, "second line", has("\nmore\nmore"))
	s.Press("ctrl+c")
	if got := s.Exit(patience); got != -1 {
		t.Errorf("exit status %d, want -1 for a signal", got)
	}
}

// A program that asks the terminal something waits for the answer, and the
// emulator for somebody who takes it.
func TestQuestionsAreAnswered(t *testing.T) {
	t.Parallel()
	s := screen.Start(t, screen.Options{Cols: 40, Rows: 5}, "/bin/sh", "-c",
		`stty raw -echo; printf '\033[3;7H\033[6n'; a=$(dd bs=1 count=6 2>/dev/null); stty sane; printf '\033[1;1Hanswer'; printf '%s' "$a" | cat -v`)
	s.WaitFor(patience, "the cursor's position", has("answer^[[3;7R"))
}

func TestResizeReachesTheProgram(t *testing.T) {
	t.Parallel()
	s := screen.Start(t, screen.Options{Cols: 80, Rows: 24}, "/bin/sh", "-c", `trap 'stty size' WINCH; stty size; while :; do read x; done`)
	s.WaitFor(patience, "first size", has("24 80"))
	s.Resize(40, 10)
	s.WaitFor(patience, "second size", has("10 40"))
}

// A window that was dragged lower while the program scrolled within rows that
// it had before.
func TestScrollsBelowTheScreen(t *testing.T) {
	t.Parallel()
	for _, scroll := range []string{"T", "S", "L", "M"} {
		s := screen.Start(t, screen.Options{Cols: 40, Rows: 10}, "/bin/sh", "-c",
			`printf '\033[2;20r\033[3;1H\033[4`+scroll+`\033[3;35r\033[15;1H\033[2`+scroll+`\033[2J\033[1;1Hstill there'`)
		s.Exit(patience)
		if text := s.Text(); !strings.HasPrefix(text, "still there") {
			t.Errorf("after %s the screen is\n%s", scroll, text)
		}
	}
}

func TestEnvironmentIsTheSameEverywhere(t *testing.T) {
	t.Setenv("KUBECONFIG", "/of/whoever/runs/the/tests")
	s := screen.Start(t, screen.Options{Env: []string{"TERM=dumb", "MORE=1"}}, "/usr/bin/env")
	s.Exit(patience)
	text := s.Text()
	for _, want := range []string{"TERM=dumb", "MORE=1", "LANG=C.UTF-8", "HOME="} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in the environment:\n%s", want, text)
		}
	}
	if strings.Contains(text, "KUBECONFIG") || strings.Contains(text, os.Getenv("HOME")+"\n") {
		t.Errorf("the environment is the tester's:\n%s", text)
	}
}

func TestCloseKillsTheWholeGroup(t *testing.T) {
	t.Parallel()
	s := screen.Start(t, screen.Options{}, "/bin/sh", "-c", `sleep 1000 & echo pid=$!; sleep 1000`)
	text := s.WaitFor(patience, "pid", func(text string) bool { return strings.Contains(text, "pid=") && strings.Contains(text, "\n") })
	pid, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(text), "pid="))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s.Close() // again is fine
	for deadline := time.Now().Add(patience); syscall.Kill(pid, 0) == nil && !zombie(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// zombie reports whether a process has died and nobody has taken note.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(b), ") Z ")
}

// broken is a test that notes its failure instead of failing.
type broken struct {
	testing.TB
	said string
}

func (b *broken) Helper() {}
func (b *broken) Fatalf(format string, args ...any) {
	b.said = fmt.Sprintf(format, args...)
	panic(b)
}

func TestFailureShowsTheScreen(t *testing.T) {
	t.Parallel()
	for what, script := range map[string]string{
		"no unicorn within":             "echo a horse; sleep 1000",
		"the program ended before unic": "echo a horse",
	} {
		b := &broken{TB: t}
		s := screen.Start(b, screen.Options{}, "/bin/sh", "-c", script)
		s.WaitFor(patience, "horse", has("a horse"))
		func() {
			defer func() {
				if r := recover(); r != nil && r != any(b) {
					panic(r)
				}
			}()
			s.WaitFor(100*time.Millisecond, "unicorn", has("unicorn"))
		}()
		if !strings.HasPrefix(b.said, what) || !strings.Contains(b.said, "a horse") {
			t.Errorf("after %q the failure says %q", script, b.said)
		}
	}
}

// noting keeps what a test would fail with.
type noting struct {
	testing.TB
	said []string
}

func (n *noting) Errorf(format string, args ...any) {
	n.said = append(n.said, fmt.Sprintf(format, args...))
}

func TestPasswordsAreFound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		script string
		want   []string // found in
	}{
		"nowhere":                  {"echo secret; echo secret >$HOME/file", nil},
		"on the screen, in pieces": {`printf 's3\033[2;1H\033[1;3Hcret'`, []string{"text", "screen"}},
		"wiped away":               {`echo s3cret; printf '\033[2J'`, []string{"bytes", "text"}},
		"in a file":                {"mkdir -p $HOME/a/b; echo s3cret >$HOME/a/b/log", []string{"/a/b/log"}},
	} {
		n := &noting{}
		t.Run(name, func(t *testing.T) {
			n.TB = t
			screen.Start(n, screen.Options{}, "/bin/sh", "-c", tt.script).Exit(patience)
		})
		all := strings.Join(n.said, "; ")
		if len(n.said) != len(tt.want) {
			t.Errorf("%s: found %q, want it in %q", name, all, tt.want)
		}
		for _, want := range tt.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s: found %q, want it in %q", name, all, tt.want)
			}
		}
	}
}
