package k8s

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
)

// observeHPA translates an HPA, with the defaults of the API filled in.
func observeHPA(h *autoscalingv2.HorizontalPodAutoscaler) kscope.HPA {
	out := kscope.HPA{
		Ref:          kscope.Ref{Namespace: kscope.Clean(h.Namespace), Name: kscope.Clean(h.Name)},
		UID:          kscope.Clean(string(h.UID)),
		OwnerUID:     ownerUID(h.OwnerReferences),
		ScaledObject: scaledObjectOf(h.OwnerReferences),
		ScaleTarget: kscope.TargetRef{
			APIVersion: kscope.Clean(h.Spec.ScaleTargetRef.APIVersion),
			Kind:       kscope.Clean(h.Spec.ScaleTargetRef.Kind),
			Name:       kscope.Clean(h.Spec.ScaleTargetRef.Name),
		},
		MinReplicas:      1,
		MaxReplicas:      h.Spec.MaxReplicas,
		Behavior:         observeBehavior(h.Spec.Behavior),
		CurrentReplicas:  h.Status.CurrentReplicas,
		DesiredReplicas:  h.Status.DesiredReplicas,
		LastScaleTime:    timeOf(h.Status.LastScaleTime),
		StatusEverSynced: len(h.Status.Conditions) > 0,
	}
	if h.Spec.MinReplicas != nil {
		out.MinReplicas = *h.Spec.MinReplicas
	}
	for _, m := range h.Spec.Metrics {
		out.Metrics = append(out.Metrics, observeMetric(m, h.Status.CurrentMetrics))
	}
	for _, c := range h.Status.Conditions {
		out.Conditions = append(out.Conditions, condition(string(c.Type), c.Status, c.Reason, c.Message, c.LastTransitionTime))
	}
	return out
}

// scaledObjectOf is the name of the ScaledObject among the owners, "" if none is.
func scaledObjectOf(owners []metav1.OwnerReference) string {
	for _, o := range owners {
		if o.Kind == "ScaledObject" && o.Controller != nil && *o.Controller {
			return kscope.Clean(o.Name)
		}
	}
	return ""
}

// observeBehavior translates a behavior; nil stays nil.
func observeBehavior(b *autoscalingv2.HorizontalPodAutoscalerBehavior) *kscope.Behavior {
	if b == nil {
		return nil
	}
	return &kscope.Behavior{
		Up: observeRules(b.ScaleUp, 0,
			kscope.ScalingPolicy{Type: "Pods", Value: 4, Period: 15 * time.Second},
			kscope.ScalingPolicy{Type: "Percent", Value: 100, Period: 15 * time.Second}),
		Down: observeRules(b.ScaleDown, kscope.DownscaleStabilization,
			kscope.ScalingPolicy{Type: "Percent", Value: 100, Period: 15 * time.Second}),
	}
}

// observeRules translates one direction; what is not set has the value that the
// API server would fill in.
func observeRules(r *autoscalingv2.HPAScalingRules, window time.Duration, policies ...kscope.ScalingPolicy) kscope.Direction {
	d := kscope.Direction{Window: window, Select: "Max", Policies: policies}
	if r == nil {
		return d
	}
	if r.StabilizationWindowSeconds != nil {
		d.Window = time.Duration(*r.StabilizationWindowSeconds) * time.Second
	}
	if r.SelectPolicy != nil {
		d.Select = kscope.Clean(string(*r.SelectPolicy))
	}
	if len(r.Policies) > 0 {
		d.Policies = nil
	}
	for _, p := range r.Policies {
		d.Policies = append(d.Policies, kscope.ScalingPolicy{
			Type: kscope.Clean(string(p.Type)), Value: p.Value, Period: time.Duration(p.PeriodSeconds) * time.Second,
		})
	}
	if r.Tolerance != nil {
		t := r.Tolerance.AsApproximateFloat64()
		d.Tolerance = &t
	}
	return d
}

// reading is the part of a metric that identifies it and its last value.
type reading struct {
	name, container string
	value           autoscalingv2.MetricValueStatus
}

// observeMetric pairs a metric of the spec with the status of the same name.
func observeMetric(m autoscalingv2.MetricSpec, status []autoscalingv2.MetricStatus) kscope.Metric {
	var name, container string
	var target autoscalingv2.MetricTarget
	switch {
	case m.External != nil:
		name, target = m.External.Metric.Name, m.External.Target
	case m.Resource != nil:
		name, target = string(m.Resource.Name), m.Resource.Target
	case m.ContainerResource != nil:
		name, container, target = string(m.ContainerResource.Name), m.ContainerResource.Container, m.ContainerResource.Target
	case m.Pods != nil:
		name, target = m.Pods.Metric.Name, m.Pods.Target
	case m.Object != nil:
		name, target = m.Object.Metric.Name, m.Object.Target
	}
	out := kscope.Metric{Type: kscope.Clean(string(m.Type)), Name: kscope.Clean(name), TargetType: kscope.Clean(string(target.Type))}
	if v := pick(target.Type, target.AverageValue, target.Value, target.AverageUtilization); v != nil {
		out.Target = *v
	}
	for _, s := range status {
		r, ok := observeReading(s)
		if ok && s.Type == m.Type && r.name == name && r.container == container {
			out.Current = pick(target.Type, r.value.AverageValue, r.value.Value, r.value.AverageUtilization)
			average := r.value.AverageValue
			out.ByNone = out.Current == nil && target.Type == autoscalingv2.AverageValueMetricType && average != nil && math.Abs(average.AsApproximateFloat64()) >= nonsense
			break
		}
	}
	return out
}

// observeReading is false for the empty status that stands for a metric that
// could not be read.
func observeReading(s autoscalingv2.MetricStatus) (reading, bool) {
	switch {
	case s.External != nil:
		return reading{name: s.External.Metric.Name, value: s.External.Current}, true
	case s.Resource != nil:
		return reading{name: string(s.Resource.Name), value: s.Resource.Current}, true
	case s.ContainerResource != nil:
		return reading{string(s.ContainerResource.Name), s.ContainerResource.Container, s.ContainerResource.Current}, true
	case s.Pods != nil:
		return reading{name: s.Pods.Metric.Name, value: s.Pods.Current}, true
	case s.Object != nil:
		return reading{name: s.Object.Metric.Name, value: s.Object.Current}, true
	}
	return reading{}, false
}

// nonsense is where the values begin that the HPA controller writes when it
// has divided by no pods: the lowest 64-bit number of thousandths.
const nonsense = 9e15

// pick is the value that a type of target compares, nil if there is none or it
// makes no sense.
func pick(typ autoscalingv2.MetricTargetType, average, value *resource.Quantity, utilization *int32) *float64 {
	var v float64
	switch {
	case typ == autoscalingv2.AverageValueMetricType && average != nil:
		v = average.AsApproximateFloat64()
	case typ == autoscalingv2.ValueMetricType && value != nil:
		v = value.AsApproximateFloat64()
	case typ == autoscalingv2.UtilizationMetricType && utilization != nil:
		v = float64(*utilization)
	default:
		return nil
	}
	switch {
	case math.Abs(v) >= nonsense:
		return nil
	case math.IsNaN(v): // 0e1000, which is nothing times what has no number
		v = 0
	}
	return &v
}

func condition(typ string, status corev1.ConditionStatus, reason, message string, since metav1.Time) kscope.Condition {
	return kscope.Condition{
		Type: kscope.Clean(typ), Status: kscope.Clean(string(status)), Reason: kscope.Clean(reason), Message: kscope.Clean(message),
		Since: since.Time,
	}
}
