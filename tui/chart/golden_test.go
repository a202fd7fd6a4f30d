package chart

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope/tui/screen"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var blankEnds = regexp.MustCompile(`(?m) +$`)

// golden compares got, blanks at line ends trimmed, with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.TrimRight(blankEnds.ReplaceAllString(got, ""), "\n") + "\n"
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

var (
	trueDark  = screen.NewStyles(true, colorprofile.TrueColor, false)
	plainDark = screen.NewStyles(true, colorprofile.ASCII, false)
	asciiDark = screen.NewStyles(true, colorprofile.ASCII, true)
)

func blankGrid(w, h int, st *screen.Styles) (*screen.Grid, screen.Canvas) {
	g := &screen.Grid{}
	g.Reset(w, h, st)
	return g, g.Canvas()
}
