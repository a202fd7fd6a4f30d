package explain_test

import (
	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/store/storetest"
)

// The seed story, by the names that the tests here use.
var (
	noon        = storetest.Noon
	at          = storetest.At
	i32         = storetest.I32
	cond        = storetest.Cond
	with        = storetest.With
	orders      = storetest.Orders
	orderWorker = storetest.OrderWorker
	idOf        = storetest.IDOf
	newWorld    = storetest.NewWorld
)

type world = storetest.World

// scene is the seed story at some moment: a queue of so many jobs, so many
// replicas wanted and ready, and KEDA and the HPA in agreement with that.
func scene(jobs float64, desired, ready int32) *store.Chain {
	so := orderWorker()
	c := &store.Chain{
		ScaledObject: so,
		HPA: &kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "keda-hpa-order-worker"}, OwnerUID: so.UID, MinReplicas: 1, MaxReplicas: 10,
			CurrentReplicas: desired, DesiredReplicas: desired, StatusEverSynced: true,
			Metrics: []kscope.Metric{{Type: "External", Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5}},
			Conditions: kscope.Conditions{cond("AbleToScale", "True", "ReadyForNewScale"), cond("ScalingActive", "True", "ValidMetricFound"),
				cond("ScalingLimited", "False", "DesiredWithinRange")}},
		Workload: &kscope.Workload{Ref: so.Ref, Kind: "Deployment", Desired: desired, Current: desired, Ready: &ready},
		Ready:    &ready,
		Readings: []store.Reading{{Trigger: so.Triggers[0], Metric: "s0-redis-orders", Target: 5, Value: jobs, Known: true, From: store.FromBroker, Type: "list"}},
		Watched:  at(-600),
	}
	c.Counts[kscope.PodReady] = int(ready)
	c.WorkloadStatus = synced(kscope.Deployments)
	c.PodStatus, c.HPAStatus, c.KEDAStatus = synced(kscope.Pods), synced(kscope.HPAs), synced(kscope.ScaledObjects)
	if desired > 0 {
		c.ScaledObject.Conditions = with(so.Conditions, cond("Active", "True", "ScalerActive"))
		c.ScaledObject.LastActiveTime, c.Polled = at(-2), at(-1.8)
	}
	if desired == 0 {
		c.HPA.Conditions = with(c.HPA.Conditions, cond("ScalingActive", "False", "ScalingDisabled"))
	}
	if jobs == 0 {
		c.Readings[0].Type = "none"
	}
	return c
}

func synced(k kscope.Kind) store.SourceStatus {
	return store.SourceStatus{Status: kscope.Status{Kind: k, State: kscope.Synced}}
}

func soCond(c *store.Chain, typ, status, reason, message string) {
	c.ScaledObject.Conditions = with(c.ScaledObject.Conditions, kscope.Condition{Type: typ, Status: status, Reason: reason, Message: message})
}

func hpaCond(c *store.Chain, typ, status, reason, message string) {
	c.HPA.Conditions = with(c.HPA.Conditions, kscope.Condition{Type: typ, Status: status, Reason: reason, Message: message})
}

func cooldown(c *store.Chain) {
	soCond(c, "Active", "False", "ScalerCooldown", "")
	c.ScaledObject.LastActiveTime, c.Polled = at(-12), at(-11.6)
}

// another adds a trigger that nothing measures.
func another(c *store.Chain, typ string) {
	c.Readings = append(c.Readings, store.Reading{Trigger: kscope.Trigger{Type: typ, MetricType: "AverageValue"}})
}
