package kscope

import (
	"testing"
)

func TestSelector(t *testing.T) {
	is := func(key string, op Operator, values ...string) Requirement { return Requirement{key, op, values} }
	labels := map[string]string{"app": "worker", "tier": "back", "empty": ""}
	tests := []struct {
		name string
		s    Selector
		want bool
	}{
		{"empty", nil, false},
		{"in", Selector{is("app", In, "worker")}, true},
		{"in several", Selector{is("app", In, "web", "worker")}, true},
		{"in others", Selector{is("app", In, "web")}, false},
		{"in, missing", Selector{is("zone", In, "a", "")}, false},
		{"in, empty value", Selector{is("empty", In, "")}, true},
		{"not in", Selector{is("app", NotIn, "web")}, true},
		{"not in, there", Selector{is("app", NotIn, "web", "worker")}, false},
		{"not in, missing", Selector{is("zone", NotIn, "a")}, true},
		{"exists", Selector{is("empty", Exists)}, true},
		{"exists, missing", Selector{is("zone", Exists)}, false},
		{"does not exist", Selector{is("zone", DoesNotExist)}, true},
		{"does not exist, there", Selector{is("app", DoesNotExist)}, false},
		{"all must hold", Selector{is("app", In, "worker"), is("tier", NotIn, "back")}, false},
		{"unheard of", Selector{is("app", "Like", "work")}, false},
	}
	for _, tt := range tests {
		if got := tt.s.Matches(labels); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
