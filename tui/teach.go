package tui

import (
	"fmt"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// A lesson is a line that suggests what to do next: a key, and what comes of
// it. The key is empty where there is nothing to do but watch.
type lesson struct{ key, text string }

// storySeen reports whether a queue was filled and worked off down to the
// floor again: whoever saw that needs no more lessons.
func storySeen(p picture) bool {
	pushed, active := false, false
	for _, e := range p.all {
		switch e.Kind {
		case store.Injected, store.Arrived, store.LoadBegan:
			pushed = true
		case store.Active:
			active = active || pushed
		case store.Scaled:
			if active && !e.Up() && e.To == p.ScaledObject.Floor() {
				return true
			}
		}
	}
	return false
}

// lesson is what someone who sees the story for the first time should know
// now.
func (m *Model) lesson(p picture) lesson {
	pushed, rescaled := false, false
	for _, e := range p.all {
		pushed = pushed || e.Kind == store.Injected || e.Kind == store.Arrived || e.Kind == store.LoadBegan
		rescaled = rescaled || e.Kind == store.Scaled && e.Actor == store.TheHPA
	}
	jobs := load.BatchSizes[m.view.batch]
	every := words.Age(p.ScaledObject.PollingInterval)
	switch d := p.Decision; {
	case d.Phase == explain.Broken:
		return lesson{":", "mends what was broken; the line Why says what it is."}
	case m.view.frozen:
		return lesson{"space", "goes on; [ and ] step through time."}
	case !pushed:
		return lesson{"i", fmt.Sprintf("puts %s into the queue, + makes it more. Watch the chain above.", plural(jobs, "job"))}
	case d.Phase == explain.Asleep || d.Phase == explain.Waking && p.desired() == 0:
		return lesson{"", fmt.Sprintf("Jobs are waiting. KEDA looks every %s; it starts the first pod, no more.", every)}
	case d.Phase == explain.Waking, d.Phase == explain.ScalingUp && !rescaled:
		return lesson{"", "From one pod on the HPA adds more, every 15 s. Amber: queue, blue: pods."}
	case d.Phase == explain.ScalingUp:
		return lesson{"space", "freezes the picture, [ ] look back; f shows the chart alone."}
	case d.Phase == explain.CoolingDown:
		return lesson{"", "The queue is empty. After the cooldown KEDA takes the last step, to zero."}
	}
	return lesson{"I", "offers loads over time; : breaks things, to learn from; ? lists every key."}
}

// drawLesson is the line above the keys.
func (m *Model) drawLesson(c screen.Canvas, p picture) {
	if c.H <= 0 || p.ScaledObject.Ref.Name == "" {
		return
	}
	st, l := m.styles, m.lesson(p)
	x := c.Text(1, 0, st.Accent, st.Glyph.Right) + 1
	if l.key != "" {
		x = c.Text(x, 0, st.Key, l.key) + 1
	}
	c.Fit(x, 0, c.W-x-1, st.Text, l.text)
}
