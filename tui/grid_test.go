package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
)

func blankGrid(w, h int, st *styles) (*grid, canvas) {
	g := &grid{}
	g.reset(w, h, st)
	return g, g.canvas()
}

var (
	trueDark  = newStyles(true, colorprofile.TrueColor, false)
	plainDark = newStyles(true, colorprofile.ASCII, false)
	asciiDark = newStyles(true, colorprofile.ASCII, true)
)

func TestText(t *testing.T) {
	for _, tt := range []struct {
		name string
		draw func(c canvas)
		want string
	}{
		{"clipped, not wrapped", func(c canvas) { c.text(5, 0, style{}, "abcdefghij") }, "     abcde"},
		{"cut at the left", func(c canvas) { c.text(-2, 0, style{}, "abcd") }, "cd"},
		{"outside", func(c canvas) { c.text(0, 1, style{}, "a"); c.text(0, -1, style{}, "b"); c.text(12, 0, style{}, "c") }, ""},
		{"wide", func(c canvas) { c.text(0, 0, style{}, "日本語") }, "日本語"},
		{"half a wide character", func(c canvas) { c.text(7, 0, style{}, "日本") }, "       日"},
		{"over a wide character", func(c canvas) { c.text(0, 0, style{}, "日本"); c.text(1, 0, style{}, "x") }, " x本"},
		{"under its second half", func(c canvas) { c.text(0, 0, style{}, "日本"); c.text(2, 0, style{}, "x") }, "日x"},
		{"combining", func(c canvas) { x := c.text(0, 0, style{}, "e\u0301"); c.text(x, 0, style{}, "x") }, "e\u0301x"},
		{"joined emoji are one of theirs", func(c canvas) { c.text(0, 0, style{}, "👨‍👩‍👧x") }, "👨x"},
		{"escape sequences", func(c canvas) { c.text(0, 0, style{}, "\x1b[31mred") }, "?[31mred"},
		{"control characters", func(c canvas) { c.text(0, 0, style{}, "a\nb\tc\x00\u009bd") }, "a b c??d"},
		{"direction marks", func(c canvas) { c.text(0, 0, style{}, "a\u202eb\u200bc") }, "a?b?c"},
		{"not UTF-8", func(c canvas) { c.text(0, 0, style{}, "a\xffb") }, "a?b"},
		{"ellipsis", func(c canvas) { c.fit(0, 0, 5, style{}, "abcdefgh") }, "abcd…"},
		{"no ellipsis", func(c canvas) { c.fit(0, 0, 5, style{}, "abcde") }, "abcde"},
		{"right", func(c canvas) { c.right(10, 0, style{}, "abc") }, "       abc"},
		{"right, too long", func(c canvas) { c.right(3, 0, style{}, "abcdef") }, "abc"},
		{"centre", func(c canvas) { c.centre(0, style{}, "ab") }, "    ab"},
		{"sub", func(c canvas) { c.sub(2, 0, 3, 1).text(0, 0, style{}, "abcdef") }, "  abc"},
		{"sub beyond", func(c canvas) { c.sub(8, 0, 30, 5).text(0, 0, style{}, "abcdef") }, "        ab"},
		{"sub outside", func(c canvas) { c.sub(20, 20, 3, 3).text(0, 0, style{}, "abc") }, ""},
		{"zero canvas", func(canvas) { canvas{}.text(-3, 0, style{}, "abc"); canvas{}.fill(0, 0, 9, 9, style{}, 'x') }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, c := blankGrid(10, 1, trueDark)
			tt.draw(c)
			if got := g.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTextInASCII(t *testing.T) {
	g, c := blankGrid(30, 1, asciiDark)
	c.text(0, 0, style{}, "▲5 ▼0 ● ━│ Grüße 日本 …")
	if got, want := g.String(), "^5 v0 * =| Gr??e ?? ."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTextColumns(t *testing.T) {
	_, c := blankGrid(10, 1, trueDark)
	if got := c.text(0, 0, style{}, "日x"); got != 3 {
		t.Errorf("got column %d after the text, want 3", got)
	}
	if got := c.text(4, 0, style{}, "abcdefghijkl"); got != 10 {
		t.Errorf("got column %d after clipped text, want 10", got)
	}
}

// A style is written only where it changes, ends at the row's end, and a bar
// shines through text put on it.
func TestStyles(t *testing.T) {
	g, c := blankGrid(8, 2, trueDark)
	red, bar := style{fg: isIndex | 1}, style{bg: isRGB | 0x010203}
	c.fill(0, 0, 4, 1, bar, ' ')
	c.text(1, 0, red.bold(), "ab")
	c.text(0, 1, red, "c")
	c.text(1, 1, red, " d")
	want := "\x1b[48;2;1;2;3m \x1b[1;31mab\x1b[0;48;2;1;2;3m \x1b[m\n\x1b[31mc d\x1b[m"
	got := g.String()
	want = strings.Replace(want, "\x1b[0;48;2;1;2;3m ", " ", 1) // bold does not show on a blank
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if plain := ansi.Strip(got); plain != strings.TrimSuffix(g.plain(), "\n") && strings.TrimRight(plain, " ") == "" {
		t.Errorf("got %q without codes, want %q", plain, g.plain())
	}
}

func TestReversedBar(t *testing.T) {
	g, c := blankGrid(3, 1, plainDark)
	c.fill(0, 0, 3, 1, plainDark.chosen, ' ')
	c.text(0, 0, plainDark.text, "a")
	if got := g.cells[0].st.attr & reverse; got == 0 {
		t.Error("text on a reversed row is not reversed")
	}
}

func TestGridReuseAllocatesOnlyTheFrame(t *testing.T) {
	in := story(78, chartOverlay, 7035, 30)
	g := &grid{}
	draw := func() {
		g.reset(80, 24, trueDark)
		c := g.canvas()
		c.text(0, 0, trueDark.text, "日本 e\u0301 and ▲5")
		drawSpark(c, 0, 1, 40, trueDark, trueDark.queue, in.queue[:0], 10)
		c.box(trueDark.grid, "pods", trueDark.muted)
		g.buf = g.appendTo(g.buf[:0])
	}
	draw()
	if got := testing.AllocsPerRun(20, draw); got > 3 { // the sparkline's values, and grapheme segmentation
		t.Errorf("got %v allocations a frame, want 3 at most", got)
	}
}

func BenchmarkGridString(b *testing.B) {
	for _, size := range []struct {
		name string
		w, h int
	}{{"80x24", 80, 24}, {"120x35", 120, 35}, {"200x55", 200, 55}} {
		b.Run(size.name, func(b *testing.B) {
			g, c := blankGrid(size.w, size.h, trueDark)
			drawChart(c, trueDark, story(size.w, chartOverlay, 7035, 30))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = len(g.String())
			}
			b.ReportMetric(float64(n), "bytes/frame")
		})
	}
}
