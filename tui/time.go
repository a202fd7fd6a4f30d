package tui

import (
	"slices"
	"time"

	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/chart"
)

// bins are the spans of time that one column of the chart may stand for.
var bins = []time.Duration{
	250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond, time.Second, 1500 * time.Millisecond,
	2 * time.Second, 3 * time.Second, 5 * time.Second, 7500 * time.Millisecond, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
}

// A chart that has just begun shows firstShown at least, and then as much time as
// there is to show, a small step at a time so that it is nearly full, until it
// shows shownByDefault, in which the seed story fits.
const (
	firstShown     = 10 * time.Second
	shownByDefault = 100 * time.Second
)

// grows is by how much a window grows in a step: the columns of the next stand for
// a quarter more time, in whole hundredths of a second.
const grows = 1.25

// window is the time that the chart covers, aligned to whole columns so that
// the picture moves by columns and does not shimmer.
type window struct {
	from, to time.Time
	bin      time.Duration
	cols     int
	ahead    int // columns after to, for what is expected
}

func (m *Model) window() window {
	v := &m.view
	r := share(v.w, v.h, v, 0)
	return m.windowOf(chart.Columns(v.w-r.side, v.mode()))
}

// windowOf is the window of a chart of so many columns over what is open.
func (m *Model) windowOf(cols int) window {
	now, ahead := m.drawn.chart, 0
	if m.drawn.ahead && cols >= leastForFuture {
		ahead = cols * 3 / 10
	}
	if v := &m.view; v.zoomed && v.screen == detail {
		return windowOf(now, cols, fitting(cols, shownByDefault)+v.zoom).leaving(ahead)
	}
	since := m.drawn.since
	if ahead > 0 { // what is known keeps its room, and what is due soon has some
		known := now.Sub(since)
		since = now.Add(-max(known*10/7, shownWithFuture))
	}
	return windowAt(now, since, cols).leaving(ahead)
}

// A chart too narrow for both has no future; one that has shows so much time at
// least, past and future together, that the HPA's next sync is in it.
const (
	leastForFuture  = 40
	shownWithFuture = time.Minute
)

// leaving is the window with its last columns left for what is expected.
func (w window) leaving(ahead int) window {
	w.from, w.cols, w.ahead = w.from.Add(time.Duration(ahead)*w.bin), w.cols-ahead, ahead
	return w
}

// mode is whether queue and replicas share a chart.
func (v *view) mode() chart.Mode {
	if v.stacked {
		return chart.Stacked
	}
	return chart.Overlay
}

// windowAt is the window, before any zooming, over what is known since a time.
func windowAt(now, since time.Time, cols int) window {
	most := bins[fitting(cols, shownByDefault)]
	known := min(max(now.Sub(since), firstShown), shownByDefault)
	bin := most
	for next := bin; next*time.Duration(cols) >= known; {
		bin = next
		if next = time.Duration(float64(bin) / grows).Round(10 * time.Millisecond); next >= bin {
			break // it gets no finer, however many columns there are
		}
	}
	return windowWith(now, cols, bin)
}

// windowOf is the window of one of the bins, of the first or last beyond these.
func windowOf(now time.Time, cols, i int) window {
	return windowWith(now, cols, bins[min(max(i, 0), len(bins)-1)])
}

func windowWith(now time.Time, cols int, bin time.Duration) window {
	to := now.Truncate(bin).Add(bin)
	return window{from: to.Add(-time.Duration(cols) * bin), to: to, bin: bin, cols: cols}
}

// fitting is the index of the first bin with which so many columns hold a time.
func fitting(cols int, d time.Duration) int {
	i := 0
	for i < len(bins)-1 && bins[i]*time.Duration(cols) < d {
		i++
	}
	return i
}

// zoom changes the time of a column, which then stays until zooming leads back to
// what the chart would show by itself. Steps beyond the ends are not counted, so
// that the way back is as long as the way there.
func (m *Model) zoom(steps int) {
	v, win := &m.view, m.window()
	v.zoomed = false
	itself := m.window().bin
	all := append(slices.Clone(bins), itself)
	slices.Sort(all)
	all = slices.Compact(all)
	at, _ := slices.BinarySearch(all, win.bin)
	at = min(max(at+steps, 0), len(all)-1)
	if v.zoomed = all[at] != itself; v.zoomed {
		v.zoom = slices.Index(bins, all[at]) - fitting(win.cols+win.ahead, shownByDefault)
	}
}

// A frozen screen shows the store as it was at a moment, which the store keeps:
// what arrives meanwhile is folded as ever, and nothing has to be held back.

// freeze stops the picture, or lets it go on.
func (m *Model) freeze() {
	v := &m.view
	if v.frozen {
		m.release()
		return
	}
	v.frozen, v.frozenAt = true, m.store.Now()
	m.stop = m.store.At(v.frozenAt)
}

// release ends a freeze.
func (m *Model) release() {
	m.view.frozen, m.view.cursorAt, m.stop = false, time.Time{}, nil
	m.view.follow(m.store, m.o)
}

// outlived ends a freeze by itself when what is shown is longer ago than is
// kept, and says whether it did.
func (m *Model) outlived() bool {
	v := &m.view
	if v.cursorAt.IsZero() || !m.store.Since().After(v.cursorAt) {
		return false // as it was at the freeze, it is kept by the screen itself
	}
	m.release()
	v.notice = "Live again: more happened than can be kept."
	return true
}

// newest is the store at the newest moment that may be looked at.
func (m *Model) newest() *store.Store {
	if m.view.frozen {
		return m.stop
	}
	return m.store
}

// look chooses what the next frame shows: what is known, or what was.
func (m *Model) look() {
	v := &m.view
	switch {
	case !v.frozen:
		m.seen = m.store
	case v.cursorAt.IsZero():
		m.seen = m.stop
	default:
		m.seen = m.store.At(v.cursorAt)
	}
}

// scrub moves the moment under inspection by columns of the chart, freezing
// the screen first if need be.
func (m *Model) scrub(columns int) {
	v := &m.view
	if !v.frozen {
		if columns > 0 {
			return
		}
		m.freeze()
	}
	win := m.window()
	at := v.cursorAt
	if at.IsZero() {
		at = v.frozenAt
	}
	at = at.Truncate(win.bin).Add(time.Duration(columns) * win.bin)
	if since := m.store.Since(); at.Before(since) {
		at = since // what was before is not kept
	}
	if at.Before(win.from) {
		at = win.from
	}
	if !at.Before(v.frozenAt.Truncate(win.bin)) {
		v.cursorAt = time.Time{} // back at the newest
		return
	}
	// The end of the column, because that is what the lines show.
	v.cursorAt = at.Add(win.bin - 1)
}
