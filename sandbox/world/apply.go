package world

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
)

// objectKey names an object that is only kept.
type objectKey struct {
	kind string
	ref  kscope.Ref
}

func refOf(m metav1.Object) kscope.Ref {
	return kscope.Ref{Namespace: m.GetNamespace(), Name: m.GetName()}
}

// Apply creates or updates an object that a user gives, as manager. Objects
// have their defaults filled in, but for spec.replicas of a workload whose
// manifest leaves it out: nil leaves the number to whoever scales it. It
// returns an error for a kind that the world does not have.
func (w *World) Apply(obj runtime.Object, manager string) error {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		w.applyWorkload(&workload{kind: "Deployment", ref: refOf(o), dep: o.DeepCopy()}, manager)
	case *appsv1.StatefulSet:
		w.applyWorkload(&workload{kind: "StatefulSet", ref: refOf(o), sts: o.DeepCopy()}, manager)
	case *autoscalingv2.HorizontalPodAutoscaler:
		w.applyHPA(o.DeepCopy())
	case *unstructured.Unstructured:
		switch o.GetKind() {
		case "ScaledObject":
			return w.applyScaledObject(o.DeepCopy())
		case "ScaledJob":
			return w.applyScaledJob(o.DeepCopy())
		}
		return w.keep(o)
	case *batchv1.Job:
		w.goOnWithJob(o)
	case *corev1.Pod, *appsv1.ReplicaSet, *appsv1.DaemonSet:
		return fmt.Errorf("%T: the world makes none of these by itself", obj)
	default:
		return w.keep(obj)
	}
	return nil
}

// applyWorkload puts a Deployment or StatefulSet in, or in the place of the
// one of that name.
func (w *World) applyWorkload(next *workload, manager string) {
	key := workloadKey{next.kind, next.ref}
	old := w.workloads[key]
	m := next.meta()
	given := next.givenReplicas() != nil
	next.hash = hashOf(next.template())
	if old == nil {
		if !given {
			next.setReplicas(1)
		}
		dumped := w.born(m)
		if !dumped || len(m.ManagedFields) == 0 {
			m.ManagedFields = w.appliedBy(manager, "apps/v1", given && !dumped)
		}
		w.workloads[key] = next
		w.emit(Added, next.object())
		if dumped {
			w.goOn(next)
		}
		w.changed(next)
		w.crewsChanged()
		return
	}
	before := old.meta()
	fields := slices.DeleteFunc(slices.Clone(before.ManagedFields), func(e metav1.ManagedFieldsEntry) bool {
		return e.Subresource == "" || given // whoever applies a number takes it over
	})
	m.UID, m.CreationTimestamp, m.Generation = before.UID, before.CreationTimestamp, before.Generation
	m.ManagedFields = append(fields, w.appliedBy(manager, "apps/v1", given)...)
	if !given {
		next.setReplicas(old.replicas())
	} else {
		w.witness(Deed{What: Wrote, Of: next.ref, By: manager, From: old.replicas(), To: next.replicas()})
	}
	if revision, ok := before.Annotations["deployment.kubernetes.io/revision"]; ok {
		setAnnotation(m, "deployment.kubernetes.io/revision", revision)
	}
	same := false
	if next.dep != nil {
		next.dep.Status, same = old.dep.Status, equality.Semantic.DeepEqual(old.dep.Spec, next.dep.Spec)
		old.dep = next.dep
	} else {
		next.sts.Status, same = old.sts.Status, equality.Semantic.DeepEqual(old.sts.Spec, next.sts.Spec)
		old.sts = next.sts
	}
	if !same {
		m.Generation++
	}
	old.hash = next.hash
	w.emit(Modified, old.object())
	w.changed(old)
}

func (wl *workload) givenReplicas() *int32 {
	if wl.dep != nil {
		return wl.dep.Spec.Replicas
	}
	return wl.sts.Spec.Replicas
}

func (wl *workload) setReplicas(n int32) {
	if wl.dep != nil {
		wl.dep.Spec.Replicas = &n
	} else {
		wl.sts.Spec.Replicas = &n
	}
}

// applyScaledObject puts a ScaledObject in, or in the place of the one of that
// name.
func (w *World) applyScaledObject(u *unstructured.Unstructured) error {
	so := &scaledObject{ref: refOf(u), u: u}
	if err := decode(u, &so.spec); err != nil {
		return err
	}
	status := u.Object["status"]
	unstructured.RemoveNestedField(u.Object, "status")
	old := w.scaled[so.ref]
	if old == nil {
		w.scaled[so.ref] = so
		dumped := w.born(u)
		if dumped {
			w.goOnWith(so, status)
		}
		w.emitScaledObject(Added, so)
		if !dumped {
			w.admit(so)
		}
		w.wantReconcile(so)
		w.crewsChanged()
		return nil
	}
	same := sameJSON(old.u.Object["spec"], u.Object["spec"])
	calls := !same
	for _, key := range reconciled {
		a, was := old.u.GetAnnotations()[key]
		b, is := u.GetAnnotations()[key]
		calls = calls || was != is || a != b
	}
	w.replace(old.u, u, same)
	if label, ok := old.u.GetLabels()[nameLabel]; ok {
		labels := maps.Clone(u.GetLabels())
		if labels == nil {
			labels = map[string]string{}
		}
		labels[nameLabel] = label
		u.SetLabels(labels)
	}
	old.u, old.spec = u, so.spec
	w.emitScaledObject(Modified, old)
	w.admit(old)
	if calls {
		w.wantReconcile(old)
	}
	w.crewsChanged()
	return nil
}

// admit is what KEDA's webhook says about settings that have no effect.
func (w *World) admit(so *scaledObject) {
	s := &so.spec
	say := func(note string) {
		w.events.newer(w, regarding(so.u, so.rev), "keda-admission", corev1.EventTypeNormal, "KEDAScalerInfo", "KEDAScalerInfo", note)
	}
	if s.PollingInterval != nil && s.usesHPAObservations() {
		say("PollingInterval is configured but is not relevant for scaling. It only affects scaling when minReplicaCount = 0, idleReplicaCount is set, " +
			"or useCachedMetrics is enabled, but it still controls how often KEDA refreshes the ScaledObject status conditions and events")
	}
	if s.CooldownPeriod != nil && s.least() > 0 && s.IdleReplicaCount == nil {
		say("CooldownPeriod is configured but is not relevant. CooldownPeriod is only relevant when minReplicaCount = 0 or idleReplicaCount is set")
	}
}

// replace gives the new version of an object what the API server and KEDA have
// put into the old one.
func (w *World) replace(old, u *unstructured.Unstructured, same bool) {
	u.SetUID(old.GetUID())
	u.SetCreationTimestamp(old.GetCreationTimestamp())
	u.SetFinalizers(old.GetFinalizers())
	u.SetGeneration(old.GetGeneration())
	if !same {
		u.SetGeneration(old.GetGeneration() + 1)
	}
	if status, ok := old.Object["status"]; ok {
		u.Object["status"] = status
	}
}

// reconciled are the annotations whose change makes KEDA look at once.
var reconciled = []string{paused, pausedReplicas, pausedScaleIn, pausedScaleOut, forceActivation}

// keep puts in an object that nothing happens to.
func (w *World) keep(obj runtime.Object) error {
	obj = obj.DeepCopyObject()
	m, err := meta.Accessor(obj)
	if err != nil {
		return fmt.Errorf("%T: %w", obj, err)
	}
	key := objectKey{kindOf(obj), refOf(m)}
	old, verb := w.objects[key], Added
	m.SetUID(w.uid())
	m.SetCreationTimestamp(w.stamp())
	if old != nil {
		before, _ := meta.Accessor(old) // it was accessible when it came
		m.SetUID(before.GetUID())
		m.SetCreationTimestamp(before.GetCreationTimestamp())
		verb = Modified
	}
	w.objects[key] = obj
	w.emit(verb, obj)
	return nil
}

// kindOf is an object's kind, or its Go type where it does not say.
func kindOf(obj runtime.Object) string {
	return orText(obj.GetObjectKind().GroupVersionKind().Kind, fmt.Sprintf("%T", obj))
}
