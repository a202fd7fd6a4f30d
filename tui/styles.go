package tui

import "github.com/charmbracelet/colorprofile"

// colour is a colour as the terminal understands it, decided once for its
// profile: 0 is the terminal's own, else a palette index or an RGB value.
type colour uint32

const (
	isIndex colour = 1 << 24
	isRGB   colour = 1 << 25
)

type attr uint8

const (
	bold attr = 1 << iota
	faint
	underline
	reverse
)

// style is how a cell looks. It is a value; the zero style is plain text.
type style struct {
	fg, bg colour
	attr   attr
}

func (s style) bold() style             { s.attr |= bold; return s }
func (s style) faint() style            { s.attr |= faint; return s }
func (s style) underline() style        { s.attr |= underline; return s }
func (s style) reverse() style          { s.attr |= reverse; return s }
func (s style) plain() style            { s.attr = 0; return s }
func (s style) onColour(c colour) style { s.bg = c; return s }

// over is s drawn on top of another style: its ground shows through unless s
// has one of its own.
func (s style) over(below style) style {
	if s.bg == 0 {
		s.bg = below.bg
		s.attr |= below.attr & reverse
	}
	return s
}

// areaKind is how the filled area of a chart is painted.
type areaKind uint8

const (
	areaSolid areaKind = iota // background colours, eighth blocks at the edge
	areaShade                 // ▒, where colours are few or none
)

// styles is every look that the screen uses, by role. Meaning never hangs on a
// role's colour alone: a word, a glyph or a line's weight goes with it.
type styles struct {
	dark, ascii bool
	colours     bool // false for NO_COLOR and terminals without
	glyph       glyphs

	text   style // ordinary text
	strong style // what the eye should find first
	muted  style // labels, units, old news; still readable
	grid   style // grid lines and frames: seen, never read
	accent style // the focus, the current choice
	key    style // a key that can be pressed
	bar    style // header and footer bar: has the background
	chosen style // a selected row: has the background

	queue   style // queue depth: amber
	peak    style // the queue's largest value
	ready   style // the line of ready replicas: light blue
	pods    style // words and axis of replicas: blue
	desired style // replicas asked for: dashed
	idle    style // the line of ready replicas while there are none

	queueGuide, podsGuide style // levels worth seeing, fainter than data

	ok, warn, bad  style
	you, keda, hpa style // who did it

	area      areaKind
	queueArea ramp // area under the queue
	podsArea  ramp // area under the replicas, in stacked charts
	queueSolo ramp // the same where no line crosses it, in stacked charts
	chase     colour
}

// newStyles makes the styles for a background, a colour profile and a choice
// of characters.
func newStyles(dark bool, profile colorprofile.Profile, ascii bool) *styles {
	p := &darkPalette
	if !dark {
		p = &lightPalette
	}
	c := func(t tone) colour { return t.in(profile) }
	fg := func(t tone) style { return style{fg: c(t)} }
	st := &styles{
		dark: dark, ascii: ascii, glyph: unicodeGlyphs, colours: profile >= colorprofile.ANSI,
		text: fg(p.text), strong: fg(p.strong).bold(), muted: fg(p.muted), grid: fg(p.grid),
		accent: fg(p.accent).bold(), key: fg(p.strong).bold(),
		bar:    style{fg: c(p.text), bg: c(p.bar)},
		chosen: style{fg: c(p.strong), bg: c(p.chosen)}.bold(),
		queue:  fg(p.queue), peak: fg(p.peak).bold(),
		ready: fg(p.ready).bold(), pods: fg(p.pods), desired: fg(p.desired), idle: fg(p.idle).bold(),
		queueGuide: fg(p.queueGuide), podsGuide: fg(p.podsGuide),
		ok: fg(p.ok), warn: fg(p.warn), bad: fg(p.bad).bold(),
		you: fg(p.you).bold(), keda: fg(p.keda).bold(), hpa: fg(p.pods).bold(),
		chase: c(p.chase),
	}
	st.queueArea = newRamp(p.queueArea, p.chaseOnQueue, profile)
	st.queueSolo = newRamp(p.queueSolo, p.chaseOnQueue, profile)
	st.podsArea = newRamp(p.podsArea, p.chaseOnPods, profile)
	if ascii || !st.colours || profile == colorprofile.ANSI && dark {
		st.area = areaShade
	}
	if ascii {
		st.glyph = asciiGlyphs
	}
	if !st.colours {
		st.muted = st.muted.faint()
		st.grid = st.grid.faint()
		st.queueGuide, st.podsGuide = st.grid, st.grid
	}
	if st.chosen.bg == 0 {
		st.chosen = st.chosen.reverse()
	}
	return st
}

// tone is one colour in each profile. The value for 16 colours is chosen by
// hand, because the nearest one to amber is red; -1 is the terminal's own.
type tone struct {
	rgb  uint32
	i256 uint8
	i16  int8
}

func (t tone) in(profile colorprofile.Profile) colour {
	switch {
	case profile >= colorprofile.TrueColor:
		return isRGB | colour(t.rgb)
	case profile == colorprofile.ANSI256:
		return isIndex | colour(t.i256)
	case profile == colorprofile.ANSI && t.i16 >= 0:
		return isIndex | colour(t.i16)
	}
	return 0
}

// rampSteps is how many tones an area has at most: enough to look smooth, few
// enough that the codes of a frame stay small.
const rampSteps = 24

// ramp is the colours of an area from its bottom to its top, and the same
// where more is desired than there is.
type ramp struct{ plain, chase [rampSteps]colour }

// at is the colour for row y of h, row 0 on top.
func (r *ramp) at(y, h int, chase bool) colour {
	i := (h - 1 - y) * (rampSteps - 1) / max(h-1, 1)
	i = min(max(i, 0), rampSteps-1)
	if chase {
		return r.chase[i]
	}
	return r.plain[i]
}

// newRamp makes a gradient from the first tone (bottom) to the last (top):
// smooth in true colour, the tones themselves in 256, one tone in 16.
func newRamp(tones []tone, chase uint32, profile colorprofile.Profile) (r ramp) {
	bottom, top := tones[0].rgb, tones[len(tones)-1].rgb
	for i := range r.plain {
		c := tones[i*len(tones)/rampSteps].in(profile)
		r.plain[i], r.chase[i] = c, c
		if profile >= colorprofile.TrueColor {
			v := blend(bottom, top, i, rampSteps-1)
			r.plain[i] = isRGB | colour(v)
			r.chase[i] = isRGB | colour(blend(v, chase, 1, 3))
		}
	}
	return r
}

// blend is the colour num/den of the way from a to b.
func blend(a, b uint32, num, den int) (out uint32) {
	for shift := 0; shift < 24; shift += 8 {
		from, to := int(a>>shift&0xff), int(b>>shift&0xff)
		out |= uint32(from+(to-from)*num/den) << shift
	}
	return out
}
