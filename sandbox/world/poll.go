package world

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

// pollScaledObject is one turn of KEDA's scale loop. The next is due one
// polling interval after the beginning of this one.
func (w *World) pollScaledObject(so *scaledObject) {
	so.poll = w.after(so.spec.polling(), func() { w.pollScaledObject(so) })
	if w.isBroken(NoOperator, kscope.Ref{}) {
		return
	}
	w.witness(Deed{What: Polled, Of: so.ref})
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

// comesRound is how long it is until the next turn of a loop that had one at a time; soon
// where that is not known.
func (w *World) comesRound(last time.Time, every time.Duration) time.Duration {
	if last.IsZero() || w.now.Sub(last) < time.Second {
		return w.delay()
	}
	return every - w.now.Sub(last.Add(time.Second/2))%every // it was kept in whole seconds
}

// soState is what a poll found out.
type soState struct {
	active, failed, fallback bool
	triggers                 []string // names of the active metrics
}

// state observes every trigger. (scale_handler.go: getScaledObjectState)
func (w *World) state(so *scaledObject, triggers []trigger) soState {
	var s soState
	seen := make([]record, len(triggers))
	useHPA := so.spec.usesHPAObservations() && w.hpaIsQuerying(so)
	resources := 0
	for i, t := range triggers {
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
		switch seen[i] = r; {
		case r.err != nil && so.formula != nil:
			s.failed = true
			w.tell(so, corev1.EventTypeWarning, "KEDAMetricSourceFailed", "KEDAMetricSourceFailed", r.err.Error())
		case r.err != nil:
			s.failed = true
			w.tell(so, corev1.EventTypeWarning, "KEDAScalerFailed", "KEDAScalerFailed", r.err.Error())
		case r.active || r.fallback:
			s.active = true
			s.triggers = append(s.triggers, t.metric)
		}
		s.fallback = s.fallback || r.fallback
	}
	if so.formula != nil {
		r := so.formula.combine(triggers, seen)
		s.active, s.failed = r.err == nil && (r.active || r.fallback), s.failed || r.err != nil
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
	annotations := so.u.GetAnnotations()
	forced := flag(annotations, forceActivation)
	move, to := so.loop(annotations).Decide(scaling.Poll{
		At: w.now, Replicas: wl.replicas(), Active: s.active || forced, Failed: s.failed,
		LastActive: so.lastActive, Created: so.u.GetCreationTimestamp().Time,
	})
	switch {
	case move == scaling.Paused:
		so.conditions.set("Paused", "True", "ScaledObjectPaused", pausedMessage)
		return
	case forced:
		so.conditions.set("Active", "True", "ScalerActive", forcedMessage)
	case s.active:
		so.conditions.set("Active", "True", "ScalerActive", activeMessage)
	default:
		so.conditions.set("Active", "False", "ScalerNotActive", inactiveMessage)
	}
	switch move {
	case scaling.Activate:
		w.activate(so, wl, to, s, forced)
	case scaling.StayActive:
		so.lastActive = scaling.ActiveAt(w.now)
	case scaling.PartlyFailed:
		so.conditions.set("Ready", "Unknown", "PartialTriggerError", partialMessage)
	case scaling.Failed:
		so.conditions.set("Ready", "False", "TriggerError", triggersMessage)
	case scaling.CoolDown:
		so.conditions.set("Active", "False", "ScalerCooldown", cooldownMessage)
	case scaling.Deactivate:
		w.deactivate(so, wl, to)
	case scaling.Raise:
		w.raise(so, wl, to)
	}
	w.judgeHPA(so)
}

// loop are the settings of KEDA's scale loop.
func (so *scaledObject) loop(annotations map[string]string) scaling.Loop {
	s := &so.spec
	l := scaling.Loop{
		Polling: s.polling(), Cooldown: seconds(s.CooldownPeriod, 300), InitialCooldown: seconds(s.InitialCooldownPeriod, 0),
		Min: s.least(), Max: s.most(), Idle: s.IdleReplicaCount,
		Paused: fullyPaused(annotations), PausedIn: flag(annotations, pausedScaleIn), PausedOut: flag(annotations, pausedScaleOut),
	}
	if s.Fallback != nil {
		l.Fallback = &s.Fallback.Replicas
	}
	return l
}

// activate is KEDA's step from zero, or from idle.
func (w *World) activate(so *scaledObject, wl *workload, to int32, s soState, forced bool) {
	from := wl.replicas()
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
	so.lastActive = scaling.ActiveAt(w.now)
}

func (w *World) couldNot(so *scaledObject, message string) {
	so.conditions.set("Ready", "False", "ErrorScalingTarget", message)
}

// way says what is scaled from where to where, as KEDA's events do.
func (so *scaledObject) way(from, to int32) string {
	return fmt.Sprintf("%s %s/%s from %d to %d", so.targetKind, so.ref.Namespace, so.spec.ScaleTargetRef.Name, from, to)
}

// deactivate is KEDA's step to zero, or to idle.
func (w *World) deactivate(so *scaledObject, wl *workload, to int32) {
	from := wl.replicas()
	if err := w.refusal(wl, kedaUser); err != nil {
		w.couldNot(so, "error deactivating ScaleTarget: "+err.Error())
		w.tell(so, corev1.EventTypeWarning, "KEDAScaleTargetDeactivationFailed", "KEDAScaleTargetDeactivationFailed",
			fmt.Sprintf("Failed to deactivate %s: %v", so.way(from, to), err))
		return
	}
	w.writeScale(wl, to, kedaManager)
	w.tell(so, corev1.EventTypeNormal, "KEDAScaleTargetDeactivated", "KEDAScaleTargetDeactivated", "Deactivated "+so.way(from, to))
}

// raise is KEDA's correction of a number below min, of which no event tells.
func (w *World) raise(so *scaledObject, wl *workload, to int32) {
	if err := w.refusal(wl, kedaUser); err != nil {
		w.couldNot(so, "error setting ScaleTarget replicas count to ScaledObject minReplicaCount: "+err.Error())
		return
	}
	w.writeScale(wl, to, kedaManager)
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
