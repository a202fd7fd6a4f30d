package broker

import (
	"fmt"
	"testing"

	"github.com/kscope/kscope"
)

// BenchmarkTick is what a measurement costs besides the meter: numbers that did
// not change, told at every fourth.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := &fake{lengths: map[kscope.Backlog]int64{}, asks: map[*Ask]int{}}
			var queues []kscope.Backlog
			for i := range n {
				queues = append(queues, kscope.Backlog{Broker: "fake", Server: "here", Name: fmt.Sprintf("team-%d:orders:pending", i)})
			}
			p := newPoller("here", f, DefaultInterval, func(kscope.Fact) {})
			p.follow(plan{groups: map[string][]kscope.Backlog{"here": queues}})
			b.ReportAllocs()
			for b.Loop() {
				p.tick(b.Context())
			}
		})
	}
}
