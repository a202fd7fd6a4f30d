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
			f := &fake{lengths: map[kscope.Queue]int64{}, asks: map[*Ask]int{}}
			var queues []kscope.Queue
			for i := range n {
				queues = append(queues, kscope.Queue{Address: "here", Key: fmt.Sprintf("team-%d:orders:pending", i)})
			}
			p := newPoller("here", f, DefaultInterval, func(kscope.Fact) {})
			p.follow(plan{groups: map[string][]kscope.Queue{"here": queues}})
			b.ReportAllocs()
			for b.Loop() {
				p.tick(b.Context())
			}
		})
	}
}
