package dump

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestNewest: controllers' times count, users' do not, nor what lies ahead.
func TestNewest(t *testing.T) {
	for text, want := range map[string]string{
		`{"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z"},"status":{"conditions":[{"lastTransitionTime":"2026-01-01T00:05:00Z"}]}}`:                          "00:05:00",
		`{"metadata":{"creationTimestamp":"2026-01-01T00:00:01Z","deletionTimestamp":"2026-01-01T00:01:00Z"},"status":{"nextScheduleTime":"2026-01-02T00:00:00Z"}}`:  "00:00:01",
		`{"metadata":{"annotations":{"time":"2027-01-01T00:00:00Z"},"managedFields":[{"time":"2026-01-01T00:00:02Z"}]},"spec":{"startTime":"2027-01-01T00:00:00Z"}}`: "00:00:02",
		`{"kind":"Lease","spec":{"renewTime":"2026-01-01T00:00:03.500000Z"}}`:                                                                                        "00:00:03.5",
		`{"kind":"Event","eventTime":null,"series":{"lastObservedTime":"2026-01-01T00:00:04Z"},"lastTimestamp":"never"}`:                                             "00:00:04",
		`{"metadata":{"creationTimestamp":null},"status":{"lastActiveTime":7}}`:                                                                                      "",
		`[]`: "", `{`: "",
	} {
		got := ""
		if at := Newest([]byte(text)); !at.IsZero() {
			got = at.Format("15:04:05.999")
		}
		if got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", text, got, want)
		}
	}
}

// TestLater: the times of metadata and status move, in typed objects and in others, and
// nothing else does.
func TestLater(t *testing.T) {
	const text = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","creationTimestamp":"2026-01-01T00:00:00Z",` +
		`"managedFields":[{"manager":"m","operation":"Update","subresource":"scale","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}]},` +
		`"spec":{"template":{"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z"}}},"status":{"replicas":3,"conditions":[{"type":"Available","status":"True","lastUpdateTime":"2026-01-01T00:00:00Z"}]}}`
	deployment, other := &appsv1.Deployment{}, &unstructured.Unstructured{}
	for _, obj := range []runtime.Object{deployment, other} {
		if err := json.Unmarshal([]byte(text), obj); err != nil {
			t.Fatal(err)
		}
		later, err := Later(obj, 90*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(later)
		var d appsv1.Deployment
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		m := d.ManagedFields[0]
		for _, at := range []time.Time{d.CreationTimestamp.Time, m.Time.Time, d.Status.Conditions[0].LastUpdateTime.Time} {
			if got := at.UTC().Format("15:04:05"); got != "00:01:30" {
				t.Errorf("%T: %s in %s", obj, got, raw)
			}
		}
		if !d.Spec.Template.CreationTimestamp.Time.Equal(deployment.CreationTimestamp.Time) || d.Status.Replicas != 3 ||
			string(m.FieldsV1.GetRawBytes()) != `{"f:spec":{"f:replicas":{}}}` {
			t.Errorf("%T: %s", obj, raw)
		}
	}
	if deployment.CreationTimestamp.UTC().Second() != 0 || other.GetCreationTimestamp().Second() != 0 {
		t.Error("what was given has moved")
	}
}

// TestWaiting: what was measured last, of the triggers that had work.
func TestWaiting(t *testing.T) {
	so, h := &unstructured.Unstructured{}, &autoscalingv2.HorizontalPodAutoscaler{}
	err := json.Unmarshal([]byte(`{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","status":{"triggersActivity":{"s0-a":{"isActive":true},"s1-b":{"isActive":true},"s2-c":{"isActive":false},"s3-d":{"isActive":true}},
		"health":{"s3-d":{"status":"Failing"}}}}`), so)
	if err != nil {
		t.Fatal(err)
	}
	err = json.Unmarshal([]byte(`{"status":{"currentReplicas":5,"currentMetrics":[{"type":""},
		{"type":"External","external":{"metric":{"name":"s0-a"},"current":{"averageValue":"28600m"}}},
		{"type":"External","external":{"metric":{"name":"s1-b"},"current":{"value":"7"}}},
		{"type":"External","external":{"metric":{"name":"s2-c"},"current":{"value":"8"}}},
		{"type":"External","external":{"metric":{"name":"s3-d"},"current":{"value":"9"}}},
		{"type":"External","external":{"metric":{"name":"composite-metric"},"current":{"averageValue":"-9223372036854775808m"}}}]}}`), h)
	if err != nil {
		t.Fatal(err)
	}
	if got := Waiting(so, h); !maps.Equal(got, map[int]int64{0: 143, 1: 7}) {
		t.Error(got)
	}
}

// TestStatusOf: what is not as it should be costs nothing else.
func TestStatusOf(t *testing.T) {
	s := StatusOf(map[string]any{"lastActiveTime": int64(3), "conditions": []any{map[string]any{"type": "Ready", "status": "True"}}, "health": "none", "hpaName": "h"})
	if !s.LastActive().IsZero() || len(s.Conditions) != 1 || s.Conditions[0].Type != "Ready" || s.HPAName != "h" {
		t.Errorf("%+v", s)
	}
	for _, odd := range []any{nil, "text", []any{}} {
		if s := StatusOf(odd); s.Conditions != nil {
			t.Errorf("%v: %+v", odd, s)
		}
	}
}
