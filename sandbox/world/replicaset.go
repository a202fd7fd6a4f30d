package world

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
)

// burstReplicas is how many pods the controller creates or deletes in one
// round.
const burstReplicas = 500

// replicaSet is a ReplicaSet of a Deployment.
type replicaSet struct {
	wl    *workload
	obj   *appsv1.ReplicaSet
	hash  string
	spec  corev1.PodSpec // of the pods; shared by all of them and never written
	pods  []*pod         // terminating ones included
	dirty *timer
	retry backoff
	batch int    // how many creations are to be tried at once next
	aged  *timer // a ready pod has been so for minReadySeconds
}

func (rs *replicaSet) want() int32 { return or(rs.obj.Spec.Replicas, 0) }

// addReplicaSet makes the ReplicaSet of a Deployment's present template, at
// zero.
func (w *World) addReplicaSet(wl *workload) *replicaSet {
	d := wl.dep
	template := *d.Spec.Template.DeepCopy()
	if template.Labels == nil {
		template.Labels = map[string]string{}
	}
	template.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = wl.hash
	selector := d.Spec.Selector.DeepCopy()
	if selector.MatchLabels == nil {
		selector.MatchLabels = map[string]string{}
	}
	selector.MatchLabels[appsv1.DefaultDeploymentUniqueLabelKey] = wl.hash
	zero, yes := int32(0), true
	rs := &replicaSet{wl: wl, hash: wl.hash, spec: template.Spec, retry: backoff{first: 5 * time.Millisecond, most: 1000 * time.Second}, batch: 1}
	rs.obj = &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: d.Name + "-" + wl.hash, UID: w.uid(), CreationTimestamp: w.stamp(), Generation: 1,
			Labels: maps.Clone(template.Labels),
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID, Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Spec: appsv1.ReplicaSetSpec{Replicas: &zero, MinReadySeconds: d.Spec.MinReadySeconds, Selector: selector, Template: template},
	}
	wl.sets = append(wl.sets, rs)
	w.emit(Added, rs.obj)
	return rs
}

// setChanged has the controller look at a ReplicaSet soon. A retry that is
// waiting does not wait any longer.
func (w *World) setChanged(rs *replicaSet) { w.setChangedAfter(rs, w.delay()) }

func (w *World) setChangedAfter(rs *replicaSet, d time.Duration) {
	if rs.dirty != nil && rs.dirty.index >= 0 {
		if !rs.dirty.at.After(w.now.Add(d)) {
			return
		}
		w.stop(rs.dirty)
	}
	rs.dirty = w.after(d, func() { w.syncReplicaSet(rs) })
}

// syncReplicaSet is the ReplicaSet controller on one ReplicaSet.
func (w *World) syncReplicaSet(rs *replicaSet) {
	if w.workloads[workloadKey{rs.wl.kind, rs.wl.ref}] != rs.wl {
		return
	}
	active := slices.Clone(rs.pods)
	active = slices.DeleteFunc(active, func(p *pod) bool { return p.deleting || p.finished() })
	var err error
	switch diff := int(rs.want()) - len(active); {
	case diff > 0:
		err = w.createPods(rs, min(diff, burstReplicas))
	case diff < 0:
		rs.batch = 1
		w.deletePods(rs, active, min(-diff, burstReplicas))
	default:
		rs.batch = 1
	}
	w.setStatus(rs, err)
	if err != nil {
		w.setChangedAfter(rs, rs.retry.next())
	} else {
		rs.retry.failures = 0
	}
}

// createPods creates pods in batches of 1, 2, 4, ... that double while all
// goes well, as fast as the controller's client is allowed to.
func (w *World) createPods(rs *replicaSet, n int) error {
	if w.isFull(rs.wl.ref) {
		rs.batch = 1
		err := w.quotaError(rs.obj.Namespace, rs.obj.Name+"-"+w.suffix())
		w.events.older(w, reference(rs.obj, "apps/v1", "ReplicaSet"), "replicaset-controller", corev1.EventTypeWarning, "FailedCreate",
			"Error creating: "+err.Error())
		return err
	}
	for range min(n, rs.batch, mostPods-w.alive) {
		if wait := w.writes.take(w.now); wait > 0 {
			w.setChangedAfter(rs, wait)
			return nil
		}
		rs.pods = append(rs.pods, w.addPod(rs))
		n--
	}
	rs.batch *= 2
	if n > 0 {
		w.setChanged(rs)
	} else {
		rs.batch = 1
	}
	return nil
}

// mostPods is how many pods the cluster has room for, and how many Jobs: a
// manifest may ask for two thousand million.
const mostPods = 5000

// isFull reports whether a workload may have no further pod.
func (w *World) isFull(ref kscope.Ref) bool { return w.isBroken(Quota, ref) || w.alive >= mostPods }

// quotaError is what the API server says when a quota is used up: the one that is
// broken, or what the cluster has room for.
func (w *World) quotaError(namespace, name string) error {
	limit := 0
	if w.alive >= mostPods {
		limit = mostPods
	}
	return fmt.Errorf("pods %q is forbidden: exceeded quota: sandbox, requested: pods=1, used: pods=%d, limited: pods=%d", name, limit, limit)
}

// deletePods deletes the pods that rank first, within what the controller's
// client is allowed to.
func (w *World) deletePods(rs *replicaSet, active []*pod, n int) {
	if n < len(active) {
		w.rank(active)
	}
	for _, p := range active[:n] {
		if wait := w.writes.take(w.now); wait > 0 {
			w.setChangedAfter(rs, wait)
			return
		}
		w.terminate(p)
	}
}

// rank puts those pods first that go first when a ReplicaSet shrinks. Nothing
// in it looks at who is busy. (controller_utils.go: ActivePodsWithRanks)
func (w *World) rank(pods []*pod) {
	var neighbours [nodeCount]int // ready pods of the set on each node
	for _, p := range pods {
		if p.node >= 0 && p.ready {
			neighbours[p.node]++
		}
	}
	rank := func(p *pod) int {
		if p.node < 0 {
			return 0
		}
		return neighbours[p.node]
	}
	sort.Slice(pods, func(i, j int) bool {
		a, b := pods[i], pods[j]
		if n := w.compare(a, b, rank(a), rank(b)); n != 0 {
			return n < 0
		}
		return a.obj.UID < b.obj.UID
	})
}

// compare is negative when a goes before b.
func (w *World) compare(a, b *pod, rankA, rankB int) int {
	first := func(yes, other bool) int {
		switch {
		case yes == other:
			return 0
		case yes:
			return -1
		}
		return 1
	}
	if n := first(a.node < 0, b.node < 0); n != 0 {
		return n
	}
	if n := phaseOrder(a) - phaseOrder(b); n != 0 {
		return n
	}
	if n := first(!a.ready, !b.ready); n != 0 {
		return n
	}
	if n := deletionCost(a) - deletionCost(b); n != 0 {
		return n
	}
	if rankA != rankB {
		return rankB - rankA
	}
	if a.ready && b.ready && !a.readySince.Equal(b.readySince) {
		// Ages count in powers of two, so those that are about the same go
		// in random order.
		return w.age(a.readySince) - w.age(b.readySince)
	}
	if a.restarts != b.restarts {
		return int(b.restarts - a.restarts)
	}
	if created := a.obj.CreationTimestamp; !created.Equal(&b.obj.CreationTimestamp) {
		return w.age(created.Time) - w.age(b.obj.CreationTimestamp.Time)
	}
	return 0
}

// age is the whole part of the base-2 logarithm of an age in nanoseconds, as
// the controller buckets it.
func (w *World) age(since time.Time) int {
	d := w.now.Sub(since)
	if d <= 0 {
		return -1
	}
	return int(math.Log2(float64(d)))
}

func phaseOrder(p *pod) int {
	switch p.obj.Status.Phase {
	case corev1.PodPending:
		return 0
	case corev1.PodRunning:
		return 2
	}
	return 1
}

func deletionCost(p *pod) int {
	n, err := strconv.ParseInt(p.obj.Annotations["controller.kubernetes.io/pod-deletion-cost"], 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}
