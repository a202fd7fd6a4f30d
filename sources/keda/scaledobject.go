package keda

import (
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
)

// The defaults of KEDA's API.
const (
	defaultPolling  = 30
	defaultCooldown = 300
	defaultMax      = 100
)

// observeScaledObject translates a ScaledObject, whatever state it is in.
func observeScaledObject(u *unstructured.Unstructured) kscope.ScaledObject {
	spec, status := fields(u.Object).at("spec"), fields(u.Object).at("status")
	annotations := u.GetAnnotations()
	target, modifiers := spec.at("scaleTargetRef"), spec.at("advanced").at("scalingModifiers")
	so := kscope.ScaledObject{
		Ref:      refOf(u),
		UID:      kscope.Clean(string(u.GetUID())),
		Created:  u.GetCreationTimestamp().Time,
		Deleting: u.GetDeletionTimestamp() != nil,
		Labels:   labelsOf(u),

		ScaleTarget: kscope.TargetRef{
			APIVersion: orElse(target.text("apiVersion"), "apps/v1"),
			Kind:       orElse(target.text("kind"), "Deployment"),
			Name:       target.text("name"),
		},
		PollingInterval:       spec.seconds("pollingInterval", defaultPolling),
		CooldownPeriod:        spec.seconds("cooldownPeriod", defaultCooldown),
		InitialCooldownPeriod: spec.seconds("initialCooldownPeriod", 0),
		IdleReplicaCount:      spec.number("idleReplicaCount"),
		MinReplicaCount:       spec.numberOr("minReplicaCount", 0),
		MaxReplicaCount:       spec.numberOr("maxReplicaCount", defaultMax),
		ScalingModifiers:      modifiers.raw("formula") != "",
		Formula: kscope.Formula{Text: modifiers.raw("formula"), Target: modifiers.text("target"),
			ActivationTarget: modifiers.text("activationTarget"), MetricType: modifiers.text("metricType")},

		Paused:          flag(annotations, "autoscaling.keda.sh/paused"),
		PausedReplicas:  kscope.Clean(annotations["autoscaling.keda.sh/paused-replicas"]),
		PausedScaleIn:   flag(annotations, "autoscaling.keda.sh/paused-scale-in"),
		PausedScaleOut:  flag(annotations, "autoscaling.keda.sh/paused-scale-out"),
		ForceActivation: flag(annotations, "autoscaling.keda.sh/force-activation"),
		InjectAllowed:   injectAllowed(annotations),
		InjectPayload:   annotations["kscope.dev/inject-payload"],

		HPAName:              status.text("hpaName"),
		LastActiveTime:       status.time("lastActiveTime"),
		OriginalReplicaCount: status.number("originalReplicaCount"),
		PausedReplicaCount:   status.number("pausedReplicaCount"),
		ExternalMetricNames:  status.texts("externalMetricNames"),
		TriggersActive:       observeActivity(status),
		Health:               observeHealth(status),
		Conditions:           observeConditions(status),
	}
	so.Triggers = observeTriggers(spec, owner{so.Ref, so.ScaleTarget, target.text("envSourceContainerName"), so.PollingInterval})
	if f := spec.at("fallback"); f != nil {
		so.Fallback = &kscope.Fallback{
			FailureThreshold: f.numberOr("failureThreshold", 0),
			Replicas:         f.numberOr("replicas", 0),
			Behavior:         orElse(f.text("behavior"), "static"),
		}
	}
	return so
}

// flag reads a boolean annotation as KEDA does: whatever is not a boolean
// counts as true.
func flag(annotations map[string]string, name string) bool {
	v, ok := annotations[name]
	if !ok {
		return false
	}
	b, err := strconv.ParseBool(v)
	return b || err != nil
}

func injectAllowed(annotations map[string]string) bool {
	return annotations["kscope.dev/inject"] == "allow"
}

func observeConditions(status fields) kscope.Conditions {
	var out kscope.Conditions
	for _, v := range status.list("conditions") {
		m, _ := v.(map[string]any)
		c := fields(m)
		out = append(out, kscope.Condition{
			Type: c.text("type"), Status: c.text("status"), Reason: c.text("reason"), Message: c.text("message"),
		})
	}
	return out
}

// observeActivity is nil where KEDA has not said anything yet.
func observeActivity(status fields) map[string]bool {
	activity := status.at("triggersActivity")
	if len(activity) == 0 {
		return nil
	}
	out := make(map[string]bool, len(activity))
	for _, metric := range slices.Sorted(maps.Keys(activity)) {
		active, _ := activity.at(metric)["isActive"].(bool)
		out[kscope.Clean(metric)] = active
	}
	return out
}

func observeHealth(status fields) []kscope.TriggerHealth {
	var out []kscope.TriggerHealth
	health := status.at("health")
	for _, metric := range slices.Sorted(maps.Keys(health)) {
		h := health.at(metric)
		out = append(out, kscope.TriggerHealth{
			Metric: kscope.Clean(metric), Failures: h.numberOr("numberOfFailures", 0), Status: h.text("status"),
		})
	}
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
