package world

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// deploymentStatus sums up the ReplicaSets, and says so if that is news.
func (w *World) deploymentStatus(wl *workload) {
	d := wl.dep
	before := d.Status.DeepCopy()
	s := &d.Status
	s.ObservedGeneration = d.Generation
	s.Replicas, s.ReadyReplicas, s.AvailableReplicas, s.UpdatedReplicas = 0, 0, 0, 0
	terminating := int32(0)
	var failure *appsv1.ReplicaSetCondition
	for _, rs := range wl.sets {
		s.Replicas += rs.obj.Status.Replicas
		s.ReadyReplicas += rs.obj.Status.ReadyReplicas
		s.AvailableReplicas += rs.obj.Status.AvailableReplicas
		terminating += or(rs.obj.Status.TerminatingReplicas, 0)
		if rs.hash == wl.hash {
			s.UpdatedReplicas = rs.obj.Status.Replicas
			failure = rs.failure()
		}
	}
	s.TerminatingReplicas = &terminating
	s.UnavailableReplicas = max(0, max(s.Replicas, wl.replicas())-s.AvailableReplicas)
	_, unavailable := wl.room()
	if s.AvailableReplicas >= wl.replicas()-unavailable {
		w.deploymentCondition(d, appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.")
	} else {
		w.deploymentCondition(d, appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
	}
	s.Conditions = slices.DeleteFunc(s.Conditions, func(c appsv1.DeploymentCondition) bool {
		return c.Type == appsv1.DeploymentReplicaFailure && failure == nil
	})
	if failure != nil {
		w.deploymentCondition(d, appsv1.DeploymentReplicaFailure, failure.Status, failure.Reason, failure.Message)
	}
	w.judgeProgress(wl, before)
	if !sameDeploymentStatus(before, s) {
		w.emit(Modified, d)
	}
}

func sameDeploymentStatus(a, b *appsv1.DeploymentStatus) bool {
	return a.ObservedGeneration == b.ObservedGeneration && a.Replicas == b.Replicas && a.ReadyReplicas == b.ReadyReplicas &&
		a.AvailableReplicas == b.AvailableReplicas && a.UpdatedReplicas == b.UpdatedReplicas &&
		a.UnavailableReplicas == b.UnavailableReplicas && or(a.TerminatingReplicas, -1) == or(b.TerminatingReplicas, -1) &&
		slices.EqualFunc(a.Conditions, b.Conditions, func(a, b appsv1.DeploymentCondition) bool {
			return a.Type == b.Type && a.Status == b.Status && a.Reason == b.Reason && a.Message == b.Message
		})
}

// judgeProgress keeps the condition Progressing: a rollout is under way until
// every replica is of the new template and available, and has failed when
// nothing has moved for progressDeadlineSeconds. Scaling is no rollout.
func (w *World) judgeProgress(wl *workload, before *appsv1.DeploymentStatus) {
	d, s := wl.dep, &wl.dep.Status
	name := wl.sets[len(wl.sets)-1].obj.Name
	if done := w.progressReason(d) == "NewReplicaSetAvailable"; done {
		return
	}
	if s.UpdatedReplicas == wl.replicas() && s.Replicas == wl.replicas() && s.AvailableReplicas == wl.replicas() {
		w.stop(wl.deadline)
		w.progressing(wl, "NewReplicaSetAvailable", fmt.Sprintf("ReplicaSet %q has successfully progressed.", name))
		return
	}
	moved := s.UpdatedReplicas > before.UpdatedReplicas || s.ReadyReplicas > before.ReadyReplicas || s.AvailableReplicas > before.AvailableReplicas ||
		s.Replicas-s.UpdatedReplicas < before.Replicas-before.UpdatedReplicas
	if moved {
		w.progressing(wl, "ReplicaSetUpdated", fmt.Sprintf("ReplicaSet %q is progressing.", name))
	}
	if moved || wl.deadline == nil {
		w.stop(wl.deadline)
		wl.deadline = w.after(time.Duration(or(d.Spec.ProgressDeadlineSeconds, 600))*time.Second, func() {
			if w.workloads[workloadKey{wl.kind, wl.ref}] != wl || w.progressReason(d) == "NewReplicaSetAvailable" {
				return
			}
			w.deploymentCondition(d, appsv1.DeploymentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded",
				fmt.Sprintf("ReplicaSet %q has timed out progressing.", name))
			w.emit(Modified, d)
		})
	}
}

func (w *World) progressReason(d *appsv1.Deployment) string {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing {
			return c.Reason
		}
	}
	return ""
}

func (w *World) progressing(wl *workload, reason, message string) {
	w.deploymentCondition(wl.dep, appsv1.DeploymentProgressing, corev1.ConditionTrue, reason, message)
}

func (w *World) deploymentCondition(d *appsv1.Deployment, typ appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) {
	now := w.stamp()
	for i := range d.Status.Conditions {
		c := &d.Status.Conditions[i]
		if c.Type != typ {
			continue
		}
		if c.Status != status {
			c.LastTransitionTime = now
		} else if c.Reason == reason && c.Message == message {
			return
		}
		c.Status, c.Reason, c.Message, c.LastUpdateTime = status, reason, message, now
		return
	}
	d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{
		Type: typ, Status: status, Reason: reason, Message: message, LastUpdateTime: now, LastTransitionTime: now,
	})
}

// setStatus counts the pods, and says so if that is news.
func (w *World) setStatus(rs *replicaSet, failed error) {
	s := &rs.obj.Status
	before := *s
	s.ObservedGeneration = rs.obj.Generation
	s.Replicas, s.ReadyReplicas, s.AvailableReplicas = 0, 0, 0
	terminating := int32(0)
	soonest := time.Duration(-1)
	minReady := time.Duration(rs.obj.Spec.MinReadySeconds) * time.Second
	for _, p := range rs.pods {
		switch {
		case p.finished() && !p.deleting:
		case p.deleting:
			terminating++
		default:
			s.Replicas++
			if !p.ready {
				continue
			}
			s.ReadyReplicas++
			if left := p.readySince.Add(minReady).Sub(w.now); left <= 0 {
				s.AvailableReplicas++
			} else if soonest < 0 || left < soonest {
				soonest = left
			}
		}
	}
	s.FullyLabeledReplicas, s.TerminatingReplicas = s.Replicas, &terminating
	w.setFailure(rs, failed)
	if soonest >= 0 {
		w.stop(rs.aged)
		rs.aged = w.after(soonest, func() { w.setChanged(rs) })
	}
	if before.ObservedGeneration != s.ObservedGeneration || before.Replicas != s.Replicas || before.ReadyReplicas != s.ReadyReplicas ||
		before.AvailableReplicas != s.AvailableReplicas || or(before.TerminatingReplicas, -1) != terminating || len(before.Conditions) != len(s.Conditions) {
		w.emit(Modified, rs.obj)
		w.changed(rs.wl)
	}
}

// setFailure keeps the condition ReplicaFailure.
func (w *World) setFailure(rs *replicaSet, err error) {
	s := &rs.obj.Status
	switch old := rs.failure(); {
	case err == nil:
		s.Conditions = nil
	case old == nil:
		s.Conditions = []appsv1.ReplicaSetCondition{{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, LastTransitionTime: w.stamp(), Reason: "FailedCreate", Message: err.Error(),
		}}
	}
}

func (rs *replicaSet) failure() *appsv1.ReplicaSetCondition {
	if len(rs.obj.Status.Conditions) == 0 {
		return nil
	}
	return &rs.obj.Status.Conditions[0]
}

// statefulSetStatus counts the pods, terminating ones included, and says so if
// that is news.
func (w *World) statefulSetStatus(wl *workload) {
	s := &wl.sts.Status
	before := *s
	revision := wl.ref.Name + "-" + wl.hash
	s.ObservedGeneration, s.UpdateRevision = wl.sts.Generation, revision
	s.Replicas, s.ReadyReplicas, s.AvailableReplicas, s.UpdatedReplicas = 0, 0, 0, 0
	updated := true
	for _, p := range wl.pods {
		s.Replicas++
		if p.ready {
			s.ReadyReplicas++
			s.AvailableReplicas++
		}
		if p.hash == wl.hash && !p.deleting {
			s.UpdatedReplicas++
		}
		updated = updated && p.hash == wl.hash
	}
	if updated {
		s.CurrentRevision = revision
	}
	s.CurrentReplicas = s.Replicas
	if s.CurrentRevision != s.UpdateRevision {
		s.CurrentReplicas = s.Replicas - s.UpdatedReplicas
	}
	if before.ObservedGeneration != s.ObservedGeneration || before.Replicas != s.Replicas || before.ReadyReplicas != s.ReadyReplicas ||
		before.UpdatedReplicas != s.UpdatedReplicas || before.CurrentRevision != s.CurrentRevision || before.UpdateRevision != s.UpdateRevision {
		w.emit(Modified, wl.sts)
	}
}
