package tui

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/chart"
	"github.com/kscope/kscope/tui/screen"
)

// overviewRow is one line of the table.
type overviewRow struct {
	explain.Picture
	history store.History
	now     time.Time
	alone   bool // the table has no room to say why
}

func (r overviewRow) broken() bool { return r.Phase == explain.Broken }

// phase is the phase of a row; of what is broken, where nothing else on its line says
// so, what it is broken by.
func (r overviewRow) phase() string {
	if l, ok := r.Links.Of(r.Link); r.broken() && r.alone && ok && l.Word != "" {
		return l.Word
	}
	return string(r.Phase)
}

// overviewTable is the table of ScaledObjects, see tableOf.
var overviewTable = table[overviewRow]{left: 1, least: 22, most: 60, yields: map[int]int{2: 13, 4: 9, 7: 9}, columns: []column[overviewRow]{
	{"", 2, false, 0, func(m *Model, c screen.Canvas, r overviewRow) {
		s, glyph := m.phaseGlyph(r.Phase)
		c.Text(0, 0, s, glyph)
	}},
	{"SCALEDOBJECT", theName, false, 0, func(m *Model, c screen.Canvas, r overviewRow) {
		s := m.styles.Text
		switch {
		case r.broken():
			s = m.styles.Bad
		case r.Phase != explain.Asleep:
			s = m.styles.Strong
		}
		m.drawName(c, s, r.ID)
	}},
	{"PHASE", 15, false, 1, func(m *Model, c screen.Canvas, r overviewRow) {
		c.Fit(0, 0, c.W, m.phaseStyle(r.Phase), r.phase())
	}},
	{"QUEUE", 9, true, 0, func(m *Model, c screen.Canvas, r overviewRow) {
		l, _ := r.Links.Of(explain.LinkQueue)
		s := m.valueStyle(l)
		if v := r.Reading(); v.Known && v.Value == 0 {
			s = m.styles.Muted
		}
		c.Right(c.W, 0, s, l.Text())
	}},
	{"", 17, false, 3, func(m *Model, c screen.Canvas, r overviewRow) {
		spark(m, c, m.styles.Queue, r.history.Queue, r.now, 0)
	}},
	{"READY", 9, true, 0, func(m *Model, c screen.Canvas, r overviewRow) {
		ready, desired, s := "?", "?", m.styles.Pods.Bold()
		if r.Ready != nil {
			ready = fmt.Sprint(*r.Ready)
		}
		if r.Workload != nil {
			desired = fmt.Sprint(r.Workload.Desired)
		}
		if ready == "0" && desired == "0" {
			s = m.styles.Muted
		}
		c.Right(c.W, 0, s, ready+"/"+desired)
	}},
	{"MAX", 5, true, 2, func(m *Model, c screen.Canvas, r overviewRow) {
		c.Right(c.W, 0, m.styles.Muted, fmt.Sprint(r.Max()))
	}},
	{"", 17, false, 5, func(m *Model, c screen.Canvas, r overviewRow) {
		spark(m, c, m.styles.Pods, r.history.Ready, r.now, float64(min(r.Max(), 20)))
	}},
	{" WHY", theRest, false, 4, func(m *Model, c screen.Canvas, r overviewRow) {
		s := m.styles.Muted
		if r.broken() {
			s = m.styles.Warn
		}
		c.Fit(1, 0, c.W-1, s, c.Brief(c.W-1, r.Why))
	}},
}}

// tableOf is the table of some rows: where they are not all ScaledObjects, and
// where some have no queue, its titles say no more than is so.
func (m *Model) tableOf(ids []kscope.ID) table[overviewRow] {
	t := overviewTable
	for _, id := range ids {
		// A name takes no more columns than bytes, and most need no closer look.
		if len(id.Namespace)+len(id.Name)+len("/* ScaledJob ") > max(t.longest, t.least) {
			t.longest = max(t.longest, m.nameWidth(id)+1)
		}
	}
	mixed := slices.ContainsFunc(ids, func(id kscope.ID) bool { return id.Kind != kscope.ScaledObjects })
	if !mixed {
		return t
	}
	t.columns = slices.Clone(t.columns)
	t.columns[1].title = "NAME"
	if slices.ContainsFunc(ids, func(id kscope.ID) bool { return id.Kind == kscope.HPAs }) {
		t.columns[3].title = "METRIC"
	}
	return t
}

// nameWidth is how many columns the name of a row takes.
func (m *Model) nameWidth(id kscope.ID) int {
	w := screen.Width(m.nameOf(id.Ref) + m.markOf(id))
	switch id.Kind {
	case kscope.ScaledJobs:
		return w + len(" ScaledJob")
	case kscope.HPAs:
		return w + len(" HPA")
	}
	return w
}

// drawName is the name of a row, and what it is if that is no ScaledObject.
func (m *Model) drawName(c screen.Canvas, s screen.Style, id kscope.ID) {
	name, kind := m.nameOf(id.Ref)+m.markOf(id), ""
	switch id.Kind {
	case kscope.ScaledJobs:
		kind = "ScaledJob"
		if screen.Width(name)+1+len(kind) > c.W {
			kind = "job"
		}
	case kscope.HPAs:
		kind = "HPA"
	}
	if kind == "" {
		c.Name(0, 0, c.W, s, name)
		return
	}
	x := c.Name(0, 0, c.W-len(kind)-1, s, name)
	c.Text(x+1, 0, m.styles.Muted, kind)
}

func (m *Model) nameOf(ref kscope.Ref) string {
	if m.o.Namespace == "" {
		return ref.String()
	}
	return ref.Name
}

// justNow is how long ago a value was measured that is still drawn as the
// newest: a measurement is due every second at the latest.
const justNow = 3 * time.Second

func spark(m *Model, c screen.Canvas, s screen.Style, series *store.Series, now time.Time, top float64) {
	if series == nil {
		return
	}
	to := now
	if m.drawn.chart.Before(now) { // it stands still, as all charts do
		to = m.drawn.chart
	}
	win := windowAt(to, m.began, c.W-1)
	vs := series.Columns(win.from, win.to, win.cols)
	// A column has just begun, and the next measurement is under way: without
	// this the whole table would flicker with every new column.
	if v, seen := series.Last(); len(vs) > 0 && math.IsNaN(vs[len(vs)-1]) && now.Sub(seen) < justNow {
		vs[len(vs)-1] = v
	}
	if top == 0 {
		top = math.Max(largest(vs), 1)
	}
	chart.Spark(c, 1, 0, win.cols, m.styles, s, vs, math.Max(top, largest(vs)))
}

// phaseGlyph is the mark at the head of a row.
func (m *Model) phaseGlyph(p explain.Phase) (screen.Style, string) {
	st := m.styles
	s := m.phaseStyle(p)
	switch p {
	case explain.Broken:
		return s, st.Glyph.Bad
	case explain.PhasePaused:
		return s, st.Glyph.Frozen
	case explain.Asleep:
		return st.Muted, st.Glyph.Off
	case explain.Looking:
		return s, "?"
	case explain.ScalingUp, explain.Waking:
		return s, st.Glyph.Up
	case explain.Draining, explain.CoolingDown:
		return s, st.Glyph.Down
	}
	return s, st.Glyph.On
}

// overviewKeys is the rows of the keys below the table.
func (v *view) overviewKeys() int {
	if v.hideKeys && !v.typing {
		return 0
	}
	return 1
}

// overviewPage is how many rows of the table there is room for: all that are not
// the preview's.
func (m *Model) overviewPage() int {
	v := &m.view
	return max(v.h-2-v.overviewKeys()-v.previewRows(), 1)
}

// drawOverview is the table of all that scales, and below it, where there is room,
// a preview of the one that is selected.
func (m *Model) drawOverview(c screen.Canvas) {
	v, st := &m.view, m.styles
	m.shown.overview, m.shown.all = true, len(v.ids) == 0
	m.drawHeader(c.Sub(0, 0, c.W, 1), picture{}, false)
	keyRows := v.overviewKeys()
	m.drawFooter(c.Sub(0, c.H-keyRows, c.W, keyRows))
	if len(v.ids) == 0 && v.filter.text() != "" {
		c.Centre(c.H/2, st.Muted, "nothing matches /"+v.filter.text()+"   esc clears the filter")
		return
	}
	if len(v.ids) == 0 {
		m.drawNothing(c.Sub(0, 1, c.W, c.H-1-keyRows))
		return
	}
	page, preview := m.overviewPage(), v.previewRows()
	body := c.Sub(0, 1, c.W, 1+page)
	t := m.tableOf(v.ids)
	at := t.spans(body.W)
	t.drawTitles(m, body, at, v.order.column())
	for y := 1; y <= page && v.top+y-1 < len(v.ids); y++ {
		i := v.top + y - 1
		m.drawOverviewRow(body.Sub(0, y, body.W, 1), v.ids[i], at, i == v.row)
	}
	if preview > 0 {
		m.drawPreview(c.Sub(0, c.H-keyRows-preview, c.W, preview), v.ids[v.row])
	}
}

func (m *Model) drawOverviewRow(c screen.Canvas, id kscope.ID, at []span, chosen bool) {
	ch, ok := m.glance(id)
	if !ok {
		return
	}
	m.shown.chain(m.seen, &ch.Chain)
	if ch.Phase == explain.Broken && m.tally.broken == 0 {
		m.tally.at = time.Time{} // by the time alone: it is counted anew
	}
	backlog := (*kscope.Backlog)(nil)
	if r, ok := ch.Queued(); ok {
		backlog = r.Trigger.Backlog
	}
	if chosen {
		c.Fill(0, 0, c.W, 1, m.styles.Chosen, ' ')
		c.Put(0, 0, m.styles.Accent, '▌')
	}
	overviewTable.drawRow(m, c, at, overviewRow{ch, m.seen.History(id, backlog), m.seen.Now(), at[len(at)-1].w == 0})
}

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
	name := m.nameOf(id.Ref) + m.markOf(id)
	x := c.Name(2, 0, end-2, st.Strong, name)
	if end-x > 14 {
		x = c.Name(x, 0, end-x, st.Muted, target)
	}
	c.Put(x, 0, st.Grid, ' ')
	m.drawPanes(c, sharePreview(c.W, c.H), p)
}
