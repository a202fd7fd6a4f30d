package tui

import (
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/tui/screen"
)

// The rows that the table leaves are the preview's: what is selected, as its
// detail would show it. How many these are depends on how many objects there are,
// not on the filter, so that nothing jumps while that is typed.

const (
	leastPreview = 7 // rows that are worth a preview
	leastPanes   = 13
)

// previewRows is how many rows the preview has, 0 where there is none.
func (v *view) previewRows() int {
	if v.screen != overview || v.w < 60 || v.total == 0 {
		return 0
	}
	if n := v.h - 2 - v.overviewKeys() - v.total; n >= leastPreview {
		return n
	}
	return 0
}

// sharePreview divides the rows of the preview, of which the first is its title.
// Where there are few, the sentences and what happened say more than a chart.
func sharePreview(w, h int) rows {
	if h < leastPanes {
		why := min(4, h-1)
		if w >= 110 {
			why = min(3, h-1)
		}
		return rows{header: 1, why: why, timeline: h - 1 - why}
	}
	return share(w, h, &view{hideKeys: true}, 0)
}

// drawPreview is what is known of an object below the table.
func (m *Model) drawPreview(c screen.Canvas, id kscope.ID) {
	st := m.styles
	p, ok := m.pictureOf(id)
	if !ok {
		return
	}
	m.shown.whole = id
	c.HLine(0, 0, c.W, st.Grid, '─')
	const hint = " enter opens it "
	end := c.Right(c.W-2, 0, st.Muted, hint) - 2
	target := ""
	if t := p.Target(); t.Name != "" {
		target = " " + st.Glyph.Right + " " + strings.ToLower(t.Kind) + "/" + t.Name
	}
	c.Put(1, 0, st.Grid, ' ')
	name := m.nameOf(id.Ref)
	x := c.Name(2, 0, end-2, st.Strong, name)
	if end-x > 14 {
		x = c.Name(x, 0, end-x, st.Muted, target)
	}
	c.Put(x, 0, st.Grid, ' ')
	m.drawPanes(c, sharePreview(c.W, c.H), p)
}
