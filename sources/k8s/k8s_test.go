package k8s

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kscope/kscope"
)

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("uid-" + name)}
}

// inWords is a fact as the tests write it.
func inWords(f kscope.Fact) string {
	switch f := f.(type) {
	case kscope.Pod:
		return "pod " + f.Ref.Name
	case kscope.Job:
		return "job " + f.Ref.Name
	case kscope.HPA:
		return "hpa " + f.Ref.Name
	case kscope.Workload:
		return fmt.Sprintf("%s %s %d/%d", f.Kind, f.Ref.Name, f.Current, f.Desired)
	case kscope.Event:
		return "event " + f.Reason
	case kscope.Gone:
		return "gone " + string(f.Kind) + " " + f.Ref.Name + " " + f.UID
	case kscope.Status:
		return strings.TrimSuffix(string(f.Kind)+" "+string(f.State)+" "+f.Message, " ")
	}
	return fmt.Sprint(f)
}

// start runs a source until the test ends; the function it gives tells what
// was emitted since it was last called, without the kinds connecting, sorted.
func start(t *testing.T, s *Source) func() []string {
	var mu sync.Mutex
	var said []string
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- s.Run(ctx, func(f kscope.Fact) {
			mu.Lock()
			defer mu.Unlock()
			if s, ok := f.(kscope.Status); !ok || s.State != kscope.Connecting {
				said = append(said, inWords(f))
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func() []string {
		time.Sleep(time.Second) // of the bubble: lets watches settle
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		out := said
		said = nil
		slices.Sort(out)
		return out
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("\ngot  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func noDynamic() *dynamicfake.FakeDynamicClient {
	return dynamicfake.NewSimpleDynamicClient(runtime.NewScheme())
}

func TestSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}},
			&corev1.Pod{ObjectMeta: named("p")},
			&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "q"}},
			&appsv1.Deployment{ObjectMeta: named("d")},
			&appsv1.StatefulSet{ObjectMeta: named("s")},
			&autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: named("h")},
			&corev1.Event{ObjectMeta: named("e"), InvolvedObject: corev1.ObjectReference{Kind: "ScaledObject"}, Reason: "Ready"},
			&corev1.Event{ObjectMeta: named("f"), InvolvedObject: corev1.ObjectReference{Kind: "Pod"}, Reason: "Pulled"},
		)
		seen := start(t, New(Options{Client: client, Dynamic: noDynamic(), Namespace: "shop"}))
		expect(t, seen(), "Deployment d 0/1", "StatefulSet s 0/1",
			"deployments synced", "event Ready", "events synced", "horizontalpodautoscalers synced", "hpa h",
			"pod p", "pods synced", "statefulsets synced")

		pods := client.CoreV1().Pods("shop")
		if _, err := pods.Create(t.Context(), &corev1.Pod{ObjectMeta: named("new")}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := pods.Delete(t.Context(), "p", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen(), "gone pods p uid-p", "pod new")
		time.Sleep(time.Hour)
		expect(t, seen())
	})
}

func TestForbiddenKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(
			&corev1.Pod{ObjectMeta: named("p")},
			&eventsv1.Event{ObjectMeta: named("e"), Regarding: corev1.ObjectReference{Kind: "ScaledObject"}, Reason: "Ready"},
		)
		client.PrependReactor("*", "*", func(a clienttesting.Action) (bool, runtime.Object, error) {
			r := a.GetResource()
			if r.Resource == "pods" || r.Resource == "events" && r.Group == "" {
				return true, nil, apierrors.NewForbidden(r.GroupResource(), "", errors.New("not you"))
			}
			return false, nil, nil
		})
		seen := start(t, New(Options{Client: client, Dynamic: noDynamic()}))
		expect(t, seen(), "deployments synced",
			"event Ready", "events synced", // by events.k8s.io
			"horizontalpodautoscalers synced", "pods forbidden you may not watch them", "statefulsets synced")
	})
}

func TestNoEventsAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		client.PrependReactor("*", "events", func(a clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(a.GetResource().GroupResource(), "", errors.New("not you"))
		})
		seen := start(t, New(Options{Client: client, Dynamic: noDynamic()}))
		expect(t, seen(), "deployments synced", "events forbidden you may not watch them",
			"horizontalpodautoscalers synced", "pods synced", "statefulsets synced")
	})
}

var rollouts = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}

func rollout(name string, desired, current int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
		"metadata": map[string]any{"namespace": "shop", "name": name, "uid": "uid-" + name},
		"spec":     map[string]any{"replicas": desired},
		"status":   map[string]any{"replicas": current, "selector": "app=" + name},
	}}
}

func scaledObject(name, apiVersion, kind, target string) kscope.Observation {
	return kscope.Observation{Fact: kscope.ScaledObject{
		Ref:         kscope.Ref{Namespace: "shop", Name: name},
		ScaleTarget: kscope.TargetRef{APIVersion: apiVersion, Kind: kind, Name: target},
	}}
}

func TestScaleTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		client.Resources = []*metav1.APIResourceList{{GroupVersion: "argoproj.io/v1alpha1", APIResources: []metav1.APIResource{
			{Name: "rollouts/scale", Kind: "Rollout"}, {Name: "rollouts", Kind: "Rollout"}}}}
		dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{rollouts: "RolloutList"},
			rollout("a", 3, 2), rollout("b", 5, 5))
		var reads []string
		var mu sync.Mutex
		var refuse error
		dynamic.PrependReactor("get", "*", func(a clienttesting.Action) (bool, runtime.Object, error) {
			mu.Lock()
			defer mu.Unlock()
			reads = append(reads, a.GetSubresource()+" of "+a.(clienttesting.GetAction).GetName())
			return refuse != nil, nil, refuse
		})
		setRefuse := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			refuse = err
		}
		source := New(Options{Client: client, Dynamic: dynamic, Namespace: "shop"})
		seen := start(t, source)
		seen()

		source.Follow(scaledObject("usual", "apps/v1", "Deployment", "d"))
		source.Follow(kscope.Observation{Fact: kscope.Heartbeat{}})
		expect(t, seen())
		source.Follow(scaledObject("one", "argoproj.io/v1alpha1", "Rollout", "a"))
		got := seen()
		expect(t, slices.Compact(got), "Rollout a 2/3", "scale synced") // read when wanted and when seen
		if slices.Contains(reads, "scale of b") || !slices.Contains(reads, "scale of a") {
			t.Errorf("read %v", reads)
		}

		objects := dynamic.Resource(rollouts).Namespace("shop")
		if _, err := objects.Update(t.Context(), rollout("a", 3, 3), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := objects.Update(t.Context(), rollout("b", 5, 4), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen(), "Rollout a 3/3")
		source.Follow(scaledObject("two", "argoproj.io/v1alpha1", "Rollout", "b"))
		expect(t, seen(), "Rollout b 4/5")

		setRefuse(apierrors.NewForbidden(rollouts.GroupResource(), "b", errors.New("not you")))
		if _, err := objects.Update(t.Context(), rollout("b", 6, 4), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen(), `scale forbidden Rollout of argoproj.io/v1alpha1: you may not watch them`)
		setRefuse(nil)
		time.Sleep(30 * time.Second)
		expect(t, seen(), "Rollout b 4/6", "scale synced")
		setRefuse(apierrors.NewNotFound(rollouts.GroupResource(), "b"))
		if _, err := objects.Update(t.Context(), rollout("b", 7, 4), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen(), "scale absent Rollout of argoproj.io/v1alpha1: shop/b has no /scale")

		if err := objects.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen(), "gone scale a uid-a")
		source.Follow(kscope.Observation{Fact: kscope.Gone{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "shop", Name: "one"}}})
		source.Follow(kscope.Observation{Fact: kscope.Gone{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "shop", Name: "two"}}})
		expect(t, seen(), "scale synced")
		mu.Lock()
		reads = nil
		mu.Unlock()
		if _, err := objects.Update(t.Context(), rollout("b", 8, 4), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen())
		if len(reads) > 0 {
			t.Errorf("nobody wants it any more: read %v", reads)
		}
	})
}

func TestScaleTargetOfAnUnknownKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := New(Options{Client: fake.NewClientset(), Dynamic: noDynamic()})
		source.Follow(scaledObject("x", "no.such/v1", "Thing", "x"))
		seen := start(t, source)
		got := seen()
		if i := slices.IndexFunc(got, func(s string) bool { return strings.HasPrefix(s, "scale absent Thing of no.such/v1: ") }); i < 0 {
			t.Errorf("got %v", got)
		}
		source.Follow(scaledObject("x", "apps/v1", "Deployment", "x"))
		expect(t, seen(), "scale synced")
	})
}

// Follow runs on the goroutine that reads what is emitted: it must never wait
// for an emit.
func TestFollowNeverBlocks(t *testing.T) {
	source := New(Options{Client: fake.NewClientset(), Dynamic: noDynamic()})
	ctx, cancel := context.WithCancel(t.Context())
	var (
		once           sync.Once
		emitting, free = make(chan struct{}), make(chan struct{})
		done           = make(chan struct{})
	)
	source.Follow(scaledObject("first", "no.such/v1", "Thing", "x"))
	go func() {
		defer close(done)
		_ = source.Run(ctx, func(f kscope.Fact) {
			if s, ok := f.(kscope.Status); ok && s.Kind == kscope.ScaleTargets {
				once.Do(func() { close(emitting) })
			}
			<-free
		})
	}()
	<-emitting
	for i := range 1000 {
		source.Follow(scaledObject(fmt.Sprint(i), "no.such/v1", fmt.Sprint("Thing", i%3), "x"))
	}
	close(free)
	cancel()
	<-done
}
