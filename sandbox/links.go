package sandbox

import (
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
)

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

// unrequested says which metrics of an HPA of the user's own fail, because they are a
// share of what is requested and a container requests nothing. KEDA's webhook does not
// let a trigger like that in.
func (l lookup) unrequested(o *autoscalingv2.HorizontalPodAutoscaler) (out []string) {
	pod, of := podOf(l.find(o.Spec.ScaleTargetRef.Kind, o.Namespace, o.Spec.ScaleTargetRef.Name))
	if pod == nil {
		return nil
	}
	for i, m := range o.Spec.Metrics {
		var name corev1.ResourceName
		only := ""
		if r := m.Resource; r != nil && r.Target.AverageUtilization != nil {
			name = r.Name
		} else if r := m.ContainerResource; r != nil && r.Target.AverageUtilization != nil {
			name, only = r.Name, r.Container
		}
		none := func(c corev1.Container) bool {
			asked, bound := c.Resources.Requests[name], c.Resources.Limits[name]
			return (only == "" || c.Name == only) && asked.IsZero() && bound.IsZero()
		}
		if at := slices.IndexFunc(pod.Containers, none); name != "" && at >= 0 {
			out = append(out, fmt.Sprintf("metrics[%d]: it is a share of the %s that is requested, and container %s of %s requests none", i, name, pod.Containers[at].Name, of))
		}
	}
	return out
}
