package world

import (
	"maps"
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/sandbox/brokers"
)

// job is a Job of a ScaledJob, with one pod at a time.
type job struct {
	sj         *scaledJob
	obj        *batchv1.Job
	generation int64 // of the ScaledJob when it was made
	pod        *pod
	retry      backoff
	next       *timer
	ended      time.Time // zero while it runs
	failed     bool
	removed    bool
	busy       bool // it had taken something when it came
}

// addJob makes a Job.
func (w *World) addJob(sj *scaledJob) {
	j := w.newJob(sj, "")
	w.emit(Added, j.obj)
	j.next = w.after(w.delay(), func() { w.addJobPod(j) })
}

// newJob is a Job of that name, or of one that is made up.
func (w *World) newJob(sj *scaledJob, name string) *job {
	labels := map[string]string{
		"app.kubernetes.io/name": sj.ref.Name, "app.kubernetes.io/version": kedaVersion, "app.kubernetes.io/part-of": sj.ref.Name,
		"app.kubernetes.io/managed-by": "keda-operator", "scaledjob.keda.sh/name": sj.ref.Name,
	}
	maps.Copy(labels, sj.u.GetLabels())
	annotations := map[string]string{"scaledjob.keda.sh/generation": strconv.FormatInt(sj.u.GetGeneration(), 10)}
	maps.Copy(annotations, sj.u.GetAnnotations())
	yes, one, uid := true, int32(1), w.uid()
	if name == "" {
		name = sj.ref.Name + "-" + w.suffix()
	}
	spec := *sj.spec.JobTargetRef.DeepCopy()
	spec.Parallelism, spec.Completions = &one, &one
	if spec.BackoffLimit == nil {
		limit := int32(6)
		spec.BackoffLimit = &limit
	}
	if spec.Template.Spec.RestartPolicy == "" {
		spec.Template.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
	}
	if spec.Template.Labels == nil {
		spec.Template.Labels = map[string]string{}
	}
	own := map[string]string{"batch.kubernetes.io/controller-uid": string(uid), "controller-uid": string(uid),
		"batch.kubernetes.io/job-name": name, "job-name": name}
	maps.Copy(spec.Template.Labels, own)
	spec.Template.Labels["scaledjob.keda.sh/name"] = sj.ref.Name
	spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"batch.kubernetes.io/controller-uid": string(uid)}}
	now := w.stamp()
	j := &job{sj: sj, generation: sj.u.GetGeneration(), retry: backoff{first: 10 * time.Second, most: 6 * time.Minute}}
	j.obj = &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: sj.ref.Namespace, Name: name, GenerateName: sj.ref.Name + "-", UID: uid, CreationTimestamp: now, Generation: 1,
			Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: sj.u.GetAPIVersion(), Kind: sj.u.GetKind(), Name: sj.ref.Name, UID: sj.u.GetUID(), Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Spec:   spec,
		Status: batchv1.JobStatus{StartTime: &now},
	}
	sj.jobs = append(sj.jobs, j)
	return j
}

// addJobPod makes a Job's pod.
func (w *World) addJobPod(j *job) {
	if j.removed || j.pod != nil || !j.ended.IsZero() {
		return
	}
	if w.isFull(j.sj.ref) {
		err := w.quotaError(j.obj.Namespace, j.obj.Name+"-"+w.suffix())
		w.events.older(w, reference(j.obj, "batch/v1", "Job"), "job-controller", corev1.EventTypeWarning, "FailedCreate", "Error creating: "+err.Error())
		j.next = w.after(j.retry.next(), func() { w.addJobPod(j) })
		return
	}
	yes := true
	owner := metav1.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: j.obj.Name, UID: j.obj.UID, Controller: &yes, BlockOwnerDeletion: &yes}
	prefix := j.obj.Name + "-"
	p := w.newPod(owner, j.obj.Namespace, prefix+w.suffix(), prefix, j.obj.Spec.Template.ObjectMeta, *j.obj.Spec.Template.Spec.DeepCopy())
	p.workload, p.job = j.sj.ref, j
	j.pod = p
	j.obj.Status.Active = 1
	w.emit(Modified, j.obj)
	w.begin(p)
}

// jobWorks is what the program in a Job's pod does: one job, if there is one,
// and then it ends.
func (w *World) jobWorks(p *pod) {
	if p.work != nil {
		return
	}
	took := w.o.NoWorkers || p.job.busy
	for i, t := range p.job.sj.spec.Triggers {
		q, ok := brokers.TriggerQueue(p.job.sj.ref.Namespace, p.job.sj.ref.Name, i, t.Type, t.Metadata)
		if !ok || took {
			continue
		}
		if got, err := w.takeFrom(p, q); err == nil && got {
			took = true
		}
	}
	d := exitAfter
	if took {
		d = spread(w.services, w.o.ServiceTime, w.o.ServiceSpread)
	}
	p.work = w.after(d, func() { w.done(p) })
}

// jobPodChanged is the Job controller on one Job.
func (w *World) jobPodChanged(j *job) {
	if j.removed || !j.ended.IsZero() {
		return
	}
	s := &j.obj.Status
	switch p := j.pod; {
	case p == nil, p.deleting:
		return
	case p.obj.Status.Phase == corev1.PodSucceeded:
		s.Active, s.Succeeded = 0, 1
		now := w.stamp()
		s.CompletionTime = &now
		w.endJob(j, false, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete, "CompletionsReached", "Reached expected number of succeeded pods")
	case p.obj.Status.Phase == corev1.PodFailed, p.restarts > *j.obj.Spec.BackoffLimit:
		s.Active = 0
		s.Failed++
		if s.Failed > *j.obj.Spec.BackoffLimit || p.restarts > *j.obj.Spec.BackoffLimit {
			w.endJob(j, true, batchv1.JobFailureTarget, batchv1.JobFailed, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
			if !p.finished() {
				w.terminate(p)
			}
			return
		}
		w.emit(Modified, j.obj)
		j.pod, p.job = nil, nil
		w.gone(p) // a real one stays, for whoever wants to look at it
		j.next = w.after(j.retry.next(), func() { w.addJobPod(j) })
	}
}

func (w *World) endJob(j *job, failed bool, first, second batchv1.JobConditionType, reason, message string) {
	j.ended, j.failed = w.now, failed
	now := w.stamp()
	for _, typ := range []batchv1.JobConditionType{first, second} {
		j.obj.Status.Conditions = append(j.obj.Status.Conditions, batchv1.JobCondition{
			Type: typ, Status: corev1.ConditionTrue, LastProbeTime: now, LastTransitionTime: now, Reason: reason, Message: message,
		})
	}
	w.emit(Modified, j.obj)
}

// removeJob deletes a Job and its pod.
func (w *World) removeJob(j *job) {
	j.removed = true
	w.stop(j.next)
	j.sj.jobs = slices.DeleteFunc(j.sj.jobs, func(o *job) bool { return o == j })
	w.emit(Deleted, j.obj)
	if j.pod != nil {
		w.terminate(j.pod)
	}
}

// count gives how many Jobs run, and how many of those have no pod that runs.
func (sj *scaledJob) count() (running, pending int64) {
	for _, j := range sj.jobs {
		if !j.ended.IsZero() {
			continue
		}
		running++
		if !j.isUp(sj.spec.ScalingStrategy.PendingPodConditions) {
			pending++
		}
	}
	return running, pending
}

// isUp reports whether a Job's pod runs, or has all of the conditions asked
// for.
func (j *job) isUp(wanted []string) bool {
	if j.pod == nil {
		return false
	}
	s := j.pod.obj.Status
	if len(wanted) == 0 {
		return s.Phase == corev1.PodRunning || s.Phase == corev1.PodSucceeded
	}
	for _, typ := range wanted {
		if !slices.ContainsFunc(s.Conditions, func(c corev1.PodCondition) bool { return string(c.Type) == typ && c.Status == corev1.ConditionTrue }) {
			return false
		}
	}
	return true
}

// dropFinished deletes the oldest finished Jobs beyond the limits.
func (w *World) dropFinished(sj *scaledJob) {
	drop := func(failed bool, limit int) {
		var done []*job
		for _, j := range sj.jobs {
			if !j.ended.IsZero() && j.failed == failed {
				done = append(done, j)
			}
		}
		slices.SortStableFunc(done, func(a, b *job) int { return a.ended.Compare(b.ended) })
		for _, j := range done[:max(0, len(done)-limit)] {
			w.removeJob(j)
		}
	}
	drop(false, int(or(sj.spec.SuccessfulJobsHistoryLimit, 100)))
	drop(true, int(or(sj.spec.FailedJobsHistoryLimit, 100)))
}
