package world

import (
	"math"

	"github.com/kscope/kscope/scaling"
)

// tolerance is how far the ratio of a metric to its target may be from 1
// before an HPA acts, per direction.
type tolerance struct{ up, down float64 }

// within compares in float64 with both ends included, as the controller does.
func (t tolerance) within(ratio float64) bool { return 1-t.down <= ratio && ratio <= 1+t.up }

// perPod is the proposal for an external metric with an AverageValue target,
// and the average that the HPA shows. Total, target and shown are in
// thousandths; status counts the pods that exist, ready or not. Without a pod
// shown is what the controller makes of infinity: the lowest integer.
// (replica_calculator.go: GetExternalPerPodMetricReplicas)
//
// It is [scaling.WantReplicas] with a tolerance per direction; a test holds the
// two together.
func perPod(total, target int64, status int32, t tolerance) (proposal int32, shown int64) {
	proposal = status
	ratio := float64(total) / (float64(target) * float64(status))
	if !t.within(ratio) {
		proposal = scaling.Clamp(math.Ceil(float64(total)/float64(target)), math.MinInt32, math.MaxInt32)
	}
	if status == 0 {
		return proposal, math.MinInt64
	}
	return proposal, int64(math.Ceil(float64(total) / float64(status)))
}

// wholly is the proposal for an external metric with a Value target. Spec is
// the number of replicas asked for, ready that of pods that are running and
// ready; total and target are in thousandths. (replica_calculator.go:
// GetExternalMetricReplicas)
func wholly(total, target int64, spec, ready int32, t tolerance) int32 {
	ratio := float64(total) / float64(target)
	switch {
	case spec == 0:
		return scaling.Clamp(math.Ceil(ratio), 0, math.MaxInt32)
	case t.within(ratio):
		return spec
	}
	return scaling.Clamp(math.Ceil(ratio*float64(ready)), 0, math.MaxInt32)
}
