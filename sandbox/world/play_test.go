package world

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kscope/kscope/scaling"
)

// planOf is the plan for the numbers alone by which the world plays the
// harness's ScaledObject.
func planOf(t *testing.T, w *World) scaling.Plan {
	t.Helper()
	so := w.so(t)
	target := float64(so.built[0].target) / 1000
	return scaling.Plan{
		Loop: so.loop(so.u.GetAnnotations()), Behavior: rulesOf(w.autoscaler(t).obj.Spec.Behavior), Sync: w.o.SyncPeriod,
		FirstPoll: w.firstPoll, FirstSync: w.firstSync,
		Target: target, Activation: so.built[0].activation, Service: w.o.ServiceTime, Starting: w.o.StartTime,
	}
}

// told writes down the changes of a play as [scalings] does those of a world.
func told(changes []scaling.Change) []string {
	var out []string
	for _, c := range changes {
		by := "hpa"
		if c.ByKEDA {
			by = "keda"
		}
		out = append(out, fmt.Sprintf("%.1f %s %d->%d", c.Since.Seconds(), by, c.From, c.To))
	}
	return out
}

// TestPlayOfNumbersMakesTheGoldenTraces holds the play over numbers to what
// the world is held to.
func TestPlayOfNumbersMakesTheGoldenTraces(t *testing.T) {
	for _, c := range traces() {
		t.Run(c.name, func(t *testing.T) {
			w, _ := c.world(t)
			apply(t, w, deployment("worker", c.replicas))
			apply(t, w, c.object())
			w.Advance(epoch)
			p := planOf(t, w)
			p.Service, p.Measured = 0, func(since time.Duration) float64 { return float64(c.measured(since)) }
			from := scaling.State{At: epoch, Created: epoch, Replicas: c.replicas, Ready: c.replicas}
			out := scaling.Play(p, from, time.Duration(c.until*float64(time.Second)))
			same(t, c.name, told(out.Changes), c.want)
		})
	}
}

// story is a seed made into settings and bursts of work.
type story struct {
	options Options
	spec    map[string]any
	at      []time.Duration
	jobs    []int64
}

func storyOf(seed uint64) story {
	r := rand.New(rand.NewPCG(seed, 0))
	s := story{
		options: Options{ServiceTime: time.Duration(500+r.IntN(3000)) * time.Millisecond, StartTime: time.Duration(r.IntN(20)) * 500 * time.Millisecond},
		spec: map[string]any{
			"pollingInterval": int64(5 + r.IntN(30)), "cooldownPeriod": int64(30 + r.IntN(200)),
			"maxReplicaCount": int64(5 + r.IntN(20)), "minReplicaCount": int64(r.IntN(3)),
		},
	}
	if r.IntN(2) == 0 {
		window := int64(30 * r.IntN(6))
		s.spec["advanced"] = behaviorOf(map[string]any{"scaleDown": map[string]any{"stabilizationWindowSeconds": window}})
	}
	for at := time.Duration(0); at < 50*time.Minute; at += time.Duration(60+r.IntN(900)) * time.Second {
		s.at, s.jobs = append(s.at, at), append(s.jobs, int64(1+r.IntN(3000)))
	}
	return s
}

// arrivals are the jobs that a story has put in by then.
func (s story) arrivals(since time.Duration) (n float64) {
	for i, at := range s.at {
		if at <= since {
			n += float64(s.jobs[i])
		}
	}
	return n
}

// replicasOf are the replicas that the world asks for in an hour of a story,
// every quarter of a second.
func (s story) replicasOf(w *World, l *lists, wl *workload) []int32 {
	var out []int32
	for i := 0; w.Now().Sub(epoch) <= time.Hour; w.Advance(w.Now().Add(quarter)) {
		out = append(out, wl.replicas())
		for ; i < len(s.at) && s.at[i] <= w.Now().Sub(epoch); i++ {
			l.push(orders, s.jobs[i])
		}
	}
	return out
}

const quarter = 250 * time.Millisecond

// TestPlayOfNumbersAgainstTheWorld: for an hour, with pods that take time to
// start and workers that empty the queue, the same replicas at the same times.
// The play lets jobs flow where the world counts them, so that whoever looks in
// the last seconds of a queue may see some more or less. A sync then steps to
// another number, which the next one puts right, and a poll that sees the last
// job or does not moves the step to zero.
func TestPlayOfNumbersAgainstTheWorld(t *testing.T) {
	const stories = 60
	exact, differ := 0, 0
	for seed := range uint64(stories) {
		s := storyOf(seed)
		w, l := play(t, s.options)
		w.firstPoll, w.firstSync = 5*quarter, 31*quarter
		apply(t, w, deployment("worker", 0))
		apply(t, w, object(s.spec))
		w.Advance(epoch)
		p := planOf(t, w)
		p.Arrivals, p.Step = s.arrivals, quarter
		out := scaling.Play(p, scaling.State{At: epoch, Created: epoch}, time.Hour)
		n, since := 0, time.Duration(0)
		for i, replicas := range s.replicasOf(w, l, w.workload(t, "Deployment")) {
			if got := out.Points[i].Desired; got != replicas {
				n++
				since = out.Points[i].Since
			}
		}
		if n == 0 {
			exact++
		}
		differ += n
		if n > 4*4*60 { // four minutes: one cooldown
			t.Errorf("seed %d: %d quarters of a second differ, the last at %s", seed, n, since)
		}
	}
	t.Logf("%d of %d stories are the same, and %.2f%% of the time of the others is not", exact, stories, 100*float64(differ)/4/3600/float64(stories-exact))
	if exact < stories/3 || differ > 4*3600*stories/200 {
		t.Errorf("%d of %d stories are the same, %d quarters of a second differ", exact, stories, differ)
	}
}
