package world

import (
	"testing"
	"time"
)

// TestCronTrigger: inside its window the trigger wants its replicas, whatever
// the list says.
func TestCronTrigger(t *testing.T) {
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{"pollingInterval": int64(5), "cooldownPeriod": int64(30), "triggers": []any{
		listTrigger("orders", "5"),
		map[string]any{"type": "cron", "metadata": map[string]any{"timezone": "Etc/UTC", "start": "5 16 * * *", "end": "10 16 * * *", "desiredReplicas": "3"}},
	}}))
	run(w, 4*time.Minute)
	if got := w.workload(t, "Deployment").replicas(); got != 0 {
		t.Errorf("before: %d", got)
	}
	run(w, 2*time.Minute)
	if got := w.workload(t, "Deployment").replicas(); got != 3 {
		t.Errorf("inside: %d", got)
	}
	if got := w.so(t).activity; got["s0-redis-orders"] || !got["s1-cron-Etc-UTC-516xxx-1016xxx"] {
		t.Errorf("activity: %v", got)
	}
	run(w, 6*time.Minute)
	if got := w.workload(t, "Deployment").replicas(); got != 0 {
		t.Errorf("after: %d", got)
	}
	if l.n[orders] != 0 {
		t.Error("the list changed")
	}
}

// TestCronCalendar: no schedule that KEDA takes, in no zone, holds up the world.
func TestCronCalendar(t *testing.T) {
	for _, metadata := range []map[string]any{
		{"timezone": "America/Havana", "start": "0 8 1 7 *", "end": "0 20 1 7 *"},
		{"timezone": "UTC", "start": "0 0 */9223372036854775807 * *", "end": "0 20 * * *"},
		{"timezone": "Africa/Cairo", "start": "0 0 30 2 *", "end": ", * * * *"},
		{"timezone": "Asia/Beirut", "start": "CRON_TZ=Asia/Gaza 0 0 * * 6", "end": "TZ=UTC"},
	} {
		metadata["desiredReplicas"] = "3"
		w, _ := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{"triggers": []any{
			map[string]any{"type": "cron", "metadata": metadata},
		}}))
		run(w, time.Hour)
		if got := w.so(t).conditions.get("Ready").status; got != "True" && got != "False" {
			t.Errorf("%v: Ready %q", metadata, got)
		}
	}
}

// kubernetes-workload counts pods, cpu is always active and cannot be read.
func TestOtherTriggers(t *testing.T) {
	w, _ := play(t, Options{NoWorkers: true}, deployment("worker", 0), deployment("guests", 4), object(map[string]any{"pollingInterval": int64(5), "triggers": []any{
		map[string]any{"type": "kubernetes-workload", "metadata": map[string]any{"podSelector": "app=guests", "value": "2"}},
	}}))
	run(w, 40*time.Second)
	if got := w.workload(t, "Deployment").replicas(); got != 2 {
		t.Errorf("%d replicas for 4 pods at 2", got)
	}
	w, _ = play(t, Options{NoWorkers: true}, deployment("worker", 0), deployment("guests", 4), object(map[string]any{"pollingInterval": int64(5), "triggers": []any{
		map[string]any{"type": "kubernetes-workload", "metadata": map[string]any{"podSelector": "app=guests", "value": "1", "groupByNode": "true"}},
	}}))
	run(w, 40*time.Second)
	nodes := map[string]bool{}
	for _, p := range w.allPods() {
		if p.workload.Name == "guests" {
			nodes[p.obj.Spec.NodeName] = true
		}
	}
	if got := w.workload(t, "Deployment").replicas(); int(got) != len(nodes) {
		t.Errorf("%d replicas for 4 pods on %d nodes", got, len(nodes))
	}
	w, _ = play(t, Options{NoWorkers: true}, deployment("worker", 1), object(map[string]any{"minReplicaCount": int64(1), "triggers": []any{
		map[string]any{"type": "cpu", "metricType": "Utilization", "metadata": map[string]any{"value": "60"}},
	}}))
	run(w, 40*time.Second)
	so := w.so(t)
	if got := so.conditions.get("Active"); got.status != "True" || len(so.metrics) != 0 || so.resources[0] != "cpu" {
		t.Errorf("cpu: %+v, %v, %v", got, so.metrics, so.resources)
	}
	if got := so.conditions.get("HPAActive"); got.reason != "FailedGetResourceMetric" {
		t.Errorf("cpu: %+v", got)
	}
}
