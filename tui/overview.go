package tui

import (
	"fmt"
	"math"
	"time"

	"github.com/kscope/kscope"
)

// overviewRow is one line of the table.
type overviewRow struct {
	kscope.Chain
	history kscope.History
	now     time.Time
}

// overviewColumns is the table of ScaledObjects, a column each. On a narrow
// screen columns go, those with the highest drop first.
var overviewColumns = []struct {
	title string
	width int // 0 takes what is left
	drop  int
	draw  func(m *Model, c canvas, r overviewRow)
}{
	{"", 2, 0, func(m *Model, c canvas, r overviewRow) {
		s, glyph := m.phaseGlyph(r.Decision.Phase)
		c.text(0, 0, s, glyph)
	}},
	{"SCALEDOBJECT", 0, 0, func(m *Model, c canvas, r overviewRow) {
		name := r.ScaledObject.Ref.Name
		if m.o.Namespace == "" {
			name = r.ScaledObject.Ref.String()
		}
		c.fit(0, 0, c.w, m.styles.text, name)
	}},
	{"PHASE", 13, 1, func(m *Model, c canvas, r overviewRow) {
		c.fit(0, 0, c.w, m.phaseStyle(r.Decision.Phase), string(r.Decision.Phase))
	}},
	{"QUEUE", 9, 0, func(m *Model, c canvas, r overviewRow) {
		c.right(c.w, 0, m.styles.queue, r.Links[kscope.LinkQueue].Value)
	}},
	{"", 16, 3, func(m *Model, c canvas, r overviewRow) {
		spark(m, c, m.styles.queue, r.history.Queue, r.now, 0)
	}},
	{"READY", 10, 0, func(m *Model, c canvas, r overviewRow) {
		ready := "?"
		if r.Ready != nil {
			ready = fmt.Sprint(*r.Ready)
		}
		desired := "?"
		if r.Workload != nil {
			desired = fmt.Sprint(r.Workload.Desired)
		}
		c.right(c.w, 0, m.styles.pods.bold(), ready+"/"+desired)
	}},
	{"MAX", 5, 2, func(m *Model, c canvas, r overviewRow) {
		c.right(c.w, 0, m.styles.muted, fmt.Sprint(r.ScaledObject.MaxReplicaCount))
	}},
	{"", 16, 4, func(m *Model, c canvas, r overviewRow) {
		spark(m, c, m.styles.pods, r.history.Ready, r.now, float64(min(r.ScaledObject.MaxReplicaCount, 20)))
	}},
	{"WHY", -1, 5, func(m *Model, c canvas, r overviewRow) {
		s := m.styles.muted
		if r.Decision.Phase == kscope.Broken {
			s = m.styles.warn
		}
		c.fit(0, 0, c.w, s, r.Decision.Why)
	}},
}

func spark(m *Model, c canvas, s style, series *kscope.Series, now time.Time, top float64) {
	if series == nil {
		return
	}
	win := windowAt(now, c.w-1, 0)
	vs := series.Columns(win.from, win.to, win.cols)
	if top == 0 {
		top = math.Max(largest(vs), 1)
	}
	drawSpark(c, 0, 0, win.cols, m.styles, s, vs, math.Max(top, largest(vs)))
}

// phaseGlyph is the mark at the head of a row.
func (m *Model) phaseGlyph(p kscope.Phase) (style, string) {
	st := m.styles
	s := m.phaseStyle(p)
	switch p {
	case kscope.Broken:
		return s, st.glyph.bad
	case kscope.PhasePaused:
		return s, st.glyph.frozen
	case kscope.Asleep:
		return st.muted, st.glyph.off
	case kscope.Looking:
		return s, "?"
	case kscope.ScalingUp, kscope.Waking:
		return s, st.glyph.up
	case kscope.Draining, kscope.CoolingDown:
		return s, st.glyph.down
	}
	return s, st.glyph.on
}

// drawOverview is the table of all ScaledObjects, then the ScaledJobs.
func (m *Model) drawOverview(c canvas) {
	v, st := &m.view, m.styles
	m.drawHeader(c.sub(0, 0, c.w, 1), picture{}, false)
	keyRows := 1
	if v.hideKeys && !v.typing {
		keyRows = 0
	}
	m.drawFooter(c.sub(0, c.h-keyRows, c.w, keyRows))
	jobs := m.store.ScaledJobs()
	if len(v.refs)+len(jobs) == 0 {
		if v.filter != "" {
			c.centre(c.h/2, st.muted, "nothing matches /"+v.filter+"  (esc clears the filter)")
			return
		}
		m.drawNothing(c.sub(0, 1, c.w, c.h-1-keyRows))
		return
	}
	body := c.sub(0, 1, c.w, c.h-1-keyRows)
	xs, ws := overviewWidths(body.w)
	for i, col := range overviewColumns {
		if ws[i] > 0 {
			if col.title == "QUEUE" || col.title == "READY" || col.title == "MAX" {
				body.right(xs[i]+ws[i]-1, 0, st.muted, col.title)
			} else {
				body.fit(xs[i], 0, ws[i]-1, st.muted, col.title)
			}
		}
	}
	count := fmt.Sprintf("%d of %d", min(v.row+1, len(v.refs)), len(v.refs))
	body.right(body.w-1, 0, st.muted, count)
	page := body.h - 1
	jobRows := min(len(jobs), max(page/3, 0))
	page -= jobRows
	v.top = min(max(v.top, v.row-page+1), v.row)
	for y := 0; y < page && v.top+y < len(v.refs); y++ {
		m.drawOverviewRow(body.sub(0, 1+y, body.w, 1), v.refs[v.top+y], xs, ws, v.top+y == v.row)
	}
	for i := range jobRows {
		m.drawJobRow(body.sub(0, 1+min(page, len(v.refs))+i, body.w, 1), jobs[i])
	}
}

func (m *Model) drawOverviewRow(c canvas, ref kscope.Ref, xs, ws []int, chosen bool) {
	ch, ok := m.store.Chain(ref)
	if !ok {
		return
	}
	if chosen {
		c.fill(0, 0, c.w, 1, m.styles.chosen, ' ')
	}
	r := overviewRow{ch, m.store.History(ref), m.store.Now()}
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
	name := j.Ref.Name
	if m.o.Namespace == "" {
		name = j.Ref.String()
	}
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
	x := c.fit(3, 0, c.w/3, st.text, name)
	x = c.text(x+2, 0, st.muted, "ScaledJob")
	x = c.text(x+2, 0, st.text, word)
	x = c.text(x+2, 0, st.muted, fmt.Sprintf("max %d", j.MaxReplicaCount))
	if d, ok := m.store.JobDepth(j); ok {
		c.text(x+2, 0, st.queue, "queue "+kscope.FormatCount(d))
	}
}

// overviewWidths gives each column its place; width 0 means dropped.
func overviewWidths(w int) (xs, ws []int) {
	xs, ws = make([]int, len(overviewColumns)), make([]int, len(overviewColumns))
	const name, why = 22, 30
	for drop := 6; drop >= 0; drop-- {
		fixed, nameW, whyShown := 1, name, false
		for i, col := range overviewColumns {
			ws[i] = 0
			switch {
			case col.drop >= drop && col.drop > 0:
			case col.width == 0:
				ws[i] = nameW
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
				ws[i] = name + min(spare, 24)
			case col.width == 0:
				ws[i] = min(name+spare, 60)
			case col.width < 0 && whyShown:
				ws[i] = why + max(spare-24, 0)
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
