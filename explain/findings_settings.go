package explain

import (
	"fmt"
	"strconv"

	"github.com/kscope/kscope/store"
)

// What the object itself asks for, rightly or not.

const (
	pausedAnnotation   = "autoscaling.keda.sh/paused"
	replicasAnnotation = "autoscaling.keda.sh/paused-replicas"
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

// idleTug is an idleReplicaCount that the HPA does not leave alone.
func idleTug(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	if so.IdleReplicaCount == nil || *so.IdleReplicaCount <= 0 || *so.IdleReplicaCount >= so.MinReplicaCount || !f.quiet ||
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
