package explain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/store"
)

// bursts is a workload that KEDA woke so often, each time after it had slept for so
// long, the last time a minute ago.
func bursts(n int, slept time.Duration) func(c *store.Chain) {
	return func(c *store.Chain) {
		c.Past.Desired = store.Series{}
		at := at(-60).Add(-time.Duration(n) * (slept + 40*time.Second))
		c.Past.Desired.Add(at.Add(-time.Minute), 1)
		for range n {
			c.Past.Desired.Add(at, 0)
			c.Past.Desired.Add(at.Add(slept), 1)
			at = at.Add(slept + 40*time.Second)
		}
		c.Past.Desired.Extend(noon)
		c.ScaledObject.CooldownPeriod = 30 * time.Second
	}
}

// alone is one pod with a queue that had so many jobs for so long.
func alone(value float64, since time.Duration) func(c *store.Chain) {
	return func(c *store.Chain) {
		c.Readings[0].Past.Add(noon.Add(-since), value)
		c.Readings[0].Past.Extend(noon)
		c.Past.Desired.Add(at(-3600), 1)
		c.Past.Desired.Extend(noon)
	}
}

// made is a ScaledObject that is so old, and found so many pods, which KEDA took
// away three seconds later.
func made(ago float64, pods float64) func(c *store.Chain) {
	return func(c *store.Chain) {
		c.ScaledObject.Created, c.ScaledObject.LastActiveTime = at(-ago), time.Time{}
		c.Past.Desired.Add(at(-ago-100), pods)
		c.Past.Desired.Add(at(-ago+3), 0)
		c.Past.Desired.Extend(noon)
	}
}

// lagging is a Kafka trigger of which the HPA has told the same for so long: four
// times its target.
func lagging(still time.Duration) func(c *store.Chain) {
	return func(c *store.Chain) {
		r := &c.Readings[0]
		r.Trigger = kscope.Trigger{Type: "kafka", Metadata: map[string]string{"topic": "orders", "consumerGroup": "workers", "lagThreshold": "50"}}
		r.Target, r.Value, r.From, r.Still, r.Past = 50, 200, store.FromHPA, noon.Add(-still), store.Series{}
		c.ScaledObject.Triggers = []kscope.Trigger{r.Trigger}
	}
}

// leaving is two pods that were told to stop 25 seconds ago, when the number went
// from one to another, and have five seconds left.
func leaving(from, to float64) func(c *store.Chain) {
	return func(c *store.Chain) {
		c.Past.Desired.Add(at(-300), from)
		c.Past.Desired.Add(at(-25), to)
		c.Past.Desired.Extend(noon)
		c.Counts[kscope.PodTerminating] = 2
		c.Leaving = &kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: "order-worker-1"}, Deleted: at(5)}
	}
}

// calling is a queue that has been so long for so long, and was short before.
func calling(value float64, since time.Duration) func(c *store.Chain) {
	return func(c *store.Chain) {
		c.Readings[0].Past.Add(noon.Add(-since-time.Minute), 3)
		c.Readings[0].Past.Add(noon.Add(-since), value)
		c.Readings[0].Past.Extend(noon)
	}
}

// worthKnowing is what there are notes of, and only notes.
var worthKnowing = []diagnosed{
	{name: "a pause", scene: scene(7, 0, 0), change: func(c *store.Chain) { c.ScaledObject.Paused, c.HPA = true, nil }, want: "held",
		well: func(c *store.Chain) { c.Readings[0].Waiting = at(-2) }},
	{name: "a pause at a number", scene: scene(60, 2, 2), change: func(c *store.Chain) { c.ScaledObject.PausedReplicas = "2" }, want: "held"},
	{name: "a ScaledJob that is paused", scene: scene(7, 0, 0),
		change: func(c *store.Chain) {
			c.ID.Kind, c.HPA, c.Workload = kscope.ScaledJobs, nil, nil
			c.ScaledJob = &kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "encoder"}, Paused: true}
			c.KEDAStatus = synced(kscope.ScaledJobs)
		}, want: "held"},
	{name: "scaling in is paused, without work", scene: scene(0, 4, 4), change: func(c *store.Chain) {
		c.ScaledObject.PausedScaleIn = true
		soCond(c, "Active", "False", "ScalerNotActive", "")
	}, want: "heldIn", well: func(c *store.Chain) { soCond(c, "Active", "False", "ScalerCooldown", "") }},
	{name: "scaling in is paused, with work for fewer", scene: scene(16, 10, 10), change: func(c *store.Chain) { c.ScaledObject.PausedScaleIn = true }, want: "heldIn"},
	{name: "scaling out is paused, with work", scene: scene(7, 0, 0), change: func(c *store.Chain) { c.ScaledObject.PausedScaleOut = true }, want: "heldOut"},
	{name: "scaling out is paused, with work for more", scene: scene(60, 3, 3), change: func(c *store.Chain) { c.ScaledObject.PausedScaleOut = true }, want: "heldOut"},
	{name: "more than maxReplicaCount, for long", scene: scene(84, 10, 10), change: calling(84, 70*time.Second), want: "capped",
		well: calling(84, 20*time.Second)},
	{name: "a burst that is nearly done", scene: scene(51, 10, 10), change: calling(84, 70*time.Second), want: "capped", well: func(c *store.Chain) {
		calling(84, 70*time.Second)(c)
		c.Readings[0].Past.Add(at(-2), 49)
		c.Readings[0].Value = 49
	}},
	{name: "bursts with pauses that are longer than the cooldown", scene: scene(3, 1, 1), change: bursts(4, 95*time.Second), want: "flapping",
		well: bursts(2, 95*time.Second)},
	{name: "long pauses", scene: scene(3, 1, 1), change: bursts(3, 8*time.Minute), want: "flapping",
		well: func(c *store.Chain) { // kept at one, for reasons of its own
			bursts(4, 95*time.Second)(c)
			c.ScaledObject.MinReplicaCount, c.ScaledObject.CooldownPeriod, c.ScaledObject.PollingInterval = 1, 5*time.Minute, 30*time.Second
		}},
	{name: "pauses that a schedule makes", scene: scene(3, 1, 1), change: func(c *store.Chain) {
		bursts(4, 95*time.Second)(c)
		c.Readings = append(c.Readings, store.Reading{Trigger: kscope.Trigger{Type: "cron"}, Target: 1, Known: true, From: store.FromSchedule})
	}},
	{name: "a ScaledObject for pods that ran", scene: scene(0, 0, 0), change: made(120, 4), want: "atZeroAtOnce",
		well: made(3600, 4)},
	{name: "the same by a cluster whose clock is behind", scene: scene(0, 0, 0), change: func(c *store.Chain) {
		made(120, 1)(c)
		c.ScaledObject.Created, c.Workload.SetBy = at(-128), "keda-operator"
	}, want: "atZeroAtOnce", well: func(c *store.Chain) {
		made(120, 4)(c)
		c.ScaledObject.LastActiveTime = at(-100) // there was work
	}},
	{name: "pods that were taken away by hand", scene: scene(0, 0, 0), change: func(c *store.Chain) { made(120, 4)(c); c.Workload.SetBy = "kubectl" },
		well: func(c *store.Chain) { made(120, 4)(c); c.ScaledObject.InitialCooldownPeriod = time.Second }},
	{name: "a setting that is misspelt", scene: scene(12, 3, 3), change: func(c *store.Chain) {
		c.Readings[0].Trigger.Metadata = map[string]string{"listName": "orders", "listLenght": "20"}
	}, want: "misspelt", well: func(c *store.Chain) {
		c.Readings[0].Trigger.Metadata = map[string]string{"listName": "orders", "listLength": "20"}
	}},
	{name: "a write by somebody else", scene: scene(12, 3, 3), change: func(c *store.Chain) {
		c.Writes = []store.Write{{At: at(-20), By: "kubectl", From: 5, To: 3}, {At: at(-80), By: "kube-controller-manager", From: 4, To: 5}}
	}, want: "foreignWrite", well: func(c *store.Chain) {
		c.Writes = []store.Write{{At: at(-20), By: "kube-controller-manager", From: 5, To: 3}, {At: at(-30), By: "keda-operator", From: 4, To: 5}}
	}},
	{name: "a write by somebody else that the HPA went on from", scene: scene(12, 3, 3), change: func(c *store.Chain) {
		c.Writes = []store.Write{{At: at(-20), By: "kube-controller-manager", From: 5, To: 3}, {At: at(-30), By: "argocd-controller", From: 4, To: 5}}
	}, want: "foreignWrite"},
	{name: "the same long ago", scene: scene(12, 3, 3), change: func(c *store.Chain) { c.Writes = []store.Write{{At: at(-70), By: "kubectl", From: 5, To: 3}} }},
	{name: "one pod for a large target", scene: scene(30, 1, 1), change: func(c *store.Chain) { alone(30, 12*time.Minute)(c); c.Readings[0].Target = 50 }, want: "tooCoarse",
		well: func(c *store.Chain) { alone(30, 8*time.Minute)(c); c.Readings[0].Target = 50 }},
	{name: "one pod that gets the better of it, slowly", scene: scene(30, 1, 1), change: func(c *store.Chain) { alone(49, 20*time.Minute)(c); c.Readings[0].Target = 50 }, want: "tooCoarse",
		well: func(c *store.Chain) {
			alone(30, 12*time.Minute)(c)
			c.Readings[0].Past.Add(at(-60), 0)
			c.Readings[0].Past.Add(at(-50), 30)
			c.Readings[0].Target = 50
		}},
	{name: "a lag that stands at the number of partitions", scene: scene(200, 4, 4), change: lagging(90 * time.Second), want: "onePodAPartition",
		well: func(c *store.Chain) { lagging(90 * time.Second)(c); c.Readings[0].Value++ }},
	{name: "the same where idle consumers are allowed, or only just", scene: scene(200, 4, 4), change: lagging(50 * time.Second),
		well: func(c *store.Chain) {
			lagging(90 * time.Second)(c)
			c.Readings[0].Trigger.Metadata["allowIdleConsumers"] = "true"
		}},
	{name: "pods that KEDA stopped at their work", scene: scene(0, 0, 0), change: leaving(4, 0), want: "stillAtWork",
		well: func(c *store.Chain) { leaving(4, 0)(c); c.Past.Desired.Add(at(-5), 1); c.Past.Desired.Add(at(-4), 0) }},
	{name: "pods that the HPA stopped at their work", scene: scene(12, 3, 3), change: leaving(5, 3), want: "stillAtWork",
		well: func(c *store.Chain) { leaving(5, 3)(c); c.Counts[kscope.PodTerminating] = 0 }},
	{name: "pods that go for another reason", scene: scene(12, 3, 3), change: leaving(2, 3)},
	{name: "a polling interval for the HPA", scene: scene(12, 3, 3),
		change: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.PollingInterval = 2, 5*time.Second
			c.ScaledObject.CooldownPeriod = 5 * time.Minute
		}, want: "pollingIsNoPace",
		well: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.PollingInterval, c.ScaledObject.CooldownPeriod = 2, 5*time.Second, 5*time.Minute
			c.Readings[0].Trigger.Cached = true
		}},
	{name: "a cooldown that never begins", scene: scene(12, 3, 3),
		change: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.PollingInterval, c.ScaledObject.CooldownPeriod = 2, 30*time.Second, 30*time.Second
		}, want: "cooldownWithoutEnd",
		well: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.CooldownPeriod, c.ScaledObject.IdleReplicaCount = 2, 30*time.Second, new(int32)
		}},
	{name: "cpu and nothing else", scene: scene(12, 3, 3),
		change: func(c *store.Chain) { c.ScaledObject.Triggers = []kscope.Trigger{{Type: "cpu"}, {Type: "memory"}} }, want: "neverSleeps",
		well: func(c *store.Chain) {
			c.ScaledObject.Triggers = append([]kscope.Trigger{{Type: "cpu"}}, c.ScaledObject.Triggers...)
		}},
	{name: "a workload that is broken has other troubles", scene: scene(0, 2, 2), change: func(c *store.Chain) {
		c.Rivals = []store.Rival{rivalOf(kscope.HPAs, "old-hpa", 60)}
		c.ScaledObject.MinReplicaCount, c.ScaledObject.CooldownPeriod = 2, 30*time.Second
	}},
}

// notesOf is what is noted of a copy of a scene.
func notesOf(scene *store.Chain, change func(c *store.Chain)) (p explain.Picture, rules string) {
	p = explain.Picture{Chain: *copied(scene), Now: noon}
	change(&p.Chain)
	p.Decision = explain.Decide(p.Chain, noon)
	var all []string
	for _, x := range p.Notes() {
		all = append(all, x.Rule)
	}
	return p, strings.Join(all, " ")
}

func TestNotes(t *testing.T) {
	for _, tt := range worthKnowing {
		t.Run(tt.name, func(t *testing.T) {
			p, got := notesOf(tt.scene, tt.change)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s\n%s\n%s", p.Why, p.Next, d)
			}
			if p.Phase == explain.Broken && tt.want != "" {
				t.Errorf("broken by %s", p.Rule)
			}
			if tt.well == nil {
				return
			}
			if _, got := notesOf(tt.scene, tt.well); got != "" {
				t.Errorf("where all is as it should be: %s", got)
			}
		})
	}
}

// Every note is as whole as a finding is, and its words are for a person to read.
func TestNotesRead(t *testing.T) {
	var b strings.Builder
	for i, tt := range worthKnowing {
		p, _ := notesOf(tt.scene, tt.change)
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(tt.name + "\n")
		for _, x := range p.Notes() {
			write(&b, x)
			isWhole(t, tt.name, x)
		}
	}
	golden.Compare(t, "notes.txt", b.String())
}
