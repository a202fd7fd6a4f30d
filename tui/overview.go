package tui

import (
	"fmt"
	"math"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// overviewRow is one line of the table.
type overviewRow struct {
	explain.Picture
	history store.History
	now     time.Time
}

func (r overviewRow) broken() bool { return r.Decision.Phase == explain.Broken }

// overviewColumns is the table of ScaledObjects, a column each. On a narrow
// screen columns go, those with the highest drop first.
var overviewColumns = []struct {
	title string
	width int // 0 takes what is left, -1 what then is left
	right bool
	drop  int
	draw  func(m *Model, c canvas, r overviewRow)
}{
	{"", 2, false, 0, func(m *Model, c canvas, r overviewRow) {
		s, glyph := m.phaseGlyph(r.Decision.Phase)
		c.text(0, 0, s, glyph)
	}},
	{"SCALEDOBJECT", 0, false, 0, func(m *Model, c canvas, r overviewRow) {
		s := m.styles.text
		switch {
		case r.broken():
			s = m.styles.bad
		case r.Decision.Phase != explain.Asleep:
			s = m.styles.strong
		}
		c.fit(0, 0, c.w, s, m.nameOf(r.ScaledObject.Ref))
	}},
	{"PHASE", 13, false, 1, func(m *Model, c canvas, r overviewRow) {
		c.fit(0, 0, c.w, m.phaseStyle(r.Decision.Phase), string(r.Decision.Phase))
	}},
	{"QUEUE", 9, true, 0, func(m *Model, c canvas, r overviewRow) {
		s := m.valueStyle(explain.LinkQueue, r.Links[explain.LinkQueue].State)
		if v := r.Reading(); v.Known && v.Value == 0 {
			s = m.styles.muted
		}
		c.right(c.w, 0, s, r.Links[explain.LinkQueue].Value)
	}},
	{"", 17, false, 3, func(m *Model, c canvas, r overviewRow) {
		spark(m, c, m.styles.queue, r.history.Queue, r.now, 0)
	}},
	{"READY", 9, true, 0, func(m *Model, c canvas, r overviewRow) {
		ready, desired, s := "?", "?", m.styles.pods.bold()
		if r.Ready != nil {
			ready = fmt.Sprint(*r.Ready)
		}
		if r.Workload != nil {
			desired = fmt.Sprint(r.Workload.Desired)
		}
		if ready == "0" && desired == "0" {
			s = m.styles.muted
		}
		c.right(c.w, 0, s, ready+"/"+desired)
	}},
	{"MAX", 5, true, 2, func(m *Model, c canvas, r overviewRow) {
		c.right(c.w, 0, m.styles.muted, fmt.Sprint(r.ScaledObject.MaxReplicaCount))
	}},
	{"", 17, false, 5, func(m *Model, c canvas, r overviewRow) {
		spark(m, c, m.styles.pods, r.history.Ready, r.now, float64(min(r.ScaledObject.MaxReplicaCount, 20)))
	}},
	{" WHY", -1, false, 4, func(m *Model, c canvas, r overviewRow) {
		s := m.styles.muted
		if r.broken() {
			s = m.styles.warn
		}
		c.fit(1, 0, c.w-1, s, r.Decision.Why)
	}},
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

func spark(m *Model, c canvas, s style, series *store.Series, now time.Time, top float64) {
	if series == nil {
		return
	}
	win := windowAt(now, c.w-1, 0)
	vs := series.Columns(win.from, win.to, win.cols)
	// A column has just begun, and the next measurement is under way: without
	// this the whole table would flicker with every new column.
	if v, seen := series.Last(); len(vs) > 0 && math.IsNaN(vs[len(vs)-1]) && now.Sub(seen) < justNow {
		vs[len(vs)-1] = v
	}
	if top == 0 {
		top = math.Max(largest(vs), 1)
	}
	drawSpark(c, 1, 0, win.cols, m.styles, s, vs, math.Max(top, largest(vs)))
}

// phaseGlyph is the mark at the head of a row.
func (m *Model) phaseGlyph(p explain.Phase) (style, string) {
	st := m.styles
	s := m.phaseStyle(p)
	switch p {
	case explain.Broken:
		return s, st.glyph.bad
	case explain.PhasePaused:
		return s, st.glyph.frozen
	case explain.Asleep:
		return st.muted, st.glyph.off
	case explain.Looking:
		return s, "?"
	case explain.ScalingUp, explain.Waking:
		return s, st.glyph.up
	case explain.Draining, explain.CoolingDown:
		return s, st.glyph.down
	}
	return s, st.glyph.on
}

// overviewPage is how many rows of the table fit.
func (m *Model) overviewPage() int {
	v := &m.view
	page := v.h - 3
	if v.hideKeys && !v.typing {
		page++
	}
	return max(page-m.jobRows(page), 1)
}

func (m *Model) jobRows(page int) int { return min(m.view.jobs, max(page/3, 0)) }

// drawOverview is the table of all ScaledObjects, then the ScaledJobs.
func (m *Model) drawOverview(c canvas) {
	v, st := &m.view, m.styles
	m.shown.overview, m.shown.all = true, len(v.refs) == 0
	m.drawHeader(c.sub(0, 0, c.w, 1), picture{}, false)
	keyRows := 1
	if v.hideKeys && !v.typing {
		keyRows = 0
	}
	m.drawFooter(c.sub(0, c.h-keyRows, c.w, keyRows))
	if len(v.refs) == 0 && v.filter != "" {
		c.centre(c.h/2, st.muted, "nothing matches /"+v.filter+"   esc clears the filter")
		return
	}
	if len(v.refs)+v.jobs == 0 {
		m.drawNothing(c.sub(0, 1, c.w, c.h-1-keyRows))
		return
	}
	body := c.sub(0, 1, c.w, c.h-1-keyRows)
	xs, ws := overviewWidths(body.w)
	for i, col := range overviewColumns {
		switch {
		case ws[i] == 0:
		case col.right:
			body.right(xs[i]+ws[i]-1, 0, st.muted, col.title)
		default:
			body.fit(xs[i], 0, ws[i]-1, st.muted, col.title)
		}
	}
	page := m.overviewPage()
	y := 1
	for ; y <= page && v.top+y-1 < len(v.refs); y++ {
		i := v.top + y - 1
		m.drawOverviewRow(body.sub(0, y, body.w, 1), v.refs[i], xs, ws, i == v.row)
	}
	for _, j := range m.store.ScaledJobs() {
		if v.matches(j.Ref) && y < body.h {
			m.drawJobRow(body.sub(0, y, body.w, 1), j)
			y++
		}
	}
}

func (m *Model) drawOverviewRow(c canvas, ref kscope.Ref, xs, ws []int, chosen bool) {
	ch, ok := explain.Look(m.store, ref)
	if !ok {
		return
	}
	m.shown.chain(&ch.Chain)
	if chosen {
		c.fill(0, 0, c.w, 1, m.styles.chosen, ' ')
		c.put(0, 0, m.styles.accent, '▌')
	}
	r := overviewRow{ch, m.history(&ch.Chain), m.store.Now()}
	for i, col := range overviewColumns {
		if ws[i] > 0 {
			col.draw(m, c.sub(xs[i], 0, ws[i]-1, 1), r)
		}
	}
}

// drawJobRow is a ScaledJob: KEDA makes Jobs for it, so there is no HPA and no
// replica count.
func (m *Model) drawJobRow(c canvas, j kscope.ScaledJob) {
	st := m.styles
	active := j.Conditions.Get("Active")
	word := "inactive"
	switch {
	case j.Paused:
		word = "paused"
	case active.True():
		word = "active"
	case !active.False():
		word = "unknown"
	}
	c.text(1, 0, st.muted, st.glyph.square)
	x := c.fit(3, 0, c.w/3, st.text, m.nameOf(j.Ref))
	x = c.text(x+2, 0, st.muted, "ScaledJob")
	x = c.text(x+2, 0, st.text, word)
	x = c.text(x+2, 0, st.muted, fmt.Sprintf("max %d", j.MaxReplicaCount))
	if d, ok := m.store.JobDepth(j); ok {
		c.text(x+2, 0, st.queue, "queue "+words.Count(d))
	}
}

// drawTinyList is the table in a very small window: the selected row and those
// around it.
func (m *Model) drawTinyList(c canvas) {
	v, st := &m.view, m.styles
	m.shown.overview = true
	for y := 0; y < c.h && v.row+y < len(v.refs); y++ {
		ch, _ := explain.Look(m.store, v.refs[v.row+y])
		m.shown.chain(&ch.Chain)
		look, glyph := m.phaseGlyph(ch.Decision.Phase)
		x := c.text(0, y, look, glyph)
		s := st.text
		if y == 0 {
			s = st.strong
		}
		end := c.right(c.w, y, st.pods, ch.Links[explain.LinkWorkload].Value)
		end = c.right(end-1, y, st.queue, ch.Links[explain.LinkQueue].Value)
		c.fit(x+1, y, end-x-2, s, ch.ScaledObject.Ref.Name)
	}
	if len(v.refs) == 0 {
		m.shown.all = true
		c.fit(0, 0, c.w, st.strong, m.nothing()[0])
	}
}

// overviewWidths gives each column its place; width 0 means dropped.
func overviewWidths(w int) (xs, ws []int) {
	xs, ws = make([]int, len(overviewColumns)), make([]int, len(overviewColumns))
	const name, why = 22, 30
	for drop := 6; drop >= 0; drop-- {
		fixed, whyShown := 1, false
		for i, col := range overviewColumns {
			ws[i] = 0
			switch {
			case col.drop >= drop && col.drop > 0:
			case col.width == 0:
				ws[i] = name
			case col.width < 0:
				whyShown = true
			default:
				ws[i] = col.width
			}
			fixed += ws[i]
		}
		if whyShown {
			fixed += why
		}
		if fixed > w && drop > 0 {
			continue
		}
		spare := max(w-fixed, 0)
		for i, col := range overviewColumns {
			switch {
			case col.width == 0 && whyShown:
				ws[i] = name + min(spare/3, 18)
			case col.width == 0: // at last the name gives way too
				ws[i] = min(max(name+w-fixed, 8), 60)
			case col.width < 0 && whyShown:
				ws[i] = why + spare - min(spare/3, 18)
			}
		}
		break
	}
	x := 1
	for i := range ws {
		xs[i] = x
		x += ws[i]
	}
	return xs, ws
}
