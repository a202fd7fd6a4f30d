package store

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
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
	firstActive time.Time        // LastActiveTime when it was first seen
	polled      time.Time        // when the newest LastActiveTime was first seen
	crons       []*triggers.Cron // the schedules of those triggers that have one; nil for none
	scheduled   time.Time        // when one of them changed last; zero if none did
	formula     *triggers.Formula
	bounds      time.Time // since when a ScaledObject has asked for the least and the most that it asks for
	resumed     time.Time // when a pause of it ended last
	aims        time.Time // since when it has its target; zero if since it was first seen
	looked      time.Time // when KEDA's loop was last seen to have looked; zero before
	told        told
	acts        Series  // what KEDA said of its activity: 1 or 0
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
	case o.hpa != nil:
		return aims(o.hpa)
	}
	return nil
}

// target is what is scaled: for a ScaledJob its Jobs, which see.
func (o *object) target() kscope.TargetRef {
	switch {
	case o.so != nil:
		return o.so.ScaleTarget
	case o.hpa != nil:
		return o.hpa.ScaleTarget
	}
	return kscope.TargetRef{Kind: jobsKind, Name: o.Name}
}

type hpa struct {
	*kscope.HPA
	at      time.Time
	bounds  time.Time // since when its bounds have been these
	syncs   []Sync    // that showed, oldest first; never written to
	first   time.Time // when it was first seen
	refused Refusal   // of the API server to let it set the replicas
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
	alive          Series // pods that are there and not finished, where all are known
	milestones     milestones
	counts         kscope.PodCounts
	pods           []*pod         // in no order
	jobs           map[string]job // that it stands for, by name; nil for a workload that is one
	starts, lived  starts         // of its pods, and of the Jobs that it stands for
	failed         int64          // when one of its pods was failing last, in nanoseconds; 0 for never
	writes         []Write
}

func (w *workload) key() workKey { return workKey{w.Kind, w.Ref} }

// kindOf is the watched kind that a workload of an API kind arrives by.
func kindOf(apiKind string) kscope.Kind {
	switch apiKind {
	case "Deployment":
		return kscope.Deployments
	case "StatefulSet":
		return kscope.StatefulSets
	case jobsKind:
		return kscope.Jobs
	}
	return kscope.ScaleTargets
}

// Last is what was known last of what is not known now. Each is the zero value
// where it is known, or never was; each goes with the time when it was so.
type Last struct {
	// Object is when what the object says was known to be so. What it asks for
	// is still in the chain, since without there would be none; what was said of
	// it is only here.
	Object     time.Time
	Conditions kscope.Conditions

	HPA        *kscope.HPA // of an HPA without KEDA too, as it was
	HPAAt      time.Time
	Workload   *kscope.Workload
	WorkloadAt time.Time
	Counts     kscope.PodCounts
	Ready      *int32 // by the workload or, failing that, by its pods
	PodsAt     time.Time
}

// linkWorkload puts a workload, nil for none, and its pods into a chain, or what
// is known of them where that is not current.
func (s *Store) linkWorkload(c *Chain, w *workload) {
	if w == nil {
		return
	}
	is, ready := *w.Workload, w.Ready
	c.Past.Desired, c.Past.Ready = w.desired.view(), w.ready.view()
	c.Past.Desired.Extend(s.now)
	c.Past.Ready.Extend(s.now)
	if ready == nil && (c.PodStatus.Current() || len(w.pods) > 0) {
		n := int32(w.counts[kscope.PodReady])
		ready = &n
	}
	podsAt := s.podsAsOf(w)
	if podsAt.IsZero() {
		if c.ScaledJob != nil {
			c.Jobs, c.JobFailed = w.countsOfJobs()
			c.JobLives = w.lives()
		}
		c.Counts, c.Ailing = w.counts, w.ailing()
		c.Starting = w.starting(s.now)
	} else {
		c.Last.Counts, c.Last.PodsAt = w.counts, podsAt
	}
	if at := c.WorkloadStatus.asOf(w.at); at.IsZero() {
		c.Workload = &is
	} else {
		c.Last.Workload, c.Last.WorkloadAt = &is, at
	}
	if c.Workload != nil && w.Ready != nil || podsAt.IsZero() {
		c.Ready = ready
	} else {
		c.Last.Ready = ready
	}
}

// age takes out of a chain what the object and its HPA said, where that is not
// current.
func (s *Store) age(c *Chain, o *object) {
	if h := c.HPA; h != nil {
		if at := c.HPAStatus.asOf(s.hpas[h.Ref].at); !at.IsZero() {
			c.HPA, c.Last.HPA, c.Last.HPAAt = nil, h, at
		}
	}
	at := c.ObjectStatus().asOf(o.at)
	if at.IsZero() {
		return
	}
	c.Last.Object, c.Polled = at, time.Time{}
	switch {
	case o.so != nil:
		c.Last.Conditions = c.ScaledObject.Conditions
		c.ScaledObject.Conditions, c.ScaledObject.LastActiveTime = nil, time.Time{}
	case o.job != nil:
		c.Last.Conditions = c.ScaledJob.Conditions
		c.ScaledJob.Conditions = nil
	default:
		c.HPA = asAsked(*o.hpa)
	}
}

// asAsked is an HPA without anything that its controller said.
func asAsked(h kscope.HPA) *kscope.HPA {
	asked := make([]kscope.Metric, 0, len(h.Metrics))
	for _, m := range h.Metrics {
		m.Current = nil
		asked = append(asked, m)
	}
	return &kscope.HPA{Ref: h.Ref, UID: h.UID, OwnerUID: h.OwnerUID, ScaledObject: h.ScaledObject, ScaleTarget: h.ScaleTarget,
		MinReplicas: h.MinReplicas, MaxReplicas: h.MaxReplicas, Behavior: h.Behavior, Metrics: asked}
}

// ObjectStatus is the health of the watch that tells of the object itself.
func (c *Chain) ObjectStatus() SourceStatus {
	if c.ID.Kind == kscope.HPAs {
		return c.HPAStatus
	}
	return c.KEDAStatus
}
