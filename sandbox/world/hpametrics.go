package world

import (
	"fmt"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

// decision is what a sync wants.
type decision struct {
	desired int32
	rescale bool
	reason  string

	computed        bool // by the metrics, which asked for raw
	raw, stabilized int32
}

// fromMetrics decides by the metrics; false when they could not be computed,
// which has then been said.
func (w *World) fromMetrics(h *hpa, wl *workload, rules *kscope.Behavior, in scaling.Bounds) (decision, []autoscalingv2.MetricStatus, bool) {
	current := wl.replicas()
	raw, metric, statuses, err := w.bestProposal(h, wl, scaling.TolerancesOf(rules))
	if raw < 0 && err != nil { // too large a number comes out negative, as in the controller
		w.hpaEvent(h, corev1.EventTypeWarning, "FailedComputeMetricsReplicas", err.Error())
		return decision{}, statuses, false
	}
	var d decision
	switch {
	case raw > current:
		d.reason = metric + " above target"
	case raw < current:
		d.reason = "All metrics below target"
	}
	v := h.memory.Normalize(w.now, rules, current, raw, in)
	w.setCondition(h, autoscalingv2.AbleToScale, corev1.ConditionTrue, v.Able, ableWords[v.Able])
	limited := corev1.ConditionFalse
	if v.IsLimited() {
		limited = corev1.ConditionTrue
	}
	w.setCondition(h, autoscalingv2.ScalingLimited, limited, v.Limited, limitedWords[v.Limited])
	d.desired, d.computed, d.raw, d.stabilized = v.Desired, true, raw, v.Stabilized
	if current == 0 && in.Min != 0 && d.desired < in.Min {
		d.desired = in.Min
		if d.reason == "" {
			d.reason = "Current number of replicas below Spec.MinReplicas"
		}
	}
	d.rescale = d.desired != current
	return d, statuses, true
}

// The words of the conditions AbleToScale and ScalingLimited.
var (
	ableWords = map[string]string{
		"ReadyForNewScale":    "recommended size matches current size",
		"ScaleDownStabilized": "recent recommendations were higher than current one, applying the highest recent recommendation",
		"ScaleUpStabilized":   "recent recommendations were lower than current one, applying the lowest recent recommendation",
	}
	limitedWords = map[string]string{
		"DesiredWithinRange": "the desired count is within the acceptable range",
		"TooFewReplicas":     "the desired replica count is less than the minimum replica count",
		"TooManyReplicas":    "the desired replica count is more than the maximum replica count",
		"ScaleUpLimit":       "the desired replica count is increasing faster than the maximum scale rate",
		"ScaleDownLimit":     "the desired replica count is decreasing faster than the maximum scale rate",
	}
)

// bestProposal is the highest proposal of all metrics and the name of its
// metric. It is negative when all fail, or when some do and the rest would
// scale down. (computeReplicasForMetrics)
func (w *World) bestProposal(h *hpa, wl *workload, t scaling.Tolerances) (best int32, metric string, statuses []autoscalingv2.MetricStatus, err error) {
	if err := w.ambiguous(h, wl); err != nil {
		w.hpaEvent(h, corev1.EventTypeWarning, "AmbiguousSelector", err.Error())
		w.setCondition(h, autoscalingv2.ScalingActive, corev1.ConditionFalse, "AmbiguousSelector", err.Error())
		return -1, "", nil, err
	}
	specs := h.obj.Spec.Metrics
	statuses = make([]autoscalingv2.MetricStatus, len(specs))
	failures, current := 0, wl.replicas()
	var first metricFailure
	for i, spec := range specs {
		proposal, name, failure := w.proposal(h, wl, spec, t, &statuses[i])
		if failure.err != nil {
			w.hpaEvent(h, corev1.EventTypeWarning, failure.reason, failure.cause.Error())
			if failures++; failures == 1 {
				first = failure
			}
			continue
		}
		if best == 0 || proposal > best {
			best, metric = proposal, name
		}
	}
	if failures > 0 {
		err = fmt.Errorf("invalid metrics (%d invalid out of %d), first error is: %w", failures, len(specs), first.err)
	}
	if failures >= len(specs) || failures > 0 && best < current {
		if failures > 0 {
			w.setCondition(h, autoscalingv2.ScalingActive, corev1.ConditionFalse, first.reason,
				"the HPA was unable to compute the replica count: "+first.cause.Error())
		} else {
			err = fmt.Errorf("invalid metrics (0 invalid out of 0)")
		}
		return -1, "", statuses, err
	}
	w.setCondition(h, autoscalingv2.ScalingActive, corev1.ConditionTrue, "ValidMetricFound",
		"the HPA was able to successfully calculate a replica count from "+metric)
	return best, metric, statuses, err
}

// metricFailure is why a metric has no proposal: the cause, and the cause in
// the words of those who passed it on.
type metricFailure struct {
	reason     string
	cause, err error
}

// proposal computes one metric.
func (w *World) proposal(h *hpa, wl *workload, spec autoscalingv2.MetricSpec, t scaling.Tolerances, status *autoscalingv2.MetricStatus) (int32, string, metricFailure) {
	switch {
	case spec.External != nil:
		return w.external(h, wl, spec.External, t, status)
	case spec.Resource != nil:
		m := spec.Resource
		n, is, err := w.resource(wl, m.Name, "", m.Target, t)
		if err != nil {
			return 0, "", resourceFailure("FailedGetResourceMetric", string(m.Name), string(m.Name)+" resource", m.Target, err)
		}
		*status = autoscalingv2.MetricStatus{Type: spec.Type, Resource: &autoscalingv2.ResourceMetricStatus{Name: m.Name, Current: is}}
		return n, resourceWords(m.Name, m.Target), metricFailure{}
	case spec.ContainerResource != nil:
		m := spec.ContainerResource
		n, is, err := w.resource(wl, m.Name, m.Container, m.Target, t)
		if err != nil {
			return 0, "", resourceFailure("FailedGetContainerResourceMetric", string(m.Name), m.Container+" container", m.Target, err)
		}
		*status = autoscalingv2.MetricStatus{Type: spec.Type, ContainerResource: &autoscalingv2.ContainerResourceMetricStatus{Name: m.Name, Container: m.Container, Current: is}}
		return n, resourceWords(m.Name, m.Target), metricFailure{}
	case spec.Pods != nil:
		cause := fmt.Errorf("unable to get metric %s: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered", spec.Pods.Metric.Name)
		return 0, "", metricFailure{"FailedGetPodsMetric", cause, fmt.Errorf("failed to get pods metric value: %w", cause)}
	case spec.Object != nil:
		o := spec.Object
		cause := fmt.Errorf("unable to get metric %s: %s on %s %s/unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
			o.Metric.Name, o.DescribedObject.Kind, h.ref.Namespace, o.DescribedObject.Name)
		return 0, "", metricFailure{"FailedGetObjectMetric", cause, fmt.Errorf("failed to get object metric value: %w", cause)}
	}
	cause := fmt.Errorf("unknown metric source type %q", spec.Type)
	return 0, "", metricFailure{"InvalidMetricSourceType", cause, cause}
}

// resource computes a metric of what the pods use, or one of their containers does.
// (replica_calculator.go: GetResourceReplicas, GetRawResourceReplicas)
func (w *World) resource(wl *workload, name corev1.ResourceName, container string, target autoscalingv2.MetricTarget, t scaling.Tolerances) (n int32, is autoscalingv2.MetricValueStatus, err error) {
	var pods []scaling.PodUse
	existing, figures := 0, false
	wl.eachPod(func(p *pod) {
		if existing++; p.deleting || p.obj.Status.Phase == corev1.PodFailed {
			return
		}
		use, failed := p.meter.Use(p.obj, name, container, target.AverageUtilization != nil, w.now)
		if figures = figures || use.Measured; err == nil {
			err = failed
		}
		pods = append(pods, use)
	})
	switch {
	case existing == 0:
		return 0, is, fmt.Errorf("no pods returned by selector while calculating replica count")
	case !figures:
		return 0, is, fmt.Errorf("unable to get metrics for resource %s: no metrics returned from resource metrics API", name)
	case err != nil:
		return 0, is, err
	}
	each := int64(1)
	if target.AverageValue != nil {
		each = max(target.AverageValue.MilliValue(), 1)
	}
	n, mean, err := scaling.Mean(pods, each, wl.replicas(), t)
	if is.AverageValue = resource.NewMilliQuantity(mean, resource.DecimalSI); err == nil && target.AverageUtilization != nil {
		var shown int32
		n, shown, err = scaling.Share(pods, *target.AverageUtilization, wl.replicas(), t)
		is.AverageUtilization = &shown
	}
	return n, is, err
}

// resourceWords is what the controller calls such a metric.
func resourceWords(name corev1.ResourceName, target autoscalingv2.MetricTarget) string {
	if target.AverageUtilization != nil {
		return string(name) + " resource utilization (percentage of request)"
	}
	return string(name) + " resource"
}

func resourceFailure(reason, name, what string, target autoscalingv2.MetricTarget, cause error) metricFailure {
	words := "failed to get %s utilization: %w"
	if target.AverageValue != nil {
		words = "failed to get %s usage: %w"
	}
	inner := fmt.Errorf(words, name, cause)
	if target.AverageValue == nil {
		cause = inner
	}
	return metricFailure{reason, cause, fmt.Errorf("failed to get %s metric value: %w", what, inner)}
}

// external computes an external metric.
func (w *World) external(h *hpa, wl *workload, m *autoscalingv2.ExternalMetricSource, t scaling.Tolerances, status *autoscalingv2.MetricStatus) (int32, string, metricFailure) {
	fail := func(cause error, words string) (int32, string, metricFailure) {
		name := m.Metric.Name
		return 0, "", metricFailure{"FailedGetExternalMetric", cause, fmt.Errorf("failed to get %s external metric value: "+words+": %w", name, name, cause)}
	}
	words := "failed to get %s external metric"
	if m.Target.AverageValue == nil {
		words = "failed to get external metric %s"
	}
	total, err := w.readExternal(h, m)
	if err != nil {
		return fail(fmt.Errorf("unable to get external metric %s/%s/%s: unable to fetch metrics from external metrics API: %w",
			h.ref.Namespace, m.Metric.Name, inGo(m.Metric.Selector), err), words)
	}
	name := fmt.Sprintf("external metric %s(%s)", m.Metric.Name, inGo(m.Metric.Selector))
	var proposal int32
	var value autoscalingv2.MetricValueStatus
	if m.Target.AverageValue != nil {
		var shown int64
		proposal, shown = scaling.AverageValue(total, m.Target.AverageValue.MilliValue(), wl.statusReplicas(), t)
		value.AverageValue = resource.NewMilliQuantity(shown, resource.DecimalSI)
	} else {
		existing, ready := wl.countReady()
		if existing == 0 && wl.replicas() != 0 {
			return fail(fmt.Errorf("unable to calculate ready pods: no pods returned by selector while calculating replica count"), words)
		}
		proposal = scaling.Value(total, m.Target.Value.MilliValue(), wl.replicas(), ready, t)
		value.Value = resource.NewMilliQuantity(total, resource.DecimalSI)
	}
	*status = autoscalingv2.MetricStatus{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricStatus{
		Metric: autoscalingv2.MetricIdentifier{Name: m.Metric.Name, Selector: m.Metric.Selector.DeepCopy()}, Current: value,
	}}
	return proposal, name, metricFailure{}
}

// readExternal asks KEDA's metrics server, which finds the ScaledObject by a
// label.
func (w *World) readExternal(h *hpa, m *autoscalingv2.ExternalMetricSource) (int64, error) {
	const refused = "rpc error: code = Unknown desc = error when getting metric values %w"
	switch {
	case w.isBroken(NoMetrics, kscope.Ref{}):
		return 0, fmt.Errorf("the server is currently unable to handle the request (get %s.external.metrics.k8s.io)", m.Metric.Name)
	case w.isBroken(RefuseMetrics, kscope.Ref{}): // by the API server, whoever would have answered
		return 0, fmt.Errorf("%s.external.metrics.k8s.io is forbidden: User %q cannot list resource %q in API group \"external.metrics.k8s.io\" in the namespace %q",
			m.Metric.Name, hpaUser, m.Metric.Name, h.ref.Namespace)
	case w.isBroken(ForeignMetrics, kscope.Ref{}): // the words of the library that most providers are made with
		return 0, fmt.Errorf("the server could not find the metric %s for namespaces", m.Metric.Name)
	case w.isBroken(NoOperator, kscope.Ref{}):
		return 0, fmt.Errorf("timeout while waiting to establish gRPC connection to KEDA Metrics Service server")
	}
	name := ""
	if m.Metric.Selector != nil {
		name = m.Metric.Selector.MatchLabels[nameLabel]
	}
	if name == "" {
		return 0, fmt.Errorf("scaledObject name is not specified")
	}
	so := w.scaled[kscope.Ref{Namespace: h.ref.Namespace, Name: name}]
	if so == nil {
		return 0, fmt.Errorf(refused, fmt.Errorf("error getting scalers ScaledObject.keda.sh %q not found", name))
	}
	total, err := w.externalMetric(so, m.Metric.Name)
	if err != nil {
		return 0, fmt.Errorf(refused, err)
	}
	return total, nil
}

// inGo is a selector as the controller prints it.
func inGo(s *metav1.LabelSelector) string { return s.String() }

// ambiguous finds out whether another HPA counts the same pods.
func (w *World) ambiguous(h *hpa, wl *workload) error {
	if existing, _ := wl.countReady(); existing == 0 {
		return nil
	}
	var names []string
	for ref, other := range w.hpas {
		if ref.Namespace == h.ref.Namespace && other.obj.Spec.ScaleTargetRef == h.obj.Spec.ScaleTargetRef {
			names = append(names, ref.String())
		}
	}
	if len(names) < 2 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("pods by selector %s are controlled by multiple HPAs: [%s]", metav1.FormatLabelSelector(wl.labelSelector()), strings.Join(names, " "))
}
