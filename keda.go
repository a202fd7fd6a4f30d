package kscope

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// TriggerRef names one trigger of a ScaledObject or ScaledJob.
type TriggerRef struct {
	Object ID  // of kind ScaledObjects or ScaledJobs
	Index  int // in spec.triggers, from 0
}

// TargetRef is a reference to the thing being scaled, in the same namespace as
// the object that refers to it. APIVersion and Kind carry KEDA's defaults
// (apps/v1, Deployment) when the object left them out.
type TargetRef struct{ APIVersion, Kind, Name string }

// Group is the API group of the reference, "" for the core group.
func (t TargetRef) Group() string {
	group, _, ok := strings.Cut(t.APIVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// Condition is one status condition. Since is zero where the API gives no
// transition time: KEDA's conditions have none.
type Condition struct {
	Type, Status, Reason, Message string
	Since                         time.Time
}

// True reports whether the condition's status is "True".
func (c Condition) True() bool { return c.Status == "True" }

// False reports whether the condition's status is "False". A missing condition
// is neither true nor false.
func (c Condition) False() bool { return c.Status == "False" }

// Conditions is a list of conditions, at most one of a type.
type Conditions []Condition

// Get finds the condition of a type; the zero Condition when there is none.
func (cs Conditions) Get(typ string) Condition {
	for _, c := range cs {
		if c.Type == typ {
			return c
		}
	}
	return Condition{}
}

// ScaledObject is KEDA's object of that name, reduced to what is shown, with
// the defaults of KEDA's API filled in.
type ScaledObject struct {
	Ref      Ref
	UID      string
	Created  time.Time
	Deleting bool
	Labels   map[string]string

	ScaleTarget           TargetRef
	PollingInterval       time.Duration // 30s by default
	CooldownPeriod        time.Duration // 300s by default
	InitialCooldownPeriod time.Duration
	IdleReplicaCount      *int32 // nil when unset
	MinReplicaCount       int32  // 0 by default
	MaxReplicaCount       int32  // 100 by default
	Fallback              *Fallback
	ScalingModifiers      bool // a formula combines the triggers
	Formula               Formula
	Triggers              []Trigger

	// Annotations that change what happens, as they stand.
	Paused          bool   // autoscaling.keda.sh/paused is there and not "false"
	PausedReplicas  string // autoscaling.keda.sh/paused-replicas, "" when absent
	PausedScaleIn   bool
	PausedScaleOut  bool
	ForceActivation bool
	InjectAllowed   bool   // kscope.dev/inject: allow
	InjectPayload   string // kscope.dev/inject-payload, "" when absent: see load.ParsePayload

	// Status.
	HPAName              string
	LastActiveTime       time.Time // zero when KEDA has not set it
	OriginalReplicaCount *int32
	PausedReplicaCount   *int32
	ExternalMetricNames  []string
	TriggersActive       map[string]bool // by external metric name
	Health               []TriggerHealth // only when a fallback is configured
	Conditions           Conditions
}

// FullyPaused reports whether the loop and the HPA are stopped altogether.
func (so ScaledObject) FullyPaused() bool { return so.Paused || so.PausedReplicas != "" }

// SameButSeen reports whether two states of a ScaledObject are the same, leaving
// aside when KEDA last saw work.
func (so ScaledObject) SameButSeen(other ScaledObject) bool {
	a, b := &so, &other
	return a.Ref == b.Ref && a.UID == b.UID && a.Created.Equal(b.Created) && a.Deleting == b.Deleting &&
		a.ScaleTarget == b.ScaleTarget && a.PollingInterval == b.PollingInterval && a.CooldownPeriod == b.CooldownPeriod &&
		a.InitialCooldownPeriod == b.InitialCooldownPeriod && same(a.IdleReplicaCount, b.IdleReplicaCount) &&
		a.MinReplicaCount == b.MinReplicaCount && a.MaxReplicaCount == b.MaxReplicaCount && same(a.Fallback, b.Fallback) &&
		a.ScalingModifiers == b.ScalingModifiers && a.Formula == b.Formula &&
		a.Paused == b.Paused && a.PausedReplicas == b.PausedReplicas && a.PausedScaleIn == b.PausedScaleIn && a.PausedScaleOut == b.PausedScaleOut &&
		a.ForceActivation == b.ForceActivation && a.InjectAllowed == b.InjectAllowed && a.InjectPayload == b.InjectPayload &&
		a.HPAName == b.HPAName && same(a.OriginalReplicaCount, b.OriginalReplicaCount) && same(a.PausedReplicaCount, b.PausedReplicaCount) &&
		slices.Equal(a.ExternalMetricNames, b.ExternalMetricNames) && maps.Equal(a.TriggersActive, b.TriggersActive) &&
		slices.Equal(a.Health, b.Health) && slices.Equal(a.Conditions, b.Conditions) && maps.Equal(a.Labels, b.Labels) &&
		slices.EqualFunc(a.Triggers, b.Triggers, Trigger.same)
}

// same compares what may be absent.
func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// Floor is the number of replicas that the workload rests at while no trigger
// is active: idleReplicaCount if set, else minReplicaCount.
func (so ScaledObject) Floor() int32 {
	if so.IdleReplicaCount != nil {
		return *so.IdleReplicaCount
	}
	return so.MinReplicaCount
}

// StartsWith is the number of replicas that KEDA starts from zero.
func (so ScaledObject) StartsWith() int32 { return max(so.MinReplicaCount, 1) }

// Fallback is spec.fallback.
type Fallback struct {
	FailureThreshold, Replicas int32
	Behavior                   string
}

// TriggerHealth is one entry of status.health.
type TriggerHealth struct {
	Metric   string
	Failures int32
	Status   string // Happy or Failing
}

// Trigger is one of spec.triggers.
type Trigger struct {
	Type       string
	Name       string
	MetricType string // AverageValue unless said
	Metadata   map[string]string
	AuthName   string // authenticationRef.name, "" when absent
	AuthKind   string
	Cached     bool     // useCachedMetrics: KEDA answers the HPA with what it measured last
	Backlog    *Backlog // what a Redis trigger measures; nil for other types
}

func (t Trigger) same(o Trigger) bool {
	return t.Type == o.Type && t.Name == o.Name && t.MetricType == o.MetricType && t.AuthName == o.AuthName && t.AuthKind == o.AuthKind && t.Cached == o.Cached &&
		same(t.Backlog, o.Backlog) && maps.Equal(t.Metadata, o.Metadata)
}

// Formula is spec.advanced.scalingModifiers as it is written.
type Formula struct {
	Text, Target, ActivationTarget, MetricType string
}

// JobScaling is a ScaledJob's spec.scalingStrategy: how the number of Jobs follows
// from the queue.
type JobScaling struct {
	Strategy      string  // default, custom, accurate or eager
	Combine       string  // of several triggers: max, min, avg or sum
	Deduction     int32   // of the queue's length, for custom
	Share         float64 // of the running Jobs that are deducted too, for custom
	PodConditions bool    // it says itself by which conditions of a pod its Job is no longer pending
}

// ScaledJob is KEDA's object of that name, reduced to what is shown.
type ScaledJob struct {
	Ref             Ref
	UID             string
	Created         time.Time
	Labels          map[string]string
	PollingInterval time.Duration
	MinReplicaCount int32
	MaxReplicaCount int32
	Scaling         JobScaling
	Triggers        []Trigger
	Paused          bool
	InjectAllowed   bool
	LastActiveTime  time.Time
	Conditions      Conditions
}
