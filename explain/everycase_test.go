package explain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// in is a case of one of the tables here.
func in(name string) func(t *testing.T) explain.Picture {
	return func(t *testing.T) explain.Picture {
		for _, a := range answers() {
			if a.name == name {
				return explain.Picture{Chain: *a.scene, Decision: a.Decision, Now: noon}
			}
		}
		p, _ := notesOf(caseOf(t, name).scene, caseOf(t, name).change)
		return p
	}
}

// noted is one of those that are worth a note.
var noted = in

// well is its neighbour in which all is as it should be.
func well(name string) func(t *testing.T) explain.Picture {
	return func(t *testing.T) explain.Picture {
		p, _ := notesOf(caseOf(t, name).scene, caseOf(t, name).well)
		return p
	}
}

func caseOf(t *testing.T, name string) diagnosed {
	t.Helper()
	all := slices.Concat(wrong, worthKnowing)
	i := slices.IndexFunc(all, func(d diagnosed) bool { return d.name == name })
	if i < 0 {
		t.Fatalf("there is no case %q", name)
	}
	return all[i]
}

// when is a scene of its own.
func when(jobs float64, desired, ready int32, change func(c *store.Chain)) func(t *testing.T) explain.Picture {
	return func(*testing.T) explain.Picture {
		p, _ := notesOf(scene(jobs, desired, ready), change)
		return p
	}
}

var (
	defaults = &kscope.Behavior{Up: kscope.Direction{Select: "Max"}, Down: kscope.Direction{Window: kscope.DownscaleStabilization, Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Percent", Value: 100, Period: scaling.SyncPeriod}}}}
	atOnce   = &kscope.Behavior{Up: defaults.Up, Down: kscope.Direction{Select: "Max", Policies: defaults.Down.Policies}}
	slowly   = &kscope.Behavior{Up: defaults.Up, Down: kscope.Direction{Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 2, Period: time.Minute}}}}
)

// stabilized is a queue that was so long until 40 seconds ago, under an HPA of some behavior.
func stabilized(was float64, b *kscope.Behavior) func(c *store.Chain) {
	return func(c *store.Chain) {
		r := &c.Readings[0]
		r.Past.Add(at(-400), was)
		r.Past.Add(at(-40), r.Value)
		r.Past.Extend(noon)
		c.HPA.Behavior = b
		c.Past.Desired.Add(at(-400), float64(c.Workload.Desired))
		c.Past.Ready.Add(at(-400), float64(c.Workload.Desired))
		for ago := 385.0; ago > 0; ago -= 15 {
			c.Past.Syncs = append(c.Past.Syncs, store.Sync{At: at(-ago), Computed: true, Current: c.Workload.Desired, Desired: c.Workload.Desired})
		}
	}
}

// byNone is a metric that only the HPA tells of, divided by no pods or not told yet.
func byNone(divided bool) func(c *store.Chain) {
	return func(c *store.Chain) {
		c.Readings[0].Known, c.HPA.Metrics = false, []kscope.Metric{{Type: "External", Name: "s0-kafka", TargetType: "AverageValue", Target: 5, ByNone: divided}}
	}
}

func rolling(reason string) func(c *store.Chain) {
	return func(c *store.Chain) {
		c.Workload.Conditions = kscope.Conditions{cond("Progressing", "True", reason)}
		c.Past.Desired.Add(at(-400), 5)
		c.Past.Ready.Add(at(-400), 5)
		c.Past.Ready.Add(at(-5), 3)
		c.Past.Desired.Extend(noon)
		c.Past.Ready.Extend(noon)
	}
}

// left is a target at zero whose ScaledObject was deleted, by KEDA or by hand.
func left(byKEDA bool) func(t *testing.T) explain.Picture {
	return func(t *testing.T) explain.Picture {
		x := newWorld(0)
		x.WatchEvents()
		if byKEDA {
			x.Event(1, 1, "ScaledObject", "KEDAScaleTargetDeactivated", "Deactivated apps/v1.Deployment demo/order-worker from 4 to 0")
		}
		if explain.LeftAtZero(x.Store) != nil {
			t.Error("its ScaledObject is still there")
		}
		x.See(2, kscope.Gone{Kind: kscope.ScaledObjects, Ref: x.SO.Ref, UID: x.SO.UID})
		var p explain.Picture
		for _, l := range explain.LeftAtZero(x.Store) {
			isWhole(t, "left", l.Finding)
			p.Findings = append(p.Findings, l.Finding)
		}
		return p
	}
}

// jobs is a ScaledJob with work for twelve, of which three run, and so many may.
func jobs(most int32) func(t *testing.T) explain.Picture {
	return func(t *testing.T) explain.Picture {
		job := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "nightly"}, UID: "j", MaxReplicaCount: most, PollingInterval: 10 * time.Second, Conditions: kscope.Conditions{cond("Active", "True", "")},
			Triggers: []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &orders, Metadata: map[string]string{"listLength": "1"}}}}
		facts := []kscope.Fact{job, kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: 12}}}}
		for _, name := range []string{"nightly-0", "nightly-1", "nightly-2"} {
			facts = append(facts, kscope.Job{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name, ScaledJob: "nightly"},
				kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "p" + name, OwnerUID: name, Phase: "Running", Ready: true, Scheduled: true, Labels: map[string]string{kscope.JobLabel: "nightly"}})
		}
		return picture(t, kscope.ID{Kind: kscope.ScaledJobs, Ref: job.Ref}, facts...)
	}
}
