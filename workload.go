package kscope

import (
	"regexp"
	"slices"
	"strconv"
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

// Job is a Job that KEDA made for a ScaledJob.
type Job struct {
	Ref       Ref
	UID       string
	ScaledJob string // its name, by the label that KEDA gives its Jobs
	OwnerUID  string
	Created   time.Time
	Ended     time.Time // when it was complete or had failed; zero while it has not
	Failed    bool      // it ended by failing
	Reason    string    // why it failed: BackoffLimitExceeded, DeadlineExceeded, ...
	Message   string
}

// JobLabel is the label that KEDA gives a ScaledJob's Jobs and their pods: the name
// of the ScaledJob.
const JobLabel = "scaledjob.keda.sh/name"

// Selector is a label selector: all requirements must hold. The empty selector
// matches nothing here, since a scale target that selects no pods has none.
type Selector []Requirement

// Requirement is one term of a selector.
type Requirement struct {
	Key      string
	Operator Operator
	Values   []string // one or more for In and NotIn, one for GreaterThan and LessThan, none otherwise
}

// Operator is how a requirement compares, in the API's words.
type Operator string

// The operators of a label selector.
const (
	In           Operator = "In"
	NotIn        Operator = "NotIn"
	Exists       Operator = "Exists"
	DoesNotExist Operator = "DoesNotExist"
	GreaterThan  Operator = "Gt" // whole numbers, as LessThan
	LessThan     Operator = "Lt"
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
		case GreaterThan, LessThan:
			ok = ok && r.compares(v)
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return len(s) > 0
}

// compares reports whether a value, if it is a whole number, is on the right side of that of
// the requirement.
func (r Requirement) compares(v string) bool {
	is, err := strconv.ParseInt(v, 10, 64)
	if err != nil || len(r.Values) != 1 {
		return false
	}
	limit, err := strconv.ParseInt(r.Values[0], 10, 64)
	return err == nil && (r.Operator == GreaterThan && is > limit || r.Operator == LessThan && is < limit)
}

// Step is a change of a workload's replicas, as whoever made it tells of it.
type Step struct {
	From, To int32  // From is -1 where that is not told
	Why      string // the HPA's reason; "" where none is told
}

var (
	kedaStep = regexp.MustCompile(`from (-?\d+) to (-?\d+)`)
	hpaStep  = regexp.MustCompile(`^(?:\(combined from similar events\): )*New size: (\d+); reason: (.*)$`)
	hpaScale = regexp.MustCompile(`able to update the target scale to (\d+)`)
)

// Step is the change of replicas that an event tells of, KEDA's or the HPA's;
// false if it tells of none. One in which the cluster combines several tells of
// the newest.
func (e Event) Step() (Step, bool) {
	switch e.Reason {
	case "KEDAScaleTargetActivated", "KEDAScaleTargetDeactivated":
		if m := kedaStep.FindStringSubmatch(e.Note); m != nil {
			return Step{From: number(m[1]), To: number(m[2])}, true
		}
	case "SuccessfulRescale":
		if m := hpaStep.FindStringSubmatch(e.Note); m != nil {
			return Step{From: -1, To: number(m[1]), Why: m[2]}, true
		}
	}
	return Step{}, false
}

// Step is the last change of replicas that an HPA's status tells of; false if it
// never made one. When that was is LastScaleTime, by the clock of the cluster.
func (h HPA) Step() (Step, bool) {
	if h.LastScaleTime.IsZero() {
		return Step{}, false
	}
	able := h.Conditions.Get("AbleToScale")
	if m := hpaScale.FindStringSubmatch(able.Message); m != nil && able.True() {
		return Step{From: -1, To: number(m[1])}, true
	}
	return Step{From: -1, To: h.DesiredReplicas}, true // its words are of a later sync, which changed nothing
}

func number(s string) int32 {
	n, _ := strconv.ParseInt(s, 10, 32)
	return int32(n)
}
