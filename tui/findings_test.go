package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/golden"
)

// troubles are states with something wrong, for the pane that says so.
var troubles = []struct {
	name string
	tale func() *tale
}{
	{"refused", func() *tale {
		t := newTale("demo", "worker-scaler")
		t.condition(kscope.Condition{Type: "Ready", Status: "False", Reason: "ScaledObjectCheckFailed", Message: `failed to ensure HPA is correctly created for ScaledObject: error parsing redis metadata: error parsing redis metadata: missing required parameter "listName" in [triggerMetadata]`})
		return t.begin().run(10 * time.Second)
	}},
	{"blind-at-zero", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(10 * time.Second)
		t.redis = "nothing listens at redis.demo.svc.cluster.local:6379 (connection refused)"
		t.say(kscope.Status{Kind: kscope.Queues, Name: t.queue.Server, State: kscope.Failing, Message: t.redis, Hint: "is the Service there?"})
		t.warn("ScaledObject", "worker-scaler", "KEDAScalerFailed", "connection to redis failed: dial tcp 10.96.11.7:6379: connect: connection refused")
		return t.run(20 * time.Second)
	}},
	{"two-masters", func() *tale {
		t := newTale("demo", "worker-scaler").begin()
		other := t.so
		other.Ref.Name, other.UID, other.HPAName = "nightly-scaler", "so-other", "keda-hpa-nightly-scaler"
		t.say(other)
		return t.run(20 * time.Second)
	}},
	{"two-hpas", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(10 * time.Second).push(60).run(20 * time.Second)
		t.say(kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "old-hpa"}, UID: "h2", ScaleTarget: t.so.ScaleTarget, MinReplicas: 1, MaxReplicas: 4, StatusEverSynced: true})
		return t.run(20 * time.Second)
	}},
	{"edited-hpa", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(10 * time.Second).push(60).run(20 * time.Second)
		t.hpa.MaxReplicas = 5
		t.say(t.hpa)
		return t.run(20 * time.Second)
	}},
	{"bad-pause", func() *tale {
		t := newTale("demo", "worker-scaler")
		t.so.PausedReplicas = "three"
		t.condition(kscope.Condition{Type: "Ready", Status: "False", Reason: "ScaledObjectCheckFailed", Message: `ScaledObject check failed: strconv.ParseInt: parsing "three": invalid syntax`})
		return t.begin().run(10 * time.Second)
	}},
	{"quota-and-what-follows", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(10 * time.Second).push(60).run(8 * time.Second)
		t.stopped = true
		t.work.Conditions = kscope.Conditions{{Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate", Since: t.at, Message: `pods "queue-worker-7f9c-x2k" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1`}}
		t.hpa.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetExternalMetric", Since: t.at, Message: "the HPA was unable to compute the replica count: unable to get external metric demo/s0-redis-orders: no pods returned by selector while calculating replica count"}}
		t.say(t.work, t.hpa)
		return t.run(2 * time.Second)
	}},
	{"metrics-api-down", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(58 * time.Second)
		t.hpa.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetExternalMetric", Since: t.at, Message: "the HPA was unable to compute the replica count: unable to get external metric demo/s0-redis-orders: unable to fetch metrics from external metrics API: the server is currently unable to handle the request (get s0-redis-orders.external.metrics.k8s.io)"}}
		t.say(t.hpa)
		return t.run(2 * time.Second)
	}},
	{"never-ready", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100)
		t.slow = true
		return t.run(5 * time.Minute)
	}},
	{"idle-workers", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(29 * time.Second)
		t.idle = true
		return t.push(50).run(2 * time.Minute)
	}},
}

// openWorker opens the one that the troubles are about, whatever else there is.
func openWorker(o *Options) { o.Name = "worker-scaler" }

// warn is an event of that type, seen now.
func (t *tale) warn(kind, name, reason, note string) {
	t.say(kscope.Event{UID: fmt.Sprint("e", len(t.out)), Namespace: t.so.Ref.Namespace, Type: "Warning", Reason: reason, Note: note, Last: t.at, First: t.at, Count: 1,
		Regarding: kscope.ObjectRef{Kind: kind, Namespace: t.so.Ref.Namespace, Name: name}})
}

// TestTroubles compares the screen in each of them with golden files, as it is and
// with all that there is to say.
func TestTroubles(t *testing.T) {
	for _, tr := range troubles {
		for _, size := range []struct{ w, h int }{{80, 24}, {120, 35}} {
			m := tell(tr.tale(), size.w, size.h, openWorker)
			golden.Compare(t, fmt.Sprintf("troubles/%s-%dx%d.txt", tr.name, size.w, size.h), m.grid.Plain())
			press(m, "4")
			golden.Compare(t, fmt.Sprintf("troubles/%s-why-%dx%d.txt", tr.name, size.w, size.h), m.grid.Plain())
		}
	}
}

// In 80 columns the cause is whole as soon as it is there, and with the focus the
// command too; and y copies what is shown.
func TestCauseAndCommandAreWhole(t *testing.T) {
	for _, tr := range troubles {
		m := tell(tr.tale(), 80, 24, openWorker)
		p, ok := m.picture()
		if !ok || len(p.Findings) == 0 {
			t.Fatalf("%s: nothing is found: %s", tr.name, p.Why)
		}
		x := p.Findings[0]
		if !isShown(m.grid.Plain(), x.Says) {
			t.Errorf("%s: %q is not whole:\n%s", tr.name, x.Says, m.grid.Plain())
		}
		press(m, "4")
		for _, text := range []string{x.Says, x.Move.Command, x.Move.Effect} {
			if !isShown(m.grid.Plain(), text) {
				t.Errorf("%s, with the focus: %q is not whole:\n%s", tr.name, text, m.grid.Plain())
			}
		}
		cmds := press(m, "y")
		if len(cmds) != 1 || fmt.Sprint(cmds[0]()) != x.Move.Command {
			t.Errorf("%s: y copies %v, want %q", tr.name, cmds, x.Move.Command)
		}
		if last := lastLine(m.grid.Plain()); !strings.Contains(last, "To the clipboard: kubectl") {
			t.Errorf("%s: the bottom line is %q", tr.name, last)
		}
	}
	there := tell(troubles[0].tale(), 120, 35, openWorker, func(o *Options) { o.Kubectl = []string{"--context=stage two"} })
	press(there, "4")
	if cmds := press(there, "y"); len(cmds) != 1 || !strings.HasPrefix(fmt.Sprint(cmds[0]()), "kubectl '--context=stage two' -n ") || !strings.Contains(there.grid.Plain(), "kubectl '--context=stage two' -n ") {
		t.Errorf("of a cluster that was chosen y copies %v:\n%s", cmds, there.grid.Plain())
	}
	m := tell(phase("scaling-up"), 80, 24)
	if cmds := press(m, "y"); len(cmds) > 0 || !strings.Contains(lastLine(m.grid.Plain()), "no command") {
		t.Errorf("where nothing is wrong y copies %v and says %q", cmds, lastLine(m.grid.Plain()))
	}
}

// isShown reports whether a text is on a screen, broken into rows at blanks.
func isShown(screen, text string) bool {
	flat := strings.Join(strings.Fields(screen), " ")
	return strings.Contains(flat, text) || strings.Contains(withoutLabels(screen), text)
}

// withoutLabels is the rows of the panes below the chart as one text.
func withoutLabels(screen string) string {
	var out []string
	for line := range strings.Lines(screen) {
		r := []rune(strings.TrimRight(line, "\n"))
		if len(r) > 11 {
			out = append(out, strings.Fields(string(r[11:]))...)
		}
	}
	return strings.Join(out, " ")
}

func lastLine(screen string) string {
	lines := strings.Split(strings.TrimRight(screen, "\n"), "\n")
	return lines[len(lines)-1]
}

// The key for problems goes through all that have a cause of their own, over all
// objects, and begins again after the last.
func TestProblemsInTheirOrder(t *testing.T) {
	m := tell(many(40), 120, 35)
	all := m.problems()
	if len(all) < 3 {
		t.Fatalf("only %d problems", len(all))
	}
	for round := range 2 {
		for i, want := range all {
			press(m, "!")
			p, _ := explain.Look(m.seen, m.view.id)
			if m.view.id != want.id || m.view.finding != want.at || m.view.focus != whyPane {
				t.Fatalf("round %d, %d: at %v, %d, want %+v", round, i, m.view.id, m.view.finding, want)
			}
			if !strings.Contains(m.view.notice, fmt.Sprintf("%d of %d", i+1, len(all))) || !isShown(m.grid.Plain(), p.Findings[want.at].Says) {
				t.Errorf("%d: %q\n%s", i, m.view.notice, m.grid.Plain())
			}
		}
	}
}

// noted is a workload of which KEDA keeps two, with a cooldown that nothing comes
// after.
func noted() *tale {
	t := newTale("demo", "worker-scaler")
	t.so.MinReplicaCount, t.so.CooldownPeriod, t.so.PollingInterval = 2, 30*time.Second, 30*time.Second
	t.hpa.MinReplicas = 2
	return t.begin().run(40 * time.Second)
}

// TestNotesStandBelowWhy: where there is no room for all, what stands first is why.
func TestNotesStandBelowWhy(t *testing.T) {
	for h := 12; h <= 24; h++ {
		m := tell(noted(), 60, h, openWorker)
		press(m, "4")
		if p, _ := m.picture(); !isShown(m.grid.Plain(), p.Why) {
			t.Errorf("60x%d: %q is not shown:\n%s", h, p.Why, m.grid.Plain())
		}
	}
}

// TestNotes: what is worth knowing has a row where there is one to spare, and with the
// focus all of it and its command; it breaks nothing.
func TestNotes(t *testing.T) {
	for _, size := range []struct{ w, h int }{{80, 24}, {120, 35}} {
		m := tell(noted(), size.w, size.h, openWorker)
		golden.Compare(t, fmt.Sprintf("troubles/note-%dx%d.txt", size.w, size.h), m.grid.Plain())
		press(m, "!")
		if last := lastLine(m.grid.Plain()); !strings.Contains(last, "Nothing here has a problem") {
			t.Errorf("the bottom line is %q", last)
		}
		press(m, "4")
		golden.Compare(t, fmt.Sprintf("troubles/note-why-%dx%d.txt", size.w, size.h), m.grid.Plain())
		p, _ := m.picture()
		notes := p.Notes()
		if len(notes) != 1 || p.Phase == explain.Broken {
			t.Fatalf("%s: %+v", p.Phase, notes)
		}
		for _, text := range []string{notes[0].Says, notes[0].Next} {
			if !isShown(m.grid.Plain(), text) {
				t.Errorf("%q is not whole:\n%s", text, m.grid.Plain())
			}
		}
		if cmds := press(m, "y"); len(cmds) != 1 || fmt.Sprint(cmds[0]()) != notes[0].Move.Command {
			t.Errorf("y copies %v, want %q", cmds, notes[0].Move.Command)
		}
		m.view.screen, m.view.ids, m.view.row = overview, []kscope.ID{p.ID}, 0
		if cmds := press(m, "y"); len(cmds) != 0 {
			t.Errorf("in the table, which shows no notes, y copies %v", cmds)
		}
	}
}

// TestWayOutOfAPause: of a paused object the bottom line leads to the command that
// lets it go on.
func TestWayOutOfAPause(t *testing.T) {
	told := newTale("demo", "worker-scaler")
	told.so.Paused = true
	m := tell(told.begin().run(20*time.Second), 80, 24, openWorker)
	if last := lastLine(m.grid.Plain()); !strings.HasPrefix(last, " 4 what to do") {
		t.Errorf("the bottom line is %q", last)
	}
	press(m, "4")
	const command = "kubectl -n demo annotate scaledobject worker-scaler autoscaling.keda.sh/paused-"
	if last := lastLine(m.grid.Plain()); !strings.HasPrefix(last, " y copy what to do") || !isShown(m.grid.Plain(), command) {
		t.Errorf("the command is not there:\n%s", m.grid.Plain())
	}
	if cmds := press(m, "y"); len(cmds) != 1 || fmt.Sprint(cmds[0]()) != command {
		t.Errorf("y copies %v", cmds)
	}
}
