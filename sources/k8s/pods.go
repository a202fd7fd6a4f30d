package k8s

import (
	"fmt"
	"time"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
)

// observePod translates a pod. Nothing of it is kept alive: what thousands of
// pods have in common is shared between them.
func observePod(p *corev1.Pod) kscope.Pod {
	out := kscope.Pod{
		Ref:      kscope.Ref{Namespace: share(kscope.Clean(p.Namespace)), Name: kscope.Clean(p.Name)},
		UID:      kscope.Clean(string(p.UID)),
		Labels:   shareMap(p.Labels),
		OwnerUID: share(ownerUID(p.OwnerReferences)),
		Node:     share(kscope.Clean(p.Spec.NodeName)),
		Created:  p.CreationTimestamp.Time,
		Started:  timeOf(p.Status.StartTime),
		Deleted:  timeOf(p.DeletionTimestamp),
		Phase:    share(kscope.Clean(string(p.Status.Phase))),
	}
	out.Scheduled = out.Node != ""
	for _, c := range p.Status.Conditions {
		switch c.Type {
		case corev1.PodReady:
			if c.Status == corev1.ConditionTrue {
				out.Ready = true
				out.ReadySince = c.LastTransitionTime.Time
			}
		case corev1.PodScheduled:
			out.Scheduled = out.Scheduled || c.Status == corev1.ConditionTrue
		}
	}
	for _, c := range p.Status.ContainerStatuses {
		out.Restarts += c.RestartCount
	}
	for i, c := range p.Status.InitContainerStatuses {
		if isSidecar(p, i, c.Name) {
			out.Restarts += c.RestartCount
		}
	}
	if !out.Ready {
		reason, message := notReady(p)
		out.Reason, out.Message = share(kscope.Clean(reason)), share(kscope.Clean(message))
	}
	return out
}

// notReady is the most telling reason why a pod is not ready, and the words
// that go with it: the pod's own, then the scheduler's, then that of the first
// init container that holds it up, then that of the worst container.
func notReady(p *corev1.Pod) (reason, message string) {
	if p.Status.Reason != "" {
		return p.Status.Reason, p.Status.Message
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Reason, c.Message
		}
	}
	for i, c := range p.Status.InitContainerStatuses {
		if r := stopped(c); r != "" {
			return r, "init container " + said(c)
		}
		if t := c.State.Terminated; t != nil && t.ExitCode == 0 {
			continue
		}
		if c.State.Running != nil && isSidecar(p, i, c.Name) && (c.Started == nil || *c.Started) {
			continue
		}
		if c.State.Running != nil {
			return "PodInitializing", fmt.Sprintf("init container %s (%d of %d) is running", c.Name, i+1, len(p.Status.InitContainerStatuses))
		}
		break // it has not begun; the containers say what they wait for
	}
	for _, c := range p.Status.ContainerStatuses {
		if r := stopped(c); r != "" {
			return r, said(c)
		}
	}
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil && w.Reason != "" {
			return w.Reason, w.Message
		}
	}
	if p.Status.Phase == corev1.PodSucceeded {
		return "Completed", ""
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Reason, c.Message
		}
	}
	return "", ""
}

// stopped is why a container has ended or cannot begin; "" while it runs, is
// about to, or has ended well.
func stopped(c corev1.ContainerStatus) string {
	switch w, t := c.State.Waiting, c.State.Terminated; {
	case w != nil && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing":
		return w.Reason
	case t != nil && (t.ExitCode != 0 || t.Signal != 0):
		if t.Reason == "" {
			return "Error"
		}
		return t.Reason
	}
	return ""
}

// said is what there is to say about a container that has stopped. A waiting
// container's own message tells less than how it ended the last time.
func said(c corev1.ContainerStatus) string {
	end := c.State.Terminated
	if end == nil {
		end = c.LastTerminationState.Terminated
	}
	s := c.Name
	if end != nil {
		s += fmt.Sprintf(": %s, exit code %d", end.Reason, end.ExitCode)
		if end.Message != "" {
			s += ": " + end.Message
		}
	}
	if w := c.State.Waiting; w != nil && w.Message != "" {
		s += ": " + w.Message
	}
	return s
}

// isSidecar reports whether an init container is one that keeps running.
func isSidecar(p *corev1.Pod, i int, name string) bool {
	init := p.Spec.InitContainers
	if i >= len(init) || init[i].Name != name { // statuses come in the order of the spec
		return false
	}
	policy := init[i].RestartPolicy
	return policy != nil && *policy == corev1.ContainerRestartPolicyAlways
}

func ownerUID(owners []metav1.OwnerReference) string {
	for _, o := range owners {
		if o.Controller != nil && *o.Controller {
			return kscope.Clean(string(o.UID))
		}
	}
	return ""
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// share gives the one copy of a string that everybody uses.
func share(s string) string { return unique.Make(s).Value() }

func shareMap(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		if kscope.Clean(k) == k { // no API server takes another
			out[share(k)] = share(kscope.Clean(v))
		}
	}
	return out
}
