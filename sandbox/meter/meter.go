// Package meter is what a metrics-server finds that pods use, who are at work all of
// the time or none: all the cpu that it requests while it has a job in hand, and next to
// none while it waits; of its memory a part at all times.
package meter

import (
	"cmp"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope/scaling"
)

// Every is how often it looks, and over how long a time its figures are.
const Every = 15 * time.Second

// The parts of what it asked for that a pod uses.
const (
	restsCPU    = 0.02
	worksCPU    = 1.0
	restsMemory = 0.4
	worksMemory = 0.9
)

// What containers have that request nothing, in thousandths.
const (
	unaskedCPU    = 1000
	unaskedMemory = 256 << 20 * 1000
)

// The HPA controller's flags for pods that have only just begun, at their defaults.
const (
	initialization = 5 * time.Minute
	firstReadiness = 30 * time.Second
)

// Meter is how much of its time a pod was at work. The zero Meter is that of one that
// has just been started.
type Meter struct {
	worked time.Duration // on jobs that are over
	began  time.Time     // the one in hand; zero without one
	at     time.Time     // when it was looked at last
	had    time.Duration // and what was worked by then
	share  float64       // between the last two looks
	known  bool          // there were two
}

// Begins is that the pod has a job in hand.
func (m *Meter) Begins(now time.Time) { m.began = now }

// Ends is that it has none any more.
func (m *Meter) Ends(now time.Time) {
	if !m.began.IsZero() {
		m.worked, m.began = m.worked+now.Sub(m.began), time.Time{}
	}
}

// Look is a look of the metrics-server.
func (m *Meter) Look(now time.Time) {
	all := m.worked
	if !m.began.IsZero() {
		all += now.Sub(m.began)
	}
	if m.known = !m.at.IsZero() && now.After(m.at); m.known {
		m.share = float64(all-m.had) / float64(now.Sub(m.at))
	}
	m.at, m.had = now, all
}

// Use is what the HPA controller knows of a pod at a sync, with the error that it meets
// where it wants a share of what the containers, or one of them, request and one of those
// requests nothing. (replica_calculator.go: groupPods, calculatePodRequests)
func (m *Meter) Use(pod *corev1.Pod, name corev1.ResourceName, container string, share bool, now time.Time) (scaling.PodUse, error) {
	u := scaling.PodUse{Measured: m.known}
	u.Unready = pod.Status.Phase == corev1.PodPending || name == corev1.ResourceCPU && m.known && m.fromBefore(pod, now)
	found := false
	for _, c := range pod.Spec.Containers {
		if container != "" && c.Name != container {
			continue
		}
		found = true
		asked := c.Resources.Requests[name]
		if asked.IsZero() {
			asked = c.Resources.Limits[name] // which stands for both
		}
		if asked.IsZero() && share {
			return u, fmt.Errorf("missing request for %s in container %s of Pod %s", name, c.Name, pod.Name)
		}
		u.Requests += asked.MilliValue()
		u.Uses += int64(m.of(name) * float64(cmp.Or(asked.MilliValue(), unasked(name))))
	}
	if !found && m.known {
		return u, fmt.Errorf("container %s not present in metrics for pod %s/%s", container, pod.Namespace, pod.Name)
	}
	return u, nil
}

// of is the part of what it asked for that a pod uses.
func (m *Meter) of(name corev1.ResourceName) float64 {
	if name == corev1.ResourceCPU {
		return restsCPU + (worksCPU-restsCPU)*m.share
	}
	return restsMemory + (worksMemory-restsMemory)*m.share
}

func unasked(name corev1.ResourceName) int64 {
	if name == corev1.ResourceCPU {
		return unaskedCPU
	}
	return unaskedMemory
}

// fromBefore reports whether the figures of a pod are from when it was not ready, or
// about that time.
func (m *Meter) fromBefore(pod *corev1.Pod, now time.Time) bool {
	ready := corev1.PodCondition{Status: corev1.ConditionFalse}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			ready = c
		}
	}
	s, since := pod.Status.StartTime, ready.LastTransitionTime
	switch {
	case s == nil || since.IsZero():
		return true
	case s.Add(initialization).After(now):
		return ready.Status == corev1.ConditionFalse || m.at.Before(since.Add(Every))
	}
	return ready.Status == corev1.ConditionFalse && s.Add(firstReadiness).After(since.Time)
}
