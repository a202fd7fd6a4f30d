package store

import (
	"time"

	"github.com/kscope/kscope"
)

// object is what is a row of a table, with what happened to it since it was
// first seen: a ScaledObject, a ScaledJob, or an HPA that no ScaledObject owns.
type object struct {
	kscope.ID
	so          *kscope.ScaledObject // but for its LastActiveTime; one of the three is there
	job         *kscope.ScaledJob
	hpa         *kscope.HPA
	version     Version
	active      time.Time // the newest LastActiveTime
	at          time.Time // of the newest fact
	firstSeen   time.Time
	firstActive time.Time // LastActiveTime when it was first seen
	polled      time.Time // when the newest LastActiveTime was first seen
	told        told
	log         []Entry // oldest first
	shared      bool    // the log is also a keyframe's
}

// triggers is what says how much work there is, none for an HPA.
func (o *object) triggers() []kscope.Trigger {
	switch {
	case o.so != nil:
		return o.so.Triggers
	case o.job != nil:
		return o.job.Triggers
	}
	return nil
}

// target is what is scaled, nothing for a ScaledJob.
func (o *object) target() kscope.TargetRef {
	switch {
	case o.so != nil:
		return o.so.ScaleTarget
	case o.hpa != nil:
		return o.hpa.ScaleTarget
	}
	return kscope.TargetRef{}
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
	t := o.target()
	return workKey{t.Kind, kscope.Ref{Namespace: o.Namespace, Name: t.Name}}
}

// hpaRef is the HPA that a ScaledObject names.
func (o *object) hpaRef() kscope.Ref {
	return kscope.Ref{Namespace: o.Namespace, Name: o.so.HPAName}
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
