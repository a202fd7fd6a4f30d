package store_test

import (
	"math"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// counting is a world whose ScaledObject counts pods.
func counting(metadata ...string) *world {
	x := newWorld(0)
	trigger := kscope.Trigger{Type: "kubernetes-workload", MetricType: "AverageValue", Metadata: map[string]string{"podSelector": "app=x", "value": "2"}}
	for i := 0; i < len(metadata); i += 2 {
		trigger.Metadata[metadata[i]] = metadata[i+1]
	}
	x.SO.Triggers = []kscope.Trigger{trigger}
	return x
}

func onNode(p kscope.Pod, node string) kscope.Pod {
	p.Node = node
	return p
}

func inPhase(p kscope.Pod, phase string) kscope.Pod {
	p.Phase = phase
	return p
}

// TestPodsAreCounted: what a kubernetes-workload trigger counts is known exactly, at zero
// replicas too, whoever the pods belong to, and in whatever order all of it comes.
func TestPodsAreCounted(t *testing.T) {
	x := counting("activationValue", "1")
	elsewhere := pod("e", "x", true)
	elsewhere.Ref.Namespace = "other"
	stopping := pod("s", "x", true)
	stopping.Deleted = noon
	x.See(1, pod("a", "x", true), pod("b", "y", true), elsewhere)
	x.See(2, x.SO)
	x.See(3, inPhase(pod("c", "x", false), "Pending"), inPhase(pod("d", "x", false), "Failed"), stopping)
	want := func(n float64, when string) {
		t.Helper()
		r := x.Look(t).Readings[0]
		if !r.Known || r.Value != n || r.From != store.FromPods || r.IsActive() != (n > 1) || r.CountsJobs() || r.Err != "" {
			t.Errorf("%s: %+v, want %v", when, r, n)
		}
		if h := x.History(x.ID(), r.Trigger.Backlog); h.Queue == nil || h.Queue.At(x.Now()) != n {
			t.Errorf("%s: not charted", when)
		}
	}
	want(3, "one ready, one pending, one that stops")
	version := x.VersionOf(x.ID())
	x.See(4, pod("b", "y", false))
	if x.VersionOf(x.ID()) != version {
		t.Error("a pod that does not count is news")
	}
	x.See(5, pod("b", "x", false))
	want(4, "relabelled")
	if x.VersionOf(x.ID()) == version {
		t.Error("one more is no news")
	}
	x.See(6, inPhase(pod("a", "x", false), "Succeeded"), kscope.Gone{Kind: kscope.Pods, Ref: stopping.Ref, UID: stopping.UID})
	want(2, "one ended, one gone")
	x.See(7, pod("a", "x", true)) // of a Job that tries again
	want(3, "back")
	then := x.At(at(5))
	if c, _ := then.Chain(x.ID()); c.Readings[0].Value != 4 || c.Readings[0].Past.At(at(3)) != 3 {
		t.Errorf("at that time: %+v", c.Readings[0])
	}
	x.See(3, pod("a", "y", true))
	want(3, "an older fact")
	x.SO.Triggers = counting("value", "3").SO.Triggers
	x.See(8, x.SO)
	if r := x.Look(t).Readings[0]; r.Target != 3 || r.Past.At(at(5)) != 4 {
		t.Errorf("another target, the same pods: %+v", r)
	}
	x.SO.Triggers = counting("podSelector", "app!=x").SO.Triggers
	x.See(9, x.SO)
	if r := x.Look(t).Readings[0]; r.Value != 0 || !r.Known {
		t.Errorf("another selector: %+v", r)
	}
	x.SO.Triggers = counting("podSelector", "app in").SO.Triggers
	x.See(10, x.SO)
	if r := x.Look(t).Readings[0]; r.Known || r.Trigger.Backlog != nil {
		t.Errorf("a selector that KEDA refuses: %+v", r)
	}
}

// TestNodesAreCounted: with groupByNode these count, once each.
func TestNodesAreCounted(t *testing.T) {
	x := counting("groupByNode", "true")
	x.See(1, x.SO, onNode(pod("a", "x", true), "n1"), onNode(pod("b", "x", true), "n1"), onNode(pod("c", "x", true), "n2"), pod("d", "x", false))
	if r := x.Look(t).Readings[0]; r.Value != 2 {
		t.Errorf("on two nodes: %+v", r)
	}
	x.See(2, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "a"}}, onNode(pod("d", "x", true), "n3"))
	if r := x.Look(t).Readings[0]; r.Value != 3 {
		t.Errorf("on three: %+v", r)
	}
	x.See(3, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "b"}})
	if r := x.Look(t).Readings[0]; r.Value != 2 {
		t.Errorf("the last of a node is gone: %+v", r)
	}
}

// TestPodsNotSeen: what cannot be seen is not known, with the reason.
func TestPodsNotSeen(t *testing.T) {
	x := counting()
	x.See(1, x.SO, pod("a", "x", true))
	x.See(2, kscope.Status{Kind: kscope.Pods, State: kscope.Forbidden, Message: "you may not list pods", Hint: "ask for it"})
	if r := x.Look(t).Readings[0]; r.Known || r.Err != "you may not list pods" || r.Hint != "ask for it" || !math.IsNaN(r.Past.At(at(3))) || r.Past.At(at(1)) != 1 {
		t.Errorf("forbidden: %+v", r)
	}
	x.See(3, kscope.Status{Kind: kscope.Pods, State: kscope.Failing})
	if r := x.Look(t).Readings[0]; r.Known || r.Err != "its pods are not known: failing" {
		t.Errorf("without a word: %+v", r)
	}
	x.See(4, kscope.Status{Kind: kscope.Pods, State: kscope.Synced})
	if r := x.Look(t).Readings[0]; !r.Known || r.Value != 1 || r.Past.At(at(4)) != 1 {
		t.Errorf("seen again: %+v", r)
	}
}
