package world

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
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
	values, failed := w.jobValues(sj)
	n := jobNumbers(&sj.spec, values)
	running, pending := sj.count()
	limit, scaleTo := n.decide(&sj.spec, running, pending)
	if n.active {
		sj.lastActive = w.now.Truncate(time.Second)
		if count := min(scaleTo, limit); count > 0 {
			for range count {
				w.addJob(sj)
			}
			w.tellJob(sj, "scale-handler", corev1.EventTypeNormal, "KEDAJobsCreated", "KEDAJobsCreated", fmt.Sprintf("Created %d jobs", count))
		}
	}
	sj.conditions.set("Ready", "True", "ScaledJobReady", jobReadyMessage)
	switch {
	case failed && n.active:
		sj.conditions.set("Ready", "Unknown", "PartialTriggerError", "Some triggers defined in ScaledJob are not working correctly")
	case failed:
		sj.conditions.set("Ready", "False", "TriggerError", "Triggers defined in ScaledJob are not working correctly")
	}
	was := sj.conditions.get("Active").status == "True"
	if n.active {
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

// jobValue is what one trigger of a ScaledJob says.
type jobValue struct {
	queue, target float64
	active        bool
}

// jobValues asks every trigger.
func (w *World) jobValues(sj *scaledJob) (values []jobValue, failed bool) {
	sj.activity = map[string]bool{}
	if sj.built == nil || sj.builtOf != sj.u.GetGeneration() {
		triggers, err := w.build(sj.u, sj.spec.Triggers, func(typ, reason, note string) { w.tellJob(sj, "scale-handler", typ, reason, reason, note) })
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
		values = append(values, jobValue{queue: v, target: float64(t.target) / 1000, active: active})
	}
	if failed {
		sj.built = nil
	}
	return values, failed
}

// jobCounts are the numbers that a poll of a ScaledJob goes by.
type jobCounts struct {
	queue, most int64 // combined queue length; how many Jobs it may come to
	active      bool
}

// jobNumbers combines what the triggers say. (scaledjob/metrics.go)
func jobNumbers(spec *scaledJobSpec, values []jobValue) jobCounts {
	limit := float64(spec.room())
	n := jobCounts{active: or(spec.MinReplicaCount, 0) > 0}
	var queue, most float64
	count := 0
	for _, v := range values {
		if !v.active {
			continue
		}
		n.active = true
		top := 0.0
		if v.target != 0 {
			top = min(v.queue/v.target, limit)
		}
		count++
		switch spec.ScalingStrategy.MultipleScalersCalculation {
		case "min":
			if count == 1 || v.queue < queue {
				queue, most = v.queue, top
			}
		case "avg", "sum":
			queue, most = queue+v.queue, most+top
		default:
			if v.queue > queue {
				queue, most = v.queue, top
			}
		}
	}
	if spec.ScalingStrategy.MultipleScalersCalculation == "avg" && count > 0 {
		queue, most = queue/float64(count), most/float64(count)
	}
	n.queue, n.most = int64(math.Ceil(queue)), int64(math.Ceil(min(most, limit)))
	return n
}

// room is how many Jobs there may be above the least.
func (s *scaledJobSpec) room() int64 {
	least, most := or(s.MinReplicaCount, 0), or(s.MaxReplicaCount, 100)
	if least > most {
		return int64(most)
	}
	return int64(most - least)
}

// decide gives how many Jobs may be made, and how many the queue asks for, by
// the scaling strategy. (scale_jobs.go: getScalingDecision)
func (n jobCounts) decide(spec *scaledJobSpec, running, pending int64) (limit, scaleTo int64) {
	least, room, most := int64(or(spec.MinReplicaCount, 0)), spec.room(), n.most
	if running < least {
		return least - running, least - running
	}
	run, s := running-least, spec.ScalingStrategy
	scaleTo = n.queue
	strategy := s.Strategy
	share, err := strconv.ParseFloat(s.RunningJobPercentage, 64)
	if strategy == "custom" && err != nil {
		strategy = "default"
	}
	switch strategy {
	case "custom":
		limit = min(most-int64(or(s.QueueLengthDeduction, 0))-int64(float64(run)*share), room)
	case "accurate":
		if most+run-pending > room {
			limit = room - run
		} else {
			limit = most - pending
		}
	case "eager":
		limit, scaleTo = min(room-run-pending, most), room
	default:
		limit = most - run
	}
	return max(limit, 0), scaleTo
}
