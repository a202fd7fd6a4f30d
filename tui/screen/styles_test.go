package screen

import (
	"math"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/colorprofile"
)

// luminance of an sRGB colour, as WCAG defines it.
func luminance(rgb uint32) float64 {
	channel := func(v uint32) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(rgb>>16) + 0.7152*channel(rgb>>8) + 0.0722*channel(rgb)
}

func contrast(a, b uint32) float64 {
	hi, lo := luminance(a), luminance(b)
	if hi < lo {
		hi, lo = lo, hi
	}
	return (hi + 0.05) / (lo + 0.05)
}

func TestContrast(t *testing.T) {
	for _, tt := range []struct {
		name   string
		p      *palette
		ground []uint32
	}{
		{"dark", &darkPalette, []uint32{0x000000, 0x0E1116, 0x1E1E1E}},
		{"light", &lightPalette, []uint32{0xFFFFFF, 0xFAFAFA}},
	} {
		p := tt.p
		for _, ground := range append(tt.ground, p.bar.rgb) {
			for role, c := range map[string]tone{"text": p.text, "strong": p.strong, "muted": p.muted, "accent": p.accent,
				"queue": p.queue, "peak": p.peak, "pods": p.pods, "ok": p.ok, "warn": p.warn, "bad": p.bad, "you": p.you, "keda": p.keda} {
				if got := contrast(c.rgb, ground); got < 4.5 {
					t.Errorf("%s: %s on %06x has contrast %.2f, want 4.5", tt.name, role, ground, got)
				}
			}
		}
		for role, c := range map[string]tone{"ready": p.ready, "desired": p.desired} {
			for _, area := range p.queueArea {
				if got := contrast(c.rgb, area.rgb); got < 2.4 || role == "ready" && got < 3 {
					t.Errorf("%s: %s on the area %06x has contrast %.2f", tt.name, role, area.rgb, got)
				}
			}
		}
		if got := contrast(p.text.rgb, p.chosen.rgb); got < 4.5 {
			t.Errorf("%s: text on a chosen row has contrast %.2f, want 4.5", tt.name, got)
		}
	}
}

// In 16 colours amber must stay yellow: red would say that something is wrong.
func TestQueueIsNotRedIn16Colours(t *testing.T) {
	for _, dark := range []bool{true, false} {
		st := NewStyles(dark, colorprofile.ANSI, false)
		for _, c := range []Colour{st.Queue.Fg, st.Peak.Fg, st.QueueArea.Plain[0]} {
			if i := c &^ IsIndex; c != 0 && (i == 1 || i == 9) {
				t.Errorf("dark %v: got palette colour %d", dark, i)
			}
		}
	}
}

func TestNoColour(t *testing.T) {
	for _, p := range []colorprofile.Profile{colorprofile.ASCII, colorprofile.NoTTY} {
		v := reflect.ValueOf(*NewStyles(true, p, false))
		for i := range v.NumField() {
			if s := v.Field(i); s.Type() == reflect.TypeFor[Style]() && (s.Field(0).Uint() != 0 || s.Field(1).Uint() != 0) {
				t.Errorf("%v: %s has a colour", p, v.Type().Field(i).Name)
			}
		}
	}
}

func TestGlyphsHaveTwins(t *testing.T) {
	u, a := reflect.ValueOf(unicodeGlyphs), reflect.ValueOf(asciiGlyphs)
	for i := range u.NumField() {
		name := u.Type().Field(i).Name
		if u.Field(i).String() == "" || Width(u.Field(i).String()) != 1 {
			t.Errorf("glyph %s is %q, want one column", name, u.Field(i).String())
		}
		if s := a.Field(i).String(); len(s) != 1 || s[0] >= utf8.RuneSelf {
			t.Errorf("ASCII glyph %s is %q", name, s)
		}
	}
	for r, twin := range asciiTwins {
		if twin < ' ' || twin > '~' {
			t.Errorf("the twin of %c is %q", r, twin)
		}
	}
}
