package kscope_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// leastFaults is how many faults the tests inject, at least.
const leastFaults = 60

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	// Where a fault is injected: a package, a test, and a case of it.
	injected = regexp.MustCompile("^`([a-z0-9/.]+) (Test\\w+)(?:/([^`]+))?`$")
)

// TestFaults holds docs/faults.md to the code: every row names a test that is
// there, and words that are said by it, by its testdata or by the program.
func TestFaults(t *testing.T) {
	const file = "docs/faults.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	said := program(t)
	rows := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| fault |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 5 {
			t.Errorf("%s:%d has %d cells, want 5", file, i+1, len(cells))
			continue
		}
		for c := range cells {
			if cells[c] = strings.TrimSpace(cells[c]); cells[c] == "" {
				t.Errorf("%s:%d has an empty cell", file, i+1)
			}
		}
		if rows[cells[0]] {
			t.Errorf("%s:%d is about %q again", file, i+1, cells[0])
		}
		rows[cells[0]] = true
		where := injected.FindStringSubmatch(cells[4])
		if where == nil {
			t.Errorf("%s:%d names no test: %s", file, i+1, cells[4])
			continue
		}
		dir, name, sub := where[1], where[2], where[3]
		tests := read(t, dir, func(p string) bool { return path.Dir(p) == dir && strings.HasSuffix(p, "_test.go") })
		own := ""
		for _, one := range tests {
			if strings.Contains(one, "\nfunc "+name+"(") {
				own = one
			}
		}
		switch {
		case own == "":
			t.Errorf("%s:%d: package %s has no %s", file, i+1, dir, name)
			continue
		case sub != "" && !strings.Contains(strings.Join(tests, "\n"), `"`+sub+`"`):
			t.Errorf("%s:%d: package %s has no case %q", file, i+1, dir, sub)
		}
		words := quoted.FindAllStringSubmatch(cells[1], -1)
		if len(words) == 0 && !strings.HasPrefix(cells[1], "nothing") {
			t.Errorf("%s:%d says neither what is said nor that nothing is", file, i+1)
		}
		heard := own + said + strings.Join(read(t, dir, func(p string) bool { return strings.Contains(p, "/testdata/") }), "\n")
		for _, w := range words {
			if !strings.Contains(heard, w[1]) {
				t.Errorf("%s:%d: nobody says %q", file, i+1, w[1])
			}
		}
	}
	if len(rows) < leastFaults {
		t.Errorf("%s has %d faults, want %d", file, len(rows), leastFaults)
	}
}

// program is the source of what says anything: all that is no test.
func program(t *testing.T) string {
	return strings.Join(read(t, ".", func(p string) bool {
		return strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, "_test.go") && !strings.HasPrefix(p, "e2e/")
	}), "\n")
}

// read reads the files below a directory that are wanted, by their path with
// slashes.
func read(t *testing.T, dir string, wanted func(path string) bool) (out []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.FromSlash(dir), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !wanted(filepath.ToSlash(p)) {
			return err
		}
		text, err := os.ReadFile(p)
		out = append(out, string(text))
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return out
}
