package world

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

// scaledJob is a ScaledJob and what KEDA's operator keeps about it.
type scaledJob struct {
	ref        kscope.Ref
	u          *unstructured.Unstructured
	spec       scaledJobSpec
	rev        int
	conditions conditions
	lastActive time.Time
	activity   map[string]bool
	types      string
	auths      string
	loopOf     int64
	poll       *timer
	built      []trigger
	builtOf    int64
	jobs       []*job
}

// The words of KEDA's conditions.
const jobReadyMessage = "ScaledJob is defined correctly and is ready for scaling"

func (w *World) applyScaledJob(u *unstructured.Unstructured) error {
	sj := &scaledJob{ref: refOf(u), u: u}
	if err := decode(u, &sj.spec); err != nil {
		return err
	}
	unstructured.RemoveNestedField(u.Object, "status")
	old := w.jobs[sj.ref]
	if old == nil {
		u.SetUID(w.uid())
		u.SetCreationTimestamp(w.stamp())
		u.SetGeneration(1)
		w.jobs[sj.ref] = sj
		w.emitScaledJob(Added, sj)
		w.after(w.delay(), func() { w.reconcileJob(sj) })
		return nil
	}
	same := sameJSON(old.u.Object["spec"], u.Object["spec"])
	w.replace(old.u, u, same)
	old.u, old.spec = u, sj.spec
	w.emitScaledJob(Modified, old)
	w.after(w.delay(), func() { w.reconcileJob(old) })
	return nil
}

func (w *World) emitScaledJob(verb ChangeVerb, sj *scaledJob) {
	sj.rev++
	w.emit(verb, sj.u)
}

func (w *World) tellJob(sj *scaledJob, reporter, typ, reason, action, note string) {
	w.events.newer(w, regarding(sj.u, sj.rev), reporter, typ, reason, action, note)
}

func (w *World) publishScaledJob(sj *scaledJob) {
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
	if old, ok := sj.u.Object["status"].(map[string]any); ok && sameJSON(old, s) {
		return
	}
	sj.u.Object["status"] = s
	w.emitScaledJob(Modified, sj)
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
	if err := checkTriggers(sj.spec.Triggers); err != nil {
		message := "ScaledJob doesn't have correct triggers specification: " + err.Error()
		sj.conditions.set("Ready", "False", "ScaledJobCheckFailed", message)
		sj.conditions.set("Active", "Unknown", "UnknownState", "ScaledJob check failed")
		w.tellJob(sj, "keda-operator", corev1.EventTypeWarning, "ScaledJobCheckFailed", message, message)
		w.publishScaledJob(sj)
		return
	}
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
	sj.poll = w.after(max(time.Second, seconds(sj.spec.PollingInterval, 30)), func() { w.pollScaledJob(sj) })
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

// jobValues asks every trigger.
func (w *World) jobValues(sj *scaledJob) (values []scaling.JobReading, failed bool) {
	sj.activity = map[string]bool{}
	if sj.built == nil || sj.builtOf != sj.u.GetGeneration() {
		triggers, err := w.build(sj.u, environment{&sj.spec.JobTargetRef.Template.Spec, sj.spec.Container}, sj.spec.Triggers, func(typ, reason, note string) { w.tellJob(sj, "scale-handler", typ, reason, reason, note) })
		if err != nil {
			return nil, true
		}
		sj.built, sj.builtOf = triggers, sj.u.GetGeneration()
	}
	for _, t := range sj.built {
		if t.resource != "" {
			continue
		}
		v, err := w.ask(sj.ref.Namespace, t)
		if err != nil {
			failed = true
			w.tellJob(sj, "scale-handler", corev1.EventTypeWarning, "KEDAScalerFailed", "KEDAScalerFailed", err.Error())
			continue
		}
		active := t.active(v)
		sj.activity[t.metric] = active
		values = append(values, scaling.JobReading{Queue: v, Target: float64(t.target) / 1000, Active: active})
	}
	if failed {
		sj.built = nil
	}
	return values, failed
}
