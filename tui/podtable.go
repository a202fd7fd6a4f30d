package tui

import (
	"fmt"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/words"
)

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
	{"WHY", 18, 3, func(p kscope.Pod, _ time.Time) string { return p.Reason }},
	{"AGE", 7, 0, func(p kscope.Pod, now time.Time) string { return words.Age(now.Sub(p.Created)) }},
	{"READY IN", 9, 1, func(p kscope.Pod, _ time.Time) string {
		if p.ReadySince.IsZero() {
			return ""
		}
		return words.Age(p.ReadySince.Sub(p.Created))
	}},
	{"RESTARTS", 9, 2, func(p kscope.Pod, _ time.Time) string {
		if p.Restarts == 0 {
			return ""
		}
		return fmt.Sprint(p.Restarts)
	}},
	{"NODE", 20, 4, func(p kscope.Pod, _ time.Time) string { return p.Node }},
}

// podWidths gives each column of the table its width, 0 for those dropped.
func podWidths(w int) []int {
	const name = 20
	ws := make([]int, len(podColumns))
	for drop := 5; drop > 0; drop-- {
		rest := w
		for i, col := range podColumns {
			ws[i] = col.width
			if col.drop >= drop {
				ws[i] = 0
			}
			rest -= ws[i]
		}
		ws[0] = min(max(rest, 8), 48)
		if rest >= name {
			break
		}
	}
	return ws
}

func (m *Model) drawPodTable(c canvas, p picture) {
	if c.h < 2 {
		return
	}
	st, ws := m.styles, podWidths(c.w)
	top := min(m.view.scroll[podsPane], max(len(p.pods)-1, 0))
	for y := 0; y < c.h && (y == 0 || top+y-1 < len(p.pods)); y++ {
		x := 0
		for i, col := range podColumns {
			w := ws[i]
			if w == 0 {
				continue
			}
			if y == 0 {
				c.fit(x, 0, w-1, st.muted, col.title)
				x += w
				continue
			}
			pod := p.pods[top+y-1]
			look, text := st.text, col.text(pod, p.now)
			switch col.title {
			case "STATE", "WHY":
				look, _ = m.podLook(pod.State())
			case "AGE", "READY IN", "NODE":
				look = st.muted
			case "NAME": // its end tells pods apart
				if n := textWidth(text); n > w-1 {
					text = ansi.TruncateLeft(text, n-w+2, "…")
				}
			}
			c.fit(x, y, w-1, look, text)
			x += w
		}
	}
}
