package kscope

import (
	"slices"
	"time"
)

// Workload is a scale target: its replicas, who set them, and which pods are
// its own.
type Workload struct {
	Ref        Ref
	Kind       string // Deployment, StatefulSet, ...
	APIVersion string
	UID        string
	Desired    int32  // spec.replicas
	Current    int32  // status.replicas: neither terminating nor finished, ready or not
	Ready      *int32 // nil where /scale does not say
	Selector   Selector
	// SetBy is the field manager that last wrote spec.replicas, "" if unknown,
	// and SetAt when it did.
	SetBy      string
	SetAt      time.Time
	Conditions Conditions
	Image      string // first container's, for the header
}

// Selector is a label selector: all requirements must hold. The empty selector
// matches nothing here, since a scale target that selects no pods has none.
type Selector []Requirement

// Requirement is one term of a selector.
type Requirement struct {
	Key      string
	Operator Operator
	Values   []string // one or more for In and NotIn, none otherwise
}

// Operator is how a requirement compares, in the API's words.
type Operator string

// The operators of a label selector.
const (
	In           Operator = "In"
	NotIn        Operator = "NotIn"
	Exists       Operator = "Exists"
	DoesNotExist Operator = "DoesNotExist"
)

// Matches reports whether labels satisfy every requirement.
func (s Selector) Matches(labels map[string]string) bool {
	for _, r := range s {
		v, ok := labels[r.Key]
		switch r.Operator {
		case In:
			ok = ok && slices.Contains(r.Values, v)
		case NotIn:
			ok = !ok || !slices.Contains(r.Values, v)
		case Exists:
		case DoesNotExist:
			ok = !ok
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return len(s) > 0
}
