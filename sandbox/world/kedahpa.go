package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kscope/kscope"
)

// hpaRef names the HPA of a ScaledObject: the one in its status, else the one
// that its spec asks for.
func (w *World) hpaRef(so *scaledObject) kscope.Ref {
	return kscope.Ref{Namespace: so.ref.Namespace, Name: orText(so.hpaName, so.wantedHPA())}
}

func (so *scaledObject) wantedHPA() string {
	return orText(so.spec.Advanced.HPAConfig.Name, "keda-hpa-"+so.ref.Name)
}

// ensureHPA makes, renames or updates the HPA of a ScaledObject; it builds
// every scaler on the way. The result says whether an HPA was made.
func (w *World) ensureHPA(so *scaledObject) (made bool, err error) {
	found := w.hpas[w.hpaRef(so)]
	want, err := w.hpaFor(so)
	if err != nil {
		return false, err
	}
	if found != nil && found.obj.Name != want.Name {
		w.removeHPA(found)
		found = nil
	}
	if found == nil {
		if other := w.hpas[kscope.Ref{Namespace: want.Namespace, Name: want.Name}]; other != nil {
			found = other
		}
	}
	so.hpaName = want.Name
	if found == nil {
		w.addHPA(want)
		return true, nil
	}
	have := found.obj
	same := found.isOf(so) && equality.Semantic.DeepEqual(have.Spec, want.Spec) && contains(have.Labels, want.Labels) && contains(have.Annotations, want.Annotations)
	if !same {
		spec := !equality.Semantic.DeepEqual(have.Spec, want.Spec)
		have.Spec, have.Labels, have.Annotations, have.OwnerReferences = want.Spec, want.Labels, want.Annotations, want.OwnerReferences
		w.hpaWritten(found, spec)
	}
	return false, nil
}

// contains reports whether have has all that want has.
func contains(have, want map[string]string) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// hpaFor is the HPA that a ScaledObject stands for. (hpa.go:
// newHPAForScaledObject)
func (w *World) hpaFor(so *scaledObject) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	metrics, err := w.metricSpecs(so)
	if err != nil {
		return nil, err
	}
	name, annotations := so.wantedHPA(), so.u.GetAnnotations()
	labels := map[string]string{
		"app.kubernetes.io/name": name[:min(63, len(name))], "app.kubernetes.io/version": kedaVersion,
		"app.kubernetes.io/part-of": so.ref.Name, "app.kubernetes.io/managed-by": "keda-operator",
	}
	excluded := strings.Split(annotations["scaledobject.keda.sh/hpa-excluded-labels"], ",")
	for k, v := range so.u.GetLabels() {
		if !slices.Contains(excluded, k) {
			labels[k] = v
		}
	}
	if err := admitHPA(name, metrics); err != nil {
		return nil, err
	}
	yes, least := true, so.spec.hpaMin()
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: so.ref.Namespace, Name: name, Labels: labels, Annotations: maps.Clone(annotations),
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: so.u.GetAPIVersion(), Kind: so.u.GetKind(), Name: so.ref.Name, UID: so.u.GetUID(),
				Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
				APIVersion: "apps/v1", Kind: orText(so.spec.ScaleTargetRef.Kind, "Deployment"), Name: so.spec.ScaleTargetRef.Name,
			},
			MinReplicas: &least, MaxReplicas: so.spec.most(), Metrics: metrics, Behavior: so.behavior(),
		},
	}, nil
}

// admitHPA is the API server's error for an HPA with a target that is not above zero.
func admitHPA(name string, metrics []autoscalingv2.MetricSpec) error {
	var errs field.ErrorList
	for i, m := range metrics {
		if m.External == nil {
			continue
		}
		at, target := field.NewPath("spec", "metrics").Index(i).Child("external", "target"), m.External.Target
		if v := target.AverageValue; v != nil && v.Sign() != 1 {
			errs = append(errs, field.Invalid(at.Child("averageValue"), v, "must be positive"))
		}
		if v := target.Value; v != nil && v.Sign() != 1 {
			errs = append(errs, field.Invalid(at.Child("value"), v, "must be positive"))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}, name, errs)
}

// behavior is the HPA's: as given, closed in the directions that are paused.
func (so *scaledObject) behavior() *autoscalingv2.HorizontalPodAutoscalerBehavior {
	b := so.spec.Advanced.HPAConfig.Behavior.DeepCopy()
	disabled := autoscalingv2.DisabledPolicySelect
	annotations := so.u.GetAnnotations()
	rules := func() *autoscalingv2.HPAScalingRules { return &autoscalingv2.HPAScalingRules{} }
	if flag(annotations, pausedScaleIn) {
		if b == nil {
			b = &autoscalingv2.HorizontalPodAutoscalerBehavior{}
		}
		if b.ScaleDown == nil {
			b.ScaleDown = rules()
		}
		b.ScaleDown.SelectPolicy = &disabled
	}
	if flag(annotations, pausedScaleOut) {
		if b == nil {
			b = &autoscalingv2.HorizontalPodAutoscalerBehavior{}
		}
		if b.ScaleUp == nil {
			b.ScaleUp = rules()
		}
		b.ScaleUp.SelectPolicy = &disabled
	}
	return DefaultBehavior(b)
}

// metricSpecs are the HPA's metrics, and fills in the names in the status.
func (w *World) metricSpecs(so *scaledObject) ([]autoscalingv2.MetricSpec, error) {
	triggers, err := w.scalersOf(so, true)
	if err != nil {
		return nil, err
	}
	var out []autoscalingv2.MetricSpec
	var external, resources []string
	for _, t := range triggers {
		if t.resource != "" {
			resources = append(resources, t.resource)
			out = append(out, t.resourceMetric())
			continue
		}
		if slices.Contains(external, t.metric) {
			return nil, fmt.Errorf("metricName %s defined multiple times in ScaledObject %s", t.metric, so.ref.Name)
		}
		external = append(external, t.metric)
		out = append(out, t.externalMetric(so.ref.Name))
	}
	if f := so.formula; f != nil {
		out = slices.DeleteFunc(out, func(m autoscalingv2.MetricSpec) bool { return m.Resource == nil })
		out = append(out, f.externalMetric(so.ref.Name))
	}
	slices.SortStableFunc(out, func(a, b autoscalingv2.MetricSpec) int { return strings.Compare(string(a.Type), string(b.Type)) })
	so.metrics, so.resources = external, resources
	maps.DeleteFunc(so.health, func(name string, _ *health) bool { return !slices.Contains(external, name) })
	return out, nil
}

func (t trigger) externalMetric(so string) autoscalingv2.MetricSpec {
	target := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: milliQuantity(t.target)}
	if t.byValue {
		target = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: milliQuantity(t.target)}
	}
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ExternalMetricSourceType,
		External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: t.metric, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{nameLabel: so}}},
			Target: target,
		},
	}
}

func (t trigger) resourceMetric() autoscalingv2.MetricSpec {
	target := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: milliQuantity(t.target)}
	if t.util != nil {
		target = autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: t.util}
	}
	if container := t.from.Metadata["containerName"]; container != "" {
		return autoscalingv2.MetricSpec{
			Type: autoscalingv2.ContainerResourceMetricSourceType,
			ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
				Name: corev1.ResourceName(t.resource), Container: container, Target: target,
			},
		}
	}
	return autoscalingv2.MetricSpec{
		Type:     autoscalingv2.ResourceMetricSourceType,
		Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceName(t.resource), Target: target},
	}
}

// milliQuantity is a quantity of thousandths; whole numbers come out plain.
func milliQuantity(milli int64) *resource.Quantity {
	if milli%1000 == 0 {
		return resource.NewQuantity(milli/1000, resource.DecimalSI)
	}
	return resource.NewMilliQuantity(milli, resource.DecimalSI)
}

// DefaultBehavior fills in what the API server would: both directions, when
// there is a behavior at all. The window of scaling down stays unset where it
// is: it is the controller's.
func DefaultBehavior(b *autoscalingv2.HorizontalPodAutoscalerBehavior) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	if b == nil {
		return nil
	}
	pods := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15}
	percent := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}
	fill := func(r *autoscalingv2.HPAScalingRules, policies ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
		if r == nil {
			r = &autoscalingv2.HPAScalingRules{}
		}
		if r.SelectPolicy == nil {
			choice := autoscalingv2.MaxChangePolicySelect
			r.SelectPolicy = &choice
		}
		if len(r.Policies) == 0 {
			r.Policies = policies
		}
		return r
	}
	b.ScaleUp, b.ScaleDown = fill(b.ScaleUp, pods, percent), fill(b.ScaleDown, percent)
	if b.ScaleUp.StabilizationWindowSeconds == nil {
		none := int32(0)
		b.ScaleUp.StabilizationWindowSeconds = &none
	}
	return b
}
