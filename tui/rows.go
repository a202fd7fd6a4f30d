package tui

import (
	"cmp"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/tui/screen"
)

// order is what the rows of the table are in order of.
type order int

const (
	byName order = iota
	byPhase
	byQueue
	byReady
	orders
)

// String is the order in a word, for the keys.
func (o order) String() string {
	return [...]string{"by name", "problems first", "longest queue", "most replicas"}[o]
}

// column is the column of the overview that it is the order of.
func (o order) column() int { return [...]int{1, 2, 3, 5}[o] }

// Rows keep their places for a while, however the numbers go up and down, and
// longer while somebody moves among them.
const (
	orderHolds = 10 * time.Second
	keysHold   = 5 * time.Second
)

// nextOrder puts the rows into another order, now.
func (m *Model) nextOrder() {
	v := &m.view
	v.order = (v.order + 1) % orders
	v.arranged = time.Time{}
	m.arrange()
}

// arrange puts the rows in order anew, if that is due. The selected one stays
// selected.
func (m *Model) arrange() {
	v, now := &m.view, m.seen.Now()
	if v.order == byName && v.arranged.IsZero() {
		v.keepRow(func() { slices.SortStableFunc(v.ids, func(a, b kscope.ID) int { return byID(a, b) }) })
		v.arranged = now
	}
	if v.order == byName || !v.arranged.IsZero() && (v.frozen || now.Sub(v.arranged) < orderHolds || now.Sub(v.pressed) < keysHold) {
		return
	}
	v.arranged = now
	weights := make(map[kscope.ID]float64, len(v.ids))
	for _, id := range v.ids {
		weights[id] = m.weight(id)
	}
	v.keepRow(func() {
		slices.SortStableFunc(v.ids, func(a, b kscope.ID) int {
			return cmp.Or(cmp.Compare(weights[b], weights[a]), byID(a, b))
		})
	})
}

// byID is the order of [store.Store.Objects].
func byID(a, b kscope.ID) int {
	switch {
	case a.Less(b.Ref):
		return -1
	case b.Less(a.Ref):
		return 1
	}
	return cmp.Compare(a.Kind, b.Kind)
}

// weight is how far up a row belongs.
func (m *Model) weight(id kscope.ID) float64 {
	switch m.view.order {
	case byPhase:
		p, _ := explain.Glance(m.seen, id)
		return urgency(p.Phase)
	case byQueue:
		c, _ := m.seen.Chain(id)
		if r := c.Reading(); r.Known && !r.Direct {
			return r.Value
		}
		return -1
	}
	c, _ := m.seen.Chain(id)
	switch {
	case c.Workload != nil:
		return float64(c.Workload.Desired)
	case c.Ready != nil:
		return float64(*c.Ready)
	}
	return -1
}

// urgency is how much a phase wants to be looked at: what is broken most, what
// sleeps least.
func urgency(p explain.Phase) float64 {
	switch p {
	case explain.Broken:
		return 5
	case explain.Waking, explain.ScalingUp:
		return 4
	case explain.Draining, explain.CoolingDown:
		return 3
	case explain.PhasePaused, explain.Looking:
		return 2
	case explain.Asleep:
		return 0
	}
	return 1
}

// keepRow changes the list of rows and has the same one selected after it: while
// nobody has moved among them the first, whichever comes first by then.
func (v *view) keepRow(change func()) {
	if v.row == 0 && v.pressed.IsZero() {
		change()
		return
	}
	var on kscope.ID
	if v.row < len(v.ids) {
		on = v.ids[v.row]
	}
	change()
	v.selectRow(on)
}

// drawFilter is the filter, and gives the column after it.
func (m *Model) drawFilter(c screen.Canvas) int {
	st, v := m.styles, &m.view
	x := c.Text(1, 0, st.Key, "/")
	if !v.typing {
		return c.Text(x, 0, st.Strong, v.filter.text())
	}
	x = m.drawField(c, x, 0, c.W-x-1, &v.filter)
	if hint := "enter keep  esc clear"; x+3+len(hint) < c.W {
		c.Right(c.W-1, 0, st.Muted, hint)
	}
	return x
}

// setFilter changes the filter.
func (m *Model) setFilter(s string) {
	m.view.filter.set(s)
	m.filtered()
}

// filtered lists anew what matches, and keeps the selected row if it still
// does.
func (m *Model) filtered() {
	v := &m.view
	var on kscope.ID
	if v.row < len(v.ids) {
		on = v.ids[v.row]
	}
	v.row, v.top, v.stale = 0, 0, false
	v.follow(m.store, m.o)
	v.selectRow(on)
	v.arranged = time.Time{} // what the filter lets back in belongs somewhere
}

func (v *view) selectRow(on kscope.ID) {
	for i, id := range v.ids {
		if id == on {
			v.row = i
		}
	}
}

// refilter is filtered where that is due: once for all that was typed since the
// last frame.
func (m *Model) refilter() {
	if m.view.stale {
		m.filtered()
	}
}

func (m *Model) filterKey(msg tea.KeyPressMsg) {
	v := &m.view
	if msg.Text == "" {
		m.refilter() // it may be about a row
	}
	switch before := v.filter.text(); {
	case msg.String() == "enter":
		v.typing = false
	case msg.String() == "esc":
		v.typing = false
		m.setFilter("")
	case listKey(msg):
		v.row = min(max(v.row+step(msg, m.overviewPage()), 0), max(len(v.ids)-1, 0))
	default:
		if v.filter.key(msg); v.filter.text() != before {
			v.stale = true
		}
	}
}
