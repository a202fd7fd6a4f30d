package world

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope/sandbox/resolve"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
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
		if triggers.HTTPRoute(t.Metadata) != "" {
			return "the requests inside are counted; its route is not read, and the target is taken to be 1"
		}
		return "there is no scaler to ask for its metrics; its target is taken to be 1"
	case "solace-direct-messaging":
		return "not played; KEDA is made to refuse it"
	case "solace-event-queue":
		return "only the first of its targets is played"
	case "rabbitmq":
		if mode := t.Metadata["mode"]; mode != "" && mode != "QueueLength" {
			return "mode " + mode + " is played as QueueLength"
		}
	case "gcp-pubsub":
		if mode := t.Metadata["mode"]; mode != "" && mode != "SubscriptionSize" && mode != "NumUndeliveredMessages" {
			return "mode " + mode + " is played as SubscriptionSize"
		}
	}
	return ""
}

// Refusal is why KEDA's operator refuses an object.
type Refusal struct {
	Path string // of the field, as in spec.triggers[0].metadata.listName
	Err  error  // in KEDA's words

	Unset bool // it would take it if each variable that a trigger names were there
}

// Refuses is all that KEDA's operator would refuse of a ScaledObject or a ScaledJob for
// what stands in it and in the objects that it refers to, as far as these can be found:
// what others may give it is not missing. What cannot be played, and KEDA may well take,
// is not among it.
func Refuses(u *unstructured.Unstructured, find resolve.Find) []Refusal {
	var out []Refusal
	add := func(path string, err error) {
		if err != nil {
			out = append(out, Refusal{Path: path, Err: err})
		}
	}
	var spec scaledObjectSpec
	var env environment
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
		if _, err = spec.formula(); !errors.Is(err, triggers.ErrFormulaUnknown) {
			add("spec.advanced.scalingModifiers", err)
		}
		env = environment{PodOf(find(orText(spec.ScaleTargetRef.Kind, "Deployment"), u.GetNamespace(), spec.ScaleTargetRef.Name)), spec.ScaleTargetRef.Container}
	case "ScaledJob":
		var job scaledJobSpec
		if decode(u, &job) != nil {
			return nil
		}
		spec.Triggers, env = job.Triggers, environment{&job.JobTargetRef.Template.Spec, job.Container}
		err := checkTriggers(job.Triggers)
		add(spec.accused(err), err)
	}
	metrics := map[string]bool{}
	for i, t := range spec.Triggers {
		path := fmt.Sprintf("spec.triggers[%d]", i)
		built, errs, unset := buildAlone(u, i, t, env, find)
		for _, err := range errs {
			add(path+t.accused(err), err)
		}
		for _, err := range unset {
			out = append(out, Refusal{path + t.accused(err), err, true})
		}
		if len(errs) == 0 && built.metric != "" && metrics[built.metric] {
			add(path, fmt.Errorf("metricName %s defined multiple times in %s %s", built.metric, u.GetKind(), u.GetName()))
		}
		metrics[built.metric] = true
	}
	return out
}

// PodOf is the pod template of a workload; nil of anything else.
func PodOf(obj runtime.Object) *corev1.PodSpec {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Template.Spec
	case *appsv1.StatefulSet:
		return &o.Spec.Template.Spec
	}
	return nil
}

// buildAlone is buildTrigger where not all objects are known that it may take values from.
// What is wrong only since variables are not there, it gives by itself.
func buildAlone(u *unstructured.Unstructured, i int, spec triggerSpec, env environment, find resolve.Find) (t trigger, errs, unset []error) {
	unknown := env.pod == nil
	given, err := givenBy(func(kind, namespace, name string) runtime.Object {
		obj := find(kind, namespace, name)
		unknown = unknown || obj == nil
		return obj
	}, env, u.GetNamespace(), spec)
	if err != nil && !unknown {
		return trigger{}, []error{err}, nil
	}
	if unknown {
		given = given.Supposing(spec.Type, spec.AuthenticationRef != nil)
	}
	t, errs = buildOf(u, i, spec, given)
	if len(errs) == 0 {
		return t, nil, nil
	}
	_, supposed := buildOf(u, i, spec, given.Supposing(spec.Type, false))
	unset = slices.DeleteFunc(errs, func(e error) bool {
		return slices.ContainsFunc(supposed, func(s error) bool { return s.Error() == e.Error() })
	})
	return t, supposed, unset
}

// buildOf is buildTrigger with all that is wrong.
func buildOf(u *unstructured.Unstructured, i int, spec triggerSpec, given params.Values) (trigger, []error) {
	if known, ok := triggers.TypeOf(spec.Type); ok && known == (triggers.Type{}) { // not played
		return trigger{}, params.Each(params.Check(params.Object{Namespace: u.GetNamespace(), Name: u.GetName()}, spec.Type, given))
	}
	t, err := buildTrigger(refOf(u), i, spec, given)
	if err == nil && t.metric != "" && u.GetKind() == "ScaledObject" {
		err = admitHPA("keda-hpa-"+u.GetName(), []autoscalingv2.MetricSpec{t.externalMetric(u.GetName())})
	}
	return t, params.Each(err)
}

// quoted is what KEDA names in an error: one or more parameters.
var quoted = regexp.MustCompile(`"([A-Za-z,]+)"`)

// accused is the field of a trigger that an error of its scaler is about.
func (s triggerSpec) accused(err error) string {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "no scaler found"):
		return ".type"
	case strings.Contains(text, "metric type"):
		return ".metricType"
	}
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		for _, name := range strings.Split(m[1], ",") {
			for _, key := range []string{name, name + "FromEnv"} {
				if _, ok := s.Metadata[key]; ok {
					return ".metadata[" + key + "]"
				}
			}
		}
	}
	return ".metadata"
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
