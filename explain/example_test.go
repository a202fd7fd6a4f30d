package explain_test

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/store/storetest"
)

// The story that every dashboard of KEDA should be able to tell: nothing, ten
// jobs, as many pods as they call for, and nothing again.
func ExampleLook() {
	store, now := store.New(), at(0)
	so := orderWorker()
	workload := kscope.Workload{Ref: so.Ref, Kind: "Deployment", Ready: i32(0)}
	hpa := kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "keda-hpa-order-worker"}, OwnerUID: so.UID, MaxReplicas: 10}
	see := func(facts ...kscope.Fact) {
		for _, f := range facts {
			store.Apply(kscope.Observation{At: now, Fact: f})
		}
	}
	tell := func(after time.Duration, facts ...kscope.Fact) {
		now = now.Add(after)
		see(facts...)
		c, _ := explain.Look(store, idOf(so.Ref))
		fmt.Printf("%s, %s\n  %s\n  %s\n", now.Sub(at(0)), c.Phase, c.Why, c.Next)
	}
	jobs := func(n int64) kscope.Depths {
		return kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: float64(n), Type: "list"}}}
	}
	replicas := func(by string, desired, ready int32) kscope.Workload {
		workload.SetBy, workload.Desired, workload.Current, workload.Ready = by, desired, desired, &ready
		return workload
	}
	wants := func(n int32) kscope.HPA {
		hpa.CurrentReplicas, hpa.DesiredReplicas, hpa.StatusEverSynced = workload.Desired, n, true
		return hpa
	}
	active := func(status, reason string, last time.Time) kscope.ScaledObject {
		so.Conditions, so.LastActiveTime = with(so.Conditions, cond("Active", status, reason)), last
		return so
	}

	see(append(storetest.Synced(), so, hpa)...)
	tell(0, replicas("", 0, 0), jobs(0))
	tell(9*time.Second, jobs(10))
	tell(3*time.Second, replicas("keda-operator", 1, 0), active("True", "ScalerActive", at(12)))
	tell(4*time.Second, replicas("keda-operator", 1, 1))
	tell(6*time.Second, replicas("kube-controller-manager", 2, 1), wants(2), jobs(9))
	tell(2*time.Second, replicas("kube-controller-manager", 2, 2))
	tell(20*time.Second, jobs(0), active("True", "ScalerActive", at(42)))
	tell(6*time.Second, active("False", "ScalerCooldown", at(42)))
	tell(22*time.Second, replicas("", 0, 0), active("False", "ScalerNotActive", at(42)))
	tell(2*time.Second, kscope.Heartbeat{})
	// Output:
	// 0s, asleep
	//   The list orders is empty, so KEDA keeps order-worker at zero. The HPA rests, as it should.
	//   KEDA looks every 5s. The first job starts 1 pod.
	// 9s, waking
	//   10 jobs wait in orders and nothing runs yet: KEDA acts when it next looks.
	//   KEDA starts 1 pod within 5s; then the HPA takes over, towards 2.
	// 12s, waking
	//   KEDA started 1 pod; it is not ready yet.
	//   The HPA goes to 2 at its next sync, within about 15s.
	// 16s, scaling up
	//   10 jobs at 5 per pod call for 2 pods; 1 is set so far.
	//   The HPA goes to 2 at its next sync, within about 15s.
	// 22s, scaling up
	//   9 jobs at 5 per pod call for 2 pods; 2 are set, 1 is ready so far.
	//   1 pod is not ready yet.
	// 24s, scaling up
	//   9 jobs at 5 per pod call for 2 pods, and 2 are ready.
	//   KEDA goes to 0 in 53s to 1m18s, if no more jobs come.
	// 44s, draining
	//   The list orders is empty, and 2 pods are set: the HPA goes by the most of the last 5m.
	//   KEDA goes to 0 in about 35s.
	// 50s, cooling down
	//   The list orders is empty; 2 pods remain while KEDA waits out its cooldown of 30s.
	//   KEDA goes straight to 0 in about 24s; the HPA would wait up to 5m.
	// 1m12s, draining
	//   order-worker was set to zero; what ran is stopping.
	//   Then nothing runs until work arrives; KEDA looks every 5s.
	// 1m14s, asleep
	//   The list orders is empty, so KEDA keeps order-worker at zero. The HPA rests, as it should.
	//   KEDA looks every 5s. The first job starts 1 pod.
}
