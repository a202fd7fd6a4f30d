package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// scaledBy is manifests with a Deployment and some ScaledObjects of it, each with a
// list of its own name.
func scaledBy(t *testing.T, spec string, names ...string) Manifests {
	t.Helper()
	text := `{apiVersion: apps/v1, kind: Deployment, metadata: {name: presser, namespace: press}, spec: {replicas: 0, selector: {matchLabels: {app: presser}},
  template: {metadata: {labels: {app: presser}}, spec: {containers: [{name: c, image: "example.com/presser:7"}]}}}}
`
	for _, n := range names {
		text += fmt.Sprintf(`---
{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: %[1]s, namespace: press, annotations: {kscope.dev/inject: allow}}, spec: {scaleTargetRef: {name: presser}, %s,
  triggers: [{type: redis, metadata: {address: "redis.press.svc:6379", listName: %[1]s, listLength: "4"}}]}}
`, n, spec)
	}
	if len(names) > 1 { // where KEDA's webhook was not there to refuse it
		return unasked(text)
	}
	return read(t, text)
}

func press(name string) (kscope.Ref, kscope.Backlog) {
	return kscope.Ref{Namespace: "press", Name: name}, triggers.Redis{Address: "redis.press.svc:6379", Key: name}.Backlog()
}

// steps are the steps of a timeline: who, guessed or not, and what.
func (r *rig) steps(ref kscope.Ref) (out []string) {
	for _, e := range r.timeline(ref) {
		if e.Kind != store.Scaled {
			continue
		}
		text, _ := e.Words()
		if e.Guess {
			text = "guess: " + text
		}
		out = append(out, string(e.Actor)+" "+text)
	}
	return out
}

// A long climb has more steps than the cluster keeps events of: first it combines
// them, then it drops them. Each is the HPA's all the same.
func TestEveryStepOfALongClimb(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := "pollingInterval: 5, cooldownPeriod: 30, maxReplicaCount: 50, advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 15}]}}}}"
		r := run(t, Options{Seed: 5, Speed: 60, Manifests: scaledBy(t, spec, "pages"), ServiceTime: 10 * time.Minute, StartTime: time.Second})
		ref, q := press("pages")
		r.until(ref, time.Minute, "asleep", asleep)
		r.push(ref, q, 1000)
		r.until(ref, 20*time.Minute, "forty pods", func(c explain.Picture) bool { return replicas(c) >= 40 })
		steps := r.steps(ref)
		for i, s := range steps {
			if want := fmt.Sprintf("HPA scaled %d → %d", i, i+1); i > 0 && s != want || i == 0 && s != "KEDA activated 0 → 1" {
				t.Errorf("step %d: %s", i, s)
			}
		}
		if len(steps) < 40 {
			t.Errorf("%d steps", len(steps))
		}
	})
}

// Two ScaledObjects pull at one target: each timeline names the other's KEDA, also
// where client-go takes one event for another and writes none.
func TestTwoMasters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Seed: 6, Speed: 60, Manifests: scaledBy(t, "pollingInterval: 5, cooldownPeriod: 10", "covers", "pages"), ServiceTime: 10 * time.Minute})
		ref, q := press("pages")
		other, _ := press("covers")
		r.until(ref, time.Minute, "asleep", asleep)
		r.push(ref, q, 50)
		r.until(ref, 5*time.Minute, "some steps", func(explain.Picture) bool { return len(r.steps(ref)) >= 8 })
		ours := 0
		n := len(r.steps(ref)) - 1 // what tells of the last may be on its way
		r.pass(6 * time.Second)    // KEDA has looked once more: where there is no event, that tells
		for _, s := range r.steps(ref)[:n] {
			if strings.Contains(s, "someone") || strings.Contains(s, "→ 0") && !strings.HasSuffix(s, "→ 0 for covers") {
				t.Errorf("%s", s)
			}
			if strings.HasSuffix(s, "→ 0 for covers") {
				ours++
			}
		}
		for _, s := range r.steps(other) {
			if strings.HasPrefix(s, "KEDA activated") && !strings.HasSuffix(s, "for pages") {
				t.Errorf("on the other's: %s", s)
			}
		}
		if ours == 0 {
			t.Errorf("nobody named the other: %q", r.steps(ref))
		}
	})
}

// Somebody else is found out in a workload that has been at zero, where no field
// manager tells, and nobody is accused of what follows.
func TestAnotherHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Seed: 7, Speed: 60, Manifests: scaledBy(t, "pollingInterval: 5, cooldownPeriod: 60, maxReplicaCount: 8", "pages"), ServiceTime: time.Second})
		ref, q := press("pages")
		r.until(ref, time.Minute, "asleep", asleep)
		for range 3 {
			r.push(ref, q, 120)
			r.until(ref, 3*time.Minute, "pods", func(c explain.Picture) bool { return replicas(c) >= 4 })
			time.Sleep(time.Second / 20)
			if err := r.Break("scaler"); err != nil {
				t.Fatal(err)
			}
			r.until(ref, 10*time.Minute, "asleep again", func(c explain.Picture) bool { return asleep(c) && c.Counts.Alive() == 0 })
		}
		r.push(ref, q, 1)
		time.Sleep(time.Second)
		others := 0
		for _, s := range r.steps(ref) {
			if strings.HasPrefix(s, "someone") {
				others++
			}
		}
		if others != 3 {
			t.Errorf("%d steps of somebody else, want 3:\n%s", others, strings.Join(r.steps(ref), "\n"))
		}
	})
}
