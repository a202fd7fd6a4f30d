package explain

import (
	"fmt"
	"time"

	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

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
	if len(so.Conditions) > 0 || !c.KEDAStatus.Current() || since.IsZero() || f.now.Sub(since) < so.PollingInterval {
		return Decision{}, false
	}
	return Decision{Phase: Broken, Link: LinkKEDA,
		Why:  fmt.Sprintf("KEDA has not said anything about this ScaledObject in the last %s.", words.Age(f.now.Sub(since))),
		Next: "Check that the KEDA operator runs and watches this namespace."}, true
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
	if !so.Conditions.Get("Active").True() || f.desired == 0 || last.IsZero() || !c.KEDAStatus.Current() ||
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
