package tui

import (
	"strings"

	"github.com/kscope/kscope/explain"
)

// brevity is how much of a link is said where there is one row for all.
type brevity int

const (
	named  brevity = iota // orders 61 > active > HPA wants 10 > 4/10 > 4 ready
	plain                 // 61 > active > wants 10 > 4/10 > 4 ready
	tersed                // 61 > active > 10 > 4/10 > 4
)

// drawChainLine is the chain in one row, as wordy as fits, and the state of
// each link as its glyph.
func (m *Model) drawChainLine(c canvas, p picture) {
	if c.h == 0 {
		return
	}
	st, b := m.styles, named
	for ; b < tersed; b++ {
		w := 1
		for i := range p.Links {
			w += textWidth(m.shortLink(p, i, b)) + len("x > ")
		}
		if w-3 < c.w {
			break
		}
	}
	x := 1
	for i, l := range p.Links {
		if i > 0 {
			arrow := st.grid
			if m.flows(p, i-1) {
				arrow = st.accent
			}
			x = c.text(x+1, 0, arrow, st.glyph.right) + 1
		}
		look, glyph := m.linkLook(l.State)
		value := m.valueStyle(i, l.State).bold()
		if l.Main {
			value = value.underline()
		}
		x = c.text(x, 0, look, glyph)
		x = c.text(x, 0, value, m.shortLink(p, i, b))
	}
}

func (m *Model) shortLink(p picture, i int, b brevity) string {
	value, unit := m.linkValue(p, i)
	value += unit
	name := p.Links[i].Name
	switch {
	case b == named && (i == explain.LinkQueue || i == explain.LinkHPA) && name != "":
		return name + " " + value
	case b == tersed:
		value = strings.TrimSuffix(strings.TrimPrefix(value, "wants "), " ready")
	}
	return value
}
