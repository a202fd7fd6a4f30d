package explain_test

import (
	"fmt"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// troubled is what keeps it from being told.
var troubled = []explanation{
	{name: "reading", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Workload, c.WorkloadStatus.State = nil, kscope.Connecting },
		phase:  explain.Looking, link: explain.LinkWorkload,
		why:  "Reading order-worker from the API server.",
		next: ""},
	{name: "workloads forbidden", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Workload, c.WorkloadStatus.State = nil, kscope.Forbidden },
		phase:  explain.Looking, link: explain.LinkWorkload,
		why:  "You may not see deployments, so the replicas of order-worker are unknown.",
		next: "Everything else goes on. Ask for get, list and watch on deployments."},
	{name: "workloads failing", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Workload, c.WorkloadStatus.State, c.WorkloadStatus.Message = nil, kscope.Failing, "connection refused"
		},
		phase: explain.Looking, link: explain.LinkWorkload,
		why:  "kscope cannot watch deployments: connection refused.",
		next: "kscope keeps trying."},
	{name: "no target", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Workload = nil },
		phase:  explain.Broken, link: explain.LinkWorkload,
		why:  "Deployment order-worker does not exist in namespace demo, so there is nothing to scale.",
		next: "Create it, or correct scaleTargetRef: KEDA retries by itself, after up to about 17m, or at once when the ScaledObject is edited."},
	{name: "target of another kind", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Workload, c.WorkloadStatus.Kind, c.ScaledObject.ScaleTarget.Kind = nil, kscope.ScaleTargets, "Rollout"
		},
		phase: explain.Looking, link: explain.LinkWorkload,
		why:  "The replicas of Rollout order-worker are not known.",
		next: ""},
	{name: "paused", scene: scene(12, 3, 3),
		change: func(c *store.Chain) { c.ScaledObject.Paused, c.HPA = true, nil },
		phase:  explain.PhasePaused, link: explain.LinkKEDA,
		why:  "Autoscaling is paused by the annotation autoscaling.keda.sh/paused; 3 replicas stay.",
		next: "Neither KEDA nor the HPA changes anything until the annotation is removed."},
	{name: "paused at zero", scene: scene(12, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.Paused, c.HPA = true, nil },
		phase:  explain.PhasePaused, link: explain.LinkKEDA,
		why:  "Autoscaling is paused by the annotation autoscaling.keda.sh/paused; the workload stays at zero.",
		next: "Neither KEDA nor the HPA changes anything until the annotation is removed."},
	{name: "paused at one", scene: scene(12, 1, 1),
		change: func(c *store.Chain) { c.ScaledObject.PausedReplicas, c.HPA = "1", nil },
		phase:  explain.PhasePaused, link: explain.LinkKEDA,
		why:  "Autoscaling is paused by the annotation autoscaling.keda.sh/paused-replicas; 1 replica stays.",
		next: "Neither KEDA nor the HPA changes anything until the annotation is removed."},
	{name: "pausing", scene: scene(12, 1, 1),
		change: func(c *store.Chain) { c.ScaledObject.PausedReplicas = "3" },
		phase:  explain.PhasePaused, link: explain.LinkKEDA,
		why:  "Autoscaling is paused by the annotation autoscaling.keda.sh/paused-replicas at 3; 1 is set now.",
		next: "KEDA sets the replicas to 3, and then changes nothing until the annotation is removed."},
	{name: "refused", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", "failed to ensure HPA is correctly created for ScaledObject: error parsing redis metadata")
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA does not accept this ScaledObject: failed to ensure HPA is correctly created for ScaledObject: error parsing redis metadata.",
		next: "Until that is mended, 1 replica stays. KEDA retries by itself, after up to about 17m, or at once when the ScaledObject is edited."},
	{name: "refused at zero", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { soCond(c, "Ready", "False", "ScaledObjectCheckFailed", "no list name.") },
		phase:  explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA does not accept this ScaledObject: no list name.",
		next: "Until that is mended, the workload stays at zero. KEDA retries by itself, after up to about 17m, or at once when the ScaledObject is edited."},
	{name: "ignored", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.ScaledObject.Conditions = nil
			c.Watched = at(-42)
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA has not said anything about this ScaledObject in the last 42s.",
		next: "Check that the KEDA operator runs and watches this namespace."},
	{name: "source lost", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "FailedGetExternalMetric", `the HPA was unable to compute the replica count: unable to get external metric shop/s0-redis-orders/&LabelSelector{}: unable to fetch metrics from external metrics API: rpc error: no matching metrics found for s0-redis-orders`)
		},
		phase: explain.Broken, link: explain.LinkHPA,
		why:  "The HPA cannot get the metric from KEDA: rpc error: no matching metrics found for s0-redis-orders.",
		next: "Until it can, it neither adds nor removes pods: 4 replicas stay. It tries again at every sync."},
	{name: "source lost for kscope too", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "FailedGetExternalMetric", "x")
			c.Readings[0].Known, c.Readings[0].Err = false, "the server wants a password"
		},
		phase: explain.Broken, link: explain.LinkQueue,
		why:  "The HPA gets no metric from KEDA, and kscope cannot read the queue either: the server wants a password.",
		next: "Until it can, it neither adds nor removes pods: 1 replica stays. It tries again at every sync."},
	{name: "two HPAs", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "AmbiguousSelector", "pods by selector app=a are controlled by multiple HPAs")
		},
		phase: explain.Broken, link: explain.LinkHPA,
		why:  "The HPA cannot compute: pods by selector app=a are controlled by multiple HPAs.",
		next: "Until it can, it neither adds nor removes pods: 4 replicas stay. It tries again at every sync."},
	{name: "fallback", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4, Behavior: "static"}
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "The source failed at least 4 times in a row, so KEDA falls back to 4 replicas.",
		next: "The first reading that succeeds ends this fallback."},
	{name: "fallback to present", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 1, Replicas: 4, Behavior: "currentReplicas"}
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "The source failed at least 2 times in a row, so KEDA falls back to the present replicas.",
		next: "The first reading that succeeds ends this fallback."},
	{name: "fallback if higher", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 1, Behavior: "currentReplicasIfHigher"}
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "The source failed at least 4 times in a row, so KEDA falls back to 1 replica, or the present number if that is higher.",
		next: "The first reading that succeeds ends this fallback."},
	{name: "fallback if lower", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4, Behavior: "currentReplicasIfLower"}
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "The source failed at least 4 times in a row, so KEDA falls back to 4 replicas, or the present number if that is lower.",
		next: "The first reading that succeeds ends this fallback."},
	{name: "fallback by formula", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4, Behavior: "scalingModifiers"}
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "The source failed at least 4 times in a row, so KEDA falls back to what the formula gives without it.",
		next: "The first reading that succeeds ends this fallback."},
	{name: "trigger failing", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "TriggerError", "Triggers defined in ScaledObject are not working correctly")
		},
		phase: explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA cannot read the source: Triggers defined in ScaledObject are not working correctly.",
		next: "Until it can, 4 replicas stay. KEDA looks every 5s."},
	{name: "some triggers failing", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { soCond(c, "Ready", "Unknown", "PartialTriggerError", "") },
		phase:  explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA cannot read some of the triggers: PartialTriggerError.",
		next: "The others may still add pods, but none are removed."},
	{name: "target not writable", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { soCond(c, "Ready", "False", "ErrorScalingTarget", "forbidden") },
		phase:  explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA cannot set the replicas: forbidden.",
		next: "It tries again every 5s."},
	{name: "target not readable", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { soCond(c, "Ready", "False", "ErrorGettingCurrentReplicas", "forbidden") },
		phase:  explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA is not ready to scale this: forbidden.",
		next: "It tries again every 5s."},
	{name: "KEDA silent", scene: scene(12, 3, 3),
		change: func(c *store.Chain) { c.Polled = at(-65) },
		phase:  explain.Broken, link: explain.LinkKEDA,
		why:  "KEDA should look every 5s, but nothing was heard from it for 1m05s.",
		next: "Check that the KEDA operator runs and can reach the source; its status here is old."},
	{name: "KEDA silent, kscope blind", scene: scene(12, 3, 3),
		change: func(c *store.Chain) {
			c.Polled = at(-65)
			c.Readings[0].Known, c.Readings[0].Err = false, "connection refused"
		},
		phase: explain.Broken, link: explain.LinkQueue,
		why:  "KEDA should look every 5s, but nothing was heard from it for 1m05s.",
		next: "kscope cannot read the queue either: connection refused."},
	{name: "HPA cannot write", scene: scene(12, 3, 3),
		change: func(c *store.Chain) {
			hpaCond(c, "AbleToScale", "False", "FailedUpdateScale", "the HPA controller was unable to update the target scale: denied")
		},
		phase: explain.Broken, link: explain.LinkHPA,
		why:  "The HPA cannot scale: the HPA controller was unable to update the target scale: denied.",
		next: "Until it can, 3 replicas stay. It tries again at every sync."},
	{name: "quota", scene: scene(60, 5, 2),
		change: func(c *store.Chain) {
			c.Workload.Conditions = kscope.Conditions{{Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate", Message: "exceeded quota: pods"}}
		},
		phase: explain.Broken, link: explain.LinkWorkload,
		why:  "Pods cannot be created: exceeded quota: pods.",
		next: "Kubernetes keeps trying. The HPA counts only pods that exist."},
	{name: "crashing", scene: scene(60, 5, 0),
		change: func(c *store.Chain) { c.Counts[kscope.PodFailing] = 5 },
		phase:  explain.Broken, link: explain.LinkPods,
		why:  "5 of 5 pods cannot run; none is ready.",
		next: "More pods are likely to fail the same way."},
	{name: "crashing, none counted ready", scene: scene(60, 5, 0),
		change: func(c *store.Chain) { c.Counts[kscope.PodFailing], c.Counts[kscope.PodStarting] = 1, 4 },
		phase:  explain.Broken, link: explain.LinkPods,
		why:  "1 of 5 pods cannot run; none is ready.",
		next: "More pods are likely to fail the same way."},
	{name: "crashing, with the reason", scene: scene(60, 5, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodFailing] = 5
			c.Ailing = &kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: "order-worker-1"}, Reason: "CrashLoopBackOff"}
		},
		phase: explain.Broken, link: explain.LinkPods,
		why:  "5 of 5 pods cannot run: the container keeps ending with an error (CrashLoopBackOff); none is ready.",
		next: "More pods are likely to fail the same way. kubectl describe pod -n demo order-worker-1 says more."},
	{name: "one crashing", scene: scene(60, 2, 1),
		change: func(c *store.Chain) { c.Counts[kscope.PodFailing] = 1 },
		phase:  explain.Broken, link: explain.LinkPods,
		why:  "1 of 2 pods cannot run; 1 is ready.",
		next: "Those that are ready go on."},
	{name: "asleep, queue unreadable", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].Known, c.Readings[0].Err = false, "no such host" },
		phase:  explain.Asleep, link: explain.LinkQueue,
		why:  "KEDA sees no work, so order-worker is at zero. The HPA rests, as it should.",
		next: "KEDA looks every 5s. kscope cannot read the queue: no such host."},
	{name: "steady, queue unreadable", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { c.Readings[0].Known, c.Readings[0].Err = false, "no such host" },
		phase:  explain.Steady, link: explain.LinkQueue,
		why:  "The HPA wants 4; 4 pods are ready.",
		next: "kscope cannot read the queue: no such host."},
}

// The pod that is named as an example has the reason that most of them have.
func TestAilingPod(t *testing.T) {
	x := newWorld(5)
	x.w.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	x.see(1, x.w)
	if got := x.chain(t).Ailing; got != nil {
		t.Errorf("nothing fails, and yet %v", got.Ref)
	}
	for i, reason := range []string{"", "Unschedulable", "OOMKilled", "ImagePullBackOff", "OOMKilled"} {
		x.see(2, kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("p", i)}, UID: fmt.Sprint(i), Labels: map[string]string{"app": "w"},
			Created: at(1), Phase: "Pending", Scheduled: true, Reason: reason})
	}
	if got := x.chain(t).Ailing; got == nil || got.Ref.Name != "p2" {
		t.Fatalf("got %+v, want p2", got)
	}
	x.see(3, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "p2"}, UID: "2"})
	if got := x.chain(t).Ailing; got == nil || got.Ref.Name != "p3" {
		t.Errorf("got %+v, want p3: all reasons are equally frequent", got)
	}
}
