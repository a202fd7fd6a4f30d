// Package scaling is the arithmetic of KEDA and of the HPA controller, from
// their own sources. It keeps no account of objects and says nothing in words.
package scaling

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// Settings of the HPA controller that no API object shows; these are its
// defaults, so whatever rests on them is an estimate.
const (
	SyncPeriod = 15 * time.Second
	Tolerance  = 0.1
)

// WantReplicas is how many replicas a total asks for at an AverageValue target,
// before any limit: the ceiling of total over target, or the present number
// while the average per pod is within the HPA's tolerance of the target.
// Current counts the pods that exist, ready or not. It is the HPA controller's
// own arithmetic (GetExternalPerPodMetricReplicas), in thousandths as there.
func WantReplicas(total, target float64, current int32) int32 {
	if target <= 0 || math.IsNaN(total) || math.IsNaN(target) {
		return current
	}
	total, target = math.Round(max(total, 0)*1000), math.Round(target*1000)
	if current > 0 {
		if ratio := total / (target * float64(current)); ratio >= 1-Tolerance && ratio <= 1+Tolerance {
			return current
		}
	}
	return Clamp(math.Ceil(total/target), 0, math.MaxInt32)
}

// Clamp bounds a number of replicas.
func Clamp(n float64, low, high int32) int32 {
	return int32(min(max(n, float64(low)), float64(high)))
}

// UpLimit is the highest replica count that one sync of the HPA may choose
// from the present one, disregarding steps taken within the policies' periods,
// which only the controller remembers. Without behavior it is twice the
// present, at least 4; with behavior it is what the policies allow.
func UpLimit(h kscope.HPA, current int32) int32 {
	now := float64(current)
	if !h.HasBehavior {
		return Clamp(max(2*now, 4), 0, h.MaxReplicas)
	}
	if h.ScaleUpSelect == "Disabled" {
		return current
	}
	var limits []float64
	for _, p := range h.ScaleUp {
		switch p.Type {
		case "Pods":
			limits = append(limits, now+float64(p.Value))
		case "Percent":
			limits = append(limits, math.Ceil(now*(1+float64(p.Value)/100)))
		}
	}
	if len(limits) == 0 {
		return h.MaxReplicas
	}
	limit := slices.Max(limits)
	if h.ScaleUpSelect == "Min" {
		limit = slices.Min(limits)
	}
	return Clamp(max(limit, now), 0, h.MaxReplicas)
}

// ZeroAt is when KEDA takes the workload to its floor if no trigger becomes
// active again: at its first poll after the cooldown, which ends
// cooldownPeriod after the last active poll. KEDA keeps the time of that poll
// in whole seconds, rounded down. A ScaledObject that was never active has
// initialCooldownPeriod instead, from its creation; without one the time is
// zero: it is the next poll. It is by the clock of the cluster.
func ZeroAt(so kscope.ScaledObject) time.Time {
	switch {
	case so.PollingInterval <= 0:
		return time.Time{}
	case !so.LastActiveTime.IsZero():
		return so.LastActiveTime.Add(polls(so, so.CooldownPeriod))
	case so.InitialCooldownPeriod > 0 && !so.Created.IsZero():
		return so.Created.Add(polls(so, so.InitialCooldownPeriod))
	}
	return time.Time{}
}

// polls is the time until the first poll after a period that began with one.
func polls(so kscope.ScaledObject, period time.Duration) time.Duration {
	n := (period + so.PollingInterval - 1) / so.PollingInterval
	return max(n, 1) * so.PollingInterval
}
