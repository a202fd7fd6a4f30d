package meter

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/scaling"
)

// TestUse is what is known of a pod that works for half of the time between two looks.
func TestUse(t *testing.T) {
	begun := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	after := func(d time.Duration) time.Time { return begun.Add(d) }
	started := metav1.NewTime(begun)
	pod := &corev1.Pod{
		Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "web", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("500m"), "memory": resource.MustParse("100")}}},
			{Name: "aside", Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("1")}}},
		}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &started,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: started}}},
	}
	var m Meter
	m.Begins(after(10 * time.Second))
	m.Look(after(15 * time.Second))
	if u, err := m.Use(pod, "cpu", "", true, after(16*time.Second)); u.Measured || err != nil {
		t.Errorf("after one look: %+v, %v", u, err)
	}
	m.Ends(after(18 * time.Second))
	m.Ends(after(19 * time.Second)) // of a job that it has no more
	m.Begins(after(25 * time.Second))
	m.Look(after(30 * time.Second))
	share := 8.0 / 15
	cpu, memory := 0.02+0.98*share, 0.4+0.5*share
	for _, tt := range []struct {
		name      corev1.ResourceName
		container string
		want      scaling.PodUse
	}{
		{"cpu", "", scaling.PodUse{Uses: int64(cpu*500) + int64(cpu*1000), Requests: 1500, Measured: true}},
		{"cpu", "web", scaling.PodUse{Uses: int64(cpu * 500), Requests: 500, Measured: true}},
		{"memory", "web", scaling.PodUse{Uses: int64(memory * 100_000), Requests: 100_000, Measured: true}},
	} {
		if got, err := m.Use(pod, tt.name, tt.container, true, after(31*time.Second)); got != tt.want || err != nil {
			t.Errorf("%s of %q: %+v, %v; want %+v", tt.name, tt.container, got, err, tt.want)
		}
	}
	if _, err := m.Use(pod, "memory", "", true, after(31*time.Second)); err == nil || err.Error() != "missing request for memory in container aside of Pod " {
		t.Errorf("a container that requests nothing: %v", err)
	}
	if u, err := m.Use(pod, "memory", "", false, after(31*time.Second)); u.Uses <= 100_000 || err != nil {
		t.Errorf("where no share is asked for: %+v, %v", u, err)
	}
	pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(after(20 * time.Second))
	if u, _ := m.Use(pod, "cpu", "web", true, after(31*time.Second)); !u.Unready {
		t.Error("it was not ready for a part of the time")
	}
	if u, _ := m.Use(pod, "memory", "web", true, after(31*time.Second)); u.Unready {
		t.Error("of memory that does not matter")
	}
	pod.Status.Conditions[0].Status = corev1.ConditionFalse
	if u, _ := m.Use(pod, "cpu", "web", true, after(6*time.Minute)); !u.Unready {
		t.Error("it was never ready")
	}
}
