package demo

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	kubetesting "k8s.io/client-go/testing"

	"github.com/kscope/kscope"
)

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// object reads one object for a cluster to start with.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	objs, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return objs[0]
}

// wantFailure checks an error that people can do something about.
func wantFailure(t *testing.T, err error, message, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one about %q", message)
	}
	if !strings.Contains(err.Error(), message) {
		t.Errorf("error: got %q, want it to say %q", err, message)
	}
	if got := kscope.HintOf(err); !strings.Contains(got, hint) {
		t.Errorf("hint: got %q, want it to say %q", got, hint)
	}
}

func wantOutput(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestUpInAnEmptyCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.keda = func(set func(time.Duration, string, string, string)) {
			set(2*time.Second, "False", "ScaledObjectCheckFailed", "no such\x1b[31m host\nredis")
			set(4*time.Second, "True", "ScaledObjectReady", "ready for scaling")
		}
		if err := f.cluster(Options{}).up(t.Context(), Default, f.objs); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, f.out.String(), `
namespace/demo created
configmap/queue-worker created
service/redis created
deployment.apps/queue-worker created
deployment.apps/redis-master created
waiting for Redis: no pod yet
redis is ready
scaledobject.keda.sh/worker-scaler created
waiting for KEDA to accept scaledobject.keda.sh/worker-scaler: it has not looked at it yet
waiting for KEDA to accept scaledobject.keda.sh/worker-scaler: ScaledObjectCheckFailed: no such [31m host redis
scaledobject.keda.sh/worker-scaler is ready
`)
		// The worker starts at zero, and the number is nobody's whom KEDA would have to fight.
		want := []string{
			"kscope namespaces/demo", "kscope configmaps/queue-worker", "kscope services/redis",
			"kscope deployments/queue-worker replicas 0", "kscope-seed deployments/queue-worker/scale replicas 0",
			"kscope deployments/queue-worker", "kscope deployments/redis-master replicas 1",
			"kscope scaledobjects/worker-scaler",
		}
		if diff := cmp.Diff(want, f.applied); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
	})
}

func TestUpAgainChangesOnlyWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		if err := f.cluster(Options{}).up(t.Context(), Default, f.objs); err != nil {
			t.Fatal(err)
		}
		f.out.Reset()
		f.applied = nil
		f.put(schema.GroupVersionResource{Version: "v1", Resource: "services"}, Namespace, "redis", func(o map[string]any) {
			o["spec"].(map[string]any)["ports"] = []any{}
		})
		if err := f.cluster(Options{}).up(t.Context(), Default, f.objs); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, f.out.String(), `
namespace/demo unchanged
configmap/queue-worker unchanged
service/redis configured
deployment.apps/queue-worker unchanged
deployment.apps/redis-master unchanged
redis is ready
scaledobject.keda.sh/worker-scaler unchanged
scaledobject.keda.sh/worker-scaler is ready
`)
		for _, did := range f.applied {
			if strings.Contains(did, "queue-worker") && strings.Contains(did, "replicas") {
				t.Errorf("replicas of a running worker written: %s", did)
			}
		}
	})
}

// The whole way through discovery, against a server that knows no keda.sh.
func TestUpWithoutKEDAAppliesNothing(t *testing.T) {
	var mu sync.Mutex // discovery asks for several groups at once
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.Path)
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api":
			w.Write([]byte(`{"kind":"APIVersions","versions":["v1"]}`))
		case "/api/v1":
			w.Write([]byte(`{"kind":"APIResourceList","groupVersion":"v1","resources":[
				{"name":"namespaces","kind":"Namespace"},{"name":"configmaps","namespaced":true,"kind":"ConfigMap"},
				{"name":"services","namespaced":true,"kind":"Service"}]}`))
		case "/apis":
			w.Write([]byte(`{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps",
				"versions":[{"groupVersion":"apps/v1","version":"v1"}]}]}`))
		case "/apis/apps/v1":
			w.Write([]byte(`{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[
				{"name":"deployments","namespaced":true,"kind":"Deployment"}]}`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()

	var out strings.Builder
	err := Up(t.Context(), &rest.Config{Host: server.URL}, Default, Options{}, &out)
	wantFailure(t, err, "KEDA is not installed", "helm install keda kedacore/keda -n keda --create-namespace")
	if out.String() != "" {
		t.Errorf("output: got %q, want none", out.String())
	}
	mu.Lock()
	defer mu.Unlock()
	for _, what := range asked {
		if !strings.HasPrefix(what, "GET ") {
			t.Errorf("request %s", what)
		}
	}
}

func TestUpWithoutACluster(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	err := Up(t.Context(), &rest.Config{Host: server.URL}, Default, Options{}, &strings.Builder{})
	wantFailure(t, err, "connection refused", "kubectl cluster-info")
}

func TestUpSaysWhatIsMissing(t *testing.T) {
	never := func(func(time.Duration, string, string, string)) {}
	pod := `{apiVersion: v1, kind: Pod, metadata: {name: redis-master-x, namespace: demo,
		labels: {app.kubernetes.io/name: redis-master}}, status: `
	for _, test := range []struct {
		name          string
		arrange       func(f *fakeCluster)
		there         string
		message, hint string
		after         time.Duration
	}{{
		name:    "no operator",
		arrange: func(f *fakeCluster) { f.keda = never },
		message: "keda did not react to scaledobject.keda.sh/worker-scaler within 30s: it has not looked at it yet",
		hint:    "kubectl get pods -A -l app=keda-operator",
		after:   33 * time.Second,
	}, {
		name: "operator stops after its first write",
		arrange: func(f *fakeCluster) {
			f.keda = func(set func(time.Duration, string, string, string)) { set(time.Second, "Unknown", "", "") }
		},
		message: "keda did not react",
		hint:    "operator running",
		after:   33 * time.Second,
	}, {
		name: "KEDA cannot reach Redis",
		arrange: func(f *fakeCluster) {
			f.keda = func(set func(time.Duration, string, string, string)) {
				set(time.Second, "False", "ScaledObjectCheckFailed", "dial tcp: lookup redis.demo.svc.cluster.local: no such host")
			}
		},
		message: "keda did not accept scaledobject.keda.sh/worker-scaler within 2m0s: ScaledObjectCheckFailed: dial tcp: lookup redis.demo.svc.cluster.local: no such host",
		hint:    "KEDA cannot reach Redis",
		after:   2 * time.Minute,
	}, {
		name: "KEDA has another objection",
		arrange: func(f *fakeCluster) {
			f.keda = func(set func(time.Duration, string, string, string)) {
				set(time.Second, "False", "ScaledObjectCheckFailed", "min above max")
			}
		},
		message: "ScaledObjectCheckFailed: min above max",
		hint:    "kubectl -n demo describe scaledobject worker-scaler",
		after:   2 * time.Minute,
	}, {
		name:    "image cannot be pulled",
		arrange: func(f *fakeCluster) { f.redisAfter = -1 },
		there:   pod + `{containerStatuses: [{state: {waiting: {reason: ImagePullBackOff, message: "no\tnet"}}}]}}`,
		message: "redis did not become ready within 2m0s: pod redis-master-x: ImagePullBackOff no net",
		hint:    "kubectl -n demo describe pods",
		after:   2 * time.Minute,
	}, {
		name:    "no node has room",
		arrange: func(f *fakeCluster) { f.redisAfter = -1 },
		there:   pod + `{conditions: [{type: PodScheduled, status: "False", message: "0/1 nodes are available"}]}}`,
		message: "pod redis-master-x has no node: 0/1 nodes are available",
		hint:    "kubectl -n demo describe pods",
		after:   2 * time.Minute,
	}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var there []runtime.Object
				if test.there != "" {
					there = append(there, object(t, test.there))
				}
				f := newFake(t, there...)
				test.arrange(f)
				start := time.Now()
				err := f.cluster(Options{}).up(t.Context(), Default, f.objs)
				wantFailure(t, err, test.message, test.hint)
				if got := time.Since(start).Round(time.Second); got != test.after {
					t.Errorf("gave up after %s, want %s", got, test.after)
				}
			})
		})
	}
}

func TestUpLeavesOthersAlone(t *testing.T) {
	t.Run("object", func(t *testing.T) {
		f := newFake(t, object(t, "{apiVersion: v1, kind: Service, metadata: {name: redis, namespace: demo}}"))
		err := f.cluster(Options{}).up(t.Context(), Default, f.objs)
		wantFailure(t, err, "service/redis in namespace demo is not the demo's", "another cluster")
		if len(f.applied) > 0 {
			t.Errorf("applied %q, want nothing", f.applied)
		}
	})
	t.Run("namespace", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, object(t, "{apiVersion: v1, kind: Namespace, metadata: {name: demo, labels: {team: x}}}"))
			if err := f.cluster(Options{}).up(t.Context(), Default, f.objs); err != nil {
				t.Fatal(err)
			}
			ns := f.get(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, "", "demo")
			if ours(ns) {
				t.Error("somebody's namespace has got the demo's label, by which Down would delete it")
			}
			if !strings.HasPrefix(f.out.String(), "namespace/demo is there and not the demo's, left as it is\n") {
				t.Errorf("output: got %q", f.out.String())
			}
			if f.get(scaledObjects, Namespace, Default.ScaledObject) == nil {
				t.Error("no ScaledObject in it")
			}
		})
	})
}

func TestUpReportsAConflict(t *testing.T) {
	f := newFake(t)
	f.PrependReactor("patch", "configmaps", func(kubetesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewApplyConflict(nil, `conflict with "kubectl-edit" using v1: .data.worker.py`)
	})
	err := f.cluster(Options{}).up(t.Context(), Default, f.objs)
	wantFailure(t, err, `apply configmap/queue-worker: conflict with "kubectl-edit"`, "--force-conflicts")
	if !apierrors.IsConflict(err) {
		t.Errorf("error %q hides its cause", err)
	}
}

func TestUpStopsWhenToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.redisAfter = -1
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		start := time.Now()
		err := f.cluster(Options{}).up(ctx, Default, f.objs)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("returned after %s, want 5s", got)
		}
	})
}

func TestUpWaitsForAFormerDemoToGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, object(t, `{apiVersion: v1, kind: Namespace, metadata: {name: demo, uid: old,
			labels: {app.kubernetes.io/part-of: kscope-demo}, deletionTimestamp: "2026-01-01T00:00:00Z"}}`))
		namespaces := schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
		time.AfterFunc(20*time.Second, func() {
			if err := f.Tracker().Delete(namespaces, "", "demo"); err != nil {
				t.Error(err)
			}
		})
		if err := f.cluster(Options{}).up(t.Context(), Default, f.objs); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, f.out.String()[:strings.Index(f.out.String(), "configmap")], `
waiting for namespace/demo to go: its contents are being removed
still waiting for namespace/demo to go
namespace/demo created
`)
	})
}
