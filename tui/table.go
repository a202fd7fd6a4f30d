package tui

import (
	"slices"

	"github.com/kscope/kscope/tui/screen"
)

// table is rows of R under titles. Where it is narrow, columns go, those with
// the highest drop first, until the name has its least width.
type table[R any] struct {
	left    int         // columns of the screen that stay free before it
	least   int         // width of the name below which another column goes
	most    int         // and what is enough for any name
	longest int         // what the longest name takes, 0 where that makes no difference
	yields  map[int]int // columns that make room for it, by their place, and down to which width
	columns []column[R]
}

// column is one column of a table. Its width has room for a blank at the end,
// which nothing is drawn into.
type column[R any] struct {
	title string
	width int // theName and theRest are worked out
	right bool
	drop  int // 0 stays
	draw  func(m *Model, c screen.Canvas, r R)
}

const (
	theName = 0  // takes what the others leave
	theRest = -1 // sentences: shares that with the name
)

const (
	leastRest = 30 // below this a sentence is not worth beginning
	nameGrows = 18 // beside a column of sentences the name grows by no more
)

// span is where a column is drawn; w is 0 where it has been dropped.
type span struct{ x, w int }

// spans gives each column its place on a width.
func (t *table[R]) spans(w int) []span {
	last := 0
	for _, col := range t.columns {
		last = max(last, col.drop)
	}
	out := make([]span, len(t.columns))
	for drop := last + 1; drop > 0; drop-- {
		room, rest := w-t.left, 0
		for i, col := range t.columns {
			out[i].w = 0
			switch {
			case col.drop >= drop:
			case col.width == theRest:
				rest = leastRest
			default:
				out[i].w = col.width
			}
			room -= out[i].w
		}
		if room >= t.least+rest || drop == 1 {
			t.stretch(out, room, rest)
			t.yield(out)
			break
		}
	}
	x := t.left
	for i := range out {
		out[i].x = x
		x += out[i].w
	}
	return out
}

// stretch hands out the room that columns of fixed width leave: to the name,
// or, where there is a column of sentences, a third of what is to spare to the
// name and all else to those.
func (t *table[R]) stretch(out []span, room, rest int) {
	name := min(max(room, 8), t.most) // at last the name gives way too
	if rest > 0 {
		name = t.least + min((room-t.least-rest)/3, nameGrows)
	}
	for i, col := range t.columns {
		switch {
		case col.width == theName:
			out[i].w = name
		case col.width == theRest && rest > 0:
			out[i].w = room - name
		}
	}
}

// yield gives the name what it lacks of its longest, as far as columns have it.
func (t *table[R]) yield(out []span) {
	name := slices.IndexFunc(t.columns, func(col column[R]) bool { return col.width == theName })
	for i := range slices.Backward(t.columns) {
		if least, ok := t.yields[i]; ok && out[i].w > least {
			more := max(min(min(t.longest, t.most)-out[name].w, out[i].w-least), 0)
			out[i].w, out[name].w = out[i].w-more, out[name].w+more
		}
	}
}

// drawTitles writes the first line, with a mark at the column that the rows are in
// order of; -1 for none.
func (t *table[R]) drawTitles(m *Model, c screen.Canvas, at []span, by int) {
	for i, col := range t.columns {
		title, look := col.title, m.styles.Muted
		if i == by {
			title, look = title+" "+m.styles.Glyph.Down, m.styles.Accent
		}
		switch {
		case at[i].w == 0:
		case col.right:
			c.Right(at[i].x+at[i].w-1, 0, look, title)
		default:
			c.Fit(at[i].x, 0, at[i].w-1, look, title)
		}
	}
}

// drawRow draws each of the row's cells within its place.
func (t *table[R]) drawRow(m *Model, c screen.Canvas, at []span, r R) {
	for i, col := range t.columns {
		if at[i].w > 0 {
			col.draw(m, c.Sub(at[i].x, 0, at[i].w-1, 1), r)
		}
	}
}
