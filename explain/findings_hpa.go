package explain

import (
	"fmt"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// hpaStuck is an HPA that may not do what it has decided.
func hpaStuck(c *store.Chain, f *facts) (Decision, bool) {
	if c.HPA == nil || f.desired == 0 {
		return Decision{}, false
	}
	able := c.HPA.Conditions.Get("AbleToScale")
	if !able.False() {
		return Decision{}, false
	}
	return Decision{Phase: Broken, Link: LinkHPA,
		Why:  "The HPA cannot scale: " + sentence(orElse(able.Message, able.Reason)),
		Next: fmt.Sprintf("Until it can, %s. It tries again at every sync.", stay(f.desired))}, true
}

// outOfBounds is a size that minReplicaCount and maxReplicaCount do not allow,
// which is mended without looking at any metric.
func outOfBounds(c *store.Chain, f *facts) (Decision, bool) {
	so, least := &c.ScaledObject, c.ScaledObject.MinReplicaCount
	d := Decision{Link: LinkHPA}
	switch {
	case f.desired > f.high:
		d.Phase = Draining
		d.Why = fmt.Sprintf("%s set, more than maxReplicaCount %d allows.", podsAre(f.desired), f.high)
		d.Next = fmt.Sprintf("The HPA brings it to %d at its next sync, within about %s.", f.high, words.Span(scaling.SyncPeriod))
		d.Ahead = soon(f, store.TheHPA, f.high, f.high, aSync)
	case f.desired >= least || so.IdleReplicaCount != nil:
		return Decision{}, false
	case f.desired == 0:
		d.Phase, d.Link = Waking, LinkKEDA
		d.Why = fmt.Sprintf("No pod is set, fewer than minReplicaCount %d.", least)
		d.Next = fmt.Sprintf("KEDA brings it to %d at its next look, within %s.", least, words.Span(so.PollingInterval))
		d.Ahead = soon(f, store.KEDA, least, least, so.PollingInterval)
	default:
		d.Phase = ScalingUp
		d.Why = fmt.Sprintf("%s set, fewer than minReplicaCount %d.", podsAre(f.desired), least)
		d.Next = fmt.Sprintf("The HPA brings it to %d at its next sync, within about %s.", least, words.Span(scaling.SyncPeriod))
		d.Ahead = soon(f, store.TheHPA, least, least, aSync)
	}
	return d, true
}

// noHPA says why there is no telling what the HPA does next.
func noHPA(c *store.Chain) string {
	if c.HPAStatus.Current() {
		return "KEDA has not made the HPA for it yet."
	}
	return "The next step is the HPA's, which kscope cannot see."
}

// hpaSays is what is left where the triggers' values are not all known or do
// not add up by themselves: the HPA's own word.
func hpaSays(c *store.Chain, f *facts) (Decision, bool) {
	d := Decision{Phase: Steady, Link: LinkHPA, Next: fmt.Sprintf("The HPA looks about every %s.", words.Span(scaling.SyncPeriod))}
	have := fmt.Sprintf("%s set", podsAre(f.desired))
	if f.readyKnown {
		have = fmt.Sprintf("%s ready", podsAre(f.ready))
	}
	switch h := c.HPA; {
	case h == nil || !h.StatusEverSynced || h.Conditions.Get("ScalingActive").Reason == "ScalingDisabled":
		d.Why = have + "; how many are needed is not known."
		d.Link = LinkWorkload
		if h == nil && !c.HPAStatus.Current() {
			d.Phase = Looking
		}
	case h.Conditions.Get("ScalingLimited").Reason == "TooManyReplicas":
		d.Why = fmt.Sprintf("The HPA would go higher, but %s is %d; %s.", maximum(c), f.high, lower(have))
	case h.Conditions.Get("ScalingLimited").Reason == "ScaleUpLimit":
		d.Phase = ScalingUp
		d.Why = fmt.Sprintf("The HPA goes up step by step, now at %d; %s.", h.DesiredReplicas, lower(have))
	case h.Conditions.Get("AbleToScale").Reason == "ScaleDownStabilized":
		d.Phase = Draining
		d.Why = fmt.Sprintf("The HPA could do with fewer, but keeps %d as long as the last %s called for them.", h.DesiredReplicas, words.Span(h.Behavior.DownWindow()))
	default:
		d.Why = fmt.Sprintf("The HPA wants %d; %s.", h.DesiredReplicas, lower(have))
	}
	if err := firstError(c); err != "" {
		d.Next, d.Link = "kscope cannot read the queue: "+sentence(err), LinkQueue
	}
	return d, true
}
