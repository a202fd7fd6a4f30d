package tui

import (
	"fmt"
	"testing"
	"time"
)

// The window is narrow at first and grows with what there is to show, a step at a
// time and never back, until it is what it always was.
func TestWindowGrows(t *testing.T) {
	for _, cols := range []int{20, 68, 108, 130, 188, 238} {
		last, steps := time.Duration(0), 0
		for known := time.Duration(0); known < 10*time.Minute; known += 250 * time.Millisecond {
			win := windowAt(taleStart.Add(known), taleStart, cols)
			span := win.to.Sub(win.from)
			switch {
			case span < min(known, shownByDefault):
				t.Fatalf("%d columns: %v are known and %v shown", cols, known, span)
			case span < firstShown || span > 3*max(known, firstShown)/2:
				t.Fatalf("%d columns: %v are known and %v shown", cols, known, span)
			case span < last:
				t.Fatalf("%d columns: %v shown after %v", cols, span, last)
			case known > shownByDefault && span != last:
				t.Fatalf("%d columns: still growing after %v", cols, known)
			case span > last && last > 0:
				steps++
			}
			last = span
		}
		if steps > 12 {
			t.Errorf("%d columns: %d steps", cols, steps)
		}
	}
}

// What was zoomed stays so while the window would have grown, and steps in one
// direction and as many in the other lead back.
func TestZoomAndGrowth(t *testing.T) {
	for _, size := range sizes {
		ta := newTale("demo", "worker-scaler").begin().run(40 * time.Second)
		m := tell(ta, size.w, size.h)
		at := func() time.Duration { return m.window().bin }
		first := at()
		press(m, ">")
		if at() <= first {
			t.Errorf("%v: zooming out goes from %v to %v", size, first, at())
		}
		press(m, "<")
		if at() != first || m.view.zoomed {
			t.Errorf("%v: there and back is from %v to %v", size, first, at())
		}
		press(m, "<", "<", "<", "<")
		near := at()
		m.Update(ta.run(2 * time.Minute).take())
		if at() != near {
			t.Errorf("%v: the zoom of %v became %v by itself", size, near, at())
		}
		for range 2 * len(bins) {
			press(m, ">")
		}
		for range 2 * len(bins) {
			press(m, "<")
		}
		if at() != bins[0] {
			t.Errorf("%v: the closest is %v", size, at())
		}
		for range bins {
			press(m, ">")
			if !m.view.zoomed {
				break
			}
		}
		if m.view.zoomed {
			t.Errorf("%v: no way back to the window that follows", size)
		}
	}
}

// In the first minute the story fills most of the chart.
func TestFirstMinuteFillsTheChart(t *testing.T) {
	for _, size := range sizes {
		ta := newTale("demo", "worker-scaler").begin()
		m := tell(ta, size.w, size.h)
		for s := 20; s <= 120; s += 5 {
			m.Update(ta.run(5 * time.Second).take())
			known := ta.at.Sub(taleStart)
			if known < 20*time.Second {
				continue
			}
			win := m.window()
			share := float64(known) / float64(win.to.Sub(win.from))
			t.Run(fmt.Sprint(size, known), func(t *testing.T) {
				if share < 0.65 {
					t.Errorf("only %.0f %% of the chart is filled", share*100)
				}
			})
		}
	}
}

// However wide a chart is, its window is found, and shows what is known.
func TestWindowOfAnyWidth(t *testing.T) {
	for cols := 1; cols < 70_000; cols = cols*21/20 + 1 {
		for _, known := range []time.Duration{0, time.Second, 11 * time.Second, 73 * time.Second, time.Hour, 1 << 62, -time.Hour} {
			w := windowAt(taleStart, taleStart.Add(-known), cols)
			if shown := w.to.Sub(w.from); w.bin <= 0 || shown < firstShown || shown < min(known, shownByDefault)-w.bin {
				t.Errorf("%d columns over %v: %v of %v each", cols, known, shown, w.bin)
			}
		}
	}
}

// Every phase is drawn in the widest and the highest windows too.
func TestHugeWindows(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{600, 200}, {1000, 400}, {3000, 3}, {3, 1000}} {
		for i, p := range phases {
			if size[0]*size[1] > 100_000 && i%max(*sweepEvery/48, 1) != 0 {
				continue // a second for each
			}
			m := tell(p.tale(), size[0], size[1])
			checkFrame(t, m)
			for _, k := range []string{"f", "c", "<", ">", "esc", "space", "["} {
				pressKey(m, keyOf(k))
				checkFrame(t, m)
			}
		}
	}
}
