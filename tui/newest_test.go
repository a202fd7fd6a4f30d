package tui

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope/store"
)

// At every width of a column, what is measured once a second has no gap at its
// end; what is lost, or was not measured for long, has.
func TestNewestColumnsAreKnown(t *testing.T) {
	for _, bin := range bins[:6] {
		for _, tt := range []struct {
			name  string
			ago   time.Duration
			last  float64
			known bool
		}{
			{"just measured", 0, 7, true}, {"measured", 900 * time.Millisecond, 7, true}, {"a round late", 2100 * time.Millisecond, 7, true},
			{"not measured", justNow + bin, 7, false}, {"lost", bin + 200*time.Millisecond, math.NaN(), false},
		} {
			now := taleStart.Add(time.Minute + 100*time.Millisecond)
			var s store.Series
			for at := now.Add(-tt.ago - 30*time.Second); !at.After(now.Add(-tt.ago)); at = at.Add(time.Second) {
				s.Add(at, 7)
			}
			s.Add(now.Add(-tt.ago), tt.last)
			win := window{to: now.Truncate(bin).Add(bin), bin: bin, cols: 20}
			win.from = win.to.Add(-20 * bin)
			vs := s.Columns(win.from, win.to, win.cols)
			upToNow(vs, &s, win, now)
			if got := !math.IsNaN(vs[19]); got != tt.known {
				t.Errorf("columns of %v, %s: known %v", bin, tt.name, got)
			}
		}
	}
}
