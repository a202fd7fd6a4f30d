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

// kubernetes-workload counts pods, cpu is always active and cannot be read.
func TestOtherTriggers(t *testing.T) {
	w, _ := play(t, Options{NoWorkers: true}, deployment("worker", 0), deployment("guests", 4), object(map[string]any{"pollingInterval": int64(5), "triggers": []any{
		map[string]any{"type": "kubernetes-workload", "metadata": map[string]any{"podSelector": "app=guests", "value": "2"}},
	}}))
	run(w, 40*time.Second)
	if got := w.workload(t, "Deployment").replicas(); got != 2 {
		t.Errorf("%d replicas for 4 pods at 2", got)
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
