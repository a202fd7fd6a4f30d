package demo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	kubetesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"
)

// fakeCluster is client-go's fake with as much of an API server, of KEDA and of a kubelet as Up and
// Down can tell. It knows nothing of field ownership; that is for a test against a real API server.
type fakeCluster struct {
	*fake.FakeDynamicClient
	objs    []*unstructured.Unstructured
	out     strings.Builder
	applied []string // manager, object, subresource and replicas of every apply
	deleted []string

	redisAfter time.Duration // until redis-master, or another's broker, is available; negative: never
	// keda writes conditions after a ScaledObject was applied; nil: there is no operator.
	keda func(set func(after time.Duration, status, reason, message string))
	// letGo is how long KEDA needs for its finalizer; negative: for ever.
	letGo time.Duration
}

func newFake(t *testing.T, there ...runtime.Object) *fakeCluster {
	t.Helper()
	f := &fakeCluster{objs: objects(t), redisAfter: 2800 * time.Millisecond, letGo: time.Second}
	f.FakeDynamicClient = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{{Version: "v1", Resource: "pods"}: "PodList"}, there...)
	f.keda = func(set func(time.Duration, string, string, string)) {
		set(2*time.Second, "True", "ScaledObjectReady", "ScaledObject is defined correctly and is ready for scaling")
	}
	f.PrependReactor("patch", "*", f.apply)
	f.PrependReactor("delete", "*", f.remove)
	return f
}

func (f *fakeCluster) cluster(o Options) *cluster {
	return &cluster{client: f, mapper: mapper(true), out: &f.out, opts: o.withDefaults()}
}

func mapper(keda bool) meta.RESTMapper {
	m := meta.NewDefaultRESTMapper(nil)
	m.Add(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, meta.RESTScopeRoot)
	m.Add(schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, meta.RESTScopeNamespace)
	m.Add(schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, meta.RESTScopeNamespace)
	m.Add(schema.GroupVersionKind{Version: "v1", Kind: "Service"}, meta.RESTScopeNamespace)
	m.Add(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, meta.RESTScopeNamespace)
	if keda {
		m.Add(schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: "TriggerAuthentication"}, meta.RESTScopeNamespace)
		m.Add(schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"}, meta.RESTScopeNamespace)
	}
	return m
}

func (f *fakeCluster) get(gvr schema.GroupVersionResource, ns, name string) *unstructured.Unstructured {
	obj, err := f.Tracker().Get(gvr, ns, name)
	if err != nil {
		return nil
	}
	return obj.(*unstructured.Unstructured).DeepCopy()
}

// put changes an object of the tracker, if it is still there.
func (f *fakeCluster) put(gvr schema.GroupVersionResource, ns, name string, change func(map[string]any)) {
	if obj := f.get(gvr, ns, name); obj != nil {
		change(obj.Object)
		if err := f.Tracker().Update(gvr, obj, ns); err != nil {
			panic(err)
		}
	}
}

func (f *fakeCluster) apply(action kubetesting.Action) (bool, runtime.Object, error) {
	a := action.(kubetesting.PatchActionImpl)
	if a.PatchType != types.ApplyPatchType {
		return true, nil, fmt.Errorf("patch of type %s", a.PatchType)
	}
	gvr := a.GetResource()
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(a.Patch, &obj.Object); err != nil {
		return true, nil, err
	}
	if err := obj.UnmarshalJSON(a.Patch); err != nil {
		return true, nil, err
	}
	did := a.PatchOptions.FieldManager + " " + gvr.Resource + "/" + a.Name
	if sub := a.GetSubresource(); sub != "" {
		did += "/" + sub
	}
	if n, ok, _ := unstructured.NestedInt64(obj.Object, "spec", "replicas"); ok {
		did += fmt.Sprint(" replicas ", n)
	}
	f.applied = append(f.applied, did)
	if a.GetSubresource() == "scale" {
		// A real API server (1.36) takes even the same 0 for a conflict.
		if force := a.PatchOptions.Force; force == nil || !*force {
			return true, nil, apierrors.NewApplyConflict(nil, `conflict with "kscope": .spec.replicas`)
		}
		return true, obj, nil
	}

	now := f.get(gvr, a.Namespace, a.Name)
	if now == nil {
		obj.SetUID(types.UID("uid-of-" + a.Name))
		if err := f.Tracker().Create(gvr, obj, a.Namespace); err != nil {
			return true, nil, err
		}
	} else {
		merge(now.Object, obj.Object)
		if err := f.Tracker().Update(gvr, now, a.Namespace); err != nil {
			return true, nil, err
		}
	}
	f.react(gvr, a.Namespace, a.Name)
	return true, f.get(gvr, a.Namespace, a.Name), nil
}

func merge(into, from map[string]any) {
	for key, value := range from {
		below, ok := into[key].(map[string]any)
		if v, isMap := value.(map[string]any); ok && isMap {
			merge(below, v)
			continue
		}
		into[key] = value
	}
}

// servers are the Deployments of brokers.
var servers = func() map[string]bool {
	all := map[string]bool{}
	for _, d := range demos {
		all[d.server] = true
	}
	return all
}()

// react is what others in a cluster do about an object that was applied.
func (f *fakeCluster) react(gvr schema.GroupVersionResource, ns, name string) {
	switch {
	case servers[name] && f.redisAfter >= 0:
		time.AfterFunc(f.redisAfter, func() {
			f.put(gvr, ns, name, func(o map[string]any) {
				o["status"] = map[string]any{"availableReplicas": int64(1)}
			})
		})
	case gvr.Resource == "scaledobjects" && f.keda != nil:
		f.put(gvr, ns, name, func(o map[string]any) {
			o["metadata"].(map[string]any)["finalizers"] = []any{"finalizer.keda.sh"}
		})
		f.keda(func(after time.Duration, status, reason, message string) {
			time.AfterFunc(after, func() {
				f.put(gvr, ns, name, func(o map[string]any) {
					o["status"] = map[string]any{"conditions": []any{map[string]any{
						"type": "Ready", "status": status, "reason": reason, "message": message,
					}}}
				})
			})
		})
	}
}

// remove heeds preconditions and finalizers, as an API server does.
func (f *fakeCluster) remove(action kubetesting.Action) (bool, runtime.Object, error) {
	a := action.(kubetesting.DeleteActionImpl)
	gvr := a.GetResource()
	obj := f.get(gvr, a.Namespace, a.Name)
	if obj == nil {
		return true, nil, apierrors.NewNotFound(gvr.GroupResource(), a.Name)
	}
	if p := a.DeleteOptions.Preconditions; p == nil || p.UID == nil || *p.UID != obj.GetUID() {
		return true, nil, apierrors.NewConflict(gvr.GroupResource(), a.Name, fmt.Errorf("uid"))
	}
	f.deleted = append(f.deleted, a.Name)
	if len(obj.GetFinalizers()) == 0 {
		return true, nil, f.Tracker().Delete(gvr, a.Namespace, a.Name)
	}
	now := metav1.Now()
	obj.SetDeletionTimestamp(&now)
	if f.letGo >= 0 {
		time.AfterFunc(f.letGo, func() { _ = f.Tracker().Delete(gvr, a.Namespace, a.Name) })
	}
	return true, nil, f.Tracker().Update(gvr, obj, a.Namespace)
}
