package store

import (
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// Entry is one thing that was seen to happen to an object, or to what is
// linked to it. It has no words of ours in it, and nothing that was concluded
// from other entries.
type Entry struct {
	At    time.Time
	Kind  EntryKind
	Actor Actor // "" for Scaled: Who, and others, tell
	// Guess says that Actor was concluded from the numbers.
	Guess    bool
	Who      string // the field manager that wrote the replicas, for Scaled; "" where none is to be seen
	From, To int32  // replicas, for Scaled and ReadyPods; From is -1 where it is not known
	Surplus  bool   // more pods are ready than are wanted, as in a rollout
	Jobs     int64  // for JobsMade, JobsDone, Injected, Arrived, LoadEnded, and Emptied by You
	Asked    int64  // for Injected, LoadEnded: more than Jobs where not all went in
	Length   int64  // for Injected, LoadEnded: the server's answer

	Load    *kscope.Loading // for LoadBegan and LoadEnded, as it was then
	Topic   Topic           // for Trouble and Mended
	Broker  string          // for OurSource that is a server
	Kept    kscope.Kind     // for Trouble and Mended of OurSource: what is watched
	Subject string          // for OurSource the server, for TheTarget its kind and name, for Injected, Arrived and Emptied the queue's
	Said    string          // somebody else's words about it: a message, a reason, an error
}

// EntryKind is what sort of thing happened.
type EntryKind int

// The kinds of timeline entries.
const (
	Injected  EntryKind = iota // a batch was put in from here
	Arrived                    // jobs appeared in an empty queue, put there by others
	Emptied                    // the queue became empty
	Active                     // KEDA's view: some trigger is active
	Inactive                   // KEDA's view: none is
	Scaled                     // the wanted replicas changed
	ReadyPods                  // the ready replicas changed
	Trouble                    // something broke, or complains
	Mended                     // and is well again
	LoadBegan                  // jobs are being put in from here over time
	LoadEnded                  // and no longer are
	JobsMade                   // KEDA made Jobs: so many, and To run then
	JobsDone                   // Jobs are complete: so many, and To run then
)

// Topic is what broke or was mended.
type Topic int

// The topics of Trouble and Mended.
const (
	NoTopic    Topic = iota
	Readiness        // of the ScaledObject, in KEDA's eyes
	InFallback       // the source keeps failing, and replicas follow spec.fallback
	Paused           // autoscaling is, by annotation
	PausedIn         // scaling in is
	PausedOut        // scaling out is
	HPAMetrics       // the HPA reads them
	HPAScaling       // the HPA can scale
	OurSource        // what kscope itself watches or reads
	TheTarget        // exists
	AJob             // one of a ScaledJob's, which failed
	Purging          // a queue that should be emptied from here
)

// Actor is who did something.
type Actor string

// The actors of the story.
const (
	You        Actor = "you"
	Producer   Actor = "producer" // whoever else fills the queue
	Workers    Actor = "workers"
	KEDA       Actor = "KEDA"
	TheHPA     Actor = "HPA"
	Kubelet    Actor = "kubelet"
	Kubernetes Actor = "k8s" // any other of its controllers
	Someone    Actor = "someone else"
	Kscope     Actor = "kscope" // what happened to our own sources
)

// Up reports whether a change of replicas added some, as far as is known.
func (e Entry) Up() bool { return e.To > e.From }

// IsWork reports whether jobs came by it.
func (e Entry) IsWork() bool {
	return e.Kind == Arrived || e.Kind == LoadBegan || e.Kind == Injected && e.Jobs > 0
}

// Queue is the name of the queue that jobs went into or came out of; "" where it
// is about none.
func (e Entry) Queue() string {
	switch {
	case e.Load != nil:
		return e.Load.Backlog.Shown()
	case e.Kind == Injected || e.Kind == Arrived || e.Kind == Emptied:
		return e.Subject
	}
	return ""
}

const (
	logLimit  = 600              // entries per object
	sameBurst = 10 * time.Second // ready pods within this are one entry
)

// own makes the log the object's alone, before anything in it changes.
func (o *object) own() {
	if o.shared {
		o.log, o.shared = slices.Clone(o.log), false
	}
}

// cutLog takes the newest entry back.
func (o *object) cutLog() {
	o.own()
	o.log = o.log[:len(o.log)-1]
}

func (o *object) add(e Entry) {
	if e.Kind == ReadyPods && len(o.log) > 0 {
		last := &o.log[len(o.log)-1]
		if last.Kind == ReadyPods && last.Up() == e.Up() && last.Surplus == e.Surplus && e.At.Sub(last.At) < sameBurst {
			o.own()
			last = &o.log[len(o.log)-1]
			last.At, last.To = e.At, e.To
			return
		}
	}
	if (e.Kind == JobsMade || e.Kind == JobsDone) && len(o.log) > 0 { // they come one by one
		if last := &o.log[len(o.log)-1]; last.Kind == e.Kind && e.At.Sub(last.At) < sameBurst {
			o.own()
			last = &o.log[len(o.log)-1]
			last.Jobs, last.To = last.Jobs+e.Jobs, e.To
			return
		}
	}
	o.log = append(o.log, e)
	if n := len(o.log); n > logLimit {
		o.log = append([]Entry(nil), o.log[n-logLimit*2/3:]...)
	}
}

// forget drops what happened before a time.
func (o *object) forget(before time.Time) {
	n := 0
	for n < len(o.log) && o.log[n].At.Before(before) {
		n++
	}
	if n > 0 {
		o.log = append([]Entry(nil), o.log[n:]...)
	}
}

// latest is the newest logged entry of a kind about a queue, nil if there is
// none.
func (o *object) latest(kind EntryKind, queue string) *Entry {
	for i := len(o.log) - 1; i >= 0; i-- {
		if o.log[i].Kind == kind && o.log[i].Subject == queue {
			return &o.log[i]
		}
	}
	return nil
}

// Log is what was seen to happen around an object since it was first seen,
// oldest first. It is a copy.
func (s *Store) Log(id kscope.ID) []Entry {
	if o := s.objects[id]; o != nil {
		return slices.Clone(o.log)
	}
	return nil
}
