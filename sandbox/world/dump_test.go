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
)

// TestDumpedWorkloads: a workload out of a dump has the pods that its status counts from
// the first moment, those that are ready among them, and what is missing or too many is
// its controller's.
func TestDumpedWorkloads(t *testing.T) {
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "a"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a",
			ReadinessProbe: &corev1.Probe{InitialDelaySeconds: 20, PeriodSeconds: 10}}}}}
	selector := &metav1.LabelSelector{MatchLabels: template.Labels}
	number := func(n int32) *int32 { return &n }
	deployment := func(spec, replicas, ready int32) any {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "a", UID: "there"},
			Spec:   appsv1.DeploymentSpec{Replicas: number(spec), Selector: selector, Template: template},
			Status: appsv1.DeploymentStatus{Replicas: replicas, ReadyReplicas: ready, UpdatedReplicas: replicas, AvailableReplicas: ready}}
	}
	set := func(spec, replicas, ready int32) any {
		return &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "a", UID: "there"},
			Spec:   appsv1.StatefulSetSpec{Replicas: number(spec), Selector: selector, Template: template},
			Status: appsv1.StatefulSetStatus{Replicas: replicas, ReadyReplicas: ready}}
	}
	for _, test := range []struct {
		name string
		obj  any
		now  string // ready of all
		then string // after a minute
	}{
		{"a Deployment", deployment(4, 4, 4), "4 of 4", "4 of 4"},
		{"one on its way", deployment(5, 3, 1), "1 of 3", "5 of 5"},
		{"one with too many", deployment(2, 6, 6), "6 of 6", "2 of 2"},
		{"one at zero", deployment(0, 0, 0), "0 of 0", "0 of 0"},
		{"one that counts wrong", deployment(2, 2, 7), "2 of 2", "2 of 2"},
		{"a StatefulSet", set(3, 2, 1), "1 of 2", "3 of 3"},
		{"one with too many ordinals", set(1, 3, 3), "3 of 3", "1 of 1"},
	} {
		w, _ := play(t, Options{StartTime: 2 * time.Second}, test.obj)
		count := func() string {
			ready, all := 0, 0
			var names []string
			for _, p := range w.allPods() {
				if all++; p.ready {
					ready++
				}
				names = append(names, p.obj.Name)
			}
			slices.Sort(names)
			if len(slices.Compact(names)) != all {
				t.Errorf("%s: two of one name: %s", test.name, strings.Join(names, " "))
			}
			return fmt.Sprintf("%d of %d", ready, all)
		}
		if got := count(); got != test.now {
			t.Errorf("%s: %s ready at first, want %s", test.name, got, test.now)
		}
		low, began := 1000, w.Now()
		for range 90 {
			w.Advance(w.Now().Add(time.Second))
			low = min(low, readyIn(t, count()))
		}
		if got := count(); got != test.then {
			t.Errorf("%s: %s ready after a minute, want %s", test.name, got, test.then)
		}
		if low < min(readyIn(t, test.now), readyIn(t, test.then)) {
			t.Errorf("%s: %d ready between", test.name, low)
		}
		if got := w.Now().Sub(began); got != 90*time.Second {
			t.Errorf("%s: %s have passed", test.name, got)
		}
		for _, p := range w.allPods() {
			if p.obj.CreationTimestamp.After(w.Now()) {
				t.Errorf("%s: %s is of %s", test.name, p.obj.Name, p.obj.CreationTimestamp)
			}
		}
	}
}

func readyIn(t *testing.T, count string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(count, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
