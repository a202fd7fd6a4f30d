// Package texttest finds the texts within a value, for tests of what may be in
// them.
package texttest

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
)

// Each calls f with every text within a value, keys of maps included, and with
// where it is: "Triggers/0/Type".
func Each(v any, f func(at, text string)) { each("", reflect.ValueOf(v), f) }

func each(at string, v reflect.Value, f func(at, text string)) {
	switch v.Kind() {
	case reflect.String:
		f(at, v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			each(at, v.Elem(), f)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			each(path.Join(at, v.Type().Field(i).Name), v.Field(i), f)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			each(path.Join(at, fmt.Sprint(i)), v.Index(i), f)
		}
	case reflect.Map:
		for i := v.MapRange(); i.Next(); {
			each(path.Join(at, "key"), i.Key(), f)
			each(path.Join(at, fmt.Sprintf("%q", i.Key())), i.Value(), f)
		}
	}
}

// Clean fails the test for every text within a value that a terminal could take
// for more than text, but for those that are raw: the ends of their places.
func Clean(t testing.TB, v any, raw ...string) {
	t.Helper()
	Each(v, func(at, text string) {
		isRaw := func(end string) bool { return strings.HasSuffix(at, end) }
		if kscope.Clean(text) != text && !slices.ContainsFunc(raw, isRaw) {
			t.Errorf("%T: %s holds %q", v, at, text)
		}
	})
}

// Hides fails the test for every text within a value that holds a secret.
func Hides(t testing.TB, v any, secret string) {
	t.Helper()
	Each(v, func(at, text string) {
		if strings.Contains(text, secret) {
			t.Errorf("%T: %s tells the secret: %q", v, at, text)
		}
	})
}
