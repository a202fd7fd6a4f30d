package world

import (
	"math"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

// downscaleStabilization is the HPA controller's flag of that name, at its
// default: how long a recommendation is remembered where an HPA does not say.
const downscaleStabilization = 300 * time.Second

// recommendation is what an HPA's metrics asked for at one sync.
type recommendation struct {
	at       time.Time
	replicas int32
}

// step is one rescale by an HPA with a behavior, as it counts against the
// policies.
type step struct {
	at     time.Time
	change int32 // how many pods, always positive
}

// memory is what the HPA controller remembers of one HPA between syncs and
// shows to nobody.
type memory struct {
	recs       []recommendation
	ups, downs []step
}

// policy is one scaling policy.
type policy struct {
	percent bool
	value   int32
	period  time.Duration
}

// direction is a behavior's rules for one direction, defaults filled in.
type direction struct {
	window   time.Duration
	choice   string // Max, Min or Disabled
	policies []policy
}

// behavior is an HPA's spec.behavior; nil means the older algorithm.
type behavior struct{ up, down direction }

// verdict is what an HPA decides of a raw proposal, and why, in the reasons of
// its conditions AbleToScale and ScalingLimited.
type verdict struct {
	stabilized, desired int32
	able, limited       string
}

// isLimited is the status of the condition ScalingLimited.
func (v verdict) isLimited() bool { return v.desired != v.stabilized }

// bounds are an HPA's least and most replicas.
type bounds struct{ min, max int32 }

// normalize turns a raw proposal into the number of replicas to ask for, by
// the rules of one of the controller's two algorithms, and remembers the
// proposal. (horizontal.go: normalizeDesiredReplicas,
// normalizeDesiredReplicasWithBehaviors)
func (m *memory) normalize(now time.Time, b *behavior, cur, raw int32, in bounds) verdict {
	if b == nil {
		return m.normalizeSimply(now, cur, raw, in)
	}
	return m.normalizeBy(now, b, cur, raw, in)
}

// normalizeSimply is the algorithm of an HPA without behavior. What it
// remembers may push replicas up, and counts to the end of the window
// inclusive.
func (m *memory) normalizeSimply(now time.Time, cur, raw int32, in bounds) verdict {
	v := verdict{stabilized: raw, able: "ReadyForNewScale", limited: "DesiredWithinRange"}
	since := now.Add(-downscaleStabilization)
	expired := -1
	for i, r := range m.recs {
		if r.at.Before(since) {
			expired = i
		} else {
			v.stabilized = max(v.stabilized, r.replicas)
		}
	}
	m.remember(expired, recommendation{now, raw})
	if v.stabilized != raw {
		v.able = "ScaleDownStabilized"
	}
	// With no policies and no memory of steps this is what the explainer
	// says too, so ask it.
	high, why := scaling.UpLimit(kscope.HPA{MaxReplicas: in.max}, cur), "ScaleUpLimit"
	if high >= in.max {
		high, why = in.max, "TooManyReplicas"
	}
	switch v.desired = v.stabilized; {
	case v.stabilized < in.min:
		v.desired, v.limited = in.min, "TooFewReplicas"
	case v.stabilized > high:
		v.desired, v.limited = high, why
	}
	return v
}

// normalizeBy is the algorithm of an HPA with behavior.
func (m *memory) normalizeBy(now time.Time, b *behavior, cur, raw int32, in bounds) verdict {
	v := verdict{stabilized: cur, able: "ReadyForNewScale", limited: "DesiredWithinRange"}
	lowest, highest := raw, raw
	upSince, downSince := now.Add(-b.up.window), now.Add(-b.down.window)
	oldest := upSince
	if downSince.Before(oldest) {
		oldest = downSince
	}
	expired := -1
	for i, r := range m.recs {
		if r.at.After(upSince) {
			lowest = min(lowest, r.replicas)
		}
		if r.at.After(downSince) {
			highest = max(highest, r.replicas)
		}
		if r.at.Before(oldest) {
			expired = i
		}
	}
	m.remember(expired, recommendation{now, raw})
	v.stabilized = min(max(v.stabilized, lowest), highest)
	switch {
	case v.stabilized == raw:
	case raw >= cur:
		v.able = "ScaleUpStabilized"
	default:
		v.able = "ScaleDownStabilized"
	}
	v.desired = v.stabilized
	switch {
	case v.stabilized > cur:
		high, why := m.upLimit(now, b.up, cur), "ScaleUpLimit"
		if in.max <= high {
			high, why = in.max, "TooManyReplicas"
		}
		if v.stabilized > high {
			v.desired, v.limited = high, why
		}
	case v.stabilized < cur:
		low, why := m.downLimit(now, b.down, cur), "ScaleDownLimit"
		if in.min >= low {
			low, why = in.min, "TooFewReplicas"
		}
		if v.stabilized < low {
			v.desired, v.limited = low, why
		}
	}
	return v
}

// remember keeps a recommendation in the place of one that has expired, or in
// a new one.
func (m *memory) remember(expired int, r recommendation) {
	if expired >= 0 {
		m.recs[expired] = r
		return
	}
	m.recs = append(m.recs, r)
}

// upLimit is the highest count that the policies allow now.
func (m *memory) upLimit(now time.Time, d direction, cur int32) int32 {
	if d.choice == "Disabled" {
		return cur
	}
	limit := int32(math.MinInt32)
	if d.choice == "Min" {
		limit = math.MaxInt32
	}
	for _, p := range d.policies {
		start := m.start(now, p.period, cur)
		to := start + p.value
		if p.percent {
			to = int32(math.Ceil(float64(start) * (1 + float64(p.value)/100)))
		}
		if d.choice == "Min" {
			limit = min(limit, to)
		} else {
			limit = max(limit, to)
		}
	}
	return max(limit, cur)
}

// downLimit is the lowest count that the policies allow now.
func (m *memory) downLimit(now time.Time, d direction, cur int32) int32 {
	if d.choice == "Disabled" {
		return cur
	}
	limit := int32(math.MaxInt32)
	if d.choice == "Min" {
		limit = math.MinInt32
	}
	for _, p := range d.policies {
		start := m.start(now, p.period, cur)
		to := start - p.value
		if p.percent {
			to = int32(float64(start) * (1 - float64(p.value)/100))
		}
		if d.choice == "Min" {
			limit = max(limit, to)
		} else {
			limit = min(limit, to)
		}
	}
	return min(limit, cur)
}

// start is the count at the beginning of a period, as far as the HPA's own
// rescales tell.
func (m *memory) start(now time.Time, period time.Duration, cur int32) int32 {
	return cur - changed(now, period, m.ups) + changed(now, period, m.downs)
}

func changed(now time.Time, period time.Duration, steps []step) int32 {
	var n int32
	for _, s := range steps {
		if s.at.After(now.Add(-period)) {
			n += s.change
		}
	}
	return n
}

// rescaled remembers a rescale by an HPA with a behavior. It takes the place
// of the last step older than any policy of its direction, if there is one:
// the controller overwrites and never prunes, so steps can be seen longer
// than their own direction needs them. (storeScaleEvent)
func (m *memory) rescaled(now time.Time, b *behavior, from, to int32) {
	if b == nil {
		return
	}
	list, d, change := &m.ups, b.up, to-from
	if to < from {
		list, d, change = &m.downs, b.down, from-to
	}
	var longest time.Duration
	for _, p := range d.policies {
		longest = max(longest, p.period)
	}
	replace := -1
	for i, s := range *list {
		if s.at.Before(now.Add(-longest)) {
			replace = i
		}
	}
	if replace >= 0 {
		(*list)[replace] = step{now, change}
		return
	}
	*list = append(*list, step{now, change})
}
