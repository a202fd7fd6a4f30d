package tui

// glyphs is the signs that panes use beside words. Only characters that common
// fonts have; each has an ASCII twin of the same width.
type glyphs struct {
	up, down, right, left string // scaled up, down; flow; points at
	on, off, dot          string // active, inactive; separator
	plus                  string // work put in by the one at the keys
	ok, warn, bad, wait   string
	half                  string // under way
	live, frozen, rec     string
	dash, ellipsis        string
	bar, square, small    string // ▇ ■ ▪
}

var unicodeGlyphs = glyphs{
	up: "▲", down: "▼", right: "→", left: "←",
	on: "●", off: "○", dot: "·", plus: "+",
	ok: "✓", warn: "!", bad: "×", wait: "◇", half: "◐",
	live: "●", frozen: "■", rec: "●",
	dash: "–", ellipsis: "…", bar: "▇", square: "■", small: "▪",
}

var asciiGlyphs = glyphs{
	up: "^", down: "v", right: ">", left: "<",
	on: "*", off: "o", dot: "-", plus: "+",
	ok: "+", warn: "!", bad: "x", wait: "o", half: "@",
	live: "*", frozen: "#", rec: "*",
	dash: "-", ellipsis: ".", bar: "#", square: "#", small: "-",
}

// asciiTwin is what stands for a rune where only ASCII may be written: the
// same idea in a plain character, or a question mark.
func asciiTwin(r rune) rune {
	if r <= 0x7e {
		return r
	}
	if t, ok := asciiTwins[r]; ok {
		return t
	}
	switch {
	case r >= 0x2500 && r <= 0x257f:
		return '+' // any other corner or crossing
	case r >= 0x2581 && r <= 0x258f:
		return '#'
	}
	return '?'
}

var asciiTwins = map[rune]rune{
	'▲': '^', '△': '^', '▴': '^', '▼': 'v', '▽': 'v', '▾': 'v', '→': '>', '►': '>', '▶': '>', '▸': '>', '›': '>',
	'←': '<', '◄': '<', '◀': '<', '◂': '<', '‹': '<', '↑': '^', '↓': 'v', '↻': '@', '⇣': 'v', '⇡': '^',
	'●': '*', '○': 'o', '◌': 'o', '◐': '@', '◆': '*', '◇': 'o', '■': '#', '□': 'o', '▪': '-', '·': '-', '•': '*',
	'✓': '+', '✗': 'x', '×': 'x', '–': '-', '—': '-', '−': '-', '…': '.', '≈': '~', '≥': '>', '≤': '<', '≠': '!',
	'‘': '\'', '’': '\'', '“': '"', '”': '"', '\u00a0': ' ', 'µ': 'u', '½': '?', '∞': '?',
	'─': '-', '━': '=', '│': '|', '┃': '|', '┄': '-', '┅': '=', '┆': '|', '┇': '|', '┈': '.', '┊': '|', '╌': '.', '┿': '+', '┼': '+', '╎': '|',
	'╴': '-', '╶': '-', '╸': '=', '╺': '=', '═': '=', '║': '|',
	'░': '.', '▒': ':', '▓': '#', '█': '#', '▀': '"', '▄': '_', '▌': '|', '▐': '|', '▁': '_',
}
