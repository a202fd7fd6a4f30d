package world

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// pollScaledObject is one turn of KEDA's scale loop. The next is due one
// polling interval after the beginning of this one.
func (w *World) pollScaledObject(so *scaledObject) {
	so.poll = w.after(so.spec.polling(), func() { w.pollScaledObject(so) })
	triggers, err := w.scalersOf(so, true)
	if err != nil {
		return // no status, no scaling: what the status says gets old
	}
	fellBack := so.conditions.get("Fallback").status == "True"
	s := w.state(so, triggers)
	if s.failed {
		so.built = nil
	}
	switch {
	case s.fallback && !fellBack:
		w.tell(so, corev1.EventTypeNormal, "ScaledObjectFallbackActivated", "ScaledObjectFallbackActivated", "ScaledObject fallback is active")
	case !s.fallback && fellBack:
		w.tell(so, corev1.EventTypeNormal, "ScaledObjectFallbackDeactivated", "ScaledObjectFallbackDeactivated", "ScaledObject fallback is no longer active")
	}
	w.requestScale(so, s)
	w.publishScaledObject(so)
}

// soState is what a poll found out.
type soState struct {
	active, failed, fallback bool
	triggers                 []string // names of the active metrics
}

// state observes every trigger. (scale_handler.go: getScaledObjectState)
func (w *World) state(so *scaledObject, triggers []trigger) soState {
	var s soState
	useHPA := so.spec.usesHPAObservations() && w.hpaIsQuerying(so)
	resources := 0
	for _, t := range triggers {
		if t.resource != "" {
			resources++
			continue
		}
		r, ok := record{}, false
		if useHPA {
			r, ok = so.seen[t.metric]
		}
		if !ok {
			r = w.observe(so, t)
		}
		if t.cached {
			if so.cached == nil {
				so.cached = map[string]record{}
			}
			so.cached[t.metric] = r
		}
		switch {
		case r.err != nil:
			s.failed = true
			w.tell(so, corev1.EventTypeWarning, "KEDAScalerFailed", "KEDAScalerFailed", r.err.Error())
		case r.active || r.fallback:
			s.active = true
			s.triggers = append(s.triggers, t.metric)
		}
		s.fallback = s.fallback || r.fallback
	}
	if resources == len(triggers) && !s.failed {
		s.active = true
	}
	return s
}

// hpaIsQuerying reports whether the HPA is healthy, so that its observations
// are current.
func (w *World) hpaIsQuerying(so *scaledObject) bool {
	h := w.hpas[w.hpaRef(so)]
	return h != nil && h.condition("ScalingActive").Status == corev1.ConditionTrue
}

// requestScale decides and acts on what a poll found out, and writes the
// status. (scale_scaledobjects.go: RequestScale)
func (w *World) requestScale(so *scaledObject, s soState) {
	so.activity = make(map[string]bool, len(so.metrics))
	for _, name := range so.metrics {
		so.activity[name] = false
	}
	for _, name := range s.triggers {
		so.activity[name] = true
	}
	so.conditions.set("Ready", "True", "ScaledObjectReady", readyMessage)
	wl := w.target(so)
	if wl == nil {
		kind := orText(so.spec.ScaleTargetRef.Kind, "Deployment")
		err := fmt.Errorf("error getting information on %s with name %s: %s.apps %q not found",
			"apps/v1."+kind, so.spec.ScaleTargetRef.Name, kind, so.spec.ScaleTargetRef.Name)
		so.conditions.set("Ready", "False", "ErrorGettingCurrentReplicas", "Error getting current replicas count for ScaleTarget: "+err.Error())
		return
	}
	if fullyPaused(so.u.GetAnnotations()) {
		so.conditions.set("Paused", "True", "ScaledObjectPaused", pausedMessage)
		return
	}
	forced := flag(so.u.GetAnnotations(), forceActivation)
	if s.active || forced {
		w.whileActive(so, wl, s, forced)
	} else {
		w.whileInactive(so, wl, s)
	}
	w.judgeHPA(so)
}

// whileActive is the upper half of KEDA's decision table.
func (w *World) whileActive(so *scaledObject, wl *workload, s soState, forced bool) {
	message := activeMessage
	if forced {
		message = forcedMessage
	}
	so.conditions.set("Active", "True", "ScalerActive", message)
	current := wl.replicas()
	switch {
	case so.spec.IdleReplicaCount != nil && current < so.spec.least(), current == 0:
		w.activate(so, wl, s, forced)
	case s.failed:
		so.conditions.set("Ready", "Unknown", "PartialTriggerError", partialMessage)
	default:
		so.lastActive = w.now.Truncate(time.Second)
	}
}

// activate is KEDA's step from zero, or from idle.
func (w *World) activate(so *scaledObject, wl *workload, s soState, forced bool) {
	if flag(so.u.GetAnnotations(), pausedScaleOut) {
		return
	}
	from, to := wl.replicas(), so.spec.hpaMin()
	if err := w.refusal(wl, kedaUser); err != nil {
		w.couldNot(so, "error activating ScaleTarget: "+err.Error())
		w.tell(so, corev1.EventTypeWarning, "KEDAScaleTargetActivationFailed", "KEDAScaleTargetActivationFailed",
			fmt.Sprintf("Failed to scale %s: %v", so.way(from, to), err))
		return
	}
	w.writeScale(wl, to, kedaManager)
	note := fmt.Sprintf("Scaled %s, triggered by %s", so.way(from, to), strings.Join(s.triggers, ";"))
	if forced {
		note = fmt.Sprintf("Scaled %s, caused by forced activation annotation", so.way(from, to))
	}
	w.tell(so, corev1.EventTypeNormal, "KEDAScaleTargetActivated", "KEDAScaleTargetActivated", note)
	so.lastActive = w.now.Truncate(time.Second)
}

func (w *World) couldNot(so *scaledObject, message string) {
	so.conditions.set("Ready", "False", "ErrorScalingTarget", message)
}

// way says what is scaled from where to where, as KEDA's events do.
func (so *scaledObject) way(from, to int32) string {
	return fmt.Sprintf("%s %s/%s from %d to %d", so.targetKind, so.ref.Namespace, so.spec.ScaleTargetRef.Name, from, to)
}

// whileInactive is the lower half of KEDA's decision table.
func (w *World) whileInactive(so *scaledObject, wl *workload, s soState) {
	so.conditions.set("Active", "False", "ScalerNotActive", inactiveMessage)
	current, idle := wl.replicas(), so.spec.IdleReplicaCount
	switch {
	case s.failed && so.spec.Fallback != nil && so.spec.Fallback.Replicas != 0:
	case s.failed && so.spec.Fallback == nil:
		so.conditions.set("Ready", "False", "TriggerError", triggersMessage)
	case idle != nil && current > *idle, current > 0 && so.spec.least() == 0:
		w.deactivate(so, wl)
	case idle == nil && current < so.spec.least():
		if err := w.refusal(wl, kedaUser); err != nil {
			w.couldNot(so, "error setting ScaleTarget replicas count to ScaledObject minReplicaCount: "+err.Error())
			return
		}
		w.writeScale(wl, so.spec.least(), kedaManager)
	}
}

// deactivate is KEDA's step to zero, or to idle, once the cooldown is over.
// The comparison is strict, and the time of the last activity is in whole
// seconds.
func (w *World) deactivate(so *scaledObject, wl *workload) {
	if flag(so.u.GetAnnotations(), pausedScaleIn) {
		return
	}
	cooled := so.u.GetCreationTimestamp().Add(seconds(so.spec.InitialCooldownPeriod, 0)).Before(w.now)
	if !so.lastActive.IsZero() {
		cooled = so.lastActive.Add(seconds(so.spec.CooldownPeriod, 300)).Before(w.now)
	}
	if !cooled {
		so.conditions.set("Active", "False", "ScalerCooldown", cooldownMessage)
		return
	}
	from, to := wl.replicas(), so.spec.least()
	if idle := so.spec.IdleReplicaCount; idle != nil {
		to = *idle
	}
	if err := w.refusal(wl, kedaUser); err != nil {
		w.couldNot(so, "error deactivating ScaleTarget: "+err.Error())
		w.tell(so, corev1.EventTypeWarning, "KEDAScaleTargetDeactivationFailed", "KEDAScaleTargetDeactivationFailed",
			fmt.Sprintf("Failed to deactivate %s: %v", so.way(from, to), err))
		return
	}
	w.writeScale(wl, to, kedaManager)
	w.tell(so, corev1.EventTypeNormal, "KEDAScaleTargetDeactivated", "KEDAScaleTargetDeactivated", "Deactivated "+so.way(from, to))
}

// judgeHPA sets the condition HPAActive from what the HPA says; an HPA that
// has said nothing leaves it as it is.
func (w *World) judgeHPA(so *scaledObject) {
	h := w.hpas[w.hpaRef(so)]
	if h == nil || so.hpaName == "" {
		return
	}
	switch c := h.condition("ScalingActive"); {
	case c.Type == "":
	case c.Status == corev1.ConditionTrue:
		so.conditions.set("HPAActive", "True", "HPAActive", "HPA is actively scaling")
	case c.Reason == "ScalingDisabled":
		so.conditions.set("HPAActive", "True", "ScalingDisabled", c.Message)
	default:
		so.conditions.set("HPAActive", "False", orText(c.Reason, "HPAMetricsUnavailable"), "HPA is not actively scaling: "+c.Message)
	}
}
