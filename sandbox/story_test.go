package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/demo"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

var (
	scaler = kscope.Ref{Namespace: "demo", Name: "worker-scaler"}
	orders = triggers.Redis{Address: "redis.demo.svc.cluster.local:6379", Key: "orders"}.Backlog()
)

func replicas(c explain.Picture) int32 {
	if c.Workload == nil {
		return -1
	}
	return c.Workload.Desired
}

func ready(c explain.Picture) int32 {
	if c.Ready == nil {
		return -1
	}
	return *c.Ready
}

func asleep(c explain.Picture) bool { return c.Phase == explain.Asleep && c.Reading().Known }

// TestStory is the seed story: 0 to 1 by KEDA, up by the HPA, down to 0 by
// KEDA, with nobody else in it.
func TestStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Seed: 1, ServiceTime: 2 * time.Second, StartTime: time.Second})
		r.until(scaler, time.Minute, "asleep", asleep)
		r.push(scaler, orders, 60)
		r.until(scaler, 30*time.Second, "one pod", func(c explain.Picture) bool { return replicas(c) == 1 })
		r.until(scaler, time.Minute, "more pods", func(c explain.Picture) bool { return ready(c) >= 5 })
		r.until(scaler, 3*time.Minute, "asleep again", func(c explain.Picture) bool { return asleep(c) && replicas(c) == 0 && c.Counts.Alive() == 0 })
		var steps []string
		var emptied bool
		for _, e := range r.timeline(scaler) {
			if e.Kind == store.Scaled {
				step := fmt.Sprintf("%s %d->%d", e.Actor, e.From, e.To)
				if e.Guess {
					step += " guessed"
				}
				steps = append(steps, step)
			}
			emptied = emptied || e.Kind == store.Emptied
		}
		if len(steps) < 3 || steps[0] != "KEDA 0->1" || !strings.HasPrefix(steps[1], "HPA 1->") || !strings.HasPrefix(steps[len(steps)-1], "KEDA ") || !strings.HasSuffix(steps[len(steps)-1], "->0") ||
			slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, "guessed") || strings.Contains(s, "someone") }) || !emptied {
			t.Errorf("steps %q, emptied %v\n%s", steps, emptied, r.story(scaler))
		}
		if jobs, _ := r.redis.Len(triggers.RedisOf(orders)); jobs != 0 {
			t.Error(jobs, "jobs left")
		}
	})
}

// TestOutsider: another program fills the queue, takes from it, and is seen.
func TestOutsider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Seed: 2, NoWorkers: true})
		r.until(scaler, time.Minute, "an empty queue", func(c explain.Picture) bool { return asleep(c) })
		time.Sleep(3 * time.Second) // for a queue to count as having been empty
		c := client(t, r.redis, goredis.Options{})
		c.LPush(t.Context(), "orders", "a", "b", "c", "d", "e", "f")
		r.until(scaler, 10*time.Second, "six jobs on the screen", func(c explain.Picture) bool { return c.Reading().Known && c.Reading().Value == 6 })
		r.until(scaler, time.Minute, "two pods", func(c explain.Picture) bool { return ready(c) == 2 })
		if n := c.LLen(t.Context(), "orders").Val(); n != 6 {
			t.Errorf("%d jobs left although nobody but us works", n)
		}
		for range 6 {
			c.RPop(t.Context(), "orders")
		}
		r.until(scaler, 2*time.Minute, "asleep", asleep)
		for _, e := range r.timeline(scaler) {
			if e.Kind == store.Arrived && e.Actor == store.Producer {
				return
			}
		}
		t.Error("nobody saw the jobs arrive:\n" + r.story(scaler))
	})
}

// TestWorkersNotice: a job that arrives at an idle worker is taken at once,
// although nothing else happens in the world.
func TestWorkersNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Seed: 3, Speed: MinSpeed, ServiceTime: 100 * time.Millisecond})
		if err := r.SetSpeed(MaxSpeed); err != nil {
			t.Fatal(err)
		}
		c := client(t, r.redis, goredis.Options{})
		c.LPush(t.Context(), "orders", "first")
		r.until(scaler, time.Minute, "a worker that has nothing to do", func(c explain.Picture) bool {
			return ready(c) == 1 && c.Reading().Known && c.Reading().Value == 0
		})
		if err := r.SetSpeed(1); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			c.LPush(t.Context(), "orders", "next")
			time.Sleep(50 * time.Millisecond)
			if n := c.LLen(t.Context(), "orders").Val(); n != 0 {
				t.Fatal("not taken within 50 ms")
			}
			time.Sleep(time.Second)
		}
	})
}

// TestStoryOfEveryDemo: with each broker the same is played, 0 to N to 0, by nobody else.
func TestStoryOfEveryDemo(t *testing.T) {
	for _, broker := range demo.Brokers() {
		t.Run(broker, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, _ := demo.Of(broker)
				m, err := LoadDemo(d)
				if err != nil || len(m.Refused) > 0 {
					t.Fatal(err, m.Refused)
				}
				for _, n := range m.Notes { // what is left out or fails
					if n.Weight < notes.Differs {
						t.Error(n)
					}
				}
				ref := kscope.Ref{Namespace: demo.Namespace, Name: d.ScaledObject}
				queues, _ := triggerQueues(m.scaledObject(ref.Namespace, ref.Name))
				r := run(t, Options{Seed: 1, Manifests: m, ServiceTime: 2 * time.Second, StartTime: time.Second})
				r.until(ref, time.Minute, "asleep, from the start", asleep)
				r.push(ref, queues[0].Backlog(), 60)
				r.until(ref, 30*time.Second, "one pod", func(c explain.Picture) bool { return replicas(c) == 1 })
				r.until(ref, time.Minute, "more pods", func(c explain.Picture) bool { return ready(c) >= 4 }) // as many as a topic here has partitions
				r.until(ref, 3*time.Minute, "asleep again", func(c explain.Picture) bool { return asleep(c) && replicas(c) == 0 && c.Counts.Alive() == 0 })
				var steps []string
				for _, e := range r.timeline(ref) {
					if e.Kind == store.Scaled {
						steps = append(steps, fmt.Sprintf("%s %d->%d", e.Actor, e.From, e.To))
					}
				}
				if len(steps) < 3 || steps[0] != "KEDA 0->1" || !strings.HasPrefix(steps[1], "HPA 1->") || !strings.HasSuffix(steps[len(steps)-1], "->0") {
					t.Errorf("steps %q\n%s", steps, r.story(ref))
				}
			})
		})
	}
}
