package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/kscope/kscope/tui/screen"
)

func TestSparkline(t *testing.T) {
	vs := []float64{math.NaN(), 0, 1, 5, 10, 50, 90, 100, 1e9, math.Inf(1), -4}
	for _, tt := range []struct {
		st   *screen.Styles
		w    int
		want string
	}{{trueDark, 11, "·▁▂▂▂▄▇▇▇▇▁"}, {trueDark, 3, "▇▇▁"}, {trueDark, 13, "···▁▂▂▂▄▇▇▇▇▁"}, {asciiDark, 11, " _...=####_"}} {
		g, c := blankGrid(20, 1, tt.st)
		Spark(c, 0, 0, tt.w, tt.st, tt.st.Queue, vs, 100)
		if got := strings.TrimRight(g.Plain(), " \n"); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	g, c := blankGrid(3, 1, trueDark)
	Spark(c, 0, 0, 3, trueDark, trueDark.Queue, []float64{0, 0, 2}, 0)
	if got := strings.TrimSpace(g.Plain()); got != "▁▁▇" {
		t.Errorf("without a top: got %q", got)
	}
}
