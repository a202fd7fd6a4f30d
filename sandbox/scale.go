package sandbox

import (
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

func scalable(k kind) bool {
	switch k.example.(type) {
	case *appsv1.Deployment, *appsv1.StatefulSet, *appsv1.ReplicaSet:
		return true
	}
	return false
}

// scaleOf is the /scale of an object, as an API server makes it from the object
// itself.
func scaleOf(obj runtime.Object, k kind, name string) (runtime.Object, error) {
	var (
		m        *metav1.ObjectMeta
		desired  *int32
		current  int32
		selector *metav1.LabelSelector
	)
	switch o := obj.(type) {
	case *appsv1.Deployment:
		m, desired, current, selector = &o.ObjectMeta, o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector
	case *appsv1.StatefulSet:
		m, desired, current, selector = &o.ObjectMeta, o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector
	case *appsv1.ReplicaSet:
		m, desired, current, selector = &o.ObjectMeta, o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector
	default:
		return nil, apierrors.NewNotFound(k.groupResource(), name)
	}
	n := int64(1) // the API's default
	if desired != nil {
		n = int64(*desired)
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v1", "kind": "Scale",
		"spec": map[string]any{"replicas": n},
		"status": map[string]any{
			"replicas": int64(current), "selector": metav1.FormatLabelSelector(selector),
		},
	}}
	u.SetName(m.Name)
	u.SetNamespace(m.Namespace)
	u.SetUID(m.UID)
	u.SetResourceVersion(m.ResourceVersion)
	u.SetCreationTimestamp(m.CreationTimestamp)
	return u, nil
}
