package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
)

// kinds is a table of all that can scale: two ScaledObjects, a ScaledJob that has
// a queue, and an HPA without KEDA.
func kinds() *tale {
	t := many(3)
	t.say(theJob(), theHPA(), kscope.Workload{Ref: kscope.Ref{Namespace: "demo", Name: "web"}, Kind: "Deployment", UID: "web", Desired: 5, Current: 5, Ready: new(int32(4)),
		Selector: kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"web"}}}},
		kscope.Depths{Server: reports.Server, All: []kscope.Depth{{Backlog: reports, N: 12, Type: "list"}}})
	for i := range 5 {
		name := fmt.Sprint("web-", i)
		t.say(kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name, Labels: map[string]string{"app": "web"}, Created: t.at, Phase: "Running", Scheduled: true, Ready: i > 0})
	}
	t.say(kscope.Status{Kind: kscope.Jobs, State: kscope.Synced})
	for i := range 4 {
		name := fmt.Sprint("nightly-", i)
		t.say(kscope.Job{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name, ScaledJob: "nightly"},
			kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name + "-x"}, UID: name + "-x", OwnerUID: name, Labels: map[string]string{kscope.JobLabel: "nightly"}, Created: t.at, Phase: "Running", Scheduled: true, Ready: i > 0})
	}
	t.say(kscope.Job{Ref: kscope.Ref{Namespace: "demo", Name: "nightly-9"}, UID: "nightly-9", ScaledJob: "nightly", Ended: t.at},
		kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: "nightly-9-x"}, UID: "nightly-9-x", OwnerUID: "nightly-9", Labels: map[string]string{kscope.JobLabel: "nightly"}, Created: t.at, Phase: "Succeeded", Scheduled: true})
	return t
}

var reports = triggers.Redis{Address: "redis.demo.svc.cluster.local:6379", Key: "reports"}.Backlog()

func theJob() kscope.ScaledJob {
	return kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "nightly"}, UID: "job", PollingInterval: 10 * time.Second, MaxReplicaCount: 20, InjectAllowed: true,
		Triggers:   []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &reports, Metadata: map[string]string{"listName": "reports", "listLength": "1"}}},
		Conditions: kscope.Conditions{{Type: "Ready", Status: "True"}, {Type: "Active", Status: "True"}}}
}

func theHPA() kscope.HPA {
	return kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "web"}, UID: "web-hpa", ScaleTarget: kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
		MinReplicas: 2, MaxReplicas: 8, CurrentReplicas: 5, DesiredReplicas: 5, StatusEverSynced: true,
		Metrics:    []kscope.Metric{{Type: "Resource", Name: "cpu", TargetType: "Utilization", Target: 60, Current: new(71.0)}},
		Conditions: kscope.Conditions{{Type: "ScalingActive", Status: "True", Reason: "ValidMetricFound"}, {Type: "AbleToScale", Status: "True", Reason: "ReadyForNewScale"}}}
}

// TestHPAGone: that there is no KEDA is not why an HPA is gone.
func TestHPAGone(t *testing.T) {
	ta := newTale("demo", "nobody")
	for _, k := range []kscope.Kind{kscope.ScaledObjects, kscope.ScaledJobs} {
		ta.say(kscope.Status{Kind: k, State: kscope.Absent})
	}
	ta.say(kscope.Status{Kind: kscope.HPAs, State: kscope.Synced}, theHPA())
	m := tell(ta, 80, 24)
	if m.view.screen != detail || m.view.id.Kind != kscope.HPAs {
		t.Fatalf("%v is open", m.view.id)
	}
	ta.say(kscope.Gone{Kind: kscope.HPAs, Ref: theHPA().Ref})
	m.Update(ta.take())
	if got := m.nothing()[0]; got != "HPA demo/web is gone, or a ScaledObject's by now" {
		t.Errorf("it says %q", got)
	}
}

// TestScaledObjectGone: of one that is gone it is said what became of its target, which
// nothing wakes any more.
func TestScaledObjectGone(t *testing.T) {
	ref := kscope.Ref{Namespace: "demo", Name: "encoder"}
	ta := newTale("demo", "encoder")
	ta.say(kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced}, kscope.ScaledObject{Ref: ref, UID: "so", ScaleTarget: kscope.TargetRef{Kind: "Deployment", Name: "worker"}},
		kscope.Workload{Ref: kscope.Ref{Namespace: "demo", Name: "worker"}, Kind: "Deployment", UID: "w"},
		kscope.Event{UID: "e", Type: "Normal", Reason: "KEDAScaleTargetDeactivated", Note: "Deactivated apps/v1.Deployment demo/worker from 4 to 0", Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: "encoder"}})
	m := tell(ta, 80, 24)
	ta.say(kscope.Gone{Kind: kscope.ScaledObjects, Ref: ref})
	m.Update(ta.take())
	if got := strings.Join(m.nothing(), " "); !strings.HasPrefix(got, "There is no ScaledObject in namespace demo Deployment worker stays at zero, where KEDA left it") {
		t.Errorf("it says %q", got)
	}
}

// TestKinds is what a ScaledJob and an HPA without KEDA look like in the table
// and opened, and that load goes into the queue of the one and not the other.
func TestKinds(t *testing.T) {
	golden.Compare(t, "kinds/table-80x24.txt", tell(kinds(), 80, 24).grid.Plain())
	for _, tt := range []struct{ name, says string }{{"nightly", "Pushing 10 jobs to reports ..."}, {"web", "An HPA without KEDA names no queue that jobs could go into."}} {
		for _, s := range []struct{ w, h int }{{80, 24}, {120, 35}, {60, 20}} {
			m := tell(kinds(), s.w, s.h)
			press(m, "/", tt.name[0:1], tt.name[1:2], tt.name[2:3], "enter", "enter")
			golden.Compare(t, fmt.Sprintf("kinds/%s-%dx%d.txt", tt.name, s.w, s.h), m.grid.Plain())
			if press(m, "i"); m.view.notice != tt.says {
				t.Errorf("i in %s says %q, want %q", tt.name, m.view.notice, tt.says)
			}
		}
	}
}

// TestServed: where somebody says which requests the pods serve that an HPA scales by
// what they use, that is charted, "n" charts the requests, and load goes into these.
func TestServed(t *testing.T) {
	requests := triggers.Redis{Address: reports.Server, Key: "requests"}.Backlog()
	for _, s := range []struct{ w, h int }{{80, 24}, {120, 35}} {
		ta, h := kinds(), theHPA()
		h.Serves = &requests
		ta.say(h, kscope.Depths{Server: reports.Server, All: []kscope.Depth{{Backlog: requests, N: 42, Type: "list"}}})
		m := tell(ta, s.w, s.h)
		says := func(when string, words ...string) {
			for _, w := range words {
				if !strings.Contains(m.grid.Plain(), w) {
					t.Errorf("%dx%d, %s: no %q in\n%s", s.w, s.h, when, w, m.grid.Plain())
				}
			}
		}
		press(m, "/", "w", "e", "b", "enter", "enter")
		says("at first", "▇ cpu, % per pod", "╌ target ╌", "i inject")
		press(m, "n")
		says("after n", "▇ requests", "42")
		press(m, "n")
		says("after n again", "▇ cpu, % per pod")
		press(m, "C")
		says("in the card", "requests, a list", "by the pods, of which the HPA")
		m.o.Load.Start, _ = load.ParseProfile("steady:5/s,1m")
		m.o.Armed = true
		begun := 0
		m.o.Load.Run = func(context.Context, load.Load) error { begun++; return nil }
		if cmd := m.autoload(); cmd != nil {
			cmd()
		}
		if begun != 1 {
			t.Errorf("--load began %d times, says %q", begun, m.view.notice)
		}
		m.o.Armed = false
		press(m, "esc", "i")
		if m.view.prompt == nil || m.view.prompt.queue != requests {
			t.Errorf("i says %q and does not ask of the requests", m.view.notice)
		}
	}
}
