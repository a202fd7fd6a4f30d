package world

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope/triggers"
)

// Gap is something that an object asks for and the world does not play.
type Gap struct {
	Says  string // in words for its user
	Fails bool   // whoever needs it fails, rather than doing without
}

// NotModelled is what an object asks for and the world does not play; nil when all
// of it is played. That a queue stands in for
// the source of a trigger is not among it: [TriggerQueue] tells.
func NotModelled(obj runtime.Object) []Gap {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return podsNotModelled(&o.Spec.Template.Spec)
	case *appsv1.StatefulSet:
		out := podsNotModelled(&o.Spec.Template.Spec)
		if len(o.Spec.VolumeClaimTemplates) > 0 {
			out = append(out, Gap{Says: "volumeClaimTemplates: there are no volumes"})
		}
		return out
	case *autoscalingv2.HorizontalPodAutoscaler:
		return hpaNotModelled(o)
	case *unstructured.Unstructured:
		return kedaNotModelled(o)
	}
	return nil
}

func podsNotModelled(spec *corev1.PodSpec) []Gap {
	var out []Gap
	if len(spec.InitContainers) > 0 {
		out = append(out, Gap{Says: "initContainers: they count as done at once"})
	}
	for _, c := range spec.Containers {
		if c.Lifecycle != nil {
			out = append(out, Gap{Says: fmt.Sprintf("container %s: lifecycle hooks do not run", c.Name)})
		}
	}
	return out
}

func hpaNotModelled(h *autoscalingv2.HorizontalPodAutoscaler) []Gap {
	var out []Gap
	for i, m := range h.Spec.Metrics {
		if m.Type == autoscalingv2.PodsMetricSourceType || m.Type == autoscalingv2.ObjectMetricSourceType {
			out = append(out, Gap{fmt.Sprintf("metrics[%d]: there is no metrics API for type %s, so it fails", i, m.Type), true})
		}
	}
	return out
}

func kedaNotModelled(u *unstructured.Unstructured) []Gap {
	var out []Gap
	var all []triggerSpec
	switch u.GetKind() {
	case "ScaledObject":
		var spec scaledObjectSpec
		if decode(u, &spec) != nil {
			return nil
		}
		all = spec.Triggers
		if _, err := spec.formula(); errors.Is(err, triggers.ErrFormulaUnknown) {
			out = append(out, Gap{"advanced.scalingModifiers: " + err.Error(), true})
		}
		if spec.Fallback != nil && spec.Fallback.Behavior == "scalingModifiers" {
			out = append(out, Gap{Says: "fallback.behavior scalingModifiers: the formula gets no nil for a trigger that fails"})
		}
	case "ScaledJob":
		var spec scaledJobSpec
		if decode(u, &spec) != nil {
			return nil
		}
		all = spec.Triggers
		if p := spec.JobTargetRef.Parallelism; p != nil && *p > 1 {
			out = append(out, Gap{Says: "jobTargetRef.parallelism: every Job has one pod"})
		}
		out = append(out, podsNotModelled(&spec.JobTargetRef.Template.Spec)...)
	default:
		return nil
	}
	for i, t := range all {
		if why := triggerNotModelled(t); why != "" {
			out = append(out, Gap{fmt.Sprintf("triggers[%d] (%s): %s", i, t.Type, why), t.Type == "solace-direct-messaging"})
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
