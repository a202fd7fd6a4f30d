package store_test

import (
	"fmt"
	"testing"

	"github.com/kscope/kscope"
)

// Those that scale the same target know of each other, from when both are there
// until one is gone, paused, or scales something else; and each is told of it.
func TestRivals(t *testing.T) {
	x := newWorld(1)
	other := x.SO
	other.Ref.Name, other.UID, other.HPAName, other.Created = "other", "so-2", "keda-hpa-other", at(10)
	named := func() (out string) {
		for _, r := range x.Look(t).Rivals {
			out += fmt.Sprintf("%s %s %v;", r.Kind, r.Name, r.Since.Sub(noon))
		}
		return out
	}
	expect := func(what, want string) {
		t.Helper()
		if got := named(); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	version := x.VersionOf(x.ID())
	changed := func(what string) {
		t.Helper()
		if now := x.VersionOf(x.ID()); now == version {
			t.Errorf("%s: the version is the same", what)
		} else {
			version = now
		}
	}
	expect("alone", "")
	x.See(10, other)
	expect("two", "scaledobjects other 10s;")
	changed("two")
	other.Paused = true
	x.See(20, other)
	expect("one paused", "")
	changed("one paused")
	other.Paused = false
	x.See(30, other)
	expect("it goes on", "scaledobjects other 10s;")
	changed("it goes on")
	other.ScaleTarget.Name = "another"
	x.See(40, other)
	expect("another target", "")
	changed("another target")
	other.ScaleTarget.Name = x.SO.ScaleTarget.Name
	x.See(50, other)
	changed("the same again")
	x.See(60, kscope.Gone{Kind: kscope.ScaledObjects, Ref: other.Ref, UID: other.UID})
	expect("gone", "")
	changed("gone")
	x.See(70, kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "old-hpa"}, UID: "h2", ScaleTarget: x.SO.ScaleTarget})
	expect("an HPA", "horizontalpodautoscalers old-hpa 1m10s;")
	changed("an HPA")
	x.See(80, kscope.Gone{Kind: kscope.HPAs, Ref: kscope.Ref{Namespace: "demo", Name: "old-hpa"}, UID: "h2"})
	other.UID, other.Created = "so-3", at(-600)
	x.See(80, other)
	expect("there before it was seen, as at the first list", "scaledobjects other -10m0s;")
}

// The newest warning of each reason is kept with the chain that it is about.
func TestWarnings(t *testing.T) {
	x := newWorld(1)
	x.Event(1, 1, "ScaledObject", "KEDAScalerFailed", "old")
	x.WatchEvents()
	x.Event(5, 5, "ScaledObject", "KEDAScalerFailed", "new")
	x.Event(6, 6, "ScaledObject", "KEDAScaleTargetActivated", "no warning")
	x.Event(7, 4, "HorizontalPodAutoscaler", "FailedGetExternalMetric", "no answer")
	got := ""
	for _, w := range x.Look(t).Warnings {
		got += fmt.Sprintf("%s %s %s at %v;", w.Regarding.Kind, w.Reason, w.Note, w.Heard.Sub(noon))
	}
	if want := "HorizontalPodAutoscaler FailedGetExternalMetric no answer at 7s;ScaledObject KEDAScalerFailed new at 5s;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	before := x.VersionOf(x.ID())
	x.Event(8, 8, "ScaledObject", "KEDAScalerFailed", "again")
	if x.VersionOf(x.ID()).Row == before.Row {
		t.Error("a row does not show a warning")
	}
}

// Who could not set the replicas is known when that is no longer its word, until it is again.
func TestRefusals(t *testing.T) {
	x := newWorld(1)
	said := func(second float64, want string) {
		t.Helper()
		got := ""
		for _, r := range x.Look(t).Refusals {
			got += fmt.Sprintf("%s %s until %v;", r.By, r.Message, r.Until.Sub(noon))
		}
		if got != want {
			t.Errorf("at %v: %q, want %q", second, got, want)
		}
	}
	ready := func(second float64, status, reason, message string) {
		x.SO.Conditions = kscope.Conditions{{Type: "Ready", Status: status, Reason: reason, Message: message}}
		x.See(second, x.SO)
	}
	able := func(second float64, status, reason, message string) {
		x.HPA.Conditions = kscope.Conditions{{Type: "AbleToScale", Status: status, Reason: reason, Message: message}}
		x.See(second, x.HPA)
	}
	said(0, "")
	ready(10, "False", "ErrorScalingTarget", "forbidden")
	said(10, "")
	ready(20, "True", "ScaledObjectReady", "")
	said(20, "KEDA forbidden until 20s;")
	able(30, "False", "FailedUpdateScale", "denied")
	said(30, "KEDA forbidden until 20s;")
	able(40, "True", "ReadyForNewScale", "")
	said(40, "KEDA forbidden until 20s;HPA denied until 40s;")
	ready(50, "False", "ErrorScalingTarget", "forbidden")
	said(50, "HPA denied until 40s;")
	ready(60, "False", "TriggerError", "")
	said(60, "KEDA forbidden until 1m0s;HPA denied until 40s;")
}

// Bounds are as old as the younger of what the object and its HPA ask for, whatever
// else of them changes.
func TestBounds(t *testing.T) {
	x := newWorld(1)
	since := func() float64 { return x.Look(t).Bounds.Sub(noon).Seconds() }
	if got := since(); got != 0 {
		t.Errorf("at first: %v", got)
	}
	x.HPA.MaxReplicas = 5
	x.See(10, x.HPA)
	x.HPA.DesiredReplicas = 3
	x.See(20, x.HPA)
	x.Active(21, "True", "ScalerActive")
	if got := since(); got != 10 {
		t.Errorf("edited at 10: %v", got)
	}
	x.SO.MaxReplicaCount = 7
	x.See(30, x.SO)
	if got := since(); got != 30 {
		t.Errorf("both at 30: %v", got)
	}
}

// Work that pods were started for and have not touched is known, and only that.
func TestUntaken(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(x *world)
		want float64 // seconds, 0 for none
	}{
		{"never touched", func(x *world) {
			x.Depth(1, 50)
			x.Depth(2, 50)
			x.Scale(3, "keda-operator", 1)
			x.Depth(4, 50)
			x.Ready(5, 1)
			x.Depth(6, 50)
			x.Depth(60, 50)
		}, 5},
		{"more came", func(x *world) {
			x.Depth(2, 50)
			x.Scale(3, "keda-operator", 1)
			x.Ready(5, 1)
			x.Depth(6, 50)
			x.Depth(7, 60)
		}, 0},
		{"one was taken", func(x *world) {
			x.Depth(2, 50)
			x.Scale(3, "keda-operator", 1)
			x.Ready(5, 1)
			x.Depth(6, 49)
			x.Depth(60, 49)
		}, 0},
		{"one was taken before the pod was said to be ready", func(x *world) {
			x.Depth(2, 50)
			x.Scale(3, "keda-operator", 1)
			x.Depth(4, 49)
			x.Ready(5, 1)
			x.Depth(60, 49)
		}, 0},
		{"it came when the pods were ready, and some may have been taken unseen", func(x *world) {
			x.Depth(2, 0)
			x.Scale(3, "keda-operator", 1)
			x.Ready(5, 1)
			x.Depth(6, 50)
			x.Depth(60, 50)
		}, 0},
		{"nobody saw them start", func(x *world) {
			x.Scale(0, "keda-operator", 1)
			x.Ready(0, 1)
			x.Depth(6, 50)
			x.Depth(60, 50)
		}, 0},
		{"nothing waits", func(x *world) {
			x.Scale(3, "keda-operator", 1)
			x.Ready(5, 1)
			x.Depth(6, 0)
		}, 0},
	} {
		size := int32(0)
		if tt.name == "nobody saw them start" {
			size = 1
		}
		x := newWorld(size)
		tt.do(x)
		got := 0.0
		if at := x.Look(t).Readings[0].Untaken; !at.IsZero() {
			got = at.Sub(noon).Seconds()
		}
		if got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Pods that stand out among others are found.
func TestPodsThatStandOut(t *testing.T) {
	x := newWorld(5)
	x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	x.See(1, x.Work)
	if p := x.Look(t).Plight; p.Slow != nil || p.Restarting != nil || p.Leaving != nil {
		t.Errorf("without pods: %+v", p)
	}
	for i := range 9 {
		p := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("p", i)}, UID: fmt.Sprint(i), Labels: map[string]string{"app": "w"},
			Created: at(float64(i)), Phase: "Running", Scheduled: true}
		switch i {
		case 0, 1, 2:
			p.Ready, p.ReadySince = true, at(float64(i+10+i))
		case 5, 6:
			p.Restarts = int32(i)
		case 7, 8:
			p.Deleted = at(float64(100 - i))
		}
		x.See(10, p)
	}
	p := x.Look(t).Plight
	if p.Slow == nil || p.Slow.Ref.Name != "p3" || p.Restarting == nil || p.Restarting.Ref.Name != "p6" || p.Leaving == nil || p.Leaving.Ref.Name != "p8" {
		t.Errorf("%+v %+v %+v", p.Slow, p.Restarting, p.Leaving)
	}
}

// Who wrote the replicas is remembered where it is known, and what is a trace of an
// earlier write is nobody's.
func TestWrites(t *testing.T) {
	x := newWorld(1)
	x.Scale(1, "keda-operator", 2)
	x.Work.SetAt = at(2)
	x.Scale(2, "argocd", 1)
	x.Scale(3, "argocd", 5) // through /scale by somebody, who left no trace
	x.Scale(4, "", 0)
	got := ""
	for _, w := range x.Look(t).Writes {
		got += fmt.Sprintf("%s %d>%d at %v;", w.By, w.From, w.To, w.At.Sub(noon))
	}
	if want := "argocd 2>1 at 2s;keda-operator 1>2 at 1s;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for i := range 20 {
		x.Work.SetAt = at(float64(10 + i))
		x.Scale(float64(10+i), "argocd", int32(1+i%2))
	}
	if n := len(x.Look(t).Writes); n != 8 {
		t.Errorf("%d are remembered", n)
	}
}
