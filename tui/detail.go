package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kscope/kscope"
)

// picture is what the detail is drawn from: the chain of the open
// ScaledObject, and what goes with it.
type picture struct {
	kscope.Chain
	pods     []kscope.Pod
	timeline []kscope.Entry // up to the moment shown
	history  kscope.History
	now      time.Time
	past     bool // an earlier moment is under inspection
}

func (m *Model) picture() (picture, bool) {
	c, ok := m.store.Chain(m.view.ref)
	if !ok {
		return picture{}, false
	}
	p := picture{Chain: c, now: m.view.now(m.store), history: m.store.History(m.view.ref), pods: m.store.Pods(m.view.ref)}
	p.past = m.view.frozen && !m.view.cursorAt.IsZero()
	p.timeline = m.store.Timeline(m.view.ref)
	for n := len(p.timeline); p.past && n > 0 && p.timeline[n-1].At.After(p.now); n-- {
		p.timeline = p.timeline[:n-1]
	}
	return p, true
}

// depth, ready and desired are the three numbers at the moment shown, NaN
// where unknown.
func (p picture) depth() float64 {
	if p.past {
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

func at(s *kscope.Series, t time.Time) float64 {
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
	where := m.o.Context
	so := m.o.Namespace
	if ok {
		so = p.ScaledObject.Ref.String()
	} else if m.o.Namespace == "" {
		so = "all namespaces"
	}
	room := end - x - 2
	target := ""
	if ok {
		t := p.ScaledObject.ScaleTarget
		target = " " + st.glyph.right + " " + strings.ToLower(t.Kind) + "/" + t.Name
	}
	if textWidth(where)+textWidth(so)+textWidth(target)+4 <= room {
		x = c.text(x+2, 0, st.muted, where)
	} else if textWidth(so)+textWidth(target)+2 > room {
		target = ""
	}
	x = c.fit(x+2, 0, end-x-3, st.text, so)
	c.fit(x, 0, end-x-1, st.muted, target)
}

// drawMode writes the right end of the header and gives where it begins.
func (m *Model) drawMode(c canvas, p picture) int {
	st, v := m.styles, &m.view
	clock := m.store.Now().Format("15:04")
	if m.store.Now().IsZero() {
		clock = ""
	}
	mode, style, glyph := m.o.Mode, st.ok.bold(), st.glyph.live
	if bad := m.worst(); bad != nil {
		mode, style, glyph = "PARTLY BLIND", st.bad, st.glyph.bad
	}
	if v.frozen {
		mode, style, glyph = "FROZEN", st.warn.bold(), st.glyph.frozen
		clock = v.now(m.store).Format("15:04:05")
	}
	x := c.right(c.w-1, 0, st.text, clock)
	x = c.right(x-2, 0, style, glyph+" "+mode)
	if p.Decision.Phase != "" && c.w >= 60 {
		x = c.right(x-2, 0, m.phaseStyle(p.Decision.Phase), string(p.Decision.Phase))
	}
	return x
}

func (m *Model) phaseStyle(p kscope.Phase) style {
	st := m.styles
	switch p {
	case kscope.Broken:
		return st.bad
	case kscope.PhasePaused, kscope.Looking:
		return st.warn.bold()
	case kscope.Asleep, kscope.Steady:
		return st.ok.bold()
	case kscope.CoolingDown, kscope.Draining:
		return st.pods.bold()
	}
	return st.queue.bold()
}

// worst is the first part of a source that is not well, nil when all are.
// A kind that the API does not have, or a permission, degrades only itself.
func (m *Model) worst() *kscope.SourceStatus {
	for _, s := range m.store.Statuses() {
		if s.State == kscope.Failing || s.State == kscope.Forbidden || s.State == kscope.Absent && s.Kind == kscope.ScaledObjects {
			return &s
		}
	}
	return nil
}

// drawChain is the live chain: a name, a value, a glyph and a word for each
// link, the one that is the reason right now underlined by its marker.
func (m *Model) drawChain(c canvas, p picture) {
	if c.h == 0 {
		return
	}
	st := m.styles
	n := len(p.Links)
	gap := 3
	w := (c.w - 2 - gap*(n-1)) / n
	if w < 10 {
		m.drawChainLine(c, p)
		return
	}
	times := chainTimes(p.timeline)
	x := 1
	for i, l := range p.Links {
		cell := c.sub(x, 0, w, c.h)
		style, glyph := m.linkLook(l.State)
		name := st.muted
		if l.Main {
			name = st.strong
		}
		used := cell.fit(0, 0, w, name, l.Name)
		if times[i] != "" && w-used > textWidth(times[i])+1 {
			cell.right(w, 0, st.muted, times[i])
		}
		value := st.text.bold()
		switch i {
		case kscope.LinkQueue:
			value = st.queue.bold()
		case kscope.LinkWorkload, kscope.LinkPods:
			value = st.pods.bold()
		}
		if l.State == kscope.LinkBroken {
			value = st.bad
		}
		cell.fit(0, 1, w, value, l.Value)
		gx := cell.text(0, 2, style, glyph)
		cell.fit(gx+1, 2, w-gx-1, style, l.Word)
		if i < n-1 {
			arrow := st.grid
			if m.flows(p, i) {
				arrow = st.accent
			}
			c.text(x+w+1, 1, arrow, st.glyph.right)
		}
		if l.Main {
			cell.restyle(0, 0, used, 1, underlined)
		}
		x += w + gap
	}
}

// flows reports whether something passes from a link to the next.
func (m *Model) flows(p picture, i int) bool {
	s := p.Links[i].State
	return s == kscope.LinkOK || s == kscope.LinkWorking
}

// drawChainLine is the chain where there is room for values only.
func (m *Model) drawChainLine(c canvas, p picture) {
	st := m.styles
	x := 1
	for i, l := range p.Links {
		if i > 0 {
			x = c.text(x, 0, st.grid, st.glyph.right)
		}
		style, glyph := m.linkLook(l.State)
		x = c.text(x, 0, style, glyph)
		x = c.text(x, 0, st.text, l.Value)
	}
}

func (m *Model) linkLook(s kscope.LinkState) (style, string) {
	st := m.styles
	switch s {
	case kscope.LinkOK:
		return st.ok, st.glyph.ok
	case kscope.LinkWorking:
		return st.queue, st.glyph.wait
	case kscope.LinkWaiting:
		return st.warn, st.glyph.wait
	case kscope.LinkBroken:
		return st.bad, st.glyph.bad
	case kscope.LinkIdle:
		return st.muted, st.glyph.off
	}
	return st.muted, "?"
}

// chainTimes is how long each link took at the last change: from the work to
// KEDA's step, from that to the HPA's, to the pods.
func chainTimes(es []kscope.Entry) [5]string {
	var out [5]string
	for _, e := range es {
		if e.After <= 0 {
			continue
		}
		t := "+" + kscope.FormatAge(e.After)
		switch {
		case e.Kind == kscope.Scaled && e.Actor == kscope.KEDA:
			out[kscope.LinkKEDA] = t
		case e.Kind == kscope.Scaled && e.Actor == kscope.TheHPA:
			out[kscope.LinkHPA] = t
		case e.Kind == kscope.ReadyPods:
			out[kscope.LinkPods] = t
		}
	}
	return out
}

// drawBigNumbers is for the last row of the room.
func (m *Model) drawBigNumbers(c canvas, p picture) {
	if c.h < 4 {
		return
	}
	st := m.styles
	w := (c.w - 2) / 3
	r := p.Reading()
	m.drawBigNumber(c.sub(1, 0, w, 4), "QUEUE "+strings.ToUpper(r.Name()), st.queue, bigNumber(p.depth()), m.queueNote(p))
	replicas := bigNumber(p.ready()) + "/" + bigNumber(p.desired())
	note := fmt.Sprintf("max %d", p.ScaledObject.MaxReplicaCount)
	m.drawBigNumber(c.sub(1+w, 0, w, 4), "READY / DESIRED", st.pods, replicas, note)
	want := "?"
	if p.Decision.Known && !p.past {
		want = bigNumber(float64(p.Decision.Want))
	}
	if !p.past && p.desired() == 0 && p.depth() == 0 {
		want = "0"
	}
	m.drawBigNumber(c.sub(1+2*w, 0, w, 4), "QUEUE ASKS FOR", st.text, want, fmt.Sprintf("%s per pod", kscope.FormatCount(r.Target)))
}

func (m *Model) drawBigNumber(c canvas, label string, s style, number, note string) {
	c.fit(0, 0, c.w-1, m.styles.muted, label)
	x := drawBig(c, 0, 1, m.styles, s, number)
	c.fit(x+1, 3, c.w-x-2, m.styles.muted, note)
}

// bigNumber shortens what would not fit a third of the screen.
func bigNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "?"
	case v >= 10e6:
		return fmt.Sprintf("%.0fM", v/1e6)
	case v >= 100e3:
		return fmt.Sprintf("%.0fk", v/1e3)
	}
	return kscope.FormatCount(v)
}

// queueNote says how the queue has moved over the last ten seconds, an
// estimate from two measurements, or how old the number is.
func (m *Model) queueNote(p picture) string {
	st := m.styles
	q := p.history.Queue
	r := p.Reading()
	if !p.past && !r.Known {
		if q != nil {
			if v, when := q.LastKnown(); !math.IsNaN(v) {
				return fmt.Sprintf("was %s, %s ago", kscope.FormatCount(v), kscope.FormatAge(p.now.Sub(when)))
			}
		}
		return "unknown"
	}
	if r.From == kscope.FromHPA {
		return "~ by the HPA"
	}
	if q == nil {
		return ""
	}
	const span = 10 * time.Second
	rate := (q.At(p.now) - q.At(p.now.Add(-span))) / span.Seconds()
	switch {
	case math.IsNaN(rate) || math.Abs(rate) < 0.05:
		return ""
	case rate > 0:
		return fmt.Sprintf("%s ~%s/s", st.glyph.up, perSecond(rate))
	}
	return fmt.Sprintf("%s ~%s/s", st.glyph.down, perSecond(-rate))
}

func perSecond(v float64) string {
	if v >= 10 {
		return kscope.FormatCount(math.Round(v))
	}
	return fmt.Sprintf("%.1f", v)
}

func underlined(s style) style { return s.underline() }
