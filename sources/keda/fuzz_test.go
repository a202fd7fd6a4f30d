package keda

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// FuzzObserve: an object of any shape is translated without harm.
func FuzzObserve(f *testing.F) {
	f.Add(`{"metadata":{"name":"a","creationTimestamp":"x"},"spec":{"triggers":[{"type":"redis","metadata":{"listName":"l"}},null,3],"fallback":[],"advanced":{"scalingModifiers":{"formula":"f"}}},"status":{"conditions":[{"type":"Ready"},1],"health":{"a":{"numberOfFailures":1e9}},"triggersActivity":{"a":null}}}`)
	f.Add(`{"metadata":{"annotations":{"autoscaling.keda.sh/paused":"x"}},"spec":{"scaleTargetRef":null,"minReplicaCount":-1,"pollingInterval":9223372036854775807}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var object map[string]any
		if json.Unmarshal([]byte(text), &object) != nil {
			return
		}
		u := &unstructured.Unstructured{Object: object}
		if so := observeScaledObject(u); !so.SameButSeen(observeScaledObject(u)) {
			t.Errorf("%+v is not the same twice", so)
		}
		observeScaledJob(u)
	})
}
