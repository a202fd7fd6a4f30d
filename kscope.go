// Package kscope is what can be observed about event-driven scaling, how
// observations fold into a picture, and why a workload has the replicas it has.
//
// It knows no cluster, no broker, no screen and no wall clock: sources emit
// [Observation] values, a [Store] folds them, and everything that is drawn or
// printed is computed from the store. Time is whatever the observations say.
package kscope

import (
	"reflect"
	"strings"
	"time"
)

// Observation is one thing that one source saw at one moment. It is a value:
// nobody writes to it, or to anything it refers to, after it was emitted.
type Observation struct {
	At     time.Time // when it was seen, by the clock of the stream
	Source string    // "k8s", "keda", "redis", "you"
	Fact   Fact
}

// Fact is what was seen: a [ScaledObject], [ScaledJob], [HPA], [Workload],
// [Pod], [Event], [Depths], [Connection], [Pushed], [Loading], [Purged], [Status],
// [Gone] or [Heartbeat].
type Fact interface{ fact() }

func (ScaledObject) fact() {}
func (ScaledJob) fact()    {}
func (HPA) fact()          {}
func (Workload) fact()     {}
func (Pod) fact()          {}
func (Event) fact()        {}
func (Depths) fact()       {}
func (Pushed) fact()       {}
func (Status) fact()       {}
func (Gone) fact()         {}
func (Heartbeat) fact()    {}

// Kind names the sort of object that a [Gone] or a [Status] is about, in the
// API's own words: the resource name, plural and lower case.
type Kind string

// The kinds that the sources watch.
const (
	ScaledObjects Kind = "scaledobjects"
	ScaledJobs    Kind = "scaledjobs"
	HPAs          Kind = "horizontalpodautoscalers"
	Deployments   Kind = "deployments"
	StatefulSets  Kind = "statefulsets"
	ScaleTargets  Kind = "scale" // any other target, read through its /scale
	Pods          Kind = "pods"
	Events        Kind = "events"
	Namespaces    Kind = "namespaces" // the one that is watched, if it is one
	Queues        Kind = "queues"     // one Redis server and the keys read from it
)

// Ref names an object within its kind.
type Ref struct{ Namespace, Name string }

// String gives namespace/name, or the name alone where there is no namespace.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}

// Less orders refs by namespace, then name.
func (r Ref) Less(o Ref) bool {
	if r.Namespace != o.Namespace {
		return r.Namespace < o.Namespace
	}
	return r.Name < o.Name
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
	Triggers              []Trigger

	// Annotations that change what happens, as they stand.
	Paused          bool   // autoscaling.keda.sh/paused is there and not "false"
	PausedReplicas  string // autoscaling.keda.sh/paused-replicas, "" when absent
	PausedScaleIn   bool
	PausedScaleOut  bool
	ForceActivation bool
	InjectAllowed   bool   // kscope.dev/inject: allow
	InjectPayload   string // kscope.dev/inject-payload, "" when absent: see [ParsePayload]

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
	so.LastActiveTime = other.LastActiveTime
	return reflect.DeepEqual(so, other)
}

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
	Queue      *Queue // what a Redis trigger measures; nil for other types
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
	Strategy        string
	Triggers        []Trigger
	Paused          bool
	InjectAllowed   bool
	LastActiveTime  time.Time
	Conditions      Conditions
}

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

// Workload is a scale target: its replicas, who set them, and which pods are
// its own.
type Workload struct {
	Ref        Ref
	Kind       string // Deployment, StatefulSet, ...
	APIVersion string
	UID        string
	Desired    int32  // spec.replicas
	Current    int32  // status.replicas: neither terminating nor finished, ready or not
	Ready      *int32 // nil where /scale does not say
	Selector   Selector
	// SetBy is the field manager that last wrote spec.replicas, "" if unknown,
	// and SetAt when it did.
	SetBy      string
	SetAt      time.Time
	Conditions Conditions
	Image      string // first container's, for the header
}

// Pod is one pod, reduced to what decides its state.
type Pod struct {
	Ref        Ref
	UID        string
	Labels     map[string]string
	OwnerUID   string
	Node       string
	Created    time.Time
	Started    time.Time // zero until the kubelet took it
	ReadySince time.Time // zero while not ready
	Deleted    time.Time // when its grace period ends; zero while not terminating
	Phase      string    // Pending, Running, Succeeded, Failed, Unknown
	Ready      bool
	Scheduled  bool
	Restarts   int32
	Reason     string // why it is not ready: CrashLoopBackOff, Unschedulable, ...
	Message    string
}

// Event is an event of either event API, its text as the cluster wrote it.
type Event struct {
	UID       string
	Namespace string
	Regarding ObjectRef
	Type      string // Normal or Warning
	Reason    string
	Note      string
	Reporter  string
	Last      time.Time // newest of series, lastTimestamp, eventTime, creation
	Count     int32     // 1 at least
}

// ObjectRef names an object of any kind.
type ObjectRef struct{ Kind, Namespace, Name, UID string }

// Queue is a key in a Redis database as a trigger names it, and what of it the
// trigger counts. It is comparable and serves as the identity of a queue: two
// triggers that name the same one share its measurements.
type Queue struct {
	Address  string   // host:port as written in the trigger, the first of several; "" when it comes from elsewhere
	Via      string   // what else the way there depends on, see [RedisVia]; "" when nothing does
	Topology Topology // Single unless the trigger's type says otherwise
	DB       int
	Key      string
	Measure  Measure // Size unless it is a stream
	Group    string  // the consumer group, for StreamPending and StreamLag
}

// Depth is one measurement of a queue. Type is Redis's word: list, set, zset,
// hash, stream, or none for a key that does not exist. When Err is not empty the
// measurement failed and N means nothing.
type Depth struct {
	Queue Queue
	N     int64
	Type  string
	Err   string
}

// Depths is what one pipeline to one server brought back: a depth for every
// queue watched there. A queue that is absent was not asked for.
type Depths struct {
	Address string        // of the trigger, not of the override: see [Queue.Server]
	RTT     time.Duration // round trip of the pipeline
	All     []Depth
}

// Pushed is what an attempt to put jobs into a queue did.
type Pushed struct {
	Queue    Queue
	Target   Ref   // the ScaledObject that was on screen
	Asked    int64 // jobs that should go in
	Accepted int64 // jobs that the server acknowledged
	Length   int64 // length that the server answered with the last push
	Err      string
	Took     time.Duration
}

// Status is the health of one part of a source: a watched kind, or a server.
// Sources emit it on every change, and not otherwise.
type Status struct {
	Kind    Kind
	Name    string // for Queues the server, as in [Queue.Server]; "" for watched kinds
	State   State
	Message string // what went wrong, in the words of the API or the library, cleaned
	Hint    string // the likely fix; "" when there is none to offer
}

// State is how a part of a source is doing.
type State string

// The states of a part of a source.
const (
	Connecting State = "connecting" // nothing known yet
	Synced     State = "synced"     // what is known is current
	Failing    State = "failing"    // what is known is getting old; being retried
	Forbidden  State = "forbidden"  // no permission; retried slowly
	Absent     State = "absent"     // the API does not have this kind
)

// Gone says that an object of a kind no longer exists.
type Gone struct {
	Kind Kind
	Ref  Ref
	UID  string
}

// Heartbeat says only that time has passed.
type Heartbeat struct{}
