package store_test

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// noon is when the stories of the tests are told.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

func i32(n int32) *int32 { return &n }

func cond(typ, status, reason string) kscope.Condition {
	return kscope.Condition{Type: typ, Status: status, Reason: reason}
}

// with gives a list of conditions with one replaced or added.
func with(cs kscope.Conditions, c kscope.Condition) kscope.Conditions {
	out := kscope.Conditions{c}
	for _, x := range cs {
		if x.Type != c.Type {
			out = append(out, x)
		}
	}
	return out
}

// orders is the queue of the seed story, and orderWorker its ScaledObject.
var orders = triggers.Redis{Address: "redis.demo.svc.cluster.local:6379", Key: "orders"}.Backlog()

func orderWorker() kscope.ScaledObject {
	return kscope.ScaledObject{
		Ref: kscope.Ref{Namespace: "demo", Name: "order-worker"}, UID: "so-1", Created: at(-3600),
		ScaleTarget:     kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "order-worker"},
		PollingInterval: 5 * time.Second, CooldownPeriod: 30 * time.Second, MaxReplicaCount: 10,
		Triggers: []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &orders,
			Metadata: map[string]string{"listName": "orders", "listLength": "5"}}},
		HPAName: "keda-hpa-order-worker", ExternalMetricNames: []string{"s0-redis-orders"},
		Conditions: kscope.Conditions{cond("Ready", "True", "ScaledObjectReady"), cond("Active", "False", "ScalerNotActive"), cond("Paused", "False", "")},
	}
}

// world feeds a store with what happens to one ScaledObject.
type world struct {
	*store.Store
	so  kscope.ScaledObject
	hpa kscope.HPA
	w   kscope.Workload
}

// newWorld is a ScaledObject at rest at some size, watched since the start.
func newWorld(size int32) *world {
	x := &world{Store: store.New(), so: orderWorker()}
	x.hpa = kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "keda-hpa-order-worker"}, UID: "hpa-1", OwnerUID: x.so.UID, MaxReplicas: 10,
		Conditions: kscope.Conditions{cond("ScalingActive", "True", "ValidMetricFound")}}
	x.w = kscope.Workload{Ref: x.so.Ref, Kind: "Deployment", UID: "d-1", Desired: size, Current: size, Ready: &size}
	x.see(0, x.so, x.hpa, x.w, kscope.Status{Kind: kscope.Deployments, State: kscope.Synced}, kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	return x
}

func (x *world) see(seconds float64, facts ...kscope.Fact) {
	for _, f := range facts {
		x.Apply(kscope.Observation{At: at(seconds), Source: "redis", Fact: f})
	}
}

func (x *world) watchEvents() {
	x.see(0, kscope.Status{Kind: kscope.Events, State: kscope.Synced})
}

func (x *world) scale(seconds float64, by string, to int32) {
	x.w.SetBy, x.w.Desired, x.w.Current = by, to, to
	x.see(seconds, x.w)
}

func (x *world) depth(seconds float64, n int64) {
	x.see(seconds, kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: float64(n)}}})
}

// idOf is the ScaledObject of a name.
func idOf(ref kscope.Ref) kscope.ID { return kscope.ID{Kind: kscope.ScaledObjects, Ref: ref} }

func (x *world) id() kscope.ID { return idOf(x.so.Ref) }
