package tui

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// drawNothing is the body before a ScaledObject is known: what is being
// waited for, or why there is none.
func (m *Model) drawNothing(c screen.Canvas) {
	st := m.styles
	m.shown.all = true
	var lines []string
	title := m.nothing()
	for _, l := range title[1:] {
		lines = append(lines, screen.Wrap(l, min(max(c.W-4, 10), 76))...)
	}
	y := max((c.H-len(lines)-2)/2, 0)
	c.Centre(y, st.Strong, title[0])
	for i, l := range lines {
		c.Centre(y+2+i, st.Muted, l)
	}
}

// nothing says why there is nothing to show: failed, waiting or empty.
func (m *Model) nothing() []string {
	where := "in namespace " + m.o.Namespace
	if m.o.Namespace == "" {
		where = "in any namespace"
	}
	so := statusOf(m.seen, kscope.ScaledObjects)
	back := ""
	if len(m.view.ids) > 0 {
		back = "esc shows the others."
	}
	ns := statusOf(m.seen, kscope.Namespaces)
	gone := []string{fmt.Sprintf("%s %s is gone", kindName(m.view.id.Kind), m.view.id.Ref), "It will be shown again if it comes back.", back}
	switch {
	case m.view.id.Kind == kscope.HPAs && statusOf(m.seen, kscope.HPAs).Current(): // whether there is KEDA or not
		gone[0] = fmt.Sprintf("HPA %s is gone, or a ScaledObject's by now", m.view.id.Ref)
		return gone
	case ns.State == kscope.Absent && so.Current():
		return []string{"Namespace " + m.o.Namespace + " does not exist", ns.Hint + ".", "It will be looked for again every few seconds."}
	case so.State == kscope.Absent:
		return []string{"KEDA is not installed in this cluster", cmp.Or(so.Hint, "helm repo add kedacore https://kedacore.github.io/charts && helm install keda kedacore/keda -n keda --create-namespace")}
	case so.State == kscope.Forbidden:
		return []string{"You may not see ScaledObjects " + where, so.Message, so.Hint}
	case so.State == kscope.Failing:
		return []string{"The API server does not answer", so.Message, cmp.Or(so.Hint, "kscope keeps trying.")}
	case so.Current() && m.view.id.Name == "" && m.o.Name == "" && len(m.view.ids) > 0: // see choose
		return []string{"Looking for what else scales " + where, m.o.Context}
	case so.Current() && m.view.id.Name != "":
		return slices.Insert(gone, 1, m.leftAtZero()...)
	case so.Current() && m.o.Name != "":
		return []string{fmt.Sprintf("There is no ScaledObject %s %s", m.o.Name, where), "It will be shown as soon as it exists.", back}
	case so.Current():
		return append(append([]string{"There is no ScaledObject " + where}, m.leftAtZero()...), "It will be shown as soon as it exists.", "`kscope demo up` installs one to try; -n and -A choose where to look.")
	}
	return []string{"Looking for ScaledObjects " + where, m.o.Context}
}

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
	case d.Phase == explain.CoolingDown && !d.Zero.IsZero(): // it takes it, by what is known
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
