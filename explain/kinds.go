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

// jobSays is what is observed of a ScaledJob, for which KEDA makes Jobs: how
// many of these there are, and what comes next, is not known here.
func jobSays(c *store.Chain) Decision {
	j, r := c.ScaledJob, c.Reading()
	ready, active := j.Conditions.Get("Ready"), j.Conditions.Get("Active")
	d := Decision{Rule: "jobSays", Phase: Looking, Link: LinkKEDA}
	if x, ok := jobRefused(c); ok {
		d.Findings = []Finding{x}
	}
	switch {
	case j.Paused:
		d.Phase, d.Why = PhasePaused, "KEDA makes no Jobs: it is paused by the annotation autoscaling.keda.sh/paused."
		return d
	case ready.False():
		d.Phase, d.Why = Broken, "KEDA is not ready to make Jobs of this: "+sentence(orElse(ready.Message, ready.Reason))
		return d
	case active.True():
		d.Phase = Working
	case active.False():
		d.Phase = Asleep
	}
	most := fmt.Sprintf("at most %d Jobs at once", c.Max())
	switch err := firstError(c); {
	case err != "":
		d.Why, d.Link = fmt.Sprintf("KEDA makes %s; kscope cannot read the queue: %s", most, sentence(err)), LinkQueue
	case !r.Known:
		d.Why = fmt.Sprintf("KEDA makes %s; how much work waits is not known.", most)
	case r.Value <= r.ActivationTarget:
		d.Why = fmt.Sprintf("%s; KEDA makes %s.", allQuiet(c, r), most)
	case active.True():
		d.Why = fmt.Sprintf("KEDA makes Jobs of it: %s, %s.", waits(r), most)
	default:
		d.Why = fmt.Sprintf("%s; KEDA makes %s.", waits(r), most)
	}
	return d
}

// jobRefused is a ScaledJob that KEDA makes no Jobs of.
func jobRefused(c *store.Chain) (Finding, bool) {
	ready := c.ScaledJob.Conditions.Get("Ready")
	if !ready.False() || c.ScaledJob.Paused {
		return Finding{}, false
	}
	return Finding{Rule: "jobRefused", Link: LinkKEDA,
		Says:     "KEDA is not ready to make Jobs of this: " + sentence(orElse(ready.Message, ready.Reason)),
		Next:     "No Jobs are made until that is mended.",
		Evidence: []Evidence{conditionOf(self(c), ready)},
		Move:     describeSelf(c, "Its events say what KEDA objects to.")}, true
}
