// Package kscope is what can be observed about event-driven scaling: facts, who
// says them, and the stream they come in.
//
// It knows no cluster, no broker, no screen and no wall clock: a [Source] emits
// [Fact] values, [Merge] stamps them, the package store folds them, and
// everything that is drawn or printed is computed from that. Time is whatever
// the observations say.
package kscope

import "time"

// Observation is one thing that one source saw at one moment. It is a value:
// nobody writes to it, or to anything it refers to, after it was emitted.
type Observation struct {
	At     time.Time // when it was seen, by the clock of the stream
	Source string    // "k8s", "keda", "redis", "you"
	Fact   Fact
}

// Fact is what was seen: a [ScaledObject], [ScaledJob], [HPA], [Workload],
// [Job], [Pod], [Event], [Depths], [Connection], [Loading], [Purged], [Status],
// [Gone], [Unwatched] or [Heartbeat].
type Fact interface{ fact() }

func (ScaledObject) fact() {}

func (ScaledJob) fact() {}

func (HPA) fact() {}

func (Workload) fact() {}

func (Job) fact() {}

func (Pod) fact() {}

func (Event) fact() {}

func (Depths) fact() {}

func (Status) fact() {}

func (Gone) fact() {}

func (Heartbeat) fact() {}

func (Unwatched) fact() {}

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
	Jobs          Kind = "jobs"  // those that KEDA made for ScaledJobs
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

// ID names any object that a source watches. Like the API, it does not tell an
// object from a later one of the same name; their UIDs do.
type ID struct {
	Kind Kind
	Ref
}
