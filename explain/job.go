package explain

import (
	"fmt"

	"github.com/kscope/kscope/store"
)

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
