//go:build unix

package redis

import (
	"runtime"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// BenchmarkLoad is a load against a real server: how many jobs a second it
// achieves, what of a core it takes, what is left in the heap, and all memory
// that the program ever had from the system.
//
//	go test -run - -bench Load -benchtime 1x ./sources/redis
func BenchmarkLoad(b *testing.B) {
	for _, text := range []string{"steady:5000/s,60s", "wave:0-5000/s,period=10s,20s", "spikes:2000/s,each=100,10s", "batch:10M"} {
		b.Run(text, func(b *testing.B) {
			r := startRedis(b)
			s, f := run(b, Options{})
			p := profile(b, text)
			var jobs int64
			before := cpu()
			for b.Loop() {
				if err := s.Load(b.Context(), load.Load{Backlog: r.queue("list"), Profile: p, Limits: load.Limits{Rate: 1e6, Total: 1e9}}, nil); err != nil {
					b.Fatal(err)
				}
				last := await(f, "the end", kscope.Loading.Ended)
				jobs += last.Accepted
				if want, _ := p.Planned(); last.Accepted != want {
					b.Errorf("%d of %d jobs: %+v", last.Accepted, want, last)
				}
			}
			b.ReportMetric(float64(jobs)/b.Elapsed().Seconds(), "jobs/s")
			b.ReportMetric(float64(cpu()-before)/float64(b.Elapsed())*100, "%core")
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-heap")
			b.ReportMetric(float64(m.Sys)/1e6, "MB-ever")
		})
	}
}
