package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/tui/screen"
)

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
	v.row, v.top = 0, 0
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

func (m *Model) filterKey(msg tea.KeyPressMsg) {
	v := &m.view
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
			m.filtered()
		}
	}
}
