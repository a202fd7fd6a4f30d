// Package dump reads objects as an API server gives them, with status and all: which
// those are, when they were dumped, and what they would look like had that been at
// another time. It knows neither who plays them nor the time of day.
package dump

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Written reports whether an API server has had an object: nobody else gives it a uid.
func Written(m metav1.Object) bool { return m.GetUID() != "" }

// times are the fields that say when something happened. What lies ahead, such as a
// deletionTimestamp, is not among them.
var times = []string{
	"creationTimestamp", "firstTimestamp", "lastTimestamp", "eventTime", "lastObservedTime", "renewTime", "acquireTime", "time",
	"lastTransitionTime", "lastUpdateTime", "lastProbeTime", "lastHeartbeatTime", "lastActiveTime", "lastScaleTime",
	"lastScheduleTime", "startTime", "completionTime", "startedAt", "finishedAt",
}

// Newest is the latest moment that an object tells of; the zero time if it tells of
// none. What users write is not asked: their labels, annotations, specs and data.
func Newest(object []byte) time.Time {
	var o map[string]any
	if json.Unmarshal(object, &o) != nil {
		return time.Time{}
	}
	if o["kind"] != "Lease" { // its holder writes that
		delete(o, "spec")
	}
	delete(o, "data")
	var newest time.Time
	each(o, func(_ map[string]any, _ string, at time.Time) {
		if at.After(newest) {
			newest = at
		}
	})
	return newest
}

// Later is an object as if all that it tells of had happened so much later.
func Later(obj runtime.Object, by time.Duration) (runtime.Object, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj.DeepCopyObject())
	if err != nil {
		return nil, err
	}
	for _, part := range []string{"metadata", "status"} {
		each(fields[part], func(in map[string]any, key string, at time.Time) {
			in[key] = at.Add(by).UTC().Format(layout(in[key]))
		})
	}
	if _, ok := obj.(*unstructured.Unstructured); ok {
		return &unstructured.Unstructured{Object: fields}, nil
	}
	out, _ := reflect.New(reflect.TypeOf(obj).Elem()).Interface().(runtime.Object) // which obj is
	return out, runtime.DefaultUnstructuredConverter.FromUnstructured(fields, out)
}

// layout is how a time is written: in whole seconds, or in microseconds.
func layout(v any) string {
	if text, _ := v.(string); strings.Contains(text, ".") {
		return metav1.RFC3339Micro
	}
	return time.RFC3339
}

// each visits the times in a value of decoded JSON.
func each(v any, visit func(in map[string]any, key string, at time.Time)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			each(item, visit)
		}
	case map[string]any:
		for key, field := range v {
			text, ok := field.(string)
			if !ok && key != "annotations" && key != "labels" {
				each(field, visit)
			}
			if !ok || !slices.Contains(times, key) {
				continue
			}
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				visit(v, key, at)
			}
		}
	}
}
