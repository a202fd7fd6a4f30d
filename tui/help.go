package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope/tui/screen"
)

// drawHelp is every key, over the screen: two columns of groups, or one where
// it is narrow, which then scrolls.
func (m *Model) drawHelp(c screen.Canvas) {
	st, v := m.styles, &m.view
	cols := helpColumns(m.canInject(), c.W)
	c.Fill(0, 1, c.W, c.H-2, screen.Style{}, ' ') // half a screen around it would only confuse
	in, _ := m.dialog(c, 80, helpHeight(cols)+4, 3, " Keys ")
	body := in.H
	if notes := 2; body >= helpHeight(cols)+notes {
		in.Fit(2, in.H-1, in.W-3, st.Muted, "~ estimate   ? unknown   name?  guessed   esc closes")
		body -= notes
	} else if body < helpHeight(cols) {
		body--
		m.drawHidden(in, body, v.helpTop, helpHeight(cols)-body-v.helpTop)
	}
	half := in.W / len(cols)
	for i, col := range cols {
		part := in.Sub(i*half, 0, half, body)
		for y, l := range col[min(v.helpTop, len(col)):] {
			if l.title != "" {
				part.Text(2, y, st.Strong, l.title)
				continue
			}
			x := part.Fit(2, y, helpKeys-1, st.Key, l.names)
			part.Fit(max(2+helpKeys, x+1), y, part.W-3-helpKeys, st.Text, l.what)
		}
	}
}

// helpKeys is the width of the names of keys.
const helpKeys = 10

// helpRow is a row of the help: a title, a key with its use, or blank.
type helpRow struct{ title, names, what string }

// helpColumns lays the groups out for a width.
func helpColumns(inject bool, w int) [][]helpRow {
	cols := make([][]helpRow, 1, 2)
	for _, g := range keys.groups(inject) {
		i := 0
		if w >= 60 && (g.title == "Move" || g.title == "Screen") {
			i = 1
			if len(cols) == 1 {
				cols = append(cols, nil)
			}
		}
		if len(cols[i]) > 0 {
			cols[i] = append(cols[i], helpRow{})
		}
		cols[i] = append(cols[i], helpRow{title: g.title})
		for _, l := range g.lines {
			cols[i] = append(cols[i], helpRow{names: l.names(), what: l.what})
		}
	}
	return cols
}

func helpHeight(cols [][]helpRow) int {
	h := 0
	for _, col := range cols {
		h = max(h, len(col))
	}
	return h
}

// helpLimit is how far the help can scroll on a screen.
func helpLimit(inject bool, w, h int) int {
	rows, room := helpHeight(helpColumns(inject, w)), h-2
	if rows <= room {
		return 0
	}
	return rows - max(room-1, 1) // a row says that there is more
}

func (m *Model) helpKey(msg tea.KeyPressMsg) {
	v := &m.view
	if key.Matches(msg, keys.Help, keys.Back, keys.Open) {
		v.help = false
		return
	}
	v.helpTop = min(max(v.helpTop+step(msg, 5), 0), helpLimit(m.canInject(), v.w, v.h))
}
