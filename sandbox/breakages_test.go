package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/demo"
	"github.com/kscope/kscope/explain"
)

// TestBreakages breaks everything that can be broken, reads what kscope says of
// it, mends it, and waits for everything to be well.
func TestBreakages(t *testing.T) {
	for _, test := range []struct {
		name string
		jobs int64    // that are waiting when it breaks
		more int64    // that come afterwards
		says []string // in the explanation, the links or the timeline
	}{
		{"redis", 10, 0, []string{"broken", "connection refused"}},
		{"image", 0, 10, []string{"broken", "cannot run", "kubelet", "ImagePullBackOff"}},
		{"room", 0, 10, []string{"broken", "Unschedulable: 0/3 nodes are available"}},
		{"crash", 0, 10, []string{"broken", "cannot run", "CrashLoopBackOff"}},
		{"permission", 10, 0, []string{"pods forbidden: you may not watch them as kscope"}},
		{"scale", 0, 10, []string{"broken", "KEDA cannot set the replicas", "may not update"}},
		{"quota", 0, 10, []string{"broken", "exceeded quota"}},
		{"pause", 10, 0, []string{"paused by the annotation autoscaling.keda.sh/paused"}},
		{"scaler", 0, 0, []string{"someone else 0->3"}},
		{"memory", 0, 10, []string{"broken", "cannot run", "more memory than its limit (OOMKilled)"}},
		{"slow", 0, 10, []string{"not ready yet"}},
		{"unready", 0, 10, []string{"broken", "so a readiness probe fails"}},
		{"idle", 0, 10, []string{"broken", "taken nothing"}},
		{"operator", 10, 0, []string{"broken", "KEDA's operator answers nobody"}},
		{"metrics", 10, 0, []string{"broken", "external metrics API"}},
		{"foreign", 10, 0, []string{"broken", "Somebody else than KEDA answers for the external metrics API"}},
		{"forbidden", 10, 0, []string{"broken", "may not read external metrics"}},
		{"auth", 10, 0, []string{"broken", "TriggerAuthentication redis-auth does not exist, so KEDA cannot log in"}},
		{"key", 10, 0, []string{"broken", "Jobs arrive in the list \"order\", where no trigger looks, while orders stays empty"}},
		{"edited", 60, 0, []string{"broken", "maxReplicas 5 where the ScaledObject says 10", "KEDA has not put it right"}},
		{"gitops", 60, 0, []string{"broken", "Somebody keeps writing the replicas: argocd-controller"}},
		{"type", 10, 0, []string{"broken"}},
		{"rival", 10, 0, []string{"broken", "worker-scaler-copy scales queue-worker too"}},
		{"hpa", 10, 0, []string{"broken", "neither HPA acts"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				speed := 20.0
				if test.name == "key" { // kscope looks for it four times, each as it does in life
					speed = 2
				}
				if test.name == "idle" { // a pod must not be ready before the queue is looked at
					speed = 5
				}
				r := run(t, Options{Seed: 4, Speed: speed, ServiceTime: 20 * time.Second})
				r.until(scaler, time.Minute, "asleep", asleep)
				time.Sleep(time.Millisecond) // or KEDA may look in the same instant, and nothing was ever asleep
				if test.jobs > 0 {
					r.push(scaler, orders, test.jobs)
					r.until(scaler, time.Minute, "pods", func(c explain.Picture) bool { return ready(c) > 0 })
				}
				if err := r.Break(test.name); err != nil {
					t.Fatal(err)
				}
				if test.more > 0 {
					r.push(scaler, orders, test.more)
				}
				r.until(scaler, 5*time.Minute, fmt.Sprintf("kscope says %q", test.says), func(c explain.Picture) bool {
					said := strings.Join([]string{string(c.Phase), c.Why, c.Next, r.story(scaler), r.troubles()}, "\n")
					return !slices.ContainsFunc(test.says, func(w string) bool { return !strings.Contains(said, w) })
				})
				if got := brokenNow(r.Sandbox); got != test.name && test.name != "scaler" {
					t.Errorf("broken: %q", got)
				}
				if err := r.Mend(test.name); err != nil {
					t.Fatal(err)
				}
				if got := brokenNow(r.Sandbox); got != "" {
					t.Errorf("still broken: %q", got)
				}
				// A refused watch is tried again after 30 s on the wall.
				r.until(scaler, 20*time.Minute, "well again", func(c explain.Picture) bool {
					return asleep(c) && c.PodStatus.State == kscope.Synced && c.Counts.Alive() == 0
				})
			})
		})
	}
}

// TestRollOut: of pods that are replaced kscope says so, and that nothing is wrong.
func TestRollOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Seed: 4, Speed: 20, ServiceTime: 20 * time.Second, StartTime: 6 * time.Second})
		r.until(scaler, time.Minute, "asleep", asleep)
		r.push(scaler, orders, 500)
		r.until(scaler, 2*time.Minute, "ten pods", func(c explain.Picture) bool { return ready(c) == 10 })
		if err := r.Break("rollout"); err != nil {
			t.Fatal(err)
		}
		well := func(c explain.Picture) {
			if len(c.Findings) > 0 || c.Phase == explain.Broken {
				t.Fatalf("%s: %s", c.Phase, c.Why)
			}
		}
		r.until(scaler, time.Minute, "a rollout", func(c explain.Picture) bool {
			well(c)
			return c.Links[explain.LinkWorkload].Word == "rolling out" && strings.HasPrefix(c.Next, "A rollout replaces the pods, and 2 pods are not ready")
		})
		r.until(scaler, 2*time.Minute, "the end of it", func(c explain.Picture) bool {
			well(c)
			return c.Links[explain.LinkWorkload].Word == "complete" && c.Counts[kscope.PodTerminating] == 0
		})
		if got := brokenNow(r.Sandbox); got != "" {
			t.Errorf("broken: %q", got)
		}
	})
}

func brokenNow(s *Sandbox) string {
	var out []string
	for _, b := range s.Breakages() {
		if b.Broken {
			out = append(out, b.Name)
		}
	}
	return strings.Join(out, " ")
}

func TestBreakageNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{})
		err := r.Break("dynamo")
		if err == nil || !strings.Contains(kscope.HintOf(err), "redis, image, room, crash, permission, memory, slow, unready, idle, operator, metrics, type, key, rival, hpa, scale, quota, pause, foreign, forbidden, auth, edited, gitops, scaler, rollout") {
			t.Error(err)
		}
		for _, b := range r.Breakages() {
			if b.Title == "" || b.Effect == "" {
				t.Errorf("%+v", b)
			}
			for _, f := range []func(string) error{r.Break, r.Break, r.Mend, r.Mend} {
				if err := f(b.Name); err != nil {
					t.Error(b.Name, err)
				}
			}
		}
	})
}

// TestBreakagesOfKeys: where no trigger measures a key of Redis, nothing is offered that
// only Redis knows, nor is it done; what stands in for another broker is that broker.
func TestBreakagesOfKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := demo.Of("kafka")
		m, err := LoadDemo(d)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Options{Manifests: m, Speed: 1, Wall: time.Now, NoPort: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, b := range s.Breakages() {
			if slices.Contains(ofKeys, b.Name) || strings.Contains(b.Title+b.Effect, "Redis") {
				t.Errorf("offered: %s, %s: %s", b.Name, b.Title, b.Effect)
			}
		}
		for _, name := range ofKeys {
			if err := s.Break(name); err == nil || !strings.Contains(err.Error(), "no trigger here measures a key of Redis") || kscope.HintOf(err) == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
