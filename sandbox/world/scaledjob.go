package world

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/dump"
	"github.com/kscope/kscope/scaling"
)

// scaledJob is a ScaledJob and what KEDA's operator keeps about it.
type scaledJob struct {
	ref         kscope.Ref
	u           *unstructured.Unstructured
	spec        scaledJobSpec
	rev         int
	conditions  conditions
	lastActive  time.Time
	activity    map[string]bool
	types       string
	auths       string
	loopOf      int64
	poll        *timer
	built       []trigger
	builtOf     int64
	retry       backoff
	reconciling *timer
	jobs        []*job
}

// The words of KEDA's conditions.
const jobReadyMessage = "ScaledJob is defined correctly and is ready for scaling"

func (w *World) applyScaledJob(u *unstructured.Unstructured) error {
	sj := &scaledJob{ref: refOf(u), u: u}
	if err := decode(u, &sj.spec); err != nil {
		return err
	}
	status := u.Object["status"]
	unstructured.RemoveNestedField(u.Object, "status")
	old := w.jobs[sj.ref]
	if old == nil {
		w.jobs[sj.ref] = sj
		if w.born(u) {
			w.goOnWithScaledJob(sj, status)
		}
		w.emitScaledJob(Added, sj)
		w.wantReconcileJob(sj)
		return nil
	}
	same := sameJSON(old.u.Object["spec"], u.Object["spec"])
	w.replace(old.u, u, same)
	old.u, old.spec = u, sj.spec
	w.emitScaledJob(Modified, old)
	w.wantReconcileJob(old)
	return nil
}

func (sj *scaledJob) polling() time.Duration {
	return max(time.Second, seconds(sj.spec.PollingInterval, 30))
}

func (w *World) emitScaledJob(verb ChangeVerb, sj *scaledJob) {
	sj.rev++
	w.emit(verb, sj.u)
}

func (w *World) tellJob(sj *scaledJob, reporter, typ, reason, action, note string) {
	w.events.newer(w, regarding(sj.u, sj.rev), reporter, typ, reason, action, note)
}

func (w *World) publishScaledJob(sj *scaledJob) {
	s := sj.status()
	if old, ok := sj.u.Object["status"].(map[string]any); ok && sameJSON(old, s) {
		return
	}
	sj.u.Object["status"] = s
	w.emitScaledJob(Modified, sj)
}

func (sj *scaledJob) status() map[string]any {
	s := map[string]any{"conditions": sj.conditions.list(), "triggersTypes": sj.types, "authenticationsTypes": sj.auths}
	if !sj.lastActive.IsZero() {
		s["lastActiveTime"] = sj.lastActive.UTC().Format(time.RFC3339)
	}
	if len(sj.activity) > 0 {
		m := make(map[string]any, len(sj.activity))
		for name, active := range sj.activity {
			m[name] = map[string]any{"isActive": active}
		}
		s["triggersActivity"] = m
	}
	return s
}

// wantReconcileJob has KEDA's operator look at a ScaledJob soon.
func (w *World) wantReconcileJob(sj *scaledJob) {
	w.stop(sj.reconciling)
	sj.retry = backoff{first: 5 * time.Millisecond, most: 1000 * time.Second}
	sj.reconciling = w.after(w.delay(), func() { w.reconcileJob(sj) })
}

// reconcileJob is KEDA's reconciler for one ScaledJob.
func (w *World) reconcileJob(sj *scaledJob) {
	if w.jobs[sj.ref] != sj {
		return
	}
	if f := sj.u.GetFinalizers(); !slices.Contains(f, finalizer) {
		sj.u.SetFinalizers(append(f, finalizer))
		w.emitScaledJob(Modified, sj)
	}
	if sj.conditions == nil {
		sj.conditions = initialConditions()
	}
	sj.types, sj.auths = typesOf(sj.spec.Triggers)
	wasPaused := sj.conditions.get("Paused").status == "True"
	if flag(sj.u.GetAnnotations(), paused) {
		w.stop(sj.poll)
		sj.loopOf = 0
		sj.conditions.set("Paused", "True", "ScaledJobPaused", "ScaledJob is paused")
		if !wasPaused {
			w.tellJob(sj, "keda-operator", corev1.EventTypeNormal, "ScaledJobPaused", "ScaledJob is paused", "ScaledJob is paused")
		}
		w.publishScaledJob(sj)
		return
	}
	if wasPaused {
		sj.conditions.set("Paused", "False", "ScaledJobUnpaused", "ScaledJob is unpaused")
		w.tellJob(sj, "keda-operator", corev1.EventTypeNormal, "ScaledJobUnpaused", "ScaledJob is unpaused", "ScaledJob is unpaused")
	}
	message := ""
	if checkTriggers(sj.spec.Triggers) != nil {
		message = "ScaledJob doesn't have correct triggers specification"
	} else if _, err := w.scalersOfJob(sj); err != nil {
		message = "Failed to ensure ScaledJob is correctly created" // an event says why
	}
	if message != "" {
		sj.conditions.set("Ready", "False", "ScaledJobCheckFailed", message)
		sj.conditions.set("Active", "Unknown", "UnknownState", "ScaledJob check failed")
		w.tellJob(sj, "keda-operator", corev1.EventTypeWarning, "ScaledJobCheckFailed", message, message)
		w.publishScaledJob(sj)
		w.stop(sj.reconciling)
		sj.reconciling = w.after(sj.retry.next(), func() { w.reconcileJob(sj) })
		return
	}
	sj.retry.failures = 0
	if sj.conditions.get("Ready").status != "True" {
		w.tellJob(sj, "keda-operator", corev1.EventTypeNormal, "ScaledJobReady", "ScaledJob is ready for scaling", "ScaledJob is ready for scaling")
	}
	sj.conditions.set("Ready", "True", "ScaledJobReady", jobReadyMessage)
	w.publishScaledJob(sj)
	if sj.loopOf != sj.u.GetGeneration() {
		w.startJobLoop(sj)
	}
}

// startJobLoop starts the loop of a ScaledJob as it is now; Jobs of older
// versions go, unless the rollout is gradual.
func (w *World) startJobLoop(sj *scaledJob) {
	if sj.loopOf == 0 {
		w.tellJob(sj, "scale-handler", corev1.EventTypeNormal, "KEDAScalersStarted", "ScalersWatchStarted", "Started scalers watch")
	}
	sj.loopOf = sj.u.GetGeneration()
	rollout, _, _ := unstructured.NestedString(sj.u.Object, "spec", "rollout", "strategy")
	older, _, _ := unstructured.NestedString(sj.u.Object, "spec", "rolloutStrategy")
	if rollout != "gradual" && older != "gradual" {
		for _, j := range slices.Clone(sj.jobs) {
			if j.generation != sj.loopOf {
				w.removeJob(j)
			}
		}
	}
	w.stop(sj.poll)
	sj.poll = w.after(w.delay(), func() { w.pollScaledJob(sj) })
}

func (w *World) removeScaledJob(sj *scaledJob) {
	w.stop(sj.poll)
	delete(w.jobs, sj.ref)
	for _, j := range slices.Clone(sj.jobs) {
		w.removeJob(j)
	}
	w.tellJob(sj, "keda-operator", corev1.EventTypeWarning, "ScaledJobDeleted", "ScaledJob was deleted", "ScaledJob was deleted")
	w.emitScaledJob(Deleted, sj)
}

// pollScaledJob is one turn of the loop: KEDA makes the Jobs itself.
func (w *World) pollScaledJob(sj *scaledJob) {
	sj.poll = w.after(sj.polling(), func() { w.pollScaledJob(sj) })
	if w.isBroken(NoOperator, kscope.Ref{}) {
		return
	}
	values, failed := w.jobValues(sj)
	running, pending := sj.count()
	n := sj.spec.rules().Decide(values, running, pending)
	if n.Active {
		sj.lastActive = scaling.ActiveAt(w.now)
		if count := n.Create(); count > 0 {
			if room := int64(mostPods - w.countJobs()); count > room {
				w.tellJob(sj, "scale-handler", corev1.EventTypeWarning, "FailedCreate", "FailedCreate",
					fmt.Sprintf("Failed to create %d jobs: exceeded quota: sandbox, limited: count/jobs.batch=%d", count-room, mostPods))
				count = room
			}
			for range count {
				w.addJob(sj)
			}
			w.tellJob(sj, "scale-handler", corev1.EventTypeNormal, "KEDAJobsCreated", "KEDAJobsCreated", fmt.Sprintf("Created %d jobs", count))
		}
	}
	sj.conditions.set("Ready", "True", "ScaledJobReady", jobReadyMessage)
	switch {
	case failed && n.Active:
		sj.conditions.set("Ready", "Unknown", "PartialTriggerError", "Some triggers defined in ScaledJob are not working correctly")
	case failed:
		sj.conditions.set("Ready", "False", "TriggerError", "Triggers defined in ScaledJob are not working correctly")
	}
	was := sj.conditions.get("Active").status == "True"
	if n.Active {
		if !was {
			w.tellJob(sj, "scale-handler", corev1.EventTypeNormal, "ScaledJobActive", "ScaledJobActive", activeMessage)
		}
		sj.conditions.set("Active", "True", "ScalerActive", activeMessage)
	} else {
		if was {
			w.tellJob(sj, "scale-handler", corev1.EventTypeNormal, "ScaledJobInactive", "ScaledJobInactive", inactiveMessage)
		}
		sj.conditions.set("Active", "False", "ScalerNotActive", inactiveMessage)
	}
	w.publishScaledJob(sj)
	w.dropFinished(sj)
}

// countJobs is how many Jobs there are.
func (w *World) countJobs() (n int) {
	for _, sj := range w.jobs {
		n += len(sj.jobs)
	}
	return n
}

// rules are the settings that the number of Jobs follows from.
func (s *scaledJobSpec) rules() scaling.Jobs {
	strategy := s.ScalingStrategy
	j := scaling.Jobs{
		Min: or(s.MinReplicaCount, 0), Max: or(s.MaxReplicaCount, 100), Strategy: strategy.Strategy,
		Deduction: or(strategy.QueueLengthDeduction, 0), Combine: strategy.MultipleScalersCalculation,
	}
	share, err := strconv.ParseFloat(strategy.RunningJobPercentage, 64)
	if err != nil && j.Strategy == "custom" {
		j.Strategy = "default"
	}
	j.Share = share
	return j
}

// scalersOfJob is the scaler cache of a ScaledJob, built if it has to be.
func (w *World) scalersOfJob(sj *scaledJob) (all []trigger, err error) {
	if sj.built != nil && sj.builtOf == sj.u.GetGeneration() {
		return sj.built, nil
	}
	env := environment{&sj.spec.JobTargetRef.Template.Spec, sj.spec.Container}
	all, err = w.build(sj.u, env, sj.spec.Triggers, func(typ, reason, note string) { w.tellJob(sj, "scale-handler", typ, reason, reason, note) })
	sj.built, sj.builtOf = all, sj.u.GetGeneration()
	return all, err
}

// jobValues asks every trigger.
func (w *World) jobValues(sj *scaledJob) (values []scaling.JobReading, failed bool) {
	sj.activity = map[string]bool{}
	built, err := w.scalersOfJob(sj)
	if err != nil {
		return nil, true
	}
	for _, t := range built {
		if t.resource != "" {
			continue
		}
		v, compared, err := w.ask(sj.ref.Namespace, t)
		if err != nil {
			failed = true
			w.tellJob(sj, "scale-handler", corev1.EventTypeWarning, "KEDAScalerFailed", "KEDAScalerFailed", err.Error())
			continue
		}
		active := t.active(compared)
		sj.activity[t.metric] = active
		values = append(values, scaling.JobReading{Queue: v, Target: float64(t.target) / 1000, Active: active})
	}
	if failed {
		sj.built = nil
	}
	return values, failed
}

// goOnWithScaledJob has the operator go on with a ScaledJob out of a dump.
func (w *World) goOnWithScaledJob(sj *scaledJob, status any) {
	s := dump.StatusOf(status)
	sj.conditions, sj.lastActive, sj.activity = conditionsOf(s), s.LastActive(), s.Activity()
	if sj.conditions == nil {
		return
	}
	sj.types, sj.auths = typesOf(sj.spec.Triggers)
	sj.u.Object["status"] = sj.status()
	if sj.conditions.get("Ready").status == "True" && !flag(sj.u.GetAnnotations(), paused) {
		sj.loopOf = sj.u.GetGeneration()
		sj.poll = w.after(w.comesRound(sj.lastActive, sj.polling()), func() { w.pollScaledJob(sj) })
	}
}

// goOnWithJob takes over a Job out of a dump that runs. It has its work in hand, and its
// pod is made anew.
func (w *World) goOnWithJob(from *batchv1.Job) {
	sj := w.jobs[kscope.Ref{Namespace: from.Namespace, Name: dump.Owner(from)}]
	if sj == nil || w.countJobs() >= mostPods {
		return
	}
	j := w.newJob(sj, from.Name)
	j.busy = true
	if n, err := strconv.ParseInt(from.Annotations["scaledjob.keda.sh/generation"], 10, 64); err == nil {
		j.generation = n
	}
	if t := from.CreationTimestamp; !t.IsZero() {
		j.obj.CreationTimestamp, j.obj.Status.StartTime = t, &t
	}
	w.emit(Added, j.obj)
	if or(from.Status.Ready, 0) > 0 {
		w.wasReady(j.obj.CreationTimestamp.Add(w.o.StartTime), func() *pod { w.addJobPod(j); return j.pod })
		w.stop(j.pod.work) // which began then
		j.pod.work = nil
		w.jobWorks(j.pod)
	} else {
		j.next = w.after(w.delay(), func() { w.addJobPod(j) })
	}
}
