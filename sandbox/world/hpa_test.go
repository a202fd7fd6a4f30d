package world

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

// hpaNotes are the events about HPAs among changes.
func hpaNotes(changes []Change) []string {
	var out []string
	for _, c := range changes {
		if e, ok := c.Object.(*corev1.Event); ok && c.Verb != Deleted && e.InvolvedObject.Kind == "HorizontalPodAutoscaler" {
			out = append(out, e.Reason+": "+e.Message)
		}
	}
	return out
}

// plain is an HPA of the user's own over "worker".
func plain(min, max int32, metrics ...autoscalingv2.MetricSpec) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "plain"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "worker"},
			MinReplicas:    &min, MaxReplicas: max, Metrics: metrics,
		},
	}
}

func ordersMetric(target int64) autoscalingv2.MetricSpec {
	return trigger{metric: "s0-redis-orders", target: target}.externalMetric("so")
}

// TestHPAConditions are the conditions in the course of one batch.
func TestHPAConditions(t *testing.T) {
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{"maxReplicaCount": int64(10)}))
	w.firstPoll, w.firstSync = time.Second, 2*time.Second
	var got []string
	look := func(d time.Duration) []Change {
		changes := run(w, d)
		s := w.autoscaler(t).obj.Status
		line := ""
		for _, c := range s.Conditions {
			line += string(c.Type) + "=" + string(c.Status) + " " + c.Reason + ", "
		}
		got = append(got, strings.TrimSuffix(line, ", "))
		return changes
	}
	look(2 * time.Second)
	if s := w.autoscaler(t).obj.Status; s.CurrentReplicas != 0 || s.DesiredReplicas != 0 || s.CurrentMetrics != nil || s.LastScaleTime != nil {
		t.Errorf("at zero: %+v", s)
	}
	l.n[orders] = 100
	run(w, 29*time.Second) // the poll at 31
	changes := look(2 * time.Second)
	look(15 * time.Second)
	look(15 * time.Second)
	look(15 * time.Second)
	l.n[orders] = 40
	look(15 * time.Second)
	same(t, "conditions", got, []string{
		"AbleToScale=True SucceededGetScale, ScalingActive=False ScalingDisabled",
		"AbleToScale=True SucceededRescale, ScalingActive=True ValidMetricFound, ScalingLimited=True ScaleUpLimit, ScaledToZero=False NotScaledToZero",
		"AbleToScale=True SucceededRescale, ScalingActive=True ValidMetricFound, ScalingLimited=True ScaleUpLimit, ScaledToZero=False NotScaledToZero",
		"AbleToScale=True SucceededRescale, ScalingActive=True ValidMetricFound, ScalingLimited=True TooManyReplicas, ScaledToZero=False NotScaledToZero",
		"AbleToScale=True ReadyForNewScale, ScalingActive=True ValidMetricFound, ScalingLimited=True TooManyReplicas, ScaledToZero=False NotScaledToZero",
		"AbleToScale=True ScaleDownStabilized, ScalingActive=True ValidMetricFound, ScalingLimited=True TooManyReplicas, ScaledToZero=False NotScaledToZero",
	})
	const metric = "external metric s0-redis-orders(&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: so,},MatchExpressions:[]LabelSelectorRequirement{},})"
	same(t, "events", hpaNotes(changes), []string{"SuccessfulRescale: New size: 4; reason: " + metric + " above target"})
	h := w.autoscaler(t)
	if c := h.condition("ScalingActive"); c.Message != "the HPA was able to successfully calculate a replica count from "+metric {
		t.Errorf("got %q", c.Message)
	}
	if able := h.condition("AbleToScale").LastTransitionTime; !able.Time.Equal(epoch.Add(2 * time.Second)) {
		t.Errorf("AbleToScale changed at %v although its status did not", able)
	}
	if since := h.condition("ScalingActive").LastTransitionTime; !since.Time.Equal(epoch.Add(32 * time.Second)) {
		t.Errorf("ScalingActive changed at %v", since)
	}
	if q := h.obj.Status.CurrentMetrics[0].External.Current.AverageValue.String(); q != "4" {
		t.Errorf("average %s, want 4", q)
	}
}

// An HPA that looks before the first pod is counted divides by zero.
func TestGarbage(t *testing.T) {
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(nil))
	w.firstPoll, w.firstSync = time.Second, 2*time.Second
	w.Break(Breakage{Kind: Quota})
	l.n[orders] = 12
	run(w, 3*time.Second)
	m := w.autoscaler(t).obj.Status.CurrentMetrics[0].External.Current.AverageValue
	if m.MilliValue() != math.MinInt64 || m.String() != "-9223372036854775808m" {
		t.Errorf("got %s", m)
	}
	if got := w.workload(t, "Deployment").replicas(); got != 3 {
		t.Errorf("%d replicas, want 3 for 12 at 5", got)
	}
}

// TestValueTarget goes by ready pods, and cannot without any pod.
func TestValueTarget(t *testing.T) {
	value := listTrigger("orders", "10")
	value["metricType"] = "Value"
	spec := map[string]any{"triggers": []any{value}, "maxReplicaCount": int64(30), "advanced": behaviorOf(map[string]any{
		"scaleUp": map[string]any{"policies": []any{map[string]any{"type": "Pods", "value": int64(50), "periodSeconds": int64(15)}}},
	})}
	w, l := play(t, Options{NoWorkers: true, StartTime: 20 * time.Second}, deployment("worker", 3), object(spec))
	w.firstPoll, w.firstSync = time.Second, 30*time.Second
	l.n[orders] = 20
	run(w, 31*time.Second)
	if got := w.workload(t, "Deployment").replicas(); got != 6 {
		t.Errorf("%d replicas, want twice the 3 ready pods", got)
	}
	run(w, 15*time.Second) // three of six are ready: the ratio is 2 still
	if got := w.workload(t, "Deployment").replicas(); got != 6 {
		t.Errorf("%d replicas, want 6 while only 3 are ready", got)
	}
	w, l = play(t, Options{NoWorkers: true}, deployment("worker", 3), object(spec))
	w.Break(Breakage{Kind: Quota})
	l.n[orders] = 20
	run(w, 2*time.Second)
	if c := w.autoscaler(t).condition("ScalingActive"); c.Reason != "FailedGetExternalMetric" || !strings.Contains(c.Message, "no pods returned by selector") {
		t.Errorf("no pods: %+v", c)
	}
}

// TestPlainHPA is an HPA of the user's own beside KEDA's ScaledObject.
func TestPlainHPA(t *testing.T) {
	so := object(map[string]any{"scaleTargetRef": map[string]any{"name": "other"}})
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 1), deployment("other", 0), so)
	l.n[orders] = 20
	run(w, time.Second)
	if err := w.Apply(plain(1, 10, ordersMetric(5000)), "kubectl"); err != nil {
		t.Fatal(err)
	}
	run(w, time.Second)
	dep := w.workload(t, "Deployment")
	if dep.replicas() != 4 {
		t.Errorf("%d replicas, want 4", dep.replicas())
	}
	cpu := plain(1, 10, autoscalingv2.MetricSpec{Type: "Resource", Resource: &autoscalingv2.ResourceMetricSource{
		Name: "cpu", Target: autoscalingv2.MetricTarget{Type: "Utilization", AverageUtilization: new(int32)},
	}})
	if err := w.Apply(cpu, "kubectl"); err != nil {
		t.Fatal(err)
	}
	changes := run(w, time.Second) // a change of the spec is looked at at once
	h := w.hpas[kscope.Ref{Namespace: "shop", Name: "plain"}]
	const words = "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"
	if c := h.condition("ScalingActive"); c.Reason != "FailedGetResourceMetric" || c.Message != "the HPA was unable to compute the replica count: "+words {
		t.Errorf("got %+v", c)
	}
	same(t, "events", hpaNotes(changes), []string{
		"FailedGetResourceMetric: " + words,
		"FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: " + words,
	})
	if got := NotModelled(cpu); got != nil {
		t.Errorf("not modelled: %v", got)
	}
	custom := plain(1, 10, autoscalingv2.MetricSpec{Type: "Pods", Pods: &autoscalingv2.PodsMetricSource{}})
	if got := NotModelled(custom); len(got) != 1 {
		t.Errorf("not modelled: %v", got)
	}
	second := plain(1, 10, ordersMetric(5000))
	second.Name = "second"
	if err := w.Apply(second, "kubectl"); err != nil {
		t.Fatal(err)
	}
	run(w, time.Second)
	if c := w.hpas[kscope.Ref{Namespace: "shop", Name: "second"}].condition("ScalingActive"); c.Reason != "AmbiguousSelector" ||
		c.Message != "pods by selector app=worker are controlled by multiple HPAs: [shop/plain shop/second]" {
		t.Errorf("got %+v", c)
	}
}

// TestBounds: below min and above max are put right without looking at a
// metric; what may not be written says so.
func TestBounds(t *testing.T) {
	w, _ := play(t, Options{NoWorkers: true}, deployment("worker", 1), object(map[string]any{"minReplicaCount": int64(3), "maxReplicaCount": int64(5)}))
	w.firstPoll = time.Hour
	same(t, "below", hpaNotes(run(w, time.Second)), []string{"SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas"})
	if err := w.Scale("Deployment", "shop", "worker", 9, "kubectl"); err != nil {
		t.Fatal(err)
	}
	same(t, "above", hpaNotes(run(w, 15*time.Second)), []string{"SuccessfulRescale: New size: 5; reason: Current number of replicas above Spec.MaxReplicas"})
	w.Break(Breakage{Kind: RefuseScale})
	if err := w.Scale("Deployment", "shop", "worker", 9, "kubectl"); err != nil {
		t.Fatal(err)
	}
	const words = `deployments.apps "worker" is forbidden: User "system:serviceaccount:kube-system:horizontal-pod-autoscaler" cannot update resource "deployments/scale" in API group "apps" in the namespace "shop"`
	got := hpaNotes(run(w, 15*time.Second))
	same(t, "refused", got, []string{"FailedRescale: New size: 5; reason: Current number of replicas above Spec.MaxReplicas; error: " + words})
	if c := w.autoscaler(t).condition("AbleToScale"); c.Reason != "FailedUpdateScale" || c.Message != "the HPA controller was unable to update the target scale: "+words {
		t.Errorf("got %+v", c)
	}
	if err := w.Delete(deployment("worker", 1)); err != nil {
		t.Fatal(err)
	}
	run(w, 15*time.Second)
	if c := w.autoscaler(t).condition("AbleToScale"); c.Reason != "FailedGetScale" ||
		c.Message != `the HPA controller was unable to get the target's current scale: deployments.apps "worker" not found` {
		t.Errorf("got %+v", c)
	}
}

// TestTolerances are read per direction.
func TestTolerances(t *testing.T) {
	q := resource.MustParse("0.25")
	b := &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{Tolerance: &q}}
	if got := scaling.TolerancesOf(rulesOf(b)); got != (scaling.Tolerances{Up: 0.1, Down: 0.25}) {
		t.Errorf("got %+v", got)
	}
}

// TestEventsAreFew: KEDA's are a series that is written twice, the HPA's are
// counted; both are gone an hour later.
func TestEventsAreFew(t *testing.T) {
	w, _ := play(t, Options{})
	so := &scaledObject{ref: kscope.Ref{Namespace: "shop", Name: "so"}, u: object(nil)}
	for range 5 {
		w.tell(so, corev1.EventTypeWarning, "KEDAScalerFailed", "KEDAScalerFailed", "no")
		w.Advance(w.Now().Add(time.Minute))
	}
	verbs := func() (out []ChangeVerb) {
		for _, c := range w.Changes() {
			out = append(out, c.Verb)
		}
		return out
	}
	if got := verbs(); !slices.Equal(got, []ChangeVerb{Added, Modified}) {
		t.Errorf("five times the same: %v", got)
	}
	w.Advance(w.Now().Add(2 * time.Hour)) // the series is closed with its count, then the event expires
	if got := verbs(); !slices.Equal(got, []ChangeVerb{Modified, Deleted}) {
		t.Errorf("the end: %v", got)
	}
	h := &hpa{obj: plain(1, 2)}
	h.obj.UID = "x"
	for range 3 {
		w.hpaEvent(h, corev1.EventTypeWarning, "FailedGetScale", "no")
	}
	last := w.Changes()
	if e := last[2].Object.(*corev1.Event); len(last) != 3 || e.Count != 3 || last[2].Verb != Modified {
		t.Errorf("got %+v", e)
	}
	for range 60 {
		w.hpaEvent(h, corev1.EventTypeWarning, "FailedGetScale", "no")
	}
	if got := len(w.Changes()); got != 22 {
		t.Errorf("%d events of 60 came through the spam filter, want 22", got)
	}
	w.Advance(w.Now().Add(3 * time.Hour))
	if len(w.events.olderOnes)+len(w.events.newerOnes)+len(w.events.similar)+len(w.events.spam) != 0 || len(w.due) != 0 {
		t.Errorf("something is left: %+v, %d timers", w.events, len(w.due))
	}
}
