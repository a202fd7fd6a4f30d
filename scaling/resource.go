package scaling

import (
	"errors"
	"math"
)

// PodUse is what is known of a pod at a sync of an HPA that goes by what pods use.
type PodUse struct {
	Uses, Requests int64 // of the resource, in thousandths
	Measured       bool
	// Unready is a pod that does not run yet or, of cpu, whose figures are from when it was
	// not ready. Those that fail, or are about to go, are left out altogether.
	Unready bool
}

// ErrNoFigures is that no pod has any that count.
var ErrNoFigures = errors.New("did not receive metrics for targeted pods (pods might be unready)")

// Share is how many replicas what pods use asks for, before any limit, at a target in
// percent of what they request: of replicas that were asked for so far. Shown is the
// percentage that the HPA shows. Pods without figures count as whoever stands still, and
// where more are called for those that are not ready count as idle.
// (replica_calculator.go: GetResourceReplicas)
func Share(pods []PodUse, target, spec int32, t Tolerances) (replicas, shown int32, err error) {
	percent := func(of []PodUse) (float64, int32) {
		var uses, requests int64
		for _, p := range of {
			uses, requests = uses+p.Uses, requests+p.Requests
		}
		is := Clamp(float64(uses*100/max(requests, 1)), 0, math.MaxInt32)
		return float64(is) / float64(target), is
	}
	n, err := byUse(pods, spec, t, func(of []PodUse) float64 { r, _ := percent(of); return r }, func(p PodUse) int64 { return p.Requests })
	if err != nil {
		return spec, 0, err
	}
	_, shown = percent(counted(pods))
	return n, shown, nil
}

// Mean is the same at a target for each pod, in thousandths, as is what is shown.
// (replica_calculator.go: GetRawResourceReplicas)
func Mean(pods []PodUse, target int64, spec int32, t Tolerances) (replicas int32, shown int64, err error) {
	mean := func(of []PodUse) int64 {
		var uses int64
		for _, p := range of {
			uses += p.Uses
		}
		return uses / int64(max(len(of), 1))
	}
	n, err := byUse(pods, spec, t, func(of []PodUse) float64 { return float64(mean(of)) / float64(target) }, func(PodUse) int64 { return target })
	if err != nil {
		return spec, 0, err
	}
	return n, mean(counted(pods)), nil
}

// counted are the pods whose figures count.
func counted(pods []PodUse) (out []PodUse) {
	for _, p := range pods {
		if p.Measured && !p.Unready {
			out = append(out, p)
		}
	}
	return out
}

// byUse is what both have in common: ratio is that to the target, full what a pod without
// figures is taken to use where fewer are called for.
func byUse(pods []PodUse, spec int32, t Tolerances, ratio func([]PodUse) float64, full func(PodUse) int64) (int32, error) {
	is := counted(pods)
	if len(is) == 0 {
		return spec, ErrNoFigures
	}
	was, guessed := ratio(is), false
	for _, p := range pods {
		switch {
		case p.Unready && was > 1:
			p.Uses = 0
		case p.Unready, p.Measured, was == 1:
			continue
		case was < 1:
			p.Uses = full(p)
		default:
			p.Uses = 0
		}
		guessed = true
		is = append(is, p)
	}
	now := was
	if guessed {
		now = ratio(is)
	}
	n := Clamp(math.Ceil(now*float64(len(is))), 0, math.MaxInt32)
	turned := was < 1 && (now > 1 || n > spec) || was > 1 && (now < 1 || n < spec)
	if t.within(now) || guessed && turned {
		return spec, nil
	}
	return n, nil
}
