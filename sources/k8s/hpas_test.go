package k8s

import (
	"encoding/json"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kscope/kscope"
)

func TestObserveHPA(t *testing.T) {
	got := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-scaling-up.json"))
	sixty := 60.0
	conditions := got.Conditions
	got.Conditions = nil
	equal(t, got, kscope.HPA{
		Ref:          kscope.Ref{Namespace: "shop", Name: "keda-hpa-order-worker"},
		UID:          "91db1884-25c2-40f0-9ad1-0362a09ad3c9",
		OwnerUID:     "3722412d-afcf-474c-8a99-638ed96fadf9",
		ScaledObject: "order-worker",
		ScaleTarget:  kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "order-worker"},
		MinReplicas:  1,
		MaxReplicas:  10,
		Behavior: &kscope.Behavior{
			Up: kscope.Direction{Select: "Max", Policies: []kscope.ScalingPolicy{
				{Type: "Pods", Value: 4, Period: 15 * time.Second}, {Type: "Percent", Value: 100, Period: 15 * time.Second}}},
			Down: kscope.Direction{Window: 30 * time.Second, Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Percent", Value: 100, Period: 15 * time.Second}}},
		},
		Metrics: []kscope.Metric{
			{Type: "External", Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: &sixty}},
		CurrentReplicas:  1,
		DesiredReplicas:  5,
		LastScaleTime:    at(t, "2026-11-23T15:48:19Z").Local(),
		StatusEverSynced: true,
	})
	limited := conditions.Get("ScalingLimited")
	equal(t, limited, kscope.Condition{Type: "ScalingLimited", Status: "True", Reason: "ScaleUpLimit",
		Message: "the desired replica count is increasing faster than the maximum scale rate", Since: at(t, "2026-11-23T15:48:19Z").Local()})
}

func TestObserveHPACases(t *testing.T) {
	idle := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-idle.json"))
	if idle.Metrics[0].Current != nil || idle.Conditions.Get("ScalingActive").Reason != "ScalingDisabled" || idle.CurrentReplicas != 0 {
		t.Errorf("idle: got %+v", idle)
	}
	bad := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-went-bad.json")) // currentMetrics: [{"type":""}]
	if bad.Metrics[0].Current != nil || bad.Conditions.Get("ScalingActive").Reason != "FailedGetExternalMetric" {
		t.Errorf("went bad: got %+v", bad)
	}
	multi := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-multi.json"))
	if len(multi.Metrics) != 2 || *multi.Metrics[0].Current != 0 || *multi.Metrics[1].Current != 1 {
		t.Errorf("multi: got %+v", multi.Metrics)
	}
}

func TestObserveHPAWritten(t *testing.T) {
	read := func(text string) kscope.HPA {
		t.Helper()
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		if err := json.Unmarshal([]byte(text), h); err != nil {
			t.Fatal(err)
		}
		return observeHPA(h)
	}
	bare := read(`{"spec":{"maxReplicas":3}}`)
	if bare.MinReplicas != 1 || bare.Behavior != nil || bare.Behavior.UpWindow() != 0 || bare.Behavior.DownWindow() != 300*time.Second || bare.StatusEverSynced {
		t.Errorf("without behavior: got %+v", bare)
	}
	oneWay := read(`{"spec":{"behavior":{"scaleDown":{"selectPolicy":"Disabled"}}}}`)
	if b := oneWay.Behavior; b.Down.Select != "Disabled" || b.Up.Select != "Max" || len(b.Up.Policies) != 2 || b.Down.Window != 300*time.Second || b.Down.Tolerance != nil {
		t.Errorf("one-way pause: got %+v", oneWay)
	}
	metric := func(spec, status string) kscope.Metric {
		t.Helper()
		return read(`{"spec":{"metrics":[` + spec + `]},"status":{"currentMetrics":[` + status + `]}}`).Metrics[0]
	}
	external := `{"type":"External","external":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"7500m"}}}`
	value := func(v float64) *float64 { return &v }
	for name, test := range map[string]struct {
		got  kscope.Metric
		want kscope.Metric
	}{
		"thousandths": {metric(external, `{"type":"External","external":{"metric":{"name":"m"},"current":{"averageValue":"28600m"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5, Current: value(28.6)}},
		"divided by no pods": {metric(external, `{"type":"External","external":{"metric":{"name":"m"},"current":{"averageValue":"-9223372036854775808m"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5, ByNone: true}},
		"unreadable": {metric(external, `{"type":""}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5}},
		"another": {metric(external, `{"type":"External","external":{"metric":{"name":"n"},"current":{"averageValue":"1"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5}},
		"value": {metric(`{"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value","value":"10"}}}`,
			`{"type":"External","external":{"metric":{"name":"m"},"current":{"value":"12"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "Value", Target: 10, Current: value(12)}},
		"cpu": {metric(`{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":60}}}`,
			`{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":71,"averageValue":"710m"}}}`),
			kscope.Metric{Type: "Resource", Name: "cpu", TargetType: "Utilization", Target: 60, Current: value(71)}},
		"of a container": {metric(`{"type":"ContainerResource","containerResource":{"name":"memory","container":"a","target":{"type":"AverageValue","averageValue":"1Mi"}}}`,
			`{"type":"ContainerResource","containerResource":{"name":"memory","container":"b","current":{"averageValue":"1"}}},
			 {"type":"ContainerResource","containerResource":{"name":"memory","container":"a","current":{"averageValue":"2Mi"}}}`),
			kscope.Metric{Type: "ContainerResource", Name: "memory", TargetType: "AverageValue", Target: 1 << 20, Current: value(2 << 20)}},
		"nothing in it": {metric(`{"type":"Later"}`, `{"type":"Later"}`), kscope.Metric{Type: "Later"}},
	} {
		t.Run(name, func(t *testing.T) { equal(t, test.got, test.want) })
	}
}
