package explain

import (
	"fmt"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// plainCatalogue is the rules for an HPA without KEDA, in their order.
var plainCatalogue = []rule{
	{"unseen", unseen},
	{"notSynced", notSynced},
	{"targetUnknown", targetUnknown},
	{"worst", worst},
	{"switchedOff", switchedOff},
	{"podsStarting", podsStarting},
	{"hpaSays", hpaSays},
}

// switchedOff is a target at zero, which an HPA leaves alone.
func switchedOff(c *store.Chain, f *facts) (Decision, bool) {
	if f.desired > 0 {
		return Decision{}, false
	}
	if c.HPA.ScaledObject != "" { // KEDA's, with its ScaledObject out of sight
		return Decision{Phase: Asleep, Link: LinkWorkload,
			Why:  fmt.Sprintf("%s is at zero, which switches its HPA off. Why KEDA holds it there is in ScaledObject %s, which %s.", called(c.Target().Name), called(c.HPA.ScaledObject), outOfSight(c.KEDAStatus)),
			Next: "KEDA sets the replicas to 1 or more once there is work."}, true
	}
	return Decision{Phase: Asleep, Link: LinkWorkload,
		Why:  called(c.Target().Name) + " was set to zero, which switches its HPA off.",
		Next: "The HPA goes on when the replicas are set to 1 or more."}, true
}

// outOfSight says why an object is not seen whose watch is like this.
func outOfSight(st store.SourceStatus) string {
	switch st.State {
	case kscope.Forbidden:
		return "you may not see"
	case kscope.Failing:
		return "kscope cannot see"
	}
	return "is not there"
}

// maximum is what the most replicas are called where they are set.
func maximum(c *store.Chain) string {
	if c.ID.Kind == kscope.HPAs {
		return "maxReplicas"
	}
	return "maxReplicaCount"
}

// mainMetric is the metric that an HPA is shown by: the first external one, else
// the first of a resource, else the first; nil if it has none.
func mainMetric(h *kscope.HPA) *kscope.Metric {
	for _, typ := range []string{"External", "Resource", ""} {
		for i := range h.Metrics {
			if typ == "" || h.Metrics[i].Type == typ {
				return &h.Metrics[i]
			}
		}
	}
	return nil
}

// metricLink is what a plain HPA looks at: the value of its last sync, beside
// what it aims at.
func metricLink(h *kscope.HPA) Link {
	m := mainMetric(h)
	if m == nil {
		return Link{Name: "metric", Value: Unknown, Word: "none"}
	}
	l := Link{Name: m.Name, Value: Unknown, Word: "not read yet"}
	switch sa := h.Conditions.Get("ScalingActive"); {
	case sa.False() && sa.Reason == "ScalingDisabled": // what it last read is long past
		l.State, l.Word = LinkIdle, "not read at zero"
		return l
	case sa.False():
		l.State, l.Word = LinkBroken, "cannot be read"
		return l
	case m.Current == nil:
		return l
	}
	l.Number, l.State = m.Current, LinkOK
	l.Word = "target " + words.Count(m.Target)
	switch m.TargetType {
	case "Utilization":
		l.Unit = "%"
		l.Word += "%"
	case "AverageValue":
		l.Word += " per pod"
	}
	return l
}
