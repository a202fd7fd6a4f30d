package world

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// syncStatefulSet is the StatefulSet controller on one StatefulSet: one pod at
// a time, in the order of their numbers, unless its pods are managed in
// parallel.
func (w *World) syncStatefulSet(wl *workload) {
	ordered := wl.sts.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
	settled := w.fillOrdinals(wl, ordered)
	if settled || !ordered {
		settled = w.dropOrdinals(wl, ordered) && settled
	}
	if settled && wl.sts.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType {
		w.updateOrdinals(wl)
	}
	w.statefulSetStatus(wl)
}

// fillOrdinals creates the missing pods; false while it waits for one.
func (w *World) fillOrdinals(wl *workload, ordered bool) bool {
	settled := true
	next := 0 // of the pods, which are in order
	for n := range int(wl.replicas()) {
		for next < len(wl.pods) && wl.pods[next].ordinal < n {
			next++
		}
		there := next < len(wl.pods) && wl.pods[next].ordinal == n
		if there && wl.pods[next].ready && !wl.pods[next].deleting {
			continue
		}
		settled = false
		if !there {
			if w.isFull(wl.ref) {
				err := w.quotaError(wl.ref.Namespace, fmt.Sprintf("%s-%d", wl.ref.Name, n))
				w.events.older(w, reference(wl.sts, "apps/v1", "StatefulSet"), "statefulset-controller", corev1.EventTypeWarning, "FailedCreate",
					fmt.Sprintf("Create Pod %s-%d in StatefulSet %s failed error: %v", wl.ref.Name, n, wl.ref.Name, err))
				w.stop(wl.retry)
				wl.retry = w.after(retryCreation, func() { w.changed(wl) })
				return false
			}
			w.addOrdinal(wl, n)
		}
		if ordered {
			return false
		}
	}
	return settled
}

// retryCreation is how often a StatefulSet tries to create a pod that was
// refused. (The real back-off begins at 5 ms and grows to 1,000 s.)
const retryCreation = 10 * time.Second

func (w *World) addOrdinal(wl *workload, n int) *pod {
	yes := true
	owner := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: wl.ref.Name, UID: wl.sts.UID, Controller: &yes, BlockOwnerDeletion: &yes}
	prefix := wl.ref.Name + "-"
	name := prefix + strconv.Itoa(n)
	p := w.newPod(owner, wl.ref.Namespace, name, prefix, wl.sts.Spec.Template.ObjectMeta, *wl.sts.Spec.Template.Spec.DeepCopy())
	p.obj.Labels["apps.kubernetes.io/pod-index"] = strconv.Itoa(n)
	p.obj.Labels[appsv1.StatefulSetPodNameLabel] = name
	p.obj.Labels[appsv1.ControllerRevisionHashLabelKey] = prefix + wl.hash
	p.workload, p.sts, p.ordinal, p.hash, p.crew = wl.ref, wl, n, wl.hash, &wl.crew
	at, _ := slices.BinarySearchFunc(wl.pods, n, func(p *pod, n int) int { return p.ordinal - n })
	wl.pods = slices.Insert(wl.pods, at, p)
	w.begin(p)
	return p
}

// dropOrdinals deletes the pods that are too many, the highest first; false
// while some are still there.
func (w *World) dropOrdinals(wl *workload, ordered bool) bool {
	settled := true
	for _, p := range slices.Backward(slices.Clone(wl.pods)) {
		if p.ordinal < int(wl.replicas()) {
			break
		}
		settled = false
		w.terminate(p)
		if ordered {
			return false
		}
	}
	return settled
}

// updateOrdinals replaces the highest pod that is of an older template.
func (w *World) updateOrdinals(wl *workload) {
	for _, p := range slices.Backward(slices.Clone(wl.pods)) {
		if p.hash != wl.hash {
			w.terminate(p)
			return
		}
	}
}
