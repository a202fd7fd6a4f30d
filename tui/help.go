package tui

// drawHelp is every key, over the screen: two columns of groups, or one where
// it is narrow, which then scrolls.
func (m *Model) drawHelp(c canvas) {
	st, v := m.styles, &m.view
	cols := helpColumns(m.canInject(), c.w)
	h := min(helpHeight(cols)+4, c.h)
	w := min(c.w, 80)
	box := c.sub((c.w-w)/2, (c.h-h)/2, w, h)
	c.fill(0, 1, c.w, c.h-2, style{}, ' ') // half a screen around it would only confuse
	box.fill(0, 0, box.w, box.h, style{}, ' ')
	in := box.box(st.accent, " Keys ", st.accent)
	body := in.h
	if notes := 2; body >= helpHeight(cols)+notes {
		in.fit(2, in.h-1, in.w-3, st.muted, "~ estimate   ? unknown   name?  guessed   esc closes")
		body -= notes
	}
	half := in.w / len(cols)
	for i, col := range cols {
		part := in.sub(i*half, 0, half, body)
		for y, l := range col[min(v.helpTop, len(col)):] {
			if l.title != "" {
				part.text(2, y, st.strong, l.title)
				continue
			}
			x := part.fit(2, y, helpKeys-1, st.key, l.names)
			part.fit(max(2+helpKeys, x+1), y, part.w-3-helpKeys, st.text, l.what)
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
	return max(helpHeight(helpColumns(inject, w))-(h-2), 0)
}
