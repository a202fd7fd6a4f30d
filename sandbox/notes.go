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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
)

// unrequested says which metrics of what pods use, as a share of what they request,
// fail, because a container requests nothing.
func (l lookup) unrequested(obj runtime.Object) (out []string) {
	check := func(metric, resource, only string, pod *corev1.PodSpec, of string) {
		if pod == nil {
			return
		}
		for _, c := range pod.Containers {
			asked, bound := c.Resources.Requests[corev1.ResourceName(resource)], c.Resources.Limits[corev1.ResourceName(resource)]
			if (only == "" || c.Name == only) && asked.IsZero() && bound.IsZero() {
				out = append(out, fmt.Sprintf("%s: it is a share of the %s that is requested, and container %s of %s requests none", metric, resource, c.Name, of))
				return
			}
		}
	}
	switch o := obj.(type) {
	case *autoscalingv2.HorizontalPodAutoscaler:
		pod, of := l.pods(target{kscope.Ref{Namespace: o.Namespace, Name: o.Spec.ScaleTargetRef.Name}, o.Spec.ScaleTargetRef.Kind})
		for i, m := range o.Spec.Metrics {
			at := fmt.Sprintf("metrics[%d]", i)
			if r := m.Resource; r != nil && r.Target.AverageUtilization != nil {
				check(at, string(r.Name), "", pod, of)
			} else if r := m.ContainerResource; r != nil && r.Target.AverageUtilization != nil {
				check(at, string(r.Name), r.Container, pod, of)
			}
		}
	case *unstructured.Unstructured:
		if o.GetKind() != "ScaledObject" {
			return nil
		}
		pod, of := l.template(o)
		for i, t := range triggersOf(o) {
			if t.MetricType == "Utilization" && (t.Type == "cpu" || t.Type == "memory") {
				check(fmt.Sprintf("triggers[%d] (%s)", i, t.Type), t.Type, t.Metadata["containerName"], pod, of)
			}
		}
	}
	return out
}

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
		q, _ := world.TriggerQueue(u.GetNamespace(), u.GetName(), i, typ, metadata)
		queues, all = append(queues, q), append(all, kscope.Trigger{Type: typ, Metadata: metadata})
	}
	return queues, all
}

// stands says which queues stand in for others.
func stands(obj runtime.Object) []string {
	var out []string
	queues, all := triggerQueues(obj)
	for i, q := range queues {
		if q.Address != world.StandInAddress {
			continue
		}
		known, _ := triggers.TypeOf(all[i].Type)
		out = append(out, fmt.Sprintf("triggers[%d] (%s): the list %s of the sandbox's Redis stands in for %s",
			i, all[i].Type, q.Key, cmp.Or(known.QueueName(all[i].Metadata), "its queue")))
	}
	return out
}

// servers are the addresses of Redis that the triggers name, and who names them.
func (m Manifests) servers() (addresses []string, by []kscope.ID) {
	all := map[string]bool{}
	for _, obj := range m.Objects {
		queues, _ := triggerQueues(obj)
		for _, q := range queues {
			if id, ok := rowOf(obj); ok && q.Address != "" && q.Address != world.StandInAddress {
				all[q.Address], by = true, append(by, id)
			}
		}
	}
	return slices.Sorted(maps.Keys(all)), by
}

// rowOf is what an object is called on the dashboard, if it is a row there.
func rowOf(obj runtime.Object) (kscope.ID, bool) {
	o := refOf(obj)
	kind := map[string]kscope.Kind{"ScaledObject": kscope.ScaledObjects, "ScaledJob": kscope.ScaledJobs, "HorizontalPodAutoscaler": kscope.HPAs}[o.Kind]
	return kscope.ID{Kind: kind, Ref: kscope.Ref{Namespace: o.Namespace, Name: o.Name}}, kind != ""
}

// link finds the objects that matter to one that scales: itself, its target, and the
// authentications that its triggers refer to.
func (n *noter) link(obj runtime.Object) {
	id, ok := rowOf(obj)
	if !ok {
		return
	}
	concerned := func(o kscope.ObjectRef) { n.rows[o] = append(n.rows[o], id) }
	concerned(refOf(obj))
	switch o := obj.(type) {
	case *autoscalingv2.HorizontalPodAutoscaler:
		concerned(kscope.ObjectRef{Kind: o.Spec.ScaleTargetRef.Kind, Namespace: o.Namespace, Name: o.Spec.ScaleTargetRef.Name})
	case *unstructured.Unstructured:
		if t, ok := targetOf(o); ok {
			concerned(kscope.ObjectRef{Kind: t.kind, Namespace: t.Namespace, Name: t.Name})
		}
		for _, t := range triggersOf(o) {
			kind, namespace := authenticationKind(t.AuthenticationRef.Kind, o.GetNamespace())
			concerned(kscope.ObjectRef{Kind: kind, Namespace: namespace, Name: t.AuthenticationRef.Name})
		}
	}
}

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
