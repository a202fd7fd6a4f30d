package screen

import (
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
)

func blankGrid(w, h int, st *Styles) (*Grid, Canvas) {
	g := &Grid{}
	g.Reset(w, h, st)
	return g, g.Canvas()
}

var (
	trueDark  = NewStyles(true, colorprofile.TrueColor, false)
	plainDark = NewStyles(true, colorprofile.ASCII, false)
	asciiDark = NewStyles(true, colorprofile.ASCII, true)
)

func TestText(t *testing.T) {
	for _, tt := range []struct {
		name string
		draw func(c Canvas)
		want string
	}{
		{"clipped, not wrapped", func(c Canvas) { c.Text(5, 0, Style{}, "abcdefghij") }, "     abcde"},
		{"cut at the left", func(c Canvas) { c.Text(-2, 0, Style{}, "abcd") }, "cd"},
		{"outside", func(c Canvas) { c.Text(0, 1, Style{}, "a"); c.Text(0, -1, Style{}, "b"); c.Text(12, 0, Style{}, "c") }, ""},
		{"wide", func(c Canvas) { c.Text(0, 0, Style{}, "日本語") }, "日本語"},
		{"half a wide character", func(c Canvas) { c.Text(7, 0, Style{}, "日本") }, "       日"},
		{"over a wide character", func(c Canvas) { c.Text(0, 0, Style{}, "日本"); c.Text(1, 0, Style{}, "x") }, " x本"},
		{"under its second half", func(c Canvas) { c.Text(0, 0, Style{}, "日本"); c.Text(2, 0, Style{}, "x") }, "日x"},
		{"combining", func(c Canvas) { x := c.Text(0, 0, Style{}, "e\u0301"); c.Text(x, 0, Style{}, "x") }, "e\u0301x"},
		{"joined emoji are one of theirs", func(c Canvas) { c.Text(0, 0, Style{}, "👨‍👩‍👧x") }, "👨x"},
		{"escape sequences", func(c Canvas) { c.Text(0, 0, Style{}, "\x1b[31mred") }, "?[31mred"},
		{"control characters", func(c Canvas) { c.Text(0, 0, Style{}, "a\nb\tc\x00\u009bd") }, "a b c??d"},
		{"direction marks", func(c Canvas) { c.Text(0, 0, Style{}, "a\u202eb\u200bc") }, "a?b?c"},
		{"not UTF-8", func(c Canvas) { c.Text(0, 0, Style{}, "a\xffb") }, "a?b"},
		{"ellipsis", func(c Canvas) { c.Fit(0, 0, 5, Style{}, "abcdefgh") }, "abcd…"},
		{"no ellipsis", func(c Canvas) { c.Fit(0, 0, 5, Style{}, "abcde") }, "abcde"},
		{"right", func(c Canvas) { c.Right(10, 0, Style{}, "abc") }, "       abc"},
		{"right, too long", func(c Canvas) { c.Right(3, 0, Style{}, "abcdef") }, "abc"},
		{"centre", func(c Canvas) { c.Centre(0, Style{}, "ab") }, "    ab"},
		{"sub", func(c Canvas) { c.Sub(2, 0, 3, 1).Text(0, 0, Style{}, "abcdef") }, "  abc"},
		{"sub beyond", func(c Canvas) { c.Sub(8, 0, 30, 5).Text(0, 0, Style{}, "abcdef") }, "        ab"},
		{"sub outside", func(c Canvas) { c.Sub(20, 20, 3, 3).Text(0, 0, Style{}, "abc") }, ""},
		{"zero canvas", func(Canvas) { Canvas{}.Text(-3, 0, Style{}, "abc"); Canvas{}.Fill(0, 0, 9, 9, Style{}, 'x') }, ""},
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
	c.Text(0, 0, Style{}, "▲5 ▼0 ● ━│ Grüße 日本 …")
	if got, want := g.String(), "^5 v0 * =| Gr??e ?? ."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTextColumns(t *testing.T) {
	_, c := blankGrid(10, 1, trueDark)
	if got := c.Text(0, 0, Style{}, "日x"); got != 3 {
		t.Errorf("got column %d after the text, want 3", got)
	}
	if got := c.Text(4, 0, Style{}, "abcdefghijkl"); got != 10 {
		t.Errorf("got column %d after clipped text, want 10", got)
	}
}

// A style is written only where it changes, ends at the row's end, and a bar
// shines through text put on it.
func TestStyles(t *testing.T) {
	g, c := blankGrid(8, 2, trueDark)
	red, bar := Style{Fg: IsIndex | 1}, Style{Bg: IsRGB | 0x010203}
	c.Fill(0, 0, 4, 1, bar, ' ')
	c.Text(1, 0, red.Bold(), "ab")
	c.Text(0, 1, red, "c")
	c.Text(1, 1, red, " d")
	want := "\x1b[48;2;1;2;3m \x1b[1;31mab\x1b[0;48;2;1;2;3m \x1b[m\n\x1b[31mc d\x1b[m"
	got := g.String()
	want = strings.Replace(want, "\x1b[0;48;2;1;2;3m ", " ", 1) // bold does not show on a blank
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if plain := ansi.Strip(got); plain != strings.TrimSuffix(g.Plain(), "\n") && strings.TrimRight(plain, " ") == "" {
		t.Errorf("got %q without codes, want %q", plain, g.Plain())
	}
}

func TestReversedBar(t *testing.T) {
	g, c := blankGrid(3, 1, plainDark)
	c.Fill(0, 0, 3, 1, plainDark.Chosen, ' ')
	c.Text(0, 0, plainDark.Text, "a")
	if got := g.cells[0].Style.Attr & Reverse; got == 0 {
		t.Error("text on a reversed row is not reversed")
	}
}

func TestGridReuseAllocatesOnlyTheFrame(t *testing.T) {
	g := &Grid{}
	draw := func() {
		g.Reset(80, 24, trueDark)
		c := g.Canvas()
		c.Text(0, 0, trueDark.Text, "日本 e\u0301 and ▲5")
		c.Fit(0, 1, 20, trueDark.Queue, "longer than there is room for")
		c.Box(trueDark.Grid, "pods", trueDark.Muted)
		g.buf = g.appendTo(g.buf[:0])
	}
	draw()
	if got := testing.AllocsPerRun(20, draw); got > 2 { // grapheme segmentation
		t.Errorf("got %v allocations a frame, want 2 at most", got)
	}
}
