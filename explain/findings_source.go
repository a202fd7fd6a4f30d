package explain

import (
	"fmt"

	"github.com/kscope/kscope/store"
)

// sourceLost recognises a source that went away after a good start. KEDA's own
// status does not show it for sources that it connects to when it builds the
// scaler, Redis among them; the HPA's does.
func sourceLost(c *store.Chain, f *facts) (Decision, bool) {
	if c.HPA == nil || f.desired == 0 {
		return Decision{}, false
	}
	sa := c.HPA.Conditions.Get("ScalingActive")
	if !sa.False() || sa.Reason == "ScalingDisabled" {
		return Decision{}, false
	}
	d := Decision{Phase: Broken, Link: LinkHPA,
		Why:  "The HPA cannot compute: " + sentence(orElse(sa.Message, sa.Reason)),
		Next: fmt.Sprintf("Until it can, it neither adds nor removes pods: %s. It tries again at every sync.", stay(f.desired))}
	if sa.Reason == "FailedGetExternalMetric" {
		d.Stale = true
		d.Why = "The HPA cannot get the metric from KEDA: " + sentence(sa.Message)
		if err := firstError(c); err != "" {
			d.Why = "The HPA gets no metric from KEDA, and kscope cannot read the queue either: " + sentence(err)
			d.Link = LinkQueue
		}
	}
	return d, true
}

// firstError is why kscope itself cannot read some trigger's source.
func firstError(c *store.Chain) string {
	for _, r := range c.Readings {
		if r.Err != "" {
			return r.Err
		}
	}
	return ""
}
