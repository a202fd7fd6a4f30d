package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/meter"
)

// nodeCount is how many nodes the cluster has, all of them with room.
const nodeCount = 3

// stage is how far a pod has come.
type stage int

const (
	unplaced stage = iota // no node yet
	starting              // on a node; containers are being made, or their image is missing
	running               // containers run
	crashed               // containers have ended and will be started again
	exited                // containers have ended for good
)

// pod is a Pod, and what scheduler, kubelet and worker have in mind for it.
type pod struct {
	obj      *corev1.Pod
	workload kscope.Ref  // whose breakages apply to it
	rs       *replicaSet // one of these owns it
	sts      *workload
	job      *job
	alive    bool   // counted among those that there are
	ordinal  int    // in a StatefulSet
	hash     string // of the template that it was made of

	stage      stage
	node       int       // -1 without one
	step       *timer    // what scheduler or kubelet do next
	taken      time.Time // by the kubelet; probe ticks count from here
	started    time.Time // its containers, last
	ready      bool
	readySince time.Time // whole seconds
	deleting   bool
	kill       *timer
	restarts   int32
	pulls      backoff
	crashes    backoff

	crew  *crew  // of workers that it belongs to; nil if there is no work for it
	work  *timer // the end of the job in hand
	took  []taken
	idle  bool // it waits for a job
	meter meter.Meter
}

// finished reports whether the pod has ended for good.
func (p *pod) finished() bool {
	return p.obj.Status.Phase == corev1.PodSucceeded || p.obj.Status.Phase == corev1.PodFailed
}

// newPod makes a Pod; whoever calls it says who owns it.
func (w *World) newPod(owner metav1.OwnerReference, namespace, name, generateName string, template metav1.ObjectMeta, spec corev1.PodSpec) *pod {
	labels := maps.Clone(template.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	p := &pod{node: -1, pulls: backoff{first: 10 * time.Second, most: 300 * time.Second}, crashes: backoff{first: 10 * time.Second, most: 300 * time.Second}}
	p.obj = &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, GenerateName: generateName, UID: w.uid(), CreationTimestamp: w.stamp(), Generation: 1,
			Labels: labels, Annotations: maps.Clone(template.Annotations), OwnerReferences: []metav1.OwnerReference{owner},
		},
		Spec:   spec,
		Status: corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSBurstable},
	}
	return p
}

// begin puts a pod into the cluster.
func (w *World) begin(p *pod) {
	w.alive++
	p.alive = true
	w.emit(Added, p.obj)
	w.podded(p, "created")
	p.step = w.after(w.delay(), func() { w.place(p) })
}

// addPod creates a pod of a ReplicaSet.
func (w *World) addPod(rs *replicaSet) *pod {
	yes := true
	owner := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: rs.obj.Name, UID: rs.obj.UID, Controller: &yes, BlockOwnerDeletion: &yes}
	prefix := rs.obj.Name + "-"
	p := w.newPod(owner, rs.obj.Namespace, prefix+w.suffix(), prefix, rs.obj.Spec.Template.ObjectMeta, rs.spec)
	p.workload, p.rs, p.hash, p.crew = rs.wl.ref, rs, rs.hash, &rs.wl.crew
	w.begin(p)
	return p
}

// ownerChanged tells the controller of the pod's owner.
func (w *World) ownerChanged(p *pod) {
	switch {
	case p.rs != nil:
		w.setChanged(p.rs)
	case p.sts != nil:
		w.changed(p.sts)
	case p.job != nil:
		w.jobPodChanged(p.job)
	}
}

// terminate deletes a pod: its containers get SIGTERM, and SIGKILL when the
// grace period is over. One without a node is gone at once.
func (w *World) terminate(p *pod) {
	if p.deleting {
		return
	}
	p.deleting = true
	w.stop(p.step)
	w.leave(p)
	if p.stage == unplaced {
		w.gone(p)
		return
	}
	grace := int64(30)
	if g := p.obj.Spec.TerminationGracePeriodSeconds; g != nil {
		grace = *g
	}
	until := w.now.Add(time.Duration(grace) * time.Second)
	stamp := metav1.NewTime(until.Truncate(time.Second))
	p.obj.DeletionTimestamp, p.obj.DeletionGracePeriodSeconds = &stamp, &grace
	p.obj.Generation++
	w.emit(Modified, p.obj)
	w.ownerChanged(p)
	switch {
	case p.finished():
		p.step = w.after(goneAfter, func() { w.gone(p) })
	case p.work != nil:
		p.kill = w.at(until, func() { w.killed(p) })
	default:
		p.step = w.after(min(exitAfter, time.Duration(grace)*time.Second), func() { w.exit(p, 0) })
	}
}

// How long an idle container takes to end after SIGTERM, and a pod to be gone
// after its containers have ended.
const (
	exitAfter = 300 * time.Millisecond
	goneAfter = 900 * time.Millisecond
)

// killed is the end of a grace period: the job in hand is lost.
func (w *World) killed(p *pod) {
	w.dropWork(p)
	w.exit(p, 137)
}

// exit ends a pod's containers for good.
func (w *World) exit(p *pod, code int32) {
	w.stop(p.kill)
	w.stop(p.step)
	w.leave(p)
	ran := p.stage == running
	p.stage = exited
	if ran {
		reason, phase, condition := "Completed", corev1.PodSucceeded, "PodCompleted"
		if code != 0 {
			reason, phase, condition = "Error", corev1.PodFailed, "PodFailed"
		}
		p.obj.Status.Phase = phase
		w.unready(p, condition, "")
		for i := range p.obj.Status.ContainerStatuses {
			s := &p.obj.Status.ContainerStatuses[i]
			s.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: code, Reason: reason, StartedAt: metav1.NewTime(p.started.Truncate(time.Second)), FinishedAt: w.stamp(),
			}}
			s.Ready, s.Started = false, new(bool)
		}
		w.emit(Modified, p.obj)
		w.podded(p, "finished")
		w.ownerChanged(p)
	}
	if p.deleting {
		p.step = w.after(goneAfter, func() { w.gone(p) })
	}
}

// gone takes a pod out of the cluster.
func (w *World) gone(p *pod) {
	w.stop(p.step)
	w.stop(p.kill)
	w.dropWork(p)
	w.leave(p)
	if p.node >= 0 {
		w.nodes[p.node]--
		p.node = -1
	}
	if p.alive {
		p.alive = false
		w.alive--
	}
	same := func(o *pod) bool { return o == p }
	switch {
	case p.rs != nil:
		p.rs.pods = slices.DeleteFunc(p.rs.pods, same)
	case p.sts != nil:
		p.sts.pods = slices.DeleteFunc(p.sts.pods, same)
	case p.job != nil:
		p.job.pod = nil
	}
	w.emit(Deleted, p.obj)
	w.podded(p, "gone")
	w.ownerChanged(p)
}

// podded tells whoever wants to know how far a pod has come.
func (w *World) podded(p *pod, stage string) {
	w.witness(Deed{What: Podded, Of: kscope.Ref{Namespace: p.obj.Namespace, Name: p.obj.Name}, By: stage})
}

// setPodCondition writes a condition; its time moves only with its status.
func (w *World) setPodCondition(p *pod, typ corev1.PodConditionType, status corev1.ConditionStatus, reason, message string) {
	list := p.obj.Status.Conditions
	for i := range list {
		if c := &list[i]; c.Type == typ {
			if c.Status != status {
				c.LastTransitionTime = w.stamp()
			}
			c.Status, c.Reason, c.Message = status, reason, message
			return
		}
	}
	p.obj.Status.Conditions = append(list, corev1.PodCondition{
		Type: typ, Status: status, Reason: reason, Message: message, LastTransitionTime: w.stamp(),
	})
}

// unready marks a pod and its containers as not ready.
func (w *World) unready(p *pod, reason, message string) {
	p.ready = false
	w.setPodCondition(p, corev1.PodReady, corev1.ConditionFalse, reason, message)
	w.setPodCondition(p, corev1.ContainersReady, corev1.ConditionFalse, reason, message)
	for i := range p.obj.Status.ContainerStatuses {
		p.obj.Status.ContainerStatuses[i].Ready = false
	}
}

// containers are the names of a pod's containers, as messages list them.
func (p *pod) containers() string {
	names := make([]string, len(p.obj.Spec.Containers))
	for i, c := range p.obj.Spec.Containers {
		names[i] = c.Name
	}
	return strings.Join(names, " ")
}

// inFull is a pod as the kubelet names it.
func (p *pod) inFull() string {
	return fmt.Sprintf("%s_%s(%s)", p.obj.Name, p.obj.Namespace, p.obj.UID)
}
