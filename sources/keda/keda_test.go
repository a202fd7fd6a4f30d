package keda

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kscope/kscope"
)

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

func cluster(objects ...runtime.Object) *fake.FakeDynamicClient {
	return fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		scaledObjects: "ScaledObjectList",
		{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledjobs"}: "ScaledJobList",
	}, objects...)
}

func object(namespace, name string, labels map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"namespace": namespace, "name": name, "uid": "uid-" + name, "labels": labels},
		"spec":     map[string]any{"scaleTargetRef": map[string]any{"name": name}},
	}}
}

// start runs a source until the test ends; the function it gives tells what
// was emitted since it was last called, in words.
func start(t *testing.T, s *Source) func() []string {
	var mu sync.Mutex
	var said []string
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- s.Run(ctx, func(f kscope.Fact) {
			mu.Lock()
			defer mu.Unlock()
			switch f := f.(type) {
			case kscope.ScaledObject:
				said = append(said, "object "+f.Ref.String())
			case kscope.ScaledJob:
				said = append(said, "job "+f.Ref.String())
			case kscope.Gone:
				said = append(said, "gone "+f.Ref.String())
			case kscope.Status:
				said = append(said, string(f.Kind)+" "+string(f.State))
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
		t.Errorf("\ngot  %s\nwant %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

func TestSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var client dynamic.Interface = cluster(
			object("shop", "orders", map[string]any{"team": "a"}),
			object("shop", "mails", map[string]any{"team": "b"}),
			object("other", "orders", map[string]any{"team": "a"}),
		)
		seen := start(t, New(Options{Dynamic: client, Namespace: "shop", Selector: "team=a"}))
		expect(t, seen(), "object shop/orders", "scaledjobs connecting", "scaledjobs synced", "scaledobjects connecting", "scaledobjects synced")

		objects := client.Resource(scaledObjects).Namespace("shop")
		update := func(o *unstructured.Unstructured) {
			if _, err := objects.Update(t.Context(), o, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		update(object("shop", "mails", map[string]any{"team": "a"}))
		expect(t, seen(), "object shop/mails")
		update(object("shop", "orders", map[string]any{"team": "b"}))
		expect(t, seen(), "gone shop/orders")
		if err := objects.Delete(t.Context(), "mails", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen(), "gone shop/mails")
	})
}

func TestNoKEDA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := cluster(object("shop", "orders", nil))
		var installed atomic.Bool
		client.PrependReactor("list", "*", func(a clienttesting.Action) (bool, runtime.Object, error) {
			if !installed.Load() {
				return true, nil, apierrors.NewNotFound(a.GetResource().GroupResource(), "")
			}
			return false, nil, nil
		})
		seen := start(t, New(Options{Dynamic: client}))
		expect(t, seen(), "scaledjobs absent", "scaledjobs connecting", "scaledobjects absent", "scaledobjects connecting")
		time.Sleep(time.Minute)
		expect(t, seen())
		installed.Store(true)
		time.Sleep(12 * time.Second)
		expect(t, seen(), "object shop/orders", "scaledjobs synced", "scaledobjects synced")
	})
}

func TestBadSelector(t *testing.T) {
	err := New(Options{Selector: "a in"}).Run(t.Context(), func(kscope.Fact) {})
	if err == nil || !strings.Contains(err.Error(), `selector "a in"`) {
		t.Errorf("got %v", err)
	}
}
