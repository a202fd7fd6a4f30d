package world

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/sandbox/meter"
)

// place is the scheduler: the node with the fewest pods.
func (w *World) place(p *pod) {
	if w.isBroken(NoRoom, p.workload) {
		message := fmt.Sprintf("0/%d nodes are available: %d Insufficient cpu. no new claims to deallocate, "+
			"preemption: 0/%d nodes are available: %d No preemption victims found for incoming pod.", nodeCount, nodeCount, nodeCount, nodeCount)
		w.setPodCondition(p, corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, message)
		w.emit(Modified, p.obj)
		about := reference(p.obj, "v1", "Pod")
		w.events.newer(w, about, "default-scheduler", corev1.EventTypeWarning, "FailedScheduling", "Scheduling", message)
		return
	}
	p.node = 0
	for i, n := range w.nodes {
		if n < w.nodes[p.node] {
			p.node = i
		}
	}
	w.nodes[p.node]++
	p.obj.Spec.NodeName = fmt.Sprintf("sandbox-%d", p.node+1)
	p.stage = starting
	w.setPodCondition(p, corev1.PodScheduled, corev1.ConditionTrue, "", "")
	w.emit(Modified, p.obj)
	w.podded(p, "scheduled")
	p.step = w.after(w.delay(), func() { w.take(p) })
}

// take is the kubelet's first look at a pod. Init containers count as done.
func (w *World) take(p *pod) {
	p.taken = w.now
	now := w.stamp()
	s := &p.obj.Status
	s.StartTime, s.HostIP = &now, fmt.Sprintf("10.0.0.%d", p.node+1)
	notReady := fmt.Sprintf("containers with unready status: [%s]", p.containers())
	scheduled := s.Conditions
	s.Conditions = nil
	w.setPodCondition(p, corev1.PodReadyToStartContainers, corev1.ConditionTrue, "", "")
	w.setPodCondition(p, corev1.PodInitialized, corev1.ConditionTrue, "", "")
	s.ContainerStatuses = make([]corev1.ContainerStatus, len(p.obj.Spec.Containers))
	for i, c := range p.obj.Spec.Containers {
		s.ContainerStatuses[i] = corev1.ContainerStatus{Name: c.Name, Image: c.Image, State: waiting("ContainerCreating", ""), Started: new(bool)}
	}
	w.unready(p, "ContainersNotReady", notReady)
	s.Conditions = append(s.Conditions, scheduled...)
	w.emit(Modified, p.obj)
	if w.isBroken(BadImage, p.workload) {
		p.step = w.after(pullTakes, func() { w.pull(p) })
		return
	}
	p.step = w.after(w.pullsLonger(p)+spread(w.starts, w.o.StartTime, w.o.StartSpread), func() { w.start(p) })
}

// slowPull is how much longer a slow image takes.
const slowPull = 90 * time.Second

func (w *World) pullsLonger(p *pod) time.Duration {
	if w.isBroken(SlowImages, p.workload) {
		return slowPull
	}
	return 0
}

// crashes reports whether the containers of a pod do not last.
func (w *World) crashes(p *pod) bool {
	return w.isBroken(CrashPods, p.workload) || w.isBroken(OutOfMemory, p.workload)
}

// How long a pull that fails takes, and how long its error shows before the
// kubelet says that it backs off.
const (
	pullTakes = time.Second
	errorFor  = 3 * time.Second
)

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// pull is an attempt to get a pod's images.
func (w *World) pull(p *pod) {
	if !w.isBroken(BadImage, p.workload) {
		p.step = w.after(spread(w.starts, w.o.StartTime, w.o.StartSpread), func() { w.start(p) })
		return
	}
	image := p.obj.Spec.Containers[0].Image
	failure := fmt.Sprintf("rpc error: code = NotFound desc = failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", image, image, image)
	w.allWaiting(p, waiting("ErrImagePull", failure))
	w.podWarning(p, "Failed", fmt.Sprintf("Failed to pull image %q: %s", image, failure))
	retry := p.pulls.next()
	p.step = w.after(errorFor, func() {
		w.allWaiting(p, waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", image, failure)))
		w.podWarning(p, "Failed", "Error: ImagePullBackOff")
		p.step = w.after(retry-errorFor+pullTakes, func() { w.pull(p) })
	})
}

// allWaiting gives every container the same state.
func (w *World) allWaiting(p *pod, state corev1.ContainerState) {
	for i := range p.obj.Status.ContainerStatuses {
		p.obj.Status.ContainerStatuses[i].State = *state.DeepCopy()
	}
	w.emit(Modified, p.obj)
	w.ownerChanged(p)
}

// start runs a pod's containers.
func (w *World) start(p *pod) {
	p.stage, p.started, p.meter = running, w.now, meter.Meter{}
	p.obj.Status.Phase = corev1.PodRunning
	yes := true
	for i := range p.obj.Status.ContainerStatuses {
		s := &p.obj.Status.ContainerStatuses[i]
		if s.State.Terminated != nil {
			s.LastTerminationState = corev1.ContainerState{Terminated: s.State.Terminated}
		}
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: w.stamp()}}
		s.Started, s.RestartCount = &yes, p.restarts
		if p.obj.Spec.Containers[i].StartupProbe != nil {
			s.Started = new(bool)
		}
	}
	w.podded(p, "started")
	at := p.readyAt()
	if at.After(w.now) {
		w.emit(Modified, p.obj)
	}
	switch {
	case w.crashes(p):
		if !at.After(w.now) {
			w.becomeReady(p)
		}
		w.stop(p.step)
		p.step = w.after(crashesAfter, func() { w.crash(p) })
	case at.After(w.now):
		p.step = w.at(at, func() { w.becomeReady(p) })
	default:
		w.becomeReady(p)
	}
}

// readyAt is when the last container passes its readiness probe: at a tick of
// the probe, which ticks from when the kubelet took the pod and leaves out
// what comes before the initial delay; at once without a probe. After a
// startup probe has passed, readiness is probed at once.
func (p *pod) readyAt() time.Time {
	latest := p.started
	for _, c := range p.obj.Spec.Containers {
		at := p.started
		if c.StartupProbe != nil {
			at = p.tick(c.StartupProbe)
		}
		if r := c.ReadinessProbe; r != nil {
			passes := time.Duration(max(r.SuccessThreshold, 1)-1) * period(r)
			if c.StartupProbe != nil && !at.Before(p.started.Add(time.Duration(r.InitialDelaySeconds)*time.Second)) {
				at = at.Add(passes)
			} else {
				at = p.tick(r).Add(passes)
			}
		}
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

func period(probe *corev1.Probe) time.Duration {
	if probe.PeriodSeconds <= 0 {
		return 10 * time.Second
	}
	return time.Duration(probe.PeriodSeconds) * time.Second
}

// tick is the first tick of a probe that counts.
func (p *pod) tick(probe *corev1.Probe) time.Time {
	from, every := p.started.Add(time.Duration(probe.InitialDelaySeconds)*time.Second), period(probe)
	n := (from.Sub(p.taken) + every - 1) / every
	return p.taken.Add(n * every)
}

// becomeReady is a readiness probe that passes, or the lack of one.
func (w *World) becomeReady(p *pod) {
	if w.isBroken(NeverReady, p.workload) {
		w.emit(Modified, p.obj)
		return
	}
	p.ready, p.readySince = true, w.now.Truncate(time.Second)
	w.setPodCondition(p, corev1.PodReady, corev1.ConditionTrue, "", "")
	w.setPodCondition(p, corev1.ContainersReady, corev1.ConditionTrue, "", "")
	yes := true
	for i := range p.obj.Status.ContainerStatuses {
		p.obj.Status.ContainerStatuses[i].Ready = true
		p.obj.Status.ContainerStatuses[i].Started = &yes
	}
	w.emit(Modified, p.obj)
	w.podded(p, "ready")
	w.ownerChanged(p)
	w.look(p)
}

// crashesAfter is how long a container that crashes runs.
const crashesAfter = time.Second

// crash ends a pod's containers with an error. The first time they are started
// again at once, then with a back-off of 10 s that doubles to 5 minutes and
// is forgotten after 10 minutes without a crash.
func (w *World) crash(p *pod) {
	if p.stage != running {
		return
	}
	if p.deleting {
		w.dropWork(p)
		w.exit(p, 1)
		return
	}
	w.stop(p.step)
	w.dropWork(p)
	w.leave(p)
	if w.now.Sub(p.started) >= 10*time.Minute {
		p.crashes.failures = 0
	}
	p.stage = crashed
	code, reason := int32(1), "Error"
	if w.isBroken(OutOfMemory, p.workload) {
		code, reason = 137, "OOMKilled"
	}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: metav1.NewTime(p.started.Truncate(time.Second)), FinishedAt: w.stamp(),
	}}
	for i := range p.obj.Status.ContainerStatuses {
		s := &p.obj.Status.ContainerStatuses[i]
		s.State, s.Started = *ended.DeepCopy(), new(bool)
	}
	w.unready(p, "ContainersNotReady", fmt.Sprintf("containers with unready status: [%s]", p.containers()))
	w.emit(Modified, p.obj)
	w.ownerChanged(p)
	if p.job != nil && p.obj.Spec.RestartPolicy == corev1.RestartPolicyNever {
		p.stage = running // that was its end
		w.exit(p, 1)
		return
	}
	wait := time.Duration(0)
	if p.crashes.failures > 0 {
		wait = backoff{p.crashes.first, p.crashes.most, p.crashes.failures - 1}.peek()
	}
	p.crashes.failures++
	p.step = w.after(500*time.Millisecond, func() { w.backOff(p, wait, ended) })
}

// backOff waits before containers that crashed are started again.
func (w *World) backOff(p *pod, wait time.Duration, ended corev1.ContainerState) {
	if wait > 0 {
		for i := range p.obj.Status.ContainerStatuses {
			s := &p.obj.Status.ContainerStatuses[i]
			s.State = waiting("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", wait, s.Name, p.inFull()))
			s.LastTerminationState = *ended.DeepCopy()
		}
		w.emit(Modified, p.obj)
		w.ownerChanged(p)
		w.podWarning(p, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s", p.obj.Spec.Containers[0].Name, p.inFull()))
	}
	p.step = w.after(wait, func() {
		p.restarts++
		w.start(p)
	})
}
