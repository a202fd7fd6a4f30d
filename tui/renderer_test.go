package tui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// TestTerminalShowsWhatWasDrawn drives a program through a story and compares,
// cell by cell, the terminal with the frame of a second model that was told the
// same: what the renderer takes for unchanged must be.
func TestTerminalShowsWhatWasDrawn(t *testing.T) {
	o := Options{Mode: "LIVE", Context: "kind-demo", Namespace: "demo", Theme: "dark"}
	p, term, _ := start(t, New(o))
	twin := New(o)
	twin.Update(tea.ColorProfileMsg{Profile: colorprofile.TrueColor})
	twin.Update(tea.WindowSizeMsg{Width: 120, Height: 35})
	ta := phase("asleep")
	tell := func(what string) {
		t.Helper()
		batch := ta.take()
		p.Send(batch)
		twin.Update(batch)
		var diff string
		term.waitFor(t, what, func(string) bool { diff = term.differs(twin); return diff == "" })
	}
	tell("asleep")
	for n := int64(0); n < 200; n += 7 {
		ta.at, ta.depth = ta.at.Add(250*time.Millisecond), n
		ta.measure()
		tell(fmt.Sprint("a queue of ", n))
	}
}

// differs is the first difference between the terminal and what a model drew,
// "" if there is none.
func (t *terminal) differs(m *Model) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := m.grid.Canvas()
	for y := range c.H {
		for x := range c.W {
			drawn := *c.At(x, y)
			if drawn.Rune == 0 {
				continue
			}
			want := m.grid.Chars(drawn)
			shown := t.em.CellAt(x, y)
			got, painted := " ", false
			if shown != nil {
				if shown.Content != "" {
					got = shown.Content
				}
				painted = shown.Style.Bg != nil
			}
			if got != want || painted != (drawn.Style.Bg != 0) {
				return fmt.Sprintf("at %d,%d: %q painted %v, want %q painted %v", x, y, got, painted, want, drawn.Style.Bg != 0)
			}
		}
	}
	return ""
}
