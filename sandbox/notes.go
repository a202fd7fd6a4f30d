package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// triggerQueues are the queues that an object of KEDA's scales by, in the order
// of its triggers, with these.
func triggerQueues(obj runtime.Object) (queues []triggers.Redis, all []kscope.Trigger) {
	u := asUnstructured(obj)
	if u == nil {
		return nil, nil
	}
	found, _, _ := unstructured.NestedSlice(u.Object, "spec", "triggers")
	for i, t := range found {
		t, _ := t.(map[string]any)
		typ, _, _ := unstructured.NestedString(t, "type")
		metadata, _, _ := unstructured.NestedStringMap(t, "metadata")
		q, _ := brokers.TriggerQueue(u.GetNamespace(), u.GetName(), i, typ, metadata)
		queues, all = append(queues, q), append(all, kscope.Trigger{Type: typ, Metadata: metadata})
	}
	return queues, all
}

// stand says of a queue that it is played for another, and how.
type stand struct{ says, broker string }

// stands are the queues that are played for others.
func stands(obj runtime.Object) []stand {
	var out []stand
	queues, all := triggerQueues(obj)
	for i, q := range queues {
		if q.Address != brokers.StandInAddress {
			continue
		}
		known, _ := triggers.TypeOf(all[i].Type)
		name := cmp.Or(known.QueueName(all[i].Metadata), "what it measures")
		says := fmt.Sprintf("the list %s of the sandbox's Redis stands in for %s", q.Key, name)
		if kind := brokers.Of(params.Written(all[i].Type, all[i].Metadata)); !kind.IsList() {
			says = fmt.Sprintf("%s is played (%s); its jobs wait in the list %s of the sandbox's Redis", name, kind.About, q.Key)
		}
		out = append(out, stand{fmt.Sprintf("triggers[%d] (%s): %s", i, all[i].Type, says), triggers.BrokerOf(all[i].Type)})
	}
	return out
}

// servers are the addresses of Redis that the triggers name, and who names them.
func (m Manifests) servers() (addresses []string, by []kscope.ID) {
	all := map[string]bool{}
	for _, obj := range m.Objects {
		queues, _ := triggerQueues(obj)
		for _, q := range queues {
			if id, ok := rowOf(obj); ok && q.Address != "" && q.Address != brokers.StandInAddress {
				all[q.Address], by = true, append(by, id)
			}
		}
	}
	return slices.Sorted(maps.Keys(all)), by
}

// keys reports whether a trigger measures a key of Redis.
func (m Manifests) keys() bool {
	return slices.ContainsFunc(m.Objects, func(obj runtime.Object) bool {
		queues, _ := triggerQueues(obj)
		return slices.ContainsFunc(queues, isKey)
	})
}

// isKey is false of a list that stands in for something else.
func isKey(q triggers.Redis) bool { return q.Key != "" && q.Address != brokers.StandInAddress }

// targetOf is what a ScaledObject scales, of the kinds that can be played.
func targetOf(u *unstructured.Unstructured) (target, bool) {
	if u.GetKind() != "ScaledObject" {
		return target{}, false
	}
	ref, _, _ := unstructured.NestedStringMap(u.Object, "spec", "scaleTargetRef")
	t := target{kscope.Ref{Namespace: u.GetNamespace(), Name: ref["name"]}, ref["kind"]}
	if t.kind == "" {
		t.kind = "Deployment"
	}
	return t, true
}

// targets are the workloads that a ScaledObject or an HPA scales.
func (m Manifests) targets() []target {
	var out []target
	known, there := m.lookup(), map[target]bool{}
	add := func(t target) {
		if !there[t] && known.has(t) {
			there[t] = true
			out = append(out, t)
		}
	}
	for _, obj := range m.Objects {
		switch o := obj.(type) {
		case *unstructured.Unstructured:
			if t, ok := targetOf(o); ok {
				add(t)
			}
		case *autoscalingv2.HorizontalPodAutoscaler:
			add(target{kscope.Ref{Namespace: o.Namespace, Name: o.Spec.ScaleTargetRef.Name}, o.Spec.ScaleTargetRef.Kind})
		}
	}
	return out
}

func (m Manifests) scaledObjects() []scaledObject {
	var out []scaledObject
	for _, obj := range m.Objects {
		if u := asUnstructured(obj); u != nil && (u.GetKind() == "ScaledObject" || u.GetKind() == "ScaledJob") {
			out = append(out, scaledObject{
				Ref: kscope.Ref{Namespace: u.GetNamespace(), Name: u.GetName()},
				job: u.GetKind() == "ScaledJob", paused: u.GetAnnotations()[pausedAnnotation],
			})
		}
	}
	return out
}

// missingNamespaces are those that objects are in and that are not among them.
func (m Manifests) missingNamespaces() []string {
	out := map[string]bool{}
	for _, obj := range m.Objects {
		if a, err := meta.Accessor(obj); err == nil && a.GetNamespace() != "" {
			out[a.GetNamespace()] = true
		}
	}
	for _, obj := range m.Objects {
		if ns, ok := obj.(*corev1.Namespace); ok {
			delete(out, ns.Name)
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// seed lets a Deployment be born without replicas.
func (m Manifests) seed(namespace, name string) {
	for _, obj := range m.Objects {
		if d, ok := obj.(*appsv1.Deployment); ok && d.Namespace == namespace && d.Name == name {
			d.Spec.Replicas = new(int32)
		}
	}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
}
