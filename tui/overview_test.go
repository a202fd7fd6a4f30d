package tui

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/store"
)

// TestSparkDoesNotFlicker: when a column has just begun, the value that was
// measured a moment ago stands in it; one that is old, or was lost, does not.
func TestSparkDoesNotFlicker(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := New(Options{Theme: "dark"})
	bin := windowAt(start, time.Time{}, 16).bin
	seen := start.Add(10*bin - 500*time.Millisecond)
	var steady, lost store.Series
	for at := start; !at.After(seen); at = at.Add(500 * time.Millisecond) {
		steady.Add(at, 5)
		lost.Add(at, 5)
	}
	lost.Add(seen.Add(100*time.Millisecond), math.NaN())
	newest := func(s *store.Series, now time.Time) string {
		m.grid.Reset(17, 1, m.styles)
		spark(m, m.grid.Canvas(), m.styles.Queue, s, now, 0)
		row := []rune(strings.TrimRight(m.grid.Plain(), "\n"))
		return string(row[len(row)-1])
	}
	for _, tt := range []struct {
		name   string
		series *store.Series
		after  time.Duration
		want   string
	}{
		{"the column before", &steady, 0, "▇"},
		{"a column that has just begun", &steady, 700 * time.Millisecond, "▇"},
		{"not measured for a while", &steady, 500*time.Millisecond + justNow, "·"},
		{"lost", &lost, 700 * time.Millisecond, "·"},
	} {
		if got := newest(tt.series, seen.Add(tt.after)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
