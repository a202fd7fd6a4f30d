package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope/triggers"
)

// turnTypes puts text in the place of what is worked on, or brings that back.
func (s *Sandbox) turnTypes(broken bool) {
	const aside = ":aside"
	for _, q := range s.keysHere() {
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

// keysHere are the queues that are keys of Redis to the triggers, too.
func (s *Sandbox) keysHere() []triggers.Redis {
	return slices.DeleteFunc(s.world.Queues(), func(q triggers.Redis) bool { return !isKey(q) })
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
		for _, q := range s.keysHere() {
			move(q.DB, misnamed(q.Key), q.Key)
		}
		s.world.Wake()
		return
	}
	for _, q := range s.keysHere() {
		move(q.DB, q.Key, misnamed(q.Key))
	}
	s.stray = s.world.Repeat(misplacedEvery, func() {
		for _, q := range s.keysHere() { // of which there are none yet in the first moment
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

// lostAuthentication is the name of an object that is referred to and never was.
const lostAuthentication = "redis-auth"

// turnAuthentication has Redis want a password that KEDA would have from an
// authentication object: those that the triggers refer to are deleted, and a
// trigger that refers to none is made to refer to one that is not there.
func (s *Sandbox) turnAuthentication(broken bool) error {
	if !broken {
		s.redis.guard(false)
		for _, obj := range s.before {
			if err := s.world.Apply(obj, manager); err != nil {
				return err
			}
		}
		s.before = nil
		return nil
	}
	for _, so := range s.scaled {
		if err := s.loseAuthentication(so); err != nil {
			return err
		}
	}
	if len(s.before) == 0 {
		return errors.New("no trigger here measures a key of Redis")
	}
	s.redis.guard(true)
	return nil
}

func (s *Sandbox) loseAuthentication(so scaledObject) error {
	resource := "scaledobjects"
	if so.job {
		resource = "scaledjobs"
	}
	obj, err := s.api.get(resource, so.Namespace, so.Name)
	if err != nil {
		return err
	}
	u := asUnstructured(obj.DeepCopyObject())
	found, _, _ := unstructured.NestedSlice(u.Object, "spec", "triggers")
	queues, _ := triggerQueues(u)
	edited := false
	for i, t := range found {
		if !isKey(queues[i]) {
			continue
		}
		t, _ := t.(map[string]any)
		ref, _, _ := unstructured.NestedStringMap(t, "authenticationRef")
		if ref["name"] == "" {
			t["authenticationRef"], edited = map[string]any{"name": lostAuthentication}, true
			continue
		}
		kind, namespace := authenticationKind(ref["kind"], so.Namespace)
		lost, err := s.api.get(resourceOf(kind), namespace, ref["name"])
		if err != nil {
			edited = true // it is missing as it is: Redis alone changes
			continue
		}
		s.before = append(s.before, lost.DeepCopyObject())
		if err := s.world.Delete(lost); err != nil {
			return err
		}
		if err := s.publish(); err != nil { // another trigger may refer to it
			return err
		}
	}
	if !edited {
		return nil
	}
	s.before = append(s.before, obj.DeepCopyObject())
	if err := unstructured.SetNestedSlice(u.Object, found, "spec", "triggers"); err != nil {
		return err
	}
	return s.world.Apply(u, manager)
}

// guardian is the password that Redis wants where it wants one. Nobody has it but
// the workers, so that none that was known before is of use.
const guardian = "sandbox"

// letIn gives the password.
func letIn(ctx context.Context, conn net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	const answer = "+OK\r\n"
	if _, err := io.WriteString(conn, fmt.Sprintf("AUTH %s\r\n", guardian)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, len(answer))); err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}
