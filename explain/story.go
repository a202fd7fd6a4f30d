package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// The explanations of the ordinary story: asleep, waking, more, fewer, asleep.

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
	case f.desired >= least || so.IdleReplicaCount != nil:
		return Decision{}, false
	case f.desired == 0:
		d.Phase, d.Link = Waking, LinkKEDA
		d.Why = fmt.Sprintf("No pod is set, fewer than minReplicaCount %d.", least)
		d.Next = fmt.Sprintf("KEDA brings it to %d at its next look, within %s.", least, words.Span(so.PollingInterval))
	default:
		d.Phase = ScalingUp
		d.Why = fmt.Sprintf("%s set, fewer than minReplicaCount %d.", podsAre(f.desired), least)
		d.Next = fmt.Sprintf("The HPA brings it to %d at its next sync, within about %s.", least, words.Span(scaling.SyncPeriod))
	}
	return d, true
}

// asleep is zero replicas and no work.
func asleep(c *store.Chain, f *facts) (Decision, bool) {
	so, r := &c.ScaledObject, f.r
	if f.desired > 0 || f.hasWork || so.ForceActivation || c.Counts[kscope.PodTerminating] > 0 {
		return Decision{}, false
	}
	d := Decision{Phase: Asleep, Link: LinkQueue, Next: "KEDA looks every " + words.Span(so.PollingInterval) + "."}
	first := fmt.Sprintf(" The first job starts %s.", pods(int(so.StartsWith())))
	if r.ActivationTarget > 0 {
		first = fmt.Sprintf(" More than %s start %s.", jobs(r.ActivationTarget), pods(int(so.StartsWith())))
	}
	active := so.Conditions.Get("Active")
	switch {
	case f.quiet && r.Value > 0:
		d.Why = fmt.Sprintf("%s in %s, but KEDA starts nothing until there are more than %s.", jobsWait(r), r.Name(), words.Count(r.ActivationTarget))
	case f.quiet && active.True():
		d.Why = fmt.Sprintf("%s, but KEDA still says that a trigger is active.", isEmpty(r))
	case f.quiet:
		d.Why = fmt.Sprintf("%s, so KEDA keeps %s at zero. The HPA rests, as it should.", isEmpty(r), so.ScaleTarget.Name)
		d.Next += first
	case active.False():
		d.Why = fmt.Sprintf("KEDA sees no work, so %s is at zero. The HPA rests, as it should.", so.ScaleTarget.Name)
	default:
		d.Why = fmt.Sprintf("%s is at zero; whether there is work is not known.", so.ScaleTarget.Name)
	}
	if err := firstError(c); err != "" {
		d.Next += " kscope cannot read the queue: " + sentence(err)
	}
	if so.PausedScaleOut {
		d.Next = "Scaling out is paused by annotation: no work starts anything."
	}
	return d, true
}

// drained is zero replicas while the last pods are still stopping.
func drained(c *store.Chain, f *facts) (Decision, bool) {
	n := c.Counts[kscope.PodTerminating]
	if f.desired > 0 || n == 0 || c.ScaledObject.ForceActivation || f.hasWork {
		return Decision{}, false
	}
	return Decision{Phase: Draining, Link: LinkPods,
		Why:  fmt.Sprintf("%s was set to zero; %s still stopping.", c.ScaledObject.ScaleTarget.Name, podsAreInt(n)),
		Next: fmt.Sprintf("Then nothing runs until work arrives; KEDA looks every %s.", words.Span(c.ScaledObject.PollingInterval))}, true
}

// heldAtZero is work that may not start anything.
func heldAtZero(c *store.Chain, f *facts) (Decision, bool) {
	if f.desired > 0 || !c.ScaledObject.PausedScaleOut {
		return Decision{}, false
	}
	return Decision{Phase: PhasePaused, Link: LinkKEDA,
		Why:  fmt.Sprintf("%s, but scaling out is paused by annotation, so KEDA starts nothing.", thereIsWork(f)),
		Next: "Work waits until autoscaling.keda.sh/paused-scale-out is removed."}, true
}

// overdue is work that KEDA should have seen by now.
func overdue(c *store.Chain, f *facts) (Decision, bool) {
	r, poll := f.work, c.ScaledObject.PollingInterval
	waited := f.now.Sub(r.Waiting)
	if f.desired > 0 || !f.hasWork || r.Waiting.IsZero() || waited <= 2*poll+5*time.Second {
		return Decision{}, false
	}
	return Decision{Phase: Broken, Link: LinkKEDA,
		Why:  fmt.Sprintf("%s in %s, for %s now, and KEDA has started nothing.", jobsWait(r), r.Name(), words.Age(waited)),
		Next: fmt.Sprintf("KEDA looks every %s: check that it runs and reads the same Redis as kscope.", words.Span(poll))}, true
}

// waking is work that KEDA will find at its next poll.
func waking(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	if f.desired > 0 {
		return Decision{}, false
	}
	then := "then the HPA takes over."
	if f.wantKnown && f.want > so.StartsWith() {
		then = fmt.Sprintf("then the HPA takes over, towards %d.", f.want)
	}
	return Decision{Phase: Waking, Link: LinkKEDA,
		Why:  fmt.Sprintf("%s and nothing runs yet: KEDA acts when it next looks.", thereIsWork(f)),
		Next: fmt.Sprintf("KEDA starts %s within %s; %s", pods(int(so.StartsWith())), words.Span(so.PollingInterval), then)}, true
}

// parked is a workload at an idleReplicaCount above zero, which the HPA will
// not leave alone.
func parked(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	if so.IdleReplicaCount == nil || f.desired != *so.IdleReplicaCount || !f.quiet || so.ForceActivation {
		return Decision{}, false
	}
	return Decision{Phase: Asleep, Link: LinkHPA,
		Why: fmt.Sprintf("There is no work, so KEDA parks %s at idleReplicaCount %d.", so.ScaleTarget.Name, f.desired),
		Next: fmt.Sprintf("The HPA lifts it to minReplicaCount %d again at its next sync: only an idleReplicaCount of 0 lasts.",
			so.MinReplicaCount)}, true
}

// starting is the first pods on their way.
func starting(c *store.Chain, f *facts) (Decision, bool) {
	if f.ready > 0 || !f.readyKnown || f.desired > f.low || c.ScaledObject.Floor() > 0 || f.quiet {
		return Decision{}, false
	}
	who := podsAre(f.desired) + " set"
	if isKEDA(c.Workload.SetBy) {
		who = "KEDA started " + pods(int(f.desired))
	}
	none := "none is ready yet"
	if f.desired == 1 {
		none = "it is not ready yet"
	}
	d := Decision{Phase: Waking, Link: LinkPods, Why: who + "; " + none + ".",
		Next: fmt.Sprintf("The HPA takes over at its next sync, within about %s.", words.Span(scaling.SyncPeriod))}
	if f.wantKnown && f.want > f.desired {
		d.Next = fmt.Sprintf("The HPA takes over at its next sync, within about %s, towards %d.", words.Span(scaling.SyncPeriod), f.want)
	}
	return d, true
}

// cooling is pods without work that only KEDA's cooldown keeps.
func cooling(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	active := so.Conditions.Get("Active")
	if so.MinReplicaCount > 0 && so.IdleReplicaCount == nil || so.ForceActivation ||
		!f.quiet && (active.Reason != "ScalerCooldown" || f.hasWork) {
		return Decision{}, false
	}
	d := Decision{Phase: CoolingDown, Link: LinkKEDA}
	quiet := "No trigger is active"
	if f.quiet {
		quiet = isEmpty(f.r)
	}
	d.Why = fmt.Sprintf("%s; %s while KEDA waits out its cooldown of %s.", quiet, remain(f.desired), words.Span(so.CooldownPeriod))
	zero := zeroAt(c)
	if so.LastActiveTime.IsZero() {
		d.Why = fmt.Sprintf("%s, and no trigger was ever active; %s for now.", quiet, remain(f.desired))
	}
	floor := "to " + itoa(so.Floor())
	if !so.PausedScaleIn {
		d.Zero = zero
	}
	switch left := zero.Sub(f.now); {
	case so.PausedScaleIn:
		d.Next = fmt.Sprintf("Scaling in is paused by annotation: KEDA does not go %s.", floor)
	case zero.IsZero() || left <= 0:
		d.Next = fmt.Sprintf("KEDA goes %s at its next look, within %s.", floor, words.Span(so.PollingInterval))
	case f.desired > f.low && c.HPA != nil && c.HPA.ScaleDownWindow > left:
		d.Next = fmt.Sprintf("KEDA goes straight %s in about %s; the HPA would wait up to %s.", floor, countdown(left), words.Span(c.HPA.ScaleDownWindow))
	case f.desired > f.low && c.HPA != nil:
		d.Next = fmt.Sprintf("KEDA goes straight %s in about %s; the HPA may remove some before.", floor, countdown(left))
	default:
		d.Next = fmt.Sprintf("KEDA goes %s in about %s.", floor, countdown(left))
	}
	return d, true
}

// wantsMore is a queue that calls for more pods than are set.
func wantsMore(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.want <= f.desired {
		return Decision{}, false
	}
	d := Decision{Phase: ScalingUp, Link: LinkHPA}
	d.Why = fmt.Sprintf("%s; %s set so far.", calls(f), isOrAre(f.desired))
	if f.raw > f.high {
		d.Why = fmt.Sprintf("%s; maxReplicaCount allows %d, and %s set so far.", calls(f), f.high, isOrAre(f.desired))
	}
	within := words.Span(scaling.SyncPeriod)
	switch held := c.HPA != nil && c.HPA.ScaleUpWindow > 0; {
	case c.ScaledObject.PausedScaleOut:
		d.Next = "Scaling out is paused by annotation: the HPA adds none."
	case c.HPA == nil:
		d.Next = noHPA(c)
	case f.limit <= f.desired:
		d.Next = "The HPA's scale-up policies allow no more for now."
	case held:
		d.Next = fmt.Sprintf("The HPA adds some once this has been so for %s.", words.Span(c.HPA.ScaleUpWindow))
	case f.limit < f.want:
		d.Next = fmt.Sprintf("The HPA may go to %d at its next sync, within about %s, and on from there.", f.limit, within)
	default:
		d.Next = fmt.Sprintf("The HPA goes to %d at its next sync, within about %s.", f.want, within)
	}
	return d, true
}

// noHPA says why there is no telling what the HPA does next.
func noHPA(c *store.Chain) string {
	if c.HPAStatus.State == kscope.Synced {
		return "KEDA has not made the HPA for it yet."
	}
	return "The next step is the HPA's, which kscope cannot see."
}

// podsStarting is a size that was set and is not reached yet.
func podsStarting(c *store.Chain, f *facts) (Decision, bool) {
	if !f.readyKnown || f.ready >= f.desired {
		return Decision{}, false
	}
	d := Decision{Phase: ScalingUp, Link: LinkPods,
		Why:  fmt.Sprintf("%s set, %s ready so far.", podsAre(f.desired), isOrAre(f.ready)),
		Next: fmt.Sprintf("%s not ready yet.", podsAre(f.desired-f.ready))}
	if f.wantKnown && f.raw > 0 {
		d.Why = fmt.Sprintf("%s; %s set, %s ready so far.", calls(f), isOrAre(f.desired), isOrAre(f.ready))
	}
	if n := c.Counts[kscope.PodPending]; n > 0 {
		d.Next = strings.TrimSuffix(d.Next, ".") + fmt.Sprintf("; %d of them %s for a node.", n, verb(n, "waits", "wait"))
	}
	return d, true
}

// wantsFewer is more pods than the queue calls for.
func wantsFewer(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.want >= f.desired || f.partly {
		return Decision{}, false
	}
	d := Decision{Phase: Draining, Link: LinkHPA}
	d.Why = fmt.Sprintf("%s; %s set.", calls(f), isOrAre(f.desired))
	if f.raw == 0 {
		d.Why = fmt.Sprintf("%s, and %s set.", isEmpty(f.r), podsAre(f.desired))
	}
	switch h := c.HPA; {
	case c.ScaledObject.PausedScaleIn:
		d.Next = "Scaling in is paused by annotation: nothing is removed."
	case h == nil:
		d.Next = noHPA(c)
	case h.HasBehavior && h.ScaleDownSelect == "Disabled":
		d.Next = "The HPA's behavior does not let it remove any."
	case h.ScaleDownWindow == 0:
		d.Next = fmt.Sprintf("The HPA goes down towards %d from its next sync on, within about %s.", f.want, words.Span(scaling.SyncPeriod))
	default:
		d.Next = fmt.Sprintf("The HPA goes down to about %d once nothing in the last %s called for more.", f.want, words.Span(h.ScaleDownWindow))
	}
	return d, true
}

// full is a queue that calls for more than maxReplicaCount.
func full(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.raw <= f.high || f.want != f.high {
		return Decision{}, false
	}
	return Decision{Phase: Steady, Link: LinkHPA,
		Why:  fmt.Sprintf("%s, but maxReplicaCount is %d.", calls(f), f.high),
		Next: fmt.Sprintf("It stays at %d until less is asked for.", f.high)}, true
}

// tolerated is a queue that is off its target by too little to act on.
func tolerated(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.raw == f.desired || f.want != f.desired || f.raw < f.low || f.raw > f.high || f.desired <= 0 {
		return Decision{}, false
	}
	each := words.Count(f.r.Value / float64(f.desired))
	return Decision{Phase: Steady, Link: LinkHPA,
		Why: fmt.Sprintf("%s for %s: %s each, within 10%% of the target of %s, so the HPA leaves it.",
			amount(f.r), pods(int(f.desired)), each, words.Count(f.r.Target)),
		Next: "It moves when the number per pod leaves that band."}, true
}

// atMinimum is the size that minReplicaCount keeps without any need for it.
func atMinimum(c *store.Chain, f *facts) (Decision, bool) {
	least := c.ScaledObject.MinReplicaCount
	if !f.wantKnown || f.partly || least == 0 || f.desired != least || f.raw >= least {
		return Decision{}, false
	}
	above := f.r.Target * float64(least) * (1 + scaling.Tolerance)
	d := Decision{Phase: Steady, Link: LinkWorkload,
		Why:  fmt.Sprintf("%s, but minReplicaCount keeps %d.", calls(f), least),
		Next: fmt.Sprintf("More than about %s would add pods.", jobs(above))}
	if f.raw == 0 {
		d.Why = fmt.Sprintf("%s; minReplicaCount keeps %s.", isEmpty(f.r), pods(int(least)))
	}
	if f.r.Trigger.Queue == nil {
		d.Next = fmt.Sprintf("A value above about %s would add pods.", words.Count(above))
	}
	return d, true
}

// steady is as many pods as the queue calls for.
func steady(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.partly {
		return Decision{}, false
	}
	d := Decision{Phase: Steady, Link: LinkWorkload, Next: "Nothing changes while the queue stays about this long."}
	if f.r.Trigger.Queue == nil {
		d.Next = "Nothing changes while the value stays about the same."
	}
	d.Why = fmt.Sprintf("%s, and %s set.", calls(f), isOrAre(f.desired))
	if f.readyKnown && f.ready == f.desired {
		d.Why = fmt.Sprintf("%s, and %s ready.", calls(f), isOrAre(f.desired))
	}
	if f.raw == 0 {
		d.Why = fmt.Sprintf("%s, but %s.", isEmpty(f.r), remain(f.desired))
		d.Next = ""
	}
	if c.ScaledObject.ForceActivation {
		d.Next = "The annotation force-activation keeps KEDA from going to zero."
	}
	return d, true
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
	case h.Conditions.Get("ScalingLimited").Reason == "TooManyReplicas":
		d.Why = fmt.Sprintf("The HPA would go higher, but maxReplicaCount is %d; %s.", f.high, lower(have))
	case h.Conditions.Get("ScalingLimited").Reason == "ScaleUpLimit":
		d.Phase = ScalingUp
		d.Why = fmt.Sprintf("The HPA goes up step by step, now at %d; %s.", h.DesiredReplicas, lower(have))
	case h.Conditions.Get("AbleToScale").Reason == "ScaleDownStabilized":
		d.Phase = Draining
		d.Why = fmt.Sprintf("The HPA could do with fewer, but keeps %d as long as the last %s called for them.", h.DesiredReplicas, words.Span(h.ScaleDownWindow))
	default:
		d.Why = fmt.Sprintf("The HPA wants %d; %s.", h.DesiredReplicas, lower(have))
	}
	if err := firstError(c); err != "" {
		d.Next, d.Link = "kscope cannot read the queue: "+sentence(err), LinkQueue
	}
	return d, true
}
