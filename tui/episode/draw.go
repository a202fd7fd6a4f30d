package episode

import (
	"fmt"
	"strings"

	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// Wide is from how many columns on the episodes before stand beside.
const Wide = 106

const (
	beside     = 5 // episodes that stand beside at most
	columnWide = 10
	left       = 10 + labelWidth + 9 // before whose the time was
)

// Rows is how many rows there are to show of an episode, on a width, all told or
// without what is compared with those before.
func Rows(all []ledger.Episode, chosen, w int, compare bool) int {
	if chosen >= len(all) {
		return 3
	}
	e := &all[len(all)-1-chosen]
	n := len(rows(e, 99)) + 3 + len(costLines(e, w))
	if len(others(all, chosen, w)) > 0 {
		if n++; compare {
			n += len(compared)
		}
	}
	return n
}

// Draw draws one of an object's episodes, which are given oldest first; chosen counts
// from the newest. What stands left in the first line leaves that free.
func Draw(c screen.Canvas, st *screen.Styles, all []ledger.Episode, chosen, free int) {
	e := &all[len(all)-1-chosen]
	drawTitle(c.Sub(free, 0, c.W-free, 1), st, e, len(all), chosen)
	drawBar(c.Sub(0, 1, c.W, 1), st, e)
	drawLegend(c.Sub(0, 2, c.W, 1), st, e)
	costs := costLines(e, c.W)
	costs = costs[:min(len(costs), max(c.H-5, 0))]
	body := c.Sub(0, 3, c.W, c.H-3-len(costs))
	before := others(all, chosen, c.W)
	if len(before) > 0 && body.H > 4 {
		drawHeads(body.Sub(0, 0, c.W, 1), st, before)
		body = c.Sub(0, 4, c.W, body.H-1)
	}
	lines := rows(e, body.H)
	for y, r := range lines {
		drawRow(body.Sub(0, y, c.W, 1), st, &r, before)
	}
	if len(before) > 0 && body.H-len(lines) >= len(compared) {
		for i, x := range compared {
			drawCompared(body.Sub(0, len(lines)+i, c.W, 1), st, x.what, x.of, e, before)
		}
	}
	for i, line := range costs {
		y := c.H - len(costs) + i
		c.Text(0, y, st.Muted, line.label)
		c.Fit(6, y, c.W-6, st.Text, line.text)
	}
}

func drawTitle(c screen.Canvas, st *screen.Styles, e *ledger.Episode, n, chosen int) {
	end := c.W
	if n > 1 {
		which := fmt.Sprintf("%d of %d", chosen+1, n)
		if chosen == 0 {
			which += ", newest"
		}
		end = c.Right(c.W, 0, st.Muted, which) - 2
	}
	text := e.Began.Format("15:04:05")
	switch {
	case e.Open():
		text += ", so far " + span(e.Took())
	case e.Took() > 0:
		text += ", " + span(e.Took())
	}
	parts := []string{}
	if e.Partial {
		parts = append(parts, "began unseen")
	}
	if e.Peak > 0 {
		parts = append(parts, "up to "+words.Plural(int64(e.Peak), "job"))
	}
	if e.Most > 0 {
		parts = append(parts, words.Plural(e.Most, "replica"))
	}
	x := c.Fit(0, 0, end, st.Strong, text)
	if more := strings.Join(parts, ", "); more != "" {
		c.Fit(x, 0, end-x, st.Text, c.Brief(end-x, ": "+more))
	}
}

func drawRow(c screen.Canvas, st *screen.Styles, r *row, before []*ledger.Episode) {
	sign, look := "", st.Text
	switch {
	case r.guess:
		sign = "~"
	case r.within > 0:
		sign = "≤"
	}
	if r.now {
		look = st.Accent
	}
	c.Right(9, 0, st.Muted, sign+"T+"+span(r.at))
	text := r.label
	if r.within > 0 {
		text += ", within " + span(r.within)
	}
	c.Fit(10, 0, labelWidth, look, text)
	end := c.W - len(before)*columnWide
	if r.whose != "" {
		took := st.Muted
		if r.stretch.Took >= together {
			took = st.Text
		}
		c.Right(left-1, 0, took, "+"+span(r.stretch.Took))
		x := c.Text(left, 0, ownerLook(st, r.stretch.Owner), mark(st, r.stretch.Owner)) + 1
		text := r.whose
		if screen.Width(text) > end-x {
			text = owners[r.stretch.Owner].short
		}
		c.Fit(x, 0, end-x, st.Text, text)
	}
	for i, e := range before {
		x := end + (i+1)*columnWide
		m, ok := e.Find(r.kind)
		switch {
		case r.now:
		case ok && r.kind == ledger.FirstJob && e.Peak > 0:
			c.Right(x, 0, st.Text, words.Short(e.Peak)+" jobs")
		case ok:
			c.Right(x, 0, st.Text, span(m.At.Sub(e.Began)))
		default:
			c.Right(x, 0, st.Grid, "-")
		}
	}
}
