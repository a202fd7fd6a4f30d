package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

func chartText(w, h int, st *screen.Styles, in Input) string {
	g, c := blankGrid(w, h, st)
	Draw(c, st, in)
	return g.Plain()
}

func TestChart(t *testing.T) {
	nan := func(in Input) Input { return in.lost(0, 1) }
	zero := story(80, Overlay, 0, 10)
	for i := range zero.Ready {
		zero.Ready[i], zero.Desired[i] = 0, 0
	}
	zero.Marks = nil
	open := func(w int) Input { // closed, open, closed, and open again ahead
		in := story(w, Overlay, 7035, 30)
		second := func(s int) time.Time { return in.From.Add(time.Duration(s) * time.Second) }
		in.Open = [][2]time.Time{{in.From, second(12)}, {second(40), second(70)}, {second(106), second(200)}}
		in.Marks = append(in.Marks, Mark{At: second(12), Kind: MarkCloses}, Mark{At: second(40), Kind: MarkOpens, N: 4}, Mark{At: second(70), Kind: MarkCloses})
		in.Ahead = Ahead{Columns: 20, Span: 30 * time.Second, Due: []Due{{Mark: MarkOpens, Column: 4, To: Opens(4), In: "6s"}}}
		return in
	}
	before := open(78)
	before.Marks, before.Open, before.Ahead.Due = nil, before.Open[:1], nil
	before.Open[0][1] = before.To.Add(time.Hour)
	scrub := story(80, Overlay, 7035, 30)
	scrub.Cursor, scrub.CursorLabel, scrub.End = scrub.From.Add(50*time.Second), "12:03:41", "12:04:51"
	scrub.Guides = append(scrub.Guides, Guide{Value: 4000, Label: "activation"})
	for _, tt := range []struct {
		name string
		w, h int
		st   *screen.Styles
		in   Input
	}{
		{"overlay-78x14", 78, 14, trueDark, story(78, Overlay, 7035, 30)},
		{"overlay-118x26", 118, 26, trueDark, story(118, Overlay, 7035, 30)},
		{"overlay-200x40", 200, 40, trueDark, story(200, Overlay, 7035, 30)},
		{"overlay-ten-jobs", 78, 14, trueDark, story(78, Overlay, 10, 2)},
		{"overlay-40x6", 40, 6, trueDark, story(40, Overlay, 7035, 30)},
		{"overlay-20x4", 20, 4, trueDark, story(20, Overlay, 7035, 30)},
		{"overlay-midway", 78, 14, trueDark, story(78, Overlay, 7035, 30).shifted(.5)},
		{"overlay-gap", 78, 14, trueDark, story(78, Overlay, 7035, 30).lost(.4, .6)},
		{"overlay-no-colour", 78, 14, plainDark, story(78, Overlay, 7035, 30)},
		{"overlay-ascii", 78, 14, asciiDark, story(78, Overlay, 7035, 30)},
		{"overlay-cursor", 80, 14, trueDark, scrub},
		{"open-118x26", 118, 26, trueDark, open(118)},
		{"open-no-colour", 78, 14, plainDark, open(78)},
		{"open-ascii", 78, 14, asciiDark, open(78)},
		{"open-throughout", 78, 14, trueDark, before},
		{"stacked-78x14", 78, 14, trueDark, story(78, Stacked, 7035, 30)},
		{"stacked-118x26", 118, 26, trueDark, story(118, Stacked, 7035, 30)},
		{"stacked-ascii", 78, 14, asciiDark, story(78, Stacked, 7035, 30)},
		{"zero", 80, 14, trueDark, zero},
		{"waiting", 78, 14, trueDark, nan(story(78, Overlay, 7035, 30))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			golden.Compare(t, tt.name+".txt", chartText(tt.w, tt.h, tt.st, tt.in))
		})
	}
}

// Where the text shows nothing, colours do: the area, the chase, the lines.
func TestChartColours(t *testing.T) {
	st := trueDark
	names := map[screen.Colour]byte{st.Chase: 'c', st.Ready.Fg: 'R', st.Desired.Fg: 'd', st.Idle.Fg: 'r', st.Grid.Fg: '.',
		st.Muted.Fg: 'm', st.Queue.Fg: 'Q', st.Pods.Fg: 'P', st.PodsGuide.Fg: 'g', st.Peak.Fg: 'K', st.You.Fg: 'Y', st.KEDA.Fg: 'A'}
	for i := range screen.RampSteps {
		names[st.QueueArea.Plain[i]], names[st.QueueArea.Chase[i]] = 'a', 'C'
	}
	g, c := blankGrid(78, 14, st)
	Draw(c, st, story(78, Overlay, 7035, 30))
	var b strings.Builder
	for i, cell := range g.Cells() {
		look := cell.Style.Fg
		if cell.Rune == ' ' {
			look = cell.Style.Bg
		}
		switch name, ok := names[look]; {
		case look == 0:
			b.WriteByte(' ')
		case !ok:
			b.WriteByte('?')
		default:
			b.WriteByte(name)
		}
		if i%78 == 77 {
			b.WriteByte('\n')
		}
	}
	golden.Compare(t, "overlay-78x14.colours.txt", b.String())
}

// Nothing that may be measured breaks the picture or leaves its rectangle.
func TestChartExtremes(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for name, vs := range map[string][]float64{
		"none": nil, "one": {5}, "all NaN": {nan, nan, nan}, "zeros": {0, 0, 0}, "Inf": {0, inf, -inf, nan, 3},
		"huge": {1, 1e15, 3e300}, "negative": {-5, -1e9, 2}, "tiny": {5e-324, 1e-300}, "alternating": {nan, 4, nan, 5, nan},
	} {
		for _, mode := range []Mode{Overlay, Stacked} {
			for _, size := range [][2]int{{0, 0}, {1, 1}, {1, 9}, {9, 1}, {11, 2}, {20, 4}, {23, 5}, {40, 8}, {60, 11}, {250, 40}} {
				for _, top := range []float64{0, 1, 1e15, inf, nan, -4, 1e-320, NiceMax(slices.Max(append(vs, 1)))} {
					in := Input{Mode: mode, From: storyEnd.Add(-time.Minute), To: storyEnd, Queue: vs, Ready: vs, Desired: vs,
						QueueMax: top, ReadyMax: top, Guides: []Guide{{Value: inf, Label: "x"}, {Value: 1, Label: "max", Pods: true}},
						Ahead: Ahead{Columns: size[0] / 3, Queue: Fan{vs, vs, vs}, Ready: Fan{vs, vs, vs}, Due: []Due{{To: "1", In: "3s"}, {Kind: DueLook, Column: 1 << 40}, {Kind: DueSync, Column: -9}}}}
					t.Run(fmt.Sprint(name, mode, size, top), func(*testing.T) { chartText(size[0], size[1], trueDark, in) })
				}
			}
		}
	}
}

// TestCursorHidesWholeTimes: wherever the cursor stands, no part of another time is
// left beside what is said of it.
func TestCursorHidesWholeTimes(t *testing.T) {
	in := story(80, Overlay, 10, 2)
	in.End, in.CursorLabel = "12:04:51", "@@@"
	whole := map[string]bool{"@@@": true}
	timesOf := func(in Input) []string {
		rows := strings.Split(chartText(80, 14, trueDark, in), "\n")
		i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, "┬") })
		return strings.Fields(rows[i+1])
	}
	for _, label := range timesOf(in) {
		whole[label] = true
	}
	for at := in.From; !at.After(in.To); at = at.Add(time.Second) {
		in.Cursor = at
		for _, label := range timesOf(in) {
			if !whole[label] {
				t.Errorf("cursor %s before the end: %q under the axis is part of a time", in.To.Sub(at), label)
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
		st := [...]*screen.Styles{trueDark, plainDark, asciiDark, trueDark}[flags>>1&3]
		in := Input{Mode: Mode(flags & 1), To: storyEnd, From: storyEnd.Add(-time.Duration(seconds) * time.Second),
			QueueMax: queueMax, ReadyMax: readyMax, Cursor: storyEnd.Add(-time.Duration(seconds/2) * time.Second), CursorLabel: "here"}
		for i, v := range vs {
			x := float64(v)
			switch v {
			case 0xff:
				x = math.NaN()
			case 0xfe:
				x = queueMax
			}
			in.Queue = append(in.Queue, x)
			in.Ready = append(in.Ready, math.Floor(x/float64(i+1)))
			in.Desired = append(in.Desired, readyMax-x)
			in.Marks = append(in.Marks, Mark{At: in.From.Add(time.Duration(v) * time.Second), Kind: MarkKind(v) % 6, N: int64(v)})
			in.Ahead.Columns = int(v) - 1
			in.Ahead.Queue.Add(0, x, queueMax)
			in.Ahead.Ready.Add(x, readyMax, x)
			in.Ahead.Due = append(in.Ahead.Due, Due{Kind: DueKind(v) % 3, Mark: MarkKind(v) % 4, Column: int(v), To: "7", In: "5s"})
			in.Guides = append(in.Guides, Guide{Value: x, Label: "level", Pods: v&1 == 1})
		}
		g, c := blankGrid(w+4, h+4, st)
		inner := c.Sub(2, 2, w, h)
		Draw(inner, st, in)
		for i, cell := range g.Cells() {
			if x, y := i%(w+4), i/(w+4); (x < 2 || y < 2 || x >= w+2 || y >= h+2) && cell != (cell0) {
				t.Fatalf("painted outside at %d,%d: %q", x, y, cell.Rune)
			}
		}
	})
}

var cell0 = screen.Cell{Rune: ' '}

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		top  float64
		rows int
		want string
	}{
		{0, 10, "0"}, {math.NaN(), 10, "0"}, {1, 10, "0 1"}, {2, 10, "0 1 2"}, {3, 10, "0 1 2 3"}, {3, 4, "0 3"},
		{5, 20, "0 2 4"}, {7, 20, "0 2 4 6"}, {10, 10, "0 5 10"}, {13, 20, "0 5 10"}, {30, 20, "0 10 20 30"},
		{8000, 20, "0 2k 4k 6k 8k"}, {10000, 30, "0 2.5k 5k 7.5k 10k"}, {0.3, 20, "0 0.1 0.2 0.3"}, {1e15, 8, "0 300T 600T 900T"}, {5, 2, "0"}, {5, 3, "0 5"},
	} {
		var got []string
		s := scaleOf(tt.top, tt.rows)
		for _, v := range s.ticks() {
			got = append(got, words.Short(v))
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("top %v, %d rows: got %s, want %s", tt.top, tt.rows, got, tt.want)
		}
	}
}

// Grid lines stand at even distances, for values at even distances, whatever
// the height and the largest value; the scale holds that and wastes little.
func TestGridLinesAreEven(t *testing.T) {
	tops := []float64{0.02, 0.07, 0.3, 0.9, 1e6, 3e9}
	for v := 1.0; v <= 130; v++ {
		tops = append(tops, v, NiceMax(v), NiceMax(v*37), NiceMax(v*991))
	}
	for rows := 1; rows <= 60; rows++ {
		for _, top := range tops {
			s := scaleOf(top, rows)
			vs := s.ticks()
			if s.full() < top*(1-1e-9) || rows > 4 && s.full() > top*1.5 {
				t.Fatalf("top %v, %d rows: the scale ends at %v", top, rows, s.full())
			}
			if rows > 2 && len(vs) < 2 || len(vs) > 9 {
				t.Fatalf("top %v, %d rows: %d labels", top, rows, len(vs))
			}
			said := map[string]bool{}
			for i, v := range vs {
				said[words.Short(v)] = true
				if i == 0 {
					continue
				}
				if got, want := s.row(vs[i-1])-s.row(v), s.row(vs[0])-s.row(vs[1]); got != want || got < 1 {
					t.Fatalf("top %v, %d rows, labels %v: %d rows between two, %d between others", top, rows, vs, got, want)
				}
				if got := v - vs[i-1]; math.Abs(got-vs[1]) > vs[1]*1e-9 {
					t.Fatalf("top %v, %d rows: labels %v", top, rows, vs)
				}
				if top >= 1 && v != math.Trunc(v) {
					t.Fatalf("top %v, %d rows: labels %v of what is counted", top, rows, vs)
				}
			}
			if len(said) < len(vs) {
				t.Fatalf("top %v, %d rows: labels %v read alike", top, rows, vs)
			}
		}
	}
}

func TestNiceMax(t *testing.T) {
	for v, want := range map[float64]float64{0: 0, -1: 0, math.Inf(-1): 0, 0.3: 0.3, 1: 1, 7: 8, 9: 10, 10: 10, 11: 12, 42: 50, 61: 80, 7035: 8000, 8001: 10000, math.Inf(1): 1e18} {
		if got := NiceMax(v); math.Abs(got-want) > want*1e-9 {
			t.Errorf("niceMax(%v): got %v, want %v", v, got, want)
		}
	}
	if got := NiceMax(math.NaN()); got != 0 {
		t.Errorf("niceMax(NaN): got %v, want 0", got)
	}
}

// The line and the area go through one scale: a whole number of rows up, the
// area ends in the middle of the row that the line is on.
func TestLineAndAreaAgree(t *testing.T) {
	for rows := 2; rows < 50; rows++ {
		for _, top := range []float64{1, 3, 7, 30, 8000} {
			s := scaleOf(top, rows)
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
		if diff := cmp.Diff(want, [2]string{words.Short(v), commas(v)}); diff != "" {
			t.Errorf("%v (-want +got): %s", v, diff)
		}
	}
}

func TestMarksGiveWay(t *testing.T) {
	in := Input{From: storyEnd.Add(-100 * time.Second), To: storyEnd}
	at := func(s int) time.Time { return in.From.Add(time.Duration(s) * time.Second) }
	line := func(ms ...Mark) string {
		in.Marks = ms
		g, c := blankGrid(100, 1, trueDark)
		drawMarks(c, trueDark, in, box{marks: 1})
		return strings.TrimSpace(g.Plain())
	}
	for _, tt := range []struct {
		name string
		got  string
		want string
	}{
		{"apart", line(Mark{At: at(3), Kind: MarkUp, N: 2}, Mark{At: at(9), Kind: MarkUp, N: 4}), "▲2    ▲4"},
		{"replicas: the last word", line(Mark{At: at(3), Kind: MarkUp, N: 2}, Mark{At: at(4), Kind: MarkUp, N: 4}), "▲4"},
		{"work adds up", line(Mark{At: at(3), Kind: MarkInject, N: 10}, Mark{At: at(4), Kind: MarkInject, N: 10}), "+20"},
		{"moved aside", line(Mark{At: at(3), Kind: MarkInject, N: 10}, Mark{At: at(5), Kind: MarkActivate, N: 1}), "+10 ●1"},
		{"the lesser goes", line(Mark{At: at(3), Kind: MarkInject, N: 12345}, Mark{At: at(3), Kind: MarkDown, N: 100}), "+12k"},
		{"outside", line(Mark{At: at(-3), Kind: MarkUp, N: 2}, Mark{At: at(100), Kind: MarkUp, N: 2}), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func BenchmarkChart(b *testing.B) {
	for _, mode := range []Mode{Overlay, Stacked} {
		for _, size := range [][2]int{{78, 14}, {118, 22}, {198, 40}} {
			b.Run(fmt.Sprintf("mode%d/%dx%d", mode, size[0], size[1]), func(b *testing.B) {
				g, in := &screen.Grid{}, story(size[0], mode, 7035, 30)
				b.ReportAllocs()
				for b.Loop() {
					g.Reset(size[0], size[1], trueDark)
					Draw(g.Canvas(), trueDark, in)
				}
			})
		}
	}
}

// BenchmarkString is what a frame full of a chart takes to become text.
func BenchmarkString(b *testing.B) {
	for _, size := range []struct {
		name string
		w, h int
	}{{"80x24", 80, 24}, {"120x35", 120, 35}, {"200x55", 200, 55}} {
		b.Run(size.name, func(b *testing.B) {
			g, c := blankGrid(size.w, size.h, trueDark)
			Draw(c, trueDark, story(size.w, Overlay, 7035, 30))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = len(g.String())
			}
			b.ReportMetric(float64(n), "bytes/frame")
		})
	}
}
