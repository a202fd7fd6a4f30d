package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// picture is what the detail is drawn from: the chain of the open
// ScaledObject, and what goes with it. It is taken once a frame.
type picture struct {
	explain.Picture
	pods    []kscope.Pod
	log     []explain.Entry // the timeline up to the moment shown
	all     []explain.Entry // the timeline up to the newest
	history store.History
	now     time.Time
	past    bool // an earlier moment is under inspection
}

func (m *Model) picture() (picture, bool) {
	v := &m.view
	c, ok := explain.Look(m.store, v.ref)
	if !ok {
		m.shown.all = true
		return picture{}, false
	}
	m.shown.chain(&c.Chain)
	m.drawn.phase = c.Decision.Phase
	p := picture{
		Picture: c, now: v.now(m.store), past: v.past(),
		history: m.history(&c.Chain), pods: m.store.Pods(v.ref), all: m.timeline(v.ref),
	}
	p.log = p.all
	for n := len(p.log); p.past && n > 0 && p.log[n-1].At.After(p.now); n-- {
		p.log = p.log[:n-1]
	}
	if p.past {
		p.Links = p.linksThen()
	}
	return p, true
}

// history is what the charts of a ScaledObject are drawn from.
func (m *Model) history(c *store.Chain) store.History {
	r, _ := c.Queued()
	return m.store.History(c.ScaledObject.Ref, r.Trigger.Queue)
}

// depth, ready and desired are the three numbers at the moment shown, NaN
// where unknown.
func (p picture) depth() float64 {
	if p.past {
		if p.Reading().Trigger.Queue == nil {
			return math.NaN() // the history is another trigger's
		}
		return at(p.history.Queue, p.now)
	}
	if r := p.Reading(); r.Known {
		return r.Value
	}
	return math.NaN()
}

func (p picture) ready() float64 {
	if p.past {
		return at(p.history.Ready, p.now)
	}
	if p.Ready == nil || p.WorkloadStatus.State != kscope.Synced {
		return math.NaN()
	}
	return float64(*p.Ready)
}

func (p picture) desired() float64 {
	if p.past {
		return at(p.history.Desired, p.now)
	}
	if p.Workload == nil || p.WorkloadStatus.State != kscope.Synced {
		return math.NaN()
	}
	return float64(p.Workload.Desired)
}

func at(s *store.Series, t time.Time) float64 {
	if s == nil {
		return math.NaN()
	}
	return s.At(t)
}

// drawHeader is the line that says what is on screen and whether it is live.
func (m *Model) drawHeader(c canvas, p picture, ok bool) {
	st := m.styles
	c.fill(0, 0, c.w, 1, st.bar, ' ')
	x := c.text(1, 0, st.strong, "kscope")
	end := m.drawMode(c, p)
	so := m.o.Namespace
	target := ""
	switch {
	case ok:
		t := p.ScaledObject.ScaleTarget
		so = p.ScaledObject.Ref.String()
		target = " " + st.glyph.right + " " + strings.ToLower(t.Kind) + "/" + t.Name
	case m.o.Namespace == "":
		so = "all namespaces"
	}
	room := end - x - 3
	if textWidth(m.o.Context)+textWidth(so)+textWidth(target)+2 <= room {
		x = c.text(x+2, 0, st.muted, m.o.Context)
	}
	if end-x-3 < textWidth(so)+textWidth(target) {
		target = ""
	}
	x = c.fit(x+2, 0, end-x-3, st.strong, so)
	c.fit(x, 0, end-x-1, st.muted, target)
}

// phaseWidth holds the longest phase, so that the header keeps still.
const phaseWidth = len(" cooling down ")

// drawMode writes the right end of the header and gives where it begins.
func (m *Model) drawMode(c canvas, p picture) int {
	st, v := m.styles, &m.view
	clock := ""
	if !m.store.Now().IsZero() {
		clock = m.store.Now().Format("15:04")
	}
	mode, style, glyph := m.o.Mode, st.ok.bold(), st.glyph.live
	if bad := m.worst(); bad != nil {
		mode, style, glyph = "PARTLY BLIND", st.bad, st.glyph.bad
	}
	if v.frozen {
		mode, style, glyph = "FROZEN", st.warn.bold(), st.glyph.frozen
		clock = v.now(m.store).Format("15:04:05")
	}
	switch { // a state may stand for LIVE, but for nothing that must not be taken for it
	case m.o.Mode != "LIVE" && m.o.Mode != mode:
		mode = m.o.Mode + " " + mode
	case m.pace != "":
		mode += " " + m.pace
	}
	x := c.w - 1
	if c.w >= 40 {
		x = c.right(x, 0, st.text, clock) - 2
	}
	x = c.right(x, 0, style, glyph+" "+mode)
	switch {
	case v.screen == overview:
		x = m.drawTally(c, x-2)
	case p.Decision.Phase != "" && !p.past && c.w >= 50:
		pill := c.sub(x-2-phaseWidth, 0, phaseWidth, 1)
		look := m.phaseStyle(p.Decision.Phase).bold().reverse()
		pill.fill(0, 0, pill.w, 1, look.over(st.bar), ' ')
		pill.centre(0, look.over(st.bar), string(p.Decision.Phase))
		x -= 2 + phaseWidth
	}
	return x
}

func (m *Model) phaseStyle(p explain.Phase) style {
	st := m.styles
	switch p {
	case explain.Broken:
		return st.bad
	case explain.PhasePaused, explain.Looking:
		return st.warn
	case explain.Asleep:
		return st.muted
	case explain.Steady:
		return st.ok
	case explain.CoolingDown, explain.Draining:
		return st.pods
	}
	return st.queue
}

// bigNumber shortens what would not fit where numbers are big.
func bigNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "?"
	case v >= 10e6:
		return fmt.Sprintf("%.0fM", v/1e6)
	case v >= 100e3:
		return fmt.Sprintf("%.0fk", v/1e3)
	}
	return words.Count(v)
}

// queueNote says how the queue has moved over the last ten seconds, an
// estimate from two measurements, or how old the number is.
func (m *Model) queueNote(p picture) string {
	st := m.styles
	q := p.history.Queue
	r := p.Reading()
	if r.Trigger.Queue == nil {
		q = nil // that is another trigger's
	}
	if !p.past && !r.Known {
		if q != nil {
			if v, when := q.LastKnown(); !math.IsNaN(v) {
				return fmt.Sprintf("%s, %s ago", words.Count(v), words.Age(p.now.Sub(when)))
			}
		}
		return ""
	}
	if !p.past && r.From == store.FromHPA {
		return "via HPA"
	}
	if q == nil {
		return ""
	}
	const span = 10 * time.Second
	now := q.Newest(p.now)
	rate := (q.At(now) - q.At(now.Add(-span))) / span.Seconds()
	switch {
	case math.IsNaN(rate) || math.Abs(rate) < 0.05:
		return ""
	case rate > 0:
		return fmt.Sprintf("%s~%s/s", st.glyph.up, perSecond(rate))
	}
	return fmt.Sprintf("%s~%s/s", st.glyph.down, perSecond(-rate))
}

func perSecond(v float64) string {
	if v >= 10 {
		return short(math.Round(v))
	}
	return fmt.Sprintf("%.1f", v)
}
