package screen

import (
	"strconv"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Grid is the whole screen as cells. One grid is kept and drawn anew for every
// frame: panes paint into a canvas over it, and colour codes are written only
// where the style changes, which costs far less than joining styled strings.
// It is our own because panes of styled strings, which lipgloss and the parts of
// bubbles draw, are cut and measured again at every join, cannot be laid over
// each other, and let through what a cluster's texts hold.
type Grid struct {
	w, h     int
	ascii    bool // nothing but ASCII leaves the grid
	cells    []Cell
	clusters []string // characters of more than one rune; Cell.Rune is -1-index
	buf      []byte
}

// Cell is one place on the screen. Rune is 0 for the second half of a wide
// character, negative for characters that are more than one rune.
type Cell struct {
	Rune  rune
	Style Style
}

// Reset makes the grid w by h blank cells. It must come before every frame.
func (g *Grid) Reset(w, h int, st *Styles) {
	g.w, g.h, g.ascii = max(w, 0), max(h, 0), st.ASCII
	n := g.w * g.h
	if cap(g.cells) < n {
		g.cells = make([]Cell, n)
	}
	g.cells = g.cells[:n]
	for i := range g.cells {
		g.cells[i] = Cell{Rune: ' '}
	}
	clear(g.clusters) // let go of the texts of the last frame
	g.clusters = g.clusters[:0]
}

// Canvas is the grid as a place to draw.
func (g *Grid) Canvas() Canvas { return Canvas{g: g, W: g.w, H: g.h} }

// String is the frame: rows joined by newlines, blanks at the end of a row
// left out.
func (g *Grid) String() string {
	g.buf = g.appendTo(g.buf[:0])
	return string(g.buf)
}

// appendTo appends the frame to dst.
func (g *Grid) appendTo(dst []byte) []byte {
	for y := range g.h {
		if y > 0 {
			dst = append(dst, '\n')
		}
		row := g.cells[y*g.w : (y+1)*g.w]
		for len(row) > 0 && row[len(row)-1].blank() {
			row = row[:len(row)-1]
		}
		var at Style
		for _, c := range row {
			want := c.Style
			if c.Rune == ' ' && want.Attr&(Underline|Reverse) == 0 {
				want.Fg, want.Attr = at.Fg, at.Attr&^(Underline|Reverse) // invisible on a blank
			}
			if want != at && c.Rune != 0 {
				dst = appendSGR(dst, at, want)
				at = want
			}
			dst = g.appendRune(dst, c.Rune)
		}
		if at != (Style{}) {
			dst = append(dst, "\x1b[m"...) // no colour may run into the next row
		}
	}
	return dst
}

// Plain is the frame without colours, for snapshots and tests.
func (g *Grid) Plain() string {
	var dst []byte
	for y := range g.h {
		row := g.cells[y*g.w : (y+1)*g.w]
		for len(row) > 0 && row[len(row)-1].Rune == ' ' {
			row = row[:len(row)-1]
		}
		for _, c := range row {
			dst = g.appendRune(dst, c.Rune)
		}
		dst = append(dst, '\n')
	}
	return string(dst)
}

// Cells is the cells of the frame, row by row from the top left.
func (g *Grid) Cells() []Cell { return g.cells }

// Chars is what a cell shows: none for the second half of a wide character.
func (g *Grid) Chars(c Cell) string { return string(g.appendRune(nil, c.Rune)) }

func (g *Grid) appendRune(dst []byte, r rune) []byte {
	switch {
	case r > 0:
		return utf8.AppendRune(dst, r)
	case r < 0:
		return append(dst, g.clusters[-1-r]...)
	}
	return dst
}

func (c Cell) blank() bool {
	return c.Rune == ' ' && c.Style.Bg == 0 && c.Style.Attr&(Underline|Reverse) == 0
}

// set writes one character of width 1 or 2. A cell keeps its background, and
// its reversal, under a style that has none, so that text may be put on a bar.
func (g *Grid) set(x, y int, r rune, width int, st Style) {
	i := y*g.w + x
	g.split(i, x)
	g.cells[i] = Cell{r, st.Over(g.cells[i].Style)}
	if width == 2 {
		g.split(i+1, x+1)
		g.cells[i+1] = Cell{0, st.Over(g.cells[i+1].Style)}
	}
}

// split blanks the other half of a wide character that is about to lose one.
func (g *Grid) split(i, x int) {
	if g.cells[i].Rune == 0 && x > 0 {
		g.cells[i-1].Rune = ' '
	}
	if x+1 < g.w && g.cells[i+1].Rune == 0 {
		g.cells[i+1].Rune = ' '
	}
}

// next takes the first character off s and says how wide it is. What must not
// reach a terminal becomes something harmless: control characters, invisible
// and direction marks, and, in an ASCII grid, anything without a twin.
func (g *Grid) next(s string) (r rune, width int, rest string) {
	if b := s[0]; b < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) {
		return Printable(rune(b)), 1, s[1:]
	}
	cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	rest = s[len(cluster):]
	r, size := utf8.DecodeRuneInString(cluster)
	r = Printable(r)
	if g.ascii {
		return asciiTwin(r), 1, rest
	}
	// Terminals disagree about joined emoji. Where the two ways to count give
	// different widths, the first character alone keeps the row straight.
	if size < len(cluster) && width == ansi.StringWidthWc(cluster) && width > 0 && clean(cluster) {
		g.clusters = append(g.clusters, cluster)
		return rune(-len(g.clusters)), width, rest
	}
	if size < len(cluster) || width == 0 {
		width = ansi.StringWidthWc(string(r))
	}
	if width <= 0 {
		r, width = 0, 0
	}
	return r, min(width, 2), rest
}

// clean reports whether every rune of a cluster may pass as it is.
func clean(cluster string) bool {
	for _, r := range cluster {
		if Printable(r) != r {
			return false
		}
	}
	return true
}

// Printable is r, or what stands for it where r would act on the terminal
// instead of showing.
func Printable(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r == '\r' || r == 0x2028 || r == 0x2029:
		return ' '
	case r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError:
		return '?'
	case r == 0x61c || r == 0xad || r == 0xfeff || r >= 0x200b && r <= 0x200f ||
		r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r >= 0xe0000 && r <= 0xe007f:
		return '?'
	}
	return r
}

// appendSGR appends the code that takes a terminal from one style to another.
func appendSGR(dst []byte, from, to Style) []byte {
	if to == (Style{}) {
		return append(dst, "\x1b[m"...)
	}
	dst = append(dst, "\x1b["...)
	n := len(dst)
	if from.Attr&^to.Attr != 0 { // an attribute ends: the only safe way is a reset
		dst = append(dst, "0;"...)
		from = Style{}
	}
	for i, code := range [...]string{"1;", "2;", "4;", "7;"} {
		if bit := Attr(1) << i; to.Attr&bit != 0 && from.Attr&bit == 0 {
			dst = append(dst, code...)
		}
	}
	if to.Fg != from.Fg {
		dst = appendColour(dst, to.Fg, 30)
	}
	if to.Bg != from.Bg {
		dst = appendColour(dst, to.Bg, 40)
	}
	if len(dst) > n {
		dst = dst[:len(dst)-1] // the last semicolon
	}
	return append(dst, 'm')
}

// appendColour appends one colour, foreground for base 30, background for 40.
func appendColour(dst []byte, c Colour, base int64) []byte {
	num := func(v int64) { dst = append(strconv.AppendInt(dst, v, 10), ';') }
	v := int64(c & 0xffffff)
	switch {
	case c == 0:
		num(base + 9)
	case c&IsRGB != 0:
		num(base + 8)
		num(2)
		num(v >> 16)
		num(v >> 8 & 0xff)
		num(v & 0xff)
	case v < 8:
		num(base + v)
	case v < 16:
		num(base + 60 + v - 8)
	default:
		num(base + 8)
		num(5)
		num(v)
	}
	return dst
}
