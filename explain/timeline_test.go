package explain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// lines writes a timeline, one line an entry.
func lines(x *world) string {
	var out []string
	kinds := []string{"pushed", "arrived", "emptied", "active", "inactive", "scaled", "ready", "trouble", "mended", "load", "loaded"}
	for _, e := range explain.Timeline(x.Store, x.ID()) {
		s := fmt.Sprintf("%v %s %s", e.At.Sub(noon).Seconds(), e.Actor, kinds[e.Kind])
		if e.Guess {
			s = strings.Replace(s, string(e.Actor), string(e.Actor)+"?", 1)
		}
		if e.Who != "" {
			s += " (" + e.Who + ")"
		}
		switch e.Kind {
		case store.Scaled, store.ReadyPods:
			s += fmt.Sprintf(" %d>%d", e.From, e.To)
		case store.Injected, store.Arrived:
			s += fmt.Sprintf(" %d", e.Jobs)
		}
		if e.Note != "" {
			s += " " + e.Note
		}
		if e.Cause != "" {
			s += fmt.Sprintf(" +%vs %s", e.After.Seconds(), e.Cause)
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func TestAttribution(t *testing.T) {
	const (
		up   = "Scaled apps/v1.Deployment demo/order-worker from 0 to 1, triggered by s0-redis-orders"
		down = "Deactivated apps/v1.Deployment demo/order-worker from 4 to 0"
	)
	tests := []struct {
		name string
		size int32
		do   func(x *world)
		want string
	}{
		{"KEDA by field manager", 0, func(x *world) { x.Scale(5, "keda-operator", 1) }, "5 KEDA scaled 0>1"},
		{"HPA by field manager", 1, func(x *world) { x.Scale(5, "kube-controller-manager", 5) }, "5 HPA scaled 1>5"},
		{"HPA where the controllers share a program", 1, func(x *world) { x.Scale(5, "k3s", 5) }, "5 HPA scaled 1>5"},
		{"somebody by field manager", 1, func(x *world) { x.Scale(5, "kubectl", 3) }, "5 someone else scaled (kubectl) 1>3"},
		{"the same somebody again", 1, func(x *world) { x.Scale(5, "kubectl", 3); x.Scale(60, "kubectl", 5) },
			"5 someone else scaled (kubectl) 1>3\n60 someone else scaled (kubectl) 3>5"},
		{"KEDA's zero by its event", 4, func(x *world) {
			x.WatchEvents()
			x.Scale(5, "", 0)
			x.Event(5.2, 5, "ScaledObject", "KEDAScaleTargetDeactivated", down)
			x.See(60, kscope.Heartbeat{})
		}, "5 KEDA scaled 4>0"},
		{"the event before the change", 4, func(x *world) {
			x.WatchEvents()
			x.Event(4.9, 5, "ScaledObject", "KEDAScaleTargetDeactivated", down)
			x.Scale(5, "", 0)
			x.See(60, kscope.Heartbeat{})
		}, "5 KEDA scaled 4>0"},
		{"the clocks differ", 4, func(x *world) {
			x.WatchEvents()
			x.Scale(5, "", 0)
			x.Event(5.2, 905, "ScaledObject", "KEDAScaleTargetDeactivated", down)
			x.See(60, kscope.Heartbeat{})
		}, "5 KEDA scaled 4>0"},
		{"zero by hand, with nobody's trace, while KEDA sees work", 4, func(x *world) {
			x.Active(1, "True", "ScalerActive")
			x.Scale(5, "", 0)
			x.See(11, kscope.Heartbeat{})
		}, "1 KEDA active\n5 someone else? scaled 4>0"},
		{"zero by hand, in the cooldown", 4, func(x *world) {
			x.Active(1, "True", "ScalerActive")
			x.Active(6, "False", "ScalerCooldown")
			x.Scale(20, "", 0)
			x.See(30, kscope.Heartbeat{})
		}, "1 KEDA active\n6 KEDA inactive\n20 someone else? scaled 4>0"},
		{"zero after the cooldown, without an event", 4, func(x *world) {
			x.WatchEvents()
			x.Active(1, "True", "ScalerActive")
			x.Active(6, "False", "ScalerCooldown")
			x.Scale(36, "", 0)
			x.See(90, kscope.Heartbeat{})
		}, "1 KEDA active\n6 KEDA inactive\n36 KEDA? scaled 4>0"},
		{"zero, the event may still come", 4, func(x *world) {
			x.WatchEvents()
			x.Scale(5, "", 0)
			x.See(7, kscope.Heartbeat{})
		}, "5 KEDA? scaled 4>0"},
		{"zero, events not watched", 4, func(x *world) {
			x.Scale(5, "", 0)
			x.See(60, kscope.Heartbeat{})
		}, "5 KEDA? scaled 4>0"},
		{"zero by hand, with an old trace", 4, func(x *world) {
			x.Work.SetBy = "helm"
			x.See(1, x.Work)
			x.Active(1, "True", "ScalerActive")
			x.Scale(5, "helm", 0)
			x.See(60, kscope.Heartbeat{})
		}, "1 KEDA active\n5 someone else? scaled 4>0"},
		{"no manager, events not watched", 1, func(x *world) { x.Scale(5, "", 5) }, "5 HPA? scaled 1>5"},
		{"an event for another step", 4, func(x *world) {
			x.WatchEvents()
			x.Active(1, "True", "ScalerActive")
			x.Event(5, 5, "ScaledObject", "KEDAScaleTargetDeactivated", strings.Replace(down, "from 4", "from 7", 1))
			x.Scale(5, "", 0)
			x.See(60, kscope.Heartbeat{})
		}, "1 KEDA active\n5 someone else? scaled 4>0"},
		{"the HPA's reason", 1, func(x *world) {
			x.WatchEvents()
			x.Scale(5, "kube-controller-manager", 5)
			x.Event(5.1, 5, "HorizontalPodAutoscaler", "SuccessfulRescale",
				"New size: 5; reason: external metric s0-redis-orders(&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: order-worker,},MatchExpressions:[]LabelSelectorRequirement{},}) above target")
		}, "5 HPA scaled 1>5 external metric s0-redis-orders above target"},
		{"an event that expires has happened", 4, func(x *world) {
			x.WatchEvents()
			x.Scale(5, "", 0)
			x.Event(5.2, 5, "ScaledObject", "KEDAScaleTargetDeactivated", down)
			x.See(3605, kscope.Gone{Kind: kscope.Events, UID: "e1"})
		}, "5 KEDA scaled 4>0"},
		{"steps of before", 4, func(x *world) {
			x.Event(0, -300, "ScaledObject", "KEDAScaleTargetActivated", up)
			x.Event(0, -290, "HorizontalPodAutoscaler", "SuccessfulRescale", "New size: 4; reason: All metrics below target")
			x.Event(0, -200, "ScaledObject", "KEDAScalerFailed", "no route to host")
			x.WatchEvents()
		}, "-300 KEDA scaled 0>1\n-290 HPA scaled 1>4 All metrics below target +10s KEDA's step\n-200 KEDA trouble no route to host"},
		{"the first step of before, from who knows where", 4, func(x *world) {
			x.Event(0, -290, "HorizontalPodAutoscaler", "SuccessfulRescale", "New size: 4; reason: All metrics below target")
		}, "-290 HPA scaled -1>4 All metrics below target"},
		{"a step that the watch missed", 0, func(x *world) {
			x.WatchEvents()
			x.Event(5, 4, "ScaledObject", "KEDAScaleTargetActivated", up)
			x.Scale(6, "kube-controller-manager", 5)
			x.Event(6, 6, "HorizontalPodAutoscaler", "SuccessfulRescale", "New size: 5; reason: ")
		}, "5 KEDA scaled 0>1\n6 HPA scaled 0>5 +1s KEDA's step"},
		{"an unreadable event", 1, func(x *world) {
			x.Event(5, 4, "ScaledObject", "KEDAScaleTargetActivated", "gibberish")
			x.Event(5, 4, "HorizontalPodAutoscaler", "SuccessfulRescale", "gibberish")
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newWorld(tt.size)
			tt.do(x)
			if got := lines(x); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestTimeline(t *testing.T) {
	pushes, atOnce := 0, time.Duration(0)
	pushed := func(jobs int64) kscope.Loading {
		pushes++
		return kscope.Loading{
			Backlog: orders, Load: "batch", Lasts: &atOnce, Began: noon.Add(time.Duration(pushes)), State: kscope.LoadFinished,
			Asked: jobs, Accepted: jobs, Length: jobs, Elapsed: 20 * time.Millisecond,
		}
	}
	tests := []struct {
		name string
		size int32
		do   func(x *world)
		want string
	}{
		{"the whole story", 0, func(x *world) {
			x.Depth(0, 0)
			x.See(10, pushed(60))
			x.Depth(10.2, 60)
			x.See(11, pushed(10)) // the step answers the first
			x.Scale(14, "keda-operator", 1)
			x.Active(14.1, "True", "ScalerActive")
			x.Ready(16, 1)
			x.Scale(20, "kube-controller-manager", 5)
			x.Ready(22, 3)
			x.Ready(23, 5)
			x.Scale(36, "kube-controller-manager", 10)
			x.Ready(40, 10)
			x.Depth(70, 0)
			x.Active(75, "False", "ScalerCooldown")
			x.Scale(80, "kube-controller-manager", 4)
			x.Ready(80.5, 4)
			x.Scale(100, "", 0)
			x.Event(100.1, 100, "ScaledObject", "KEDAScaleTargetDeactivated", "Deactivated apps/v1.Deployment demo/order-worker from 4 to 0")
			x.Ready(101, 0)
		}, `10 you pushed 60
11 you pushed 10
14 KEDA scaled 0>1 +4s your jobs
14.1 KEDA active +4.1s your jobs
16 kubelet ready 0>1 +2s KEDA's step
20 HPA scaled 1>5 +6s KEDA's step
23 kubelet ready 1>5 +3s HPA's step
36 HPA scaled 5>10 +16s HPA's step
40 kubelet ready 5>10 +4s HPA's step
70 workers emptied
75 KEDA inactive +5s the last job was taken
80 HPA scaled 10>4 +10s the last job was taken
80.5 kubelet ready 10>4 +0.5s HPA's step
100 KEDA scaled 4>0 +30s the last job was taken
101 kubelet ready 4>0 +1s KEDA's step`},
		{"pods that are replaced are no answer to the step", 1, func(x *world) {
			x.Ready(0, 1)
			x.Scale(10, "kube-controller-manager", 2)
			x.Ready(13, 2)
			x.Ready(17, 3)
			x.Ready(18, 2)
			x.Ready(21, 3)
		}, `10 HPA scaled 1>2
13 kubelet ready 1>2 +3s HPA's step
17 kubelet ready 2>3
18 kubelet ready 3>2
21 kubelet ready 2>3`},
		{"others fill the queue", 0, func(x *world) {
			x.Depth(0, 0)
			x.Depth(10, 7)
			x.Scale(12, "keda-operator", 1)
		}, "10 producer arrived 7\n12 KEDA scaled 0>1 +2s the first job"},
		{"a queue that was never seen empty is no news", 0, func(x *world) {
			x.Depth(0, 7)
			x.Scale(12, "keda-operator", 1)
		}, "12 KEDA scaled 0>1"},
		{"hovering about zero is no news each time", 1, func(x *world) {
			x.Depth(0, 0)
			for i := range 40 {
				x.Depth(10+float64(i)/4, int64(i%2))
			}
		}, "10.25 producer arrived 1\n19.5 workers emptied"},
		{"the measurement is faster than the news of the push", 0, func(x *world) {
			x.Depth(0, 0)
			x.Depth(10, 7)
			x.See(10.1, pushed(7))
		}, "10.1 you pushed 7"},
		{"a push that failed", 0, func(x *world) {
			failed := pushed(10)
			failed.State, failed.Accepted, failed.Err = kscope.LoadFailed, 0, "no route"
			x.See(10, failed)
			x.Scale(12, "keda-operator", 1)
		}, "10 you pushed 0 no route\n12 KEDA scaled 0>1"},
		{"emptied without workers", 0, func(x *world) {
			x.Depth(0, 7)
			x.Depth(10, 0)
		}, "10 someone else? emptied"},
		{"nothing is known across a failure", 1, func(x *world) {
			x.Depth(0, 0)
			x.See(10, kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
			x.Depth(20, 0)
		}, ""},
		{"steps of another cycle are no cause", 1, func(x *world) {
			x.Depth(0, 0)
			x.See(1, pushed(5))
			x.Depth(1.1, 5)
			x.Depth(10, 0)
			x.Scale(40, "", 0)
			x.Event(40, 40, "ScaledObject", "KEDAScaleTargetDeactivated", "from 1 to 0")
			x.Scale(400, "keda-operator", 1) // by whatever else
			x.Ready(420, 0)
		}, "1 you pushed 5\n10 workers emptied\n40 KEDA scaled 1>0 +30s the last job was taken\n400 KEDA scaled 0>1\n420 kubelet ready 1>0"},
		{"work during the cooldown", 4, func(x *world) {
			x.Depth(0, 5)
			x.Depth(10, 0)
			x.See(20, pushed(5))
			x.Scale(30, "kube-controller-manager", 2)
		}, "10 workers emptied\n20 you pushed 5\n30 HPA scaled 4>2"},
		{"conditions that pass through Unknown are no news", 0, func(x *world) {
			x.Active(1, "Unknown", "")
			x.Active(2, "False", "ScalerNotActive")
			x.Active(3, "True", "ScalerActive")
			x.Active(4, "Unknown", "")
			x.Active(5, "True", "ScalerActive")
			x.Active(6, "Unknown", "")
			x.Active(7, "False", "ScalerCooldown")
			x.Active(8, "False", "ScalerNotActive")
		}, "3 KEDA active\n7 KEDA inactive"},
		{"readiness of the ScaledObject", 0, func(x *world) {
			for i, c := range []kscope.Condition{
				cond("Ready", "Unknown", ""),
				{Type: "Ready", Status: "False", Reason: "TriggerError", Message: "no route"},
				cond("Ready", "Unknown", ""),
				{Type: "Ready", Status: "False", Reason: "TriggerError", Message: "no route, again"},
				cond("Ready", "Unknown", "PartialTriggerError"),
				cond("Ready", "True", "ScaledObjectReady"),
			} {
				x.SO.Conditions = with(x.SO.Conditions, c)
				x.See(float64(i), x.SO)
			}
		}, "1 KEDA trouble no route\n4 KEDA trouble PartialTriggerError\n5 KEDA mended the ScaledObject is ready"},
		{"pauses and fallback", 0, func(x *world) {
			x.SO.Paused = true
			x.See(1, x.SO)
			x.SO.PausedReplicas = "3" // already paused
			x.See(2, x.SO)
			x.SO.Paused, x.SO.PausedReplicas, x.SO.PausedScaleIn = false, "", true
			x.See(3, x.SO)
			x.SO.PausedScaleIn = false
			x.SO.Conditions = with(x.SO.Conditions, cond("Fallback", "True", "FallbackExists"))
			x.See(4, x.SO)
			x.SO.Conditions = with(x.SO.Conditions, cond("Fallback", "False", "NoFallbackFound"))
			x.See(5, x.SO)
		}, `1 someone else trouble autoscaling paused by annotation
3 someone else mended autoscaling no longer paused
3 someone else trouble scaling in paused by annotation
4 KEDA trouble fallback: the source keeps failing, replicas follow the fallback
4 someone else mended scaling in no longer paused
5 KEDA mended fallback ended`},
		{"the HPA loses its metric", 3, func(x *world) {
			x.HPA.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetExternalMetric", Message: "it says: no matching metrics"}}
			x.See(1, x.HPA)
			x.Event(1.2, 1, "HorizontalPodAutoscaler", "FailedGetExternalMetric", "no matching metrics")
			x.Event(1.2, 1, "HorizontalPodAutoscaler", "FailedComputeMetricsReplicas", "invalid metrics (1 invalid out of 1)")
			x.HPA.Conditions = kscope.Conditions{cond("ScalingActive", "True", "ValidMetricFound")}
			x.See(9, x.HPA)
		}, "1 HPA trouble it says: no matching metrics\n9 HPA mended can read its metrics again"},
		{"the HPA loses its metric, and rests at zero, where it does not ask", 3, func(x *world) {
			x.HPA.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetExternalMetric", Message: "it says: no matching metrics"}}
			x.See(1, x.HPA)
			x.HPA.Conditions = kscope.Conditions{cond("ScalingActive", "False", "ScalingDisabled")}
			x.See(9, x.HPA)
			x.HPA.Conditions = kscope.Conditions{cond("ScalingActive", "True", "ValidMetricFound")}
			x.See(19, x.HPA)
		}, "1 HPA trouble it says: no matching metrics"},
		{"our own sources", 1, func(x *world) {
			x.See(1, kscope.Status{Kind: kscope.Queues, Name: orders.Server, State: kscope.Synced})
			x.See(2, kscope.Status{Kind: kscope.Queues, Name: orders.Server, State: kscope.Failing, Message: "refused"})
			x.See(3, kscope.Status{Kind: kscope.Queues, Name: "elsewhere:6379", State: kscope.Synced})
			x.See(4, kscope.Status{Kind: kscope.Queues, Name: "elsewhere:6379", State: kscope.Failing})
			x.See(5, kscope.Status{Kind: kscope.Queues, Name: orders.Server, State: kscope.Synced})
		}, "2 kscope trouble cannot read Redis: refused\n5 kscope mended can read Redis again"},
		{"pods that cannot run", 2, func(x *world) {
			x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
			x.See(1, x.Work)
			for i, reason := range []string{"CrashLoopBackOff", "CrashLoopBackOff", "Unschedulable"} {
				x.See(2, kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("p", i)}, UID: fmt.Sprint(i), Labels: map[string]string{"app": "w"},
					Created: at(float64(9 - i)), Phase: "Pending", Reason: reason, Message: fmt.Sprint("words ", i)})
			}
		}, "7 k8s trouble 1 pod: Unschedulable: words 2\n8 kubelet trouble 2 pods: CrashLoopBackOff: words 1"},
		{"the workload goes", 1, func(x *world) { x.See(1, kscope.Gone{Kind: kscope.Deployments, Ref: x.SO.Ref, UID: "d-1"}) },
			"1 someone else trouble deleted Deployment order-worker"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newWorld(tt.size)
			tt.do(x)
			if got := lines(x); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// However long it runs, a timeline stays of a size.
func TestTimelineIsBounded(t *testing.T) {
	x := newWorld(0)
	x.WatchEvents()
	for i := range 5000 {
		x.Scale(float64(i), "keda-operator", int32(i%2))
		x.Event(float64(i), float64(i), "ScaledObject", "KEDAScalerFailed", fmt.Sprint("failure ", i))
	}
	if n := len(explain.Timeline(x.Store, x.ID())); n > 800 {
		t.Errorf("%d entries", n)
	}
	x.See(5000+2*3600+60, kscope.Heartbeat{})
	x.See(5000+2*3600+180, kscope.Heartbeat{})
	if n := len(explain.Timeline(x.Store, x.ID())); n > 0 {
		t.Errorf("%d entries after hours of quiet", n)
	}
}
