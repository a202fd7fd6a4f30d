package perf

import "strings"

// The large digits of the detail, three rows high, as they are seen without
// colours. With colours a full block is painted as background, which
// terminal.read turns back.
const (
	largeDigits = "0123456789/,."
	largeRows   = 3
)

// pictures is the digits, a row of each after the other.
var largePictures = [largeRows]string{
	"█▀█|▀█ |▀▀█|▀▀█|█ █|█▀▀|█▀▀|▀▀█|█▀█|█▀█|  █| | ",
	"█ █| █ |█▀▀|▀▀█|▀▀█|▀▀█|█▀█|  █|█▀█|▀▀█|▄▀ | | ",
	"▀▀▀|▀▀▀|▀▀▀|▀▀▀|  ▀|▀▀▀|▀▀▀|  ▀|▀▀▀|▀▀▀|▀  |█|▀",
}

// glyphs is the character that a picture stands for.
var glyphs = func() map[[largeRows]string]rune {
	m := map[[largeRows]string]rune{}
	var pictures [largeRows][]string
	for y, row := range largePictures {
		pictures[y] = strings.Split(row, "|")
	}
	for i, r := range []rune(largeDigits) {
		m[[largeRows]string{pictures[0][i], pictures[1][i], pictures[2][i]}] = r
	}
	return m
}()

// readLarge reads large digits from three rows of cells; what is no block is
// as good as blank. Two columns of blanks end the number.
func readLarge(band [largeRows][]rune) string {
	width := 0
	for y := range band {
		width = max(width, len(band[y]))
	}
	cell := func(x, y int) rune {
		if x < len(band[y]) && strings.ContainsRune("█▀▄", band[y][x]) {
			return band[y][x]
		}
		return ' '
	}
	blank := func(x int) bool {
		return x >= width || cell(x, 0) == ' ' && cell(x, 1) == ' ' && cell(x, 2) == ' '
	}
	x := 0
	for x < width && blank(x) {
		x++
	}
	var out strings.Builder
	for x < width && !blank(x) {
		var picture [largeRows]string
		for ; !blank(x); x++ {
			for y := range picture {
				picture[y] += string(cell(x, y))
			}
		}
		r, ok := glyphs[picture]
		if !ok {
			return ""
		}
		out.WriteRune(r)
		x++
	}
	return out.String()
}
