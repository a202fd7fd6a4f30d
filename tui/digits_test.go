package tui

import (
	"math"
	"strings"
	"testing"
)

func TestBigDigits(t *testing.T) {
	for name, st := range map[string]*styles{"digits.txt": plainDark, "digits-ascii.txt": asciiDark} {
		g, c := blankGrid(80, 7, st)
		for i, s := range []string{"0123456789", "7/10 ~4,616.5 12:08 -3 25k 1M 2G ?"} {
			got := drawBig(c, 0, 4*i, st, st.queue, s)
			if want := min(bigWidth(st, s), 80); got != want {
				t.Errorf("%q ends at column %d, want %d", s, got, want)
			}
		}
		golden(t, "chart/"+name, g.plain())
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

func TestSparkline(t *testing.T) {
	vs := []float64{math.NaN(), 0, 1, 5, 10, 50, 90, 100, 1e9, math.Inf(1), -4}
	for _, tt := range []struct {
		st   *styles
		w    int
		want string
	}{{trueDark, 11, "·▁▂▂▂▄▇▇▇▇▁"}, {trueDark, 3, "▇▇▁"}, {trueDark, 13, "···▁▂▂▂▄▇▇▇▇▁"}, {asciiDark, 11, " _...=####_"}} {
		g, c := blankGrid(20, 1, tt.st)
		drawSpark(c, 0, 0, tt.w, tt.st, tt.st.queue, vs, 100)
		if got := strings.TrimRight(g.plain(), " \n"); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	g, c := blankGrid(3, 1, trueDark)
	drawSpark(c, 0, 0, 3, trueDark, trueDark.queue, []float64{0, 0, 2}, 0)
	if got := strings.TrimSpace(g.plain()); got != "▁▁▇" {
		t.Errorf("without a top: got %q", got)
	}
}
