package kscope

import (
	"time"
)

// HPA is a HorizontalPodAutoscaler of autoscaling/v2.
type HPA struct {
	Ref              Ref
	UID              string
	OwnerUID         string // uid of the controlling owner, the ScaledObject for KEDA's
	ScaleTarget      TargetRef
	MinReplicas      int32 // 1 when unset
	MaxReplicas      int32
	HasBehavior      bool          // decides which of the two algorithms runs
	ScaleUpWindow    time.Duration // stabilization; 0 without behavior
	ScaleDownWindow  time.Duration // stabilization; 300s without behavior
	ScaleUp          []ScalingPolicy
	ScaleDown        []ScalingPolicy
	ScaleUpSelect    string // Max, Min or Disabled
	ScaleDownSelect  string
	Metrics          []Metric
	CurrentReplicas  int32 // spec replicas at the start of the last sync, not a pod count
	DesiredReplicas  int32
	LastScaleTime    time.Time
	Conditions       Conditions
	StatusEverSynced bool // false until the controller has written a status
}

// ScalingPolicy is one entry of behavior.scaleUp.policies or scaleDown.policies.
type ScalingPolicy struct {
	Type   string // Pods or Percent
	Value  int32
	Period time.Duration
}

// Metric is one metric of an HPA: what it aims at and what it last saw.
type Metric struct {
	Type       string // External, Resource, ContainerResource, Pods, Object
	Name       string
	TargetType string   // AverageValue, Value or Utilization
	Target     float64  // in units of the metric, per pod for AverageValue
	Current    *float64 // nil when it could not be read or makes no sense
}
