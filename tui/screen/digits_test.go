package screen

import (
	"strings"
	"testing"

	"github.com/kscope/kscope/golden"
)

func TestBigDigits(t *testing.T) {
	for name, st := range map[string]*Styles{"digits.txt": plainDark, "digits-ascii.txt": asciiDark} {
		g, c := blankGrid(80, 7, st)
		for i, s := range []string{"0123456789", "7/10 ~4,616.5 12:08 -3 25k 1M 2G ?"} {
			got := DrawBig(c, 0, 4*i, st, st.Queue, s)
			if want := min(BigWidth(st, s), 80); got != want {
				t.Errorf("%q ends at column %d, want %d", s, got, want)
			}
		}
		golden.Compare(t, name, g.Plain())
	}
}

// The glyphs are drawn from the same rectangle, row by row.
func TestBigGlyphsAreRectangles(t *testing.T) {
	for r, glyph := range bigGlyphs {
		rows := strings.Split(glyph, "/")
		if len(rows) != 6 {
			t.Errorf("%q has %d half rows, want 6", r, len(rows))
			continue
		}
		for _, row := range rows[:5] {
			if len(row) != len(rows[0]) {
				t.Errorf("%q is ragged: %q", r, row)
			}
		}
	}
}
