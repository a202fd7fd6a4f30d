package explain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// latency makes the only trigger one that counts no jobs, though a list stands in
// for it, as in the sandbox.
func latency(c *store.Chain, target, value float64) {
	r := &c.Readings[0]
	r.Trigger = kscope.Trigger{Type: "prometheus", MetricType: "AverageValue", Backlog: new(triggers.Redis{Key: "shop:prometheus-0-api"}.Backlog())}
	r.Target, r.Value = target, value
}

// queues gives an object a queue for each of some numbers of jobs.
func queues(c *store.Chain, jobs ...float64) {
	one := c.Readings[0]
	c.Readings = nil
	for i, n := range jobs {
		r := one
		r.Value = n
		r.Trigger.Backlog = new(triggers.Redis{Key: fmt.Sprintf("jobs:%c", 'a'+i)}.Backlog())
		c.Readings = append(c.Readings, r)
	}
}

// unlike is what is not one queue of jobs: several of them, and values that count
// none.
var unlike = []explanation{
	{name: "four queues, all empty", scene: scene(0, 0, 0), change: func(c *store.Chain) { queues(c, 0, 0, 0, 0) },
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, why: "4", next: "5s 1"},
	{name: "two queues, both empty, cooling down", scene: scene(0, 1, 1), change: func(c *store.Chain) { queues(c, 0, 0); cooldown(c) },
		rule: "cooling", phase: explain.CoolingDown, link: explain.LinkKEDA, why: "1 30s", next: "0 18s"},
	{name: "three queues, the last is heaviest", scene: scene(0, 4, 4), change: func(c *store.Chain) { queues(c, 0, 3, 19) },
		rule: "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "19 5 4 4"},
	{name: "three queues, work below activation", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			queues(c, 0, 3, 0)
			for i := range c.Readings {
				c.Readings[i].ActivationTarget = 5
			}
		},
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, why: "3 5", next: "5s"},
	{name: "three queues, none asks, min 2", scene: scene(0, 2, 2),
		change: func(c *store.Chain) { queues(c, 0, 0, 0); c.ScaledObject.MinReplicaCount = 2 },
		rule:   "atMinimum", phase: explain.Steady, link: explain.LinkWorkload, why: "3 2", next: "11"},
	{name: "one job activates", scene: scene(0, 0, 0), change: func(c *store.Chain) { c.Readings[0].ActivationTarget = 1 },
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, next: "5s 1 1"},
	{name: "between zero and the target", scene: scene(3, 1, 1),
		rule: "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "3 5 1 1"},
	{name: "between activation and the target", scene: scene(3, 1, 1), change: func(c *store.Chain) { c.Readings[0].ActivationTarget = 2 },
		rule: "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "3 5 1 1", next: "2"},
	{name: "a latency at zero", scene: scene(0, 0, 0), change: func(c *store.Chain) { latency(c, 0.2, 0) },
		rule: "asleep", phase: explain.Asleep, link: explain.LinkQueue, why: "0", next: "5s 0 1"},
	{name: "a latency that activates", scene: scene(0, 0, 0), change: func(c *store.Chain) { latency(c, 0.2, 0.31) },
		rule: "waking", phase: explain.Waking, link: explain.LinkKEDA, why: "0.31", next: "1 5s 2"},
	{name: "a latency at the minimum", scene: scene(0, 2, 2),
		change: func(c *store.Chain) { latency(c, 0.2, 0); c.ScaledObject.MinReplicaCount = 2 },
		rule:   "atMinimum", phase: explain.Steady, link: explain.LinkWorkload, why: "0 2", next: "0.44"},
	{name: "a latency with a small target", scene: scene(0, 2, 2),
		change: func(c *store.Chain) { latency(c, 0.002, 0.001); c.ScaledObject.MinReplicaCount = 2 },
		rule:   "atMinimum", phase: explain.Steady, link: explain.LinkWorkload, why: "0.001 0.002 1 2", next: "0.0044"},
	{name: "a latency as wanted", scene: scene(0, 3, 3), change: func(c *store.Chain) { latency(c, 0.2, 0.59) },
		rule: "steady", phase: explain.Steady, link: explain.LinkWorkload, why: "0.59 0.2 3 3"},
	{name: "a latency, overdue", scene: scene(0, 0, 0), change: func(c *store.Chain) { latency(c, 0.2, 0.59); c.Readings[0].Waiting = at(-40) },
		rule: "overdue", phase: explain.Broken, link: explain.LinkKEDA, why: "0.59 40s", next: "5s"},
}

// What counts no jobs is not called jobs, and is never empty, whatever it is, and
// whatever there is of it.
func TestValuesAreNotJobs(t *testing.T) {
	for _, typ := range triggers.Types() {
		for _, mode := range []string{"", "MessageRate", "OldestUnackedMessageAge"} {
			trigger := kscope.Trigger{Type: typ, MetricType: "AverageValue", Metadata: map[string]string{"mode": mode}, Backlog: new(triggers.Redis{Key: "a"}.Backlog())}
			if triggers.Unit(trigger) != "" {
				continue
			}
			for _, value := range []float64{0, 0.01, 0.5, 1, 7, 400} {
				for _, size := range []int32{0, 1, 2, 10} {
					for _, activation := range []float64{0, 0.3, 1} {
						for _, least := range []int32{0, 2} {
							c := scene(value, size, size)
							c.ScaledObject.MinReplicaCount = least
							c.Readings[0].Trigger, c.Readings[0].Target, c.Readings[0].ActivationTarget = trigger, 0.4, activation
							d := explain.Decide(*c, noon)
							text := strings.ReplaceAll(d.Why+" "+d.Next, typ, "T")
							for _, wrong := range []string{"job", "empty", "queue", " long"} {
								if strings.Contains(text, wrong) {
									t.Errorf("%s %s at %v, %d replicas, %s: %q", typ, mode, value, size, d.Rule, text)
								}
							}
						}
					}
				}
			}
		}
	}
}

// However long names are, no sentence gets long by them, the cause stays in
// front, and names that differ only at their end stay different.
func TestLongNamesInSentences(t *testing.T) {
	long := strings.Repeat("warehouse-orders-", 11)
	rename := func(a answered, end string) explain.Decision {
		c := *a.scene
		c.ScaledObject.ScaleTarget.Name += long + end
		c.Readings = append([]store.Reading(nil), c.Readings...)
		for i := range c.Readings {
			if q := c.Readings[i].Trigger.Backlog; q != nil {
				other := *q
				other.Name += long + end
				c.Readings[i].Trigger.Backlog = &other
			}
			c.Readings[i].Trigger.Name = c.Readings[i].Trigger.Name + long + end
		}
		if h := c.HPA; h != nil && c.ID.Kind == kscope.HPAs {
			other := *h
			other.ScaleTarget.Name += long + end
			c.HPA = &other
		}
		return explain.Decide(c, noon)
	}
	for _, a := range answers() {
		one, two := rename(a, "1"), rename(a, "2")
		for _, s := range [][2]string{{one.Why, two.Why}, {one.Next, two.Next}} {
			if len(s[0]) > a.longest+2*40 {
				t.Errorf("%s: %d characters: %q", a.name, len(s[0]), s[0])
			}
			if strings.Contains(s[0], "warehouse-") && s[0] == s[1] {
				t.Errorf("%s: the names look alike: %q", a.name, s[0])
			}
		}
	}
}
