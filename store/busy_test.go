package store_test

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
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
func firstLists(objects int) (out []kscope.Observation) {
	see := func(source string, f kscope.Fact) {
		out = append(out, kscope.Observation{At: noon.Add(time.Duration(len(out)) * time.Microsecond), Source: source, Fact: f})
	}
	for i := range objects {
		see("keda", objectNumber(i, noon))
	}
	see("keda", kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	for i := range objects {
		see("k8s", workloadNumber(i, podsEach))
		see("k8s", kscope.HPA{Ref: kscope.Ref{Namespace: named(i).Namespace, Name: "keda-hpa-" + named(i).Name}, UID: fmt.Sprint("h", i), OwnerUID: fmt.Sprint("s", i),
			MaxReplicas: 20, StatusEverSynced: true, Conditions: kscope.Conditions{cond("ScalingActive", "True", "ValidMetricFound")}})
		see("k8s", kscope.Event{UID: fmt.Sprint("e", i), Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: named(i).Namespace, Name: named(i).Name},
			Type: "Normal", Reason: "KEDAScaleTargetActivated", Note: "Scaled apps/v1.Deployment from 0 to 1, triggered by s0", Last: noon, Count: 1})
	}
	see("redis", depthsOf(objects, 0))
	for i := range objects * podsEach {
		see("k8s", podNumber(i, objects, true))
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

func podNumber(i, objects int, ready bool) kscope.Pod {
	of := named(i % objects)
	return kscope.Pod{Ref: kscope.Ref{Namespace: of.Namespace, Name: fmt.Sprint(of.Name, "-", i)}, UID: fmt.Sprint("p", i), Created: noon,
		Labels: map[string]string{"app": of.Name, "pod-template-hash": "58cfddfd4c"}, Phase: "Running", Scheduled: true, Ready: ready}
}

// depthsOf is a poll in which one queue in 25 is longer than a step before.
func depthsOf(objects, step int) kscope.Depths {
	d := kscope.Depths{Server: orders.Server}
	for i := range objects {
		q := triggers.Redis{Address: orders.Server, Key: named(i).Name}.Backlog()
		d.All = append(d.All, kscope.Depth{Backlog: q, N: float64(50 + (i+step)/25%9), Type: "list"})
	}
	return d
}

// listed is a store after the first lists, which came as batches do.
func listed(objects int) *store.Store {
	s := store.New()
	for all := firstLists(objects); len(all) > 0; all = all[min(100, len(all)):] {
		s.Apply(all[:min(100, len(all))]...)
	}
	return s
}

// busy is a store after some minutes: four polls a second, 50 pods that change
// a second, 5 workloads that scale, and KEDA that writes to every object each 30
// seconds.
func busy(objects int, lasts time.Duration) *store.Store {
	s := listed(objects)
	steps := int(lasts / (250 * time.Millisecond))
	for i := range steps {
		s.Apply(quarter(objects, i)...)
	}
	return s
}

// quarter is what a busy cluster says in a quarter of a second.
func quarter(objects, i int) (out []kscope.Observation) {
	now := noon.Add(time.Second + time.Duration(i)*250*time.Millisecond)
	see := func(source string, f kscope.Fact) {
		out = append(out, kscope.Observation{At: now, Source: source, Fact: f})
	}
	if objects > 1 || i%60 < 40 { // measurements that repeat themselves come once a second
		see("redis", depthsOf(objects, i))
	} else if i%4 == 0 {
		see("redis", depthsOf(objects, 0))
	}
	pods := max(objects/40, 1)
	for j := range pods {
		if objects < 40 && i%8 > 0 {
			break
		}
		see("k8s", podNumber((i*pods+j)%(objects*podsEach), objects, i/40%2 == 0))
	}
	for j := range max(objects/120, 1) {
		if objects >= 120 || i%120 == 0 {
			see("keda", objectNumber((i*4+j)%objects, now))
		}
	}
	if objects >= 120 || i%40 == 0 {
		see("k8s", workloadNumber((i*7)%objects, int32(i%10)))
	}
	if i%4 == 0 {
		see("", kscope.Heartbeat{})
	}
	return out
}
