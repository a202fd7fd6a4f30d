package tui

// canvas is a rectangle of the grid with coordinates of its own, from 0,0 at
// its top left. What does not fit is clipped, never wrapped, so a pane cannot
// paint outside what it was given. The zero canvas draws nothing.
type canvas struct {
	g          *grid
	x, y, w, h int
}

// sub is a rectangle within the canvas, cut to what the canvas has.
func (c canvas) sub(x, y, w, h int) canvas {
	x0, y0 := min(max(x, 0), c.w), min(max(y, 0), c.h)
	x1, y1 := min(max(x+w, x0), c.w), min(max(y+h, y0), c.h)
	return canvas{c.g, c.x + x0, c.y + y0, x1 - x0, y1 - y0}
}

// at is the cell at a place, nil outside the canvas. A glyph must not be
// written through it, other than one of width 1 over one of width 1.
func (c canvas) at(x, y int) *cell {
	if x < 0 || y < 0 || x >= c.w || y >= c.h {
		return nil
	}
	return &c.g.cells[(c.y+y)*c.g.w+c.x+x]
}

// text writes s from x and gives the column after it, at most the width of
// the canvas. The background of what is below shows through unless st has one.
func (c canvas) text(x, y int, st style, s string) int {
	return c.clip(x, y, c.w-x, st, s)
}

// clip writes at most w columns of s and gives the column after them.
func (c canvas) clip(x, y, w int, st style, s string) int {
	end := min(x+w, c.w)
	if c.w <= 0 {
		return 0
	}
	for len(s) > 0 && x < end {
		var r rune
		var width int
		r, width, s = c.g.next(s)
		switch {
		case r == 0 || y < 0 || y >= c.h:
			x += width
			continue
		case x+width > end: // half a wide character
			return x
		case x >= 0:
			c.g.set(c.x+x, c.y+y, r, width, st)
		}
		x += width
	}
	return min(max(x, 0), c.w)
}

// fit writes s in at most w columns, its end replaced by an ellipsis when it
// is longer, and gives the column after it.
func (c canvas) fit(x, y, w int, st style, s string) int {
	w = min(w, c.w-x)
	if w <= 0 || textWidth(s) <= w {
		return c.clip(x, y, w, st, s)
	}
	x = c.clip(x, y, w-1, st, s)
	return c.clip(x, y, 1, st, "…")
}

// right writes s so that it ends before the column end, cut to begin at 0 or
// later, and gives the column it begins at.
func (c canvas) right(end, y int, st style, s string) int {
	x := max(end-textWidth(s), 0)
	c.clip(x, y, end-x, st, s)
	return x
}

// centre writes s in the middle of the row.
func (c canvas) centre(y int, st style, s string) {
	c.fit(max((c.w-textWidth(s))/2, 0), y, c.w, st, s)
}

// put writes one glyph of width 1.
func (c canvas) put(x, y int, st style, r rune) {
	if x < 0 || y < 0 || x >= c.w || y >= c.h {
		return
	}
	if c.g.ascii {
		r = asciiTwin(r)
	}
	c.g.set(c.x+x, c.y+y, r, 1, st)
}

// fill makes every cell of a rectangle r in st, background included.
func (c canvas) fill(x, y, w, h int, st style, r rune) {
	in := c.sub(x, y, w, h)
	if c.g != nil && c.g.ascii {
		r = asciiTwin(r)
	}
	for y := range in.h {
		for x := range in.w {
			i := (in.y+y)*c.g.w + in.x + x
			c.g.split(i, in.x+x)
			c.g.cells[i] = cell{r, st}
		}
	}
}

// hline draws w cells of a glyph to the right from x, y.
func (c canvas) hline(x, y, w int, st style, r rune) {
	for i := range max(w, 0) {
		c.put(x+i, y, st, r)
	}
}

// vline draws h cells of a glyph downwards from x, y.
func (c canvas) vline(x, y, h int, st style, r rune) {
	for i := range max(h, 0) {
		c.put(x, y+i, st, r)
	}
}

// box draws a frame along the edge of the canvas and gives what is inside.
func (c canvas) box(st style, title string, titleStyle style) canvas {
	if c.w < 2 || c.h < 2 {
		return canvas{}
	}
	r, b := c.w-1, c.h-1
	c.hline(1, 0, c.w-2, st, '─')
	c.hline(1, b, c.w-2, st, '─')
	c.vline(0, 1, c.h-2, st, '│')
	c.vline(r, 1, c.h-2, st, '│')
	c.put(0, 0, st, '╭')
	c.put(r, 0, st, '╮')
	c.put(0, b, st, '╰')
	c.put(r, b, st, '╯')
	if title != "" && c.w > 6 {
		x := c.fit(3, 0, c.w-6, titleStyle, title)
		c.put(2, 0, st, ' ')
		c.put(x, 0, st, ' ')
	}
	return c.sub(1, 1, c.w-2, c.h-2)
}

// textWidth is the number of columns that s takes on the screen.
func textWidth(s string) int {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return slowWidth(s)
		}
	}
	return len(s)
}

// slowWidth counts as the grid does, which is not always as a terminal would.
func slowWidth(s string) (n int) {
	var g grid
	for len(s) > 0 {
		var width int
		_, width, s = g.next(s)
		n += width
	}
	return n
}
