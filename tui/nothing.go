package tui

import (
	"cmp"
	"fmt"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/tui/screen"
)

// kindName is what one of a kind is called.
func kindName(k kscope.Kind) string {
	switch k {
	case kscope.ScaledJobs:
		return "ScaledJob"
	case kscope.HPAs:
		return "HPA"
	}
	return "ScaledObject"
}

// drawNothing is the body before a ScaledObject is known: what is being
// waited for, or why there is none.
func (m *Model) drawNothing(c screen.Canvas) {
	st := m.styles
	m.shown.all = true
	var lines []string
	title := m.nothing()
	for _, l := range title[1:] {
		lines = append(lines, wrap(l, min(max(c.W-4, 10), 76))...)
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
		return gone
	case so.Current() && m.o.Name != "":
		return []string{fmt.Sprintf("There is no ScaledObject %s %s", m.o.Name, where), "It will be shown as soon as it exists.", back}
	case so.Current():
		return []string{"There is no ScaledObject " + where, "It will be shown as soon as it exists.", "`kscope demo up` installs one to try; -n and -A choose where to look."}
	}
	return []string{"Looking for ScaledObjects " + where, m.o.Context}
}
