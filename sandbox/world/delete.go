package world

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Delete deletes an object that a user gave, and what it owns: pods go
// gracefully. A ScaledObject takes its HPA along and leaves the replicas as
// they are, unless it says to restore them.
func (w *World) Delete(obj runtime.Object) error {
	m, err := meta.Accessor(obj)
	if err != nil {
		return fmt.Errorf("%T: %w", obj, err)
	}
	ref := refOf(m)
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return w.removeWorkload(workloadKey{"Deployment", ref})
	case *appsv1.StatefulSet:
		return w.removeWorkload(workloadKey{"StatefulSet", ref})
	case *autoscalingv2.HorizontalPodAutoscaler:
		h := w.hpas[ref]
		if h == nil {
			return fmt.Errorf("horizontalpodautoscalers.autoscaling %q not found", ref.Name)
		}
		w.removeHPA(h)
		for _, so := range w.scaled {
			if h.isOf(so) {
				w.wantReconcile(so) // KEDA makes it anew
			}
		}
		return nil
	case *unstructured.Unstructured:
		switch so, sj := w.scaled[ref], w.jobs[ref]; {
		case o.GetKind() == "ScaledObject" && so != nil:
			now := w.stamp()
			so.u.SetDeletionTimestamp(&now)
			w.emitScaledObject(Modified, so)
			w.after(w.delay(), func() { w.finalize(so) })
			return nil
		case o.GetKind() == "ScaledJob" && sj != nil:
			w.removeScaledJob(sj)
			return nil
		}
	}
	key := objectKey{kindOf(obj), ref}
	old := w.objects[key]
	if old == nil {
		return fmt.Errorf("%s %q not found", key.kind, ref.Name)
	}
	delete(w.objects, key)
	w.emit(Deleted, old)
	return nil
}

func (w *World) removeWorkload(key workloadKey) error {
	wl := w.workloads[key]
	if wl == nil {
		return notFound(key.kind, key.ref.Name)
	}
	delete(w.workloads, key)
	w.stop(wl.dirty)
	w.stop(wl.deadline)
	w.stop(wl.crew.retry)
	w.emit(Deleted, wl.object())
	for _, rs := range wl.sets {
		w.stop(rs.dirty)
		w.emit(Deleted, rs.obj)
	}
	var pods []*pod
	wl.eachPod(func(p *pod) { pods = append(pods, p) })
	for _, p := range pods {
		w.terminate(p)
	}
	w.crewsChanged()
	return nil
}
