package world

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope/triggers"
)

// NotModelled names what an object asks for and the world does not play, in
// words for its user; nil when all of it is played. That a queue stands in for
// the source of a trigger is not among it: [TriggerQueue] tells.
func NotModelled(obj runtime.Object) []string {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return podsNotModelled(&o.Spec.Template.Spec)
	case *appsv1.StatefulSet:
		out := podsNotModelled(&o.Spec.Template.Spec)
		if len(o.Spec.VolumeClaimTemplates) > 0 {
			out = append(out, "volumeClaimTemplates: there are no volumes")
		}
		return out
	case *autoscalingv2.HorizontalPodAutoscaler:
		return hpaNotModelled(o)
	case *unstructured.Unstructured:
		return kedaNotModelled(o)
	}
	return nil
}

func podsNotModelled(spec *corev1.PodSpec) []string {
	var out []string
	if len(spec.InitContainers) > 0 {
		out = append(out, "initContainers: they count as done at once")
	}
	for _, c := range spec.Containers {
		if c.Lifecycle != nil {
			out = append(out, fmt.Sprintf("container %s: lifecycle hooks do not run", c.Name))
		}
	}
	return out
}

func hpaNotModelled(h *autoscalingv2.HorizontalPodAutoscaler) []string {
	var out []string
	for i, m := range h.Spec.Metrics {
		if m.Type == autoscalingv2.PodsMetricSourceType || m.Type == autoscalingv2.ObjectMetricSourceType {
			out = append(out, fmt.Sprintf("metrics[%d]: there is no metrics API for type %s, so it fails", i, m.Type))
		}
	}
	return out
}

func kedaNotModelled(u *unstructured.Unstructured) []string {
	var out []string
	var all []triggerSpec
	switch u.GetKind() {
	case "ScaledObject":
		var spec scaledObjectSpec
		if decode(u, &spec) != nil {
			return nil
		}
		all = spec.Triggers
		if _, err := spec.formula(); errors.Is(err, triggers.ErrFormulaUnknown) {
			out = append(out, "advanced.scalingModifiers: "+err.Error())
		}
		if spec.Fallback != nil && spec.Fallback.Behavior == "scalingModifiers" {
			out = append(out, "fallback.behavior scalingModifiers: the formula gets no nil for a trigger that fails")
		}
	case "ScaledJob":
		var spec scaledJobSpec
		if decode(u, &spec) != nil {
			return nil
		}
		all = spec.Triggers
		if p := spec.JobTargetRef.Parallelism; p != nil && *p > 1 {
			out = append(out, "jobTargetRef.parallelism: every Job has one pod")
		}
		out = append(out, podsNotModelled(&spec.JobTargetRef.Template.Spec)...)
	default:
		return nil
	}
	for i, t := range all {
		if why := triggerNotModelled(t); why != "" {
			out = append(out, fmt.Sprintf("triggers[%d] (%s): %s", i, t.Type, why))
		}
	}
	return out
}

func triggerNotModelled(t triggerSpec) string {
	switch t.Type {
	case "cpu", "memory":
		return "a pod at work is taken to use all that it requests of cpu and nine tenths of its memory, one that waits 2 % and 40 %"
	case "external", "external-push":
		return "there is no scaler to ask for its metrics; its target is taken to be 1"
	case "solace-direct-messaging":
		return "not played; KEDA is made to refuse it"
	case "solace-event-queue":
		return "only the first of its targets is played"
	case "rabbitmq":
		if mode := t.Metadata["mode"]; mode != "" && mode != "QueueLength" {
			return "mode " + mode + " is played as QueueLength"
		}
	}
	if t.Type == "kafka" || t.Type == "apache-kafka" {
		return "partitions do not cap the number of replicas"
	}
	return ""
}

// Refusal is why KEDA's operator refuses an object.
type Refusal struct {
	Path string // of the field, as in spec.triggers[0].metadata.listName
	Err  error  // in KEDA's words
}

// quoted is a parameter, or a field, that KEDA names in an error.
var quoted = regexp.MustCompile(`"([A-Za-z]+)"`)

// Refuses is all that KEDA's operator would refuse of a ScaledObject or a ScaledJob for
// what stands in it, whatever there is beside it. What cannot be played, and KEDA may
// well take, is not among it.
func Refuses(u *unstructured.Unstructured) []Refusal {
	var out []Refusal
	add := func(path string, err error) {
		if err != nil {
			out = append(out, Refusal{path, err})
		}
	}
	var spec scaledObjectSpec
	switch u.GetKind() {
	case "ScaledObject":
		if decode(u, &spec) != nil {
			return nil
		}
		if text, ok := u.GetAnnotations()[pausedReplicas]; ok {
			if n, err := strconv.ParseInt(text, 10, 32); err != nil || n < 0 {
				add("metadata.annotations["+pausedReplicas+"]", fmt.Errorf("%q is no number of replicas to pause at", text))
			}
		}
		_, err := spec.check()
		add(spec.accused(err), err)
		_, err = spec.formula()
		if !errors.Is(err, triggers.ErrFormulaUnknown) {
			add("spec.advanced.scalingModifiers", err)
		}
	case "ScaledJob":
		var job scaledJobSpec
		if decode(u, &job) != nil {
			return nil
		}
		spec.Triggers = job.Triggers
		err := checkTriggers(job.Triggers)
		add(spec.accused(err), err)
	}
	metrics := map[string]bool{}
	for i, t := range spec.Triggers {
		if known, ok := triggers.TypeOf(t.Type); ok && known == (triggers.Type{}) {
			continue // of KEDA's, and not played
		}
		path := fmt.Sprintf("spec.triggers[%d]", i)
		built, err := buildTrigger(u.GetNamespace(), u.GetName(), i, t)
		if err != nil {
			add(path+t.accused(err), err)
			continue
		}
		if built.metric != "" && metrics[built.metric] {
			add(path, fmt.Errorf("metricName %s defined multiple times in %s %s", built.metric, u.GetKind(), u.GetName()))
		}
		metrics[built.metric] = true
	}
	return out
}

// accused is the field of a trigger that an error of its scaler is about.
func (s triggerSpec) accused(err error) string {
	text := err.Error()
	if strings.HasPrefix(text, "no scaler found") {
		return ".type"
	}
	if strings.Contains(text, "metric type") {
		return ".metricType"
	}
	path := ".metadata"
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		if _, ok := s.Metadata[m[1]]; ok {
			return path + "." + m[1]
		}
	}
	return path
}

// accused is the field that an error of check is about.
func (s *scaledObjectSpec) accused(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	names := map[string]bool{}
	for i, t := range s.Triggers {
		path := fmt.Sprintf("spec.triggers[%d]", i)
		if t.UseCachedMetrics && strings.Contains(text, "useCachedMetrics") && strings.Contains(text, strconv.Quote(t.Type)) {
			return path + ".useCachedMetrics"
		}
		if names[t.Name] && strings.Contains(text, strconv.Quote(t.Name)) {
			return path + ".name"
		}
		names[t.Name] = t.Name != ""
	}
	switch {
	case strings.HasPrefix(text, "IdleReplicaCount"):
		return "spec.idleReplicaCount"
	case strings.HasPrefix(text, "MinReplicaCount"):
		return "spec.minReplicaCount"
	}
	return "spec.triggers"
}
