package perf

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// times are durations measured one by one.
type times []time.Duration

// at is the value that a share of all does not exceed (nearest rank).
func (ts times) at(share float64) time.Duration {
	if len(ts) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(ts))
	rank := int(math.Ceil(share * float64(len(s))))
	return s[min(max(rank, 1), len(s))-1]
}

func (ts times) median() time.Duration { return ts.at(0.5) }
func (ts times) p95() time.Duration    { return ts.at(0.95) }
func (ts times) max() time.Duration    { return ts.at(1) }

// ms writes a duration with the precision that it deserves.
func ms(d time.Duration) string {
	v := d.Seconds() * 1000
	switch {
	case math.Abs(v) < 100:
		return fmt.Sprintf("%.1f ms", v)
	case math.Abs(v) < 5000:
		return fmt.Sprintf("%.0f ms", v)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func medianMax(ts times) string {
	return fmt.Sprintf("%s, max %s", ms(ts.median()), ms(ts.max()))
}

func medianP95(ts times) string {
	return fmt.Sprintf("%s, p95 %s", ms(ts.median()), ms(ts.p95()))
}
