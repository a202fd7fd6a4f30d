package keda

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
)

// observeScaledJob translates a ScaledJob, whatever state it is in.
func observeScaledJob(u *unstructured.Unstructured) kscope.ScaledJob {
	spec, status := fields(u.Object).at("spec"), fields(u.Object).at("status")
	annotations := u.GetAnnotations()
	sj := kscope.ScaledJob{
		Ref:             refOf(u),
		UID:             kscope.Clean(string(u.GetUID())),
		Created:         u.GetCreationTimestamp().Time,
		Labels:          labelsOf(u),
		PollingInterval: spec.seconds("pollingInterval", defaultPolling),
		MinReplicaCount: spec.numberOr("minReplicaCount", 0),
		MaxReplicaCount: spec.numberOr("maxReplicaCount", defaultMax),
		Strategy:        orElse(spec.at("scalingStrategy").text("strategy"), "default"),
		Paused:          flag(annotations, "autoscaling.keda.sh/paused"),
		InjectAllowed:   injectAllowed(annotations),
		LastActiveTime:  status.time("lastActiveTime"),
		Conditions:      observeConditions(status),
	}
	itself := kscope.TargetRef{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledJob", Name: sj.Ref.Name}
	sj.Triggers = observeTriggers(spec, owner{sj.Ref, itself, spec.text("envSourceContainerName")})
	return sj
}
