// Package screen is the terminal as cells that panes paint on: a grid, canvases
// cut out of it, and the styles, glyphs and digits that everything is written
// in. It knows nothing of what is shown, reads no clock and writes to no
// terminal.
package screen

import "github.com/charmbracelet/colorprofile"

// Colour is a colour as the terminal understands it, decided once for its
// profile: 0 is the terminal's own, else a palette index or an RGB value.
type Colour uint32

// IsIndex and IsRGB tell what a colour other than the terminal's own is.
const (
	IsIndex Colour = 1 << 24
	IsRGB   Colour = 1 << 25
)

// Attr is a set of what a style has beside colours.
type Attr uint8

// The attributes that every terminal knows.
const (
	Bold Attr = 1 << iota
	Faint
	Underline
	Reverse
)

// Style is how a cell looks. It is a value; the zero style is plain text.
type Style struct {
	Fg, Bg Colour
	Attr   Attr
}

// Bold is s in bold.
func (s Style) Bold() Style { s.Attr |= Bold; return s }

// Faint is s made faint.
func (s Style) Faint() Style { s.Attr |= Faint; return s }

// Underline is s underlined.
func (s Style) Underline() Style { s.Attr |= Underline; return s }

// Reverse is s with its colours exchanged.
func (s Style) Reverse() Style { s.Attr |= Reverse; return s }

// Plain is s without attributes.
func (s Style) Plain() Style { s.Attr = 0; return s }

// On is s on a ground of its own.
func (s Style) On(c Colour) Style { s.Bg = c; return s }

// Over is s drawn on top of another style: its ground shows through unless s
// has one of its own.
func (s Style) Over(below Style) Style {
	if s.Bg == 0 {
		s.Bg = below.Bg
		s.Attr |= below.Attr & Reverse
	}
	return s
}

// Styles is every look that the screen uses, by role. Meaning never hangs on a
// role's colour alone: a word, a glyph or a line's weight goes with it.
type Styles struct {
	ASCII   bool
	Colours bool // false for NO_COLOR and terminals without
	Glyph   Glyphs

	Text   Style // ordinary text
	Strong Style // what the eye should find first
	Muted  Style // labels, units, old news; still readable
	Grid   Style // grid lines and frames: seen, never read
	Accent Style // the focus, the current choice
	Key    Style // a key that can be pressed
	Bar    Style // header and footer bar: has the background
	Chosen Style // a selected row: has the background

	Queue   Style // queue depth: amber
	Peak    Style // the queue's largest value
	Ready   Style // the line of ready replicas: light blue
	Pods    Style // words and axis of replicas: blue
	Desired Style // replicas asked for: dashed
	Idle    Style // the line of ready replicas while there are none

	QueueGuide, PodsGuide Style // levels worth seeing, fainter than data

	OK, Warn, Bad  Style
	You, KEDA, HPA Style // who did it

	Shade     bool // areas are painted by texture, where colours are few or none
	QueueArea Ramp // area under the queue
	PodsArea  Ramp // area under the replicas, in stacked charts
	QueueSolo Ramp // the same where no line crosses it, in stacked charts
	Chase     Colour
}

// NewStyles makes the styles for a background, a colour profile and a choice
// of characters.
func NewStyles(dark bool, profile colorprofile.Profile, ascii bool) *Styles {
	p := &darkPalette
	if !dark {
		p = &lightPalette
	}
	c := func(t tone) Colour { return t.in(profile) }
	fg := func(t tone) Style { return Style{Fg: c(t)} }
	st := &Styles{
		ASCII: ascii, Glyph: unicodeGlyphs, Colours: profile >= colorprofile.ANSI,
		Text: fg(p.text), Strong: fg(p.strong).Bold(), Muted: fg(p.muted), Grid: fg(p.grid),
		Accent: fg(p.accent).Bold(), Key: fg(p.strong).Bold(),
		Bar:    Style{Fg: c(p.text), Bg: c(p.bar)},
		Chosen: Style{Fg: c(p.strong), Bg: c(p.chosen)}.Bold(),
		Queue:  fg(p.queue), Peak: fg(p.peak).Bold(),
		Ready: fg(p.ready).Bold(), Pods: fg(p.pods), Desired: fg(p.desired), Idle: fg(p.idle).Bold(),
		QueueGuide: fg(p.queueGuide), PodsGuide: fg(p.podsGuide),
		OK: fg(p.ok), Warn: fg(p.warn), Bad: fg(p.bad).Bold(),
		You: fg(p.you).Bold(), KEDA: fg(p.keda).Bold(), HPA: fg(p.pods).Bold(),
		Chase: c(p.chase),
	}
	st.QueueArea = newRamp(p.queueArea, p.chaseOnQueue, profile)
	st.QueueSolo = newRamp(p.queueSolo, p.chaseOnQueue, profile)
	st.PodsArea = newRamp(p.podsArea, p.chaseOnPods, profile)
	if ascii || !st.Colours || profile == colorprofile.ANSI && dark {
		st.Shade = true
	}
	if ascii {
		st.Glyph = asciiGlyphs
	}
	if !st.Colours {
		st.Muted = st.Muted.Faint()
		st.Grid = st.Grid.Faint()
		st.QueueGuide, st.PodsGuide = st.Grid, st.Grid
	}
	if st.Chosen.Bg == 0 {
		st.Chosen = st.Chosen.Reverse()
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

func (t tone) in(profile colorprofile.Profile) Colour {
	switch {
	case profile >= colorprofile.TrueColor:
		return IsRGB | Colour(t.rgb)
	case profile == colorprofile.ANSI256:
		return IsIndex | Colour(t.i256)
	case profile == colorprofile.ANSI && t.i16 >= 0:
		return IsIndex | Colour(t.i16)
	}
	return 0
}

// RampSteps is how many tones an area has at most: enough to look smooth, few
// enough that the codes of a frame stay small.
const RampSteps = 24

// Ramp is the colours of an area from its bottom to its top, and the same
// where more is desired than there is.
type Ramp struct{ Plain, Chase [RampSteps]Colour }

// At is the colour for row y of h, row 0 on top.
func (r *Ramp) At(y, h int, chase bool) Colour {
	i := (h - 1 - y) * (RampSteps - 1) / max(h-1, 1)
	i = min(max(i, 0), RampSteps-1)
	if chase {
		return r.Chase[i]
	}
	return r.Plain[i]
}

// newRamp makes a gradient from the first tone (bottom) to the last (top):
// smooth in true colour, the tones themselves in 256, one tone in 16.
func newRamp(tones []tone, chase uint32, profile colorprofile.Profile) (r Ramp) {
	bottom, top := tones[0].rgb, tones[len(tones)-1].rgb
	for i := range r.Plain {
		c := tones[i*len(tones)/RampSteps].in(profile)
		r.Plain[i], r.Chase[i] = c, c
		if profile >= colorprofile.TrueColor {
			v := blend(bottom, top, i, RampSteps-1)
			r.Plain[i] = IsRGB | Colour(v)
			r.Chase[i] = IsRGB | Colour(blend(v, chase, 1, 3))
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
