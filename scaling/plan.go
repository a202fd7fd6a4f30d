package scaling

import (
	"time"

	"github.com/kscope/kscope"
)

// Plan is what a play goes by: a workload, the queue that it empties, and the
// settings of KEDA and of the HPA that scale it by that queue.
type Plan struct {
	Loop                 Loop
	Alone                bool             // KEDA is not there, of Loop only the bounds count
	Behavior             *kscope.Behavior // the HPA's own; nil for none
	Sync                 time.Duration    // between the HPA's syncs; [SyncPeriod] when zero
	FirstPoll, FirstSync time.Duration    // from the start: the phases of both

	Target, Activation float64
	ByValue            bool // the target is a Value and not an AverageValue

	// Also are metrics beside that of the queue, which the pods do not change.
	Also []Source

	// Arrivals are the jobs that have come by then, counted from the start; nil
	// for none. Measured takes the place of the queue: what the source says
	// then, whatever the pods do.
	Arrivals, Measured func(since time.Duration) float64
	// Formula is what is gone by, of the queue or of what was measured; nil for just that.
	Formula  func(queue float64, since time.Duration) float64
	Service  time.Duration // of a job on a pod; when zero, pods take none
	Starting time.Duration // from asking for a pod to its being ready

	Step    time.Duration // between the points of the outcome; a second when zero
	Changes int           // after so many the play ends early; 0 for no such end
}

// Source is something that a trigger measures, and what that is compared with.
type Source struct {
	Target, Activation float64 // no target above 0, and the HPA has no such metric
	ByValue            bool
	Measured           func(since time.Duration) float64
}

// State is how things stand at a moment. KEDA and the HPA act on all of it but
// the jobs in hand; what is not known of those and of Memory may be left out.
type State struct {
	At                  time.Time // by the clock of the cluster
	Queue               float64   // jobs that wait
	InHand              float64   // jobs that pods work on
	Replicas, Ready     int32     // asked for, and ready
	Memory              Memory
	LastActive, Created time.Time // of the ScaledObject; LastActive is zero for never
}

// Outcome is how a play went.
type Outcome struct {
	Points  []Point
	Changes []Change
	End     State
}

// Point is the state at one moment of a play.
type Point struct {
	Since          time.Duration // the start
	Queue          float64       // or what was measured
	Desired, Ready int32
}

// Change is a change of the replicas asked for.
type Change struct {
	Since    time.Duration
	From, To int32
	ByKEDA   bool // and not the HPA
}
