package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const reviewed = `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders, namespace: shop}
spec:
  scaleTargetRef: {name: worker}
  triggers:
    - type: redis
      metadata: {address: "redis:6379", listName: orders, activationListLength: "0"}
`

// TestDoctorOfManifests: with -f no cluster is needed, and the status tells how it went.
func TestDoctorOfManifests(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	for path, text := range map[string]string{good: reviewed, bad: strings.Replace(strings.Replace(reviewed, `"0"`, `"9"`, 1), "orders,", "other,", 1)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		typed string
		code  int
		say   string
	}{
		{"-f " + good, 0, "good.yaml:5:3: note: ScaledObject shop/orders: Deployment shop/worker is not among the manifests"},
		{"-f " + bad, 1, "bad.yaml:8:59: warning: ScaledObject shop/other: Nothing starts until there are more than 9 items"},
		{"-f " + dir, 1, "error: ScaledObject shop/orders: ScaledObject other"},
		{"-f " + good + " --filename " + bad + " -o github", 1, "::error file="},
		{"-f " + bad + " -o json", 1, `"rule": "activationAboveTarget"`},
		{"-f " + bad + " -o sarif", 1, `"ruleId": "activationAboveTarget"`},
		{"-f " + dir + "/nowhere", 2, "not judged: read manifests: stat"},
		{"-f " + bad + " --fail-on error", 0, "warning: ScaledObject shop/other"},
		{"-f " + dir + " --fail-on error", 1, "error: ScaledObject shop/orders"},
		{"-f " + good + " --fail-on note", 1, "note: ScaledObject shop/orders"},
		{"-f " + good + " --fail-on worst", 2, `--fail-on "worst": want error, warning or note`},
		{"--fail-on Error", 2, `--fail-on "Error": want error, warning or note`},
		{"-f -", 2, "not judged: no manifests in -"},
		{"-f " + good + " -o yaml", 2, "want text, json, sarif or github"},
		{"-f " + good + " -n shop", 2, "--namespace means nothing with -f"},
		{"-f " + good + " -A", 2, "--all-namespaces means nothing with -f"},
		{"-f " + good + " --context here", 2, "--context means nothing with -f"},
		{"-f " + good + " --for 1s", 2, "--for means nothing with -f"},
		{"", 2, "no kubeconfig"},
		{"--kubeconfig /nonexistent/config", 2, "read kubeconfig"},
		{"-o sarif", 2, "--output sarif is for manifests"},
	} {
		stdout, stderr, code := cli(t, append([]string{"doctor"}, strings.Fields(tt.typed)...)...)
		if code != tt.code || !strings.Contains(stdout+stderr, tt.say) || stdout != "" && stderr != "" {
			t.Errorf("kscope doctor %s: status %d, want %d and %q:\n%s%s", tt.typed, code, tt.code, tt.say, stdout, stderr)
		}
		if strings.Contains(tt.typed, "json") && !json.Valid([]byte(stdout)) {
			t.Errorf("kscope doctor %s: no JSON", tt.typed)
		}
	}
	stdout, _, _ := cli(t, "__complete", "doctor", "-f", "x", "-o", "")
	for _, format := range []string{"text", "json", "sarif", "github"} {
		if !strings.Contains(stdout, format+"\n") {
			t.Errorf("completed with %q", stdout)
		}
	}
}

// TestDoctorInWorkflow: annotations name files as the repository does, whatever folder a
// step runs in.
func TestDoctorInWorkflow(t *testing.T) {
	repository := t.TempDir()
	t.Setenv("GITHUB_WORKSPACE", repository)
	if err := os.Mkdir(filepath.Join(repository, "chart"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(repository, "chart"))
	if err := os.WriteFile("a.yaml", []byte(reviewed), 0o600); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{"github": "::notice file=chart/a.yaml,line=5,", "sarif": `"uri": "chart/a.yaml"`, "text": "\na.yaml:5:", "json": `"file": "a.yaml"`} {
		if stdout, _, code := cli(t, "doctor", "-f", "a.yaml", "-o", format); code != 0 || !strings.Contains("\n"+stdout, want) {
			t.Errorf("-o %s: status %d, want %q in\n%s", format, code, want, stdout)
		}
	}
}

// TestDoctorUnwritten: a report that could not be written is no verdict.
func TestDoctorUnwritten(t *testing.T) {
	_, leaving := newLeaving(func(int) {})
	err := run(t.Context(), []string{"doctor", "-f", "-"}, process{strings.NewReader(reviewed), full{}, full{}, leaving})
	if err == nil || !strings.Contains(err.Error(), "write to the standard output") || exitCode(io.Discard, err) != 2 {
		t.Errorf("got %v", err)
	}
}
