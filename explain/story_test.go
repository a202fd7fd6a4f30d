package explain_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// ordinary is the story as it should be, and what settings make of it.
var ordinary = []explanation{
	{name: "asleep", scene: scene(0, 0, 0),
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s 1"},
	{name: "asleep, and the HPA could read nothing when it last tried", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.HPA.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "ScalingDisabled"}}
			c.Past.Syncs = []store.Sync{{At: at(-300), Failed: true, Current: 1, Desired: 1}}
		},
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s 1"},
	{name: "asleep, activation threshold", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].ActivationTarget = 20 },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s 20 1"},
	{name: "asleep, below activation", scene: scene(3, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].ActivationTarget = 20 },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, why: "3 20", next: "5s"},
	{name: "asleep, one below activation", scene: scene(1, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].ActivationTarget = 20 },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, why: "1 20", next: "5s"},
	{name: "asleep, min 0 idle 0", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 2, i32(0) },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s 2"},
	{name: "asleep, queue unknown", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].Known = false },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s"},
	{name: "asleep, nothing known", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Readings[0].Known = false
			soCond(c, "Active", "Unknown", "", "")
		},
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s"},
	{name: "asleep, KEDA sees what nobody measures", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { soCond(c, "Active", "True", "ScalerActive", "") },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s"},
	{name: "asleep, scaling out paused", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.PausedScaleOut = true },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue},
	{name: "asleep, two triggers, one unknown", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { another(c, "cron") },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s"},
	{name: "waking, one job", scene: scene(1, 0, 0),
		rule: "waking", phase: explain.Waking, link: explain.LinkKEDA, why: "1", next: "1 5s"},
	{name: "waking, many jobs", scene: scene(1200, 0, 0),
		rule: "waking", phase: explain.Waking, link: explain.LinkKEDA, why: "1,200", next: "1 5s 10"},
	{name: "waking, min 2", scene: scene(40, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 2, i32(0) },
		rule:   "waking", phase: explain.Waking, link: explain.LinkKEDA, why: "40", next: "2 5s 8"},
	{name: "waking by annotation", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.ForceActivation = true },
		rule:   "waking", phase: explain.Waking, link: explain.LinkKEDA, next: "1 5s"},
	{name: "waking, scaling out paused", scene: scene(7, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.PausedScaleOut = true },
		rule:   "heldAtZero", phase: explain.PhasePaused, link: explain.LinkKEDA, why: "7"},
	{name: "waking, second trigger has the work", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			r := c.Readings[0]
			r.Trigger.Backlog = new(triggers.Redis{Key: "returns"}.Backlog())
			r.Value = 8
			c.Readings = append(c.Readings, r)
		},
		rule: "waking", phase: explain.Waking, link: explain.LinkKEDA, why: "8", next: "1 5s 2"},
	{name: "overdue", scene: scene(7, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].Waiting = at(-40) },
		rule:   "overdue", phase: explain.Broken, link: explain.LinkKEDA, why: "7 40s", next: "5s"},
	{name: "started by KEDA", scene: scene(60, 1, 0),
		change: func(c *store.Chain) { c.Workload.SetBy = "keda-operator" },
		rule:   "starting", phase: explain.Waking, link: explain.LinkPods, why: "1", next: "4 15s 10"},
	{name: "started by KEDA, enough", scene: scene(3, 1, 0),
		change: func(c *store.Chain) { c.Workload.SetBy = "keda-operator" },
		rule:   "starting", phase: explain.Waking, link: explain.LinkPods, why: "1", next: "15s"},
	{name: "started by somebody", scene: scene(60, 1, 0),
		rule: "starting", phase: explain.Waking, link: explain.LinkPods, why: "1", next: "4 15s 10"},
	{name: "started two", scene: scene(60, 2, 0),
		change: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 2, i32(0)
			c.Workload.SetBy = "keda-operator"
		},
		rule: "starting", phase: explain.Waking, link: explain.LinkPods, why: "2", next: "4 15s 10"},
	{name: "first pod ready, HPA next", scene: scene(60, 1, 1),
		rule: "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 10 1", next: "4 15s 10"},
	{name: "one step is enough", scene: scene(12, 1, 1),
		rule: "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "12 5 3 1", next: "3 15s"},
	{name: "beyond max", scene: scene(170, 5, 5),
		change: func(c *store.Chain) {
			c.HPA.Behavior = &kscope.Behavior{Up: kscope.Direction{Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 4}, {Type: "Percent", Value: 100}}}}
		},
		rule: "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "170 5 34 10 5", next: "10 15s"},
	{name: "scale-up held back", scene: scene(60, 1, 1),
		change: func(c *store.Chain) { c.HPA.Behavior = &kscope.Behavior{Up: kscope.Direction{Window: time.Minute}} },
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 10 1", next: "10 1m00s 1m15s"},
	{name: "scale-up policy exhausted", scene: scene(60, 3, 3),
		change: func(c *store.Chain) { c.HPA.Behavior = &kscope.Behavior{Up: kscope.Direction{Select: "Disabled"}} },
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 10 3"},
	{name: "scale-out paused", scene: scene(60, 3, 3),
		change: func(c *store.Chain) { c.ScaledObject.PausedScaleOut = true },
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 3"},
	{name: "no HPA yet", scene: scene(60, 1, 1),
		change: func(c *store.Chain) { c.HPA = nil },
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 10 1"},
	{name: "HPA not visible", scene: scene(60, 1, 1),
		change: func(c *store.Chain) { c.HPA, c.HPAStatus.State = nil, kscope.Forbidden },
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 10 1"},
	{name: "wants more, another unknown", scene: scene(60, 1, 1),
		change: func(c *store.Chain) { another(c, "prometheus") },
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 10 1", next: "4 15s"},
	{name: "wants more, and the HPA could read nothing when it last tried", scene: scene(60, 1, 1),
		change: func(c *store.Chain) {
			another(c, "prometheus")
			c.HPA.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "ScalingDisabled"}}
			c.Past.Syncs = []store.Sync{{At: at(-300), Failed: true, Current: 4, Desired: 4}}
		},
		rule: "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "60 5 12 10 1", next: "15s"},
	{name: "wants more, by the HPA's word", scene: scene(60, 5, 5),
		change: func(c *store.Chain) { c.Readings[0].From, c.Readings[0].Value = store.FromHPA, 143 },
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "~143 5 29 10 5", next: "10 15s"},
	{name: "pods starting", scene: scene(22, 5, 3),
		rule: "podsStarting", phase: explain.ScalingUp, link: explain.LinkPods, why: "22 5 5 5 3", next: "2"},
	{name: "pod starting", scene: scene(22, 5, 4),
		rule: "podsStarting", phase: explain.ScalingUp, link: explain.LinkPods, why: "22 5 5 5 4", next: "1"},
	{name: "pods starting, no node", scene: scene(22, 5, 3),
		change: func(c *store.Chain) { c.Starting.Nodeless = 1 },
		rule:   "podsStarting", phase: explain.ScalingUp, link: explain.LinkPods, why: "22 5 5 5 3", next: "2 1"},
	{name: "pods starting, no nodes", scene: scene(22, 5, 2),
		change: func(c *store.Chain) { c.Starting.Nodeless = 2 },
		rule:   "podsStarting", phase: explain.ScalingUp, link: explain.LinkPods, why: "22 5 5 5 2", next: "3 2"},
	{name: "pods starting, nothing asked", scene: scene(0, 2, 0),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount = 2 },
		rule:   "podsStarting", phase: explain.ScalingUp, link: explain.LinkPods, why: "2", next: "2"},
	{name: "at max", scene: scene(170, 10, 10),
		rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "170 5 34 10", next: "10"},
	{name: "at max, and the pods get the better of it", scene: scene(170, 10, 10), change: aMinuteAgo(290),
		rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "170 5 34 10 1m25s", next: "10 0 1m35s 2m30s"},
	{name: "at max, and it grows all the same", scene: scene(170, 10, 10), change: aMinuteAgo(50),
		rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "170 5 34 10 2/s", next: "10"},
	{name: "at max, and nothing moves", scene: scene(170, 10, 10), change: aMinuteAgo(170),
		rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "170 5 34 10", next: "10"},
	{name: "at max, and more than a lifetime can do", scene: scene(1e17, 10, 10), change: aMinuteAgo(1e17 + 64),
		rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "1e+17 5 2,147,483,647 10", next: "10"},
	{name: "at max, and a batch came in between", scene: scene(170, 10, 10), change: func(c *store.Chain) {
		aMinuteAgo(170)(c)
		c.Readings[0].Past = store.Series{}
		for s := 90; s > 30; s-- {
			c.Readings[0].Past.Add(at(-float64(s)), 60)
		}
		for s := 30; s >= 0; s-- { // 140 more, and 1 a second is done
			c.Readings[0].Past.Add(at(-float64(s)), 170+float64(s))
		}
	}, rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "170 5 34 10 2m50s", next: "10"},
	{name: "at max, and a load from here has ended", scene: scene(170, 10, 10), change: func(c *store.Chain) {
		aMinuteAgo(170)(c)
		r := &c.Readings[0]
		r.Past = store.Series{}
		for s := 90; s >= 0; s-- { // for a minute 8 came a second, of which 4 were done
			r.Past.Add(at(-float64(s)), map[bool]float64{true: 50 + 4*float64(90-s), false: 170 + 4*float64(s)}[s > 30])
			r.Own.Add(at(-float64(s)), 8*float64(90-max(s, 30)))
		}
	}, rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "170 5 34 10 44s", next: "10 0 1m05s 1m30s"},
	{name: "at max, for too short a time to tell", scene: scene(170, 10, 10), change: func(c *store.Chain) { aMinuteAgo(290)(c); c.Past.Ready.Add(at(-5), 9); c.Past.Ready.Add(at(-4), 10) },
		rule: "full", phase: explain.AtMax, link: explain.LinkHPA, why: "170 5 34 10", next: "10 0 1m35s 2m30s"},
	{name: "exact", scene: scene(12, 3, 3),
		rule: "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "12 5 3 3"},
	{name: "exact, one", scene: scene(1, 1, 1),
		rule: "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "1 5 1 1"},
	{name: "tolerated", scene: scene(42, 8, 8),
		rule: "tolerated", phase: explain.Steady, link: explain.LinkHPA, why: "42 8 5.25 10% 5"},
	{name: "tolerated at one", scene: scene(5.4, 1, 1),
		rule: "tolerated", phase: explain.Steady, link: explain.LinkHPA, why: "5.4 1 5.4 10% 5"},
	{name: "fewer would do", scene: scene(16, 10, 10),
		rule: "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "16 5 4 10", next: "4 5m01s 5m15s"},
	{name: "fewer would do, one", scene: scene(3, 2, 2),
		rule: "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "3 5 1 2", next: "1 5m01s 5m15s"},
	{name: "fewer would do, none asked", scene: scene(0, 10, 10),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount = 2 },
		rule:   "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "10", next: "2 5m01s 5m15s"},
	{name: "fewer would do, no window", scene: scene(16, 10, 10),
		change: func(c *store.Chain) { c.HPA.Behavior = &kscope.Behavior{} },
		rule:   "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "16 5 4 10", next: "4 15s"},
	{name: "fewer would do, scale-down disabled", scene: scene(16, 10, 10),
		change: func(c *store.Chain) { c.HPA.Behavior = &kscope.Behavior{Down: kscope.Direction{Select: "Disabled"}} },
		rule:   "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "16 5 4 10"},
	{name: "fewer would do, scaling in paused", scene: scene(16, 10, 10),
		change: func(c *store.Chain) { c.ScaledObject.PausedScaleIn = true },
		rule:   "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "16 5 4 10"},
	{name: "fewer would do, HPA not visible", scene: scene(16, 10, 10),
		change: func(c *store.Chain) { c.HPA, c.HPAStatus.State = nil, kscope.Forbidden },
		rule:   "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "16 5 4 10"},
	{name: "at minimum, empty", scene: scene(0, 2, 2),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount = 2 },
		rule:   "atMinimum", phase: explain.Steady, link: explain.LinkWorkload, why: "2", next: "11"},
	{name: "at minimum, little", scene: scene(4, 2, 2),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount = 2 },
		rule:   "atMinimum", phase: explain.Steady, link: explain.LinkWorkload, why: "4 5 1 2", next: "11"},
	{name: "below minimum", scene: scene(0, 1, 1),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount = 2 },
		rule:   "outOfBounds", phase: explain.ScalingUp, link: explain.LinkHPA, why: "1 2", next: "2 15s"},
	{name: "below minimum at zero", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount = 2 },
		rule:   "outOfBounds", phase: explain.Waking, link: explain.LinkKEDA, why: "2", next: "2 5s"},
	{name: "between idle and minimum, cooling down", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.ScaledObject.CooldownPeriod = 10 * time.Minute
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 3, i32(0)
		},
		rule: "outOfBounds", phase: explain.ScalingUp, link: explain.LinkHPA, why: "1 3", next: "3 15s 0 9m48s"},
	{name: "between idle and minimum, and KEDA is due", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.ScaledObject.LastActiveTime, c.Polled = time.Time{}, time.Time{}
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 3, i32(0)
		},
		rule: "outOfBounds", phase: explain.ScalingUp, link: explain.LinkHPA, why: "1 3", next: "3 15s 0"},
	{name: "between idle and minimum, and KEDA has not said yet what it finds", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			c.ScaledObject.Conditions, c.Readings[0].Known, c.Watched = nil, false, at(-1)
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 3, i32(0)
		},
		rule: "outOfBounds", phase: explain.ScalingUp, link: explain.LinkHPA, why: "1 3", next: "3 15s 0"},
	{name: "between idle and minimum, with work", scene: scene(4, 1, 1),
		change: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 3, i32(0)
		},
		rule: "outOfBounds", phase: explain.ScalingUp, link: explain.LinkHPA, why: "1 3", next: "3 15s"},
	{name: "above maximum", scene: scene(0, 12, 12),
		rule: "outOfBounds", phase: explain.Draining, link: explain.LinkHPA, why: "12 10", next: "10 15s"},
	{name: "parked", scene: scene(0, 1, 1),
		change: func(c *store.Chain) { c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 3, i32(1) },
		rule:   "parked", phase: explain.Asleep, link: explain.LinkHPA, why: "1", next: "3 0"},
	{name: "empty, KEDA has not looked", scene: scene(0, 10, 10),
		rule: "wantsFewer", phase: explain.Draining, link: explain.LinkHPA, why: "10", next: "0 31s"},
	{name: "cooling down", scene: scene(0, 10, 10),
		change: func(c *store.Chain) { cooldown(c) },
		rule:   "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "10 30s", next: "0 18s 5m"},
	{name: "cooling down, and a schedule opens before the end", scene: scene(0, 10, 10),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Readings = append(c.Readings, store.Reading{Trigger: kscope.Trigger{Type: "cron", MetricType: "AverageValue"}, Metric: "s1-cron", Target: 1, Known: true, From: store.FromSchedule, Turns: at(15), Becomes: 4})
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "10 30s", next: "0 15s 4"},
	{name: "cooling down, and a schedule opens after the end", scene: scene(0, 10, 10),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Readings = append(c.Readings, store.Reading{Trigger: kscope.Trigger{Type: "cron", MetricType: "AverageValue"}, Metric: "s1-cron", Target: 1, Known: true, From: store.FromSchedule, Turns: at(25), Becomes: 4})
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "10 30s", next: "0 18s 5m 25s 4"},
	{name: "cooling down slowly", scene: scene(0, 10, 10),
		change: func(c *store.Chain) {
			cooldown(c)
			c.ScaledObject.CooldownPeriod = 10 * time.Minute
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "10 10m", next: "1 5m01s 5m15s 0 9m48s"},
	{name: "cooling down, one pod", scene: scene(0, 1, 1),
		change: func(c *store.Chain) { cooldown(c) },
		rule:   "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "1 30s", next: "0 18s"},
	{name: "cooling down, due", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Polled = at(-31)
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "1 30s", next: "0 5s"},
	{name: "cooling down, by the cluster's clock", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Polled = time.Time{}
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "1 30s", next: "0 18s"},
	{name: "cooling down to idle", scene: scene(0, 3, 3),
		change: func(c *store.Chain) {
			cooldown(c)
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount = 3, i32(0)
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "3 30s", next: "0 18s"},
	{name: "cooling down, queue unknown", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Readings[0].Known = false
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "4 30s", next: "0 18s 5m"},
	{name: "cooling down, below activation", scene: scene(3, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Readings[0].ActivationTarget = 20
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "1 30s", next: "0 18s"},
	{name: "cooling down, scaling in paused", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			cooldown(c)
			c.ScaledObject.PausedScaleIn = true
		},
		rule: "cooling", phase: explain.PhasePaused, link: explain.LinkKEDA, why: "4"},
	{name: "cooling down, never active", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			soCond(c, "Active", "False", "ScalerNotActive", "")
			c.ScaledObject.LastActiveTime, c.Polled = time.Time{}, time.Time{}
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "2", next: "0 5s"},
	{name: "cooling down, initial cooldown", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			soCond(c, "Active", "False", "ScalerCooldown", "")
			c.ScaledObject.LastActiveTime, c.Polled = time.Time{}, time.Time{}
			c.ScaledObject.Created, c.ScaledObject.InitialCooldownPeriod = at(-20), time.Minute
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "2", next: "0 40s 5m"},
	{name: "work again during the cooldown", scene: scene(12, 3, 3),
		change: func(c *store.Chain) { cooldown(c) },
		rule:   "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "12 5 3 3"},
	{name: "last pods stopping", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Counts[kscope.PodTerminating] = 4 },
		rule:   "drained", phase: explain.Draining, link: explain.LinkPods, why: "4", next: "5s"},
	{name: "last pod stopping", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Counts[kscope.PodTerminating] = 1 },
		rule:   "drained", phase: explain.Draining, link: explain.LinkPods, why: "1", next: "5s"},
	{name: "work while the last pods stop", scene: scene(2, 0, 0),
		change: func(c *store.Chain) { c.Counts[kscope.PodTerminating] = 4 },
		rule:   "waking", phase: explain.Waking, link: explain.LinkKEDA, why: "2", next: "1 5s"},
	{name: "forced on", scene: scene(0, 1, 1),
		change: func(c *store.Chain) { c.ScaledObject.ForceActivation = true },
		rule:   "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "1"},
	{name: "formula", scene: scene(12, 4, 4),
		change: func(c *store.Chain) { c.ScaledObject.ScalingModifiers = true },
		rule:   "hpaSays", phase: explain.Steady, link: explain.LinkHPA, why: "4 4", next: "15s"},
	{name: "formula at zero", scene: scene(12, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.ScalingModifiers = true },
		rule:   "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s"},
	{name: "formula, at max", scene: scene(12, 10, 10),
		change: func(c *store.Chain) {
			c.ScaledObject.ScalingModifiers = true
			hpaCond(c, "ScalingLimited", "True", "TooManyReplicas", "")
		},
		rule: "hpaSays", phase: explain.Steady, link: explain.LinkHPA, why: "10 10", next: "15s"},
	{name: "formula, ramping", scene: scene(12, 4, 4),
		change: func(c *store.Chain) {
			c.ScaledObject.ScalingModifiers = true
			hpaCond(c, "ScalingLimited", "True", "ScaleUpLimit", "")
		},
		rule: "hpaSays", phase: explain.ScalingUp, link: explain.LinkHPA, why: "4 4", next: "15s"},
	{name: "formula, holding", scene: scene(12, 4, 4),
		change: func(c *store.Chain) {
			c.ScaledObject.ScalingModifiers = true
			hpaCond(c, "AbleToScale", "True", "ScaleDownStabilized", "")
		},
		rule: "hpaSays", phase: explain.Draining, link: explain.LinkHPA, why: "4 5m", next: "15s"},
	{name: "nothing measured", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { c.Readings[0].Known = false },
		rule:   "hpaSays", phase: explain.Steady, link: explain.LinkHPA, why: "4 4", next: "15s"},
	{name: "nothing measured, no HPA status", scene: scene(0, 1, 1),
		change: func(c *store.Chain) { c.Readings[0].Known, c.HPA.StatusEverSynced = false, false },
		rule:   "hpaSays", phase: explain.Steady, link: explain.LinkWorkload, why: "1", next: "15s"},
	{name: "at minimum, another type", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount = 2
			c.Readings[0] = store.Reading{Trigger: kscope.Trigger{Type: "prometheus"}, Target: 10, Value: 7, Known: true, From: store.FromHPA}
		},
		rule: "atMinimum", phase: explain.Steady, link: explain.LinkWorkload, why: "~7 10 1 2", next: "22"},
	{name: "asleep after a scale to zero, another type", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Readings[0] = store.Reading{Trigger: kscope.Trigger{Type: "prometheus", Name: "lag"}, Target: 10, Known: true, From: store.FromHPA}
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "0 1 30s", next: "0 18s"},
	{name: "idle again by KEDA's word, and zero comes before what the HPA remembers", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.ScaledObject.LastActiveTime, c.Polled = at(-28), at(-28)
			c.ScaledObject.TriggersActive = map[string]bool{"m": false}
			c.Readings[0] = store.Reading{Trigger: kscope.Trigger{Type: "prometheus", Name: "lag"}, Metric: "m", Target: 10, Value: 1, Known: true, From: store.FromHPA}
			c.HPA.Metrics = []kscope.Metric{{Type: "External", Name: "m", TargetType: "AverageValue", Target: 10}}
			c.Watched = at(-600)
			c.Past.Syncs = []store.Sync{{At: at(-100), Computed: true, Current: 3, Desired: 3, Values: []float64{9}}, {At: at(-8), Computed: true, Current: 1, Desired: 1, Values: []float64{1}}}
			c.Past.Desired.Add(at(-600), 3)
			c.Past.Desired.Add(at(-60), 0)
			c.Past.Desired.Add(at(-10), 1)
			c.Past.Desired.Extend(noon)
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "1 30s", next: "0 2s"},
	{name: "a query without an answer", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Readings[0] = store.Reading{Trigger: kscope.Trigger{Type: "prometheus"}, Target: 10, Known: true, From: store.FromBroker, Nothing: true, Scaled: kscope.Scaled{Is: true, How: "no series"}}
		},
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, why: "0", next: "5s 0 1"},
	{name: "KEDA counts a part of what waits", scene: scene(200_700, 4, 4),
		change: capped,
		rule:   "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "200,700 20 4 5 5 4 4"},
	{name: "KEDA counts a part of what waits, and wants more", scene: scene(200_700, 1, 1),
		change: capped,
		rule:   "wantsMore", phase: explain.ScalingUp, link: explain.LinkHPA, why: "200,700 20 4 5 5 4 1", next: "4 15s"},
	{name: "awake and idle again, while the HPA goes by what was", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cooldown(c)
			c.Readings[0] = store.Reading{Trigger: kscope.Trigger{Type: "prometheus", Name: "lag"}, Target: 10}
			c.HPA.Metrics = []kscope.Metric{{Type: "External", Name: "m", TargetType: "AverageValue", Target: 10}}
			c.Watched = at(-600)
			c.Past.Syncs = []store.Sync{{At: at(-100), Computed: true, Current: 3, Desired: 3, Values: []float64{9}}}
			c.Past.Desired.Add(at(-600), 3)
			c.Past.Desired.Add(at(-60), 0)
			c.Past.Desired.Add(at(-10), 1)
			c.Past.Desired.Extend(noon)
		},
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "1 30s", next: "3 5s 0 18s"},
	{name: "another type of trigger", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			c.Readings[0] = store.Reading{Trigger: kscope.Trigger{Type: "prometheus"}, Target: 10, Value: 31, Known: true, From: store.FromHPA}
		},
		rule: "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "~31 10 4 4"},
}

// capped has KEDA count no more of a queue than its four consumers could take.
func capped(c *store.Chain) {
	r := &c.Readings[0]
	r.Trigger.Type, r.Waits, r.Value = "kafka", r.Value, 20
	r.Scaled = kscope.Scaled{Is: true, N: 20, Active: 200_700, Cap: 20, How: "4 partitions x 5"}
}

// aMinuteAgo is the same size with so many jobs.
func aMinuteAgo(jobs float64) func(c *store.Chain) {
	return func(c *store.Chain) {
		was, is := c.Readings[0].Value, float64(c.Workload.Desired)
		for s := 90; s >= 0; s-- { // evenly since then
			c.Readings[0].Past.Add(at(-float64(s)), math.Round(was+(jobs-was)*float64(s)/60))
		}
		c.Past.Desired.Add(at(-300), is)
		c.Past.Ready.Add(at(-290), is)
		c.Past.Desired.Extend(noon)
		c.Past.Ready.Extend(noon)
	}
}

// TestStepOnItsWay: a step of the HPA's is told by two watches, one after the other.
// Between them nothing is said of the time before it.
func TestStepOnItsWay(t *testing.T) {
	for ago, want := range map[time.Duration]string{
		50 * time.Millisecond: "8 are set so far",
		2 * time.Second:       "4 are set so far", // nothing came of it
	} {
		c := scene(60, 4, 4)
		c.Past.Syncs = []store.Sync{{At: noon.Add(-ago), Current: 4, Desired: 8, Rescaled: true, Computed: true, Values: []float64{60}}}
		if d := explain.Decide(*c, noon); !strings.Contains(d.Why, want) || strings.Contains(d.Next, "goes to 8") == strings.HasPrefix(want, "8") {
			t.Errorf("%v after: %s | %s", ago, d.Why, d.Next)
		}
	}
}
