package sandbox

import (
	"errors"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// turnTypes puts text in the place of what is worked on, or brings that back.
func (s *Sandbox) turnTypes(broken bool) {
	const aside = ":aside"
	for _, q := range s.world.Queues() {
		if broken {
			_, _ = s.redis.Ask(q.DB, "RENAME", q.Key, q.Key+aside) // an empty queue is no key
			_, _ = s.redis.Ask(q.DB, "SET", q.Key, "text")
			continue
		}
		_, _ = s.redis.Ask(q.DB, "DEL", q.Key)
		_, _ = s.redis.Ask(q.DB, "RENAME", q.Key+aside, q.Key)
	}
	s.world.Wake()
}

// misnamed is what somebody takes a key for.
func misnamed(key string) string {
	if one, ok := strings.CutSuffix(key, "s"); ok && one != "" {
		return one
	}
	return key + "s"
}

// misplacedEvery is how often a job comes into a list that nobody looks at.
const misplacedEvery = 2 * time.Second

// turnKeys has the jobs come into lists of nearly the right names, those that wait
// included, or ends that and moves them to where they belong.
func (s *Sandbox) turnKeys(broken bool) {
	move := func(db int, from, to string) {
		for range maxMisplaced {
			if job, _ := s.redis.Ask(db, "RPOPLPUSH", from, to); job == nil {
				return // the oldest first, until there are no more
			}
		}
	}
	if !broken {
		s.stray()
		for _, q := range s.world.Queues() {
			move(q.DB, misnamed(q.Key), q.Key)
		}
		s.world.Wake()
		return
	}
	for _, q := range s.world.Queues() {
		move(q.DB, q.Key, misnamed(q.Key))
	}
	s.stray = s.world.Repeat(misplacedEvery, func() {
		for _, q := range s.world.Queues() { // of which there are none yet in the first moment
			if n, _ := s.redis.Ask(q.DB, "LLEN", misnamed(q.Key)); n != maxMisplaced {
				_, _ = s.redis.Ask(q.DB, "LPUSH", misnamed(q.Key), "job") // to a list, or to nothing
			}
		}
	})
}

// maxMisplaced is how many jobs such a list takes.
const maxMisplaced = 100_000

// turnIntruder has somebody apply an object that does harm, or delete it.
func (s *Sandbox) turnIntruder(made func() (runtime.Object, error), broken bool) error {
	obj, err := made()
	switch {
	case err != nil:
		return err
	case broken:
		return s.world.Apply(obj, manager)
	}
	return s.world.Delete(obj)
}

// rival is a copy of the first ScaledObject, by another name.
func (s *Sandbox) rival() (runtime.Object, error) {
	for _, so := range s.scaled {
		if so.job {
			continue
		}
		obj, err := s.api.get("scaledobjects", so.Namespace, so.Name)
		if err != nil {
			return nil, err
		}
		u, ok := obj.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		spec, _, _ := unstructured.NestedMap(u.Object, "spec")
		rival := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
		rival.SetGroupVersionKind(u.GroupVersionKind())
		rival.SetNamespace(so.Namespace)
		rival.SetName(so.Name + "-copy")
		unstructured.RemoveNestedField(rival.Object, "spec", "advanced", "horizontalPodAutoscalerConfig", "name")
		return rival, nil
	}
	return nil, errors.New("there is no ScaledObject here")
}

// secondHPA scales the first target by its cpu, as many had it before KEDA.
func (s *Sandbox) secondHPA() (runtime.Object, error) {
	if len(s.targets) == 0 {
		return nil, errors.New("nothing is scaled here")
	}
	t, half := s.targets[0], int32(50)
	return &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, Name: t.Name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: t.kind, Name: t.Name},
			MaxReplicas:    5,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &half}}}},
		},
	}, nil
}
