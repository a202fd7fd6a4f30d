package scaling

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
)

func TestUpLimit(t *testing.T) {
	pods := func(n int32) kscope.ScalingPolicy {
		return kscope.ScalingPolicy{Type: "Pods", Value: n, Period: 15 * time.Second}
	}
	percent := func(n int32) kscope.ScalingPolicy {
		return kscope.ScalingPolicy{Type: "Percent", Value: n, Period: 15 * time.Second}
	}
	behavior := func(choice string, ps ...kscope.ScalingPolicy) *kscope.Behavior {
		return &kscope.Behavior{Up: kscope.Direction{Select: choice, Policies: ps}}
	}
	tests := []struct {
		name    string
		b       *kscope.Behavior
		most    int32
		current int32
		want    int32
	}{
		{"no behavior", nil, 20, 1, 4},
		{"no behavior", nil, 20, 4, 8},
		{"no behavior, max", nil, 20, 16, 20},
		{"no behavior, huge", nil, math.MaxInt32, 2e9, math.MaxInt32},
		{"default policies", behavior("Max", pods(4), percent(100)), 1000, 1, 5},
		{"default policies", behavior("Max", pods(4), percent(100)), 1000, 5, 10},
		{"the least", behavior("Min", pods(4), percent(100)), 1000, 10, 14},
		{"disabled", behavior("Disabled", pods(4)), 1000, 3, 3},
		{"floats, as the controller has them", behavior("Max", percent(10)), 1000, 100, 111},
		{"no policies", behavior("Max"), 1000, 3, 1000},
		{"pods, huge", behavior("Max", pods(math.MaxInt32)), 1000, 3, 1000},
	}
	for _, tt := range tests {
		if got := UpLimit(tt.b, tt.most, tt.current); got != tt.want {
			t.Errorf("%s from %d: %d, want %d", tt.name, tt.current, got, tt.want)
		}
	}
}

// How many syncs it takes from one replica to so many, with a backlog that
// stays: known from the HPA controller's own functions.
func TestRamp(t *testing.T) {
	behavior := &kscope.Behavior{Up: kscope.Direction{Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 4, Period: 15 * time.Second}, {Type: "Percent", Value: 100, Period: 15 * time.Second}}}}
	for _, tt := range []struct{ n, plain, behavior int32 }{
		{2, 1, 1}, {4, 1, 1}, {5, 2, 1}, {8, 2, 2}, {10, 3, 2}, {16, 3, 3}, {20, 4, 3}, {40, 5, 4}, {50, 5, 5}, {100, 6, 6},
	} {
		syncs := func(b *kscope.Behavior) (k int32) {
			for current := int32(1); current < tt.n; k++ {
				current = min(WantReplicas(float64(tt.n)*5, 5, current, usual), UpLimit(b, 1000, current))
			}
			return k
		}
		if got := syncs(nil); got != tt.plain {
			t.Errorf("to %d without behavior: %d syncs, want %d", tt.n, got, tt.plain)
		}
		if got := syncs(behavior); got != tt.behavior {
			t.Errorf("to %d with behavior: %d syncs, want %d", tt.n, got, tt.behavior)
		}
	}
}
