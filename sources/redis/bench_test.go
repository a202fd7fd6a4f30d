//go:build unix

package redis

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
)

// The benchmarks run against a real server on the loopback. Of the processor's
// time they count what this process used, the kernel's share included:
//
//	go test -run - -bench . -benchmem ./sources/redis
//	go test -run - -bench Polling -benchtime 20x ./sources/redis   an op is a second of it

// cpu is the processor time that this process has used.
func cpu() time.Duration { return used(syscall.RUSAGE_SELF) }

func used(by int) time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(by, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpu is the processor time that the server has used.
func (r *realServer) cpu() (d time.Duration) {
	for _, m := range regexp.MustCompile(`used_cpu_(?:sys|user):([0-9.]+)`).FindAllStringSubmatch(r.do("info", "cpu").(string), -1) {
		s, _ := strconv.ParseFloat(m[1], 64)
		d += time.Duration(s * float64(time.Second))
	}
	return d
}

// BenchmarkTick is one measurement, back to back, of lists that exist.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			queues := lists(b, startRedis(b), n)
			t := newTechnology(Options{})
			m := t.Meter(t.Place(queues[0]), queues[0])
			defer m.Close()
			ask, readings := &broker.Ask{Backlogs: queues}, make([]broker.Reading, n)
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				if _, err := m.Measure(b.Context(), ask, readings); err != nil || readings[n-1].N != 3 {
					b.Fatal(err, readings[n-1])
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkPolling is a second of a running source at the default interval,
// with all the waking up that it takes.
func BenchmarkPolling(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			queues := lists(b, startRedis(b), n)
			s := New(Options{})
			ctx, cancel := context.WithCancel(b.Context())
			depths, returned := make(chan bool, 1000), make(chan error)
			go func() {
				returned <- s.Run(ctx, func(f kscope.Fact) {
					if _, ok := f.(kscope.Depths); ok {
						depths <- true
					}
				})
			}()
			s.Follow(scaledObject("all", queues...))
			<-depths
			before := cpu()
			for b.Loop() {
				for range time.Second / (4 * DefaultInterval) {
					<-depths
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(b.Elapsed())*100, "%core")
			cancel()
			if err := <-returned; err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkFirstDepth is the start of a source that follows a queue, its first
// depth, and its end.
func BenchmarkFirstDepth(b *testing.B) {
	q := startRedis(b).queue("jobs")
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		s, returned := New(Options{}), make(chan error)
		s.Follow(scaledObject("one", q))
		go func() {
			returned <- s.Run(ctx, func(f kscope.Fact) {
				if d, ok := f.(kscope.Depths); ok && d.All[0].Err == "" {
					cancel()
				}
			})
		}()
		if err := <-returned; err != nil {
			b.Fatal(err)
		}
	}
}

func lists(b *testing.B, r *realServer, n int) (queues []kscope.Backlog) {
	b.Helper()
	for i := range n {
		q := r.queue(fmt.Sprintf("team-%d:orders:pending", i))
		r.do("rpush", q.Name, 1, 2, 3)
		queues = append(queues, q)
	}
	return queues
}

// BenchmarkPush puts a million jobs into a list, next to what redis-benchmark
// manages with values of the same size over one connection. Since client and
// server take turns on it, the processor time of both is what a machine with
// nothing else to do would take; jobs/s is what this one took.
func BenchmarkPush(b *testing.B) {
	const jobs = 1_000_000
	r := startRedis(b)
	_, port, _ := net.SplitHostPort(r.address)
	measure := func(b *testing.B, who int, list string, push func()) {
		var client, server time.Duration
		for b.Loop() {
			c, s := used(who), r.cpu()
			push()
			client, server = client+used(who)-c, server+r.cpu()-s
			b.StopTimer()
			r.do("del", list)
			b.StartTimer()
		}
		n := jobs * float64(b.N)
		b.ReportMetric(n/b.Elapsed().Seconds(), "jobs/s")
		b.ReportMetric(float64(client)/n, "client-ns/job")
		b.ReportMetric(float64(server)/n, "server-ns/job")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("kscope", func(b *testing.B) {
		s, _ := run(b, Options{})
		measure(b, syscall.RUSAGE_SELF, "list", func() {
			if err := s.Load(b.Context(), load.Load{Backlog: r.queue("list"), Profile: load.BatchOf(jobs)}, nil); err != nil {
				b.Fatal(err)
			}
		})
	})
	for _, depth := range []string{"1000", "100", "10"} {
		b.Run("redis-benchmark-P"+depth, func(b *testing.B) {
			measure(b, syscall.RUSAGE_CHILDREN, "mylist", func() {
				out, err := exec.Command("redis-benchmark", "-p", port, "-c", "1", "-P", depth, "-n", strconv.Itoa(jobs),
					"-d", strconv.Itoa(len(load.StandardPayload().Example())), "-t", "lpush", "-q").CombinedOutput()
				if err != nil {
					b.Fatalf("redis-benchmark: %v\n%s", err, out)
				}
			})
		})
	}
}
