package tui

import (
	"strings"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/tui/screen"
)

// The live chain, a cell for each link and an arrow to the next, lit where
// something flows. The link that is the reason right now stands on a ground of
// its own, behind a bar:
//
//	orders    ▼~0.6/s         ▌KEDA        poll 5s  +7s  HPA        max 10
//	█ █ █▀█                   ▌█▀█ █▄ █
//	▀▀█ ▄▄█            ──→    ▌█▄█ █ ▀█             ──→  ▀▀█ wanted
//	✓ has work                ▌✓ active                  ✓ in range

// The least width of each link, in small and in big letters. They are not
// alike, because what they hold is not.
var (
	smallLinks = [explain.Roles]int{13, 14, 13, 13, 11}
	bigLinks   = [explain.Roles]int{17, 16, 15, 20, 15}
)

const (
	smallChainW = 78
	bigChainW   = 100
)

// chainBox gives each link its place, and the gap between two.
func chainBox(w int, links explain.Chain, least [explain.Roles]int) (places []span, gap int) {
	sum, n := 0, len(links)
	for _, l := range links {
		sum += least[l.Role]
	}
	spare := w - 3 - sum
	gap = min(max(spare/max(n-1, 1), 3), 9)
	spare = max(spare-(n-1)*gap, 0)
	x := 2
	for _, l := range links {
		s := span{x, least[l.Role] + spare/n}
		places = append(places, s)
		x += s.w + gap
	}
	return places, gap
}

func (m *Model) drawChain(c screen.Canvas, p picture) {
	if c.H < 3 {
		m.drawChainLine(c, p)
		return
	}
	least, big := smallLinks, c.H >= screen.BigHeight+2
	if big {
		least = bigLinks
	}
	places, gap := chainBox(c.W, p.Links, least)
	times := chainTimes(p.log)
	for i, l := range p.Links {
		at := places[i]
		if l.Main {
			m.stress(c.Sub(at.x-1, 0, at.w+2, c.H), l)
		}
		m.drawLink(c.Sub(at.x, 0, at.w, c.H), p, l, big)
		word := at.w + gap - 2 // the last row has no arrow
		if l.Main {
			word = at.w // within its ground
		}
		m.drawWord(c.Sub(at.x, c.H-1, word, 1), l)
		if i == 0 {
			continue
		}
		x := at.x - gap
		m.drawArrow(c.Sub(x, 0, gap, c.H), m.flows(p, i-1), times[l.Role])
	}
}

// stress makes a link stand out by its ground, and by a bar for eyes and
// terminals that do not see it.
func (m *Model) stress(c screen.Canvas, l explain.Link) {
	st := m.styles
	if st.Chosen.Bg != 0 {
		c.Fill(0, 0, c.W, c.H, screen.Style{Bg: st.Chosen.Bg}, ' ')
	}
	look, _ := m.linkLook(l.State)
	c.VLine(0, 0, c.H, look.Bold(), '▌')
}

// drawLink is one link: its name and a note, and its value.
func (m *Model) drawLink(c screen.Canvas, p picture, l explain.Link, big bool) {
	st := m.styles
	name := st.Muted
	if l.Main {
		name = st.Strong
	}
	note := m.linkNote(p, l.Role)
	x := c.Name(0, 0, c.W, name, l.Name)
	if note != "" && x+1+screen.Width(note) <= c.W {
		c.Right(c.W, 0, st.Muted, note)
		note = ""
	}
	value := m.valueStyle(l)
	if big && l.State == explain.LinkIdle {
		value = [...]screen.Style{st.QueueGuide, st.Muted, st.Muted, st.Idle, st.Idle}[l.Role]
	}
	f := m.face(p, l)
	if !big || f.large == "" || screen.BigWidth(st, f.large) > c.W {
		c.Fit(0, c.H/2, c.W, value.Bold(), f.text)
		if _, age, ok := strings.Cut(note, ", "); ok && f.text == explain.Unknown { // how long it has been so is the least to say
			c.Sub(2, c.H/2, c.W-2, 1).Fit(0, 0, c.W-2, st.Muted, age)
		}
		return
	}
	x = 0
	if f.about { // small, or it would be the largest sign of all
		x = c.Text(0, screen.BigHeight/2+1, value.Bold(), "~") + 1
	}
	x = screen.DrawBig(c, x, 1, st, value, f.large) + 1
	for _, u := range f.beside {
		if x+screen.Width(u) <= c.W {
			c.Text(x, screen.BigHeight, st.Muted, u)
			break
		}
	}
}

// drawWord is how a link is doing.
func (m *Model) drawWord(c screen.Canvas, l explain.Link) {
	look, glyph := m.linkLook(l.State)
	x := c.Text(0, 0, look, glyph)
	c.Fit(x+1, 0, c.W-x-1, look, l.Word)
}

// drawArrow is the way from a link to the next, and above it how long that
// took at the last change.
func (m *Model) drawArrow(c screen.Canvas, lit bool, took string) {
	st, y := m.styles, c.H/2
	look, line := st.Grid, '┈'
	if lit {
		look, line = st.Accent, '─'
	}
	if c.W < 5 {
		c.Text(c.W/2, y, look, st.Glyph.Right)
		return
	}
	c.HLine(1, y, c.W-4, look, line)
	c.Text(c.W-3, y, look, st.Glyph.Right)
	if screen.Width(took) <= c.W-2 {
		x := max((c.W-1-screen.Width(took))/2, 1) // clear of the ground of a link that stands out
		c.Text(x, y-1, st.Muted, took)
	}
}

// brevity is how much of a link is said where there is one row for all.
type brevity int

const (
	named  brevity = iota // orders 61 > active > HPA wants 10 > 4/10 > 4 ready
	plain                 // 61 > active > wants 10 > 4/10 > 4 ready
	tersed                // 61 > active > 10 > 4/10 > 4
)

// drawChainLine is the chain in one row, as wordy as fits, and the state of
// each link as its glyph.
func (m *Model) drawChainLine(c screen.Canvas, p picture) {
	if c.H == 0 {
		return
	}
	st, b := m.styles, named
	for ; b < tersed; b++ {
		w := 1
		for _, l := range p.Links {
			w += screen.Width(m.shortLink(p, l, b)) + len("x > ")
		}
		if w-3 < c.W {
			break
		}
	}
	x := 1
	for i, l := range p.Links {
		if i > 0 {
			arrow := st.Grid
			if m.flows(p, i-1) {
				arrow = st.Accent
			}
			x = c.Text(x+1, 0, arrow, st.Glyph.Right) + 1
		}
		look, glyph := m.linkLook(l.State)
		value := m.valueStyle(l).Bold()
		if l.Main {
			value = value.Underline()
		}
		x = c.Text(x, 0, look, glyph)
		x = c.Text(x, 0, value, m.shortLink(p, l, b))
	}
}

func (m *Model) shortLink(p picture, l explain.Link, b brevity) string {
	f := m.face(p, l)
	switch {
	case b == named && (l.Role == explain.LinkQueue || l.Role == explain.LinkHPA) && l.Name != "":
		return screen.Middle(l.Name, 20, m.styles.ASCII) + " " + f.text
	case b == tersed:
		return f.terse
	}
	return f.text
}
