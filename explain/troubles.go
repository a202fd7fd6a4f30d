package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// ailments are what the reasons of pods that fail mean, for those that say it
// less plainly.
var ailments = map[string]string{
	"CrashLoopBackOff": "the container keeps ending with an error", "Error": "the container ended with an error",
	"OOMKilled":    "the container needs more memory than its limit",
	"ErrImagePull": "the image cannot be pulled", "ImagePullBackOff": "the image cannot be pulled",
	"InvalidImageName": "the name of the image is not valid", "Unschedulable": "no node has room for them",
	"CreateContainerConfigError": "a ConfigMap or Secret that they need is not there",
	"Evicted":                    "the node was short of something and put them out",
}

// ailment says why a pod fails.
func ailment(p *kscope.Pod) string {
	if s := ailments[p.Reason]; s != "" {
		return s + " (" + p.Reason + ")"
	}
	return p.Reason
}

// The explanations of what keeps the ordinary story from being told.

func notSynced(c *store.Chain, _ *facts) (Decision, bool) {
	st := c.WorkloadStatus
	if c.Workload != nil || st.State == kscope.Synced {
		return Decision{}, false
	}
	d := Decision{Phase: Looking, Link: LinkWorkload, Why: "Reading " + c.ScaledObject.ScaleTarget.Name + " from the API server."}
	switch st.State {
	case kscope.Forbidden:
		d.Why = fmt.Sprintf("You may not see %s, so the replicas of %s are unknown.", st.Kind, c.ScaledObject.ScaleTarget.Name)
		d.Next = fmt.Sprintf("Everything else goes on. Ask for get, list and watch on %s.", st.Kind)
	case kscope.Failing, kscope.Absent:
		d.Why = fmt.Sprintf("kscope cannot watch %s: %s", st.Kind, sentence(st.Message))
		d.Next = "kscope keeps trying."
	}
	return d, true
}

// targetMissing speaks only where the watch is complete and the kind is one
// that is watched as a whole.
func targetMissing(c *store.Chain, _ *facts) (Decision, bool) {
	t := c.ScaledObject.ScaleTarget
	if c.Workload != nil {
		return Decision{}, false
	}
	if c.WorkloadStatus.Kind == kscope.ScaleTargets {
		return Decision{Phase: Looking, Link: LinkWorkload, Why: fmt.Sprintf("The replicas of %s %s are not known.", t.Kind, t.Name)}, true
	}
	return Decision{Phase: Broken, Link: LinkWorkload,
		Why:  fmt.Sprintf("%s %s does not exist in namespace %s, so there is nothing to scale.", t.Kind, t.Name, c.ScaledObject.Ref.Namespace),
		Next: "Create it, or correct scaleTargetRef: " + retries}, true
}

// retries is how KEDA behaves after it has refused an object.
const retries = "KEDA retries by itself, after up to about 17m, or at once when the ScaledObject is edited."

func paused(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	if !so.FullyPaused() {
		return Decision{}, false
	}
	how := "autoscaling.keda.sh/paused"
	if so.PausedReplicas != "" {
		how = "autoscaling.keda.sh/paused-replicas"
	}
	d := Decision{Phase: PhasePaused, Link: LinkKEDA,
		Why:  fmt.Sprintf("Autoscaling is paused by the annotation %s; %s.", how, stay(f.desired)),
		Next: "Neither KEDA nor the HPA changes anything until the annotation is removed."}
	if n := so.PausedReplicas; n != "" && n != itoa(f.desired) {
		d.Why = fmt.Sprintf("Autoscaling is paused by the annotation %s at %s; %s set now.", how, n, isOrAre(f.desired))
		d.Next = fmt.Sprintf("KEDA sets the replicas to %s, and then changes nothing until the annotation is removed.", n)
	}
	return d, true
}

func refused(c *store.Chain, f *facts) (Decision, bool) {
	ready := c.ScaledObject.Conditions.Get("Ready")
	if !ready.False() || ready.Reason != "ScaledObjectCheckFailed" {
		return Decision{}, false
	}
	return Decision{Phase: Broken, Link: LinkKEDA,
		Why:  "KEDA does not accept this ScaledObject: " + sentence(ready.Message),
		Next: fmt.Sprintf("Until that is mended, %s. %s", stay(f.desired), retries)}, true
}

// ignored is a ScaledObject that KEDA has never said a word about.
func ignored(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	since := c.Watched
	if len(so.Conditions) > 0 || c.KEDAStatus.State != kscope.Synced || since.IsZero() || f.now.Sub(since) < so.PollingInterval {
		return Decision{}, false
	}
	return Decision{Phase: Broken, Link: LinkKEDA,
		Why:  fmt.Sprintf("KEDA has not said anything about this ScaledObject in the last %s.", words.Age(f.now.Sub(since))),
		Next: "Check that the KEDA operator runs and watches this namespace."}, true
}

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
		d.Why = "The HPA cannot get the metric from KEDA: " + sentence(metricCause(sa.Message))
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

// metricCause takes the HPA's preamble off a message, which names the metric
// and says nothing.
func metricCause(msg string) string {
	if _, cause, ok := strings.Cut(msg, "unable to fetch metrics from external metrics API: "); ok {
		return cause
	}
	return msg
}

func fallbackRunning(c *store.Chain, f *facts) (Decision, bool) {
	fb := c.ScaledObject.Fallback
	if !c.ScaledObject.Conditions.Get("Fallback").True() || fb == nil {
		return Decision{}, false
	}
	back := replicas(fb.Replicas)
	switch fb.Behavior {
	case "currentReplicas":
		back = "the present replicas"
	case "currentReplicasIfHigher":
		back += ", or the present number if that is higher"
	case "currentReplicasIfLower":
		back += ", or the present number if that is lower"
	case "scalingModifiers":
		back = "what the formula gives without it"
	}
	failed := "failed"
	if n := fb.FailureThreshold; n > 0 {
		failed = fmt.Sprintf("failed at least %d times in a row", n+1)
	}
	return Decision{Phase: Broken, Link: LinkKEDA,
		Why:  fmt.Sprintf("The source %s, so KEDA falls back to %s.", failed, back),
		Next: "The first reading that succeeds ends this fallback."}, true
}

func triggerFailing(c *store.Chain, f *facts) (Decision, bool) {
	ready := c.ScaledObject.Conditions.Get("Ready")
	if !ready.False() && ready.Reason != "PartialTriggerError" {
		return Decision{}, false
	}
	said := sentence(orElse(ready.Message, ready.Reason))
	d := Decision{Phase: Broken, Link: LinkKEDA}
	switch ready.Reason {
	case "PartialTriggerError":
		d.Why = "KEDA cannot read some of the triggers: " + said
		d.Next = "The others may still add pods, but none are removed."
	case "ErrorScalingTarget":
		d.Why = "KEDA cannot set the replicas: " + said
		d.Next = fmt.Sprintf("It tries again every %s.", words.Span(c.ScaledObject.PollingInterval))
	case "TriggerError":
		d.Why = "KEDA cannot read the source: " + said
		d.Next = fmt.Sprintf("Until it can, %s. KEDA looks every %s.", stay(f.desired), words.Span(c.ScaledObject.PollingInterval))
	default:
		d.Why = "KEDA is not ready to scale this: " + said
		d.Next = fmt.Sprintf("It tries again every %s.", words.Span(c.ScaledObject.PollingInterval))
	}
	return d, true
}

// kedaSilent misses the mark that KEDA leaves with every poll while a trigger
// is active.
func kedaSilent(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	last := c.Watched
	if c.Polled.After(last) {
		last = c.Polled
	}
	silent := f.now.Sub(last)
	if !so.Conditions.Get("Active").True() || f.desired == 0 || last.IsZero() || c.KEDAStatus.State != kscope.Synced ||
		silent <= 2*so.PollingInterval+5*time.Second {
		return Decision{}, false
	}
	d := Decision{Phase: Broken, Link: LinkKEDA, Stale: true,
		Why:  fmt.Sprintf("KEDA should look every %s, but nothing was heard from it for %s.", words.Span(so.PollingInterval), words.Age(silent)),
		Next: "Check that the KEDA operator runs and can reach the source; its status here is old."}
	if err := firstError(c); err != "" {
		d.Next, d.Link = "kscope cannot read the queue either: "+sentence(err), LinkQueue
	}
	return d, true
}

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

func podsCannotStart(c *store.Chain, f *facts) (Decision, bool) {
	rf, failing := c.Workload.Conditions.Get("ReplicaFailure"), c.Counts[kscope.PodFailing]
	switch {
	case rf.True():
		return Decision{Phase: Broken, Link: LinkWorkload, Why: "Pods cannot be created: " + sentence(orElse(rf.Message, rf.Reason)),
			Next: "Kubernetes keeps trying. The HPA counts only pods that exist."}, true
	case failing > 0 && f.readyKnown && f.ready < f.desired:
		d := Decision{Phase: Broken, Link: LinkPods,
			Why:  fmt.Sprintf("%d of %s cannot run; %s ready.", failing, pods(c.Counts.Alive()), isOrAre(f.ready)),
			Next: "More pods are likely to fail the same way."}
		if f.ready > 0 {
			d.Next = "Those that are ready go on."
		}
		if p := c.Ailing; p != nil {
			d.Why = fmt.Sprintf("%d of %s cannot run: %s; %s ready.", failing, pods(c.Counts.Alive()), ailment(p), isOrAre(f.ready))
			d.Next += fmt.Sprintf(" kubectl describe pod -n %s %s says more.", p.Ref.Namespace, p.Ref.Name)
		}
		return d, true
	}
	return Decision{}, false
}
