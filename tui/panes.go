package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope"
)

// heading writes a pane's title, marked when the pane has the focus, and gives
// the column after it.
func (m *Model) heading(c canvas, p pane, title string) int {
	s := m.styles.muted
	if m.view.focus == p {
		s = m.styles.accent
	}
	return c.text(1, 0, s, title)
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
		d.Why = "At " + p.now.Format("15:04:05") + ": " + m.pastWords(p)
		d.Next = "esc returns to now."
	}
	x := 7
	w := max(c.w-x-1, 10)
	// Why gets what Next does not need.
	next := wrap(d.Next, w)
	why := wrap(d.Why, w)
	if n := c.h - min(len(next), max(c.h/2, 1)); len(why) > n {
		why = clipLines(why, n)
	}
	next = clipLines(next, max(c.h-len(why), 0))
	m.heading(c, whyPane, "Why")
	for i, line := range why {
		c.fit(x, i, w, st.text.bold(), line)
	}
	y := len(why)
	if len(next) > 0 {
		c.text(1, y, st.muted, "Next")
	}
	for i, line := range next {
		c.fit(x, y+i, w, st.text, line)
	}
}

func (m *Model) pastWords(p picture) string {
	return fmt.Sprintf("queue %s, %s of %s pods ready.", bigNumber(p.depth()), bigNumber(p.ready()), bigNumber(p.desired()))
}

// wrap breaks a text into lines of at most w columns at spaces.
func wrap(s string, w int) []string {
	if s == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(s, w, " "), "\n")
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

// drawPods is the lane of pods, each a square that keeps its place, and a
// table below it on demand.
func (m *Model) drawPods(c canvas, p picture) {
	if c.h <= 0 {
		return
	}
	st := m.styles
	x := m.heading(c, podsPane, "Pods") + 2
	if p.PodStatus.State == kscope.Forbidden {
		c.fit(x, 0, c.w-x, st.warn, "not permitted to watch pods")
		return
	}
	if len(p.pods) == 0 {
		what := "none"
		if p.PodStatus.State != kscope.Synced {
			what = "not known yet"
		}
		c.text(x, 0, st.muted, what)
	} else {
		x = m.drawPodCounts(c, x, p.Counts)
	}
	lane := c.sub(x, 0, c.w-x-1, 1) // beside the counts where there is one row only
	if c.h >= 2 {
		lane = c.sub(1, 1, c.w-2, 1)
	}
	m.drawLane(lane, p.pods)
	if c.h >= 5 && (m.view.podTable || m.view.h >= 45) {
		m.drawPodTable(c.sub(1, 2, c.w-2, c.h-2), p)
	}
}

func (m *Model) drawPodCounts(c canvas, x int, counts kscope.PodCounts) int {
	for s, n := range counts {
		if n == 0 {
			continue
		}
		style, glyph := m.podLook(kscope.PodState(s))
		x = c.text(x, 0, style, glyph)
		x = c.text(x, 0, m.styles.text, fmt.Sprintf(" %d ", n))
		x = c.text(x, 0, m.styles.muted, kscope.PodState(s).String()) + 2
	}
	return x
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

func (m *Model) drawLane(c canvas, pods []kscope.Pod) {
	step := 2
	if len(pods)*2 > c.w {
		step = 1
	}
	for i, p := range pods {
		x := i * step
		if x >= c.w-6 && len(pods)-i > 6/step {
			c.text(x, 0, m.styles.muted, fmt.Sprintf("+%d", len(pods)-i))
			return
		}
		style, glyph := m.podLook(p.State())
		c.text(x, 0, style, glyph)
	}
}

// podColumns is the table of pods, a column each. Where it is narrow, columns
// go, those with the highest drop first.
var podColumns = []struct {
	title string
	width int // 0 takes what is left
	drop  int
	text  func(p kscope.Pod, now time.Time) string
}{
	{"NAME", 0, 0, func(p kscope.Pod, _ time.Time) string { return p.Ref.Name }},
	{"STATE", 12, 0, func(p kscope.Pod, _ time.Time) string { return p.State().String() }},
	{"WHY", 20, 1, func(p kscope.Pod, _ time.Time) string { return p.Reason }},
	{"AGE", 7, 0, func(p kscope.Pod, now time.Time) string { return kscope.FormatAge(now.Sub(p.Created)) }},
	{"READY IN", 9, 2, func(p kscope.Pod, _ time.Time) string {
		if p.ReadySince.IsZero() {
			return ""
		}
		return kscope.FormatAge(p.ReadySince.Sub(p.Created))
	}},
	{"RESTARTS", 9, 3, func(p kscope.Pod, _ time.Time) string {
		if p.Restarts == 0 {
			return ""
		}
		return fmt.Sprint(p.Restarts)
	}},
	{"NODE", 20, 4, func(p kscope.Pod, _ time.Time) string { return p.Node }},
}

func (m *Model) drawPodTable(c canvas, p picture) {
	st := m.styles
	const name = 24
	drop, rest := 5, 0
	for ; drop > 0; drop-- {
		rest = c.w
		for _, col := range podColumns {
			if col.drop < drop {
				rest -= col.width
			}
		}
		if rest >= name {
			break
		}
	}
	rest = max(rest, 8)
	top := min(m.view.scroll[podsPane], max(len(p.pods)-1, 0))
	for y := 0; y < c.h; y++ {
		x := 0
		for _, col := range podColumns {
			w := col.width
			if w == 0 {
				w = rest
			}
			if drop > 0 && col.drop >= drop || drop == 0 && col.drop > 0 {
				continue
			}
			switch i := top + y - 1; {
			case y == 0:
				c.fit(x, 0, w-1, st.muted, col.title)
			case i < len(p.pods):
				text, s := col.text(p.pods[i], p.now), st.text
				switch col.title {
				case "STATE", "WHY":
					s, _ = m.podLook(p.pods[i].State())
				case "NAME": // its end tells pods apart
					text = ansi.TruncateLeft(text, max(textWidth(text)-w+2, 0), "…")
				}
				c.fit(x, y, w-1, s, text)
			}
			x += w
		}
	}
}

// drawTimeline is what happened, newest first: when, who, what, how long after
// its cause.
func (m *Model) drawTimeline(c canvas, p picture) {
	if c.h <= 0 {
		return
	}
	st := m.styles
	x := m.heading(c, timelinePane, "Timeline")
	es := p.timeline
	if len(es) == 0 {
		c.fit(x+2, 0, c.w-x-3, st.muted, "nothing has happened since kscope started")
		return
	}
	skip := min(m.view.scroll[timelinePane], len(es)-1)
	if skip > 0 {
		c.text(x+2, 0, st.muted, fmt.Sprintf("%d newer", skip))
	}
	es = es[:len(es)-skip]
	for y := 1; y < c.h && y <= len(es); y++ {
		m.drawEntry(c.sub(1, y, c.w-2, 1), es[len(es)-y])
	}
}

func (m *Model) drawEntry(c canvas, e kscope.Entry) {
	st := m.styles
	c.text(0, 0, st.muted, e.At.Format("15:04:05"))
	who, style := m.actorLook(e)
	c.fit(9, 0, 9, style, who)
	after := ""
	if e.After >= time.Millisecond {
		after = "+" + kscope.FormatAge(e.After)
		if e.Cause != "" && c.w >= 70 {
			after += " after " + e.Cause
		}
	}
	end := c.w
	if after != "" {
		end = c.right(c.w, 0, st.muted, after) - 1
	}
	s := st.text
	if e.Warn {
		s = st.warn
	}
	c.fit(19, 0, end-19, s, entryWords(e, st))
}

func (m *Model) actorLook(e kscope.Entry) (string, style) {
	st := m.styles
	who := string(e.Actor)
	s := st.muted.bold()
	switch e.Actor {
	case kscope.You:
		s = st.you
	case kscope.KEDA:
		s = st.keda
	case kscope.TheHPA:
		s = st.hpa
	case kscope.Someone:
		who, s = "someone", st.warn.bold()
		if e.Who != "" {
			who = e.Who
		}
	}
	if e.Guess {
		who += "?"
	}
	return who, s
}

// entryWords is what an entry says after its actor.
func entryWords(e kscope.Entry, st *styles) string {
	switch e.Kind {
	case kscope.Injected:
		if e.Warn {
			return fmt.Sprintf("pushed %s of %s: %s", kscope.FormatCount(float64(e.Jobs)), plural(e.Asked, "job"), e.Note)
		}
		return fmt.Sprintf("pushed %s; the server answered length %s", plural(e.Jobs, "job"), kscope.FormatCount(float64(e.Length)))
	case kscope.Arrived:
		return plural(e.Jobs, "job") + " in a queue that was empty"
	case kscope.Emptied:
		return "took the last job from the queue"
	case kscope.Active:
		return "sees work: active"
	case kscope.Inactive:
		return "sees no work: inactive"
	case kscope.Scaled:
		verb := "scaled"
		switch {
		case e.From == 0:
			verb = "activated"
		case e.To == 0:
			verb = "deactivated"
		}
		s := fmt.Sprintf("%s %d %s %d", verb, max(e.From, 0), st.glyph.right, e.To)
		if e.Note != "" {
			s += "  " + e.Note
		}
		return s
	case kscope.ReadyPods:
		if e.Up() {
			return fmt.Sprintf("pods ready %d %s %d", e.From, st.glyph.right, e.To)
		}
		return fmt.Sprintf("pods leaving, ready %d %s %d", e.From, st.glyph.right, e.To)
	}
	return e.Note
}
