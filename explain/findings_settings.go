package explain

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// What the object itself asks for, rightly or not.

const (
	pausedAnnotation   = "autoscaling.keda.sh/paused"
	replicasAnnotation = "autoscaling.keda.sh/paused-replicas"
	inAnnotation       = "autoscaling.keda.sh/paused-scale-in"
	outAnnotation      = "autoscaling.keda.sh/paused-scale-out"
)

func paused(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	if !so.FullyPaused() || c.Workload == nil || badPausedReplicas(so.PausedReplicas) {
		return Decision{}, false
	}
	how := pausedAnnotation
	if so.PausedReplicas != "" {
		how = replicasAnnotation
	}
	d := Decision{Phase: PhasePaused, Link: LinkKEDA,
		Why:  fmt.Sprintf("Autoscaling is paused by the annotation %s; %s.", how, stay(f.desired)),
		Next: "Neither KEDA nor the HPA changes anything until the annotation is removed."}
	if n := so.PausedReplicas; n != "" && n != itoa(f.desired) {
		d.Why = fmt.Sprintf("Autoscaling is paused by the annotation %s at %s; %s set now.", how, n, isOrAre(f.desired))
		d.Next = fmt.Sprintf("KEDA sets the replicas to %s, and then changes nothing until the annotation is removed.", n)
	}
	if f.hasWork && f.desired == 0 {
		d.Next = waits(f.work) + " until the annotation is removed."
	}
	return d, true
}

// badPausedReplicas reports whether KEDA can make no number of what is there.
func badPausedReplicas(text string) bool {
	n, err := strconv.ParseInt(text, 10, 32)
	return text != "" && (err != nil || n < 0)
}

// badPause is a number of replicas to pause at that is none.
func badPause(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	if !badPausedReplicas(so.PausedReplicas) {
		return Finding{}, false
	}
	return Finding{Link: LinkKEDA,
		Says:     fmt.Sprintf("%q is no number of replicas: KEDA can neither pause at it nor go on.", called(so.PausedReplicas)),
		Next:     fmt.Sprintf("Until the annotation %s is mended, %s.", replicasAnnotation, stays(c, f)),
		Evidence: []Evidence{settingOf(c, "annotation "+replicasAnnotation, so.PausedReplicas), conditionOf(self(c), so.Conditions.Get("Ready"))},
		Move: Move{kubectl(c, "annotate", "scaledobject", so.Ref.Name, replicasAnnotation+"-"),
			"It removes the annotation, and KEDA scales again at once."}}, true
}

// Setting is a rule that goes by the settings of an object alone, asked of an object of
// which nothing has been seen: "misspelt", "pollingIsNoPace", "cooldownWithoutEnd",
// "held", "heldIn" or "heldOut". It is false where it finds nothing.
func Setting(rule string, so kscope.ScaledObject) (Finding, bool) {
	c := store.Chain{ID: kscope.ID{Kind: kscope.ScaledObjects, Ref: so.Ref}, ScaledObject: so}
	for _, t := range so.Triggers {
		c.Readings = append(c.Readings, store.Reading{Trigger: t})
	}
	for _, d := range []diagnosis{
		{"misspelt", misspelt, nil}, {"pollingIsNoPace", pollingIsNoPace, nil}, {"cooldownWithoutEnd", cooldownWithoutEnd, nil},
		{"held", held, nil}, {"heldIn", heldIn, nil}, {"heldOut", heldOut, nil},
	} {
		if d.name == rule {
			x, ok := d.find(&c, &facts{})
			x.Rule = rule
			return x, ok
		}
	}
	return Finding{}, false
}

// idleTug is an idleReplicaCount that the HPA does not leave alone.
func idleTug(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	if so.IdleReplicaCount == nil || *so.IdleReplicaCount <= 0 || *so.IdleReplicaCount >= so.MinReplicaCount || !f.quiet || f.desired == 0 ||
		so.ForceActivation || so.FullyPaused() || so.Conditions.Get("Active").Reason != "ScalerNotActive" || c.HPA == nil {
		return Finding{}, false
	}
	idle := *so.IdleReplicaCount
	return Finding{Link: LinkHPA,
		Says:     fmt.Sprintf("An idleReplicaCount of %d does not last: KEDA goes there, the HPA back to minReplicaCount %d.", idle, so.MinReplicaCount),
		Next:     "It goes to and fro as long as there is no work: only an idleReplicaCount of 0 lasts.",
		Evidence: []Evidence{settingOf(c, "spec.idleReplicaCount", idle), settingOf(c, "spec.minReplicaCount", so.MinReplicaCount)},
		Move: Move{kubectl(c, "patch", "scaledobject", so.Ref.Name, "--type=merge", "-p", `{"spec":{"idleReplicaCount":0}}`),
			fmt.Sprintf("KEDA then goes to zero without work, and back to %d with it.", so.MinReplicaCount)}}, true
}

// Work that is not taken, or not seen to wait.

// measured is what of a key the trigger of a reading counts; false for another
// broker.
func measured(r *store.Reading) (triggers.Redis, bool) {
	if r.Trigger.Backlog == nil || r.Trigger.Backlog.Broker != triggers.RedisBroker {
		return triggers.Redis{}, false
	}
	return triggers.RedisOf(*r.Trigger.Backlog), true
}

// neverWakes is a workload at zero that only a stream's pending entries could wake:
// these are what a consumer has taken, and there is none.
func neverWakes(c *store.Chain, f *facts) (Finding, bool) {
	if f.desired > 0 || f.hasWork || c.ScaledObject.Floor() > 0 || len(c.Readings) == 0 || c.ScaledJob != nil || c.ID.Kind == kscope.HPAs ||
		c.ScaledObject.FullyPaused() || c.ScaledObject.ForceActivation {
		return Finding{}, false
	}
	for i := range c.Readings {
		if !strings.HasSuffix(c.Readings[i].Trigger.Type, "-streams") {
			return Finding{}, false
		}
		if q, ok := measured(&c.Readings[i]); !ok || q.Measure != triggers.StreamPending {
			return Finding{}, false
		}
	}
	r := &c.Readings[0]
	return Finding{Link: LinkKEDA,
		Says: fmt.Sprintf("Nothing wakes it: of the stream %s KEDA counts only entries that a pod has taken, and no pod runs.", called(r.Name())),
		Next: "New entries wait for ever. With lagCount in the trigger KEDA counts those that wait.",
		Evidence: []Evidence{settingOf(c, "trigger "+r.Trigger.Type, "consumerGroup without lagCount"),
			readingOf(c, r)},
		Move: Move{kubectl(c, "edit", "scaledobject", c.ScaledObject.Ref.Name), "Add lagCount to the trigger's metadata, or set minReplicaCount to 1."}}, true
}

// lagUnknown is a stream whose lag Redis does not know, which KEDA takes for 0.
func lagUnknown(c *store.Chain, f *facts) (Finding, bool) {
	r := told(c, func(err string) bool { return strings.Contains(err, "tell the lag of") })
	if r == nil {
		return Finding{}, false
	}
	x := Finding{Link: LinkQueue,
		Says:     fmt.Sprintf("Redis does not know the lag of the stream %s, and KEDA takes that for 0.", called(r.Name())),
		Next:     "Entries that wait are not seen until the group has read past the gap.",
		Evidence: []Evidence{readingOf(c, r)},
		Move:     Move{command("redis-cli", "XINFO", "GROUPS", r.Name()), "A lag of nil: entries were deleted from the middle of the stream."}}
	return x, true
}

// idleFor is how long ready pods may take nothing of the work that they were
// started for.
const idleFor = 3 * scaling.SyncPeriod

// idleWorkers is pods that are ready and take nothing: since there were none nothing
// was taken, and for some time the queue has not changed at all.
func idleWorkers(c *store.Chain, f *facts) (Finding, bool) {
	for i := range c.Readings {
		r := &c.Readings[i]
		if r.Untaken.IsZero() || f.ready == 0 || !r.CountsJobs() || r.Trigger.MetricType == "Value" {
			continue
		}
		since := r.Untaken
		if r.Still.After(since) {
			since = r.Still
		}
		q, ok := measured(r)
		if !ok || f.now.Sub(since) <= idleFor || q.Measure == triggers.StreamPending || busyElsewhere(c, i) {
			continue
		}
		x := Finding{Link: LinkPods, Word: "all idle",
			Says:     fmt.Sprintf("%s ready and have taken nothing: %s, unchanged for %s.", podsAre(f.ready), waits(*r), words.Age(f.now.Sub(since))),
			Next:     "More pods would not help. See whether they read that key, at that server and database.",
			Evidence: []Evidence{readingOf(c, r), {Object: c.Target().Kind + " " + c.Target().Name, Field: "ready pods", Value: itoa(f.ready), Since: r.Untaken}},
			Move:     Move{kubectl(c, "logs", strings.ToLower(c.Target().Kind)+"/"+c.Target().Name, "--tail=20"), "It shows what the pods do instead."}}
		if f.ready == 1 {
			x.Says = fmt.Sprintf("1 pod is ready and has taken nothing: %s, unchanged for %s.", waits(*r), words.Age(f.now.Sub(since)))
		}
		if q.Measure == triggers.StreamLength {
			x.Says = fmt.Sprintf("%s, unchanged for %s: KEDA counts all entries, and those that are done stay in the stream.", waits(*r), words.Age(f.now.Sub(since)))
			x.Word = ""
			x.Next = "It never goes to zero. With consumerGroup and lagCount KEDA counts those that wait; or trim the stream."
			x.Move = Move{command("redis-cli", "XINFO", "GROUPS", r.Name()), "A lag of 0: all is done, and only the trigger does not know."}
		}
		return x, true
	}
	return Finding{}, false
}

// busyElsewhere reports whether pods may have taken work from another queue than that
// of a trigger since they were ready: it has moved, or nobody knows.
func busyElsewhere(c *store.Chain, i int) bool {
	for j := range c.Readings {
		r := &c.Readings[j]
		if j == i || r.Trigger.Backlog == nil {
			continue
		}
		if !r.Known || r.From != store.FromBroker || r.Still.IsZero() || r.Still.After(c.Readings[i].Untaken) {
			return true
		}
	}
	return false
}
