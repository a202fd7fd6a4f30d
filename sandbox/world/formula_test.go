package world

import (
	"testing"
	"time"

	"github.com/kscope/kscope/triggers"
)

// TestFormula: KEDA and its HPA go by what a formula makes of all triggers, and by none of
// them alone.
func TestFormula(t *testing.T) {
	named := func(list string) map[string]any {
		tr := listTrigger(list, "1")
		tr["name"] = list
		return tr
	}
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{
		"pollingInterval": int64(5), "cooldownPeriod": int64(30), "maxReplicaCount": int64(20),
		"triggers": []any{named("orders"), named("returns")},
		"advanced": map[string]any{"scalingModifiers": map[string]any{"formula": "orders > 10 ? orders + 2 * returns : 0", "target": "10", "activationTarget": "5"}},
	}))
	returns := triggers.Redis{Address: "redis:6379", Key: "returns"}
	wl := w.workload(t, "Deployment")
	l.push(returns, 1000)
	run(w, time.Minute)
	if n := wl.replicas(); n != 0 {
		t.Errorf("%d replicas where the formula comes to 0", n)
	}
	l.n[returns] = 5
	l.push(orders, 40)
	run(w, time.Minute)
	if n := wl.replicas(); n != 5 {
		t.Errorf("%d replicas for 40 + 2 x 5 at 10", n)
	}
	m := w.autoscaler(t).obj
	if len(m.Spec.Metrics) != 1 || m.Spec.Metrics[0].External.Metric.Name != compositeMetric || m.Status.CurrentMetrics[0].External.Current.AverageValue.String() != "10" {
		t.Errorf("got %+v, %+v", m.Spec.Metrics, m.Status.CurrentMetrics)
	}
	l.n[orders] = 10
	run(w, 2*time.Minute)
	if n := wl.replicas(); n != 0 {
		t.Errorf("%d replicas after the cooldown", n)
	}
	l.n[orders] = 40
	run(w, time.Minute)
	l.err = errRefused
	run(w, time.Minute)
	if c := w.autoscaler(t).condition("ScalingActive"); c.Reason != "FailedGetExternalMetric" || wl.replicas() != 5 {
		t.Errorf("a trigger that cannot be read: %+v, %d replicas", c, wl.replicas())
	}
}
