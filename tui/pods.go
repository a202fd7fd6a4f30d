package tui

import (
	"fmt"
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
	case p.ScaledJob != nil:
		say(st.Muted, "those of its Jobs are not watched")
	case state == kscope.Forbidden:
		say(st.Warn, "you may not watch pods; the counts come from "+strings.ToLower(p.Target().Kind)+"/"+p.Target().Name)
	case state == kscope.Failing && len(p.pods) == 0:
		say(st.Warn, "the API server does not answer for pods: "+p.PodStatus.Message)
	case state != kscope.Synced && len(p.pods) == 0:
		say(st.Muted, "waiting for the list of pods")
	case len(p.pods) == 0:
		say(st.Muted, "none")
	default:
		end := c.W
		if state == kscope.Failing {
			end = c.Right(c.W, 0, st.Warn, "as of "+words.Age(p.now.Sub(p.PodStatus.Since))+" ago") - 2
		}
		counts := m.podCounts(p.Counts)
		w := 0
		for _, n := range counts {
			w += n.width() + 2
		}
		x := m.drawLane(c.Sub(0, 0, max(end-w, end/2), 1), p.pods)
		x = max(x+3, min(24, end-w)) // so that the words keep still while pods come and go
		for _, n := range counts {
			if x+n.width() > end {
				break
			}
			x = c.Text(x, 0, n.look, n.glyph)
			x = c.Text(x, 0, st.Text, n.number)
			x = c.Text(x, 0, st.Muted, n.word) + 2
		}
	}
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
func (m *Model) drawLane(c screen.Canvas, pods []kscope.Pod) int {
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
		c.Text(x, 0, look, glyph)
		x += step
	}
	return x
}

// podRow is one line of the table of pods.
type podRow struct {
	kscope.Pod
	now time.Time
}

// podTable is the table of pods.
var podTable = table[podRow]{least: 20, most: 48, columns: []column[podRow]{
	{"NAME", theName, false, 0, func(m *Model, c screen.Canvas, r podRow) {
		c.Name(0, 0, c.W, m.styles.Text, r.Ref.Name)
	}},
	{"STATE", 12, false, 0, func(m *Model, c screen.Canvas, r podRow) {
		look, _ := m.podLook(r.State())
		c.Fit(0, 0, c.W, look, r.State().String())
	}},
	{"WHY", 18, false, 3, func(m *Model, c screen.Canvas, r podRow) {
		look, _ := m.podLook(r.State())
		c.Fit(0, 0, c.W, look, r.Reason)
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
			c.Fit(0, 0, c.W, m.styles.Text, fmt.Sprint(r.Restarts))
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
	top := min(m.scrolled(podsPane), max(len(p.pods)-1, 0))
	for y := 1; y < c.H && top+y-1 < len(p.pods); y++ {
		podTable.drawRow(m, c.Sub(0, y, c.W, 1), at, podRow{p.pods[top+y-1], p.now})
	}
}
