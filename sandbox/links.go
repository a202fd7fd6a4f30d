package sandbox

import (
	"errors"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/sandbox/admission"
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

// admit leaves out what KEDA's webhooks would not let in, in the order in which objects
// are created.
func admit(found []loaded) (in []loaded, denied []error) {
	for i, err := range ask(found) {
		if err != nil {
			denied = append(denied, err)
			continue
		}
		in = append(in, found[i])
	}
	return in, denied
}

// ask is what the webhooks say of each, nil of what they let in.
func ask(found []loaded) []error {
	out := make([]error, len(found))
	there := lookup{}
	var c admission.Cluster
	for _, l := range found {
		id := identify(l.obj)
		there[[3]string{id.Kind, id.namespace, id.name}] = l.obj
		switch o := l.obj.(type) {
		case *autoscalingv2.HorizontalPodAutoscaler:
			c.HPAs = append(c.HPAs, o)
		case *corev1.LimitRange:
			c.LimitRanges = append(c.LimitRanges, o)
		}
	}
	c.Pod = func(kind, namespace, name string) *corev1.PodSpec {
		pod, _ := podOf(there.find(kind, namespace, name))
		return pod
	}
	for i, l := range found {
		if u := asUnstructured(l.obj); u != nil {
			if r := c.Let(u); r != nil {
				out[i] = l.from.refuse(refOf(l.obj), problem{text: "KEDA's webhook refuses it: " + r.Says, hint: r.Hint})
			}
		}
	}
	return out
}

// withoutWebhooks is what is played where KEDA's webhooks let nothing in that scales: the
// same on a cluster on which they are not asked, with a note of what they say.
func (m *Manifests) withoutWebhooks() (Manifests, bool) {
	if slices.ContainsFunc(m.Objects, scales) {
		return Manifests{}, false
	}
	open := arrange(m.given, func(found []loaded) ([]loaded, []error) { return found, nil })
	if !slices.ContainsFunc(open.Objects, scales) {
		return Manifests{}, false
	}
	var denied []notes.Note
	for _, err := range m.Refused[len(open.Refused):] {
		if r, ok := errors.AsType[*Refusal](err); ok {
			id := kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: r.Of.Namespace, Name: r.Of.Name}}
			if r.Of.Kind == "ScaledJob" {
				id.Kind = kscope.ScaledJobs
			}
			denied = append(denied, notes.Note{Weight: notes.Fails, Objects: []kscope.ObjectRef{r.Of}, Place: fmt.Sprintf("%s:%d", r.File, r.Line), Rows: []kscope.ID{id},
				Says: r.Text + "; it is played as where that webhook is not asked", Next: kscope.HintOf(err)})
		}
	}
	open.Notes = append(denied, open.Notes...)
	for i := range open.Notes {
		clean(&open.Notes[i])
	}
	return open, true
}
