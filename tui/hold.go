package tui

import (
	"time"

	"github.com/kscope/kscope"
)

// held is what arrived while the screen was frozen. Nothing that matters is
// lost, but time passing is kept once, and of the measurements of a server only
// what changed, so that a screen left frozen does not fill the memory.
type held struct {
	all    []kscope.Observation
	newest map[string]int                  // index of a server's newest measurements
	depths map[kscope.Backlog]kscope.Depth // as of the measurements before those
	weight int                             // roughly, how much is kept
}

// heldLimit is the weight at which a freeze ends by itself: some twenty
// megabytes.
const heldLimit = 200_000

// hold keeps observations for later, and says whether the screen should
// nevertheless change.
func (m *Model) hold(os []kscope.Observation) bool {
	redraw := false
	for _, o := range os {
		m.held.add(o)
		switch f := o.Fact.(type) {
		case kscope.Pushed:
			m.pushed(f)
			redraw = true
		case kscope.Loading:
			m.loading(o.At, f)
			redraw = true
		case kscope.Purged:
			m.purged(f)
			redraw = true
		}
	}
	if m.held.weight > heldLimit {
		m.release()
		m.view.notice = "Live again: more happened than can be held back."
		return true
	}
	return redraw
}

func (h *held) add(o kscope.Observation) {
	if h.newest == nil {
		h.newest, h.depths = map[string]int{}, map[kscope.Backlog]kscope.Depth{}
	}
	n := len(h.all)
	switch f := o.Fact.(type) {
	case kscope.Heartbeat:
		if n > 0 && h.all[n-1].Fact == (kscope.Heartbeat{}) {
			h.all[n-1] = o
			return
		}
	case kscope.Depths:
		if i, ok := h.newest[f.Server]; ok {
			h.slim(i, failed(f))
		}
		h.newest[f.Server] = n
		h.weight += len(f.All)
	}
	h.all = append(h.all, o)
	h.weight++
}

// slim takes from measurements that are no longer the newest what repeats
// those before: a value holds until another is known. Before a failure they
// stay whole, because a value does not hold into a gap.
func (h *held) slim(i int, whole bool) {
	f := h.all[i].Fact.(kscope.Depths)
	var changed []kscope.Depth
	for _, d := range f.All {
		if was, ok := h.depths[d.Backlog]; !ok || was != d {
			changed = append(changed, d)
			h.depths[d.Backlog] = d
		}
	}
	if whole {
		return
	}
	h.weight -= len(f.All) - len(changed)
	f.All = changed
	h.all[i].Fact = f
}

func failed(f kscope.Depths) bool {
	for _, d := range f.All {
		if d.Err != "" {
			return true
		}
	}
	return false
}

func (m *Model) freeze() {
	v := &m.view
	if v.frozen {
		m.release()
		return
	}
	v.frozen, v.frozenAt = true, m.store.Now()
}

// release ends a freeze: what was held back is applied.
func (m *Model) release() {
	m.view.frozen, m.view.cursorAt = false, time.Time{}
	os := m.held.all
	m.held = held{}
	m.observe(os)
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
