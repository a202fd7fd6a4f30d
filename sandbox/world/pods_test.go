package world

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
)

// podsOf are the pods of "worker", sorted by name.
func podsOf(w *World) []*pod {
	var out []*pod
	for _, p := range w.allPods() {
		if p.workload.Name == "worker" {
			out = append(out, p)
		}
	}
	return out
}

func states(pods []*pod) string {
	count := map[string]int{}
	for _, p := range pods {
		s := string(p.obj.Status.Phase)
		if p.ready {
			s = "Ready"
		}
		if p.deleting {
			s = "Terminating"
		}
		if len(p.obj.Status.ContainerStatuses) > 0 && p.obj.Status.ContainerStatuses[0].State.Waiting != nil {
			s = p.obj.Status.ContainerStatuses[0].State.Waiting.Reason
		}
		for _, c := range p.obj.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
				s = c.Reason
			}
		}
		count[s]++
	}
	var out []string
	for s, n := range count {
		out = append(out, fmt.Sprint(n, " ", s))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestReadiness rounds readiness up to a tick of the probe.
func TestReadiness(t *testing.T) {
	probe := func(initial, period, success int32) *corev1.Probe {
		return &corev1.Probe{InitialDelaySeconds: initial, PeriodSeconds: period, SuccessThreshold: success}
	}
	for _, c := range []struct {
		name      string
		readiness *corev1.Probe
		startup   *corev1.Probe
		want      time.Duration // after the kubelet took the pod; the container starts after 3.4 s
	}{
		{"no probe", nil, nil, 3400 * time.Millisecond},
		{"every second", probe(0, 1, 1), nil, 4 * time.Second},
		{"default period", probe(0, 0, 0), nil, 10 * time.Second},
		{"initial delay", probe(5, 2, 1), nil, 10 * time.Second},
		{"initial delay exactly", probe(5, 3, 1), nil, 9 * time.Second},
		{"three successes", probe(0, 2, 3), nil, 8 * time.Second},
		{"startup first", probe(0, 10, 1), probe(0, 2, 1), 4 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deployment("worker", 1)
			d.Spec.Template.Spec.Containers[0].ReadinessProbe = c.readiness
			d.Spec.Template.Spec.Containers[0].StartupProbe = c.startup
			w, _ := play(t, Options{StartTime: 3400 * time.Millisecond}, d)
			run(w, c.want-time.Millisecond)
			if got := states(podsOf(w)); strings.Contains(got, "Ready") {
				t.Errorf("before: %s", got)
			}
			run(w, time.Millisecond)
			if got := states(podsOf(w)); got != "1 Ready" {
				t.Errorf("at %v: %s", c.want, got)
			}
		})
	}
}

// TestCreation: status replicas follow creation at once, the first 30 pods come
// together, the others at 20 a second.
func TestCreation(t *testing.T) {
	w, _ := play(t, Options{StartTime: 5 * time.Second}, deployment("worker", 0))
	run(w, 10*time.Second)
	if err := w.Scale("Deployment", "shop", "worker", 50, "kubectl-scale"); err != nil {
		t.Fatal(err)
	}
	run(w, 0)
	dep := w.workload(t, "Deployment")
	if got := dep.statusReplicas(); got != 30 || dep.dep.Status.ReadyReplicas != 0 {
		t.Errorf("%d pods at once, want 30", got)
	}
	run(w, 500*time.Millisecond)
	if got := dep.statusReplicas(); got != 40 {
		t.Errorf("%d pods after half a second, want 40", got)
	}
	run(w, time.Second)
	if got := dep.statusReplicas(); got != 50 {
		t.Errorf("%d pods, want 50", got)
	}
	m := dep.meta().ManagedFields
	if m[0].Manager != "kubectl-scale" || m[0].Subresource != "scale" || len(m) != 2 || strings.Contains(m[1].FieldsV1.GetRawString(), "replicas") {
		t.Errorf("managed fields %v", m)
	}
	if err := w.Scale("Deployment", "shop", "worker", 0, "kubectl-scale"); err != nil {
		t.Fatal(err)
	}
	if m := dep.meta().ManagedFields; len(m) != 1 {
		t.Errorf("a 0 left an owner: %v", m)
	}
	if err := w.Scale("Deployment", "shop", "nowhere", 0, "x"); err == nil || err.Error() != `deployments.apps "nowhere" not found` {
		t.Errorf("got %v", err)
	}
}

// TestRank is the order in which pods go.
func TestRank(t *testing.T) {
	w, _ := play(t, Options{Start: epoch})
	now := epoch
	make := func(name string, change func(*pod)) *pod {
		p := &pod{node: 0, ready: true, readySince: now.Add(-time.Hour), obj: &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: "uid", CreationTimestamp: metav1.NewTime(now.Add(-2 * time.Hour))},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning},
		}}
		change(p)
		return p
	}
	pods := []*pod{
		make("9 old", func(p *pod) {
			p.readySince = now.Add(-3 * time.Hour)
			p.obj.CreationTimestamp.Time = now.Add(-4 * time.Hour)
		}),
		make("8 plain", func(p *pod) {}),
		make("7 restarted", func(p *pod) { p.restarts = 2 }),
		make("6 ready lately", func(p *pod) { p.readySince = now.Add(-time.Minute) }),
		make("4 cheap", func(p *pod) {
			p.obj.Annotations = map[string]string{"controller.kubernetes.io/pod-deletion-cost": "-5"}
		}),
		make("3 unready", func(p *pod) { p.ready = false }),
		make("2 pending", func(p *pod) { p.ready = false; p.obj.Status.Phase = corev1.PodPending }),
		make("1 without node", func(p *pod) { p.ready = false; p.node = -1; p.obj.Status.Phase = corev1.PodPending }),
	}
	w.rank(pods)
	var got []string
	for _, p := range pods {
		got = append(got, p.obj.Name)
	}
	want := slices.Sorted(slices.Values(got))
	same(t, "order", got, want)

	// The fuller node goes first, whatever the age.
	crowded := []*pod{make("alone", func(p *pod) { p.node = 1; p.readySince = now.Add(-time.Minute) }), make("b", func(*pod) {}), make("c", func(*pod) {})}
	w.rank(crowded)
	if crowded[2].obj.Name != "alone" {
		t.Errorf("the pod that is alone on its node goes as number %v", crowded)
	}
}

// TestWorkers: work in hand is not in the queue, a pod that stops finishes its
// job within the grace period, or loses it.
func TestWorkers(t *testing.T) {
	for _, c := range []struct {
		name        string
		grace       int64
		left, lost  int
		after       time.Duration // until the pod is gone
		beforeGone  time.Duration
		wantPending string
	}{
		{"finishes", 30, 2, 0, 5900 * time.Millisecond, 5800 * time.Millisecond, "1 Terminating"},
		{"is killed", 2, 2, 1, 2900 * time.Millisecond, 2800 * time.Millisecond, "1 Terminating"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deployment("worker", 1)
			d.Spec.Template.Spec.TerminationGracePeriodSeconds = &c.grace
			w, l := play(t, Options{StartTime: time.Second, ServiceTime: 6 * time.Second}, d, object(nil))
			l.push(orders, 3)
			run(w, 2*time.Second)
			if l.n[orders] != 2 {
				t.Fatalf("%d jobs left, want 2: one is in hand", l.n[orders])
			}
			if err := w.Scale("Deployment", "shop", "worker", 0, "kubectl"); err != nil {
				t.Fatal(err)
			}
			run(w, c.beforeGone)
			if got := states(podsOf(w)); got != c.wantPending {
				t.Errorf("before: %s", got)
			}
			run(w, c.after-c.beforeGone)
			if got := podsOf(w); len(got) != 0 || w.lost != c.lost || l.n[orders] != int64(c.left) {
				t.Errorf("%d pods, %d jobs lost, %d left", len(got), w.lost, l.n[orders])
			}
		})
	}
}

// An idle worker takes what comes when it is woken, the one that waited longest
// first, and all of the work gets done.
func TestWorkersDrainTheQueue(t *testing.T) {
	w, l := play(t, Options{ServiceTime: time.Second, ServiceSpread: 0.5}, deployment("worker", 3), object(map[string]any{"minReplicaCount": int64(3)}))
	run(w, time.Second)
	l.push(orders, 10)
	run(w, 100*time.Millisecond)
	if l.n[orders] != 7 {
		t.Errorf("%d jobs left, want 7", l.n[orders])
	}
	run(w, 10*time.Second)
	if l.n[orders] != 0 || w.lost != 0 {
		t.Errorf("%d left, %d lost", l.n[orders], w.lost)
	}
	l.err = errRefused
	l.push(orders, 1)
	run(w, time.Second)
	l.err = nil
	run(w, 1100*time.Millisecond) // nobody wakes them: they try again
	if l.n[orders] != 0 {
		t.Error("a worker that lost its connection did not come back")
	}
}

// TestBreakages breaks what can be broken and mends it.
func TestBreakages(t *testing.T) {
	ref := kscope.Ref{Namespace: "shop", Name: "worker"}
	for _, c := range []struct {
		kind   BreakageKind
		after  time.Duration
		want   string
		mended time.Duration
	}{
		{BadImage, 1500 * time.Millisecond, "3 ErrImagePull", time.Minute},
		{BadImage, 5 * time.Second, "3 ImagePullBackOff", time.Minute},
		{NoRoom, 5 * time.Second, "3 Unschedulable", 3 * time.Second},
		{CrashPods, 30 * time.Second, "3 CrashLoopBackOff", 5 * time.Minute},
		{Quota, 5 * time.Second, "", 30 * time.Second},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			w, _ := play(t, Options{StartTime: time.Second}, deployment("worker", 0))
			run(w, time.Second)
			w.Break(Breakage{c.kind, ref})
			if err := w.Scale("Deployment", "shop", "worker", 3, "kubectl"); err != nil {
				t.Fatal(err)
			}
			changes := run(w, c.after)
			if got := states(podsOf(w)); got != c.want {
				t.Errorf("broken: %s, want %s", got, c.want)
			}
			if c.kind == Quota {
				failed := slices.ContainsFunc(w.workload(t, "Deployment").dep.Status.Conditions, func(d appsv1.DeploymentCondition) bool {
					return d.Type == appsv1.DeploymentReplicaFailure && d.Reason == "FailedCreate" && strings.Contains(d.Message, "exceeded quota")
				})
				told := slices.ContainsFunc(changes, func(c Change) bool {
					e, ok := c.Object.(*corev1.Event)
					return ok && e.Reason == "FailedCreate" && e.InvolvedObject.Kind == "ReplicaSet"
				})
				if !failed || !told {
					t.Errorf("ReplicaFailure %v, event %v", failed, told)
				}
			}
			w.Mend(Breakage{c.kind, ref})
			run(w, c.mended)
			if got := states(podsOf(w)); got != "3 Ready" {
				t.Errorf("mended: %s", got)
			}
		})
	}
}

// Crashing takes down what runs, and the back-off doubles.
func TestCrashLoop(t *testing.T) {
	w, l := play(t, Options{StartTime: time.Second, ServiceTime: time.Hour}, deployment("worker", 1), object(map[string]any{"minReplicaCount": int64(1)}))
	l.push(orders, 1)
	run(w, 5*time.Second)
	w.Break(Breakage{Kind: CrashPods})
	run(w, 0)
	if w.lost != 1 || states(podsOf(w)) != "1 Running" {
		t.Errorf("%d jobs lost, %s", w.lost, states(podsOf(w)))
	}
	var waits []string
	for range 1200 {
		for _, c := range run(w, time.Second) {
			p, ok := c.Object.(*corev1.Pod)
			if !ok || p.Status.ContainerStatuses[0].State.Waiting == nil {
				continue
			}
			waits = append(waits, strings.Fields(p.Status.ContainerStatuses[0].State.Waiting.Message)[1])
		}
	}
	same(t, "back-offs", waits, []string{"10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s", "5m0s"})
	if got := podsOf(w)[0].obj.Status.ContainerStatuses[0].RestartCount; got != 8 {
		t.Errorf("%d restarts", got)
	}
}

// TestRollout: a changed image rolls within 25 % of surge and unavailable.
func TestRollout(t *testing.T) {
	w, _ := play(t, Options{StartTime: 2 * time.Second}, deployment("worker", 8))
	run(w, 5*time.Second)
	next := deployment("worker", 8)
	next.Spec.Template.Spec.Containers[0].Image = "worker:2"
	apply(t, w, next)
	dep := w.workload(t, "Deployment")
	most, least := int32(0), int32(99)
	for range 600 {
		run(w, 100*time.Millisecond)
		most, least = max(most, dep.dep.Status.Replicas), min(least, dep.dep.Status.AvailableReplicas)
	}
	if most != 10 || least != 6 {
		t.Errorf("between %d available and %d in all, want 6 and 10", least, most)
	}
	for _, p := range podsOf(w) {
		if p.obj.Spec.Containers[0].Image != "worker:2" {
			t.Errorf("%s is still of the old image", p.obj.Name)
		}
	}
	if got := states(podsOf(w)); got != "8 Ready" || w.progressReason(dep.dep) != "NewReplicaSetAvailable" || dep.dep.Annotations["deployment.kubernetes.io/revision"] != "2" {
		t.Errorf("%s, %s", got, w.progressReason(dep.dep))
	}
	bad := deployment("worker", 8)
	bad.Spec.Template.Spec.Containers[0].Image = "worker:3"
	w.Break(Breakage{Kind: BadImage})
	apply(t, w, bad)
	run(w, 11*time.Minute)
	if got := w.progressReason(dep.dep); got != "ProgressDeadlineExceeded" || dep.dep.Status.AvailableReplicas != 6 {
		t.Errorf("stuck: %s, %d available", got, dep.dep.Status.AvailableReplicas)
	}
}

func TestRecreate(t *testing.T) {
	d := deployment("worker", 2)
	d.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
	w, _ := play(t, Options{StartTime: time.Second}, d)
	run(w, 5*time.Second)
	next := d.DeepCopy()
	next.Spec.Template.Spec.Containers[0].Image = "worker:2"
	apply(t, w, next)
	run(w, time.Second)
	if got := states(podsOf(w)); got != "2 Terminating" {
		t.Errorf("first: %s", got)
	}
	run(w, 5*time.Second)
	if got := states(podsOf(w)); got != "2 Ready" {
		t.Errorf("then: %s", got)
	}
}

// TestStatefulSet goes one pod at a time, both ways.
func TestStatefulSet(t *testing.T) {
	replicas := int32(3)
	d := deployment("worker", 3)
	s := &appsv1.StatefulSet{ObjectMeta: d.ObjectMeta, Spec: appsv1.StatefulSetSpec{Replicas: &replicas, Selector: d.Spec.Selector, Template: d.Spec.Template}}
	w, _ := play(t, Options{StartTime: 2 * time.Second}, s)
	for i, want := range []string{"1 ContainerCreating", "1 ContainerCreating, 1 Ready", "1 ContainerCreating, 2 Ready", "3 Ready"} {
		run(w, time.Second)
		if got := states(podsOf(w)); got != want {
			t.Errorf("at step %d: %s, want %s", i, got, want)
		}
		run(w, time.Second)
	}
	var names []string
	for _, p := range podsOf(w) {
		names = append(names, p.obj.Name)
	}
	same(t, "names", names, []string{"worker-0", "worker-1", "worker-2"})
	if err := w.Scale("StatefulSet", "shop", "worker", 1, "kubectl"); err != nil {
		t.Fatal(err)
	}
	run(w, 100*time.Millisecond)
	if got := states(podsOf(w)); got != "1 Terminating, 2 Ready" || !podsOf(w)[2].deleting {
		t.Errorf("down: %s", got)
	}
	if got := w.workload(t, "StatefulSet").statusReplicas(); got != 3 {
		t.Errorf("terminating pods do not count: %d", got)
	}
	run(w, 5*time.Second)
	if got := states(podsOf(w)); got != "1 Ready" {
		t.Errorf("in the end: %s", got)
	}
	next := s.DeepCopy()
	next.Spec.Replicas = nil
	next.Spec.Template.Spec.Containers[0].Image = "worker:2"
	apply(t, w, next)
	run(w, 10*time.Second)
	if got := podsOf(w); len(got) != 1 || got[0].obj.Spec.Containers[0].Image != "worker:2" {
		t.Errorf("update: %s", states(got))
	}
}
