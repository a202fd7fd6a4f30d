package k8s

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
)

func TestObserveEvents(t *testing.T) {
	byReason := map[string]kscope.Event{}
	for _, e := range recorded[corev1.EventList](t, "events-fallback.json").Items {
		byReason[e.Reason] = observeCoreEvent(&e)
	}
	info := byReason["KEDAScalerInfo"]
	if !info.Last.Equal(at(t, "2026-11-23T15:59:19.256213Z")) || info.Count != 2 || info.Reporter != "keda-admission" {
		t.Errorf("newer event with a series: got %+v", info)
	}
	scaled := byReason["ScalingReplicaSet"]
	if !scaled.Last.Equal(at(t, "2026-11-23T15:59:49Z")) || scaled.Count != 1 || scaled.Reporter != "deployment-controller" || scaled.Regarding.Kind != "Deployment" {
		t.Errorf("older event: got %+v", scaled)
	}
	if on := byReason["ScaledObjectFallbackActivated"]; on.Note == "" || on.Type != "Normal" || on.Regarding.UID == "" || on.Namespace != "cases" {
		t.Errorf("got %+v", on)
	}
}

// Either API serves the same event: the translations agree.
func TestObserveEventBothShapes(t *testing.T) {
	when := metav1.NewTime(time.Unix(1000, 0))
	micro := func(s int64) metav1.MicroTime { return metav1.NewMicroTime(time.Unix(s, 0)) }
	meta := metav1.ObjectMeta{Namespace: "a", Name: "e", UID: "u", CreationTimestamp: when}
	about := corev1.ObjectReference{Kind: "ScaledObject", Namespace: "a", Name: "x", UID: "v"}
	note := strings.Repeat("n", 1500) + "\x1b[2J"
	for name, pair := range map[string][2]kscope.Event{
		"newer": {
			observeCoreEvent(&corev1.Event{ObjectMeta: meta, InvolvedObject: about, Message: note, Reason: "R", Type: "Warning", ReportingController: "keda-operator",
				EventTime: micro(1001), Series: &corev1.EventSeries{Count: 3, LastObservedTime: micro(1005)}}),
			observeEvent(&eventsv1.Event{ObjectMeta: meta, Regarding: about, Note: note, Reason: "R", Type: "Warning", ReportingController: "keda-operator",
				EventTime: micro(1001), Series: &eventsv1.EventSeries{Count: 3, LastObservedTime: micro(1005)}}),
		},
		"older": {
			observeCoreEvent(&corev1.Event{ObjectMeta: meta, InvolvedObject: about, Message: "m", Source: corev1.EventSource{Component: "hpa"}, Count: 7, LastTimestamp: metav1.NewTime(time.Unix(1009, 0))}),
			observeEvent(&eventsv1.Event{ObjectMeta: meta, Regarding: about, Note: "m", DeprecatedSource: corev1.EventSource{Component: "hpa"}, DeprecatedCount: 7, DeprecatedLastTimestamp: metav1.NewTime(time.Unix(1009, 0))}),
		},
		"no times": {
			observeCoreEvent(&corev1.Event{ObjectMeta: meta}), observeEvent(&eventsv1.Event{ObjectMeta: meta}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, pair[0], pair[1])
			if len(pair[0].Note) > 1024 || pair[0].Last.Before(when.Time) || pair[0].First.IsZero() || pair[0].First.After(pair[0].Last) || pair[0].Count < 1 {
				t.Errorf("got %+v", pair[0])
			}
		})
	}
}

func TestWantedEvent(t *testing.T) {
	for _, test := range []struct {
		kind, typ string
		want      bool
	}{
		{"ScaledObject", "Normal", true}, {"HorizontalPodAutoscaler", "Normal", true}, {"ReplicaSet", "Warning", true},
		{"ReplicaSet", "Normal", false}, {"Deployment", "Normal", false}, {"Pod", "Warning", false}, {"Ingress", "Warning", false},
	} {
		if got := wantedEvent(test.kind, test.typ); got != test.want {
			t.Errorf("%s of a %s: got %v", test.typ, test.kind, got)
		}
	}
}
