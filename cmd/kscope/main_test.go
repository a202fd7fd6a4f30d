package main

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/kscope/kscope/golden"
)

// cli runs a command line in process and gives what it printed, on stderr as
// main would, and its exit status.
func cli(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, leaving := newLeaving(func(status int) { t.Errorf("ended by force with status %d", status) })
	code = exitCode(&errs, run(ctx, args, process{strings.NewReader(""), &out, &errs, leaving}))
	return out.String(), errs.String(), code
}

func kubeconfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", path)
	return path
}

const oneCluster = `
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: c, user: u, namespace: shop}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
`

func TestBadCommandLines(t *testing.T) {
	dangling := kubeconfig(t, "apiVersion: v1\nkind: Config\ncurrent-context: gone\n")
	half := kubeconfig(t, strings.Replace(oneCluster, "cluster: c,", "cluster: gone,", 1))
	here := kubeconfig(t, oneCluster)
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		code int
		say  []string
		hide string
	}{
		{"unknown flag", []string{"--nope"}, nil, 2, []string{"unknown flag: --nope", "hint: kscope --help"}, ""},
		{"two names", []string{"a", "b"}, nil, 2, []string{"one NAME at most"}, ""},
		{"bad selector", []string{"-l", "a=b=c,("}, nil, 2, []string{"--selector"}, ""},
		{"bad theme", []string{"--theme", "pink"}, nil, 2, []string{"--theme", "dark or light"}, ""},
		{"hasty polling", []string{"--redis-interval", "1ms"}, nil, 2, []string{"--redis-interval", "50ms"}, ""},
		{"bad server", []string{"--redis", "http://x"}, nil, 2, []string{"--redis"}, ""},
		{"password in a flag", []string{"--redis", "redis://u:hunter2@h:1"}, nil, 2, []string{"KSCOPE_REDIS_PASSWORD"}, "hunter2"},
		{"password in a flag for one address", []string{"--redis", "a:1=redis://u:hunter2@h:1"}, nil, 2, []string{"KSCOPE_REDIS_PASSWORD"}, "hunter2"},
		{"two servers for all", []string{"--redis", "a:1", "--redis", "b:1"}, nil, 2, []string{"--redis", "ADDRESS=SERVER"}, ""},
		{"two servers for one", []string{"--redis", "a:1=b:1", "--redis", "a:1=c:1"}, nil, 2, []string{"two servers for a:1"}, ""},
		{"a password file that is not there", []string{"--redis", "a:1", "--redis-password-file", "/nonexistent"}, nil, 2, []string{"--redis-password-file", "no such file"}, "/nonexistent"},
		{"a password instead of its file", []string{"--redis", "a:1", "--redis-password-file", "hunter2"}, nil, 2, []string{"no such file", "is not shown"}, "hunter2"},
		{"a spread that is no number", []string{"sandbox", "--spread", "NaN"}, nil, 2, []string{"--spread", "want 0 to 1"}, ""},
		{"a password file for nothing", []string{"--redis-password-file", os.DevNull}, nil, 2, []string{"password for --redis, which is not there"}, ""},
		{"a password file for another address", []string{"--redis", "a:1=h:1", "--redis-password-file", "b:1=" + os.DevNull}, nil, 2, []string{"password for --redis b:1=SERVER, which is not there"}, ""},
		{"two password files for one", []string{"--redis", "a:1=h:1", "--redis-password-file", "a:1=" + os.DevNull, "--redis-password-file", "a:1=" + os.DevNull}, nil, 2, []string{"two files for one server", "ADDRESS=FILE"}, ""},
		{"unknown profile", []string{"--load", "flood:5/s"}, nil, 2, []string{"--load", `no profile "flood"`, "steady"}, ""},
		{"negative rate", []string{"--load", "steady:-5/s"}, nil, 2, []string{"--load", "negative"}, ""},
		{"absurd rate", []string{"--load", "steady:1e9/s", "--max-rate", "1e6"}, nil, 2, []string{"--load", "absurd"}, ""},
		{"rate above the limit", []string{"--load", "steady:20000/s,1m"}, nil, 2, []string{"--load", "10,000 jobs/s", "--max-rate"}, ""},
		{"total above the limit", []string{"--load", "batch:2M"}, nil, 2, []string{"--load", "1,000,000", "--max-total"}, ""},
		{"a limit below nothing", []string{"--max-rate", "-1"}, nil, 2, []string{"--max-rate", "positive"}, ""},
		{"a limit beyond reason", []string{"--max-total", "99999999999"}, nil, 2, []string{"--max-total"}, ""},
		{"payload that does not parse", []string{"--payload", `{"id":"{id"}`}, nil, 2, []string{"--payload", "at character 8"}, ""},
		{"payload with an unknown name", []string{"--payload", "{uuid}"}, nil, 2, []string{"--payload", "{uuid}", "{id}"}, ""},
		{"unknown side", []string{"--push-side", "left"}, nil, 2, []string{"--push-side", "lpush or rpush"}, ""},
		{"load without writing", []string{"--read-only", "--load", "batch:5"}, nil, 2, []string{"--load", "--read-only"}, ""},
		{"load of the sandbox", []string{"sandbox", "--load", "wave"}, nil, 2, []string{"--load", "how much is missing"}, ""},
		{"unknown context", []string{"--context", "there"}, nil, 1, []string{`context "there" is not in the kubeconfig ` + here, "known contexts: here"}, ""},
		{"no kubeconfig", nil, map[string]string{"KUBECONFIG": "/nonexistent/config"}, 1, []string{"no kubeconfig", "/nonexistent/config", "hint: set KUBECONFIG"}, ""},
		{"a context whose cluster is not there", []string{"--kubeconfig", half}, nil, 1, []string{`cluster "gone", which context "here" names, is not in the kubeconfig ` + half, "known clusters: c"}, ""},
		{"a cluster that is not there", []string{"--cluster", "gone"}, nil, 1, []string{`cluster "gone", which --cluster names, is not in the kubeconfig ` + here, "known clusters: c"}, ""},
		{"a current context that is not there", []string{"--kubeconfig", dangling}, nil, 1, []string{`context "gone" is not in the kubeconfig`, "known contexts: none"}, ""},
		{"kubeconfig flag to nowhere", []string{"--kubeconfig", "/nonexistent/config"}, nil, 1, []string{"read kubeconfig", "hint:"}, ""},
		{"no terminal", nil, nil, 1, []string{"stdout is not one", "hint:"}, ""},
		{"demo of a broker mistyped", []string{"demo", "up", "--broker", "kafak"}, nil, 2, []string{`--broker "kafak": want redis, kafka, rabbitmq, nats, http`, "hint: did you mean: --broker kafka\n"}, ""},
		{"demo of no broker there is", []string{"demo", "down", "--broker", "mqseries"}, nil, 2, []string{`--broker "mqseries": want redis, kafka`}, "did you mean"},
		{"demo of an empty name", []string{"demo", "down", "--broker", ""}, nil, 2, []string{"--broker is empty"}, ""},
		{"demo in the sandbox mistyped", []string{"sandbox", "--demo", "Rabitmq"}, nil, 2, []string{`--demo "Rabitmq": want`, "hint: did you mean: --demo rabbitmq\n"}, ""},
		{"demo and manifests", []string{"sandbox", "--demo", "nats", "-f", "."}, nil, 2, []string{"--demo and --filename"}, ""},
		{"demo with an argument", []string{"demo", "up", "now"}, nil, 2, []string{"takes no arguments"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			_, stderr, code := cli(t, tt.args...)
			if code != tt.code {
				t.Errorf("got exit status %d, want %d", code, tt.code)
			}
			for _, want := range tt.say {
				if !strings.Contains(stderr, want) {
					t.Errorf("got %q, want it to contain %q", stderr, want)
				}
			}
			if tt.hide != "" && strings.Contains(stderr, tt.hide) {
				t.Errorf("%q repeats what it must not", stderr)
			}
		})
	}
}

func TestNamespaceComesFromTheContextUnlessAsked(t *testing.T) {
	kubeconfig(t, oneCluster)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "shop"}, {[]string{"-n", "other"}, "other"}, {[]string{"-A"}, ""}, {[]string{"-A", "-n", "other"}, ""},
		{[]string{"-n", "other", "-s", "http://127.0.0.1:1", "--token", "s3cret"}, "other"},
	} {
		f := &flags{}
		fs := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.bindCluster(fs)
		fs.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "")
		f.screen.bind(fs)
		if err := fs.Parse(tt.args); err != nil {
			t.Fatal(err)
		}
		f.redisInterval = 1e9
		s, err := f.understand("")
		if err != nil {
			t.Fatal(err)
		}
		if chosen := strings.Join(s.tui.Kubectl, " "); slices.Contains(tt.args, "-s") != (chosen == "--server=http://127.0.0.1:1") {
			t.Errorf("%q: commands are for %q", tt.args, chosen)
		}
		if s.tui.Namespace != tt.want {
			t.Errorf("%q: got namespace %q, want %q", tt.args, s.tui.Namespace, tt.want)
		}
	}
}

func TestLocalClusters(t *testing.T) {
	for name, want := range map[string]bool{
		"minikube": true, "kind-dev": true, "k3d-x": true, "docker-desktop": true,
		"prod": false, "": false, "arn:aws:eks:eu-west-1:1:cluster/kind": false, "minikube-not": false,
	} {
		if got := isLocal(name); got != want {
			t.Errorf("%q: got local %v, want %v", name, got, want)
		}
	}
}

func TestVersionSaysWhatItIs(t *testing.T) {
	out, _, code := cli(t, "version")
	if code != 0 || !strings.HasPrefix(out, "kscope ") || !strings.Contains(out, "go1.") {
		t.Errorf("got %q and exit status %d", out, code)
	}
}

// TestReadmeFlags keeps the README's list of flags true; -update rewrites it.
func TestReadmeFlags(t *testing.T) {
	const begin, end = "<!-- flags: written by go test ./cmd/kscope -update -->\n", "<!-- end of flags -->"
	path := filepath.Join("..", "..", "README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the README has no marked place for the flags")
	}
	root := newRoot(process{})
	sandbox, _, err := root.Find([]string{"sandbox"})
	if err != nil {
		t.Fatal(err)
	}
	block := func(usages string) string { return "```\n" + usages + "```\n" }
	want := block(root.LocalNonPersistentFlags().FlagUsages()) +
		"\nThose of the sandbox:\n\n" + block(sandbox.LocalFlags().FlagUsages()) +
		"\nAnd kubectl's own, for the commands that reach a cluster:\n\n" + block(root.PersistentFlags().FlagUsagesWrapped(120))
	if golden.Update() {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("the README's flags are not those of the program: run go test ./cmd/kscope -update\ngot\n%s\nwant\n%s", got, want)
	}
}

// exploding is a stdout that no code is made for.
type exploding struct{ bytes.Buffer }

func (*exploding) Write([]byte) (int, error) { panic("planted") }

// A panic where there is no screen is told like one of the screen: in a line that
// names the file with the trace.
func TestPanicWithoutAScreen(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, args := range [][]string{{"version"}, {"--help"}, {"completion", "bash"}} {
		var errs bytes.Buffer
		ctx, leaving := newLeaving(func(status int) { t.Errorf("ended by force with status %d", status) })
		code := exitCode(&errs, run(ctx, args, process{strings.NewReader(""), &exploding{}, &errs, leaving}))
		name, _, _ := strings.Cut(strings.TrimPrefix(errs.String(), "kscope: stopped by a defect of its own; please send "), " ")
		trace, err := os.ReadFile(name)
		if code != 1 || err != nil || !strings.Contains(string(trace), "panic: planted") || !strings.Contains(string(trace), "(*exploding).Write(") {
			t.Errorf("%q ends with status %d and %q (%v)", args, code, errs.String(), err)
		}
	}
}

// TestLibrariesKeepQuiet: what they log, which may be what a server sent, is not for
// the terminal, whatever the command.
func TestLibrariesKeepQuiet(t *testing.T) {
	cli(t, "version")
	if log.Writer() == os.Stderr {
		t.Error("the log of libraries goes to the terminal")
	}
}

// full is a device without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// Nobody takes for said what could not be written.
func TestWhatCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"sandbox", "--help"}, {"version"}, {"--version"}, {"completion", "bash"}, {"completion", "--help"}} {
		var errs strings.Builder
		ctx, leaving := newLeaving(func(int) {})
		code := exitCode(&errs, run(ctx, args, process{strings.NewReader(""), full{}, &errs, leaving}))
		if code != 1 || !strings.Contains(errs.String(), "no space left on device") {
			t.Errorf("%q: status %d, %q", args, code, errs.String())
		}
	}
}

// TestAllThatIsWrong: where nothing of the manifests can be played, all that is wrong with
// them is told at once, in its order, each with what to do.
func TestAllThatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(path, []byte("kind: X\n---\na: b: c\n---\nx: 1\nx: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := cli(t, "sandbox", "-f", path)
	want := fmt.Sprintf(`kscope: %[1]s:1: this is not a Kubernetes object: it has no apiVersion or no kind
hint: every object begins with apiVersion, kind and metadata
kscope: %[1]s:3: mapping values are not allowed in this context
hint: something is wrong with the indentation, a quote or a colon, there or in the line before
kscope: %[1]s:6: key "x" already set in map
hint: one of the two has to go
`, path)
	if code != 1 || stderr != want {
		t.Errorf("status %d\ngot  %s\nwant %s", code, stderr, want)
	}
}
