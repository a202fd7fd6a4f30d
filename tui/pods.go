package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// drawPods is the lane of pods, each a sign that keeps its place, their counts
// at the end of it, and a table below on demand.
func (m *Model) drawPods(c screen.Canvas, p picture) {
	if c.H <= 0 {
		return
	}
	m.heading(c, podsPane, "Pods")
	x := gutter(c.W)
	m.drawLaneLine(c.Sub(x, 0, c.W-x-1, 1), p)
	if m.view.podTable && c.H >= 3 {
		m.drawPodTable(c.Sub(x, 1, c.W-x-1, c.H-1), p)
	}
}

// drawPodsSide is the same in the side column, where there is room for the
// table at all times.
func (m *Model) drawPodsSide(c screen.Canvas, p picture) {
	m.headline(c, podsPane, "Pods")
	m.drawLaneLine(c.Sub(1, 1, c.W-2, 1), p)
	m.drawPodTable(c.Sub(1, 3, c.W-2, c.H-3), p)
}

// drawLaneLine is the lane, or why there is none.
func (m *Model) drawLaneLine(c screen.Canvas, p picture) {
	st := m.styles
	say := func(s screen.Style, text string) { c.Fit(0, 0, c.W, s, c.Brief(c.W, text)) }
	state := p.PodStatus.State
	switch {
	case state == kscope.Forbidden && p.ScaledJob != nil:
		say(st.Warn, "you may not watch pods")
	case state == kscope.Forbidden:
		say(st.Warn, "you may not watch pods; the counts come from "+strings.ToLower(p.Target().Kind)+"/"+p.Target().Name)
	case len(p.pods) > 0:
		m.drawKnownPods(c, p)
	case state == kscope.Failing:
		say(st.Warn, "the API server does not answer for pods: "+p.PodStatus.Message)
	case !p.PodStatus.Current():
		say(st.Muted, "waiting for the list of pods")
	case p.Workload == nil && !p.WorkloadStatus.Current():
		say(st.Muted, "which are its is not known now")
	default:
		say(st.Muted, "none")
	}
}

// drawKnownPods is the lane of the pods that there are, or that there were when
// that was known last: grey then, with its age, which is the last to give way.
func (m *Model) drawKnownPods(c screen.Canvas, p picture) {
	st, end, known := m.styles, c.W, p.Counts
	if !p.asOf.IsZero() {
		age := words.Age(p.now.Sub(p.asOf)) + " ago"
		if long := "as of " + age; len(long) < c.W/2 {
			age = long
		}
		end, known = c.Right(c.W, 0, st.Warn, age)-2, p.Last.Counts
	}
	counts := m.podCounts(known)
	w := 0
	for _, n := range counts {
		w += n.width() + 2
	}
	lane := p.pods
	if p.ScaledJob != nil { // whose Jobs leave theirs behind, a hundred or more
		lane = slices.DeleteFunc(slices.Clone(lane), func(x kscope.Pod) bool { return x.State() == kscope.PodFinished })
	}
	x := m.drawLane(c.Sub(0, 0, max(end-w, end/2), 1), lane, !p.asOf.IsZero())
	x = max(x+3, min(24, end-w)) // so that the words keep still while pods come and go
	for _, n := range counts {
		if x+n.width() > end {
			break
		}
		x = c.Text(x, 0, agedLook(m, n.look, !p.asOf.IsZero()), n.glyph)
		x = c.Text(x, 0, agedLook(m, st.Text, !p.asOf.IsZero()), n.number)
		x = c.Text(x, 0, st.Muted, n.word) + 2
	}
}

// agedLook is how something is written that may be no longer so.
func agedLook(m *Model, look screen.Style, aged bool) screen.Style {
	if aged {
		return m.styles.Muted
	}
	return look
}

// podCount is how many pods are in a state, ready to be written.
type podCount struct {
	look                screen.Style
	glyph, number, word string
}

func (n podCount) width() int { return screen.Width(n.glyph) + len(n.number) + len(n.word) }

func (m *Model) podCounts(counts kscope.PodCounts) []podCount {
	var out []podCount
	for s, n := range counts {
		if n > 0 {
			look, glyph := m.podLook(kscope.PodState(s))
			out = append(out, podCount{look, glyph, fmt.Sprintf(" %d ", n), kscope.PodState(s).String()})
		}
	}
	return out
}

// podLook is a shape for each state, so that the lane reads without colour.
func (m *Model) podLook(s kscope.PodState) (screen.Style, string) {
	st := m.styles
	switch s {
	case kscope.PodReady:
		return st.Pods.Bold(), "■"
	case kscope.PodStarting:
		return st.Queue, "◐"
	case kscope.PodPending:
		return st.Muted, "□"
	case kscope.PodFailing:
		return st.Bad, "×"
	case kscope.PodTerminating:
		return st.Muted, "▾"
	}
	return st.Grid, "·"
}

// drawLane draws a sign for each pod, closer where there are many, and gives
// the column after the last.
func (m *Model) drawLane(c screen.Canvas, pods []kscope.Pod, aged bool) int {
	step := 2
	if len(pods)*2 > c.W {
		step = 1
	}
	x := 0
	for i, p := range pods {
		if x >= c.W-6 && len(pods)-i > 6/step {
			return c.Text(x, 0, m.styles.Muted, fmt.Sprintf("+%d", len(pods)-i))
		}
		look, glyph := m.podLook(p.State())
		c.Text(x, 0, agedLook(m, look, aged), glyph)
		x += step
	}
	return x
}

// podRow is one line of the table of pods.
type podRow struct {
	kscope.Pod
	now  time.Time // or when it was known last
	aged bool
}

// podTable is the table of pods.
var podTable = table[podRow]{least: 20, most: 48, columns: []column[podRow]{
	{"NAME", theName, false, 0, func(m *Model, c screen.Canvas, r podRow) {
		c.Name(0, 0, c.W, agedLook(m, m.styles.Text, r.aged), r.Ref.Name)
	}},
	{"STATE", 12, false, 0, func(m *Model, c screen.Canvas, r podRow) {
		look, _ := m.podLook(r.State())
		c.Fit(0, 0, c.W, agedLook(m, look, r.aged), r.State().String())
	}},
	{"WHY", 18, false, 3, func(m *Model, c screen.Canvas, r podRow) {
		look, _ := m.podLook(r.State())
		c.Fit(0, 0, c.W, agedLook(m, look, r.aged), r.Reason)
	}},
	{"AGE", 7, false, 0, func(m *Model, c screen.Canvas, r podRow) {
		c.Fit(0, 0, c.W, m.styles.Muted, words.Age(r.now.Sub(r.Created)))
	}},
	{"READY IN", 9, false, 1, func(m *Model, c screen.Canvas, r podRow) {
		if !r.ReadySince.IsZero() {
			c.Fit(0, 0, c.W, m.styles.Muted, words.Age(r.ReadySince.Sub(r.Created)))
		}
	}},
	{"RESTARTS", 9, false, 2, func(m *Model, c screen.Canvas, r podRow) {
		if r.Restarts > 0 {
			c.Fit(0, 0, c.W, agedLook(m, m.styles.Text, r.aged), fmt.Sprint(r.Restarts))
		}
	}},
	{"NODE", 20, false, 4, func(m *Model, c screen.Canvas, r podRow) {
		c.Name(0, 0, c.W, m.styles.Muted, r.Node)
	}},
}}

func (m *Model) drawPodTable(c screen.Canvas, p picture) {
	if c.H < 2 {
		return
	}
	at := podTable.spans(c.W)
	podTable.drawTitles(m, c, at, -1)
	now, aged := p.now, !p.asOf.IsZero()
	if aged {
		now = p.asOf
		c.Right(c.W, 0, m.styles.Warn, "as of "+words.Age(p.now.Sub(now))+" ago")
	}
	top := min(m.scrolled(podsPane), max(len(p.pods)-1, 0))
	for y := 1; y < c.H && top+y-1 < len(p.pods); y++ {
		podTable.drawRow(m, c.Sub(0, y, c.W, 1), at, podRow{p.pods[top+y-1], now, aged})
	}
}
