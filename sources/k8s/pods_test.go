package k8s

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope"
)

func TestObservePodFailing(t *testing.T) {
	type facts struct {
		State           string
		Reason, Message string
		Restarts        int32
	}
	want := map[string]facts{
		"completed":      {"finished", "Completed", "", 0},
		"crash-loop":     {"failing", "Error", "worker: Error, exit code 3", 3},
		"image-missing":  {"failing", "ErrImageNeverPull", `worker: Container image "rig.test/nowhere:9" is not present with pull policy of Never`, 0},
		"init-stuck":     {"starting", "PodInitializing", "init container wait-for-redis (1 of 1) is running", 0},
		"no-configmap":   {"failing", "CreateContainerConfigError", `worker: configmap "missing" not found`, 0},
		"not-ready":      {"starting", "ContainersNotReady", "containers with unready status: [worker]", 0},
		"oom":            {"failing", "OOMKilled", "worker: OOMKilled, exit code 137", 3},
		"two-containers": {"ready", "", "", 0},
		"unschedulable":  {"failing", "Unschedulable", "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.", 0},
	}
	got := map[string]facts{}
	for _, p := range recorded[corev1.PodList](t, "pods-failing.json").Items {
		o := observePod(&p)
		got[o.Ref.Name] = facts{o.State().String(), o.Reason, o.Message, o.Restarts}
	}
	equal(t, got, want)
}

func TestObservePod(t *testing.T) {
	p := recorded[corev1.PodList](t, "pods-terminating.json").Items[0]
	got := observePod(&p)
	want := kscope.Pod{
		Ref:        kscope.Ref{Namespace: "shop", Name: got.Ref.Name},
		UID:        string(p.UID),
		Labels:     map[string]string{"app": "order-worker", "pod-template-hash": "58cfddfd4c"},
		OwnerUID:   "52f68f9a-cfa8-42cd-bcbf-9496ee871aa3",
		Node:       p.Spec.NodeName,
		Created:    p.CreationTimestamp.Time,
		Started:    p.Status.StartTime.Time,
		ReadySince: got.ReadySince,
		Deleted:    at(t, "2026-11-23T15:49:37Z").Local(),
		Phase:      "Running",
		Ready:      true,
		Scheduled:  true,
	}
	equal(t, got, want)
	if got.State() != kscope.PodTerminating || got.ReadySince.IsZero() || got.Node == "" {
		t.Errorf("got %+v", got)
	}
	states := map[string]int{}
	for _, p := range recorded[corev1.PodList](t, "pods-scaling-up.json").Items {
		states[observePod(&p).State().String()]++
	}
	equal(t, states, map[string]int{"ready": 1, "starting": 4})
}

func TestObservePodReason(t *testing.T) {
	waiting := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	ended := func(reason string, code int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	always := corev1.ContainerRestartPolicyAlways
	yes := true
	for name, test := range map[string]struct {
		pod             corev1.Pod
		reason, message string
	}{
		"nothing known": {corev1.Pod{}, "", ""},
		"evicted": {corev1.Pod{Status: corev1.PodStatus{Phase: "Failed", Reason: "Evicted", Message: "node was low on memory"}},
			"Evicted", "node was low on memory"},
		"crash loop after running out of memory": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "a", State: running},
			{Name: "b", State: waiting("CrashLoopBackOff", "back-off 10s"), LastTerminationState: ended("OOMKilled", 137)}}}},
			"CrashLoopBackOff", "b: OOMKilled, exit code 137: back-off 10s"},
		"being created": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "a", State: waiting("ContainerCreating", "")}}}},
			"ContainerCreating", ""},
		"a container that fails before one that is being created": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "a", State: waiting("ContainerCreating", "")}, {Name: "b", State: ended("", 1)}}}},
			"Error", "b: , exit code 1"},
		"init fails": {corev1.Pod{Status: corev1.PodStatus{
			InitContainerStatuses: []corev1.ContainerStatus{{Name: "x", State: ended("Completed", 0)}, {Name: "y", State: waiting("ImagePullBackOff", "no such image")}},
			ContainerStatuses:     []corev1.ContainerStatus{{Name: "a", State: waiting("PodInitializing", "")}}}},
			"ImagePullBackOff", "init container y: no such image"},
		"beside a sidecar": {corev1.Pod{
			Spec: corev1.PodSpec{InitContainers: []corev1.Container{{Name: "x", RestartPolicy: &always}}},
			Status: corev1.PodStatus{
				InitContainerStatuses: []corev1.ContainerStatus{{Name: "x", State: running, Started: &yes}},
				ContainerStatuses:     []corev1.ContainerStatus{{Name: "a", State: waiting("ErrImagePull", "denied")}}}},
			"ErrImagePull", "a: denied"},
		"gated": {corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: "False", Reason: "SchedulingGated", Message: "Scheduling is blocked due to non-empty scheduling gates"}}}},
			"SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates"},
		"hostile words": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "a", State: waiting("Bad\x1b[2J", "x\x1b]0;y\a\nz")}}}},
			"Bad", "a: x z"},
	} {
		t.Run(name, func(t *testing.T) {
			got := observePod(&test.pod)
			if got.Reason != test.reason || got.Message != test.message {
				t.Errorf("got %q, %q, want %q, %q", got.Reason, got.Message, test.reason, test.message)
			}
		})
	}
}

// TestPodsOfAnybody: what kubernetes-workload triggers count by is told of every pod, be it of
// a Job, of nobody, or at its end.
func TestPodsOfAnybody(t *testing.T) {
	for phase, want := range map[corev1.PodPhase]kscope.PodState{
		corev1.PodPending: kscope.PodStarting, corev1.PodRunning: kscope.PodStarting, corev1.PodUnknown: kscope.PodStarting,
		corev1.PodSucceeded: kscope.PodFinished, corev1.PodFailed: kscope.PodFinished,
	} {
		p := &corev1.Pod{ObjectMeta: named("p"), Spec: corev1.PodSpec{NodeName: "n1"}, Status: corev1.PodStatus{Phase: phase}}
		p.Labels = map[string]string{"app": "x", "empty": ""}
		fact, ok := only(observePod)(p)
		got, _ := fact.(kscope.Pod)
		equal(t, got.Labels, p.Labels)
		if !ok || got.State() != want || got.Phase != string(phase) || got.Node != "n1" {
			t.Errorf("%s: %+v", phase, got)
		}
	}
}
