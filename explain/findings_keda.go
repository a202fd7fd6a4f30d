package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// retries is how KEDA behaves after it has refused an object.
const retries = "KEDA retries by itself, after up to about 17m, or at once when the ScaledObject is edited."

// stays says what becomes of the replicas while nobody sets them.
func stays(c *store.Chain, f *facts) string {
	if c.Workload == nil {
		return "nothing is scaled"
	}
	return stay(f.desired)
}

// spelt is what is wrong where KEDA says so in its own words: what its message
// has in it, and ours.
var spelt = []struct{ has, says string }{
	{"error resolving secrets for ScaleTarget", "A reference dangles"},
	{"missing required parameter", "KEDA refuses a trigger"},
	{"no addresses or hosts given", "The trigger says no address"},
	{"must be less than or equal to MaxReplicaCount", "minReplicaCount is above maxReplicaCount"},
	{"IdleReplicaCount", "idleReplicaCount does not fit minReplicaCount"},
	{"no scaler found for type", "KEDA has no such type of trigger"},
	{"no triggers defined", "There is no trigger"},
}

func refused(c *store.Chain, f *facts) (Finding, bool) {
	ready := c.ScaledObject.Conditions.Get("Ready")
	if !ready.False() || ready.Reason != "ScaledObjectCheckFailed" {
		return Finding{}, false
	}
	x := Finding{Link: LinkKEDA,
		Says:     "KEDA refuses it: " + sentence(ready.Message),
		Next:     fmt.Sprintf("Until that is mended, %s. %s", stays(c, f), retries),
		Evidence: []Evidence{conditionOf(self(c), ready)},
		Move: Move{kubectl(c, "edit", "scaledobject", c.ScaledObject.Ref.Name),
			"Mend it there: KEDA tries again as soon as it is saved."}}
	for _, s := range spelt {
		if strings.Contains(ready.Message, s.has) {
			x.Says = s.says + ": " + sentence(ready.Message)
			break
		}
	}
	if strings.Contains(ready.Message, "connection refused") || strings.Contains(ready.Message, "i/o timeout") || strings.Contains(ready.Message, "no such host") {
		x.Says = "The source does not answer: " + sentence(ready.Message)
		x.Move = Move{kubectl(c, "annotate", "--overwrite", "scaledobject", c.ScaledObject.Ref.Name, "touched=now"),
			"Once the source answers, this makes KEDA try again at once, not in up to 17m."}
	}
	if w := warned(c, f.now, complaint, "ScaledObjectCheckFailed"); w != nil {
		x.Evidence = append(x.Evidence, warningOf(w))
	}
	return x, true
}

// complaint is how long an event is taken to be about the present. KEDA's client
// drops most of those that repeat themselves, down to one in 5 minutes.
const complaint = 10 * time.Minute

// ignored is a ScaledObject that KEDA has never said a word about.
func ignored(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	since := c.Watched
	if len(so.Conditions) > 0 || !c.KEDAStatus.Current() || since.IsZero() || f.now.Sub(since) < so.PollingInterval || so.Ref.Name == "" {
		return Finding{}, false
	}
	return Finding{Link: LinkKEDA,
		Says:     fmt.Sprintf("KEDA has not said anything about this ScaledObject in the last %s.", words.Age(f.now.Sub(since))),
		Next:     "Check that the KEDA operator runs and watches this namespace.",
		Evidence: []Evidence{{Object: self(c), Field: "conditions", Value: "none", Since: since}},
		Move:     Move{command("kubectl", "-n", "keda", "get", "pods"), "It shows whether the operator runs: keda-operator must be ready."}}, true
}

func fallbackRunning(c *store.Chain, f *facts) (Finding, bool) {
	fb := c.ScaledObject.Fallback
	is := c.ScaledObject.Conditions.Get("Fallback")
	if !is.True() || fb == nil {
		return Finding{}, false
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
	x := Finding{Link: LinkKEDA,
		Says:     fmt.Sprintf("The source %s, so KEDA falls back to %s.", failed, back),
		Next:     "The first reading that succeeds ends this fallback.",
		Evidence: []Evidence{conditionOf(self(c), is), settingOf(c, "spec.fallback", fmt.Sprintf("%d replicas after %d failures", fb.Replicas, fb.FailureThreshold))},
		Move:     describeSelf(c, "Its events say why the source fails.")}
	if why, e, ok := whyFailing(c, f); ok {
		x.Says = fmt.Sprintf("%s: KEDA falls back to %s.", capital(why), back)
		x.Evidence = append(x.Evidence, e)
	}
	for _, h := range c.ScaledObject.Health {
		if h.Status == "Failing" {
			x.Evidence = append(x.Evidence, settingOf(c, "status.health "+h.Metric, words.Plural(h.Failures, "failure")))
		}
	}
	return x, true
}

// fallbackArmed is a source that fails, but not yet as often as a fallback takes.
func fallbackArmed(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	if so.Fallback == nil || so.Conditions.Get("Fallback").True() {
		return Finding{}, false
	}
	for _, h := range so.Health {
		if h.Status != "Failing" || h.Failures == 0 {
			continue
		}
		return Finding{Link: LinkKEDA,
			Says: fmt.Sprintf("The source has failed %s in a row; the fallback to %s begins after %d.",
				words.Plural(h.Failures, "time"), replicas(so.Fallback.Replicas), so.Fallback.FailureThreshold+1),
			Next:     fmt.Sprintf("Until then, %s. One reading that succeeds ends it.", stay(f.desired)),
			Evidence: []Evidence{settingOf(c, "status.health "+h.Metric, "Failing, "+words.Plural(h.Failures, "failure"))},
			Move:     describeSelf(c, "Its events say why the source fails.")}, true
	}
	return Finding{}, false
}

func triggerFailing(c *store.Chain, f *facts) (Finding, bool) {
	ready := c.ScaledObject.Conditions.Get("Ready")
	if !ready.False() && ready.Reason != "PartialTriggerError" || ready.Reason == "ScaledObjectCheckFailed" {
		return Finding{}, false
	}
	said := sentence(orElse(ready.Message, ready.Reason))
	x := Finding{Link: LinkKEDA, Evidence: []Evidence{conditionOf(self(c), ready)}, Move: describeSelf(c, "Its events say which trigger fails, and why.")}
	why, e, known := whyFailing(c, f)
	if known && !tells(ready.Message) {
		said = why + "."
		x.Evidence = append(x.Evidence, e)
		if e.Object == "kscope" { // which meets the same, so the server is worth a look
			x.Move = lookAtServer(c, told(c, func(string) bool { return true }))
		}
	}
	every := words.Span(c.ScaledObject.PollingInterval)
	switch ready.Reason {
	case "PartialTriggerError":
		x.Says = "KEDA cannot read some of the triggers: " + said
		x.Next = "The others may still add pods, but none are removed."
	case "ErrorScalingTarget":
		x.Says = "KEDA cannot set the replicas: " + said
		x.Next = fmt.Sprintf("It tries again every %s.", every)
		x.Move = canScale(c, "system:serviceaccount:keda:keda-operator")
	case "TriggerError":
		x.Says = "KEDA cannot read the source: " + said
		x.Next = fmt.Sprintf("Until it can, %s. KEDA looks every %s.", stay(f.desired), every)
	default:
		x.Says = "KEDA is not ready to scale this: " + said
		x.Next = fmt.Sprintf("It tries again every %s.", every)
	}
	return x, true
}

// canScale is the move that asks whether a service account may set the replicas.
func canScale(c *store.Chain, account string) Move {
	t := c.Target()
	kind := strings.ToLower(t.Kind) + "s"
	if g := t.Group(); g != "" {
		kind += "." + g
	}
	return Move{kubectl(c, "auth", "can-i", "update", kind, "--subresource=scale", "--as="+account),
		"If it says no, the role of that account lacks update on " + kind + "/scale."}
}

// kedaSilent misses the mark that KEDA leaves with every poll while a trigger
// is active.
func kedaSilent(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	last := c.Watched
	if c.Polled.After(last) {
		last = c.Polled
	}
	heard := f.now.Sub(last)
	silent := f.now.Sub(f.since(c, last)) // a source that is back gets its poll first
	if !so.Conditions.Get("Active").True() || f.desired == 0 || last.IsZero() || !c.KEDAStatus.Current() || silent <= patience(c) {
		return Finding{}, false
	}
	x := Finding{Link: LinkKEDA, Stale: true,
		Says: fmt.Sprintf("KEDA should look every %s, but nothing was heard from it for %s.", words.Span(so.PollingInterval), words.Age(heard)),
		Next: "Check that the KEDA operator runs and can reach the source; its status here is old.",
		Evidence: []Evidence{conditionOf(self(c), so.Conditions.Get("Active")),
			settingOf(c, "status.lastActiveTime", so.LastActiveTime.In(f.now.Location()).Format("15:04:05"))},
		Move: operatorLogs("They say what the operator does instead; nothing there: it does not run.")}
	if err := firstError(c); err != "" {
		x.Next, x.Link = "kscope cannot read the queue either: "+sentence(err), LinkQueue
	}
	return x, true
}

// patience is how long KEDA may take to be seen to look.
func patience(c *store.Chain) time.Duration { return 2*c.ScaledObject.PollingInterval + 5*time.Second }

// since is from when on KEDA may be expected to act on what has been so since a
// time: not before it was seen, unpaused, and its sources were back.
func (f *facts) since(c *store.Chain, t time.Time) time.Time {
	for _, other := range []time.Time{c.Watched, c.Resumed} {
		if other.After(t) {
			t = other
		}
	}
	for i := range c.Readings {
		if b := c.Readings[i].Back; b.After(t) {
			t = b
		}
	}
	return t
}

// Stranded is a target that KEDA left at zero, with what is to be noted of it.
type Stranded struct {
	Kind string // of the target
	Ref  kscope.Ref
	By   kscope.Ref // the ScaledObject that is gone
	Finding
}

// LeftAtZero is what stays at zero because the ScaledObject that took it there is gone.
func LeftAtZero(s *store.Store) []Stranded {
	var out []Stranded
	for _, l := range s.LeftAtZero() {
		out = append(out, Stranded{l.Kind, l.Ref, l.By, Finding{Rule: "leftAtZero", Link: LinkWorkload,
			Says:     fmt.Sprintf("%s %s stays at zero, where KEDA left it: ScaledObject %s, which scaled it, is gone.", l.Kind, called(l.Ref.Name), called(l.By.Name)),
			Next:     "No work wakes it. With restoreToOriginalReplicaCount KEDA would have put back the number from before.",
			Evidence: []Evidence{{Object: "ScaledObject " + l.By.Name, Field: "event " + l.Event.Reason, Value: l.Event.Note, Since: l.Event.Last}},
			Move: Move{command("kubectl", "-n", l.Ref.Namespace, "scale", strings.ToLower(l.Kind), l.Ref.Name, "--replicas=1"),
				"One pod runs then, for as long as nobody says otherwise."}}})
	}
	return out
}
