package kscope_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The bounds on files that are no tests, in lines: half of them are no longer
// than typical, nine in ten no longer than long, and none is longer than
// longest. A file that grows beyond has become the one that everything is added
// to.
const (
	typical = 140
	long    = 250
	longest = 383

	filesOfAPackage = 25
	filesOfTheRoot  = 10
	filesOfTheTUI   = 30 // a pane each, and what they share
)

func TestSizes(t *testing.T) {
	var sizes []int
	files := map[string]int{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != ".":
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(name)
		n := bytes.Count(text, []byte("\n"))
		if n > longest {
			t.Errorf("%s has %d lines, want %d at most", name, n, longest)
		}
		sizes = append(sizes, n)
		files[path.Dir(name)]++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(sizes)
	if median := sizes[len(sizes)/2]; median > typical {
		t.Errorf("half of %d files have more than %d lines, want %d", len(sizes), median-1, typical)
	}
	if p90 := sizes[len(sizes)*9/10]; p90 > long {
		t.Errorf("one in ten files has %d lines or more, want %d", p90, long)
	}
	for dir, n := range files {
		most := filesOfAPackage
		switch dir {
		case ".":
			most = filesOfTheRoot
		case "tui":
			most = filesOfTheTUI
		}
		if n > most {
			t.Errorf("%s has %d files, want %d at most", dir, n, most)
		}
	}
	t.Logf("%d files, median %d, nine in ten up to %d, longest %d", len(sizes), sizes[len(sizes)/2], sizes[len(sizes)*9/10], sizes[len(sizes)-1])
}
