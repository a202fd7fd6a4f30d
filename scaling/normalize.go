package scaling

import (
	"time"

	"github.com/kscope/kscope"
)

// Bounds are an HPA's least and most replicas.
type Bounds struct{ Min, Max int32 }

// Force is what an HPA sets without asking its metrics, when replicas are out
// of bounds; false when they are not. Zero never is: there the HPA is switched
// off.
func (in Bounds) Force(current int32) (int32, bool) {
	switch {
	case current > in.Max:
		return in.Max, true
	case current != 0 && current < in.Min:
		return in.Min, true
	}
	return current, false
}

// Verdict is what an HPA decides of what its metrics ask for, and why, in the
// reasons of its conditions AbleToScale and ScalingLimited.
type Verdict struct {
	Stabilized, Desired int32
	Able, Limited       string
}

// IsLimited is the status of the condition ScalingLimited.
func (v Verdict) IsLimited() bool { return v.Desired != v.Stabilized }

// Normalize turns what the metrics ask for into the number of replicas to set,
// by the rules of one of the controller's two algorithms, and remembers what was
// asked for. (horizontal.go: normalizeDesiredReplicas,
// normalizeDesiredReplicasWithBehaviors)
func (m *Memory) Normalize(now time.Time, b *kscope.Behavior, current, raw int32, in Bounds) Verdict {
	if b == nil {
		return m.simply(now, current, raw, in)
	}
	return m.byBehavior(now, b, current, raw, in)
}

// simply is the algorithm of an HPA without behavior. What it remembers may
// push replicas up, and counts to the end of the window inclusive.
func (m *Memory) simply(now time.Time, current, raw int32, in Bounds) Verdict {
	v := Verdict{Stabilized: raw, Able: "ReadyForNewScale", Limited: "DesiredWithinRange"}
	since := now.Add(-kscope.DownscaleStabilization)
	expired := -1
	for i, r := range m.recs {
		if r.at.Before(since) {
			expired = i
		} else {
			v.Stabilized = max(v.Stabilized, r.replicas)
		}
	}
	m.remember(expired, recommendation{now, raw})
	if v.Stabilized != raw {
		v.Able = "ScaleDownStabilized"
	}
	high, why := UpLimit(nil, in.Max, current), "ScaleUpLimit"
	if high >= in.Max {
		high, why = in.Max, "TooManyReplicas"
	}
	switch v.Desired = v.Stabilized; {
	case v.Stabilized < in.Min:
		v.Desired, v.Limited = in.Min, "TooFewReplicas"
	case v.Stabilized > high:
		v.Desired, v.Limited = high, why
	}
	return v
}

// byBehavior is the algorithm of an HPA with behavior.
func (m *Memory) byBehavior(now time.Time, b *kscope.Behavior, current, raw int32, in Bounds) Verdict {
	v := Verdict{Able: "ReadyForNewScale", Limited: "DesiredWithinRange"}
	lowest, highest, expired := m.held(now, b, raw)
	m.remember(expired, recommendation{now, raw})
	v.Stabilized = min(max(current, lowest), highest)
	switch {
	case v.Stabilized == raw:
	case raw >= current:
		v.Able = "ScaleUpStabilized"
	default:
		v.Able = "ScaleDownStabilized"
	}
	v.Desired = v.Stabilized
	switch {
	case v.Stabilized > current:
		high, why := m.upLimit(now, b.Up, current), "ScaleUpLimit"
		if in.Max <= high {
			high, why = in.Max, "TooManyReplicas"
		}
		if v.Stabilized > high {
			v.Desired, v.Limited = high, why
		}
	case v.Stabilized < current:
		low, why := m.downLimit(now, b.Down, current), "ScaleDownLimit"
		if in.Min >= low {
			low, why = in.Min, "TooFewReplicas"
		}
		if v.Stabilized < low {
			v.Desired, v.Limited = low, why
		}
	}
	return v
}

// held is between which numbers the windows of a behavior hold the replicas,
// and the last recommendation that neither needs any more, -1 for none.
func (m *Memory) held(now time.Time, b *kscope.Behavior, raw int32) (lowest, highest int32, expired int) {
	lowest, highest, expired = raw, raw, -1
	up, down := now.Add(-b.Up.Window), now.Add(-b.Down.Window)
	oldest := up
	if down.Before(oldest) {
		oldest = down
	}
	for i, r := range m.recs {
		if r.at.After(up) {
			lowest = min(lowest, r.replicas)
		}
		if r.at.After(down) {
			highest = max(highest, r.replicas)
		}
		if r.at.Before(oldest) {
			expired = i
		}
	}
	return lowest, highest, expired
}
