package screen

// Glyphs is the signs that panes use beside words. Only characters that common
// fonts have; each has an ASCII twin of the same width.
type Glyphs struct {
	Up, Down, Right     string // scaled up, down; flow
	On, Off, Dot        string // active, inactive; separator
	Plus                string // work put in by the one at the keys
	OK, Warn, Bad, Wait string
	Half                string // under way
	Live, Frozen        string
	Bar, Square         string // ▇ ■
	Opens, Closes       string // a schedule, as the ends of its band on the time axis
}

var unicodeGlyphs = Glyphs{
	Up: "▲", Down: "▼", Right: "→",
	On: "●", Off: "○", Dot: "·", Plus: "+",
	OK: "✓", Warn: "!", Bad: "×", Wait: "◇", Half: "◐",
	Live: "●", Frozen: "■", Bar: "▇", Square: "■",
	Opens: "╞", Closes: "╡",
}

var asciiGlyphs = Glyphs{
	Up: "^", Down: "v", Right: ">",
	On: "*", Off: "o", Dot: "-", Plus: "+",
	OK: "+", Warn: "!", Bad: "x", Wait: "o", Half: "@",
	Live: "*", Frozen: "#", Bar: "#", Square: "#",
	Opens: "[", Closes: "]",
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
	'╞': '[', '╡': ']', '╴': '-', '╶': '-', '╸': '=', '╺': '=', '═': '=', '║': '|',
	'░': '.', '▒': ':', '▓': '#', '█': '#', '▀': '"', '▄': '_', '▌': '|', '▐': '|', '▁': '_',
}
