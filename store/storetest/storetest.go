// Package storetest is the seed story, and a busy namespace, as observations. It
// is for the tests and benchmarks of whoever folds them or explains them.
package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// Noon is when the stories of the tests are told.
var Noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// At is a moment so many seconds after noon.
func At(seconds float64) time.Time {
	return Noon.Add(time.Duration(seconds * float64(time.Second)))
}

// I32 is a pointer to a number.
func I32(n int32) *int32 { return &n }

// Cond is a condition without a message.
func Cond(typ, status, reason string) kscope.Condition {
	return kscope.Condition{Type: typ, Status: status, Reason: reason}
}

// With gives a list of conditions with one replaced or added.
func With(cs kscope.Conditions, c kscope.Condition) kscope.Conditions {
	out := kscope.Conditions{c}
	for _, x := range cs {
		if x.Type != c.Type {
			out = append(out, x)
		}
	}
	return out
}

// Orders is the queue of the seed story.
var Orders = triggers.Redis{Address: "redis.demo.svc.cluster.local:6379", Key: "orders"}.Backlog()

// OrderWorker is the ScaledObject of the seed story.
func OrderWorker() kscope.ScaledObject {
	return kscope.ScaledObject{
		Ref: kscope.Ref{Namespace: "demo", Name: "order-worker"}, UID: "so-1", Created: At(-3600),
		ScaleTarget:     kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "order-worker"},
		PollingInterval: 5 * time.Second, CooldownPeriod: 30 * time.Second, MaxReplicaCount: 10,
		Triggers: []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &Orders,
			Metadata: map[string]string{"listName": "orders", "listLength": "5"}}},
		HPAName: "keda-hpa-order-worker", ExternalMetricNames: []string{"s0-redis-orders"},
		Conditions: kscope.Conditions{Cond("Ready", "True", "ScaledObjectReady"), Cond("Active", "False", "ScalerNotActive"), Cond("Paused", "False", "")},
	}
}

// World feeds a store with what happens to one ScaledObject.
type World struct {
	*store.Store
	SO   kscope.ScaledObject
	HPA  kscope.HPA
	Work kscope.Workload
	n    int
}

// NewWorld is a ScaledObject at rest at some size, watched since the start.
func NewWorld(size int32) *World {
	x := &World{Store: store.New(), SO: OrderWorker()}
	x.HPA = kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "keda-hpa-order-worker"}, UID: "hpa-1", OwnerUID: x.SO.UID, MinReplicas: 1, MaxReplicas: 10,
		Conditions: kscope.Conditions{Cond("ScalingActive", "True", "ValidMetricFound")}}
	x.Work = kscope.Workload{Ref: x.SO.Ref, Kind: "Deployment", UID: "d-1", Desired: size, Current: size, Ready: &size}
	x.See(0, x.SO, x.HPA, x.Work)
	x.See(0, Synced()...)
	return x
}

// Synced says that all kinds but events are watched, and what is known is current.
func Synced() (out []kscope.Fact) {
	for _, kind := range []kscope.Kind{kscope.Deployments, kscope.StatefulSets, kscope.ScaleTargets, kscope.HPAs, kscope.Pods, kscope.ScaledObjects, kscope.ScaledJobs, kscope.Jobs} {
		out = append(out, kscope.Status{Kind: kind, State: kscope.Synced})
	}
	return out
}

// See folds facts, seen at a moment.
func (x *World) See(seconds float64, facts ...kscope.Fact) {
	for _, f := range facts {
		x.Apply(kscope.Observation{At: At(seconds), Source: "redis", Fact: f})
	}
}

// WatchEvents says that events are watched.
func (x *World) WatchEvents() {
	x.See(0, kscope.Status{Kind: kscope.Events, State: kscope.Synced})
}

// Scale sets the replicas, by a field manager.
func (x *World) Scale(seconds float64, by string, to int32) {
	x.Work.SetBy, x.Work.Desired, x.Work.Current = by, to, to
	x.See(seconds, x.Work)
}

// Ready makes so many pods ready.
func (x *World) Ready(seconds float64, n int32) {
	x.Work.Ready = &n
	x.See(seconds, x.Work)
}

// Depth is a measurement of the queue.
func (x *World) Depth(seconds float64, n int64) {
	x.See(seconds, kscope.Depths{Server: Orders.Server, All: []kscope.Depth{{Backlog: Orders, N: float64(n)}}})
}

// Event tells of something that happened at last, heard of at a moment; KEDA's and
// the HPA's steps are normal, all else is a warning.
func (x *World) Event(seconds, last float64, kind, reason, note string) {
	x.n++
	ev := kscope.Event{UID: fmt.Sprint("e", x.n), Namespace: "demo", Type: "Normal", Reason: reason, Note: note, Last: At(last), Count: 1}
	ev.Regarding = kscope.ObjectRef{Kind: kind, Namespace: "demo", Name: map[string]string{"ScaledObject": "order-worker", "HorizontalPodAutoscaler": "keda-hpa-order-worker"}[kind]}
	if !strings.HasPrefix(reason, "KEDAScaleTarget") && reason != "SuccessfulRescale" {
		ev.Type = "Warning"
	}
	x.See(seconds, ev)
}

// Active is the condition of that name, as KEDA writes it.
func (x *World) Active(seconds float64, status, reason string) {
	x.SO.Conditions = With(x.SO.Conditions, Cond("Active", status, reason))
	x.See(seconds, x.SO)
}

// ID is that of the ScaledObject.
func (x *World) ID() kscope.ID { return IDOf(x.SO.Ref) }

// IDOf is that of a ScaledObject.
func IDOf(ref kscope.Ref) kscope.ID { return kscope.ID{Kind: kscope.ScaledObjects, Ref: ref} }

// Look explains the ScaledObject, which must be there.
func (x *World) Look(t testing.TB) explain.Picture {
	t.Helper()
	c, ok := explain.Look(x.Store, x.ID())
	if !ok {
		t.Fatal("the ScaledObject is not there")
	}
	return c
}
