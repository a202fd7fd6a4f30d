package world

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// busy is a quarter of an hour with everything in it; told is called with
// every change.
func busy(t testing.TB, seed uint64, told func(Change)) *World {
	t.Helper()
	return busyWith(t, Options{Seed: seed}, told)
}

// busyWith is busy with a seed and a witness.
func busyWith(t testing.TB, o Options, told func(Change)) *World {
	t.Helper()
	o.Jitter, o.ServiceTime, o.ServiceSpread, o.StartTime, o.StartSpread = true, 2*time.Second, 0.5, 3*time.Second, 0.5
	w, l := play(t, o)
	for i := range 5 {
		name := fmt.Sprint("worker", i)
		apply(t, w, deployment(name, 0))
		so := object(map[string]any{"scaleTargetRef": map[string]any{"name": name}, "pollingInterval": int64(5), "cooldownPeriod": int64(30),
			"triggers": []any{listTrigger(name, "5")}})
		so.SetName(name)
		apply(t, w, so)
	}
	apply(t, w, scaledJobObject(map[string]any{"pollingInterval": int64(5), "maxReplicaCount": int64(6)}))
	r := rand.New(rand.NewPCG(1, 1)) // what the user does: the same for every seed
	for range 900 {
		if r.IntN(4) == 0 {
			l.push(triggers.Redis{Address: "redis:6379", Key: fmt.Sprint("worker", r.IntN(5))}, int64(r.IntN(30)))
		}
		b := Breakage{[]BreakageKind{BadImage, NoRoom, CrashPods, RefuseScale, Quota, OutOfMemory, SlowImages, NeverReady, IdleWorkers, Meddler}[r.IntN(10)], kscope.Ref{Namespace: "shop", Name: fmt.Sprint("worker", r.IntN(5))}}
		switch r.IntN(40) {
		case 0:
			w.Break(b)
		case 1, 2, 3:
			w.Mend(b)
		case 4:
			l.err = errRefused
		case 5, 6, 7:
			l.err = nil
		case 8:
			l.push(orders, 5)
		case 9:
			if err := w.Scale("Deployment", "shop", fmt.Sprint("worker", r.IntN(5)), int32(r.IntN(9)), "somebody"); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range run(w, time.Second) {
			told(c)
		}
	}
	return w
}

func sum(t testing.TB, seed uint64) (uint64, int) {
	h, n := fnv.New64a(), 0
	busy(t, seed, func(c Change) {
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = h.Write(raw)
		n++
	})
	return h.Sum64(), n
}

// The same seed gives the same changes, byte for byte.
func TestDeterministic(t *testing.T) {
	a, n := sum(t, 7)
	b, _ := sum(t, 7)
	other, _ := sum(t, 8)
	if a != b {
		t.Errorf("seed 7 gave two courses of %d changes", n)
	}
	if a == other {
		t.Error("seeds 7 and 8 gave the same course")
	}
	t.Logf("%d changes", n)
}

// TestChangesAreAWatch: what comes out is a proper stream of a watch: nothing
// is modified before it was added or after it was deleted, and the last state
// of every object is the world's.
func TestChangesAreAWatch(t *testing.T) {
	type id struct{ kind, uid string }
	alive := map[id]runtime.Object{}
	w := busy(t, 3, func(c Change) {
		m, err := meta.Accessor(c.Object)
		if err != nil {
			t.Fatal(err)
		}
		key := id{fmt.Sprintf("%T", c.Object), string(m.GetUID())}
		_, there := alive[key]
		if there == (c.Verb == Added) || m.GetUID() == "" || m.GetName() == "" || m.GetCreationTimestamp().Time.IsZero() {
			t.Fatalf("%s of %s %s/%s, there %v", c.Verb, key.kind, m.GetNamespace(), m.GetName(), there)
		}
		if alive[key] = c.Object; c.Verb == Deleted {
			delete(alive, key)
		}
	})
	pods := 0
	for _, obj := range alive {
		switch o := obj.(type) {
		case *corev1.Pod:
			pods++
		case *unstructured.Unstructured:
			if so := w.scaled[refOf(o)]; so != nil && !sameJSON(o.Object, so.u.Object) {
				t.Errorf("%s: the last change is not its state", o.GetName())
			}
		}
	}
	if all := len(w.allPods()); pods != all {
		t.Errorf("%d pods are alive, %d in the world", pods, all)
	}
}

// A change belongs to whoever got it: writing to it changes nothing here.
func TestChangesAreCopies(t *testing.T) {
	w, _ := play(t, Options{}, deployment("worker", 1), object(map[string]any{"minReplicaCount": int64(1)}))
	for _, c := range run(w, time.Minute) {
		switch o := c.Object.(type) {
		case *corev1.Pod:
			o.Labels["app"], o.Spec.Containers[0].Name = "changed", "changed"
		case *unstructured.Unstructured:
			o.Object["spec"].(map[string]any)["scaleTargetRef"].(map[string]any)["name"] = "changed"
		}
	}
	if p := podsOf(w)[0].obj; p.Labels["app"] != "worker" || p.Spec.Containers[0].Name != "worker" {
		t.Error("the pod shares memory with its change")
	}
	if name, _, _ := unstructured.NestedString(w.so(t).u.Object, "spec", "scaleTargetRef", "name"); name != "worker" {
		t.Error("the ScaledObject shares memory with its change")
	}
}

// Thirty hours must not leave more behind than one.
func TestNothingPilesUp(t *testing.T) {
	w, l := play(t, Options{Jitter: true}, deployment("worker", 0), object(map[string]any{"pollingInterval": int64(5), "cooldownPeriod": int64(30)}))
	size := func() int {
		return len(w.due) + len(w.events.newerOnes) + len(w.events.olderOnes) + len(w.events.similar) + w.autoscaler(t).memory.Len() +
			len(w.workload(t, "Deployment").crew.idle) + len(w.workload(t, "Deployment").sets)
	}
	hours := func(n int) {
		for range n * 12 {
			l.push(orders, 40)
			run(w, 5*time.Minute)
		}
	}
	hours(3)
	before := size()
	hours(30)
	if after := size(); after > before+before/4 {
		t.Errorf("%d things after 3 hours, %d after 33", before, after)
	}
	if got := podsOf(w); len(got) != 0 || l.n[orders] != 0 {
		t.Errorf("%d pods, %d jobs left", len(got), l.n[orders])
	}
}

// TestNext says when something is due, and that an idle world is quiet.
func TestNext(t *testing.T) {
	w := New(Options{Start: epoch}, &lists{})
	if got := w.Next(); !got.After(epoch.AddDate(50, 0, 0)) {
		t.Errorf("an empty world has something due at %v", got)
	}
	w, _ = play(t, Options{SyncPeriod: 20 * time.Second}, deployment("worker", 0), object(map[string]any{"pollingInterval": int64(60)}))
	run(w, 61*time.Second)
	if got := w.Next(); !got.Equal(epoch.Add(80 * time.Second)) {
		t.Errorf("next at %v, want the fourth sync", got)
	}
	w.Wake()
	if got := w.Next(); !got.Equal(w.Now()) {
		t.Errorf("woken, next at %v", got)
	}
}

// crowd is 200 ScaledObjects with 2,000 pods.
func crowd(b *testing.B, load bool) (*World, *lists) {
	w, l := play(b, Options{Jitter: true, ServiceTime: 2 * time.Second, StartTime: 2 * time.Second})
	for i := range 200 {
		name := fmt.Sprint("worker", i)
		apply(b, w, deployment(name, 10))
		so := object(map[string]any{"scaleTargetRef": map[string]any{"name": name}, "minReplicaCount": int64(10), "maxReplicaCount": int64(10),
			"triggers": []any{listTrigger(name, "5")}})
		so.SetName(name)
		apply(b, w, so)
		if load {
			l.n[triggers.Redis{Address: "redis:6379", Key: name}] = 1 << 40
		}
	}
	run(w, 5*time.Minute)
	if got := len(w.allPods()); got != 2000 {
		b.Fatalf("%d pods", got)
	}
	b.ReportAllocs()
	b.ResetTimer()
	return w, l
}

// BenchmarkSecond is the cost of a simulated second with 200 ScaledObjects and
// 2,000 pods: at rest, with one outside write a second, and with every pod at
// work.
func BenchmarkSecond(b *testing.B) {
	b.Run("idle", func(b *testing.B) {
		w, _ := crowd(b, false)
		for b.Loop() {
			run(w, time.Second)
		}
	})
	b.Run("woken", func(b *testing.B) {
		w, _ := crowd(b, false)
		for b.Loop() {
			w.Wake()
			run(w, time.Second)
		}
	})
	b.Run("busy", func(b *testing.B) {
		w, _ := crowd(b, true)
		for b.Loop() {
			run(w, time.Second)
		}
	})
}

// BenchmarkUpAndDown is ten pods from nothing to work and to nothing again.
func BenchmarkUpAndDown(b *testing.B) {
	w, l := play(b, Options{Jitter: true, StartTime: time.Second}, deployment("worker", 0),
		object(map[string]any{"pollingInterval": int64(5), "cooldownPeriod": int64(30), "maxReplicaCount": int64(10)}))
	b.ReportAllocs()
	for b.Loop() {
		l.push(orders, 200)
		run(w, 10*time.Minute)
	}
}

// broken is a list whose length nobody can ask for without a panic.
type broken struct {
	*lists
	on bool
}

func (b *broken) Len(q triggers.Redis) (int64, error) {
	if b.on {
		panic("no such length")
	}
	return b.lists.Len(q)
}

// TestDefect: a step that panics is told, with the trace, and stops nothing for
// good: when the cause is gone, all goes on.
func TestDefect(t *testing.T) {
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{"pollingInterval": int64(5), "triggers": []any{listTrigger("orders", "5")}}))
	q := &broken{l, true}
	w.q = q
	l.n[orders] = 20
	w.Advance(w.Now().Add(2 * time.Minute))
	defects := w.Defects()
	if len(defects) < 10 || defects[0].Panic != "no such length" || !strings.Contains(defects[0].Stack, "reconcileSteps") || defects[0].At.IsZero() {
		t.Fatalf("%d defects: %+v", len(defects), defects)
	}
	q.on = false
	run(w, time.Minute)
	if got := w.workload(t, "Deployment").replicas(); got != 4 {
		t.Errorf("%d replicas", got)
	}
	q.on = true
	w.Advance(w.Now().Add(time.Minute)) // now in the HPA's hands too
	if len(w.Defects()) == 0 {
		t.Error("no defect")
	}
	q.on, l.n[orders] = false, 50
	run(w, time.Minute)
	if got := w.workload(t, "Deployment").replicas(); got != 10 {
		t.Errorf("%d replicas after the second", got)
	}
}
