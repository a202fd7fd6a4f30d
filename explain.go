package kscope

import (
	"fmt"
	"strings"
	"time"
)

// Phase is where a ScaledObject is in its story, in a word or two.
type Phase string

// The phases.
const (
	Looking     Phase = "looking"      // not enough is known yet
	Asleep      Phase = "asleep"       // at its floor of zero, nothing to do
	Waking      Phase = "waking"       // leaving zero, nothing ready yet
	ScalingUp   Phase = "scaling up"   // on its way to more
	Steady      Phase = "steady"       // has what it wants
	Draining    Phase = "draining"     // has more than it wants
	CoolingDown Phase = "cooling down" // nothing to do, waiting for the cooldown
	PhasePaused Phase = "paused"
	Broken      Phase = "broken"
)

// Decision is why a workload has the replicas it has and what comes next.
// Words that rest on an estimate are marked with ~ or "about".
type Decision struct {
	Phase Phase
	Why   string
	Next  string
	Link  int  // which link of the chain is the reason, LinkQueue to LinkPods
	Stale bool // KEDA's status is older than it should be and must not be believed
	Want  int32
	Known bool // Want was computed from a known value
}

// rule looks at a chain and answers with a decision if it applies. The first
// one in the catalogue that answers is right, so those nearest to the root of
// a problem come first.
type rule func(c Chain, f facts) (Decision, bool)

// catalogue is every explanation there is. A new one goes where it belongs in
// the order: object, KEDA, source, workload, pods, then the ordinary story.
var catalogue = []rule{
	notSynced, paused, targetMissing, refused, sourceLost, fallbackRunning, triggerFailing,
	podsCannotStart, atZero, starting, cooling, wantsMore, wantsFewer, steady,
}

// facts is what several rules need, worked out once.
type facts struct {
	now              time.Time
	desired, ready   int32
	readyKnown       bool
	r                Reading
	want, limit      int32 // what the queue asks for within bounds; what one HPA sync may give
	wantKnown        bool
	low, high        int32 // the HPA's bounds
	quiet, quietKnow bool  // no trigger has work, as far as is known
}

// Explain says why a workload has the replicas it has and what comes next. It
// is a pure function of what was observed and of the stream's time.
func Explain(c Chain, now time.Time) Decision {
	f := facts{now: now, r: c.Reading(), low: max(c.ScaledObject.MinReplicaCount, 1), high: c.ScaledObject.MaxReplicaCount}
	if c.Workload != nil {
		f.desired = c.Workload.Desired
	}
	if c.Ready != nil {
		f.ready, f.readyKnown = *c.Ready, true
	}
	f.limit = f.high
	if c.HPA != nil {
		f.limit = c.HPA.UpLimit(f.desired)
	}
	f.quiet, f.quietKnow = len(c.Readings) > 0, len(c.Readings) > 0
	for _, r := range c.Readings {
		f.quietKnow = f.quietKnow && r.Known
		f.quiet = f.quiet && r.Known && r.Value <= r.ActivationTarget
		if r.Known && r.Target > 0 && r.Trigger.MetricType != "Value" && !c.ScaledObject.ScalingModifiers {
			current := f.desired
			if c.Workload != nil {
				current = c.Workload.Current
			}
			if w := WantReplicas(r.Value, r.Target, current); !f.wantKnown || w > f.want {
				f.want, f.wantKnown = w, true
			}
		}
	}
	f.want = min(max(f.want, f.low), f.high)
	for _, r := range catalogue {
		if d, ok := r(c, f); ok {
			d.Want, d.Known = f.want, f.wantKnown
			return d
		}
	}
	return Decision{Phase: Looking, Why: "Not enough is known yet.", Link: LinkKEDA}
}

func notSynced(c Chain, f facts) (Decision, bool) {
	if c.Workload != nil {
		return Decision{}, false
	}
	st := c.WorkloadStatus
	switch st.State {
	case Synced:
		return Decision{}, false // it is known not to exist: a later rule says so
	case Forbidden:
		return Decision{Phase: Looking, Link: LinkWorkload,
			Why:  "You may not see " + string(st.Kind) + ", so the replicas of " + c.ScaledObject.ScaleTarget.Name + " are unknown.",
			Next: "Everything else goes on. Ask for get, list and watch on " + string(st.Kind) + "."}, true
	case Failing:
		return Decision{Phase: Looking, Link: LinkWorkload, Why: "The API server does not answer for " + string(st.Kind) + ": " + sentence(st.Message),
			Next: "kscope keeps trying."}, true
	}
	return Decision{Phase: Looking, Link: LinkWorkload, Why: "Reading " + c.ScaledObject.ScaleTarget.Name + " from the API server."}, true
}

func paused(c Chain, f facts) (Decision, bool) {
	so := c.ScaledObject
	if !so.FullyPaused() {
		return Decision{}, false
	}
	how := "autoscaling.keda.sh/paused"
	if so.PausedReplicas != "" {
		how = "autoscaling.keda.sh/paused-replicas"
	}
	return Decision{Phase: PhasePaused, Link: LinkKEDA,
		Why:  fmt.Sprintf("Autoscaling is paused by the annotation %s: there is no HPA, and %s stays.", how, replicas(f.desired)),
		Next: "Nothing changes until the annotation is removed."}, true
}

func targetMissing(c Chain, _ facts) (Decision, bool) {
	t := c.ScaledObject.ScaleTarget
	if c.Workload != nil {
		return Decision{}, false
	}
	return Decision{Phase: Broken, Link: LinkWorkload,
		Why:  fmt.Sprintf("%s %s does not exist in namespace %s, so there is nothing to scale.", t.Kind, t.Name, c.ScaledObject.Ref.Namespace),
		Next: "Create it, or correct scaleTargetRef. KEDA tries again by itself, after pauses that grow to 17 minutes; editing the ScaledObject makes it try at once."}, true
}

func refused(c Chain, f facts) (Decision, bool) {
	ready := c.ScaledObject.Conditions.Get("Ready")
	if !ready.False() || ready.Reason != "ScaledObjectCheckFailed" {
		return Decision{}, false
	}
	return Decision{Phase: Broken, Link: LinkKEDA,
		Why:  "KEDA does not accept this ScaledObject: " + sentence(ready.Message),
		Next: fmt.Sprintf("Until that is mended nothing scales; %s stays. KEDA tries again after pauses that grow to 17 minutes.", replicas(f.desired))}, true
}

// sourceLost recognises a source that went away after a good start. KEDA's own
// status does not show it for sources that it connects to when it builds the
// scaler, Redis among them; the HPA's does.
func sourceLost(c Chain, f facts) (Decision, bool) {
	if c.HPA == nil || f.desired == 0 {
		return Decision{}, false
	}
	sa := c.HPA.Conditions.Get("ScalingActive")
	if !sa.False() || sa.Reason == "ScalingDisabled" {
		return Decision{}, false
	}
	d := Decision{Phase: Broken, Link: LinkHPA,
		Next: "Replicas are frozen until it can: the HPA neither adds nor removes any. It tries again at every sync."}
	if sa.Reason == "FailedGetExternalMetric" {
		d.Stale = true
		d.Why = "The HPA cannot get the metric from KEDA: " + sentence(metricCause(sa.Message))
		if f.r.Err != "" {
			d.Why = "KEDA lost the source, and so did kscope: " + sentence(f.r.Err)
			d.Link = LinkQueue
		}
		return d, true
	}
	d.Why = "The HPA cannot compute: " + sentence(orElse(sa.Message, sa.Reason))
	return d, true
}

// metricCause takes the HPA's preamble off a message, which names the metric
// and says nothing.
func metricCause(msg string) string {
	if _, cause, ok := strings.Cut(msg, "unable to fetch metrics from external metrics API: "); ok {
		return cause
	}
	return msg
}

func fallbackRunning(c Chain, f facts) (Decision, bool) {
	if !c.ScaledObject.Conditions.Get("Fallback").True() || c.ScaledObject.Fallback == nil {
		return Decision{}, false
	}
	fb := c.ScaledObject.Fallback
	return Decision{Phase: Broken, Link: LinkKEDA,
		Why:  fmt.Sprintf("The source failed more than %d times in a row, so KEDA reports a made-up value that asks for %s.", fb.FailureThreshold, replicas(fb.Replicas)),
		Next: "The first reading that succeeds ends the fallback."}, true
}

func triggerFailing(c Chain, f facts) (Decision, bool) {
	ready := c.ScaledObject.Conditions.Get("Ready")
	switch {
	case ready.False():
		return Decision{Phase: Broken, Link: LinkKEDA,
			Why:  "KEDA cannot read the source: " + sentence(orElse(ready.Message, ready.Reason)),
			Next: fmt.Sprintf("%s stays, neither up nor down, until it can. KEDA looks every %s.", capital(replicas(f.desired)), FormatSpan(c.ScaledObject.PollingInterval))}, true
	case ready.Reason == "PartialTriggerError":
		return Decision{Phase: Broken, Link: LinkKEDA, Why: "Some triggers fail: " + sentence(orElse(ready.Message, ready.Reason)),
			Next: "Scaling up works on the others; scaling down is blocked."}, true
	}
	return Decision{}, false
}

func podsCannotStart(c Chain, f facts) (Decision, bool) {
	rf := c.Workload.Conditions.Get("ReplicaFailure")
	switch {
	case rf.True():
		return Decision{Phase: Broken, Link: LinkWorkload, Why: "Pods cannot be created: " + sentence(orElse(rf.Message, rf.Reason)),
			Next: "The controller keeps trying; the HPA counts only pods that exist."}, true
	case c.Counts[PodFailing] > 0 && f.ready < f.desired:
		return Decision{Phase: Broken, Link: LinkPods,
			Why:  fmt.Sprintf("%d of %s cannot run; %d ready.", c.Counts[PodFailing], plural(int64(c.Counts.Alive()), "pod"), f.ready),
			Next: "More pods would fail the same way. The timeline names the reason."}, true
	}
	return Decision{}, false
}

func atZero(c Chain, f facts) (Decision, bool) {
	so := c.ScaledObject
	if f.desired > 0 {
		return Decision{}, false
	}
	poll := FormatSpan(so.PollingInterval)
	if n := c.Counts[PodTerminating]; n > 0 && f.quiet {
		return Decision{Phase: Draining, Link: LinkPods,
			Why:  fmt.Sprintf("Turned off; %s finishing what they hold.", pods(n)),
			Next: "Then nothing runs until work arrives; KEDA looks every " + poll + "."}, true
	}
	r := f.r
	switch {
	case r.Known && r.Value > r.ActivationTarget && r.From == FromBroker:
		return Decision{Phase: Waking, Link: LinkKEDA,
			Why:  fmt.Sprintf("%s in %s and nothing runs yet: KEDA has not looked since.", jobsWait(r), r.Name()),
			Next: fmt.Sprintf("KEDA starts %s at its next look, within %s; then the HPA takes over%s.", pods(int(so.StartsWith())), poll, asks(f))}, true
	case r.Known && r.Value > 0 && r.From == FromBroker:
		return Decision{Phase: Asleep, Link: LinkQueue,
			Why:  fmt.Sprintf("%s in %s, but KEDA starts only above its activation threshold of %s.", jobsWait(r), r.Name(), FormatCount(r.ActivationTarget)),
			Next: fmt.Sprintf("Nothing starts until there are more. KEDA looks every %s.", poll)}, true
	case r.Known:
		return Decision{Phase: Asleep, Link: LinkQueue,
			Why:  fmt.Sprintf("%s is empty, so KEDA keeps the workload at zero. The HPA rests: that is by design.", capital(r.noun())),
			Next: fmt.Sprintf("KEDA looks every %s. The first job starts %s.", poll, pods(int(so.StartsWith())))}, true
	}
	why := "KEDA sees no work, so the workload is at zero."
	if !so.Conditions.Get("Active").False() {
		why = "The workload is at zero; whether there is work is unknown."
	}
	if r.Err != "" {
		why += " kscope cannot read the queue: " + sentence(r.Err)
	}
	return Decision{Phase: Asleep, Link: LinkQueue, Why: why, Next: "KEDA looks every " + poll + "."}, true
}

func starting(c Chain, f facts) (Decision, bool) {
	if f.ready > 0 || !f.readyKnown || f.desired > f.low {
		return Decision{}, false
	}
	if f.quiet && c.ScaledObject.MinReplicaCount == 0 {
		return Decision{}, false
	}
	return Decision{Phase: Waking, Link: LinkPods,
		Why:  fmt.Sprintf("KEDA started %s; none is ready yet.", pods(int(f.desired))),
		Next: fmt.Sprintf("From here on the HPA decides, at its next sync, within about %s%s.", FormatSpan(HPASyncPeriod), asks(f))}, true
}

func cooling(c Chain, f facts) (Decision, bool) {
	so := c.ScaledObject
	cooldown := so.Conditions.Get("Active").Reason == "ScalerCooldown"
	if so.MinReplicaCount > 0 && so.IdleReplicaCount == nil || !(f.quiet || !f.quietKnow && cooldown) {
		return Decision{}, false
	}
	d := Decision{Phase: CoolingDown, Link: LinkKEDA}
	quiet := "No trigger is active"
	if f.quiet && f.r.From == FromBroker {
		quiet = capital(f.r.noun()) + " is empty"
		if f.r.Value > 0 {
			quiet = capital(f.r.noun()) + " is at or below its activation threshold"
		}
	}
	d.Why = fmt.Sprintf("%s; %s until KEDA's cooldown of %s is over.", quiet, stay(f.desired), FormatSpan(so.CooldownPeriod))
	if so.PausedScaleIn {
		d.Next = "Scaling in is paused by annotation: KEDA will not take its step to " + itoa(so.Floor()) + "."
		return d, true
	}
	switch zero := so.ZeroAt(); {
	case !cooldown && so.Conditions.Get("Active").True():
		d.Next = fmt.Sprintf("KEDA notices at its next look, within %s; the cooldown runs from the last look that saw work.", FormatSpan(so.PollingInterval))
		if !zero.IsZero() {
			d.Next = fmt.Sprintf("KEDA takes the workload to %d in about %s, straight past the HPA.", so.Floor(), countdown(zero.Sub(f.now)))
		}
	case zero.IsZero():
		d.Next = fmt.Sprintf("KEDA takes the workload to %d at its next look.", so.Floor())
	case f.now.After(zero):
		d.Next = fmt.Sprintf("KEDA takes the workload to %d at its next look, which is due.", so.Floor())
	default:
		d.Next = fmt.Sprintf("KEDA takes the workload to %d in about %s, straight past the HPA.", so.Floor(), countdown(zero.Sub(f.now)))
	}
	return d, true
}

func wantsMore(c Chain, f facts) (Decision, bool) {
	within := FormatSpan(HPASyncPeriod)
	switch {
	case f.wantKnown && f.want > f.desired:
		d := Decision{Phase: ScalingUp, Link: LinkHPA, Why: fmt.Sprintf("%s, so %s wanted; %d asked for so far.", perPod(f.r), areWanted(f.want), f.desired)}
		step := min(f.want, f.limit)
		switch {
		case c.ScaledObject.PausedScaleOut:
			d.Next = "Scaling out is paused by annotation: the HPA stays where it is."
		case step <= f.desired:
			d.Next = "The HPA's scale-up policy allows no more for now."
		case step < f.want:
			d.Next = fmt.Sprintf("The HPA may go to %d at its next sync, within about %s, and on from there.", step, within)
		default:
			d.Next = fmt.Sprintf("The HPA goes to %d at its next sync, within about %s.", step, within)
		}
		return d, true
	case f.readyKnown && f.ready < f.desired:
		d := Decision{Phase: ScalingUp, Link: LinkPods,
			Why:  fmt.Sprintf("%s; %s asked for, %d ready.", perPod(f.r), areAsked(f.desired), f.ready),
			Next: fmt.Sprintf("%s still starting.", pods(int(f.desired-f.ready)))}
		if f.wantKnown && f.want < f.desired {
			d.Next += " The queue would do with fewer already."
		}
		return d, true
	}
	return Decision{}, false
}

func wantsFewer(c Chain, f facts) (Decision, bool) {
	if !f.wantKnown || f.want >= f.desired {
		return Decision{}, false
	}
	d := Decision{Phase: Draining, Link: LinkHPA}
	window := 300 * time.Second
	if c.HPA != nil {
		window = c.HPA.ScaleDownWindow
	}
	d.Why = fmt.Sprintf("%s: %d would do now, %d run.", perPod(f.r), f.want, f.desired)
	d.Next = fmt.Sprintf("The HPA goes to %d at its next sync, within about %s.", f.want, FormatSpan(HPASyncPeriod))
	if window > 0 {
		d.Next = fmt.Sprintf("The HPA waits until the higher need is %s past, then goes down to about %d.", FormatSpan(window), f.want)
	}
	if c.ScaledObject.PausedScaleIn {
		d.Next = "Scaling in is paused by annotation: nothing is removed."
	}
	return d, true
}

func steady(c Chain, f facts) (Decision, bool) {
	d := Decision{Phase: Steady, Link: LinkWorkload}
	raw := int32(0)
	if f.r.Known && f.r.Target > 0 {
		raw = WantReplicas(f.r.Value, f.r.Target, 0)
	}
	switch {
	case raw > f.high:
		d.Why = fmt.Sprintf("%s, which asks for %s, but maxReplicaCount is %d.", perPod(f.r), FormatCount(float64(raw)), f.high)
		d.Next = "It stays at the maximum until the queue is shorter."
		d.Link = LinkHPA
	case f.wantKnown && raw != f.desired && f.desired > f.low:
		d.Why = fmt.Sprintf("%s: within 10%% of what %s, so the HPA leaves it.", perPod(f.r), takes(f.desired))
		d.Next = "The HPA moves when the queue per pod leaves that band."
	case f.wantKnown && f.desired == f.low && raw < f.low:
		d.Why = fmt.Sprintf("%s; minReplicaCount keeps %s.", perPod(f.r), replicas(f.low))
		d.Next = fmt.Sprintf("More than %s in the queue would add pods.", FormatCount(f.r.Target*float64(f.low)*(1+HPATolerance)))
	case f.wantKnown:
		d.Why = fmt.Sprintf("%s, so %s wanted, and %s run.", perPod(f.r), areWanted(f.desired), itoa(f.desired))
		d.Next = "Nothing changes while the queue stays about this long."
	default:
		d.Why = fmt.Sprintf("%s run, as wanted. What the trigger measures is unknown here.", capital(replicas(f.desired)))
		if f.r.Err != "" {
			d.Why = fmt.Sprintf("%s run, as wanted. kscope cannot read the queue: %s", capital(replicas(f.desired)), sentence(f.r.Err))
			d.Link = LinkQueue
		}
		d.Next = "The HPA looks about every " + FormatSpan(HPASyncPeriod) + "."
	}
	return d, true
}
