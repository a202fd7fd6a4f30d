package world

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// hashOf is what tells one pod template from another: ten characters, as in
// the names of ReplicaSets.
func hashOf(template *corev1.PodTemplateSpec) string {
	raw, _ := json.Marshal(template) // made of plain structs: cannot fail
	h := fnv.New64a()
	_, _ = h.Write(raw)
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	out, n := make([]byte, 10), h.Sum64()
	for i := range out {
		out[i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	return string(out)
}

// syncDeployment is the Deployment controller on one Deployment.
func (w *World) syncDeployment(wl *workload) {
	if !wl.dep.Spec.Paused {
		current := w.currentSet(wl)
		if wl.dep.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
			w.recreate(wl, current)
		} else {
			w.roll(wl, current)
		}
		w.dropHistory(wl)
	} else if len(wl.sets) > 0 {
		w.resize(wl, wl.sets[len(wl.sets)-1], wl.replicas())
	}
	w.deploymentStatus(wl)
}

// currentSet is the ReplicaSet of the present template, made if there is none.
func (w *World) currentSet(wl *workload) *replicaSet {
	for _, rs := range wl.sets {
		if rs.hash == wl.hash {
			if last := len(wl.sets) - 1; wl.sets[last] != rs { // rolled back to
				wl.sets = append(slices.DeleteFunc(wl.sets, func(o *replicaSet) bool { return o == rs }), rs)
				w.setRevision(wl, rs)
				w.progressing(wl, "FoundNewReplicaSet", fmt.Sprintf("Found new replica set %q", rs.obj.Name))
			}
			return rs
		}
	}
	rs := w.addReplicaSet(wl)
	w.setRevision(wl, rs)
	w.progressing(wl, "NewReplicaSetCreated", fmt.Sprintf("Created new replica set %q", rs.obj.Name))
	return rs
}

// setRevision gives the newest ReplicaSet the next revision.
func (w *World) setRevision(wl *workload, rs *replicaSet) {
	const key = "deployment.kubernetes.io/revision"
	n, _ := strconv.Atoi(wl.dep.Annotations[key])
	revision := strconv.Itoa(n + 1)
	setAnnotation(&wl.dep.ObjectMeta, key, revision)
	setAnnotation(&rs.obj.ObjectMeta, key, revision)
}

func setAnnotation(m *metav1.ObjectMeta, key, value string) {
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[key] = value
}

// room is how many pods a rolling update may have too many, and too few.
func (wl *workload) room() (surge, unavailable int32) {
	replicas := wl.replicas()
	r := wl.dep.Spec.Strategy.RollingUpdate
	part := func(v *intstr.IntOrString, up bool) int32 {
		if v == nil {
			s := intstr.FromString("25%")
			v = &s
		}
		n, err := intstr.GetScaledValueFromIntOrPercent(v, int(replicas), up)
		if err != nil {
			return 0
		}
		return int32(n)
	}
	if r == nil {
		r = &appsv1.RollingUpdateDeployment{}
	}
	surge, unavailable = part(r.MaxSurge, true), part(r.MaxUnavailable, false)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable
}

// roll is a rolling update, and plain scaling where there is nothing to
// update. While two ReplicaSets are up, a change of the number goes to the new
// one; the real controller would spread it over both.
func (w *World) roll(wl *workload, current *replicaSet) {
	want := wl.replicas()
	total, others := int32(0), int32(0)
	for _, rs := range wl.sets {
		total += rs.want()
		if rs != current {
			others += rs.want()
		}
	}
	if others == 0 {
		w.resize(wl, current, want)
		return
	}
	surge, unavailable := wl.room()
	switch have := current.want(); {
	case have > want:
		w.resize(wl, current, want)
	case have < want:
		if free := want + surge - total; free > 0 {
			grow := min(free, want-have)
			w.resize(wl, current, have+grow)
			total += grow
		}
	}
	// Old pods go as far as enough remain available; unhealthy ones first,
	// they are no loss.
	spare := total - (want - unavailable) - (current.want() - current.obj.Status.AvailableReplicas)
	for _, rs := range wl.sets {
		if rs == current || spare <= 0 {
			continue
		}
		if sick := min(spare, rs.want()-rs.obj.Status.AvailableReplicas); sick > 0 {
			w.resize(wl, rs, rs.want()-sick)
			spare -= sick
		}
	}
	available := int32(0)
	for _, rs := range wl.sets {
		available += rs.obj.Status.AvailableReplicas
	}
	spare = available - (want - unavailable)
	for _, rs := range wl.sets {
		if rs == current || spare <= 0 {
			continue
		}
		if n := min(spare, rs.want()); n > 0 {
			w.resize(wl, rs, rs.want()-n)
			spare -= n
		}
	}
}

// recreate takes all old pods down before the first new one comes.
func (w *World) recreate(wl *workload, current *replicaSet) {
	old := false
	for _, rs := range wl.sets {
		if rs != current {
			w.resize(wl, rs, 0)
			old = old || len(rs.pods) > 0
		}
	}
	if !old {
		w.resize(wl, current, wl.replicas())
	}
}

// resize writes a ReplicaSet's number of replicas.
func (w *World) resize(wl *workload, rs *replicaSet, n int32) {
	const desired, most = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
	surge, _ := wl.room()
	if wl.dep.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		surge = 0
	}
	want := strconv.Itoa(int(wl.replicas()))
	from := rs.want()
	if from == n && rs.obj.Annotations[desired] == want {
		return
	}
	setAnnotation(&rs.obj.ObjectMeta, desired, want)
	setAnnotation(&rs.obj.ObjectMeta, most, strconv.Itoa(int(wl.replicas()+surge)))
	rs.obj.Spec.Replicas = &n
	if from != n {
		rs.obj.Generation++
		way := "up"
		if n < from {
			way = "down"
		}
		w.events.older(w, reference(wl.dep, "apps/v1", "Deployment"), "deployment-controller", corev1.EventTypeNormal, "ScalingReplicaSet",
			fmt.Sprintf("Scaled %s replica set %s from %d to %d", way, rs.obj.Name, from, n))
	}
	w.emit(Modified, rs.obj)
	w.setChanged(rs)
}

// dropHistory deletes old ReplicaSets beyond the limit.
func (w *World) dropHistory(wl *workload) {
	limit := int(or(wl.dep.Spec.RevisionHistoryLimit, 10))
	for i := 0; i < len(wl.sets)-1 && len(wl.sets)-1 > limit; {
		rs := wl.sets[i]
		if rs.want() != 0 || len(rs.pods) != 0 {
			i++
			continue
		}
		wl.sets = slices.Delete(wl.sets, i, i+1)
		w.stop(rs.dirty)
		w.emit(Deleted, rs.obj)
	}
}
