//go:build unix

package redis

import (
	"bytes"
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
)

// The benchmarks run against a real server on the loopback. Of the processor's
// time they count what this process used, the kernel's share included:
//
//	go test -run - -bench . -benchmem ./sources/redis
//	go test -run - -bench Polling -benchtime 20x ./sources/redis   an op is a second of it

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTick is one measurement, back to back, of lists that exist.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := newPoller(Server{}, New(Options{}).options, func(kscope.Fact) {})
			queues := lists(b, startRedis(b), n)
			p.server.Address = queues[0].Address
			p.follow(plan{p.server.Address: queues})
			p.tick(b.Context())
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				if p.tick(b.Context()) != DefaultInterval {
					b.Fatal("the server did not answer")
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
				for range time.Second / DefaultInterval {
					<-depths
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(b.Elapsed())*100, "%core")
			cancel()
			<-returned
		})
	}
}

func lists(b *testing.B, r *realServer, n int) (queues []kscope.Queue) {
	b.Helper()
	for i := range n {
		q := r.queue(fmt.Sprintf("team-%d:orders:pending", i))
		r.do("rpush", q.Key, 1, 2, 3)
		queues = append(queues, q)
	}
	return queues
}

// BenchmarkPush puts jobs into a list, an op being a job, next to what
// redis-benchmark manages with values of the same size at the same pipeline
// depth over one connection.
func BenchmarkPush(b *testing.B) {
	const jobs = 1_000_000
	r := startRedis(b)
	_, port, _ := net.SplitHostPort(r.address)
	j := newJobs()
	j.commands("list", 1, time.Now())
	size := len(j.values[0])
	b.Run("kscope", func(b *testing.B) {
		s, _ := run(b, Options{})
		for b.Loop() {
			if err := s.Push(b.Context(), kscope.Injection{Queue: r.queue("list"), Jobs: jobs}); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			r.do("unlink", "list")
			b.StartTimer()
		}
		b.ReportMetric(jobs*float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		b.ReportMetric(0, "ns/op")
	})
	for _, depth := range []string{"1000", "100", "10"} {
		b.Run("redis-benchmark-P"+depth, func(b *testing.B) {
			rate := 0.0
			for b.Loop() {
				out, err := exec.Command("redis-benchmark", "-p", port, "-c", "1", "-P", depth, "-n", strconv.Itoa(jobs),
					"-d", strconv.Itoa(size), "-t", "lpush", "--csv").Output()
				if err != nil {
					b.Fatal(err)
				}
				m := regexp.MustCompile(`"LPUSH","([0-9.]+)"`).FindSubmatch(bytes.TrimSpace(out))
				if m == nil {
					b.Fatalf("redis-benchmark said %s", out)
				}
				v, _ := strconv.ParseFloat(string(m[1]), 64)
				rate += v
				b.StopTimer()
				r.do("unlink", "mylist")
				b.StartTimer()
			}
			b.ReportMetric(rate/float64(b.N), "jobs/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
