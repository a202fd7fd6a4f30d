package explain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
)

// While a load from here goes on, it is not foretold that KEDA goes to zero as if
// nobody knew of any further jobs.
func TestNoZeroWhileALoadGoesOn(t *testing.T) {
	x := newWorld(10)
	x.Active(0, "True", "ScalerActive")
	x.Ready(0, 10)
	planned, lasts := int64(300), 3*time.Minute
	load := func(second float64, state kscope.LoadState) {
		x.See(second, kscope.Loading{Backlog: orders, Load: "burst", Words: "50 jobs every 30s for 3m", Planned: &planned, Lasts: &lasts,
			Began: at(1), Elapsed: at(second).Sub(at(1)), State: state, Asked: 50, Accepted: 50})
	}
	x.Depth(0, 0)
	second := 1.0
	goOn := func(state kscope.LoadState) string {
		for range 20 {
			load(second, state)
			x.Depth(second+.1, int64(48-second/2))
			x.SO.LastActiveTime = at(second)
			x.See(second+.2, x.SO)
			second++
		}
		return x.Look(t).Next
	}
	if next := goOn(kscope.LoadRunning); !strings.Contains(next, "Your load goes on; without it KEDA would go to 0 in ") {
		t.Errorf("while it runs: %s", next)
	}
	if next := goOn(kscope.LoadStopped); !strings.Contains(next, "KEDA goes to 0 in ") {
		t.Errorf("once it is over: %s", next)
	}
}
