package main

import (
	"testing"

	tea "charm.land/bubbletea/v2"
)

// TestWindowWithin: however large a terminal says that it is, no more is drawn than
// there is room for, and windows that anybody has are drawn whole.
func TestWindowWithin(t *testing.T) {
	sizes := []int{0, 1, 2, 24, 80, 400, 1000, 4000, 32_767, 65_535, 1 << 40}
	a := &answers{}
	for _, w := range sizes {
		for _, h := range sizes {
			got, ok := a.filter(nil, tea.WindowSizeMsg{Width: w, Height: h}).(tea.WindowSizeMsg)
			if !ok || got.Width > w || got.Height > h || got.Width*got.Height > mostCells || w > 0 && got.Width < 1 || h > 0 && got.Height < 1 {
				t.Errorf("%dx%d becomes %+v", w, h, got)
			}
			if w <= 1000 && h <= 1000 && (got.Width != w || got.Height != h) {
				t.Errorf("%dx%d becomes %+v", w, h, got)
			}
		}
	}
}
