package world

import (
	commandline "flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
)

// TestNonsense: what only a schema would keep out is refused, or does nothing.
func TestNonsense(t *testing.T) {
	w, _ := play(t, Options{}, deployment("worker", 1))
	for _, spec := range []any{nil, map[string]any{}, map[string]any{"triggers": []any{}}, map[string]any{"scaleTargetRef": map[string]any{"name": "worker"}, "triggers": []any{map[string]any{}}}} {
		for _, kind := range []string{"ScaledObject", "ScaledJob"} {
			u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": kind, "metadata": map[string]any{"namespace": "shop", "name": "x"}}}
			if spec != nil {
				u.Object["spec"] = spec
			}
			if err := w.Apply(u, "kubectl"); err != nil {
				t.Errorf("%s %v: %v", kind, spec, err)
			}
			NotModelled(u)
			run(w, time.Minute)
		}
	}
	for _, spec := range []any{"text", map[string]any{"pollingInterval": "5"}, map[string]any{"triggers": map[string]any{}}, map[string]any{"maxReplicaCount": 1.5}} {
		u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": map[string]any{"namespace": "shop", "name": "y"}, "spec": spec}}
		if err := w.Apply(u, "kubectl"); err == nil {
			t.Errorf("%v: no error", spec)
		}
	}
	if err := w.Apply(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}, "kubectl"); err == nil {
		t.Error("a bare pod: no error")
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "s"}}
	for _, want := range []ChangeVerb{Added, Modified} {
		w.Changes()
		if err := w.Apply(secret, "kubectl"); err != nil || w.Changes()[0].Verb != want {
			t.Errorf("a Secret: %v, want %s", err, want)
		}
	}
	if err := w.Delete(secret); err != nil {
		t.Error(err)
	}
	if err := w.Delete(secret); err == nil {
		t.Error("deleted twice: no error")
	}
	if err := w.Annotate(kscope.Ref{Name: "nobody"}, paused, "true"); err == nil {
		t.Error("annotating nobody: no error")
	}
}

// Settings without effect are said by the webhook.
func TestAdmission(t *testing.T) {
	w, _ := play(t, Options{}, deployment("worker", 1), object(map[string]any{"minReplicaCount": int64(1), "pollingInterval": int64(5), "cooldownPeriod": int64(5)}))
	n := 0
	for _, note := range notes(w.Changes()) {
		if slices.Contains([]string{"KEDAScalerInfo: Poll", "KEDAScalerInfo: Cool"}, note[:20]) {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d warnings, want 2", n)
	}
}

// objects is how many random ScaledObjects are tried; make monkey tries five times as
// many.
var objects = commandline.Int("objects", 60, "how many random ScaledObjects to try")

// TestRandomScaledObjects plays random definitions, loads, edits and pauses,
// and holds them to what must be true of any: KEDA and the HPA stay within
// the bounds, and the target follows what the status says.
func TestRandomScaledObjects(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	ref := kscope.Ref{Namespace: "shop", Name: "so"}
	for range *objects {
		most := int64(1 + r.IntN(15))
		spec := map[string]any{"pollingInterval": int64(1 + r.IntN(40)), "cooldownPeriod": int64(r.IntN(120)), "maxReplicaCount": most}
		least := int64(0)
		if r.IntN(2) == 0 {
			least = r.Int64N(most + 1)
			spec["minReplicaCount"] = least
			if r.IntN(2) == 0 && least > 1 {
				spec["idleReplicaCount"] = int64(0)
			}
		}
		if r.IntN(3) == 0 {
			spec["fallback"] = map[string]any{"failureThreshold": r.Int64N(4), "replicas": r.Int64N(most + 1)}
		}
		if r.IntN(2) == 0 {
			spec["advanced"] = behaviorOf(map[string]any{"scaleDown": map[string]any{"stabilizationWindowSeconds": r.Int64N(90)}})
		}
		w, l := play(t, Options{Seed: seed, Jitter: true, StartTime: time.Second, ServiceTime: 3 * time.Second, ServiceSpread: 1}, deployment("worker", int32(r.IntN(5))), object(spec))
		for range 120 {
			switch r.IntN(12) {
			case 0:
				l.push(orders, r.Int64N(80))
			case 1:
				l.err = errRefused
			case 2, 3:
				l.err = nil
			case 4:
				if err := w.Annotate(ref, reconciled[r.IntN(len(reconciled))], []string{"", "true", "3"}[r.IntN(3)]); err != nil {
					t.Fatal(err)
				}
			case 5, 6:
				for _, key := range reconciled {
					if err := w.Annotate(ref, key, ""); err != nil {
						t.Fatal(err)
					}
				}
			}
			run(w, time.Duration(r.IntN(8000))*time.Millisecond)
		}
		for _, key := range reconciled {
			if err := w.Annotate(ref, key, ""); err != nil {
				t.Fatal(err)
			}
		}
		l.err, l.n[orders] = nil, 0
		run(w, 20*time.Minute)
		// At rest: at the floor, with a status that says so.
		want := int32(least)
		if _, idle := spec["idleReplicaCount"]; idle {
			want = 0
		}
		so, dep := w.so(t), w.workload(t, "Deployment")
		if dep.replicas() != want || dep.statusReplicas() != want || so.conditions.get("Ready").status != "True" || so.conditions.get("Active").reason != "ScalerNotActive" {
			t.Fatalf("seed %d: %v came to rest at %d (%d pods), want %d; %+v", seed, spec, dep.replicas(), dep.statusReplicas(), want, so.conditions)
		}
	}
}
