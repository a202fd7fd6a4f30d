package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kscope/kscope"
)

const secret = "hunter2-and-more"

// fuzzed runs a command line without a terminal, which opens no screen: whatever it
// is given, it ends with a status of its own and a line or two that can be shown.
func fuzzed(t *testing.T, args ...string) (stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, leaving := newLeaving(func(status int) { t.Errorf("ended by force with status %d", status) })
	code := exitCode(&errs, run(ctx, args, process{strings.NewReader(""), &out, &errs, leaving}))
	text := errs.String()
	if code < 0 || code > 2 || code == 0 && text != "" && out.Len() == 0 || code > 0 && !strings.HasPrefix(text, "kscope: ") {
		t.Errorf("%q ends with status %d and %q", args, code, text)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, line := range lines {
		if kscope.Clean(line) != line {
			t.Errorf("%q says %q", args, line)
		}
	}
	if code > 0 && len(lines) > 2 {
		t.Errorf("%q says %d lines: %q", args, len(lines), text)
	}
	if strings.Contains(text, "defect") {
		t.Errorf("%q: %s", args, text)
	}
	return text
}

// FuzzCommandLine: arguments, one a line. A password where none belongs is not
// repeated.
func FuzzCommandLine(f *testing.F) {
	path := filepath.Join(f.TempDir(), "config")
	if err := os.WriteFile(path, []byte(oneCluster), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Setenv("KUBECONFIG", path)
	f.Setenv("KUBERNETES_SERVICE_HOST", "")
	for _, s := range []string{"--nope", "a\nb", "-l\na=b=c,(", "--theme\npink", "--redis\nredis://u:" + secret + "@h:1", "--redis=a:1=u:" + secret + "@h", "--load\nflood:5/s", "--max-rate\n-1", "--max-rate\nNaN",
		"--payload\n{\"id\":\"{id\"}", "-n\n\x1b[2J", "--context\n\x1b]2;x\a", "sandbox\n--speed\n1e400", "sandbox\n--break\n\x00", "sandbox\nx\ny", "help\n\x1b", "completion\nbash", "--request-timeout\n9999999h",
		"--redis-interval\n-1ns", "-A\n-n\nx", "__complete\n--context\n", "--as\n\x07", "--server\n\x1b", "sandbox\n--spread\nNaN", "sandbox\n--start-time\n-9223372036854775808ns", "--push-side\nleft", "--\n--"} {
		f.Add(s)
	}
	own := regexp.MustCompile(`(?m)^(demo|-f.*|--filename.*|--log.*|--ledger.*|--kubeconfig.*|--redis-password-file.*|-[a-zA-Z]*f.*|--certificate.*|--client.*|--cert.*|--token.*|--profile.*)$`)
	f.Fuzz(func(t *testing.T, text string) {
		if own.MatchString(text) {
			return // it would go to a cluster, or to files of this machine
		}
		args := strings.Split(text, "\n")
		said := fuzzed(t, args...)
		for i, arg := range args {
			redis := strings.HasPrefix(arg, "--redis=") || i > 0 && args[i-1] == "--redis"
			if redis && strings.Contains(arg, ":"+secret+"@") && strings.Contains(said, secret) {
				t.Errorf("%q repeats the password: %s", args, said)
			}
		}
	})
}

// FuzzKubeconfig: whatever the file holds, nothing of the secrets in it is said.
func FuzzKubeconfig(f *testing.F) {
	dir := f.TempDir()
	f.Setenv("KUBERNETES_SERVICE_HOST", "")
	user := strings.NewReplacer("user: {}", "user: {token: "+secret+", password: "+secret+", username: u}")
	for _, s := range []string{
		oneCluster, user.Replace(oneCluster), user.Replace(oneCluster) + "\x00", strings.Replace(user.Replace(oneCluster), "https://", "\x1b[2J", 1), strings.ReplaceAll(user.Replace(oneCluster), "here", "\u202e"),
		user.Replace(oneCluster) + "users: 7", "users: " + secret, "users: [{name: u, user: " + secret + "}]", "users: [{name: u, user: {token: [" + secret + "]}}]", "{", "[]", "7", "apiVersion: v2\nkind: Config\n", "apiVersion: v1\nkind: Pod\n",
		"current-context: nowhere\n", strings.Replace(oneCluster, "user: {}", "user: {client-certificate-data: "+secret+", client-key-data: "+secret+"}", 1),
		strings.Replace(oneCluster, "user: {}", "user: {exec: {command: nothing, apiVersion: x, env: [{name: T, value: "+secret+"}]}}", 1),
		strings.Replace(oneCluster, "user: {}", "user: {tokenFile: /nowhere/"+secret[:3]+", auth-provider: {name: gcp, config: {access-token: "+secret+"}}}", 1),
		strings.Replace(oneCluster, "server: ", "proxy-url: \"me:"+secret+"@proxy:80\", server: ", 1), strings.Replace(oneCluster, "https://", "https://u:"+secret+"@%zz/", 1),
		strings.Replace(oneCluster, "https://", secret+" ", 1), "apiVersion: v1\nkind: " + secret + "\n", "apiVersion: " + secret + "\nkind: Config\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "config")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("KUBECONFIG", path)
		if said := fuzzed(t, "-A"); strings.Contains(said, secret) {
			t.Errorf("it says %s", said)
		}
	})
}
