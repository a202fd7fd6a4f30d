package tui

import "strings"

// bigGlyphs are characters three rows high, drawn in half blocks: # is a lit
// half cell; the sixth half row is for what hangs below the line.
var bigGlyphs = map[rune]string{
	'0': "###/# #/# #/# #/###/",
	'1': "## / # / # / # /###/",
	'2': "###/  #/###/#  /###/",
	'3': "###/  #/###/  #/###/",
	'4': "# #/# #/###/  #/  #/",
	'5': "###/#  /###/  #/###/",
	'6': "###/#  /###/# #/###/",
	'7': "###/  #/  #/  #/  #/",
	'8': "###/# #/###/# #/###/",
	'9': "###/# #/###/  #/###/",
	'k': "#  /# #/## /# #/# #/",
	'M': "#   #/## ##/# # #/#   #/#   #/",
	'G': "###/#  /# #/# #/###/",
	'O': "###/# #/# #/# #/###/",
	'N': "#   #/##  #/# # #/#  ##/#   #/",
	'F': "###/#  /## /#  /#  /",
	',': " / / / /#/#",
	'.': " / / / /#/",
	':': " /#/ /#/ /",
	'/': "  #/  #/ # /#  /#  /",
	'-': "   /   /###/   /   /",
	'~': "    / # #/# # /    /    /",
	'?': "###/  #/ ##/   / # /",
	' ': "  /  /  /  /  /",
}

// bigHeight is how many rows drawBig takes.
const bigHeight = 3

// drawBig writes a number three rows high and gives the column after it. What
// has no big form is left out; in ASCII the text is written as it is, in bold,
// on the lowest row.
func drawBig(c canvas, x, y int, st *styles, s style, text string) int {
	if st.ascii {
		return c.text(x, y+bigHeight-1, s.bold(), text)
	}
	for i, r := range text {
		rows := strings.Split(bigGlyphs[r], "/")
		if len(rows) < 6 {
			continue
		}
		if i > 0 {
			x++
		}
		for row := range bigHeight {
			drawHalves(c, x, y+row, s, rows[2*row], rows[2*row+1])
		}
		x += len(rows[0])
	}
	return min(x, c.w)
}

// drawHalves draws one row of cells from two rows of half cells. A full cell
// is painted as background where there is colour: block glyphs leave seams.
func drawHalves(c canvas, x, y int, s style, upper, lower string) {
	lit := func(half string, i int) bool { return i < len(half) && half[i] == '#' }
	for i := range max(len(upper), len(lower)) {
		switch u, l := lit(upper, i), lit(lower, i); {
		case u && l && s.fg != 0:
			c.put(x+i, y, s.onColour(s.fg), ' ')
		case u && l:
			c.put(x+i, y, s, '█')
		case u:
			c.put(x+i, y, s, '▀')
		case l:
			c.put(x+i, y, s, '▄')
		}
	}
}

// bigWidth is how many columns drawBig would take.
func bigWidth(st *styles, text string) int {
	if st.ascii {
		return textWidth(text)
	}
	w := 0
	for i, r := range text {
		first, _, ok := strings.Cut(bigGlyphs[r], "/")
		if !ok {
			continue
		}
		if i > 0 {
			w++
		}
		w += len(first)
	}
	return w
}
