package kscope_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kscope/kscope"

// goList gives what the non-test files of the packages in this module import,
// or depend on. It is asked once for each field.
func goList(t *testing.T, field string) map[string][]string {
	t.Helper()
	if known := listed[field]; known != nil {
		return known
	}
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
	listed[field] = packages
	return packages
}

var listed = map[string]map[string][]string{}

func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// floors is how high each package of the domain stands: it may import what
// stands lower, and of the standard library what reads no clock and does no
// I/O. Everybody may import the root, and the domain knows nothing above it.
var floors = map[string]int{
	"": 1, "words": 1, "triggers/formula": 1,
	"triggers": 2, "scaling": 2, "load": 2, "notes": 2,
	"triggers/params": 3, "store": 3, "explain/outlook": 4, "explain/ledger": 4, "explain": 5, "explain/score": 6,
}

// readers are what the domain reads text with that only its inventor can define:
// KEDA's own scaler reads a cron schedule with it.
var readers = map[string]string{"triggers": "github.com/robfig/cron/v3"}

// strangers are pairs on different floors that nevertheless stay apart.
var strangers = map[string][]string{
	"store": {"load", "scaling", "words"}, // it folds, and neither computes nor says anything
}

// TestFloors: within the domain imports point downwards only, and out of it
// nowhere but to the standard library and to readers.
func TestFloors(t *testing.T) {
	imports := goList(t, "Imports")
	for from, floor := range floors {
		if imports[from] == nil {
			t.Errorf("there is no package %q", from)
		}
		for _, path := range imports[from] {
			to, ours := strings.CutPrefix(path, module)
			to = strings.TrimPrefix(to, "/")
			switch at, ok := floors[to]; {
			case ours && (!ok || at >= floor || slices.Contains(strangers[from], to)):
				t.Errorf("%s imports %s", from, path)
			case path == readers[from]:
			case !ours && (strings.Contains(strings.Split(path, "/")[0], ".") || under(path, "net") || under(path, "os")):
				t.Errorf("%s imports %s", from, path)
			}
		}
	}
}

// The arrows between the other packages point one way.
func TestImports(t *testing.T) {
	ours := func(dir string) string { return module + "/" + dir }
	domain := []string{module}
	for dir := range floors {
		domain = append(domain, ours(dir))
	}
	for from, allowed := range map[string][]string{
		"sources/broker":    append(domain[:0:0], module, ours("load"), ours("triggers")),
		"sandbox/brokers":   {module, ours("triggers")},
		"sandbox/world":     append(domain, ours("sandbox/brokers"), ours("sandbox/meter"), ours("sandbox/resolve"), ours("sandbox/dump"), "k8s.io/api", "k8s.io/apimachinery"), // nor net or os
		"sandbox/resolve":   {"k8s.io/api", "k8s.io/apimachinery"},
		"sandbox/dump":      {"k8s.io/api", "k8s.io/apimachinery"},
		"sandbox/schema":    {"k8s.io/apimachinery"},
		"sandbox/admission": {ours("sandbox/world"), "k8s.io/api", "k8s.io/apimachinery"},
		"sandbox/meter":     append(domain[:0:0], ours("scaling"), "k8s.io/api"),
		"sandbox/redisd":    {"github.com/alicebob/miniredis/v2", "github.com/yuin/gopher-lua"},
		"sandbox": append(domain, ours("demo"), ours("sandbox/world"), ours("sandbox/brokers"), ours("sandbox/redisd"), ours("sandbox/admission"), ours("sandbox/schema"), ours("sandbox/dump"), ours("sandbox/resolve"), "k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go",
			"sigs.k8s.io/json", "go.yaml.in/yaml/v2", "go.yaml.in/yaml/v3"),
	} {
		for _, path := range goList(t, "Imports")[from] {
			within := func(dir string) bool { return path == dir || dir != module && under(path, dir) }
			if strings.Contains(strings.Split(path, "/")[0], ".") && !slices.ContainsFunc(allowed, within) ||
				from != "sandbox" && from != "sandbox/redisd" && (under(path, "net") || under(path, "os")) {
				t.Errorf("%s imports %s", from, path)
			}
		}
	}
	for from, rooms := range map[string][]string{"tui/screen": {ours("words")}, "tui/chart": {ours("tui/screen"), ours("words")}} {
		for _, path := range goList(t, "Imports")[from] {
			if under(path, module) && !slices.Contains(rooms, path) {
				t.Errorf("%s imports %s", from, path)
			}
		}
	}
	for from, paths := range goList(t, "Imports") {
		if from != "tui/chart" && slices.Contains(paths, "github.com/guptarohit/asciigraph") {
			t.Errorf("%s imports asciigraph, which only tui/chart draws with", from)
		}
	}
	for from, deps := range goList(t, "Deps") {
		for _, path := range deps {
			switch {
			case under(from, "tui") && (under(path, "k8s.io") || under(path, "github.com/redis") || under(path, ours("sources")) || under(path, ours("demo")) || under(path, ours("sandbox"))),
				under(from, "demo") && (under(path, ours("sources")) || under(path, ours("tui")) || under(path, ours("sandbox"))),
				under(from, "sources") && (under(path, ours("store")) || under(path, ours("explain")) || under(path, ours("scaling"))),
				under(from, "sources") && (under(path, ours("tui")) || under(path, ours("demo")) || under(path, ours("sandbox"))),
				under(from, "sandbox") && (under(path, ours("tui")) || under(path, ours("sources")) || under(path, ours("store"))),
				under(from, "sources") && under(path, ours("sources")) && !mayUse(from, path),
				!under(from, "cmd") && under(path, ours("cmd")):
				t.Errorf("%s depends on %s", from, path)
			}
		}
	}
}

// mayUse is the one exception: what the sources of Kubernetes objects and those
// of brokers are made of.
func mayUse(from, path string) bool {
	if from == "sources/every" { // the list of them
		return true
	}
	kubernetes := under(from, "sources/k8s") || under(from, "sources/keda") || under(from, "sources/watch")
	return path == module+"/"+from || path == module+"/sources/watch" && kubernetes ||
		(under(path, module+"/sources/broker") || under(path, module+"/sources/protocol")) && !kubernetes
}
