package main

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kscope/kscope"
)

// everyCommand calls f for all commands there are.
func everyCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		everyCommand(c, f)
	}
}

// typedWords are what is typed to get to a command.
func typedWords(cmd *cobra.Command) []string { return strings.Fields(cmd.CommandPath())[1:] }

// TestBlankValues: a text that says nothing is refused by every flag that takes
// a text, of every command, with its name; a NAME too.
func TestBlankValues(t *testing.T) {
	kubeconfig(t, oneCluster)
	seen := 0
	everyCommand(newRoot(process{}), func(cmd *cobra.Command) {
		try := func(f *pflag.Flag) {
			if _, list := f.Value.(pflag.SliceValue); !list && f.Value.Type() != "string" {
				return
			}
			for _, value := range []string{"", " ", "\t\n"} {
				seen++
				_, stderr, code := cli(t, append(typedWords(cmd), "--"+f.Name+"="+value)...)
				if code != 2 || !strings.Contains(stderr, "--"+f.Name) || strings.Count(stderr, "\n") > 2 {
					t.Errorf("%s --%s=%q: got status %d and %q", cmd.CommandPath(), f.Name, value, code, stderr)
				}
			}
		}
		cmd.LocalFlags().VisitAll(try)
		cmd.InheritedFlags().VisitAll(try)
	})
	if seen < 200 {
		t.Errorf("only %d command lines were tried", seen)
	}
	for _, args := range [][]string{{""}, {" "}, {"sandbox", ""}, {"demo", "up", " "}, {"help", ""}} {
		if _, stderr, code := cli(t, args...); code != 2 || !strings.Contains(stderr, "empty") && !strings.Contains(stderr, "takes no arguments") {
			t.Errorf("%q: got status %d and %q", args, code, stderr)
		}
	}
}

// TestSlips: every command with one letter left out, doubled, exchanged or
// swapped with the next is answered with that command, and after -- is a NAME.
func TestSlips(t *testing.T) {
	kubeconfig(t, oneCluster)
	everyCommand(newRoot(process{}), func(cmd *cobra.Command) {
		if cmd.Parent() == nil {
			return
		}
		parent, name := typedWords(cmd.Parent()), cmd.Name()
		for i := range name {
			slips := []string{name[:i] + name[i+1:], name[:i+1] + name[i:], name[:i] + "x" + name[i+1:], strings.ToUpper(name)}
			if i > 0 {
				slips = append(slips, name[:i-1]+name[i:i+1]+name[i-1:i]+name[i+1:])
			}
			for _, slip := range slips {
				if slip == name || slip == "" || len(name) < 3 {
					continue
				}
				for _, ask := range [][]string{append(slices.Clone(parent), slip), append(append([]string{"help"}, parent...), slip)} {
					_, stderr, code := cli(t, ask...)
					if code != 2 || !strings.Contains(stderr, "did you mean: "+cmd.CommandPath()) {
						t.Errorf("%q: got status %d and %q", ask, code, stderr)
					}
				}
				if len(parent) == 0 {
					for _, ask := range [][]string{{"--", slip}, {"-n", "shop", "--", slip}} {
						if _, stderr, code := cli(t, ask...); code != 1 || !strings.Contains(stderr, "terminal") {
							t.Errorf("%q: got status %d and %q, want it to get as far as the screen", ask, code, stderr)
						}
					}
				}
			}
		}
	})
}

// TestHelpThatHelps: a flag with a slip is answered with that flag, and otherwise the
// help that is named lists the flags of the command that was typed.
func TestHelpThatHelps(t *testing.T) {
	kubeconfig(t, oneCluster)
	for _, tt := range []struct{ typed, hint string }{
		{"sandbox --sped 5", "did you mean: --seed or --speed"},
		{"sandbox --reddis-port 5", "did you mean: --redis-port"},
		{"--naemspace shop", "did you mean: --namespace"},
		{"doctor --contxt here", "did you mean: --context"},
		{"--nothing-like-it", "kscope --help lists the commands and flags"},
		{"sandbox --nothing-like-it", "kscope sandbox --help"},
		{"sandbox --speed 100", "kscope sandbox --help"},
		{"sandbox --speed fast", "kscope sandbox --help"},
		{"doctor -o yaml", "kscope doctor --help"},
		{"demo up --timeout 0s", "kscope demo up --help"},
	} {
		_, stderr, code := cli(t, strings.Fields(tt.typed)...)
		if code != 2 || !strings.Contains(stderr, "\nhint: "+tt.hint) || strings.Count(stderr, "\n") > 2 {
			t.Errorf("kscope %s: got status %d and %q, want the hint %q", tt.typed, code, stderr, tt.hint)
		}
	}
}

// TestFilesWithoutFlag: who forgets -f, or has a shell write several files after one,
// hears how they are given.
func TestFilesWithoutFlag(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("deploy", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"deploy/a.yaml", "deploy/b.yaml", "deploy/c.yaml", "my file.yaml"} {
		if err := os.WriteFile(name, []byte("a: b\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		args []string
		say  string
	}{
		{[]string{"doctor", "deploy"}, "hint: did you mean: kscope doctor -f deploy\n"},
		{[]string{"doctor", "deploy/"}, "hint: did you mean: kscope doctor -f deploy/\n"},
		{[]string{"doctor", "my file.yaml"}, "hint: did you mean: kscope doctor -f 'my file.yaml'\n"},
		{[]string{"doctor", "-f", "deploy/a.yaml", "deploy/b.yaml", "deploy/c.yaml"}, "hint: repeat -f before each file, or give their folder: kscope doctor -f deploy\n"},
		{[]string{"doctor", "-f", "deploy/a.yaml", "deploy/b.yaml"}, "hint: repeat -f before each file"},
		{[]string{"doctor", "orders"}, "takes no arguments"},
		{[]string{"sandbox", "deploy/"}, "hint: did you mean: kscope sandbox -f deploy/\n"},
		{[]string{"sandbox", "-f", "deploy/a.yaml", "deploy/b.yaml"}, "hint: repeat -f before each file, or give their folder: kscope sandbox -f deploy\n"},
		{[]string{"sandbox", "deploy", "orders"}, "one NAME at most"},
	} {
		if _, stderr, code := cli(t, tt.args...); code != 2 || !strings.Contains(stderr, tt.say) {
			t.Errorf("kscope %q: got status %d and %q, want %q", tt.args, code, stderr, tt.say)
		}
	}
	if _, stderr, code := cli(t, "sandbox", "deploy"); code != 1 || !strings.Contains(stderr, "terminal") {
		t.Errorf("a NAME as a folder is called: status %d and %q", code, stderr)
	}
}

// TestNames: what is no slip is a NAME without more ado.
func TestNames(t *testing.T) {
	kubeconfig(t, oneCluster)
	for _, name := range []string{"orders", "worker-scaler", "sandbox-2", "demo1", "demonstration", "a", "de", "subversion", "shop"} {
		if _, stderr, code := cli(t, name); code != 1 || !strings.Contains(stderr, "terminal") {
			t.Errorf("%q: got status %d and %q, want it to get as far as the screen", name, code, stderr)
		}
	}
	if _, stderr, code := cli(t, "--", "sandbox"); code != 1 || !strings.Contains(stderr, "terminal") {
		t.Errorf("-- sandbox: got status %d and %q", code, stderr)
	}
}

// TestNoSuchCommand: who names a command that there is not hears so, wherever.
func TestNoSuchCommand(t *testing.T) {
	for _, args := range [][]string{
		{"completion", "nosuch"}, {"help", "nosuch"}, {"help", "demo", "nosuch"}, {"help", "version", "more"}, {"demo", "nosuch"},
		{"completion", "bash", "more"}, {"version", "more"},
	} {
		if _, stderr, code := cli(t, args...); code != 2 || !strings.Contains(stderr, "\nhint: ") {
			t.Errorf("%q: got status %d and %q, want 2 and a hint", args, code, stderr)
		}
	}
	for _, args := range [][]string{{"help"}, {"help", "demo", "up"}, {"help", "completion", "bash"}, {"completion"}, {"completion", "bash"}, {"demo"}, {"--help"}, {"help", "help"}} {
		if stdout, stderr, code := cli(t, args...); code != 0 || stdout == "" || stderr != "" {
			t.Errorf("%q: got status %d, %q and %q", args, code, stdout, stderr)
		}
	}
}

func TestVersionFlag(t *testing.T) {
	want, _, _ := cli(t, "version")
	if got, stderr, code := cli(t, "--version"); got != want || stderr != "" || code != 0 {
		t.Errorf("got %q, %q and status %d, want what version says", got, stderr, code)
	}
}

// TestTimesThatCannotBeMeant are refused by name.
func TestTimesThatCannotBeMeant(t *testing.T) {
	kubeconfig(t, oneCluster)
	for _, flag := range []string{"--timeout=0", "--timeout=-1s", "--timeout=soon", "--request-timeout=soon", "--request-timeout=-5", "--request-timeout=-5s"} {
		for _, command := range []string{"up", "down"} {
			name, _, _ := strings.Cut(flag, "=")
			if _, stderr, code := cli(t, "demo", command, flag); code != 2 || !strings.Contains(stderr, name) {
				t.Errorf("demo %s %s: got status %d and %q", command, flag, code, stderr)
			}
		}
	}
}

func TestErrorsCannotWriteToTheTerminal(t *testing.T) {
	var out bytes.Buffer
	exitCode(&out, &kscope.Trouble{Cause: errors.New("bad \x1b[2J thing"), Hint: "\x1b]0;hint\a"})
	if strings.ContainsAny(out.String(), "\x1b\a") {
		t.Errorf("got %q, want no control characters", out.String())
	}
}
