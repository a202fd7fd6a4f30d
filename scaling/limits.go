package scaling

import (
	"math"
	"time"

	"github.com/kscope/kscope"
)

// UpLimit is the highest replica count that one sync of the HPA may choose
// from the present one, disregarding steps taken within the policies' periods,
// which only the controller remembers. Without behavior it is twice the
// present, at least 4; with behavior it is what the policies allow.
func UpLimit(b *kscope.Behavior, most, current int32) int32 {
	switch {
	case b == nil:
		return Clamp(max(2*float64(current), 4), 0, most)
	case b.Up.Select == "Disabled":
		return current
	}
	var nothing Memory
	return Clamp(float64(nothing.upLimit(time.Time{}, b.Up, current)), 0, most)
}

// upLimit is the highest count that the policies allow now. No policies mean
// no limit; an API server lets no such behavior through.
func (m *Memory) upLimit(now time.Time, d kscope.Direction, current int32) int32 {
	if d.Select == "Disabled" {
		return current
	}
	limit := math.Inf(-1)
	if d.Select == "Min" || len(d.Policies) == 0 {
		limit = math.Inf(1)
	}
	for _, p := range d.Policies {
		start := float64(m.start(now, p.Period, current))
		to := start + float64(p.Value)
		if p.Type == "Percent" {
			to = math.Ceil(start * (1 + float64(p.Value)/100))
		}
		if d.Select == "Min" {
			limit = min(limit, to)
		} else {
			limit = max(limit, to)
		}
	}
	return max(Clamp(limit, math.MinInt32, math.MaxInt32), current)
}

// downLimit is the lowest count that the policies allow now.
func (m *Memory) downLimit(now time.Time, d kscope.Direction, current int32) int32 {
	if d.Select == "Disabled" {
		return current
	}
	limit := math.Inf(1)
	if d.Select == "Min" || len(d.Policies) == 0 {
		limit = math.Inf(-1)
	}
	for _, p := range d.Policies {
		start := float64(m.start(now, p.Period, current))
		to := start - float64(p.Value)
		if p.Type == "Percent" {
			to = math.Trunc(start * (1 - float64(p.Value)/100))
		}
		if d.Select == "Min" {
			limit = max(limit, to)
		} else {
			limit = min(limit, to)
		}
	}
	return min(Clamp(limit, math.MinInt32, math.MaxInt32), current)
}
