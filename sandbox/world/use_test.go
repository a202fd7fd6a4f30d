package world

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func usage(name corev1.ResourceName, percent int32) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
		Name: name, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent}}}
}

// asking is a Deployment whose container requests so much.
func asking(replicas int32, requests corev1.ResourceList) *appsv1.Deployment {
	d := deployment("worker", replicas)
	d.Spec.Template.Spec.Containers[0].Resources.Requests = requests
	return d
}

var aCore = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi")}

// TestUse is what pods use in the course of a rush, and what the HPA makes of it: they
// are busy all of the time or none, and one that has just begun counts as idle.
func TestUse(t *testing.T) {
	w, l := play(t, Options{ServiceTime: 10 * time.Second}, asking(2, aCore))
	if err := w.Apply(plain(1, 8, usage(corev1.ResourceCPU, 50)), "kubectl"); err != nil {
		t.Fatal(err)
	}
	wl, h := w.workload(t, "Deployment"), w.autoscalerNamed(t, "plain")
	var got []string
	look := func(after time.Duration) {
		run(w, after)
		use := "none"
		if m := h.obj.Status.CurrentMetrics; len(m) > 0 && m[0].Resource != nil {
			use = fmt.Sprintf("%d%% %s", *m[0].Resource.Current.AverageUtilization, m[0].Resource.Current.AverageValue)
		}
		got = append(got, fmt.Sprintf("%s: %d, %s", w.Now().Sub(epoch), wl.replicas(), use))
	}
	look(10 * time.Second)
	look(50 * time.Second)
	l.push(Requests("shop", "worker"), 400)
	for range 6 {
		look(15 * time.Second)
	}
	look(9 * time.Minute)
	look(5 * time.Minute)
	same(t, "use", got, []string{
		"10s: 2, none",
		"1m0s: 2, 2% 20m",
		"1m15s: 4, 100% 1",
		"1m30s: 4, 100% 1",
		"1m45s: 8, 100% 1",
		"2m0s: 8, 100% 1",
		"2m15s: 8, 100% 1",
		"2m30s: 8, 100% 1",
		"11m30s: 8, 2% 20m",
		"16m30s: 1, 2% 20m",
	})
}

// TestUseIsNotThere is what lacks where there are no figures.
func TestUseIsNotThere(t *testing.T) {
	for _, tt := range []struct {
		what    string
		dep     *appsv1.Deployment
		metric  autoscalingv2.MetricSpec
		after   time.Duration
		message string
	}{
		{"no request", asking(1, nil), usage(corev1.ResourceCPU, 50), time.Minute, "failed to get cpu utilization: missing request for cpu in container worker of Pod worker-"},
		{"none of memory", asking(1, corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}), usage(corev1.ResourceMemory, 50), time.Minute, "failed to get memory utilization: missing request for memory in container worker of Pod worker-"},
		{"no pods", asking(1, aCore), usage(corev1.ResourceCPU, 50), 0, "failed to get cpu utilization: no pods returned by selector"},
		{"too early", asking(1, aCore), usage(corev1.ResourceCPU, 50), 5 * time.Second, "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"},
	} {
		w, _ := play(t, Options{}, tt.dep)
		w.firstSync = tt.after
		if err := w.Apply(plain(1, 8, tt.metric), "kubectl"); err != nil {
			t.Fatal(err)
		}
		run(w, tt.after+time.Second)
		if is := w.autoscalerNamed(t, "plain").condition(autoscalingv2.ScalingActive); is.Reason != "FailedGetResourceMetric" || !strings.Contains(is.Message, tt.message) {
			t.Errorf("%s: %s %q", tt.what, is.Reason, is.Message)
		}
	}
}

// TestUseBesideAQueue: KEDA's HPA goes by the most that a metric calls for, and KEDA does
// not stay awake for what pods use.
func TestUseBesideAQueue(t *testing.T) {
	w, l := play(t, Options{ServiceTime: 10 * time.Second}, asking(0, aCore), object(map[string]any{
		"maxReplicaCount": int64(10), "cooldownPeriod": int64(60),
		"triggers": []any{listTrigger("orders", "50"), map[string]any{"type": "cpu", "metricType": "Utilization", "metadata": map[string]any{"value": "50"}}},
	}))
	wl := w.workload(t, "Deployment")
	l.push(orders, 120)
	run(w, 40*time.Second)
	if n := wl.replicas(); n != 3 {
		t.Errorf("%d replicas for 120 jobs at 50", n)
	}
	run(w, 45*time.Second) // all are busy
	if n := wl.replicas(); n < 5 {
		t.Errorf("%d replicas when all are busy, and should be half the time", n)
	}
	if q := wl.crew.queues; len(q) != 1 || q[0] != orders {
		t.Errorf("they work on %v", q)
	}
	run(w, 10*time.Minute)
	if n := wl.replicas(); n != 0 {
		t.Errorf("%d replicas after all of it", n)
	}
}
