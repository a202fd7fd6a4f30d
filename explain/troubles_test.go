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
		rule:   "notSynced", phase: explain.Looking, link: explain.LinkWorkload},
	{name: "workloads forbidden", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Workload, c.WorkloadStatus.State = nil, kscope.Forbidden },
		rule:   "notSynced", phase: explain.Looking, link: explain.LinkWorkload},
	{name: "workloads failing", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Workload, c.WorkloadStatus.State, c.WorkloadStatus.Message = nil, kscope.Failing, "connection refused"
		},
		rule: "notSynced", phase: explain.Looking, link: explain.LinkWorkload},
	{name: "no target", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Workload = nil },
		rule:   "targetMissing", phase: explain.Broken, link: explain.LinkWorkload, next: "17m"},
	{name: "target of another kind", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Workload, c.WorkloadStatus.Kind, c.ScaledObject.ScaleTarget.Kind = nil, kscope.ScaleTargets, "Rollout"
		},
		rule: "targetMissing", phase: explain.Looking, link: explain.LinkWorkload},
	{name: "paused", scene: scene(12, 3, 3),
		change: func(c *store.Chain) { c.ScaledObject.Paused, c.HPA = true, nil },
		rule:   "paused", phase: explain.PhasePaused, link: explain.LinkKEDA, why: "3"},
	{name: "paused at zero", scene: scene(12, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.Paused, c.HPA = true, nil },
		rule:   "paused", phase: explain.PhasePaused, link: explain.LinkKEDA, next: "12"},
	{name: "paused at one", scene: scene(12, 1, 1),
		change: func(c *store.Chain) { c.ScaledObject.PausedReplicas, c.HPA = "1", nil },
		rule:   "paused", phase: explain.PhasePaused, link: explain.LinkKEDA, why: "1"},
	{name: "pausing", scene: scene(12, 1, 1),
		change: func(c *store.Chain) { c.ScaledObject.PausedReplicas = "3" },
		rule:   "paused", phase: explain.PhasePaused, link: explain.LinkKEDA, why: "3 1", next: "3"},
	{name: "refused", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", "failed to ensure HPA is correctly created for ScaledObject: error parsing redis metadata")
		},
		rule: "refused", phase: explain.Broken, link: explain.LinkKEDA, next: "1 17m"},
	{name: "refused at zero", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { soCond(c, "Ready", "False", "ScaledObjectCheckFailed", "no list name.") },
		rule:   "refused", phase: explain.Broken, link: explain.LinkKEDA, next: "17m"},
	{name: "ignored", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.ScaledObject.Conditions = nil
			c.Watched = at(-42)
		},
		rule: "ignored", phase: explain.Broken, link: explain.LinkKEDA, why: "42s"},
	{name: "source lost", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "FailedGetExternalMetric", `the HPA was unable to compute the replica count: unable to get external metric shop/s0-redis-orders/&LabelSelector{}: unable to fetch metrics from external metrics API: rpc error: no matching metrics found for s0-redis-orders`)
		},
		rule: "sourceLost", phase: explain.Broken, link: explain.LinkHPA, next: "4"},
	{name: "source lost for kscope too", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "FailedGetExternalMetric", "x")
			c.Readings[0].Known, c.Readings[0].Err = false, "the server wants a password"
		},
		rule: "sourceLost", phase: explain.Broken, link: explain.LinkQueue, next: "1"},
	{name: "two HPAs", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "AmbiguousSelector", "pods by selector app=a are controlled by multiple HPAs")
		},
		rule: "twoHPAs", phase: explain.Broken, link: explain.LinkHPA, next: "0 28s"},
	{name: "fallback", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4, Behavior: "static"}
		},
		rule: "fallbackRunning", phase: explain.Broken, link: explain.LinkKEDA, why: "4 4"},
	{name: "fallback to present", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 1, Replicas: 4, Behavior: "currentReplicas"}
		},
		rule: "fallbackRunning", phase: explain.Broken, link: explain.LinkKEDA, why: "2"},
	{name: "fallback if higher", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 1, Behavior: "currentReplicasIfHigher"}
		},
		rule: "fallbackRunning", phase: explain.Broken, link: explain.LinkKEDA, why: "4 1"},
	{name: "fallback if lower", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4, Behavior: "currentReplicasIfLower"}
		},
		rule: "fallbackRunning", phase: explain.Broken, link: explain.LinkKEDA, why: "4 4"},
	{name: "fallback by formula", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4, Behavior: "scalingModifiers"}
		},
		rule: "fallbackRunning", phase: explain.Broken, link: explain.LinkKEDA, why: "4"},
	{name: "trigger failing", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "TriggerError", "Triggers defined in ScaledObject are not working correctly")
		},
		rule: "triggerFailing", phase: explain.Broken, link: explain.LinkKEDA, next: "4 5s"},
	{name: "some triggers failing", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { soCond(c, "Ready", "Unknown", "PartialTriggerError", "") },
		rule:   "triggerFailing", phase: explain.Broken, link: explain.LinkKEDA},
	{name: "target not writable", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { soCond(c, "Ready", "False", "ErrorScalingTarget", "forbidden") },
		rule:   "triggerFailing", phase: explain.Broken, link: explain.LinkKEDA, next: "5s"},
	{name: "target not readable", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { soCond(c, "Ready", "False", "ErrorGettingCurrentReplicas", "forbidden") },
		rule:   "triggerFailing", phase: explain.Broken, link: explain.LinkKEDA, next: "5s"},
	{name: "KEDA silent", scene: scene(12, 3, 3),
		change: func(c *store.Chain) { c.Polled = at(-65) },
		rule:   "kedaSilent", phase: explain.Broken, link: explain.LinkKEDA, why: "5s 1m05s"},
	{name: "KEDA silent, kscope blind", scene: scene(12, 3, 3),
		change: func(c *store.Chain) {
			c.Polled = at(-65)
			c.Readings[0].Known, c.Readings[0].Err = false, "connection refused"
		},
		rule: "kedaSilent", phase: explain.Broken, link: explain.LinkQueue, why: "5s 1m05s"},
	{name: "HPA cannot write", scene: scene(12, 3, 3),
		change: func(c *store.Chain) {
			hpaCond(c, "AbleToScale", "False", "FailedUpdateScale", "the HPA controller was unable to update the target scale: denied")
		},
		rule: "hpaStuck", phase: explain.Broken, link: explain.LinkHPA, next: "3"},
	{name: "quota", scene: scene(60, 5, 2),
		change: func(c *store.Chain) {
			c.Workload.Conditions = kscope.Conditions{{Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate", Message: "exceeded quota: pods"}}
		},
		rule: "podsNotCreated", phase: explain.Broken, link: explain.LinkWorkload},
	{name: "crashing", scene: scene(60, 5, 0),
		change: func(c *store.Chain) { c.Counts[kscope.PodFailing] = 5 },
		rule:   "podsCannotStart", phase: explain.Broken, link: explain.LinkPods, why: "5"},
	{name: "crashing, none counted ready", scene: scene(60, 5, 0),
		change: func(c *store.Chain) { c.Counts[kscope.PodFailing], c.Counts[kscope.PodStarting] = 1, 4 },
		rule:   "podsCannotStart", phase: explain.Broken, link: explain.LinkPods, why: "1 5"},
	{name: "crashing, with the reason", scene: scene(60, 5, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodFailing] = 5
			c.Ailing = &kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: "order-worker-1"}, Reason: "CrashLoopBackOff"}
		},
		rule: "podsCannotStart", phase: explain.Broken, link: explain.LinkPods, why: "5"},
	{name: "one crashing", scene: scene(60, 2, 1),
		change: func(c *store.Chain) { c.Counts[kscope.PodFailing] = 1 },
		rule:   "podsCannotStart", phase: explain.Broken, link: explain.LinkPods, why: "1 2 1"},
	{name: "asleep, queue unreadable", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].Known, c.Readings[0].Err = false, "no such host" },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s"},
	{name: "steady, queue unreadable", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { c.Readings[0].Known, c.Readings[0].Err = false, "no such host" },
		rule:   "hpaSays", phase: explain.Steady, link: explain.LinkQueue, why: "4 4"},
}

// The pod that is named as an example has the reason that most of them have.
func TestAilingPod(t *testing.T) {
	x := newWorld(5)
	x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	x.See(1, x.Work)
	if got := x.Look(t).Ailing; got != nil {
		t.Errorf("nothing fails, and yet %v", got.Ref)
	}
	for i, reason := range []string{"", "Unschedulable", "OOMKilled", "ImagePullBackOff", "OOMKilled"} {
		x.See(2, kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("p", i)}, UID: fmt.Sprint(i), Labels: map[string]string{"app": "w"},
			Created: at(1), Phase: "Pending", Scheduled: true, Reason: reason})
	}
	if got := x.Look(t).Ailing; got == nil || got.Ref.Name != "p2" {
		t.Fatalf("got %+v, want p2", got)
	}
	x.See(3, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "p2"}, UID: "2"})
	if got := x.Look(t).Ailing; got == nil || got.Ref.Name != "p3" {
		t.Errorf("got %+v, want p3: all reasons are equally frequent", got)
	}
}
