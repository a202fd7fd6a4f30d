package screen

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

// BigHeight is how many rows DrawBig takes.
const BigHeight = 3

// DrawBig writes a number three rows high and gives the column after it. What
// has no big form is left out; in ASCII the text is written as it is, in bold,
// on the lowest row.
func DrawBig(c Canvas, x, y int, st *Styles, s Style, text string) int {
	if st.ASCII {
		return c.Text(x, y+BigHeight-1, s.Bold(), text)
	}
	for i, r := range text {
		rows := strings.Split(bigGlyphs[r], "/")
		if len(rows) < 6 {
			continue
		}
		if i > 0 {
			x++
		}
		for row := range BigHeight {
			drawHalves(c, x, y+row, s, rows[2*row], rows[2*row+1])
		}
		x += len(rows[0])
	}
	return min(x, c.W)
}

// drawHalves draws one row of cells from two rows of half cells. A full cell
// is painted as background where there is colour: block glyphs leave seams.
func drawHalves(c Canvas, x, y int, s Style, upper, lower string) {
	lit := func(half string, i int) bool { return i < len(half) && half[i] == '#' }
	for i := range max(len(upper), len(lower)) {
		switch u, l := lit(upper, i), lit(lower, i); {
		case u && l && s.Fg != 0:
			c.Put(x+i, y, s.On(s.Fg), ' ')
		case u && l:
			c.Put(x+i, y, s, '█')
		case u:
			c.Put(x+i, y, s, '▀')
		case l:
			c.Put(x+i, y, s, '▄')
		}
	}
}

// BigWidth is how many columns DrawBig would take.
func BigWidth(st *Styles, text string) int {
	if st.ASCII {
		return Width(text)
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
