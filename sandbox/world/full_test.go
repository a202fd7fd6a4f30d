package world

import (
	"math"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestMoreThanFits: whoever asks for more pods than a cluster has room for gets as
// many as fit, and is told why there are no more.
func TestMoreThanFits(t *testing.T) {
	for name, ask := range map[string]func(t *testing.T) *World{
		"a Deployment": func(t *testing.T) *World {
			w, _ := play(t, Options{}, deployment("worker", math.MaxInt32))
			w.writes.rate, w.writes.burst, w.writes.tokens = 1e6, 1e6, 1e6
			return w
		},
		"a StatefulSet in parallel": func(t *testing.T) *World {
			d := deployment("worker", math.MaxInt32)
			w, _ := play(t, Options{}, &appsv1.StatefulSet{ObjectMeta: d.ObjectMeta, Spec: appsv1.StatefulSetSpec{
				Replicas: d.Spec.Replicas, Selector: d.Spec.Selector, Template: d.Spec.Template, PodManagementPolicy: appsv1.ParallelPodManagement,
			}})
			return w
		},
		"a ScaledJob": func(t *testing.T) *World {
			w, _ := play(t, Options{}, &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": map[string]any{"namespace": "shop", "name": "job"},
				"spec": map[string]any{
					"minReplicaCount": int64(math.MaxInt32), "maxReplicaCount": int64(math.MaxInt32), "pollingInterval": int64(5),
					"jobTargetRef": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "c", "image": "i"}}}}},
					"triggers":     []any{listTrigger("orders", "5")},
				},
			}})
			return w
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t)
			told := 0
			for range 30 {
				for _, c := range run(w, time.Second) {
					switch e := c.Object.(type) {
					case *corev1.Event:
						told += strings.Count(e.Message, "exceeded quota")
					case *eventsv1.Event:
						told += strings.Count(e.Note, "exceeded quota")
					}
				}
			}
			if w.alive < mostPods*9/10 || w.alive > mostPods || told == 0 {
				t.Errorf("%d pods, told of it %d times", w.alive, told)
			}
		})
	}
}
