package kscope

import (
	"time"
)

// HPA is a HorizontalPodAutoscaler of autoscaling/v2.
type HPA struct {
	Ref              Ref
	UID              string
	OwnerUID         string // uid of the controlling owner, the ScaledObject for KEDA's
	ScaledObject     string // name of that ScaledObject; "" where it is not KEDA's
	ScaleTarget      TargetRef
	Serves           *Backlog // the work that its pods serve, where somebody says so, as no cluster does; nil otherwise
	MinReplicas      int32    // 1 when unset
	MaxReplicas      int32
	Behavior         *Behavior // nil where it has none, which decides which of the two algorithms runs
	Metrics          []Metric
	CurrentReplicas  int32 // spec replicas at the start of the last sync, not a pod count
	DesiredReplicas  int32
	LastScaleTime    time.Time
	Conditions       Conditions
	StatusEverSynced bool // false until the controller has written a status
}

// Behavior is what an HPA's spec.behavior says, with the defaults of the API
// filled in.
type Behavior struct{ Up, Down Direction }

// Direction is a behavior's rules for one direction.
type Direction struct {
	Window    time.Duration // stabilization
	Select    string        // Max, Min or Disabled
	Policies  []ScalingPolicy
	Tolerance *float64 // nil for the controller's own
}

// DownscaleStabilization is the HPA controller's flag of that name, at its
// default: how long it looks back before it removes pods, where an HPA does not
// say.
const DownscaleStabilization = 300 * time.Second

// longestWindow is the longest window, and more than the longest period of a
// policy, that an API server takes.
const longestWindow = time.Hour

// UpWindow is how long the HPA looks back before it adds pods: an hour at most.
func (b *Behavior) UpWindow() time.Duration {
	if b == nil {
		return 0
	}
	return min(max(b.Up.Window, 0), longestWindow)
}

// DownWindow is how long the HPA looks back before it removes pods: an hour at
// most.
func (b *Behavior) DownWindow() time.Duration {
	if b == nil {
		return DownscaleStabilization
	}
	return min(max(b.Down.Window, 0), longestWindow)
}

// Remembers is how long the HPA remembers anything: an hour at most.
func (b *Behavior) Remembers() time.Duration {
	all := max(b.UpWindow(), b.DownWindow())
	if b != nil {
		for _, d := range [...]Direction{b.Up, b.Down} {
			for _, p := range d.Policies {
				all = max(all, p.Period)
			}
		}
	}
	return min(all, longestWindow)
}

// ScalingPolicy is one of the policies of a direction.
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
	ByNone     bool     // it makes none since it was divided by no pods: the HPA had counted none
}
