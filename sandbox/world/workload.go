package world

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/dump"
)

// workloadKey names a workload within the cluster.
type workloadKey struct {
	kind string
	ref  kscope.Ref
}

func (k workloadKey) less(o workloadKey) bool {
	if k.ref != o.ref {
		return k.ref.Less(o.ref)
	}
	return k.kind < o.kind
}

// workload is a Deployment or a StatefulSet: exactly one of dep and sts is
// set.
type workload struct {
	kind string
	ref  kscope.Ref
	dep  *appsv1.Deployment
	sts  *appsv1.StatefulSet
	hash string // of the pod template

	sets     []*replicaSet // of a Deployment, oldest first
	pods     []*pod        // of a StatefulSet, terminating ones included
	dirty    *timer
	deadline *timer // of a Deployment's progress
	retry    *timer // of a StatefulSet's creation that was refused
	crew     crew
}

func (wl *workload) meta() *metav1.ObjectMeta {
	if wl.dep != nil {
		return &wl.dep.ObjectMeta
	}
	return &wl.sts.ObjectMeta
}

func (wl *workload) object() runtime.Object {
	if wl.dep != nil {
		return wl.dep
	}
	return wl.sts
}

func (wl *workload) template() *corev1.PodTemplateSpec {
	if wl.dep != nil {
		return &wl.dep.Spec.Template
	}
	return &wl.sts.Spec.Template
}

func (wl *workload) labelSelector() *metav1.LabelSelector {
	if wl.dep != nil {
		return wl.dep.Spec.Selector
	}
	return wl.sts.Spec.Selector
}

// resource is the name of the kind in URLs.
func (wl *workload) resource() string { return strings.ToLower(wl.kind) + "s" }

// replicas is what /scale calls spec.replicas.
func (wl *workload) replicas() int32 {
	if wl.dep != nil {
		return or(wl.dep.Spec.Replicas, 1)
	}
	return or(wl.sts.Spec.Replicas, 1)
}

// statusReplicas is what /scale calls status.replicas.
func (wl *workload) statusReplicas() int32 {
	if wl.dep != nil {
		return wl.dep.Status.Replicas
	}
	return wl.sts.Status.Replicas
}

// eachPod visits every pod, terminating ones included.
func (wl *workload) eachPod(visit func(*pod)) {
	for _, p := range wl.pods {
		visit(p)
	}
	for _, rs := range wl.sets {
		for _, p := range rs.pods {
			visit(p)
		}
	}
}

// countReady counts the pods that exist and, of those, the ones that run and
// are ready, as the HPA does for Value targets: terminating ones count.
func (wl *workload) countReady() (existing, ready int32) {
	wl.eachPod(func(p *pod) {
		existing++
		if p.obj.Status.Phase == corev1.PodRunning && p.ready {
			ready++
		}
	})
	return existing, ready
}

func (wl *workload) runningReady() int32 {
	_, ready := wl.countReady()
	return ready
}

// changed has the workload's controller look at it soon.
func (w *World) changed(wl *workload) {
	if wl.dirty != nil && wl.dirty.index >= 0 {
		return
	}
	wl.dirty = w.after(w.delay(), func() {
		if w.workloads[workloadKey{wl.kind, wl.ref}] != wl {
			return
		}
		if wl.dep != nil {
			w.syncDeployment(wl)
		} else {
			w.syncStatefulSet(wl)
		}
	})
}

// writeScale is a write through /scale.
func (w *World) writeScale(wl *workload, n int32, manager string) {
	w.witness(Deed{What: Wrote, Of: wl.ref, By: manager, From: wl.replicas(), To: n})
	same := wl.replicas() == n
	if wl.dep != nil {
		wl.dep.Spec.Replicas = &n
	} else {
		wl.sts.Spec.Replicas = &n
	}
	m := wl.meta()
	if !same {
		m.Generation++
	}
	// The API server passes ownership of the number on, without a time; a 0
	// ends it, and where nobody owned the number nobody gets to.
	owned := slices.ContainsFunc(m.ManagedFields, ownsReplicas)
	m.ManagedFields = slices.DeleteFunc(m.ManagedFields, func(e metav1.ManagedFieldsEntry) bool { return e.Subresource == "scale" })
	for i := range m.ManagedFields {
		m.ManagedFields[i].FieldsV1 = fieldsOf(false)
	}
	if owned && n != 0 {
		m.ManagedFields = append([]metav1.ManagedFieldsEntry{{
			Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "apps/v1",
			FieldsType: "FieldsV1", FieldsV1: fieldsOf(true), Subresource: "scale",
		}}, m.ManagedFields...)
	}
	w.emit(Modified, wl.object())
	w.changed(wl)
}

// applyReplicas is somebody applying a manifest that says no more than the
// replicas, who takes the number over; nothing where it is what it should be.
func (w *World) applyReplicas(wl *workload, n int32, manager string) {
	if wl.replicas() == n {
		return
	}
	w.witness(Deed{What: Wrote, Of: wl.ref, By: manager, From: wl.replicas(), To: n})
	wl.setReplicas(n)
	m := wl.meta()
	m.Generation++
	m.ManagedFields = slices.DeleteFunc(m.ManagedFields, func(e metav1.ManagedFieldsEntry) bool { return e.Subresource == "scale" || e.Manager == manager })
	for i := range m.ManagedFields {
		m.ManagedFields[i].FieldsV1 = fieldsOf(false)
	}
	m.ManagedFields = append(m.ManagedFields, w.appliedBy(manager, "apps/v1", true)...)
	w.emit(Modified, wl.object())
	w.changed(wl)
}

// fieldsOf are the fields that a manager owns, as far as anybody looks.
func fieldsOf(replicas bool) *metav1.FieldsV1 {
	if replicas {
		return metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`)
	}
	return metav1.NewFieldsV1(`{"f:spec":{"f:template":{}}}`)
}

func ownsReplicas(e metav1.ManagedFieldsEntry) bool {
	return e.FieldsV1 != nil && strings.Contains(e.FieldsV1.GetRawString(), `"f:replicas"`)
}

// appliedBy is the entry of whoever applied an object.
func (w *World) appliedBy(manager, apiVersion string, replicas bool) []metav1.ManagedFieldsEntry {
	now := w.stamp()
	return []metav1.ManagedFieldsEntry{{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: apiVersion, Time: &now,
		FieldsType: "FieldsV1", FieldsV1: fieldsOf(replicas),
	}}
}

// allPods are all pods in a stable order.
func (w *World) allPods() []*pod {
	var out []*pod
	for _, key := range sortedKeys(w.workloads, workloadKey.less) {
		w.workloads[key].eachPod(func(p *pod) { out = append(out, p) })
	}
	for _, ref := range sortedKeys(w.jobs, kscope.Ref.Less) {
		for _, j := range w.jobs[ref].jobs {
			if j.pod != nil {
				out = append(out, j.pod)
			}
		}
	}
	return out
}

// countPods counts the pods that a selector finds and that have not finished, or the
// nodes these are on, as the kubernetes-workload trigger does.
func (w *World) countPods(namespace string, selector labels.Selector, byNode bool) int {
	n, nodes := 0, map[string]bool{}
	for _, p := range w.allPods() {
		if p.workload.Namespace == namespace && !p.finished() && selector.Matches(labels.Set(p.obj.Labels)) {
			n++
			nodes[p.obj.Spec.NodeName] = true
		}
	}
	if delete(nodes, ""); byNode {
		return len(nodes)
	}
	return n
}

// sortedKeys are the keys of a map in order.
func sortedKeys[K comparable, V any](m map[K]V, less func(a, b K) bool) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool { return less(out[i], out[j]) })
	return out
}

// uid makes a seeded unique id.
func (w *World) uid() types.UID {
	a, b := w.names.Uint64(), w.names.Uint64()
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff))
}

// suffix makes the random end of a generated name.
func (w *World) suffix() string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	out := make([]byte, 5)
	for i := range out {
		out[i] = alphabet[w.names.IntN(len(alphabet))]
	}
	return string(out)
}

// born gives a new object what the API server does, and reports whether it is out of a
// dump, where another one has: then its age and its generation stay.
func (w *World) born(m metav1.Object) (dumped bool) {
	dumped = dump.Written(m)
	m.SetUID(w.uid())
	if created := m.GetCreationTimestamp(); !dumped || created.IsZero() {
		m.SetCreationTimestamp(w.stamp())
	}
	if !dumped || m.GetGeneration() < 1 {
		m.SetGeneration(1)
	}
	return dumped
}

// goOn gives a workload out of a dump the pods that its status counts, ready as long as
// that says. What they were called there, and what else became of them, is forgotten.
func (w *World) goOn(wl *workload) {
	count, ready, since := int32(0), int32(0), w.now.Add(-time.Minute)
	if wl.dep != nil {
		s := &wl.dep.Status
		count, ready = s.Replicas, s.ReadyReplicas
		for _, c := range s.Conditions {
			if at := c.LastUpdateTime.Time; c.Type == appsv1.DeploymentAvailable && !at.IsZero() && at.Before(w.now) {
				since = at
			}
		}
	} else {
		count, ready = wl.sts.Status.Replicas, wl.sts.Status.ReadyReplicas
	}
	count = min(count, int32(mostPods-w.alive))
	if count <= 0 {
		return
	}
	add := func(n int) *pod { return w.addOrdinal(wl, n) }
	if wl.dep != nil {
		const revision = "deployment.kubernetes.io/revision"
		rs := w.addReplicaSet(wl)
		setAnnotation(&rs.obj.ObjectMeta, revision, wl.dep.Annotations[revision])
		rs.obj.Spec.Replicas = &count
		add = func(int) *pod {
			p := w.addPod(rs)
			rs.pods = append(rs.pods, p)
			return p
		}
		defer w.setStatus(rs, nil)
	}
	for n := range int(count) {
		if n < int(ready) {
			w.wasReady(since, func() *pod { return add(n) })
		} else {
			add(n)
		}
	}
}

// wasReady makes a pod that has been ready for a while.
func (w *World) wasReady(since time.Time, add func() *pod) {
	now := w.now
	w.now = since.Add(-w.o.StartTime)
	p := add()
	w.stop(p.step)
	w.place(p)
	w.stop(p.step)
	w.take(p)
	w.now = since
	w.stop(p.step)
	w.start(p)
	if !p.ready && !p.deleting {
		w.stop(p.step)
		w.becomeReady(p)
	}
	w.now = now
}
