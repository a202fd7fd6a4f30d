package store_test

import (
	"testing"

	"github.com/kscope/kscope"
)

// pod is one of a workload with app=NAME.
func pod(name, app string, ready bool) kscope.Pod {
	return kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "uid-" + name, Labels: map[string]string{"app": app, "hash": "1"},
		Created: noon, Phase: "Running", Scheduled: true, Ready: ready}
}

func TestPodsFindTheirWorkload(t *testing.T) {
	app := func(op kscope.Operator, values ...string) kscope.Selector {
		return kscope.Selector{{Key: "app", Operator: op, Values: values}}
	}
	x := newWorld(2)
	ready := func() int { return x.Look(t).Counts[kscope.PodReady] }
	want := func(n int, when string) {
		t.Helper()
		if got := ready(); got != n || len(x.Pods(x.ID())) < n {
			t.Errorf("%s: %d ready, want %d; pods %v", when, got, n, x.Pods(x.ID()))
		}
	}
	x.See(1, pod("a", "w", true), pod("b", "other", true))
	want(0, "without a selector")
	x.Work.Selector = app(kscope.In, "w")
	x.See(2, x.Work)
	want(1, "the selector after the pod")
	x.See(3, pod("c", "w", true))
	want(2, "a pod after the selector")
	x.See(4, pod("c", "w", false))
	want(1, "no longer ready")
	x.See(5, pod("c", "elsewhere", true))
	want(1, "relabelled")
	x.See(6, pod("c", "w", true), kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "a"}, UID: "uid-a"})
	want(1, "gone")
	x.See(7, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "c"}, UID: "somebody else"})
	want(1, "another of that name gone")
	x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.NotIn, Values: []string{"w"}}, {Key: "hash", Operator: kscope.Exists}}
	x.See(8, x.Work)
	want(1, "a selector without an exact label")
	x.See(9, pod("d", "new", true), pod("d", "newer", true), kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "d"}})
	want(1, "came, changed and went between two looks")
	reborn := pod("b", "other", true)
	reborn.UID = "uid-b2"
	x.See(10, reborn)
	want(1, "another pod of the same name")
}

// Two workloads that select the same pods are a mistake; the picture must not
// change from one look to the next for that, and a StatefulSet is believed.
func TestPodsOfTwoWorkloads(t *testing.T) {
	for range 20 {
		x := newWorld(1)
		s := kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
		x.Work.Selector = s
		other := kscope.Workload{Ref: kscope.Ref{Namespace: "demo", Name: "zz"}, Kind: "StatefulSet", UID: "s-1", Selector: s}
		mine, its := pod("a", "w", true), pod("b", "w", true)
		its.OwnerUID = "s-1"
		x.See(1, x.Work, other, mine, its)
		if ps := x.Pods(x.ID()); len(ps) != 1 || ps[0].Ref.Name != "a" {
			t.Fatalf("pods %v", ps)
		}
	}
}

func TestPodState(t *testing.T) {
	tests := []struct {
		p    kscope.Pod
		want kscope.PodState
	}{
		{kscope.Pod{Phase: "Pending"}, kscope.PodPending},
		{kscope.Pod{Phase: "Pending", Reason: "Unschedulable"}, kscope.PodFailing},
		{kscope.Pod{Phase: "Pending", Scheduled: true, Reason: "ContainerCreating"}, kscope.PodStarting},
		{kscope.Pod{Phase: "Pending", Scheduled: true, Reason: "ErrImageNeverPull"}, kscope.PodFailing},
		{kscope.Pod{Phase: "Running", Scheduled: true}, kscope.PodStarting},
		{kscope.Pod{Phase: "Running", Scheduled: true, Ready: true}, kscope.PodReady},
		{kscope.Pod{Phase: "Running", Scheduled: true, Reason: "CrashLoopBackOff"}, kscope.PodFailing},
		{kscope.Pod{Phase: "Running", Scheduled: true, Ready: true, Deleted: noon}, kscope.PodTerminating},
		{kscope.Pod{Phase: "Succeeded", Deleted: noon}, kscope.PodFinished},
		{kscope.Pod{Phase: "Failed", Reason: "Evicted"}, kscope.PodFinished},
	}
	for _, tt := range tests {
		if got := tt.p.State(); got != tt.want {
			t.Errorf("%+v is %s, want %s", tt.p, got, tt.want)
		}
	}
}
