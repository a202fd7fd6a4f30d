package tui

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
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
	smallLinks = [5]int{13, 14, 13, 13, 11}
	bigLinks   = [5]int{17, 16, 15, 20, 15}
)

const (
	smallChainW = 78
	bigChainW   = 100
)

// chainBox gives each link its place, and the gap between two.
func chainBox(w int, least [5]int) (xs, ws [5]int, gap int) {
	sum := 0
	for _, l := range least {
		sum += l
	}
	spare := w - 3 - sum
	gap = min(max(spare/4, 3), 9)
	spare = max(spare-4*gap, 0)
	x := 2
	for i, l := range least {
		xs[i], ws[i] = x, l+spare/5
		x += ws[i] + gap
	}
	return xs, ws, gap
}

func (m *Model) drawChain(c canvas, p picture) {
	if c.h < 3 {
		m.drawChainLine(c, p)
		return
	}
	least, big := smallLinks, c.h >= bigHeight+2
	if big {
		least = bigLinks
	}
	xs, ws, gap := chainBox(c.w, least)
	times := chainTimes(p.log)
	for i, l := range p.Links {
		if l.Main {
			m.stress(c.sub(xs[i]-1, 0, ws[i]+2, c.h), l)
		}
		m.drawLink(c.sub(xs[i], 0, ws[i], c.h), p, i, big)
		word := ws[i] + gap - 2 // the last row has no arrow
		if l.Main {
			word = ws[i] // within its ground
		}
		m.drawWord(c.sub(xs[i], c.h-1, word, 1), l)
		if i == 0 {
			continue
		}
		x := xs[i] - gap
		m.drawArrow(c.sub(x, 0, gap, c.h), m.flows(p, i-1), times[i])
	}
}

// stress makes a link stand out by its ground, and by a bar for eyes and
// terminals that do not see it.
func (m *Model) stress(c canvas, l explain.Link) {
	st := m.styles
	if st.chosen.bg != 0 {
		c.fill(0, 0, c.w, c.h, style{bg: st.chosen.bg}, ' ')
	}
	look, _ := m.linkLook(l.State)
	c.vline(0, 0, c.h, look.bold(), '▌')
}

// drawLink is one link: its name and a note, and its value.
func (m *Model) drawLink(c canvas, p picture, i int, big bool) {
	st, l := m.styles, p.Links[i]
	name := st.muted
	if l.Main {
		name = st.strong
	}
	note := m.linkNote(p, i)
	x := c.fit(0, 0, c.w, name, l.Name)
	if note != "" && x+1+textWidth(note) <= c.w {
		c.right(c.w, 0, st.muted, note)
	}
	value := m.valueStyle(i, l.State)
	if big && l.State == explain.LinkIdle {
		value = [5]style{st.queueGuide, st.muted, st.muted, st.idle, st.idle}[i]
	}
	text, unit := m.linkValue(p, i)
	if digits, rest := bigPart(text); big && digits != "" && bigWidth(st, strings.TrimPrefix(digits, "~")) <= c.w {
		x := 0
		if d, ok := strings.CutPrefix(digits, "~"); ok { // small, or it would be the largest sign of all
			x, digits = c.text(0, bigHeight/2+1, value.bold(), "~")+1, d
		}
		x = drawBig(c, x, 1, st, value, digits) + 1
		for _, u := range []string{unit + rest, strings.Fields(unit + rest + " .")[0]} {
			if x+textWidth(u) <= c.w {
				c.text(x, bigHeight, st.muted, u)
				break
			}
		}
	} else {
		c.fit(0, c.h/2, c.w, value.bold(), strings.TrimSpace(text+unit))
	}
}

// drawWord is how a link is doing.
func (m *Model) drawWord(c canvas, l explain.Link) {
	look, glyph := m.linkLook(l.State)
	x := c.text(0, 0, look, glyph)
	c.fit(x+1, 0, c.w-x-1, look, l.Word)
}

// bigPart splits a value into what can be written large and what goes beside.
func bigPart(s string) (digits, rest string) {
	switch s {
	case "active":
		return "ON", ""
	case "inactive":
		return "OFF", ""
	}
	s, wants := strings.CutPrefix(s, "wants ")
	digits, rest, _ = strings.Cut(s, " ")
	for _, r := range digits {
		if !strings.ContainsRune("0123456789,./~kM?", r) {
			return "", s
		}
	}
	if wants {
		rest = "wanted"
	}
	return digits, rest
}

// linkValue is a link's value and a unit that is written small. The countdown
// to zero takes the place of the word for it, since it is what one waits for.
func (m *Model) linkValue(p picture, i int) (value, unit string) {
	l := p.Links[i]
	switch i {
	case explain.LinkQueue:
		if textWidth(l.Value) > 6 && !math.IsNaN(p.depth()) {
			return bigNumber(p.depth()), ""
		}
	case explain.LinkKEDA:
		if left, ok := p.untilZero(); ok {
			return "~" + strconv.Itoa(int(left.Seconds())), "s to " + strconv.Itoa(int(p.ScaledObject.Floor()))
		}
	}
	return l.Value, ""
}

// untilZero is how long KEDA will still wait before its step to the floor, in
// whole seconds, at least one; an estimate from its rules.
func (p picture) untilZero() (time.Duration, bool) {
	zero := p.Decision.Zero
	if p.past || zero.IsZero() || p.now.After(zero) {
		return 0, false
	}
	return max(zero.Sub(p.now).Round(time.Second), time.Second), true
}

// linkNote is what stands beside a link's name where there is room.
func (m *Model) linkNote(p picture, i int) string {
	switch i {
	case explain.LinkQueue:
		return m.queueNote(p)
	case explain.LinkKEDA:
		return "poll " + words.Span(p.ScaledObject.PollingInterval)
	case explain.LinkHPA:
		return "max " + strconv.Itoa(int(p.ScaledObject.MaxReplicaCount))
	}
	return ""
}

func (m *Model) valueStyle(i int, s explain.LinkState) style {
	st := m.styles
	switch {
	case s == explain.LinkBroken:
		return st.bad
	case s == explain.LinkUnknown:
		return st.muted
	case i == explain.LinkQueue:
		return st.queue
	case i == explain.LinkKEDA && s == explain.LinkOK:
		return st.ok
	case i == explain.LinkKEDA && s == explain.LinkIdle:
		return st.muted
	case i >= explain.LinkWorkload:
		return st.pods
	}
	return st.text
}

// drawArrow is the way from a link to the next, and above it how long that
// took at the last change.
func (m *Model) drawArrow(c canvas, lit bool, took string) {
	st, y := m.styles, c.h/2
	look, line := st.grid, '┈'
	if lit {
		look, line = st.accent, '─'
	}
	if c.w < 5 {
		c.text(c.w/2, y, look, st.glyph.right)
		return
	}
	c.hline(1, y, c.w-4, look, line)
	c.text(c.w-3, y, look, st.glyph.right)
	if textWidth(took) <= c.w-2 {
		x := max((c.w-1-textWidth(took))/2, 1) // clear of the ground of a link that stands out
		c.text(x, y-1, st.muted, took)
	}
}

// flows reports whether something passes from a link to the next.
func (m *Model) flows(p picture, i int) bool {
	s := p.Links[i].State
	return s == explain.LinkOK || s == explain.LinkWorking
}

func (m *Model) linkLook(s explain.LinkState) (style, string) {
	st := m.styles
	switch s {
	case explain.LinkOK:
		return st.ok, st.glyph.ok
	case explain.LinkWorking:
		return st.queue, st.glyph.half
	case explain.LinkWaiting:
		return st.warn, st.glyph.wait
	case explain.LinkBroken:
		return st.bad, st.glyph.bad
	case explain.LinkIdle:
		return st.muted, st.glyph.off
	}
	return st.muted, "?"
}

// chainTimes is how long each link took in the story that runs, which began
// when work last arrived: from the work to KEDA's step, from that to the
// HPA's, to the pods.
func chainTimes(es []explain.Entry) [5]string {
	var out [5]string
	for i := len(es) - 1; i >= 0; i-- {
		e := es[i]
		if e.Kind == store.Injected || e.Kind == store.Arrived || e.Kind == store.LoadBegan {
			break
		}
		link := -1
		switch {
		case e.After <= 0:
			continue
		case e.Kind == store.Scaled && e.Actor == store.KEDA:
			link = explain.LinkKEDA
		case e.Kind == store.Scaled && e.Actor == store.TheHPA:
			link = explain.LinkHPA
		case e.Kind == store.ReadyPods:
			link = explain.LinkPods
		}
		if link >= 0 && out[link] == "" {
			out[link] = "+" + words.Age(e.After)
		}
	}
	return out
}
