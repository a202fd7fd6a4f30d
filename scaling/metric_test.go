package scaling

import (
	"math"
	"testing"

	"github.com/kscope/kscope"
)

var usual = TolerancesOf(nil)

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
		if got := WantReplicas(tt.total, tt.target, tt.current, usual); got != tt.want {
			t.Errorf("%v at %v with %d: %d, want %d", tt.total, tt.target, tt.current, got, tt.want)
		}
	}
}

func TestAverageValue(t *testing.T) {
	for _, c := range []struct {
		total, target int64
		status        int32
		t             Tolerances
		want          int32
		shown         int64
	}{
		{44000, 5000, 10, usual, 9, 4400},
		{45000, 5000, 10, usual, 10, 4500},
		{55000, 5000, 10, usual, 10, 5500},
		{56000, 5000, 10, usual, 12, 5600},
		{100000, 5000, 3, usual, 20, 33334},
		{0, 5000, 3, usual, 0, 0},
		{10000, 5000, 0, usual, 2, math.MinInt64},
		{0, 5000, 0, usual, 0, math.MinInt64},
		{52000, 5000, 10, Tolerances{0, 0.1}, 11, 5200},
		{46000, 5000, 10, Tolerances{0.1, 0}, 10, 4600},
		{41000, 5000, 10, Tolerances{0.1, 0.2}, 10, 4100},
	} {
		got, shown := AverageValue(c.total, c.target, c.status, c.t)
		if got != c.want || shown != c.shown {
			t.Errorf("%+v: got %d, shown %d", c, got, shown)
		}
	}
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		total, target int64
		spec, ready   int32
		want          int32
	}{
		{20000, 10000, 0, 0, 2},
		{10500, 10000, 7, 3, 7},
		{20000, 10000, 7, 3, 6},
		{20000, 10000, 7, 0, 0},
		{1000, 10000, 7, 7, 1},
	} {
		if got := Value(c.total, c.target, c.spec, c.ready, usual); got != c.want {
			t.Errorf("%+v: got %d", c, got)
		}
	}
}

// TestTolerances are per direction, the controller's own where the behavior
// has none.
func TestTolerances(t *testing.T) {
	quarter := 0.25
	if got := TolerancesOf(&kscope.Behavior{Down: kscope.Direction{Tolerance: &quarter}}); got != (Tolerances{0.1, 0.25}) {
		t.Errorf("got %+v", got)
	}
}
