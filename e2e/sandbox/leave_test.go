package sandbox_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/screen"
)

// atMost is how long leaving may take: two seconds, and one for a machine that
// runs eight of these tests.
const atMost = 3 * time.Second

// inShell runs a program from a shell that says with what status it ended and
// whether the terminal is as it was.
type inShell struct {
	*screen.Screen
	home string
}

// run runs a shell command in which $K is the program under test.
func runInShell(t *testing.T, program, command string, env ...string) inShell {
	t.Helper()
	home := t.TempDir()
	script := `echo before; stty -a >$HOME/before
		(echo $BASHPID >$HOME/pid; ` + command + `)
		echo status=$?; stty -a >$HOME/after; cmp $HOME/before $HOME/after && echo same modes`
	env = append([]string{"HOME=" + home, "TMPDIR=" + home, "K=" + program, "KUBECONFIG=" + filepath.Join(home, "config")}, env...)
	return inShell{screen.Start(t, screen.Options{Cols: 220, Rows: 30, Env: env}, "/bin/bash", "-c", script), home}
}

// leave presses a key or, by its name, sends a signal to the program alone.
func (s inShell) leave(t *testing.T, how string) {
	t.Helper()
	sig := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}[how]
	if sig == 0 {
		s.Press(how)
		return
	}
	s.send(t, sig)
}

func (s inShell) pid(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.home, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// end is the status with which the program ended, soon and with the terminal
// given back.
func (s inShell) end(t *testing.T, within time.Duration) int {
	t.Helper()
	begun := time.Now()
	s.WaitFor(patience, "the end", has("status="))
	if took := time.Since(begun); took > within {
		t.Errorf("leaving took %v", took)
	}
	s.WaitFor(patience, "the modes of before", has("before", "same modes"))
	s.isGivenBack(t)
	status, err := strconv.Atoi(regexp.MustCompile(`status=(\d+)`).FindStringSubmatch(s.Text())[1])
	if err != nil {
		t.Fatal(err)
	}
	return status
}

var (
	privateMode = regexp.MustCompile(`\x1b\[\?(\d+)([hl])`)
	kittyKeys   = regexp.MustCompile(`\x1b\[([>=<])[\d;]*u`)
	xtermKeys   = regexp.MustCompile(`\x1b\[>4(;\d+)?m`)
)

// isGivenBack looks at what was last asked of the terminal.
func (s inShell) isGivenBack(t *testing.T) {
	t.Helper()
	raw := string(s.Raw())
	modes := map[string]string{}
	for _, m := range privateMode.FindAllStringSubmatch(raw, -1) {
		modes[m[1]] = m[2]
	}
	for mode, state := range modes {
		if on := state == "h"; on != (mode == "25") { // the cursor is on, all else is off
			t.Errorf("private mode %s is left at %q", mode, state)
		}
	}
	if all := kittyKeys.FindAllStringSubmatch(raw, -1); len(all) > 0 && all[len(all)-1][1] != "<" {
		t.Errorf("kitty's keyboard is left on by %q", all[len(all)-1][0])
	}
	if all := xtermKeys.FindAllStringSubmatch(raw, -1); len(all) > 0 && all[len(all)-1][1] != "" {
		t.Errorf("xterm's keyboard is left on by %q", all[len(all)-1][0])
	}
}

// silentServer takes connections and says nothing; it tells of the first.
func silentServer(t *testing.T) (address string, met chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	met = make(chan struct{})
	go func() {
		var all []net.Conn
		for {
			conn, err := l.Accept()
			if err != nil {
				for _, c := range all {
					_ = c.Close()
				}
				return
			}
			if all = append(all, conn); len(all) == 1 {
				close(met)
			}
		}
	}()
	return l.Addr().String(), met
}

const configFor = `
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: %q}}]
users: [{name: u, user: {%s}}]
`

const hangingPlugin = `exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: /bin/sh, args: [-c, "echo begun >$HOME/begun; exec sleep 1000"]}`

func until(t *testing.T, what string, met chan struct{}) {
	t.Helper()
	select {
	case <-met:
	case <-time.After(patience):
		t.Fatalf("no %s within %s", what, patience)
	}
}

func untilFile(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not there after %s", path, patience)
		}
	}
}

// TestLeaving leaves in every way, whatever hangs. Where there is a screen, to
// leave is no failure; where there is none, the status names the signal.
func TestLeaving(t *testing.T) {
	signals := []string{"INT", "TERM", "HUP", "ctrl+c"}
	all := append([]string{"q"}, signals...)
	onScreen := func(t *testing.T, s inShell) { s.WaitFor(patience, "screen", has("quit")) }
	for _, tt := range []struct {
		name    string
		planted bool
		command string
		ways    []string
		screen  bool
		ready   func(*testing.T, inShell)
		prepare func(t *testing.T, home string) (ready func(*testing.T, inShell))
	}{
		{name: "a sandbox", command: `exec $K sandbox`, ways: all, screen: true, ready: onScreen},
		{name: "a screen that stands still", planted: true, command: `exec $K sandbox`, ways: all, screen: true,
			ready: func(t *testing.T, s inShell) {
				standstill(t, s)
			}},
		{name: "a screen that stands still, with keys that nobody reads", planted: true, command: `exec $K sandbox`, ways: []string{"q", "ctrl+c"}, screen: true,
			ready: func(t *testing.T, s inShell) {
				standstill(t, s)
				for range 40 { // so that they do not come as one
					s.Type("t")
					time.Sleep(40 * time.Millisecond)
				}
			}},
		{name: "a paste without end", command: `exec $K sandbox`, ways: signals, screen: true,
			ready: func(t *testing.T, s inShell) {
				onScreen(t, s)
				s.Type("t") // what the terminal had to answer at the start is read before that
				s.WaitFor(patience, "table of pods", has("NODE"))
				s.Type("\x1b[200~abc")
			}},
		{name: "stdin without end", command: `exec $K sandbox -f - < <(sleep 1000)`, ways: signals,
			ready: func(t *testing.T, s inShell) {
				s.WaitFor(patience, "word", has("waiting for the end of the manifests"))
			}},
		{name: "a terminal as stdin", command: `exec $K sandbox -f -`, ways: signals,
			ready: func(t *testing.T, s inShell) {
				s.WaitFor(patience, "word", has("waiting for the end of the manifests"))
			}},
		{name: "a pipe as a file", command: `mkfifo $HOME/pipe; exec $K sandbox -f $HOME/pipe`, ways: signals,
			ready: func(t *testing.T, s inShell) {
				s.WaitFor(patience, "word", has("waiting for the end of the manifests"))
			}},
		{name: "a pipe as a kubeconfig", command: `mkfifo $HOME/config; touch $HOME/begun; exec $K -n shop`, ways: signals,
			ready: func(t *testing.T, s inShell) {
				untilFile(t, filepath.Join(s.home, "begun"))
				f, err := os.OpenFile(filepath.Join(s.home, "config"), os.O_WRONLY, 0) // waits for its reader
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = f.Close() })
			}},
	} {
		for _, how := range tt.ways {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				t.Parallel()
				program := binary
				if tt.planted {
					program = planted(t)
				}
				s := runInShell(t, program, tt.command)
				tt.ready(t, s)
				s.leave(t, how)
				checkStatus(t, how, s.end(t, atMost), tt.screen)
			})
		}
	}
	for _, plugin := range []string{"", hangingPlugin} {
		for _, command := range []string{"demo up", "demo down", "-n shop", "__complete -n ''"} {
			for _, how := range all {
				if command != "-n shop" && how == "q" {
					continue
				}
				t.Run(fmt.Sprintf("silent cluster/%s/plugin %v/%s", command, plugin != "", how), func(t *testing.T) {
					t.Parallel()
					address, met := silentServer(t)
					config := filepath.Join(t.TempDir(), "config")
					scheme := "http://"
					if plugin != "" {
						scheme = "https://" // no plugin is asked without
					}
					if err := os.WriteFile(config, fmt.Appendf(nil, configFor, scheme+address, plugin), 0o600); err != nil {
						t.Fatal(err)
					}
					s := runInShell(t, binary, "exec $K "+command, "KUBECONFIG="+config)
					if command == "-n shop" {
						onScreen(t, s)
					}
					if plugin == "" {
						until(t, "connection", met)
					} else {
						untilFile(t, filepath.Join(s.home, "begun"))
					}
					s.leave(t, how)
					status := s.end(t, atMost)
					if !strings.HasPrefix(command, "__complete") { // ends by itself soon, too
						checkStatus(t, how, status, command == "-n shop")
					}
				})
			}
		}
	}
}

func checkStatus(t *testing.T, how string, got int, screen bool) {
	t.Helper()
	want := map[string]int{"INT": 130, "ctrl+c": 130, "TERM": 143, "HUP": 129}[how]
	if screen {
		want = 0
	}
	if got != want {
		t.Errorf("exit status %d, want %d", got, want)
	}
}

// TestTwiceIsAtOnce: who asks again does not wait.
func TestTwiceIsAtOnce(t *testing.T) {
	for _, how := range []string{"INT", "TERM", "HUP", "ctrl+c"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := runInShell(t, planted(t), `exec $K sandbox`)
			standstill(t, s)
			begun := time.Now()
			s.leave(t, how)
			time.Sleep(100 * time.Millisecond) // two signals of a kind at one time are one
			s.leave(t, how)
			s.end(t, atMost)
			if took := time.Since(begun); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestTimeouts: what says how long to wait is kept to.
func TestTimeouts(t *testing.T) {
	for _, flag := range []string{"--timeout 1s", "--request-timeout 1s"} {
		for _, command := range []string{"demo up", "demo down"} {
			t.Run(command+" "+flag, func(t *testing.T) {
				t.Parallel()
				address, _ := silentServer(t)
				s := runInShell(t, binary, "exec $K "+command+" "+flag+" --server http://"+address)
				if status := s.end(t, atMost); status != 1 || !has("kscope: ", "hint: ")(s.Text()) {
					t.Errorf("status %d:\n%s", status, s.Text())
				}
			})
		}
	}
}

// standstill has a planted screen wait for ever in its Update.
func standstill(t *testing.T, s inShell) {
	t.Helper()
	s.WaitFor(patience, "screen", has("asleep"))
	s.Type("\x1b[20~") // F9
	untilFile(t, filepath.Join(s.home, "standstill"))
}

// planted builds a program that crashes by keypress, once.
func planted(t *testing.T) string {
	t.Helper()
	path, err := buildPlanted()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func build(path string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), "./cmd/kscope")...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/kscope: %w\n%s", err, out)
	}
	return nil
}
