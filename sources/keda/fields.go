package keda

import (
	"maps"
	"math"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
)

// fields is a part of an unstructured object. A field that is missing, or of
// another type than expected, reads as if it were not there.
type fields map[string]any

func (f fields) at(name string) fields {
	m, _ := f[name].(map[string]any)
	return m
}

// text is a string made safe to show.
func (f fields) text(name string) string { return kscope.Clean(f.raw(name)) }

// raw is a string as it stands.
func (f fields) raw(name string) string {
	s, _ := f[name].(string)
	return s
}

func refOf(u *unstructured.Unstructured) kscope.Ref {
	return kscope.Ref{Namespace: kscope.Clean(u.GetNamespace()), Name: kscope.Clean(u.GetName())}
}

func labelsOf(u *unstructured.Unstructured) map[string]string {
	labels := u.GetLabels() // a copy
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels[key]
		delete(labels, key)
		labels[kscope.Clean(key)] = kscope.Clean(value)
	}
	return labels
}

func (f fields) texts(name string) []string {
	var out []string
	for _, v := range f.list(name) {
		if s, ok := v.(string); ok {
			out = append(out, kscope.Clean(s))
		}
	}
	return out
}

func (f fields) list(name string) []any {
	l, _ := f[name].([]any)
	return l
}

// number is nil for what is not an integer of 32 bits.
func (f fields) number(name string) *int32 {
	var n int64
	switch v := f[name].(type) {
	case int64:
		n = v
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
			return nil
		}
		n = int64(v)
	default:
		return nil
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return nil
	}
	out := int32(n)
	return &out
}

func (f fields) numberOr(name string, other int32) int32 {
	if n := f.number(name); n != nil {
		return *n
	}
	return other
}

func (f fields) seconds(name string, other int32) time.Duration {
	return time.Duration(f.numberOr(name, other)) * time.Second
}

// time is zero for what is not a time.
func (f fields) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, f.raw(name))
	if err != nil {
		return time.Time{}
	}
	return t
}
