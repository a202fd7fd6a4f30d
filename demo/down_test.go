package demo

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// upped returns a cluster in which the demo runs.
func upped(t *testing.T) *fakeCluster {
	t.Helper()
	f := newFake(t)
	if err := f.cluster(Options{}).up(t.Context(), Default, f.objs); err != nil {
		t.Fatal(err)
	}
	f.out.Reset()
	return f
}

func TestDownRemovesTheScaledObjectFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := upped(t)
		if err := f.cluster(Options{}).down(t.Context(), f.objs, nil); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, f.out.String(), `
waiting for scaledobject.keda.sh/worker-scaler to go: held by finalizer.keda.sh
scaledobject.keda.sh/worker-scaler deleted
deployment.apps/redis-master deleted
deployment.apps/queue-worker deleted
service/redis deleted
configmap/queue-worker deleted
namespace/demo deleted
`)
		f.out.Reset()
		if err := f.cluster(Options{}).down(t.Context(), f.objs, nil); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, f.out.String(), "nothing to remove\n")
	})
}

func TestDownLeavesWhatIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := upped(t)
		for gvr, name := range map[schema.GroupVersionResource]string{
			{Version: "v1", Resource: "services"}:   "redis",
			{Version: "v1", Resource: "namespaces"}: "demo",
		} {
			ns := Namespace
			if name == Namespace {
				ns = ""
			}
			f.put(gvr, ns, name, func(o map[string]any) { delete(o["metadata"].(map[string]any), "labels") })
		}
		if err := f.cluster(Options{}).down(t.Context(), f.objs, nil); err != nil {
			t.Fatal(err)
		}
		want := []string{"worker-scaler", "redis-master", "queue-worker", "queue-worker"}
		if diff := cmp.Diff(want, f.deleted); diff != "" {
			t.Errorf("deleted (-want +got):\n%s", diff)
		}
	})
}

func TestDownWhenKEDAIsGone(t *testing.T) {
	t.Run("with its kinds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := upped(t)
			c := f.cluster(Options{})
			c.mapper = mapper(false)
			if err := c.down(t.Context(), f.objs, nil); err != nil {
				t.Fatal(err)
			}
			if got := f.deleted[len(f.deleted)-1]; got != Namespace {
				t.Errorf("last deleted: got %s, want the namespace", got)
			}
		})
	})
	t.Run("leaving its finalizer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := upped(t)
			f.letGo = -1
			err := f.cluster(Options{Timeout: 10 * time.Second}).down(t.Context(), f.objs, nil)
			wantFailure(t, err, "scaledobject.keda.sh/worker-scaler is still there: held by finalizer.keda.sh",
				`kubectl -n demo patch scaledobject worker-scaler --type merge -p '{"metadata":{"finalizers":null}}'`)
			if diff := cmp.Diff([]string{"worker-scaler"}, f.deleted); diff != "" {
				t.Errorf("deleted (-want +got):\n%s", diff)
			}
		})
	})
}

func TestWhyANamespaceStays(t *testing.T) {
	ns := object(t, `{apiVersion: v1, kind: Namespace, metadata: {name: demo}, status: {conditions: [
		{type: NamespaceDeletionDiscoveryFailure, status: "False", message: all discovered},
		{type: NamespaceFinalizersRemaining, status: "True", message: "finalizer.keda.sh in 1 resource instances"}]}}`)
	if got, want := whyStillThere(ns), "finalizer.keda.sh in 1 resource instances"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
