package world

import (
	"fmt"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

// hpaManager is the field manager, hpaUser the identity, of the HPA controller.
const (
	hpaManager = "kube-controller-manager"
	hpaUser    = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
)

// hpa is a HorizontalPodAutoscaler and what the controller remembers of it.
type hpa struct {
	ref    kscope.Ref
	obj    *autoscalingv2.HorizontalPodAutoscaler
	memory scaling.Memory
	sync   *timer
	phase  time.Duration // of its syncs, after the first; 0 once it is in it
}

// isOf reports whether a ScaledObject owns the HPA.
func (h *hpa) isOf(so *scaledObject) bool {
	for _, o := range h.obj.OwnerReferences {
		if o.UID == so.u.GetUID() {
			return true
		}
	}
	return false
}

func (h *hpa) condition(typ autoscalingv2.HorizontalPodAutoscalerConditionType) autoscalingv2.HorizontalPodAutoscalerCondition {
	for _, c := range h.obj.Status.Conditions {
		if c.Type == typ {
			return c
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerCondition{}
}

// setCondition writes a condition; its time moves only with its status.
func (w *World) setCondition(h *hpa, typ autoscalingv2.HorizontalPodAutoscalerConditionType, status corev1.ConditionStatus, reason, message string) {
	list := h.obj.Status.Conditions
	for i := range list {
		if c := &list[i]; c.Type == typ {
			if c.Status != status {
				c.Status, c.LastTransitionTime = status, w.stamp()
			}
			c.Reason, c.Message = reason, message
			return
		}
	}
	h.obj.Status.Conditions = append(list, autoscalingv2.HorizontalPodAutoscalerCondition{
		Type: typ, Status: status, LastTransitionTime: w.stamp(), Reason: reason, Message: message,
	})
}

func (w *World) applyHPA(next *autoscalingv2.HorizontalPodAutoscaler) {
	next.Spec.Behavior = DefaultBehavior(next.Spec.Behavior)
	h := w.hpas[refOf(next)]
	if h == nil {
		w.addHPA(next)
		return
	}
	same := equality.Semantic.DeepEqual(h.obj.Spec, next.Spec)
	h.obj.Spec, h.obj.Labels, h.obj.Annotations = next.Spec, next.Labels, next.Annotations
	w.hpaWritten(h, !same)
	for _, ref := range sortedKeys(w.scaled, kscope.Ref.Less) {
		if so := w.scaled[ref]; h.isOf(so) {
			w.wantReconcile(so) // KEDA writes its own version back
		}
	}
}

// addHPA puts a new HPA into the cluster; the controller looks at it at once, and from
// then on each period. With jitter it is put there as on a cluster that has been running,
// where there is nothing to be done for it: it has been looked at, if only in a dump, and
// when it is looked at next has nothing to do with that. Where there is, that is done at
// once, in sight, and its phase begins after it.
func (w *World) addHPA(obj *autoscalingv2.HorizontalPodAutoscaler) {
	h := &hpa{ref: kscope.Ref{Namespace: obj.Namespace, Name: obj.Name}, obj: obj}
	w.hpas[h.ref] = h
	if w.born(obj) {
		w.goOnWithHPA(h)
	}
	first := w.firstSync
	if first < 0 {
		first = w.delay()
	}
	if w.o.Jitter {
		h.phase = time.Duration(w.phases.Int64N(int64(w.o.SyncPeriod))) + time.Millisecond
		if w.fits(h) {
			if len(obj.Status.Conditions) == 0 {
				w.looked(h)
			}
			first, h.phase = first+h.phase, 0
		}
	}
	w.emit(Added, obj)
	w.followUse(h)
	h.sync = w.after(first, func() { w.syncHPA(h) })
}

// goOnWithHPA takes over an HPA out of a dump. The ScaledObject that owned it has another
// uid here. What the controller called for is known only as far as the status tells: the
// replicas of its last look, which it held on to since there was work last.
func (w *World) goOnWithHPA(h *hpa) {
	at := w.now
	for i := range h.obj.OwnerReferences {
		owner := &h.obj.OwnerReferences[i]
		so := w.scaled[kscope.Ref{Namespace: h.ref.Namespace, Name: owner.Name}]
		if so == nil || owner.Kind != so.u.GetKind() {
			continue
		}
		owner.UID = so.u.GetUID()
		if h.condition(autoscalingv2.AbleToScale).Reason == "ScaleDownStabilized" && !so.lastActive.IsZero() {
			at = so.lastActive
		}
	}
	if n := h.obj.Status.DesiredReplicas; n > 0 {
		h.memory.Asked(at, n)
	}
}

// fits reports whether the target of an HPA is within its bounds, or at zero.
func (w *World) fits(h *hpa) bool {
	wl, err := w.scaleOf(h)
	if err != nil {
		return false
	}
	_, forced := scaling.Bounds{Min: or(h.obj.Spec.MinReplicas, 1), Max: h.obj.Spec.MaxReplicas}.Force(wl.replicas())
	return wl.replicas() == 0 || !forced
}

// hpaWritten says that an HPA has another spec, or other labels. A change of
// the spec is synced at once.
func (w *World) hpaWritten(h *hpa, spec bool) {
	if spec {
		h.obj.Generation++
		w.stop(h.sync)
		h.sync = w.after(w.delay(), func() { w.syncHPA(h) })
		w.followUse(h)
	}
	w.emit(Modified, h.obj)
}

func (w *World) removeHPA(h *hpa) {
	w.stop(h.sync)
	delete(w.hpas, h.ref)
	w.emit(Deleted, h.obj)
}

// syncHPA is one sync of the HPA controller, and plans the next, whatever comes
// of it: one period from its end.
func (w *World) syncHPA(h *hpa) {
	defer w.planSync(h)
	before := h.obj.Status.DeepCopy()
	w.looked(h)
	if !equality.Semantic.DeepEqual(*before, h.obj.Status) {
		w.emit(Modified, h.obj)
	}
}

// looked is an HPA after the controller looked at it.
func (w *World) looked(h *hpa) {
	w.reconcileHPA(h)
	generation := h.obj.Generation
	h.obj.Status.ObservedGeneration = &generation
}

func (w *World) planSync(h *hpa) {
	period := w.o.SyncPeriod
	switch {
	case h.phase > 0:
		period, h.phase = h.phase, 0
	case w.o.Jitter:
		period += 2*time.Millisecond + time.Duration(w.delays.Int64N(int64(18*time.Millisecond)))
	}
	h.sync = w.after(period, func() { w.syncHPA(h) })
}

// hpaEvent records an event about an HPA, as the controller does.
func (w *World) hpaEvent(h *hpa, typ, reason, message string) {
	w.events.older(w, reference(h.obj, "autoscaling/v2", "HorizontalPodAutoscaler"), "horizontal-pod-autoscaler", typ, reason, message)
}

// reconcileHPA is one sync, in the controller's order. (horizontal.go:
// reconcileAutoscaler)
func (w *World) reconcileHPA(h *hpa) {
	spec := &h.obj.Spec
	wl, err := w.scaleOf(h)
	if err != nil {
		w.hpaEvent(h, corev1.EventTypeWarning, "FailedGetScale", err.Error())
		w.setCondition(h, autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedGetScale",
			"the HPA controller was unable to get the target's current scale: "+err.Error())
		return
	}
	w.setCondition(h, autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededGetScale", "the HPA controller was able to get the target's current scale")
	current := wl.replicas()
	h.memory.Meet(w.now, current)
	in := scaling.Bounds{Min: or(spec.MinReplicas, 1), Max: spec.MaxReplicas}
	rules := rulesOf(spec.Behavior)
	bound, forced := in.Force(current)
	var d decision
	var statuses []autoscalingv2.MetricStatus
	switch {
	case current == 0 && !h.wakesItself():
		w.setCondition(h, autoscalingv2.ScalingActive, corev1.ConditionFalse, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
	case forced && bound > current:
		d = decision{desired: bound, rescale: true, reason: "Current number of replicas below Spec.MinReplicas"}
	case forced:
		d = decision{desired: bound, rescale: true, reason: "Current number of replicas above Spec.MaxReplicas"}
	default:
		var ok bool
		if d, statuses, ok = w.fromMetrics(h, wl, rules, in); !ok {
			w.witness(Deed{What: Synced, Of: h.ref, From: current, To: current})
			h.setReplicas(current, h.obj.Status.DesiredReplicas, statuses)
			return
		}
	}
	w.witness(Deed{What: Synced, Of: h.ref, From: current, To: d.desired, Computed: d.computed, Raw: d.raw, Stabilized: d.stabilized})
	if d.rescale {
		if err := w.refusal(wl, hpaUser); err != nil {
			w.hpaEvent(h, corev1.EventTypeWarning, "FailedRescale", fmt.Sprintf("New size: %d; reason: %s; error: %v", d.desired, d.reason, err))
			w.setCondition(h, autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedUpdateScale",
				"the HPA controller was unable to update the target scale: "+err.Error())
			h.setReplicas(current, h.obj.Status.DesiredReplicas, statuses)
			return
		}
		w.rescale(h, wl, d, rules, in)
	}
	h.setReplicas(current, d.desired, statuses)
	if d.rescale {
		now := w.stamp()
		h.obj.Status.LastScaleTime = &now
	}
}

// rescale writes the target's replicas and says so.
func (w *World) rescale(h *hpa, wl *workload, d decision, rules *kscope.Behavior, in scaling.Bounds) {
	current := wl.replicas()
	w.writeScale(wl, d.desired, hpaManager)
	w.setCondition(h, autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededRescale",
		fmt.Sprintf("the HPA controller was able to update the target scale to %d", d.desired))
	w.hpaEvent(h, corev1.EventTypeNormal, "SuccessfulRescale", fmt.Sprintf("New size: %d; reason: %s", d.desired, d.reason))
	h.memory.Rescaled(w.now, rules, current, d.desired)
	if current > 0 && d.desired == 0 && in.Min == 0 && h.hasExternal() {
		w.setCondition(h, autoscalingv2.HorizontalPodAutoscalerConditionType("ScaledToZero"), corev1.ConditionTrue, "ScaledToZero",
			"the HPA controller scaled the workload to zero")
	} else {
		w.setCondition(h, autoscalingv2.HorizontalPodAutoscalerConditionType("ScaledToZero"), corev1.ConditionFalse, "NotScaledToZero",
			"the HPA controller did not scale the workload to zero")
	}
}

func (h *hpa) setReplicas(current, desired int32, statuses []autoscalingv2.MetricStatus) {
	s := &h.obj.Status
	s.CurrentReplicas, s.DesiredReplicas, s.CurrentMetrics = current, desired, statuses
}

// wakesItself reports whether an HPA computes although its target is at zero:
// only one that took it there itself does. KEDA's never do.
func (h *hpa) wakesItself() bool {
	return h.condition("ScaledToZero").Status == corev1.ConditionTrue && h.hasExternal()
}

// goesByUse reports whether an HPA has a metric of what pods use.
func (h *hpa) goesByUse() bool {
	return slices.ContainsFunc(h.obj.Spec.Metrics, func(m autoscalingv2.MetricSpec) bool { return m.Resource != nil || m.ContainerResource != nil })
}

func (h *hpa) hasExternal() bool {
	for _, m := range h.obj.Spec.Metrics {
		if m.Type == autoscalingv2.ExternalMetricSourceType || m.Type == autoscalingv2.ObjectMetricSourceType {
			return true
		}
	}
	return false
}

// scaleOf finds the workload that an HPA scales.
func (w *World) scaleOf(h *hpa) (*workload, error) {
	ref := h.obj.Spec.ScaleTargetRef
	if ref.APIVersion != "apps/v1" || ref.Kind != "Deployment" && ref.Kind != "StatefulSet" {
		return nil, fmt.Errorf("no matches for kind %q in group %q", ref.Kind, kscope.TargetRef{APIVersion: ref.APIVersion}.Group())
	}
	wl := w.workloads[workloadKey{ref.Kind, kscope.Ref{Namespace: h.ref.Namespace, Name: ref.Name}}]
	if wl == nil {
		return nil, notFound(ref.Kind, ref.Name)
	}
	return wl, nil
}

// rulesOf reads a behavior, defaults filled in; nil when there is none.
func rulesOf(b *autoscalingv2.HorizontalPodAutoscalerBehavior) *kscope.Behavior {
	if b == nil {
		return nil
	}
	b = DefaultBehavior(b.DeepCopy())
	return &kscope.Behavior{Up: directionOf(b.ScaleUp, 0), Down: directionOf(b.ScaleDown, kscope.DownscaleStabilization)}
}

func directionOf(r *autoscalingv2.HPAScalingRules, window time.Duration) kscope.Direction {
	d := kscope.Direction{Window: window, Select: string(*r.SelectPolicy)}
	if r.StabilizationWindowSeconds != nil {
		d.Window = time.Duration(*r.StabilizationWindowSeconds) * time.Second
	}
	for _, p := range r.Policies {
		d.Policies = append(d.Policies, kscope.ScalingPolicy{Type: string(p.Type), Value: p.Value, Period: time.Duration(p.PeriodSeconds) * time.Second})
	}
	if r.Tolerance != nil {
		t := r.Tolerance.AsApproximateFloat64()
		d.Tolerance = &t
	}
	return d
}
