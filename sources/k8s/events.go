package k8s

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/watch"
)

// What the API server should leave out: scaling makes events by the thousand
// about pods, which say the same themselves, and about every creation. A
// selector can only exclude; [wantedEvent] decides.
const (
	coreEvents  = "involvedObject.kind!=Pod,involvedObject.kind!=Node,reason!=SuccessfulCreate,reason!=SuccessfulDelete,reason!=ScalingReplicaSet"
	newerEvents = "regarding.kind!=Pod,regarding.kind!=Node,reason!=SuccessfulCreate,reason!=SuccessfulDelete,reason!=ScalingReplicaSet"
)

// wantedEvent keeps what KEDA and the HPA say, and what goes wrong between a
// scale target and its pods.
func wantedEvent(kind, typ string) bool {
	switch kind {
	case "ScaledObject", "ScaledJob", "HorizontalPodAutoscaler":
		return true
	case "Deployment", "ReplicaSet", "StatefulSet", "ReplicationController", "Job", "Rollout",
		"TriggerAuthentication", "ClusterTriggerAuthentication":
		return typ != corev1.EventTypeNormal
	}
	return false
}

// eventKind watches events in the core API, or in events.k8s.io where only
// that is allowed: they are the same objects.
func eventKind(c kubernetes.Interface, namespace string) watch.Kind {
	core, newer := c.CoreV1().Events(namespace), c.EventsV1().Events(namespace)
	useNewer := false // List and Watch are not called at the same time
	return watch.Kind{
		Kind: kscope.Events,
		List: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			if o.Continue == "" {
				useNewer = false
			}
			if !useNewer {
				o.FieldSelector = coreEvents
				list, err := core.List(ctx, o)
				if !apierrors.IsForbidden(err) {
					return list, err
				}
				o.FieldSelector = newerEvents
				other, otherErr := newer.List(ctx, o)
				if otherErr != nil {
					return nil, err // the core API's answer is the one to explain
				}
				useNewer = true
				return other, nil
			}
			o.FieldSelector = newerEvents
			return newer.List(ctx, o)
		},
		Watch: func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
			if useNewer {
				o.FieldSelector = newerEvents
				return newer.Watch(ctx, o)
			}
			o.FieldSelector = coreEvents
			return core.Watch(ctx, o)
		},
		Observe: func(obj runtime.Object) (kscope.Fact, bool) {
			switch e := obj.(type) {
			case *corev1.Event:
				if wantedEvent(e.InvolvedObject.Kind, e.Type) {
					return observeCoreEvent(e), true
				}
			case *eventsv1.Event:
				if wantedEvent(e.Regarding.Kind, e.Type) {
					return observeEvent(e), true
				}
			}
			return nil, false
		},
	}
}

// observeCoreEvent translates an event of the core API, of either generation:
// the older fill in timestamps and count, the newer eventTime and series.
func observeCoreEvent(e *corev1.Event) kscope.Event {
	out := kscope.Event{
		UID:       kscope.Clean(string(e.UID)),
		Namespace: share(kscope.Clean(e.Namespace)),
		Regarding: observeRegarding(e.InvolvedObject),
		Type:      share(kscope.Clean(e.Type)),
		Reason:    share(kscope.Clean(e.Reason)),
		Note:      kscope.Clean(e.Message),
		Reporter:  share(kscope.Clean(firstOf(e.ReportingController, e.Source.Component))),
		Last:      newest(e.LastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
		First:     oldest(e.FirstTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
		Count:     max(1, e.Count),
	}
	if s := e.Series; s != nil {
		out.Last = newest(out.Last, s.LastObservedTime.Time)
		out.Count = max(out.Count, s.Count)
	}
	return out
}

// observeEvent translates an event of events.k8s.io.
func observeEvent(e *eventsv1.Event) kscope.Event {
	out := kscope.Event{
		UID:       kscope.Clean(string(e.UID)),
		Namespace: share(kscope.Clean(e.Namespace)),
		Regarding: observeRegarding(e.Regarding),
		Type:      share(kscope.Clean(e.Type)),
		Reason:    share(kscope.Clean(e.Reason)),
		Note:      kscope.Clean(e.Note),
		Reporter:  share(kscope.Clean(firstOf(e.ReportingController, e.DeprecatedSource.Component))),
		Last:      newest(e.DeprecatedLastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
		First:     oldest(e.DeprecatedFirstTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
		Count:     max(1, e.DeprecatedCount),
	}
	if s := e.Series; s != nil {
		out.Last = newest(out.Last, s.LastObservedTime.Time)
		out.Count = max(out.Count, s.Count)
	}
	return out
}

func observeRegarding(r corev1.ObjectReference) kscope.ObjectRef {
	return kscope.ObjectRef{
		Kind:      share(kscope.Clean(r.Kind)),
		Namespace: share(kscope.Clean(r.Namespace)),
		Name:      share(kscope.Clean(r.Name)),
		UID:       share(kscope.Clean(string(r.UID))),
	}
}

func newest(times ...time.Time) time.Time {
	var t time.Time
	for _, u := range times {
		if u.After(t) {
			t = u
		}
	}
	return t
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// oldest is the earliest of some times that are set.
func oldest(ts ...time.Time) (first time.Time) {
	for _, t := range ts {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
