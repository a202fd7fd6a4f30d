package keda

import (
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
)

// jobScaling translates a scalingStrategy. With a percentage that is none KEDA takes
// the default strategy for the custom one. (scale_jobs.go: NewScalingStrategy)
func jobScaling(spec fields) kscope.JobScaling {
	s := kscope.JobScaling{
		Strategy:      orElse(spec.text("strategy"), "default"),
		Combine:       orElse(spec.text("multipleScalersCalculation"), "max"),
		Deduction:     spec.numberOr("customScalingQueueLengthDeduction", 0),
		PodConditions: len(spec.list("pendingPodConditions")) > 0,
	}
	share, err := strconv.ParseFloat(spec.text("customScalingRunningJobPercentage"), 64)
	if err == nil {
		s.Share = share
	} else if s.Strategy == "custom" {
		s.Strategy = "default"
	}
	return s
}

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
		Scaling:         jobScaling(spec.at("scalingStrategy")),
		Paused:          flag(annotations, "autoscaling.keda.sh/paused"),
		InjectAllowed:   injectAllowed(annotations),
		LastActiveTime:  status.time("lastActiveTime"),
		Conditions:      observeConditions(status),
	}
	itself := kscope.TargetRef{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledJob", Name: sj.Ref.Name}
	sj.Triggers = observeTriggers(spec, owner{sj.Ref, itself, spec.text("envSourceContainerName"), sj.PollingInterval})
	return sj
}
