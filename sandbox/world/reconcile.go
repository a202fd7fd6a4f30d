package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/dump"
)

// wantReconcile has KEDA's operator look at a ScaledObject soon. A change
// comes before a retry that is waiting, and ends the row of failures.
func (w *World) wantReconcile(so *scaledObject) {
	w.stop(so.reconciling)
	so.retry = backoff{first: 5 * time.Millisecond, most: 1000 * time.Second}
	so.reconciling = w.after(w.delay(), func() { w.reconcile(so) })
}

// reconcile is KEDA's reconciler for one ScaledObject. (scaledobject_controller.go)
func (w *World) reconcile(so *scaledObject) {
	if w.scaled[so.ref] != so || w.isBroken(NoOperator, kscope.Ref{}) || w.hangs(so) {
		return // an operator that begins reconciles everything
	}
	if f := so.u.GetFinalizers(); !slices.Contains(f, finalizer) {
		so.u.SetFinalizers(append(f, finalizer))
		so.u.SetGeneration(so.u.GetGeneration() + 1) // the first write of the operator rounds the spec off
		w.emitScaledObject(Modified, so)
	}
	if so.conditions == nil {
		so.conditions = initialConditions()
		w.publishScaledObject(so)
	}
	done := false
	defer func() {
		if !done { // a panic: the operator catches it, and tries again
			so.reconciling = w.after(so.retry.next(), func() { w.reconcile(so) })
		}
	}()
	message, err := w.reconcileSteps(so)
	done = true
	if err != nil {
		text := message + ": " + err.Error()
		so.conditions.set("Ready", "False", "ScaledObjectCheckFailed", text)
		so.conditions.set("Active", "Unknown", "UnknownState", checkFailMessage)
		w.emitted(so, corev1.EventTypeWarning, "ScaledObjectCheckFailed", text)
		so.reconciling = w.after(so.retry.next(), func() { w.reconcile(so) })
	} else {
		if so.conditions.get("Ready").status != "True" {
			w.emitted(so, corev1.EventTypeNormal, "ScaledObjectReady", "ScaledObject is ready for scaling")
		}
		so.conditions.set("Ready", "True", "ScaledObjectReady", message)
		so.retry.failures = 0
	}
	if !so.spec.hasFallback() {
		so.conditions.set("Fallback", "False", "NoFallbackFound", noFallback)
	}
	w.publishScaledObject(so)
}

// emitted is an event through KEDA's event emitter, which puts the message
// into the action: the API server refuses it when it has more than 128
// characters, so that it is lost.
func (w *World) emitted(so *scaledObject, typ, reason, message string) {
	if len(message) <= 128 {
		w.tell(so, typ, reason, message, message)
	}
}

// reconcileSteps does what a ScaledObject needs; with an error the text is the
// step that failed.
func (w *World) reconcileSteps(so *scaledObject) (string, error) {
	annotations := so.u.GetAnnotations()
	wasPaused := so.conditions.get("Paused").status == "True"
	switch {
	case fullyPaused(annotations):
		return w.pause(so, wasPaused)
	case flag(annotations, pausedScaleIn) || flag(annotations, pausedScaleOut):
		so.conditions.set("Paused", "True", "ScaledObjectPaused", pausedMessage)
		if !wasPaused {
			w.emitted(so, corev1.EventTypeNormal, "ScaledObjectPaused", pausedMessage)
		}
	case wasPaused:
		const message = "pause annotation removed for ScaledObject"
		so.conditions.set("Paused", "False", "ScaledObjectUnpaused", message)
		w.emitted(so, corev1.EventTypeNormal, "ScaledObjectUnpaused", message)
	}
	so.pausedAt = nil
	if labels := so.u.GetLabels(); labels[nameLabel] != so.ref.Name {
		if labels == nil {
			labels = map[string]string{}
		}
		labels[nameLabel] = so.ref.Name
		so.u.SetLabels(labels)
		w.emitScaledObject(Modified, so)
	}
	if err := w.findTarget(so); err != nil {
		return "ScaledObject doesn't have correct scaleTargetRef specification", err
	}
	if step, err := so.spec.check(); err != nil {
		return step, err
	}
	so.types, so.auths = typesOf(so.spec.Triggers)
	so.knowsTypes = true
	made, err := w.ensureHPA(so)
	if err != nil {
		return "failed to ensure HPA is correctly created for ScaledObject", err
	}
	if made || so.loopOf != so.u.GetGeneration() {
		w.startLoop(so)
	}
	if made && w.hangs(so) {
		w.after(w.delay(), func() { w.editHPA(so) })
	}
	return readyMessage, nil
}

// findTarget checks that the target is there, and notes what it is.
func (w *World) findTarget(so *scaledObject) error {
	ref := so.spec.ScaleTargetRef
	kind, version := orText(ref.Kind, "Deployment"), orText(ref.APIVersion, "apps/v1")
	if ref.Name == "" {
		return fmt.Errorf("ScaledObject.spec.scaleTargetRef.name is missing")
	}
	known := kind == "Deployment" || kind == "StatefulSet" // whose version KEDA does not look up
	if group, _, _ := strings.Cut(version, "/"); group != "apps" || !known {
		err := fmt.Errorf("no matches for kind %q in version %q", kind, version)
		w.emitted(so, corev1.EventTypeWarning, "ScaledObjectUpdateFailed", err.Error())
		return err
	}
	wl := w.target(so)
	if wl == nil {
		w.emitted(so, corev1.EventTypeWarning, "ScaledObjectCheckFailed", "Target resource doesn't exist")
		return notFound(kind, ref.Name)
	}
	so.targetKind = version + "." + kind
	if so.original == nil {
		n := wl.replicas()
		so.original = &n
	}
	return nil
}

// notFound is the API server's error for a workload that is not there.
func notFound(kind, name string) error {
	return fmt.Errorf("%ss.apps %q not found", strings.ToLower(kind), name)
}

// pause stops the loop, deletes the HPA, and sets the replicas that the
// annotation asks for.
func (w *World) pause(so *scaledObject, wasPaused bool) (string, error) {
	so.conditions.set("Paused", "True", "ScaledObjectPaused", pausedMessage)
	if !wasPaused {
		w.publishScaledObject(so)
		w.emitted(so, corev1.EventTypeNormal, "ScaledObjectPaused", pausedMessage)
	}
	w.stopLoop(so)
	if h := w.hpas[w.hpaRef(so)]; h != nil && h.isOf(so) {
		w.removeHPA(h)
	}
	so.pausedAt = nil
	text, ok := so.u.GetAnnotations()[pausedReplicas]
	if !ok {
		return pausedMessage, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return "failed to scale target to paused replica count", fmt.Errorf("failed to parse paused replica count: %w", err)
	}
	wl := w.target(so)
	if wl == nil {
		return "failed to scale target to paused replica count",
			fmt.Errorf("failed to get scale for target resource: %w", notFound(orText(so.spec.ScaleTargetRef.Kind, "Deployment"), so.spec.ScaleTargetRef.Name))
	}
	count := int32(n)
	if wl.replicas() != count {
		if err := w.refusal(wl, kedaUser); err != nil {
			return "failed to scale target to paused replica count", fmt.Errorf("failed to scale target to paused replica count: %w", err)
		}
		w.writeScale(wl, count, kedaManager)
	}
	so.pausedAt = &count
	return pausedMessage, nil
}

// startLoop starts the scale loop of the object as it is now, in place of one
// that runs. The first poll is at once.
func (w *World) startLoop(so *scaledObject) {
	if so.loopOf == 0 {
		w.tell(so, corev1.EventTypeNormal, "KEDAScalersStarted", "ScalersWatchStarted", "Started scalers watch")
	}
	so.loopOf = so.u.GetGeneration()
	so.cached = nil
	w.stop(so.poll)
	first := max(w.firstPoll, 0)
	if w.firstPoll < 0 {
		first = w.delay()
	}
	so.poll = w.after(first, func() { w.pollScaledObject(so) })
}

func (w *World) stopLoop(so *scaledObject) {
	w.stop(so.poll)
	so.built, so.seen, so.cached = nil, nil, nil
	if so.loopOf != 0 {
		so.loopOf = 0
		w.tell(so, corev1.EventTypeNormal, "KEDAScalersStopped", "KEDAScalersStopped", "Stopped scalers watch")
	}
}

// finalize is the end of a ScaledObject: the HPA goes with it, the replicas
// stay unless they are to be restored.
func (w *World) finalize(so *scaledObject) {
	w.stop(so.reconciling)
	w.stopLoop(so)
	if wl := w.target(so); wl != nil && so.spec.Advanced.Restore && so.targetKind != "" && so.original != nil {
		if w.refusal(wl, kedaUser) == nil {
			w.writeScale(wl, *so.original, kedaManager)
		}
	}
	w.tell(so, corev1.EventTypeWarning, "ScaledObjectDeleted", "ScaledObject was deleted", "ScaledObject was deleted")
	so.u.SetFinalizers(nil)
	delete(w.scaled, so.ref)
	w.emitScaledObject(Deleted, so)
	if h := w.hpas[w.hpaRef(so)]; h != nil && h.isOf(so) {
		w.removeHPA(h)
	}
	w.crewsChanged()
}

// goOnWith has the operator go on with a ScaledObject out of a dump: its loop was running
// where it was ready and not paused, and comes round as it did when it found work last.
func (w *World) goOnWith(so *scaledObject, status any) {
	so.remember(dump.StatusOf(status))
	if so.conditions == nil {
		return
	}
	so.u.Object["status"] = so.status()
	if so.conditions.get("Ready").status != "True" || fullyPaused(so.u.GetAnnotations()) {
		return
	}
	so.loopOf = so.u.GetGeneration()
	so.poll = w.after(w.comesRound(so.lastActive, so.spec.polling()), func() { w.pollScaledObject(so) })
}
