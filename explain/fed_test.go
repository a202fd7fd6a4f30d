package explain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// What is foretold goes by the jobs that a load from here still brings: KEDA does not
// go to zero where they come before, and does in a pause that is long enough.
func TestALoadOfOursIsForetold(t *testing.T) {
	for _, tt := range []struct {
		name, load string
		state      kscope.LoadState
		says, not  string
	}{
		{"jobs come before the cooldown is over", "burst:50,every=40s,3m", kscope.LoadRunning, "its next jobs come before the cooldown is over", "KEDA goes"},
		{"a pause that is longer", "burst:50,every=10m,1h", kscope.LoadRunning, "KEDA goes straight to 0 in ", "before the cooldown"},
		{"its end", "burst:50,every=40s,39s", kscope.LoadRunning, "KEDA goes straight to 0 in ", "before the cooldown"},
		{"it was stopped", "burst:50,every=40s,3m", kscope.LoadStopped, "KEDA goes straight to 0 in ", "before the cooldown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := newWorld(10)
			x.SO.CooldownPeriod = time.Minute
			x.Active(0, "True", "ScalerActive")
			x.Ready(0, 10)
			p, err := load.ParseProfile(tt.load)
			if err != nil {
				t.Fatal(err)
			}
			x.Depth(0, 0)
			for second := 1.0; second < 25; second++ {
				state, n := kscope.LoadRunning, int64(max(48-5*second, 0))
				if second > 20 {
					state = tt.state
				}
				now := load.Load{Backlog: orders, Profile: p}.Begun(at(1))
				now.Elapsed, now.State, now.Asked, now.Accepted = at(second).Sub(at(1)), state, 50, 50
				x.See(second, now)
				x.Depth(second+.1, n)
				if n > 0 {
					x.SO.LastActiveTime = at(second)
					x.See(second+.2, x.SO)
				}
			}
			x.Active(25, "False", "ScalerCooldown")
			next := x.Look(t).Next
			if !strings.Contains(next, tt.says) || strings.Contains(next, tt.not) {
				t.Errorf("%s\nwant %q, and not %q", next, tt.says, tt.not)
			}
		})
	}
}
