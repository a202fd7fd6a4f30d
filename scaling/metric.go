package scaling

import (
	"math"

	"github.com/kscope/kscope"
)

// Tolerances are how far the ratio of a metric to its target may be from 1
// before an HPA acts, per direction.
type Tolerances struct{ Up, Down float64 }

// TolerancesOf are those of an HPA with this behavior, nil for none.
func TolerancesOf(b *kscope.Behavior) Tolerances {
	t := Tolerances{Tolerance, Tolerance}
	if b == nil {
		return t
	}
	if b.Up.Tolerance != nil {
		t.Up = *b.Up.Tolerance
	}
	if b.Down.Tolerance != nil {
		t.Down = *b.Down.Tolerance
	}
	return t
}

// within compares in float64 with both ends included, as the controller does.
func (t Tolerances) within(ratio float64) bool { return 1-t.Down <= ratio && ratio <= 1+t.Up }

// AverageValue is how many replicas an external metric asks for at a target of
// that type, before any limit, and the average that the HPA shows. Total and
// target are in thousandths; status counts the pods that exist, ready or not.
// Without a pod shown is what the controller makes of infinity: the lowest
// integer. (replica_calculator.go: GetExternalPerPodMetricReplicas)
func AverageValue(total, target int64, status int32, t Tolerances) (replicas int32, shown int64) {
	replicas = status
	ratio := float64(total) / (float64(target) * float64(status))
	if !t.within(ratio) {
		replicas = Clamp(math.Ceil(float64(total)/float64(target)), math.MinInt32, math.MaxInt32)
	}
	if status == 0 {
		return replicas, math.MinInt64
	}
	return replicas, int64(math.Ceil(float64(total) / float64(status)))
}

// Value is how many replicas an external metric asks for at a target of that
// type, before any limit. Spec is the number of replicas asked for so far,
// ready that of pods that are running and ready; total and target are in
// thousandths. (replica_calculator.go: GetExternalMetricReplicas)
func Value(total, target int64, spec, ready int32, t Tolerances) int32 {
	ratio := float64(total) / float64(target)
	if spec == 0 {
		return Clamp(math.Ceil(ratio), 0, math.MaxInt32)
	}
	return byRatio(ratio, spec, ready, t)
}

func byRatio(ratio float64, spec, ready int32, t Tolerances) int32 {
	if t.within(ratio) {
		return spec
	}
	return Clamp(math.Ceil(ratio*float64(ready)), 0, math.MaxInt32)
}

// WantReplicas is [AverageValue] for whoever has a total and a target as they
// are shown: the ceiling of total over target, or the present number while the
// average per pod is within the tolerances. It is the present number too where
// the target or the total makes no sense.
func WantReplicas(total, target float64, current int32, t Tolerances) int32 {
	each := thousandths(target)
	if each == 0 || math.IsNaN(total) {
		return current
	}
	n, _ := AverageValue(thousandths(total), each, current, t)
	return n
}

// Asked is [Value] or [AverageValue] for a total and a target as they are shown:
// of replicas asked for so far, which all exist, so many are ready.
func Asked(total, target float64, byValue bool, replicas, ready int32, t Tolerances) int32 {
	if byValue && thousandths(target) > 0 && !math.IsNaN(total) {
		return Value(thousandths(total), thousandths(target), replicas, ready, t)
	}
	return WantReplicas(total, target, replicas, t)
}

// thousandths is a number as the HPA counts it, 0 if it makes no sense.
func thousandths(v float64) int64 {
	v = math.Round(v * 1000)
	switch {
	case !(v > 0):
		return 0
	case v >= math.MaxInt64:
		return math.MaxInt64
	}
	return int64(v)
}
