package world

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/sandbox/resolve"
)

// triggerSpec is one of spec.triggers as it is written.
type triggerSpec struct {
	Type              string             `json:"type"`
	Name              string             `json:"name"`
	Metadata          map[string]string  `json:"metadata"`
	MetricType        string             `json:"metricType"`
	UseCachedMetrics  bool               `json:"useCachedMetrics"`
	AuthenticationRef *resolve.Reference `json:"authenticationRef"`
}

// scaledObjectSpec is the part of a ScaledObject's spec that the world plays.
type scaledObjectSpec struct {
	ScaleTargetRef struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Name       string `json:"name"`
		Container  string `json:"envSourceContainerName"`
	} `json:"scaleTargetRef"`
	PollingInterval       *int32        `json:"pollingInterval"`
	InitialCooldownPeriod *int32        `json:"initialCooldownPeriod"`
	CooldownPeriod        *int32        `json:"cooldownPeriod"`
	IdleReplicaCount      *int32        `json:"idleReplicaCount"`
	MinReplicaCount       *int32        `json:"minReplicaCount"`
	MaxReplicaCount       *int32        `json:"maxReplicaCount"`
	Triggers              []triggerSpec `json:"triggers"`
	Advanced              struct {
		Restore   bool `json:"restoreToOriginalReplicaCount"`
		HPAConfig struct {
			Name     string                                         `json:"name"`
			Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
		} `json:"horizontalPodAutoscalerConfig"`
		ScalingModifiers struct {
			Formula          string `json:"formula"`
			Target           string `json:"target"`
			ActivationTarget string `json:"activationTarget"`
			MetricType       string `json:"metricType"`
		} `json:"scalingModifiers"`
	} `json:"advanced"`
	Fallback *struct {
		FailureThreshold int32  `json:"failureThreshold"`
		Replicas         int32  `json:"replicas"`
		Behavior         string `json:"behavior"`
	} `json:"fallback"`
}

// scaledJobSpec is the part of a ScaledJob's spec that the world plays.
type scaledJobSpec struct {
	JobTargetRef               batchv1.JobSpec `json:"jobTargetRef"`
	Container                  string          `json:"envSourceContainerName"`
	PollingInterval            *int32          `json:"pollingInterval"`
	SuccessfulJobsHistoryLimit *int32          `json:"successfulJobsHistoryLimit"`
	FailedJobsHistoryLimit     *int32          `json:"failedJobsHistoryLimit"`
	MinReplicaCount            *int32          `json:"minReplicaCount"`
	MaxReplicaCount            *int32          `json:"maxReplicaCount"`
	ScalingStrategy            struct {
		Strategy                   string   `json:"strategy"`
		QueueLengthDeduction       *int32   `json:"customScalingQueueLengthDeduction"`
		RunningJobPercentage       string   `json:"customScalingRunningJobPercentage"`
		PendingPodConditions       []string `json:"pendingPodConditions"`
		MultipleScalersCalculation string   `json:"multipleScalersCalculation"`
	} `json:"scalingStrategy"`
	Triggers []triggerSpec `json:"triggers"`
}

// decode reads a spec. It goes by way of JSON, which reads quantities, times
// and whole numbers as the API server would.
func decode(u *unstructured.Unstructured, into any) error {
	spec, _, err := unstructured.NestedMap(u.Object, "spec")
	if err != nil {
		return fmt.Errorf("%s %s/%s: spec: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
	}
	raw, err := json.Marshal(spec)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("%s %s/%s: spec: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
	}
	return nil
}

func or(p *int32, otherwise int32) int32 {
	if p == nil {
		return otherwise
	}
	return *p
}

func seconds(p *int32, otherwise int32) time.Duration {
	return time.Duration(or(p, otherwise)) * time.Second
}

func (s *scaledObjectSpec) polling() time.Duration {
	return max(time.Second, seconds(s.PollingInterval, 30))
}
func (s *scaledObjectSpec) least() int32 { return or(s.MinReplicaCount, 0) }
func (s *scaledObjectSpec) most() int32  { return or(s.MaxReplicaCount, 100) }

// hpaMin is the HPA's minReplicas: KEDA's HPAs never go to zero.
func (s *scaledObjectSpec) hpaMin() int32 { return max(1, s.least()) }

func (s *scaledObjectSpec) usesModifiers() bool {
	m := s.Advanced.ScalingModifiers
	return m.Formula != "" || m.Target != ""
}

// usesHPAObservations reports whether the scale loop goes by what the HPA saw
// instead of asking the source itself (new in KEDA 2.21).
func (s *scaledObjectSpec) usesHPAObservations() bool {
	for _, t := range s.Triggers {
		if t.UseCachedMetrics {
			return false
		}
	}
	return s.least() > 0 && s.IdleReplicaCount == nil && !s.usesModifiers()
}

// hasFallback reports whether there is a fallback that KEDA takes for valid.
func (s *scaledObjectSpec) hasFallback() bool {
	return s.Fallback != nil && s.Fallback.FailureThreshold >= 0 && s.Fallback.Replicas >= 0
}

// check is KEDA's reconciler on the numbers and the triggers.
func (s *scaledObjectSpec) check() (step string, err error) {
	least := int32(0)
	if s.MinReplicaCount != nil {
		least = s.hpaMin() // an explicit 0 counts as 1 here, KEDA's own oddity
	}
	const counts = "ScaledObject doesn't have correct Idle/Min/Max Replica Counts specification"
	if least > s.most() {
		return counts, fmt.Errorf("MinReplicaCount=%d must be less than MaxReplicaCount=%d", least, s.most())
	}
	if idle := s.IdleReplicaCount; idle != nil && *idle >= least {
		return counts, fmt.Errorf("IdleReplicaCount=%d must be less than MinReplicaCount=%d", *idle, least)
	}
	return "ScaledObject doesn't have correct triggers specification", checkTriggers(s.Triggers)
}

// Check is what KEDA refuses in a ScaledObject or ScaledJob by itself, whoever asks: its
// webhook before it is there, and else its reconciler.
func Check(u *unstructured.Unstructured) error {
	if u.GetKind() == "ScaledJob" {
		var spec scaledJobSpec
		if err := decode(u, &spec); err != nil {
			return err
		}
		return checkTriggers(spec.Triggers)
	}
	var spec scaledObjectSpec
	if err := decode(u, &spec); err != nil {
		return err
	}
	if _, err := spec.check(); err != nil {
		return err
	}
	_, err := spec.formula()
	return err
}

func checkTriggers(triggers []triggerSpec) error {
	if len(triggers) == 0 {
		return fmt.Errorf("no triggers defined in the ScaledObject/ScaledJob")
	}
	names := map[string]bool{}
	for _, t := range triggers {
		if t.UseCachedMetrics && (t.Type == "cpu" || t.Type == "memory" || t.Type == "cron") {
			return fmt.Errorf("property \"useCachedMetrics\" is not supported for %q scaler", t.Type)
		}
		if t.Name != "" && names[t.Name] {
			return fmt.Errorf("triggerName %q is defined multiple times in the ScaledObject/ScaledJob, but it must be unique", t.Name)
		}
		names[t.Name] = true
	}
	return nil
}

// flag reads a boolean annotation as KEDA does: whatever is not a boolean
// counts as true.
func flag(annotations map[string]string, key string) bool {
	v, ok := annotations[key]
	if !ok {
		return false
	}
	b, err := strconv.ParseBool(v)
	return b || err != nil
}

// KEDA's annotations.
const (
	paused          = "autoscaling.keda.sh/paused"
	pausedReplicas  = "autoscaling.keda.sh/paused-replicas"
	pausedScaleIn   = "autoscaling.keda.sh/paused-scale-in"
	pausedScaleOut  = "autoscaling.keda.sh/paused-scale-out"
	forceActivation = "autoscaling.keda.sh/force-activation"
	nameLabel       = "scaledobject.keda.sh/name"
	finalizer       = "finalizer.keda.sh"
	kedaVersion     = "2.21.0"
	kedaManager     = "keda"
	kedaUser        = "system:serviceaccount:keda:keda-operator"
)

// fullyPaused reports whether annotations stop the loop and the HPA.
func fullyPaused(annotations map[string]string) bool {
	_, count := annotations[pausedReplicas]
	return count || flag(annotations, paused)
}

// TooLong reports whether a text is a number with an exponent of ten digits or more:
// of some the library of quantities takes what is left of them in 32 bits, and computes
// for minutes.
func TooLong(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(s), "e")
	digits := strings.TrimLeft(exponent, "+-0")
	return ok && mantissa != "" && strings.Trim(mantissa, "+-.0123456789") == "" && len(digits) > 9 && strings.Trim(digits, "0123456789") == ""
}

func quantityMilli(s string) int64 {
	if TooLong(s) {
		return 0
	}
	q, err := resource.ParseQuantity(s)
	if err != nil {
		return 0
	}
	return q.MilliValue()
}
