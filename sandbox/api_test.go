package sandbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope/sandbox/world"
)

// memory is an API with both its clients.
func memory(t testing.TB) (*api, kubernetes.Interface, dynamic.Interface) {
	t.Helper()
	a := newAPI()
	typed, err := a.typed()
	if err != nil {
		t.Fatal(err)
	}
	d, _ := a.dynamic()
	return a, typed, d
}

func publish(t testing.TB, a *api, verb world.ChangeVerb, objs ...runtime.Object) {
	t.Helper()
	var changes []world.Change
	for _, obj := range objs {
		changes = append(changes, world.Change{Verb: verb, Object: obj})
	}
	if err := a.publish(changes); err != nil {
		t.Fatal(err)
	}
}

func pod(namespace, name string, labels ...string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{}}}
	for _, l := range labels {
		k, v, _ := strings.Cut(l, "=")
		p.Labels[k] = v
	}
	return p
}

// next is what a watch shows next, as VERB name@version.
func next(t testing.TB, w apiwatch.Interface) string {
	t.Helper()
	e, ok := <-w.ResultChan()
	if !ok {
		return "closed"
	}
	if s, is := e.Object.(*metav1.Status); is {
		return fmt.Sprintf("%s %d %s", e.Type, s.Code, s.Message)
	}
	m := e.Object.(metav1.Object)
	return fmt.Sprintf("%s %s@%s", e.Type, m.GetName(), m.GetResourceVersion())
}

func quietly(t testing.TB, w apiwatch.Interface) {
	t.Helper()
	synctest.Wait()
	select {
	case e, ok := <-w.ResultChan():
		t.Errorf("unasked: %v %v", e, ok)
	default:
	}
}

// TestBetweenListAndWatch is the change that client-go's own fakes lose.
func TestBetweenListAndWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, typed, _ := memory(t)
		pods := typed.CoreV1().Pods("")
		publish(t, a, world.Added, pod("n", "stays"), pod("n", "changes"), pod("n", "goes"))
		list, err := pods.List(t.Context(), metav1.ListOptions{})
		if err != nil || list.ResourceVersion != "4" || len(list.Items) != 3 || list.Items[0].Name != "changes" || list.Items[0].ResourceVersion != "3" {
			t.Fatal(list, err)
		}
		publish(t, a, world.Modified, pod("n", "changes"))
		publish(t, a, world.Deleted, pod("n", "goes"))
		publish(t, a, world.Added, pod("n", "comes"), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}})
		w, err := pods.Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
		if err != nil {
			t.Fatal(err)
		}
		publish(t, a, world.Modified, pod("n", "comes"))
		for _, want := range []string{"MODIFIED changes@5", "DELETED goes@6", "ADDED comes@7", "MODIFIED comes@9"} {
			if got := next(t, w); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		quietly(t, w)
		w.Stop()
		if got := next(t, w); got != "closed" {
			t.Error(got)
		}
	})
}

// TestRacingChanges lists and watches while objects change from elsewhere, many
// times, and holds what a watcher knows in the end against what there is.
func TestRacingChanges(t *testing.T) {
	for round := range 50 {
		seed := uint64(round)
		a, typed, _ := memory(t)
		pods := typed.CoreV1().Pods("")
		rng := rand.New(rand.NewPCG(seed, 1))
		var wg sync.WaitGroup
		const changes = 200 // less than what is kept, so that no watch is told to list again
		wg.Go(func() {
			for range changes {
				verb := []world.ChangeVerb{world.Added, world.Modified, world.Deleted}[rng.IntN(3)]
				publish(t, a, verb, pod("n", fmt.Sprint("p", rng.IntN(5))))
			}
			publish(t, a, world.Added, pod("n", "last"))
		})
		known := map[string]string{}
		list, err := pods.List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list.Items {
			known[p.Name] = p.ResourceVersion
		}
		w, err := pods.Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
		if err != nil {
			t.Fatal(err)
		}
		for known["last"] == "" {
			e := <-w.ResultChan()
			p := e.Object.(*corev1.Pod)
			_, had := known[p.Name]
			if had == (e.Type == apiwatch.Added) {
				t.Fatalf("seed %d: %s of %s, known %v", seed, e.Type, p.Name, had)
			}
			known[p.Name] = p.ResourceVersion
			if e.Type == apiwatch.Deleted {
				delete(known, p.Name)
			}
		}
		w.Stop()
		wg.Wait()
		list, _ = pods.List(t.Context(), metav1.ListOptions{})
		want := map[string]string{}
		for _, p := range list.Items {
			want[p.Name] = p.ResourceVersion
		}
		if fmt.Sprint(known) != fmt.Sprint(want) {
			t.Fatalf("seed %d:\ngot  %v\nwant %v", seed, known, want)
		}
	}
}

func TestSelectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, typed, d := memory(t)
		publish(t, a, world.Added, pod("n", "red", "colour=red"), pod("n", "blue", "colour=blue"), pod("other", "red", "colour=red"))
		names := func(list *corev1.PodList, err error) string {
			if err != nil {
				return err.Error()
			}
			var out []string
			for _, p := range list.Items {
				out = append(out, p.Namespace+"/"+p.Name)
			}
			return strings.Join(out, " ")
		}
		for _, test := range []struct{ got, want string }{
			{names(typed.CoreV1().Pods("n").List(t.Context(), metav1.ListOptions{})), "n/blue n/red"},
			{names(typed.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{LabelSelector: "colour=red"})), "n/red other/red"},
			{names(typed.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=blue"})), "n/blue"},
			{names(typed.CoreV1().Pods("nowhere").List(t.Context(), metav1.ListOptions{})), ""},
		} {
			if test.got != test.want {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		}
		// An object that begins or ceases to match comes and goes.
		w, err := d.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace("n").
			Watch(t.Context(), metav1.ListOptions{LabelSelector: "colour=red", ResourceVersion: "4"})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop()
		publish(t, a, world.Modified, pod("n", "blue", "colour=red"), pod("n", "red", "colour=blue"), pod("other", "red", "colour=red", "x=y"), pod("n", "blue", "colour=red", "x=y"))
		for _, want := range []string{"ADDED blue@5", "DELETED red@6", "MODIFIED blue@8"} {
			if got := next(t, w); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		quietly(t, w)
	})
}

// TestForgotten: whoever was away for too long is told to list again.
func TestForgotten(t *testing.T) {
	a, typed, _ := memory(t)
	for i := range keep + 2 {
		publish(t, a, world.Modified, pod("n", fmt.Sprint(i)))
	}
	_, err := typed.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: "1"})
	if !apierrors.IsResourceExpired(err) || !strings.Contains(err.Error(), "too old resource version: 1 (3)") {
		t.Error(err)
	}
	w, err := typed.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: "3"})
	if err != nil {
		t.Fatal(err)
	}
	w.Stop()
	if len(a.kinds["pods"].streams) != 0 {
		t.Error("a stopped stream is kept")
	}
}

func TestRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, typed, _ := memory(t)
		publish(t, a, world.Added, pod("n", "a"))
		w, err := typed.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		a.refuse("pods")
		for _, want := range []string{"ADDED a@2", `ERROR 403 pods is forbidden: User "kscope" cannot watch resource "pods" in API group "" at the cluster scope`, "closed"} {
			if got := next(t, w); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		w.Stop()
		_, err = typed.CoreV1().Pods("n").List(t.Context(), metav1.ListOptions{})
		if want := `pods is forbidden: User "kscope" cannot list resource "pods" in API group "" in the namespace "n"`; !apierrors.IsForbidden(err) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := typed.AppsV1().Deployments("n").List(t.Context(), metav1.ListOptions{}); err != nil {
			t.Error(err)
		}
		a.allow("pods")
		if _, err := typed.CoreV1().Pods("n").Get(t.Context(), "a", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// TestEvents: an event is seen through both APIs, whichever it was written in.
func TestEvents(t *testing.T) {
	a, typed, d := memory(t)
	at := metav1.NewMicroTime(time.Unix(100, 5000).UTC())
	publish(t, a, world.Added,
		&eventsv1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "keda"}, Reason: "KEDAScalersStarted", Note: "began", Type: "Normal", EventTime: at,
			ReportingController: "keda-operator", Regarding: corev1.ObjectReference{Kind: "ScaledObject", Name: "so"}, Series: &eventsv1.EventSeries{Count: 2, LastObservedTime: at}},
		&corev1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "hpa"}, Reason: "SuccessfulRescale", Message: "New size", Count: 3,
			InvolvedObject: corev1.ObjectReference{Kind: "HorizontalPodAutoscaler"}})
	core, err := typed.CoreV1().Events("n").List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind!=HorizontalPodAutoscaler"})
	if err != nil || len(core.Items) != 1 {
		t.Fatal(core, err)
	}
	if e := core.Items[0]; e.Message != "began" || e.InvolvedObject.Name != "so" || e.Series.Count != 2 || e.ReportingController != "keda-operator" || e.EventTime != at {
		t.Errorf("%+v", e)
	}
	newer, err := typed.EventsV1().Events("n").List(t.Context(), metav1.ListOptions{FieldSelector: "regarding.kind!=ScaledObject"})
	if err != nil || len(newer.Items) != 1 {
		t.Fatal(newer, err)
	}
	if e := newer.Items[0]; e.Note != "New size" || e.DeprecatedCount != 3 {
		t.Errorf("%+v", e)
	}
	u, err := d.Resource(newerEvents).Namespace("n").Get(t.Context(), "hpa", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if note, _, _ := unstructured.NestedString(u.Object, "note"); note != "New size" || u.GetAPIVersion() != "events.k8s.io/v1" {
		t.Error(u)
	}
}

func TestScaleSubresource(t *testing.T) {
	a, typed, d := memory(t)
	n := int32(4)
	publish(t, a, world.Added, &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "rs", UID: "u"},
		Spec:   appsv1.ReplicaSetSpec{Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "w"}}},
		Status: appsv1.ReplicaSetStatus{Replicas: 3}})
	replicaSets := d.Resource(appsv1.SchemeGroupVersion.WithResource("replicasets")).Namespace("n")
	u, err := replicaSets.Get(t.Context(), "rs", metav1.GetOptions{}, "scale")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v %v %s %s", u.Object["spec"], u.Object["status"], u.GetUID(), u.GetKind())
	if want := "map[replicas:4] map[replicas:3 selector:app=w] u Scale"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := replicaSets.Get(t.Context(), "none", metav1.GetOptions{}, "scale"); !apierrors.IsNotFound(err) {
		t.Error(err)
	}
	served, err := typed.Discovery().ServerResourcesForGroupVersion("apps/v1")
	if err != nil || !strings.Contains(fmt.Sprint(served), "replicasets/scale") {
		t.Error(served, err)
	}
	if _, err := typed.Discovery().ServerResourcesForGroupVersion("argoproj.io/v1alpha1"); !apierrors.IsNotFound(err) {
		t.Error(err)
	}
}

// TestUnserved: whatever the sandbox has not got, it says so, and does not
// panic as a nil client would.
func TestUnserved(t *testing.T) {
	_, typed, _ := memory(t)
	ctx := context.Background()
	for name, err := range map[string]error{
		"another group":    second(typed.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})),
		"another resource": second(typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})),
		"one by name":      second(typed.CoreV1().Pods("n").Get(ctx, "none", metav1.GetOptions{})),
		"a watch":          second(typed.CoreV1().Nodes().Watch(ctx, metav1.ListOptions{})),
	} {
		if !apierrors.IsNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := typed.CoreV1().Pods("n").Create(ctx, pod("n", "a"), metav1.CreateOptions{})
	if !apierrors.IsMethodNotSupported(err) {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestCopies: what is handed out is nobody else's.
func TestCopies(t *testing.T) {
	a, typed, d := memory(t)
	publish(t, a, world.Added, pod("n", "a", "x=1"))
	so := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"x": "1"}}}
	so.SetGroupVersionKind(schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"})
	so.SetNamespace("n")
	so.SetName("so")
	publish(t, a, world.Added, so)
	scaledObjects := d.Resource(kinds[len(kinds)-4].gvr).Namespace("n")
	for range 2 {
		list, _ := typed.CoreV1().Pods("n").List(t.Context(), metav1.ListOptions{})
		one, _ := typed.CoreV1().Pods("n").Get(t.Context(), "a", metav1.GetOptions{})
		w, _ := typed.CoreV1().Pods("n").Watch(t.Context(), metav1.ListOptions{})
		e := <-w.ResultChan()
		w.Stop()
		for _, p := range []*corev1.Pod{&list.Items[0], one, e.Object.(*corev1.Pod)} {
			if p.Labels["x"] != "1" {
				t.Fatal("what somebody wrote is seen by others")
			}
			p.Labels["x"] = "2"
		}
		u, err := scaledObjects.Get(t.Context(), "so", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if x, _, _ := unstructured.NestedString(u.Object, "spec", "x"); x != "1" {
			t.Fatal("what somebody wrote is seen by others")
		}
		_ = unstructured.SetNestedField(u.Object, "2", "spec", "x")
	}
}
