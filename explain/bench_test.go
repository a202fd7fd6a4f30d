package explain_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// A namespace at the size that must stay comfortable.
const (
	manyObjects = 500
	podsEach    = 10
)

func named(i int) kscope.Ref {
	return kscope.Ref{Namespace: fmt.Sprint("team-", i%20), Name: fmt.Sprint("worker-", i)}
}

// firstLists is what the sources say at start, every kind in one go.
func firstLists() (out []kscope.Observation) {
	see := func(source string, f kscope.Fact) {
		out = append(out, kscope.Observation{At: noon.Add(time.Duration(len(out)) * time.Microsecond), Source: source, Fact: f})
	}
	for i := range manyObjects {
		see("keda", objectNumber(i, noon))
	}
	see("keda", kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	for i := range manyObjects {
		see("k8s", workloadNumber(i, podsEach))
		see("k8s", kscope.HPA{Ref: kscope.Ref{Namespace: named(i).Namespace, Name: "keda-hpa-" + named(i).Name}, UID: fmt.Sprint("h", i), OwnerUID: fmt.Sprint("s", i),
			MaxReplicas: 20, StatusEverSynced: true, Conditions: kscope.Conditions{cond("ScalingActive", "True", "ValidMetricFound")}})
		see("k8s", kscope.Event{UID: fmt.Sprint("e", i), Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: named(i).Namespace, Name: named(i).Name},
			Type: "Normal", Reason: "KEDAScaleTargetActivated", Note: "Scaled apps/v1.Deployment from 0 to 1, triggered by s0", Last: noon, Count: 1})
		see("redis", depthNumber(i, 50))
	}
	for i := range manyObjects * podsEach {
		see("k8s", podNumber(i, true))
	}
	for _, k := range []kscope.Kind{kscope.Deployments, kscope.HPAs, kscope.Events, kscope.Pods} {
		see("k8s", kscope.Status{Kind: k, State: kscope.Synced})
	}
	return out
}

func objectNumber(i int, active time.Time) kscope.ScaledObject {
	so := orderWorker()
	so.Ref, so.UID, so.ScaleTarget.Name, so.HPAName = named(i), fmt.Sprint("s", i), named(i).Name, "keda-hpa-"+named(i).Name
	q := triggers.Redis{Address: orders.Server, Key: named(i).Name}.Backlog()
	so.Triggers = []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &q, Metadata: map[string]string{"listLength": "5"}}}
	so.Conditions, so.LastActiveTime = with(so.Conditions, cond("Active", "True", "ScalerActive")), active
	return so
}

func workloadNumber(i int, n int32) kscope.Workload {
	return kscope.Workload{Ref: named(i), Kind: "Deployment", UID: fmt.Sprint("d", i), Desired: n, Current: n, Ready: &n,
		Selector: kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{named(i).Name}}}}
}

func podNumber(i int, ready bool) kscope.Pod {
	of := named(i % manyObjects)
	return kscope.Pod{Ref: kscope.Ref{Namespace: of.Namespace, Name: fmt.Sprint(of.Name, "-", i)}, UID: fmt.Sprint("p", i), Created: noon,
		Labels: map[string]string{"app": of.Name, "pod-template-hash": "58cfddfd4c"}, Phase: "Running", Scheduled: true, Ready: ready}
}

func depthNumber(i int, n int64) kscope.Depths {
	return kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: triggers.Redis{Address: orders.Server, Key: named(i).Name}.Backlog(), N: float64(n), Type: "list"}}}
}

func folded() *store.Store {
	s := store.New()
	for _, o := range firstLists() {
		s.Apply(o)
	}
	return s
}

func BenchmarkChain(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		s := folded()
		b.ReportAllocs()
		for b.Loop() {
			explain.Look(s, idOf(named(7)))
		}
	})
	b.Run("all 500", func(b *testing.B) {
		s := folded()
		b.ReportAllocs()
		for b.Loop() {
			for _, ref := range s.ScaledObjects() {
				explain.Look(s, idOf(ref))
			}
		}
	})
}

func BenchmarkTimeline(b *testing.B) {
	s := folded()
	ref := named(7)
	for i := range 600 { // as long as it gets
		now := noon.Add(time.Duration(i) * 10 * time.Second)
		s.Apply(kscope.Observation{At: now, Fact: workloadNumber(7, int32(i%10))})
		if i%4 == 0 {
			s.Apply(kscope.Observation{At: now, Fact: kscope.Event{UID: fmt.Sprint("step", i), Type: "Normal", Reason: "KEDAScaleTargetActivated", Note: "from 0 to 1", Last: now,
				Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: ref.Namespace, Name: ref.Name}}})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		explain.Timeline(s, idOf(ref))
	}
	b.ReportMetric(float64(len(explain.Timeline(s, idOf(ref)))), "entries/op")
}
