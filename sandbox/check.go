package sandbox

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// check finds what the API server would refuse in a built-in object, as far as
// the sandbox would otherwise go wrong or mislead.
func check(obj runtime.Object) []problem {
	m, err := meta.Accessor(obj)
	if err != nil {
		return []problem{{text: err.Error()}}
	}
	if p := checkNames(m); len(p) > 0 {
		return p
	}
	spec := field.NewPath("spec")
	var errs field.ErrorList
	switch o := obj.(type) {
	case *appsv1.Deployment:
		errs = checkWorkload(o.Spec.Replicas, o.Spec.Selector, &o.Spec.Template, spec)
		errs = append(errs, validation.ValidateNonnegativeField(int64(o.Spec.MinReadySeconds), spec.Child("minReadySeconds"))...)
	case *appsv1.StatefulSet:
		errs = checkWorkload(o.Spec.Replicas, o.Spec.Selector, &o.Spec.Template, spec)
		errs = append(errs, validation.ValidateNonnegativeField(int64(o.Spec.MinReadySeconds), spec.Child("minReadySeconds"))...)
	case *autoscalingv2.HorizontalPodAutoscaler:
		errs = checkHPA(&o.Spec, spec)
	}
	return problems(errs)
}

func problems(errs field.ErrorList) []problem {
	var out []problem
	for _, e := range errs {
		out = append(out, problem{path: e.Field, text: e.Error()})
	}
	return out
}

// checkNames checks what all objects have.
func checkNames(m metav1.Object) []problem {
	path := field.NewPath("metadata")
	var errs field.ErrorList
	if m.GetName() != "" {
		for _, wrong := range validation.NameIsDNSSubdomain(m.GetName(), false) {
			errs = append(errs, field.Invalid(path.Child("name"), m.GetName(), wrong))
		}
	}
	if m.GetNamespace() != "" {
		for _, wrong := range validation.ValidateNamespaceName(m.GetNamespace(), false) {
			errs = append(errs, field.Invalid(path.Child("namespace"), m.GetNamespace(), wrong))
		}
	}
	errs = append(errs, metavalidation.ValidateLabels(m.GetLabels(), path.Child("labels"))...)
	errs = append(errs, validation.ValidateAnnotations(m.GetAnnotations(), path.Child("annotations"))...)
	return problems(errs)
}

func checkWorkload(replicas *int32, selector *metav1.LabelSelector, template *corev1.PodTemplateSpec, spec *field.Path) field.ErrorList {
	var errs field.ErrorList
	if replicas != nil {
		errs = validation.ValidateNonnegativeField(int64(*replicas), spec.Child("replicas"))
	}
	if selector == nil {
		return append(errs, field.Required(spec.Child("selector"), ""))
	}
	at := spec.Child("template", "metadata", "labels")
	selects, err := metav1.LabelSelectorAsSelector(selector)
	switch {
	case err != nil:
		errs = append(errs, field.Invalid(spec.Child("selector"), selector, err.Error()))
	case selects.Empty():
		errs = append(errs, field.Invalid(spec.Child("selector"), selector, "empty selector is invalid for deployment"))
	case !selects.Matches(labels.Set(template.Labels)):
		errs = append(errs, field.Invalid(at, template.Labels, "`selector` does not match template `labels`"))
	}
	return append(errs, checkPod(&template.Spec, spec.Child("template", "spec"))...)
}

func checkPod(p *corev1.PodSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(p.Containers) == 0 {
		errs = append(errs, field.Required(path.Child("containers"), ""))
	}
	for i, c := range p.Containers {
		at := path.Child("containers").Index(i)
		if c.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		}
		if c.Image == "" {
			errs = append(errs, field.Required(at.Child("image"), ""))
		}
		for name, limit := range c.Resources.Limits {
			if request := c.Resources.Requests[name]; request.Cmp(limit) > 0 {
				errs = append(errs, field.Invalid(at.Child("resources", "requests"), request.String(),
					fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())))
			}
		}
	}
	if p.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(path.Child("restartPolicy"), p.RestartPolicy, []corev1.RestartPolicy{corev1.RestartPolicyAlways}))
	}
	return append(errs, validation.ValidateNonnegativeField(*p.TerminationGracePeriodSeconds, path.Child("terminationGracePeriodSeconds"))...)
}

// checkHPA follows section 4.1 of the semantics.
func checkHPA(s *autoscalingv2.HorizontalPodAutoscalerSpec, spec *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.ScaleTargetRef.Kind == "" {
		errs = append(errs, field.Required(spec.Child("scaleTargetRef", "kind"), ""))
	}
	if s.ScaleTargetRef.Name == "" {
		errs = append(errs, field.Required(spec.Child("scaleTargetRef", "name"), ""))
	}
	if s.MaxReplicas < 1 {
		errs = append(errs, field.Invalid(spec.Child("maxReplicas"), s.MaxReplicas, "must be greater than 0"))
	}
	if *s.MinReplicas < 0 {
		errs = append(errs, field.Invalid(spec.Child("minReplicas"), *s.MinReplicas, "must be greater than or equal to 0"))
	}
	if s.MaxReplicas < *s.MinReplicas {
		errs = append(errs, field.Invalid(spec.Child("maxReplicas"), s.MaxReplicas, "must be greater than or equal to `minReplicas`"))
	}
	for i, m := range s.Metrics {
		errs = append(errs, checkMetric(m, spec.Child("metrics").Index(i))...)
	}
	if s.Behavior != nil {
		errs = append(errs, checkRules(s.Behavior.ScaleUp, spec.Child("behavior", "scaleUp"))...)
		errs = append(errs, checkRules(s.Behavior.ScaleDown, spec.Child("behavior", "scaleDown"))...)
	}
	return errs
}

// checkMetric checks that a metric says what it is of, and what it aims at.
func checkMetric(m autoscalingv2.MetricSpec, path *field.Path) field.ErrorList {
	var name string
	var target *autoscalingv2.MetricTarget
	var own *field.Path
	switch {
	case m.Type == autoscalingv2.ExternalMetricSourceType && m.External != nil:
		name, target, own = m.External.Metric.Name, &m.External.Target, path.Child("external")
	case m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil:
		name, target, own = string(m.Resource.Name), &m.Resource.Target, path.Child("resource")
	case m.Type == autoscalingv2.ContainerResourceMetricSourceType && m.ContainerResource != nil:
		name, target, own = string(m.ContainerResource.Name), &m.ContainerResource.Target, path.Child("containerResource")
	case m.Type == autoscalingv2.PodsMetricSourceType && m.Pods != nil:
		name, target, own = m.Pods.Metric.Name, &m.Pods.Target, path.Child("pods")
	case m.Type == autoscalingv2.ObjectMetricSourceType && m.Object != nil:
		name, target, own = m.Object.Metric.Name, &m.Object.Target, path.Child("object")
	case m.Type == "":
		return field.ErrorList{field.Required(path.Child("type"), "must specify a metric source type")}
	default:
		return field.ErrorList{field.Required(path, "must populate information for the given metric source")}
	}
	if name == "" {
		return field.ErrorList{field.Required(own.Child("name"), "must specify a name")}
	}
	at := own.Child("target")
	for _, aim := range []struct {
		name  string
		value *resource.Quantity
	}{{"value", target.Value}, {"averageValue", target.AverageValue}} {
		if aim.value != nil && aim.value.Sign() <= 0 {
			return field.ErrorList{field.Invalid(at.Child(aim.name), aim.value.String(), "must be positive")}
		}
	}
	utilization := target.AverageUtilization
	if utilization != nil && *utilization < 1 {
		return field.ErrorList{field.Invalid(at.Child("averageUtilization"), *utilization, "must be greater than 0")}
	}
	ofPods := m.Resource != nil || m.ContainerResource != nil
	if target.AverageValue == nil && (m.Pods != nil || ofPods && utilization == nil || !ofPods && target.Value == nil) {
		return field.ErrorList{field.Required(at, "must set a target value for the metric")}
	}
	return nil
}

func checkRules(r *autoscalingv2.HPAScalingRules, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if w := r.StabilizationWindowSeconds; w != nil && (*w < 0 || *w > 3600) {
		errs = append(errs, field.Invalid(path.Child("stabilizationWindowSeconds"), *w, "must be between 0 and 3600"))
	}
	if t := r.Tolerance; t != nil && t.Sign() < 0 {
		errs = append(errs, field.Invalid(path.Child("tolerance"), t.String(), "must be greater or equal to zero"))
	}
	for i, p := range r.Policies {
		at := path.Child("policies").Index(i)
		if p.Type != autoscalingv2.PodsScalingPolicy && p.Type != autoscalingv2.PercentScalingPolicy {
			errs = append(errs, field.NotSupported(at.Child("type"), p.Type, []autoscalingv2.HPAScalingPolicyType{autoscalingv2.PodsScalingPolicy, autoscalingv2.PercentScalingPolicy}))
		}
		if p.Value <= 0 {
			errs = append(errs, field.Invalid(at.Child("value"), p.Value, "must be greater than zero"))
		}
		if p.PeriodSeconds <= 0 || p.PeriodSeconds > 1800 {
			errs = append(errs, field.Invalid(at.Child("periodSeconds"), p.PeriodSeconds, "must be between 1 and 1800"))
		}
	}
	return errs
}
