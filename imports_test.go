package kscope_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kscope/kscope"

// goList gives what the non-test files of the packages in this module import,
// or depend on.
func goList(t *testing.T, field string) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-f", "{{.ImportPath}} {{join ."+field+" \" \"}}", "./...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		packages[strings.TrimPrefix(strings.TrimPrefix(f[0], module), "/")] = f[1:]
	}
	return packages
}

func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// The arrows between the packages point one way.
func TestImports(t *testing.T) {
	for _, path := range goList(t, "Imports")[""] {
		if strings.Contains(strings.Split(path, "/")[0], ".") || under(path, "net") || under(path, "os") {
			t.Errorf("the root imports %s", path)
		}
	}
	ours := func(dir string) string { return module + "/" + dir }
	for from, allowed := range map[string][]string{
		"sandbox/world": {module, "k8s.io/api", "k8s.io/apimachinery"}, // nor net or os
		"sandbox": {module, ours("demo"), ours("sandbox/world"), "k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go",
			"sigs.k8s.io/json", "sigs.k8s.io/yaml", "go.yaml.in/yaml/v3", "github.com/alicebob/miniredis/v2"},
	} {
		for _, path := range goList(t, "Imports")[from] {
			within := func(dir string) bool { return path == dir || dir != module && under(path, dir) }
			if strings.Contains(strings.Split(path, "/")[0], ".") && !slices.ContainsFunc(allowed, within) ||
				from == "sandbox/world" && (under(path, "net") || under(path, "os")) {
				t.Errorf("%s imports %s", from, path)
			}
		}
	}
	for from, deps := range goList(t, "Deps") {
		for _, path := range deps {
			switch {
			case under(from, "tui") && (under(path, "k8s.io") || under(path, "github.com/redis") || under(path, ours("sources")) || under(path, ours("demo")) || under(path, ours("sandbox"))),
				under(from, "demo") && (under(path, ours("sources")) || under(path, ours("tui")) || under(path, ours("sandbox"))),
				under(from, "sources") && (under(path, ours("tui")) || under(path, ours("demo")) || under(path, ours("sandbox"))),
				under(from, "sandbox") && (under(path, ours("tui")) || under(path, ours("sources"))),
				under(from, "sources") && under(path, ours("sources")) && !mayUse(from, path),
				!under(from, "cmd") && under(path, ours("cmd")):
				t.Errorf("%s depends on %s", from, path)
			}
		}
	}
}

// mayUse is the one exception: what the sources of Kubernetes objects are made
// of.
func mayUse(from, path string) bool {
	return path == module+"/"+from || path == module+"/sources/watch" && (under(from, "sources/k8s") || under(from, "sources/keda"))
}
