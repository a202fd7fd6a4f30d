package store_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// A scale target that does not say how many of its pods are ready is known by
// the pods themselves, and only while those are watched.
func TestWorkloadWithoutReady(t *testing.T) {
	x := newWorld(0)
	x.SO.ScaleTarget = kscope.TargetRef{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "order-worker"}
	x.Work = kscope.Workload{Ref: x.SO.Ref, Kind: "Rollout", UID: "r-1", Desired: 2, Current: 2, Selector: kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}}
	x.See(1, kscope.Status{Kind: kscope.Pods, State: kscope.Connecting}, x.SO, x.Work, pod("a", "w", false))
	if c := x.Look(t); c.Ready != nil || c.Links[explain.LinkPods].Value != "?" {
		t.Errorf("ready %d before pods are watched", *c.Ready)
	}
	x.See(2, kscope.Status{Kind: kscope.Pods, State: kscope.Synced}, kscope.Status{Kind: kscope.ScaleTargets, State: kscope.Synced})
	if c := x.Look(t); c.Ready == nil || *c.Ready != 0 {
		t.Errorf("ready %v", c.Ready)
	}
	x.See(5, pod("a", "w", true))
	x.See(6, pod("b", "w", true))
	x.See(6, kscope.Heartbeat{})
	x.See(8, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "b"}})
	x.See(10, kscope.Heartbeat{})
	h := x.History(x.ID(), &orders)
	for seconds, want := range map[float64]float64{1.5: math.NaN(), 3: 0, 5.5: 1, 7: 2, 9: 1} {
		if got := h.Ready.At(at(seconds)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("ready at %vs: %v, want %v", seconds, got, want)
		}
	}
	x.See(20, kscope.Status{Kind: kscope.Pods, State: kscope.Failing})
	x.See(30, kscope.Heartbeat{})
	h = x.History(x.ID(), &orders)
	if got := h.Ready.At(at(25)); !math.IsNaN(got) {
		t.Errorf("ready %v while nobody looks", got)
	}
	if got := h.Desired.At(at(25)); got != 2 {
		t.Errorf("desired %v, though its watch is well", got)
	}
}

func TestHistoryHasGaps(t *testing.T) {
	x := newWorld(3)
	x.See(10, kscope.Heartbeat{})
	x.History(x.ID(), &orders) // a look must not change what comes later
	x.Scale(9.9, "keda-operator", 5)
	x.See(20, kscope.Status{Kind: kscope.Deployments, State: kscope.Failing})
	x.See(30, kscope.Status{Kind: kscope.Deployments, State: kscope.Synced})
	x.Depth(31, 4)
	x.See(32, kscope.Depths{All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
	x.Depth(33, 4)
	x.See(40, kscope.Heartbeat{})
	h := x.History(x.ID(), &orders)
	for seconds, want := range map[float64]float64{5: 3, 9.9: 5, 15: 5, 25: math.NaN(), 35: 5, 40: 5, 41: math.NaN()} {
		if got := h.Desired.At(at(seconds)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("desired at %vs: %v, want %v", seconds, got, want)
		}
	}
	for seconds, want := range map[float64]float64{30: math.NaN(), 31: 4, 32.5: math.NaN(), 33: 4, 34: math.NaN()} {
		if got := h.Queue.At(at(seconds)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("queue at %vs: %v, want %v", seconds, got, want)
		}
	}
}

// TestPodsOver: the stages of pods are noted when they are seen, by turns of the
// wanted replicas; of pods that were there before, nobody saw them.
func TestPodsOver(t *testing.T) {
	x := newWorld(1)
	x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	x.See(1, kscope.Status{Kind: kscope.Pods, State: kscope.Connecting}, x.Work, pod("old", "w", true), kscope.Status{Kind: kscope.Pods, State: kscope.Synced})
	come := func(seconds float64, name string, p kscope.Pod) {
		p.Ref.Name, p.UID, p.Labels = name, name, pod("", "w", false).Labels
		p.Ref.Namespace = "demo"
		x.See(seconds, p)
	}
	x.Scale(10, "keda-operator", 3)
	for _, s := range []struct {
		at float64
		p  kscope.Pod
	}{
		{11, kscope.Pod{Phase: "Pending"}}, {12, kscope.Pod{Phase: "Pending", Scheduled: true}},
		{15, kscope.Pod{Phase: "Running", Scheduled: true}}, {17, kscope.Pod{Phase: "Running", Scheduled: true, Ready: true}},
	} {
		come(s.at, "a", s.p)
		come(s.at+0.5, "b", s.p)
	}
	come(20, "a", kscope.Pod{Phase: "Running", Scheduled: true})
	come(21, "a", kscope.Pod{Phase: "Running", Scheduled: true, Ready: true})
	x.Scale(30, "kube-controller-manager", 1)
	x.See(31, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "a"}})
	come(32, "c", kscope.Pod{Phase: "Running", Scheduled: true, Ready: true})
	over := x.PodsOver(x.ID())
	all := func(seconds ...float64) (out [store.PodStages]time.Time) {
		for i, s := range seconds {
			out[i] = at(s)
		}
		return out
	}
	want := []store.Wave{
		{First: all(11, 12, 15, 17), Last: all(11.5, 12.5, 15.5, 17.5)},
		{First: all(32, 32, 32, 32), Last: all(32, 32, 32, 32)},
	}
	if d := cmp.Diff(want, over.Waves); d != "" {
		t.Error("waves are not as wanted:\n" + d)
	}
	for seconds, n := range map[float64]float64{5: 1, 11.2: 2, 25: 3, 31.5: 2, 32: 3} {
		if got := over.Alive.At(at(seconds)); got != n {
			t.Errorf("after %v s %v pods, want %v", seconds, got, n)
		}
	}
	x.See(40, kscope.Status{Kind: kscope.Pods, State: kscope.Failing})
	x.See(50, kscope.Status{Kind: kscope.Pods, State: kscope.Synced})
	if got := x.PodsOver(x.ID()).Alive; !math.IsNaN(got.At(at(45))) || got.At(at(50)) != 3 {
		t.Error("while pods are not watched nobody knows how many there are")
	}
}
