package world

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

var epoch = time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)

// lists are queues in a map. With at set, it says how long each is at a time.
type lists struct {
	n   map[triggers.Redis]int64
	err error
	at  func(q triggers.Redis) int64
	w   *World
}

func (l *lists) Len(q triggers.Redis) (int64, error) {
	if l.err != nil {
		return 0, l.err
	}
	if l.at != nil {
		return l.at(q), nil
	}
	return l.n[q], nil
}

func (l *lists) Take(q triggers.Redis) (string, bool, error) {
	if l.err != nil {
		return "", false, l.err
	}
	if l.n[q] == 0 {
		return "", false, nil
	}
	l.n[q]--
	return "", true, nil
}

func (*lists) Done(triggers.Redis, string) {}

func (l *lists) push(q triggers.Redis, n int64) {
	l.n[q] += n
	l.w.Wake()
}

var orders = triggers.Redis{Address: "redis:6379", Key: "orders"}

var errRefused = errors.New("dial tcp 10.96.0.9:6379: connect: connection refused")

// play makes a world with a Deployment "worker" and what else is given.
func play(t testing.TB, o Options, objects ...any) (*World, *lists) {
	t.Helper()
	if o.Start.IsZero() {
		o.Start = epoch
	}
	l := &lists{n: map[triggers.Redis]int64{}}
	w := New(o, l)
	l.w = w
	for _, obj := range objects {
		apply(t, w, obj)
	}
	return w, l
}

func apply(t testing.TB, w *World, obj any) {
	t.Helper()
	var err error
	switch o := obj.(type) {
	case *appsv1.Deployment:
		err = w.Apply(o, "kubectl")
	case *appsv1.StatefulSet:
		err = w.Apply(o, "kubectl")
	case *unstructured.Unstructured:
		err = w.Apply(o, "kubectl")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func deployment(name string, replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "worker", Image: "worker:1"}}},
			},
		},
	}
}

// object makes a ScaledObject of the spec given, "so", that scales "worker" by
// the list orders.
func object(spec map[string]any) *unstructured.Unstructured {
	full := map[string]any{
		"scaleTargetRef": map[string]any{"name": "worker"},
		"triggers":       []any{listTrigger("orders", "5")},
	}
	maps.Copy(full, spec)
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"namespace": "shop", "name": "so"},
		"spec":     full,
	}}
}

func listTrigger(list, length string) map[string]any {
	return map[string]any{"type": "redis", "metadata": map[string]any{"address": "redis:6379", "listName": list, "listLength": length}}
}

func behaviorOf(b map[string]any) map[string]any {
	return map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"behavior": b}}
}

// run plays for a while and gives what changed.
func run(w *World, d time.Duration) []Change {
	w.Advance(w.Now().Add(d))
	for _, d := range w.Defects() {
		panic(d.Error() + "\n" + d.Stack)
	}
	return w.Changes()
}

// so, dep, autoscaler look up the objects that the harness makes.
func (w *World) so(t testing.TB) *scaledObject {
	t.Helper()
	so := w.scaled[kscope.Ref{Namespace: "shop", Name: "so"}]
	if so == nil {
		t.Fatal("no ScaledObject")
	}
	return so
}

func (w *World) workload(t testing.TB, kind string) *workload {
	t.Helper()
	wl := w.workloads[workloadKey{kind, kscope.Ref{Namespace: "shop", Name: "worker"}}]
	if wl == nil {
		t.Fatalf("no %s", kind)
	}
	return wl
}

func (w *World) autoscaler(t testing.TB) *hpa { return w.autoscalerNamed(t, "keda-hpa-so") }

func (w *World) autoscalerNamed(t testing.TB, name string) *hpa {
	t.Helper()
	h := w.hpas[kscope.Ref{Namespace: "shop", Name: name}]
	if h == nil {
		t.Fatal("no HPA")
	}
	return h
}

// scalings are the changes of a Deployment's replicas among changes, as
// "12.5 keda 0->1"; the time is that of the world when they were collected.
type scalings struct {
	last int32
	list []string
}

// collect goes by the events, as the owner of the number is often not known.
func (s *scalings) collect(w *World) {
	changes := w.Changes()
	by := "keda" // which corrects a number below min without an event
	for _, c := range changes {
		if e, ok := c.Object.(*corev1.Event); ok && e.Reason == "SuccessfulRescale" {
			by = "hpa"
		}
	}
	for _, c := range changes {
		d, ok := c.Object.(*appsv1.Deployment)
		if !ok || *d.Spec.Replicas == s.last {
			continue
		}
		s.list = append(s.list, fmt.Sprintf("%.1f %s %d->%d", w.Now().Sub(epoch).Seconds(), by, s.last, *d.Spec.Replicas))
		s.last = *d.Spec.Replicas
	}
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}
