package tui

import (
	"time"

	"github.com/kscope/kscope/store"
)

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
