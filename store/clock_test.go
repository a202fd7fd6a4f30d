package store_test

import (
	"math"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// Times that jump to and fro, as from a clock without a monotonic reading that is
// set. Nothing panics meanwhile, and what comes when the time has passed the
// latest that was seen is known as ever.
func TestClockJumps(t *testing.T) {
	for name, jumps := range map[string][]float64{
		"back":       {-3600},
		"forth":      {7200},
		"to and fro": {-3600, 3600, -10, 90_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			x := newWorld(3)
			for i := range 30 {
				x.Depth(float64(10+i), 4)
			}
			for _, jump := range jumps {
				for i := range 30 {
					at := 40 + jump + float64(i)
					x.See(at, kscope.Heartbeat{})
					x.Depth(at, int64(7+i))
					x.Scale(at, "keda-operator", int32(4+i%2))
					explain.Look(x.Store, x.ID())
					explain.Timeline(x.Store, x.ID())
					x.History(x.ID(), &orders)
					x.Pods(x.ID())
				}
			}
			x.Depth(200_000, 36)
			x.Scale(200_000, "keda-operator", 5)
			c := x.Look(t)
			if r := c.Readings[0]; !r.Known || r.Value != 36 {
				t.Errorf("the queue is %+v, want 36", r)
			}
			if c.Workload == nil || c.Workload.Desired != 5 {
				t.Errorf("the workload is %+v, want 5 wanted", c.Workload)
			}
		})
	}
}

// TestUnwatched: where nobody looked nothing is known, and what is so afterwards is known
// from then on; so it is in a picture of the past too.
func TestUnwatched(t *testing.T) {
	x := newWorld(3)
	x.Scale(10, "kube-controller-manager", 4)
	x.Ready(12, 4)
	x.Depth(20, 7)
	x.Active(21, "True", "ScalerActive")
	x.See(4000, kscope.Unwatched{Since: at(30)})
	x.Depth(4001, 7)
	for name, s := range map[string]*store.Store{"now": x.Store, "then": x.At(at(4002))} {
		c, ok := s.Chain(x.ID())
		if !ok {
			t.Fatal(name)
		}
		h := s.History(x.ID(), &orders)
		for of, series := range map[string]*store.Series{"desired": &c.Past.Desired, "ready": h.Ready, "queue": h.Queue} {
			for seconds, want := range map[float64]bool{25: true, 31: false, 2000: false, 3999: false, 4001: true} {
				if known := !math.IsNaN(series.At(at(seconds))); known != want && (of != "queue" || seconds != 25) {
					t.Errorf("%s, %s after %v s: known is %v", name, of, seconds, known)
				}
			}
		}
		if *c.Ready != 4 || c.Workload.Desired != 4 {
			t.Errorf("%s: %d of %d pods", name, *c.Ready, c.Workload.Desired)
		}
	}
}
