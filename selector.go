package kscope

import "slices"

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
