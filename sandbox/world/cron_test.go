package world

import (
	"testing"
	"time"
)

func TestCron(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ expr, now, next string }{
		{"* * * * *", "2026-11-23 16:00:30", "2026-11-23 16:01:00"},
		{"0 8 * * *", "2026-11-23 08:00:00", "2026-11-24 08:00:00"},
		{"30 8-10/2 * * 1-5", "2026-11-27 10:30:00", "2026-11-30 08:30:00"},
		{"0 0 1 jan ?", "2026-11-23 16:00:30", "2027-01-01 00:00:00"},
		{"15,45 23 31 * *", "2026-11-23 00:00:00", "2026-12-31 23:15:00"},
		{"0 0 13 * fri", "2026-11-23 00:00:00", "2026-11-27 00:00:00"},
		{"0 0 29 2 *", "2026-11-23 00:00:00", "2028-02-29 00:00:00"},
		{"*/20 5 * * *", "2026-11-23 05:21:00", "2026-11-23 05:40:00"},
	} {
		s, err := parseSchedule(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if got := s.next(at(c.now)); !got.Equal(at(c.next)) {
			t.Errorf("%s after %s: got %v, want %s", c.expr, c.now, got, c.next)
		}
	}
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "5-1 * * * *", "*/0 * * * *"} {
		if _, err := parseSchedule(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

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
