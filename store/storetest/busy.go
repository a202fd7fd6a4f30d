package storetest

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// A namespace at the size that must stay comfortable.
const (
	ManyObjects = 500
	PodsEach    = 10
)

// Named is the name of the object of a number.
func Named(i int) kscope.Ref {
	return kscope.Ref{Namespace: fmt.Sprint("team-", i%20), Name: fmt.Sprint("worker-", i)}
}

// FirstLists is what the sources say at start, every kind in one go.
func FirstLists(objects int) (out []kscope.Observation) {
	see := func(source string, f kscope.Fact) {
		out = append(out, kscope.Observation{At: Noon.Add(time.Duration(len(out)) * time.Microsecond), Source: source, Fact: f})
	}
	for i := range objects {
		see("keda", ObjectNumber(i, Noon))
	}
	see("keda", kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	for i := range objects {
		see("k8s", WorkloadNumber(i, PodsEach))
		see("k8s", kscope.HPA{Ref: kscope.Ref{Namespace: Named(i).Namespace, Name: "keda-hpa-" + Named(i).Name}, UID: fmt.Sprint("h", i), OwnerUID: fmt.Sprint("s", i),
			MaxReplicas: 10, StatusEverSynced: true, Conditions: kscope.Conditions{Cond("ScalingActive", "True", "ValidMetricFound")}})
		see("k8s", kscope.Event{UID: fmt.Sprint("e", i), Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: Named(i).Namespace, Name: Named(i).Name},
			Type: "Normal", Reason: "KEDAScaleTargetActivated", Note: "Scaled apps/v1.Deployment from 0 to 1, triggered by s0", Last: Noon, Count: 1})
	}
	see("redis", DepthsOf(objects, 0))
	for i := range objects * PodsEach {
		see("k8s", PodNumber(i, objects, true))
	}
	for _, k := range []kscope.Kind{kscope.Deployments, kscope.HPAs, kscope.Events, kscope.Pods} {
		see("k8s", kscope.Status{Kind: k, State: kscope.Synced})
	}
	return out
}

// ObjectNumber is a ScaledObject, for which KEDA last saw work at a time.
func ObjectNumber(i int, active time.Time) kscope.ScaledObject {
	so := OrderWorker()
	so.Ref, so.UID, so.ScaleTarget.Name, so.HPAName = Named(i), fmt.Sprint("s", i), Named(i).Name, "keda-hpa-"+Named(i).Name
	q := triggers.Redis{Address: Orders.Server, Key: Named(i).Name}.Backlog()
	so.Triggers = []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &q, Metadata: map[string]string{"listLength": "5"}}}
	so.Conditions, so.LastActiveTime = With(so.Conditions, Cond("Active", "True", "ScalerActive")), active
	return so
}

// WorkloadNumber is its target, with so many replicas.
func WorkloadNumber(i int, n int32) kscope.Workload {
	return kscope.Workload{Ref: Named(i), Kind: "Deployment", UID: fmt.Sprint("d", i), Desired: n, Current: n, Ready: &n,
		Selector: kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{Named(i).Name}}}}
}

// PodNumber is one of the pods of so many objects.
func PodNumber(i, objects int, ready bool) kscope.Pod {
	of := Named(i % objects)
	return kscope.Pod{Ref: kscope.Ref{Namespace: of.Namespace, Name: fmt.Sprint(of.Name, "-", i)}, UID: fmt.Sprint("p", i), Created: Noon,
		Labels: map[string]string{"app": of.Name, "pod-template-hash": "58cfddfd4c"}, Phase: "Running", Scheduled: true, Ready: ready}
}

// DepthsOf is a poll in which one queue in 25 is longer than a step before.
func DepthsOf(objects, step int) kscope.Depths {
	d := kscope.Depths{Server: Orders.Server}
	for i := range objects {
		q := triggers.Redis{Address: Orders.Server, Key: Named(i).Name}.Backlog()
		d.All = append(d.All, kscope.Depth{Backlog: q, N: float64(50 + (i+step)/25%9), Type: "list"})
	}
	return d
}

// Listed is a store after the first lists, which came as batches do.
func Listed(objects int) *store.Store {
	s := store.New()
	for all := FirstLists(objects); len(all) > 0; all = all[min(100, len(all)):] {
		s.Apply(all[:min(100, len(all))]...)
	}
	return s
}

// Busy is a store after some minutes: four polls a second, 50 pods that change
// a second, 5 workloads that scale, and KEDA that writes to every object each 30
// seconds.
func Busy(objects int, lasts time.Duration) *store.Store {
	s := Listed(objects)
	steps := int(lasts / (250 * time.Millisecond))
	for i := range steps {
		s.Apply(Quarter(objects, i)...)
	}
	return s
}

// Quarter is what a busy cluster says in a quarter of a second.
func Quarter(objects, i int) (out []kscope.Observation) {
	now := Noon.Add(time.Second + time.Duration(i)*250*time.Millisecond)
	see := func(source string, f kscope.Fact) {
		out = append(out, kscope.Observation{At: now, Source: source, Fact: f})
	}
	if objects > 1 || i%60 < 40 { // measurements that repeat themselves come once a second
		see("redis", DepthsOf(objects, i))
	} else if i%4 == 0 {
		see("redis", DepthsOf(objects, 0))
	}
	pods := max(objects/40, 1)
	for j := range pods {
		if objects < 40 && i%8 > 0 {
			break
		}
		see("k8s", PodNumber((i*pods+j)%(objects*PodsEach), objects, i/40%2 == 0))
	}
	for j := range max(objects/120, 1) {
		if objects >= 120 || i%120 == 0 {
			see("keda", ObjectNumber((i*4+j)%objects, now))
		}
	}
	if objects >= 120 || i%40 == 0 {
		see("k8s", WorkloadNumber((i*7)%objects, int32(i%10)))
	}
	if i%4 == 0 {
		see("", kscope.Heartbeat{})
	}
	return out
}
