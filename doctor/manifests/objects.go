package manifests

import (
	"encoding/json"
	"errors"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope/sandbox"
	"github.com/kscope/kscope/sandbox/world"
)

// name tells objects apart.
type name struct{ kind, namespace, name string }

func (n name) String() string {
	if n.namespace == "" {
		return n.kind + " " + n.name
	}
	return n.kind + " " + n.namespace + "/" + n.name
}

// object is one of the manifests.
type object struct {
	name
	at          int // its position among the objects of the loader
	is          runtime.Object
	annotations map[string]string
	owned       bool // by another object: it is no manifest of anybody's
	dumped      bool // an API server gave it: what is in it, others may have written
	spec        spec // of a ScaledObject or a ScaledJob
}

func (o *object) isScaledObject() bool { return o.kind == "ScaledObject" }
func (o *object) isScaledJob() bool    { return o.kind == "ScaledJob" }
func (o *object) scales() bool {
	return o.isScaledObject() || o.isScaledJob() || o.kind == "HorizontalPodAutoscaler"
}

// spec is that of a ScaledObject or of a ScaledJob, as it is written: nil is what is not.
type spec struct {
	ScaleTargetRef struct {
		APIVersion, Kind, Name string
		Container              string `json:"envSourceContainerName"`
	}
	PollingInterval, CooldownPeriod, IdleReplicaCount, MinReplicaCount, MaxReplicaCount *int32
	Triggers                                                                            []trigger
	Fallback                                                                            *struct {
		FailureThreshold, Replicas int32
		Behavior                   string
	}
	Advanced struct {
		HorizontalPodAutoscalerConfig struct {
			Name     string
			Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior
		}
		ScalingModifiers struct{ Formula, Target, ActivationTarget, MetricType string }
	}
	ScalingStrategy struct {
		Strategy                          string
		CustomScalingRunningJobPercentage string
	}
	EnvSourceContainerName string // of a ScaledJob
	JobTargetRef           struct {
		Template corev1.PodTemplateSpec
	}
}

type trigger struct {
	Type, Name, MetricType string
	Metadata               map[string]string
	UseCachedMetrics       bool
	AuthenticationRef      *struct{ Name, Kind string }
}

func orElse(p *int32, otherwise int32) int32 {
	if p == nil {
		return otherwise
	}
	return *p
}

func (s *spec) least() int32 { return orElse(s.MinReplicaCount, 0) }
func (s *spec) most() int32  { return orElse(s.MaxReplicaCount, 100) }

// sleeps reports whether KEDA ever takes the workload to zero.
func (s *spec) sleeps() bool {
	return orElse(s.IdleReplicaCount, s.least()) == 0
}

func (s *spec) hasFormula() bool {
	m := s.Advanced.ScalingModifiers
	return m.Formula != "" || m.Target != ""
}

// set is all manifests that were given.
type set struct {
	m       *sandbox.Manifests
	objects []object
	by      map[name]*object
	refused map[name]bool      // what is given, and left out for what is wrong with it
	targets map[name][]*object // what scales a workload, in the order in which it was given
}

func newSet(m *sandbox.Manifests) *set {
	s := &set{m: m, objects: make([]object, 0, len(m.Objects)), by: map[name]*object{}, refused: map[name]bool{}, targets: map[name][]*object{}}
	for _, err := range m.Refused {
		if r, ok := errors.AsType[*sandbox.Refusal](err); ok {
			s.refused[name{r.Of.Kind, r.Of.Namespace, r.Of.Name}] = true
		}
	}
	for i, is := range m.Objects {
		a, err := meta.Accessor(is)
		if err != nil {
			continue // no object that the loader gives
		}
		o := object{name: name{is.GetObjectKind().GroupVersionKind().Kind, a.GetNamespace(), a.GetName()},
			at: i, is: is, annotations: a.GetAnnotations(), owned: len(a.GetOwnerReferences()) > 0, dumped: a.GetUID() != ""}
		if u, ok := is.(*unstructured.Unstructured); ok && o.scales() {
			into(u, &o.spec, "spec")
		}
		s.objects = append(s.objects, o)
	}
	for i := range s.objects {
		o := &s.objects[i]
		s.by[o.name] = o
		if t, ok := o.target(); ok {
			s.targets[t] = append(s.targets[t], o)
		}
	}
	return s
}

// into reads a part of an object, whose shape was checked on the way in.
func into(u *unstructured.Unstructured, out any, path ...string) {
	part, _, _ := unstructured.NestedFieldNoCopy(u.Object, path...)
	if raw, err := json.Marshal(part); err == nil {
		_ = json.Unmarshal(raw, out)
	}
}

// find is an object by its name, nil for none.
func (s *set) find(kind, namespace, of string) runtime.Object {
	if o := s.by[name{kind, namespace, of}]; o != nil {
		return o.is
	}
	return nil
}

// target is what a ScaledObject or an HPA scales.
func (o *object) target() (name, bool) {
	switch is := o.is.(type) {
	case *autoscalingv2.HorizontalPodAutoscaler:
		return name{is.Spec.ScaleTargetRef.Kind, o.namespace, is.Spec.ScaleTargetRef.Name}, true
	case *unstructured.Unstructured:
		if o.isScaledObject() {
			ref := o.spec.ScaleTargetRef
			if ref.Kind == "" {
				ref.Kind = "Deployment"
			}
			return name{ref.Kind, o.namespace, ref.Name}, true
		}
	}
	return name{}, false
}

// pods are those that a ScaledObject's or ScaledJob's triggers take their environment
// from; nil where they are not among the manifests.
func (s *set) pods(o *object) *corev1.PodSpec {
	if o.isScaledJob() {
		return &o.spec.JobTargetRef.Template.Spec
	}
	t, _ := o.target()
	return world.PodOf(s.find(t.kind, t.namespace, t.name))
}

// place is where an object stands, in words.
func (s *set) place(o *object) string {
	p := s.m.At(o.at, "")
	return p.File + ":" + itoa(p.Line)
}

// plainName is an object without its namespace, for whom that is known.
func plainName(n name) string { return n.kind + " " + strings.TrimSpace(n.name) }
