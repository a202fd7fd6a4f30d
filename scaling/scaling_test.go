package scaling

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
)

func TestWantReplicas(t *testing.T) {
	tests := []struct {
		total, target float64
		current, want int32
	}{
		{44, 5, 10, 9}, {45, 5, 10, 10}, {50, 5, 10, 10}, {55, 5, 10, 10}, {56, 5, 10, 12}, // both ends of the band belong to it
		{0, 5, 10, 0}, {0, 5, 0, 0}, {10, 5, 0, 2}, {11, 5, 0, 3}, {60, 5, 1, 12}, {100, 5, 0, 20},
		{1, 5, 1, 1}, {5.4, 5, 1, 1}, {5.6, 5, 1, 2},
		{1.1, 0.1, 0, 11}, {0.3, 0.1, 0, 3}, {7, 7.5, 0, 1}, // in thousandths, as the controller counts
		{7, 0, 4, 4}, {math.NaN(), 5, 4, 4}, {-3, 5, 4, 0}, {1e300, 1, 1, math.MaxInt32},
	}
	for _, tt := range tests {
		if got := WantReplicas(tt.total, tt.target, tt.current); got != tt.want {
			t.Errorf("%v at %v with %d: %d, want %d", tt.total, tt.target, tt.current, got, tt.want)
		}
	}
}

func TestUpLimit(t *testing.T) {
	pods := func(n int32) kscope.ScalingPolicy {
		return kscope.ScalingPolicy{Type: "Pods", Value: n, Period: 15 * time.Second}
	}
	percent := func(n int32) kscope.ScalingPolicy {
		return kscope.ScalingPolicy{Type: "Percent", Value: n, Period: 15 * time.Second}
	}
	behavior := func(choice string, ps ...kscope.ScalingPolicy) kscope.HPA {
		return kscope.HPA{MaxReplicas: 1000, HasBehavior: true, ScaleUpSelect: choice, ScaleUp: ps}
	}
	tests := []struct {
		name    string
		h       kscope.HPA
		current int32
		want    int32
	}{
		{"no behavior", kscope.HPA{MaxReplicas: 20}, 1, 4},
		{"no behavior", kscope.HPA{MaxReplicas: 20}, 4, 8},
		{"no behavior, max", kscope.HPA{MaxReplicas: 20}, 16, 20},
		{"no behavior, huge", kscope.HPA{MaxReplicas: math.MaxInt32}, 2e9, math.MaxInt32},
		{"default policies", behavior("Max", pods(4), percent(100)), 1, 5},
		{"default policies", behavior("Max", pods(4), percent(100)), 5, 10},
		{"the least", behavior("Min", pods(4), percent(100)), 10, 14},
		{"disabled", behavior("Disabled", pods(4)), 3, 3},
		{"floats, as the controller has them", behavior("Max", percent(10)), 100, 111},
		{"no policies", behavior("Max"), 3, 1000},
		{"pods, huge", behavior("Max", pods(math.MaxInt32)), 3, 1000},
	}
	for _, tt := range tests {
		if got := UpLimit(tt.h, tt.current); got != tt.want {
			t.Errorf("%s from %d: %d, want %d", tt.name, tt.current, got, tt.want)
		}
	}
}

// How many syncs it takes from one replica to so many, with a backlog that
// stays: known from the HPA controller's own functions.
func TestRamp(t *testing.T) {
	plain := kscope.HPA{MaxReplicas: 1000}
	behavior := kscope.HPA{MaxReplicas: 1000, HasBehavior: true, ScaleUpSelect: "Max", ScaleUp: []kscope.ScalingPolicy{{Type: "Pods", Value: 4, Period: 15 * time.Second}, {Type: "Percent", Value: 100, Period: 15 * time.Second}}}
	for _, tt := range []struct{ n, plain, behavior int32 }{
		{2, 1, 1}, {4, 1, 1}, {5, 2, 1}, {8, 2, 2}, {10, 3, 2}, {16, 3, 3}, {20, 4, 3}, {40, 5, 4}, {50, 5, 5}, {100, 6, 6},
	} {
		syncs := func(h kscope.HPA) (k int32) {
			for current := int32(1); current < tt.n; k++ {
				current = min(WantReplicas(float64(tt.n)*5, 5, current), UpLimit(h, current))
			}
			return k
		}
		if got := syncs(plain); got != tt.plain {
			t.Errorf("to %d without behavior: %d syncs, want %d", tt.n, got, tt.plain)
		}
		if got := syncs(behavior); got != tt.behavior {
			t.Errorf("to %d with behavior: %d syncs, want %d", tt.n, got, tt.behavior)
		}
	}
}
