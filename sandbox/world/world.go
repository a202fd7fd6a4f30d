// Package world plays an event-driven cluster: KEDA's scale loop, the HPA
// controller, Deployments, StatefulSets, ReplicaSets, the scheduler, the
// kubelet and the workers inside the pods.
//
// It is a discrete-event simulation and pure: it reads no wall clock, starts
// no goroutine and does no input or output but through [Queues]. (The one
// exception is the time zone of a cron trigger, which the time package may look
// up on disk.) The same options, the same calls and the same queue contents give
// the same [World.Changes], object for object. A World is confined to one
// goroutine.
//
// What it plays by is KEDA 2.21 and the controllers of Kubernetes 1.37; what
// it does not play, [NotModelled] names.
package world

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/triggers"
)

// Options are everything the world needs that manifests do not say.
type Options struct {
	Seed          uint64
	Start         time.Time
	ServiceTime   time.Duration // per job; 2 s when zero
	ServiceSpread float64       // fraction, 0..1, of uniform variation around ServiceTime
	StartTime     time.Duration // from pod placed to container running, image pulled
	StartSpread   float64       // fraction, 0..1, of uniform variation around StartTime
	NoWorkers     bool          // pods become Ready but take no jobs: the user's own programs do
	SyncPeriod    time.Duration // HPA sync, 15 s when zero
	Jitter        bool          // small control-plane delays (5-50 ms, seeded); false: none at all
	// Witness, unless nil, is told in the middle of things what KEDA, the HPA and
	// others do, before any of it shows in [World.Changes]. It must not call the
	// World.
	Witness func(Deed)
}

// Deed is something that was done in the world, as only the doer knows it: what
// is seen of it, and what is guessed, can be held against it.
type Deed struct {
	What     DeedVerb
	At       time.Time
	Of       kscope.Ref // the workload that was written, the HPA that synced, the ScaledObject that was polled
	By       string     // who wrote: the field manager
	From, To int32      // the replicas before, and those that were written or decided on
	// Computed says that a sync came to ask the metrics: for Raw, which the
	// memory of the HPA made Stabilized.
	Computed        bool
	Raw, Stabilized int32
}

// DeedVerb says what was done.
type DeedVerb string

// What is witnessed.
const (
	Wrote  DeedVerb = "wrote"  // the replicas of a workload, the same number included
	Synced DeedVerb = "synced" // an HPA; what it writes follows
	Polled DeedVerb = "polled" // KEDA's scale loop; what it writes follows
	Took   DeedVerb = "took"   // a worker a job, from the queue that By names
	Podded DeedVerb = "podded" // a pod came to the stage that By names: created, scheduled, started, ready, finished, gone
)

// witness tells of a deed, if anybody wants to know.
func (w *World) witness(d Deed) {
	if w.o.Witness != nil {
		d.At = w.now
		w.o.Witness(d)
	}
}

// Queues is where the work waits: a Redis server in the sandbox, a map in tests.
type Queues interface {
	// Len measures what a trigger measures. An error is what KEDA's client
	// would meet. One that begins with "ERR " is the server's answer to the
	// query; any other means that there is no connection, which stops KEDA
	// from even building its scaler. The words of KEDA's scaler are put before
	// it here.
	Len(q triggers.Redis) (int64, error)
	// Take takes one job as a worker would; false when there is none. Where its id is
	// not "" the queue keeps it until it is Done, by whoever has it then.
	Take(q triggers.Redis) (id string, ok bool, err error)
	Done(q triggers.Redis, id string)
}

// ChangeVerb says what happened to an object.
type ChangeVerb string

// What can happen to an object, in the words of a watch.
const (
	Added    ChangeVerb = "ADDED"
	Modified ChangeVerb = "MODIFIED"
	Deleted  ChangeVerb = "DELETED"
)

// Change is one write to an object. The object is a deep copy that belongs to
// whoever received it. It has no resourceVersion.
type Change struct {
	Verb   ChangeVerb
	Object runtime.Object
}

// Defect is a step of the world that panicked. What it was doing is half done,
// and everything else goes on: a controller that was hit looks again at its next
// turn, or when something changes.
type Defect struct {
	At    time.Time
	Panic string
	Stack string
}

func (d Defect) Error() string {
	return "a step of it stopped by a defect: " + d.Panic
}

// never is what [World.Next] gives when nothing is due.
const never = 100 * 365 * 24 * time.Hour

// World is a cluster in memory; make one with [New].
type World struct {
	o       Options
	q       Queues
	now     time.Time
	due     timers
	seq     uint64
	changes []Change
	defects []Defect

	// One generator for each concern, so that one more pod does not change
	// how long a job takes.
	delays, starts, services, names, phases *rand.Rand

	objects    map[objectKey]runtime.Object // what is only kept: Secrets, Namespaces, ...
	workloads  map[workloadKey]*workload
	hpas       map[kscope.Ref]*hpa
	scaled     map[kscope.Ref]*scaledObject
	jobs       map[kscope.Ref]*scaledJob
	broken     map[Breakage]bool
	meddlers   map[Breakage]*timer
	events     recorder
	writes     bucket // of the ReplicaSet controller's client
	nodes      []int  // pods on each node
	alive      int    // pods
	woken      *timer
	scraper    *timer  // of what pods use; nil while nobody asks
	crewsStale bool    // what they work on may have changed
	lost       int     // jobs that went down with their worker
	left       []taken // jobs that another worker may take over
	queues     map[triggers.Redis]*brokers.Queue

	// When the first poll of a ScaledObject and the first sync of an HPA
	// come, after it was made. Golden traces set them; a negative duration
	// means at once, and then in a phase of its own.
	firstPoll, firstSync time.Duration
}

// New makes an empty world that begins at o.Start.
func New(o Options, q Queues) *World {
	if o.SyncPeriod <= 0 {
		o.SyncPeriod = scaling.SyncPeriod
	}
	if o.ServiceTime <= 0 {
		o.ServiceTime = 2 * time.Second
	}
	generator := func(concern uint64) *rand.Rand { return rand.New(rand.NewPCG(o.Seed, concern)) }
	return &World{
		o: o, q: q, now: o.Start,
		delays: generator(1), starts: generator(2), services: generator(3), names: generator(4), phases: generator(5),
		objects:   map[objectKey]runtime.Object{},
		workloads: map[workloadKey]*workload{},
		hpas:      map[kscope.Ref]*hpa{},
		scaled:    map[kscope.Ref]*scaledObject{},
		jobs:      map[kscope.Ref]*scaledJob{},
		broken:    map[Breakage]bool{},
		meddlers:  map[Breakage]*timer{},
		queues:    map[triggers.Redis]*brokers.Queue{},
		events:    newRecorder(),
		writes:    bucket{rate: 20, burst: 30, tokens: 30, at: o.Start},
		nodes:     make([]int, nodeCount),
		firstPoll: -1, firstSync: -1,
	}
}

// Now is the world's own time.
func (w *World) Now() time.Time { return w.now }

// Next is when something is due next; a far time if never.
func (w *World) Next() time.Time {
	if len(w.due) == 0 {
		return w.now.Add(never)
	}
	return w.due[0].at
}

// Advance plays everything due until then, in order; what is due at the same
// moment in the order in which it was planned.
func (w *World) Advance(to time.Time) {
	for len(w.due) > 0 && !w.due[0].at.After(to) {
		t := heap.Pop(&w.due).(*timer)
		if t.at.After(w.now) {
			w.now = t.at
		}
		w.step(t)
	}
	if to.After(w.now) {
		w.now = to
	}
}

// step plays what is due. One that panics takes nothing else with it.
func (w *World) step(t *timer) {
	defer func() {
		if p := recover(); p != nil {
			w.defects = append(w.defects, Defect{w.now, fmt.Sprint(p), string(debug.Stack())})
		}
	}()
	t.run()
}

// Defects are the steps that panicked since the last call, in order.
func (w *World) Defects() []Defect {
	out := w.defects
	w.defects = nil
	return out
}

// Changes are the changes since the last call, in order.
func (w *World) Changes() []Change {
	out := w.changes
	w.changes = nil
	return out
}

// emit publishes a change of an object as it stands.
func (w *World) emit(verb ChangeVerb, obj runtime.Object) {
	w.changes = append(w.changes, Change{verb, obj.DeepCopyObject()})
}
