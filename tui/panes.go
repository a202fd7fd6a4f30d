package tui

import (
	"fmt"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/words"
)

// gutter is the column in which the panes below the chart begin; their names
// stand before it.
func gutter(w int) int {
	if w < 70 {
		return 7
	}
	return 11
}

// heading writes a pane's name, marked when the pane has the focus.
func (m *Model) heading(c canvas, p pane, title string) int {
	look := m.styles.muted
	if m.view.focus == p {
		look = m.styles.accent
		c.put(0, 0, look, '▌')
	}
	if gutter(c.w) < len(title)+2 {
		title = title[:4]
	}
	return c.text(1, 0, look, title)
}

// headline is a name with a rule after it, for panes in the side column.
func (m *Model) headline(c canvas, p pane, title string) {
	look := m.styles.muted
	if m.view.focus == p {
		look = m.styles.accent
	}
	x := c.text(1, 0, look, title)
	c.hline(x+1, 0, c.w-x-2, m.styles.grid, '─')
}

// whyRows is how many rows the two sentences take in full on a screen w wide.
func (m *Model) whyRows(p picture, w int) int {
	w -= share(w, m.view.h, &m.view, 0).side
	room := max(w-gutter(w)-1, 10)
	return len(wrap(p.Decision.Why, room)) + len(wrap(p.Decision.Next, room)) + 1
}

// drawWhy is the two sentences: why there are as many pods as there are, and
// what comes next.
func (m *Model) drawWhy(c canvas, p picture) {
	if c.h <= 0 {
		return
	}
	st := m.styles
	d := p.Decision
	if p.past {
		d.Why = fmt.Sprintf("At %s: queue %s, %s of %s pods ready.", p.now.Format("15:04:05"),
			bigNumber(p.depth()), bigNumber(p.ready()), bigNumber(p.desired()))
		d.Next = "[ and ] move in time. Space or esc returns to now."
	}
	x := gutter(c.w)
	w := max(c.w-x-1, 10)
	// Why gets what Next does not need.
	next := wrap(d.Next, w)
	why := wrap(d.Why, w)
	if n := c.h - min(len(next), max(c.h/2, 1)); len(why) > n {
		why = clipLines(why, n)
	}
	next = clipLines(next, max(c.h-len(why), 0))
	m.heading(c, whyPane, "Why")
	look := st.strong
	if d.Phase == explain.Broken && !p.past {
		look = st.bad
	}
	for i, line := range why {
		c.fit(x, i, w, look, line)
	}
	y := len(why)
	if len(next) > 0 {
		c.text(1, y, st.muted, "Next")
	}
	for i, line := range next {
		c.fit(x, y+i, w, st.text, line)
	}
}

// wrap breaks a text into lines of at most w columns at spaces.
func wrap(s string, w int) []string {
	if s == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(strings.Map(printable, s), w, " "), "\n")
}

// clipLines keeps n lines and marks the last when there were more.
func clipLines(lines []string, n int) []string {
	if len(lines) <= n {
		return lines
	}
	if n <= 0 {
		return nil
	}
	lines = lines[:n:n]
	lines[n-1] += " …"
	return lines
}

// drawPods is the lane of pods, each a sign that keeps its place, their counts
// at the end of it, and a table below on demand.
func (m *Model) drawPods(c canvas, p picture) {
	if c.h <= 0 {
		return
	}
	m.heading(c, podsPane, "Pods")
	x := gutter(c.w)
	m.drawLaneLine(c.sub(x, 0, c.w-x-1, 1), p)
	if m.view.podTable && c.h >= 3 {
		m.drawPodTable(c.sub(x, 1, c.w-x-1, c.h-1), p)
	}
}

// drawPodsSide is the same in the side column, where there is room for the
// table at all times.
func (m *Model) drawPodsSide(c canvas, p picture) {
	m.headline(c, podsPane, "Pods")
	m.drawLaneLine(c.sub(1, 1, c.w-2, 1), p)
	m.drawPodTable(c.sub(1, 3, c.w-2, c.h-3), p)
}

// drawLaneLine is the lane, or why there is none.
func (m *Model) drawLaneLine(c canvas, p picture) {
	st := m.styles
	say := func(s style, text string) { c.fit(0, 0, c.w, s, text) }
	state := p.PodStatus.State
	switch {
	case p.past:
		m.drawLaneThen(c, p)
	case state == kscope.Forbidden:
		say(st.warn, "you may not watch pods; the counts come from "+strings.ToLower(p.ScaledObject.ScaleTarget.Kind)+"/"+p.ScaledObject.ScaleTarget.Name)
	case state == kscope.Failing && len(p.pods) == 0:
		say(st.warn, "the API server does not answer for pods: "+p.PodStatus.Message)
	case state != kscope.Synced && len(p.pods) == 0:
		say(st.muted, "waiting for the list of pods")
	case len(p.pods) == 0:
		say(st.muted, "none")
	default:
		end := c.w
		if state == kscope.Failing {
			end = c.right(c.w, 0, st.warn, "as of "+words.Age(p.now.Sub(p.PodStatus.Since))+" ago") - 2
		}
		counts := m.podCounts(p.Counts)
		w := 0
		for _, n := range counts {
			w += n.width() + 2
		}
		x := m.drawLane(c.sub(0, 0, max(end-w, end/2), 1), p.pods)
		x = max(x+3, min(24, end-w)) // so that the words keep still while pods come and go
		for _, n := range counts {
			if x+n.width() > end {
				break
			}
			x = c.text(x, 0, n.look, n.glyph)
			x = c.text(x, 0, st.text, n.number)
			x = c.text(x, 0, st.muted, n.word) + 2
		}
	}
}

// podCount is how many pods are in a state, ready to be written.
type podCount struct {
	look                style
	glyph, number, word string
}

func (n podCount) width() int { return textWidth(n.glyph) + len(n.number) + len(n.word) }

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
func (m *Model) podLook(s kscope.PodState) (style, string) {
	st := m.styles
	switch s {
	case kscope.PodReady:
		return st.pods.bold(), "■"
	case kscope.PodStarting:
		return st.queue, "◐"
	case kscope.PodPending:
		return st.muted, "□"
	case kscope.PodFailing:
		return st.bad, "×"
	case kscope.PodTerminating:
		return st.muted, "▾"
	}
	return st.grid, "·"
}

// drawLane draws a sign for each pod, closer where there are many, and gives
// the column after the last.
func (m *Model) drawLane(c canvas, pods []kscope.Pod) int {
	step := 2
	if len(pods)*2 > c.w {
		step = 1
	}
	x := 0
	for i, p := range pods {
		if x >= c.w-6 && len(pods)-i > 6/step {
			return c.text(x, 0, m.styles.muted, fmt.Sprintf("+%d", len(pods)-i))
		}
		look, glyph := m.podLook(p.State())
		c.text(x, 0, look, glyph)
		x += step
	}
	return x
}

// drawLaneThen is the lane at an earlier moment, from the counts recorded: the
// pods of then may be gone.
func (m *Model) drawLaneThen(c canvas, p picture) {
	st := m.styles
	ready, desired := p.ready(), p.desired()
	if math.IsNaN(ready) || math.IsNaN(desired) {
		c.fit(0, 0, c.w, st.muted, "not known at that moment")
		return
	}
	x := 0
	for i := range int(math.Min(math.Max(ready, desired), float64(c.w/4))) {
		look, glyph := m.podLook(kscope.PodPending)
		if float64(i) < ready {
			look, glyph = m.podLook(kscope.PodReady)
		}
		c.text(x, 0, look, glyph)
		x += 2
	}
	c.fit(max(x+1, min(24, c.w-30)), 0, c.w, st.muted, fmt.Sprintf("%s ready of %s wanted, then", bigNumber(ready), bigNumber(desired)))
}
