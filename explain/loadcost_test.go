package explain_test

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/load"
)

// BenchmarkLookWhileALoadRuns is what a look costs while a load of ours has long to go.
func BenchmarkLookWhileALoadRuns(b *testing.B) {
	for _, profile := range []string{"steady:5/s", "burst:50,every=40s", "wave:0-20/s,period=30s", "spikes:20/s,each=1,seed=7", "ramp:0-20/s,1h"} {
		b.Run(profile, func(b *testing.B) {
			x := newWorld(10)
			x.Active(0, "True", "ScalerActive")
			x.Ready(0, 10)
			p, err := load.ParseProfile(profile)
			if err != nil {
				b.Fatal(err)
			}
			for second := 1.0; second < 60; second++ {
				x.See(second, kscope.Loading{Backlog: orders, Profile: p.String(), Began: at(1), Elapsed: time.Hour + time.Duration(second)*time.Second, State: kscope.LoadRunning, Asked: 50, Accepted: 50})
				x.Depth(second+.1, 5000+int64(second)%7)
				x.SO.LastActiveTime = at(second)
				x.See(second+.2, x.SO)
			}
			if look := x.Look(b); look.Phase == explain.Broken {
				b.Fatal(look.Why)
			}
			b.ReportAllocs()
			for b.Loop() {
				x.Look(b)
			}
		})
	}
}
