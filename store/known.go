package store

import (
	"time"

	"github.com/kscope/kscope"
)

// object is a ScaledObject with what happened to it since it was first seen.
type object struct {
	*kscope.ScaledObject // but for its LastActiveTime
	version              Version
	active               time.Time // the newest LastActiveTime
	at                   time.Time // of the newest fact
	firstSeen            time.Time
	firstActive          time.Time // LastActiveTime when it was first seen
	polled               time.Time // when the newest LastActiveTime was first seen
	told                 told
	log                  []Entry // oldest first
	shared               bool    // the log is also a keyframe's
}

type scaledJob struct {
	*kscope.ScaledJob
	at time.Time
}

type hpa struct {
	*kscope.HPA
	at time.Time
}

// workKey names a scale target; the API version is left out on purpose, since
// one object may be referred to by several.
type workKey struct {
	kind string
	ref  kscope.Ref
}

func (o *object) workKey() workKey {
	return workKey{o.ScaleTarget.Kind, kscope.Ref{Namespace: o.Ref.Namespace, Name: o.ScaleTarget.Name}}
}

func (o *object) hpaRef() kscope.Ref {
	return kscope.Ref{Namespace: o.Ref.Namespace, Name: o.HPAName}
}

type workload struct {
	*kscope.Workload
	at             time.Time // of the newest fact
	ready, desired Series
	counts         kscope.PodCounts
	pods           []*pod // in no order
}

func (w *workload) key() workKey { return workKey{w.Kind, w.Ref} }

// kindOf is the watched kind that a workload of an API kind arrives by.
func kindOf(apiKind string) kscope.Kind {
	switch apiKind {
	case "Deployment":
		return kscope.Deployments
	case "StatefulSet":
		return kscope.StatefulSets
	}
	return kscope.ScaleTargets
}
