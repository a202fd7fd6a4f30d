package tui

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func chartText(w, h int, st *styles, in chartInput) string {
	g, c := blankGrid(w, h, st)
	drawChart(c, st, in)
	return g.plain()
}

func TestChart(t *testing.T) {
	nan := func(in chartInput) chartInput { return in.lost(0, 1) }
	zero := story(80, chartOverlay, 0, 10)
	for i := range zero.ready {
		zero.ready[i], zero.desired[i] = 0, 0
	}
	zero.marks = nil
	scrub := story(80, chartOverlay, 7035, 30)
	scrub.cursor, scrub.cursorLabel, scrub.end = scrub.from.Add(50*time.Second), "12:03:41", "12:04:51"
	scrub.guides = append(scrub.guides, guide{v: 4000, label: "activation"})
	for _, tt := range []struct {
		name string
		w, h int
		st   *styles
		in   chartInput
	}{
		{"overlay-78x14", 78, 14, trueDark, story(78, chartOverlay, 7035, 30)},
		{"overlay-118x26", 118, 26, trueDark, story(118, chartOverlay, 7035, 30)},
		{"overlay-200x40", 200, 40, trueDark, story(200, chartOverlay, 7035, 30)},
		{"overlay-ten-jobs", 78, 14, trueDark, story(78, chartOverlay, 10, 2)},
		{"overlay-40x6", 40, 6, trueDark, story(40, chartOverlay, 7035, 30)},
		{"overlay-20x4", 20, 4, trueDark, story(20, chartOverlay, 7035, 30)},
		{"overlay-midway", 78, 14, trueDark, story(78, chartOverlay, 7035, 30).shifted(.5)},
		{"overlay-gap", 78, 14, trueDark, story(78, chartOverlay, 7035, 30).lost(.4, .6)},
		{"overlay-no-colour", 78, 14, plainDark, story(78, chartOverlay, 7035, 30)},
		{"overlay-ascii", 78, 14, asciiDark, story(78, chartOverlay, 7035, 30)},
		{"overlay-cursor", 80, 14, trueDark, scrub},
		{"stacked-78x14", 78, 14, trueDark, story(78, chartStacked, 7035, 30)},
		{"stacked-118x26", 118, 26, trueDark, story(118, chartStacked, 7035, 30)},
		{"stacked-ascii", 78, 14, asciiDark, story(78, chartStacked, 7035, 30)},
		{"zero", 80, 14, trueDark, zero},
		{"waiting", 78, 14, trueDark, nan(story(78, chartOverlay, 7035, 30))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, "chart/"+tt.name+".txt", chartText(tt.w, tt.h, tt.st, tt.in))
		})
	}
}

// Where the text shows nothing, colours do: the area, the chase, the lines.
func TestChartColours(t *testing.T) {
	st := trueDark
	names := map[colour]byte{st.chase: 'c', st.ready.fg: 'R', st.desired.fg: 'd', st.idle.fg: 'r', st.grid.fg: '.',
		st.muted.fg: 'm', st.queue.fg: 'Q', st.pods.fg: 'P', st.podsGuide.fg: 'g', st.peak.fg: 'K', st.you.fg: 'Y', st.keda.fg: 'A'}
	for i := range rampSteps {
		names[st.queueArea.plain[i]], names[st.queueArea.chase[i]] = 'a', 'C'
	}
	g, c := blankGrid(78, 14, st)
	drawChart(c, st, story(78, chartOverlay, 7035, 30))
	var b strings.Builder
	for i, cell := range g.cells {
		look := cell.st.fg
		if cell.r == ' ' {
			look = cell.st.bg
		}
		switch name, ok := names[look]; {
		case look == 0:
			b.WriteByte(' ')
		case !ok:
			b.WriteByte('?')
		default:
			b.WriteByte(name)
		}
		if i%g.w == g.w-1 {
			b.WriteByte('\n')
		}
	}
	golden(t, "chart/overlay-78x14.colours.txt", b.String())
}

// Nothing that may be measured breaks the picture or leaves its rectangle.
func TestChartExtremes(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for name, vs := range map[string][]float64{
		"none": nil, "one": {5}, "all NaN": {nan, nan, nan}, "zeros": {0, 0, 0}, "Inf": {0, inf, -inf, nan, 3},
		"huge": {1, 1e15, 3e300}, "negative": {-5, -1e9, 2}, "tiny": {5e-324, 1e-300}, "alternating": {nan, 4, nan, 5, nan},
	} {
		for _, mode := range []chartMode{chartOverlay, chartStacked} {
			for _, size := range [][2]int{{0, 0}, {1, 1}, {1, 9}, {9, 1}, {11, 2}, {20, 4}, {23, 5}, {40, 8}, {60, 11}, {250, 40}} {
				for _, top := range []float64{0, 1, 1e15, inf, nan, -4, 1e-320, niceMax(slices.Max(append(vs, 1)))} {
					in := chartInput{mode: mode, from: storyEnd.Add(-time.Minute), to: storyEnd, queue: vs, ready: vs, desired: vs,
						queueMax: top, readyMax: top, guides: []guide{{v: inf, label: "x"}, {v: 1, label: "max", pods: true}}}
					t.Run(fmt.Sprint(name, mode, size, top), func(*testing.T) { chartText(size[0], size[1], trueDark, in) })
				}
			}
		}
	}
}

func FuzzChart(f *testing.F) {
	f.Add(78, 14, byte(0), []byte("\x00\x05\x10\xff\x20"), 10.0, 5.0, int64(120))
	f.Add(1, 1, byte(1), []byte{}, 0.0, math.NaN(), int64(0))
	f.Add(200, 40, byte(7), []byte("\xff\xff\xff"), math.Inf(1), 1e15, int64(-5))
	f.Add(33, 9, byte(3), []byte("abcabcabc"), 7.0, 13.0, int64(1)<<40)
	f.Fuzz(func(t *testing.T, w, h int, flags byte, vs []byte, queueMax, readyMax float64, seconds int64) {
		w, h = w&0xff, h&0x3f
		st := [...]*styles{trueDark, plainDark, asciiDark, trueDark}[flags>>1&3]
		in := chartInput{mode: chartMode(flags & 1), to: storyEnd, from: storyEnd.Add(-time.Duration(seconds) * time.Second),
			queueMax: queueMax, readyMax: readyMax, cursor: storyEnd.Add(-time.Duration(seconds/2) * time.Second), cursorLabel: "here"}
		for i, v := range vs {
			x := float64(v)
			switch v {
			case 0xff:
				x = math.NaN()
			case 0xfe:
				x = queueMax
			}
			in.queue = append(in.queue, x)
			in.ready = append(in.ready, math.Floor(x/float64(i+1)))
			in.desired = append(in.desired, readyMax-x)
			in.marks = append(in.marks, mark{at: in.from.Add(time.Duration(v) * time.Second), kind: markKind(v) % 6, n: int64(v)})
			in.guides = append(in.guides, guide{v: x, label: "level", pods: v&1 == 1})
		}
		g, c := blankGrid(w+4, h+4, st)
		inner := c.sub(2, 2, w, h)
		drawChart(inner, st, in)
		for i, cell := range g.cells {
			if x, y := i%g.w, i/g.w; (x < 2 || y < 2 || x >= w+2 || y >= h+2) && cell != (cell0) {
				t.Fatalf("painted outside at %d,%d: %q", x, y, cell.r)
			}
		}
	})
}

var cell0 = cell{r: ' '}

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		top  float64
		rows int
		want string
	}{
		{0, 10, "0"}, {math.NaN(), 10, "0"}, {1, 10, "0 1"}, {2, 10, "0 1 2"}, {3, 10, "0 1 2 3"}, {3, 4, "0 3"},
		{5, 20, "0 1 2 3 4 5"}, {7, 20, "0 2 4 7"}, {10, 10, "0 5 10"}, {13, 20, "0 5 10 13"}, {30, 20, "0 10 20 30"},
		{8000, 20, "0 2k 4k 6k 8k"}, {10000, 30, "0 2k 4k 6k 8k 10k"}, {0.3, 20, "0 0.1 0.2 0.3"}, {1e15, 8, "0 500T 1P"}, {5, 2, "0"}, {5, 3, "0 5"},
	} {
		var got []string
		rows := map[int]bool{}
		s := scale{tt.top, tt.rows}
		for _, v := range s.ticks() {
			got = append(got, short(v))
			if rows[s.row(v)] {
				t.Errorf("top %v, %d rows: two labels on a row", tt.top, tt.rows)
			}
			rows[s.row(v)] = true
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("top %v, %d rows: got %s, want %s", tt.top, tt.rows, got, tt.want)
		}
	}
}

func TestNiceMax(t *testing.T) {
	for v, want := range map[float64]float64{0: 0, -1: 0, math.Inf(-1): 0, 0.3: 0.3, 1: 1, 7: 8, 9: 10, 10: 10, 11: 12, 42: 50, 61: 80, 7035: 8000, 8001: 10000, math.Inf(1): 1e18} {
		if got := niceMax(v); math.Abs(got-want) > want*1e-9 {
			t.Errorf("niceMax(%v): got %v, want %v", v, got, want)
		}
	}
	if got := niceMax(math.NaN()); got != 0 {
		t.Errorf("niceMax(NaN): got %v, want 0", got)
	}
}

// The line and the area go through one scale: a whole number of rows up, the
// area ends in the middle of the row that the line is on.
func TestLineAndAreaAgree(t *testing.T) {
	for rows := 2; rows < 50; rows++ {
		for _, top := range []float64{1, 3, 7, 30, 8000} {
			s := scale{top, rows}
			for v := top / 97; v <= top; v += top / 97 {
				row, full := s.row(v), float64(s.eighths(v))/8
				if mid := float64(rows-1-row) + .5; math.Abs(full-mid) > 0.57 {
					t.Fatalf("top %v, %d rows, %v: line in the middle of %v, area to %v", top, rows, v, mid, full)
				}
				line := rasterise([]float64{v, v}, s, heavyLine)
				if got := slices.IndexFunc(line, func(r string) bool { return strings.Contains(r, "━") }); got != row {
					t.Fatalf("top %v, %d rows, %v: asciigraph draws row %d, the scale says %d", top, rows, v, got, row)
				}
			}
		}
	}
}

func TestShortAndCommas(t *testing.T) {
	for v, want := range map[float64][2]string{0: {"0", "0"}, 7: {"7", "7"}, 999: {"999", "999"}, 1000: {"1k", "1,000"}, 1500: {"1.5k", "1,500"},
		7035: {"7k", "7,035"}, 999_999: {"1M", "999,999"}, 12_345_678: {"12M", "12M"}, 1e15: {"1P", "1P"}, 0.25: {"0.25", "0.25"}, -1234: {"-1.2k", "-1,234"}, 2.5: {"2.5", "2.5"}} {
		if diff := cmp.Diff(want, [2]string{short(v), commas(v)}); diff != "" {
			t.Errorf("%v (-want +got): %s", v, diff)
		}
	}
}

func TestMarksGiveWay(t *testing.T) {
	in := chartInput{from: storyEnd.Add(-100 * time.Second), to: storyEnd}
	at := func(s int) time.Time { return in.from.Add(time.Duration(s) * time.Second) }
	line := func(ms ...mark) string {
		in.marks = ms
		_, c := blankGrid(100, 1, trueDark)
		drawMarks(c, trueDark, in, chartBox{marks: 1})
		return strings.TrimSpace(c.g.plain())
	}
	for _, tt := range []struct {
		name string
		got  string
		want string
	}{
		{"apart", line(mark{at: at(3), kind: markUp, n: 2}, mark{at: at(9), kind: markUp, n: 4}), "▲2    ▲4"},
		{"replicas: the last word", line(mark{at: at(3), kind: markUp, n: 2}, mark{at: at(4), kind: markUp, n: 4}), "▲4"},
		{"work adds up", line(mark{at: at(3), kind: markInject, n: 10}, mark{at: at(4), kind: markInject, n: 10}), "+20"},
		{"moved aside", line(mark{at: at(3), kind: markInject, n: 10}, mark{at: at(5), kind: markActivate, n: 1}), "+10 ●1"},
		{"the lesser goes", line(mark{at: at(3), kind: markInject, n: 12345}, mark{at: at(3), kind: markDown, n: 100}), "+12k"},
		{"outside", line(mark{at: at(-3), kind: markUp, n: 2}, mark{at: at(100), kind: markUp, n: 2}), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func BenchmarkChart(b *testing.B) {
	for _, mode := range []chartMode{chartOverlay, chartStacked} {
		for _, size := range [][2]int{{78, 14}, {118, 22}, {198, 40}} {
			b.Run(fmt.Sprintf("mode%d/%dx%d", mode, size[0], size[1]), func(b *testing.B) {
				g, in := &grid{}, story(size[0], mode, 7035, 30)
				b.ReportAllocs()
				for b.Loop() {
					g.reset(size[0], size[1], trueDark)
					drawChart(g.canvas(), trueDark, in)
				}
			})
		}
	}
}
