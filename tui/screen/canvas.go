package screen

import (
	"strings"

	"github.com/kscope/kscope/words"
)

// Canvas is a rectangle of the grid with coordinates of its own, from 0,0 at
// its top left. What does not fit is clipped, never wrapped, so a pane cannot
// paint outside what it was given. The zero canvas draws nothing.
type Canvas struct {
	g          *Grid
	x, y, W, H int
}

// Sub is a rectangle within the canvas, cut to what the canvas has.
func (c Canvas) Sub(x, y, w, h int) Canvas {
	x0, y0 := min(max(x, 0), c.W), min(max(y, 0), c.H)
	x1, y1 := min(max(x+w, x0), c.W), min(max(y+h, y0), c.H)
	return Canvas{c.g, c.x + x0, c.y + y0, x1 - x0, y1 - y0}
}

// At is the cell at a place, nil outside the canvas. A glyph must not be
// written through it, other than one of width 1 over one of width 1.
func (c Canvas) At(x, y int) *Cell {
	if x < 0 || y < 0 || x >= c.W || y >= c.H {
		return nil
	}
	return &c.g.cells[(c.y+y)*c.g.w+c.x+x]
}

// Text writes s from x and gives the column after it, at most the width of
// the canvas. The background of what is below shows through unless st has one.
func (c Canvas) Text(x, y int, st Style, s string) int {
	return c.clip(x, y, c.W-x, st, s)
}

// clip writes at most w columns of s and gives the column after them.
func (c Canvas) clip(x, y, w int, st Style, s string) int {
	end := min(x+w, c.W)
	if c.W <= 0 {
		return 0
	}
	for len(s) > 0 && x < end {
		var r rune
		var width int
		r, width, s = c.g.next(s)
		switch {
		case r == 0 || y < 0 || y >= c.H:
			x += width
			continue
		case x+width > end: // half a wide character
			return x
		case x >= 0:
			c.g.set(c.x+x, c.y+y, r, width, st)
		}
		x += width
	}
	return min(max(x, 0), c.W)
}

// Fit writes s in at most w columns, its end replaced by an ellipsis when it
// is longer, and gives the column after it.
func (c Canvas) Fit(x, y, w int, st Style, s string) int {
	w = min(w, c.W-x)
	if w <= 0 || Width(s) <= w {
		return c.clip(x, y, w, st, s)
	}
	x = c.clip(x, y, w-1, st, s)
	return c.clip(x, y, 1, st, "…")
}

// Name writes a name in at most w columns, see [Middle], and gives the column
// after it.
func (c Canvas) Name(x, y, w int, st Style, name string) int {
	return c.Fit(x, y, w, st, c.Short(min(w, c.W-x), name))
}

// Short is a name in at most w columns, as the grid writes it.
func (c Canvas) Short(w int, name string) string { return Middle(name, w, c.g != nil && c.g.ascii) }

// Brief is a text with its longest names shortened, no more than it takes to fit
// in w columns, and its end cut only where that is not enough.
func (c Canvas) Brief(w int, s string) string {
	if Width(s) <= w {
		return s
	}
	most := 0
	room := func(f string) int { return max(most, roomOf(f)) }
	for _, most = range [...]int{40, 33, 26, 19, 14} {
		n := -1
		for f := range strings.SplitSeq(s, " ") {
			n += min(Width(f), room(f)) + 1
		}
		if n <= w {
			break
		}
	}
	var b strings.Builder
	b.Grow(len(s))
	for f := range strings.SplitSeq(s, " ") {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c.Short(room(f), f))
	}
	return b.String()
}

// roomOf is how many columns a word has at least: one that is put together as
// names are may lose more than a reason, such as CrashLoopBackOff.
func roomOf(word string) int {
	if strings.ContainsAny(strings.Trim(word, ".,;:()"), ".-_/:0123456789") {
		return 0
	}
	return 26
}

// Middle is a name in at most w columns: where it is longer, its middle gives
// way, since names that belong together differ at their ends.
func Middle(name string, w int, ascii bool) string {
	gap := "…"
	if ascii {
		gap = ".." // a dot alone could be one of the name's
	}
	return words.Middle(name, w, gap, Width)
}

// Right writes s so that it ends before the column end, cut to begin at 0 or
// later, and gives the column it begins at.
func (c Canvas) Right(end, y int, st Style, s string) int {
	x := max(end-Width(s), 0)
	c.clip(x, y, end-x, st, s)
	return x
}

// Centre writes s in the middle of the row.
func (c Canvas) Centre(y int, st Style, s string) {
	c.Fit(max((c.W-Width(s))/2, 0), y, c.W, st, s)
}

// Put writes one glyph of width 1.
func (c Canvas) Put(x, y int, st Style, r rune) {
	if x < 0 || y < 0 || x >= c.W || y >= c.H {
		return
	}
	if c.g.ascii {
		r = asciiTwin(r)
	}
	c.g.set(c.x+x, c.y+y, r, 1, st)
}

// Fill makes every cell of a rectangle r in st, background included.
func (c Canvas) Fill(x, y, w, h int, st Style, r rune) {
	in := c.Sub(x, y, w, h)
	if c.g != nil && c.g.ascii {
		r = asciiTwin(r)
	}
	for y := range in.H {
		for x := range in.W {
			i := (in.y+y)*c.g.w + in.x + x
			c.g.split(i, in.x+x)
			c.g.cells[i] = Cell{r, st}
		}
	}
}

// HLine draws w cells of a glyph to the right from x, y.
func (c Canvas) HLine(x, y, w int, st Style, r rune) {
	for i := range max(w, 0) {
		c.Put(x+i, y, st, r)
	}
}

// VLine draws h cells of a glyph downwards from x, y.
func (c Canvas) VLine(x, y, h int, st Style, r rune) {
	for i := range max(h, 0) {
		c.Put(x, y+i, st, r)
	}
}

// Box draws a frame along the edge of the canvas and gives what is inside.
func (c Canvas) Box(st Style, title string, titleStyle Style) Canvas {
	if c.W < 2 || c.H < 2 {
		return Canvas{}
	}
	r, b := c.W-1, c.H-1
	c.HLine(1, 0, c.W-2, st, '─')
	c.HLine(1, b, c.W-2, st, '─')
	c.VLine(0, 1, c.H-2, st, '│')
	c.VLine(r, 1, c.H-2, st, '│')
	c.Put(0, 0, st, '╭')
	c.Put(r, 0, st, '╮')
	c.Put(0, b, st, '╰')
	c.Put(r, b, st, '╯')
	if title != "" && c.W > 6 {
		x := c.Fit(3, 0, c.W-6, titleStyle, title)
		c.Put(2, 0, st, ' ')
		c.Put(x, 0, st, ' ')
	}
	return c.Sub(1, 1, c.W-2, c.H-2)
}

// Width is the number of columns that s takes on the screen.
func Width(s string) int {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return slowWidth(s)
		}
	}
	return len(s)
}

// slowWidth counts as the grid does, which is not always as a terminal would.
func slowWidth(s string) (n int) {
	var g Grid
	for len(s) > 0 {
		var width int
		_, width, s = g.next(s)
		n += width
	}
	return n
}
