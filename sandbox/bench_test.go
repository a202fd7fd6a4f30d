//go:build unix

package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/keda"
	kredis "github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/store"
)

// fleet is n Deployments with a ScaledObject each, of at most 10 replicas.
func fleet(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker-%[1]d, namespace: fleet}
spec:
  replicas: 0
  selector: {matchLabels: {app: worker-%[1]d}}
  template:
    metadata: {labels: {app: worker-%[1]d}}
    spec:
      containers: [{name: worker, image: "example/worker:1"}]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders-%[1]d, namespace: fleet}
spec:
  scaleTargetRef: {name: worker-%[1]d}
  maxReplicaCount: 10
  pollingInterval: 5
  cooldownPeriod: 30
  triggers:
    - type: redis
      metadata: {address: "redis.fleet:6379", listName: orders-%[1]d, listLength: "5"}
`, i)
	}
	return b.String()
}

// BenchmarkFleet is what a second on the wall costs with 200 ScaledObjects and
// 2,000 pods, all of them working: the sandbox alone, and with the sources of
// kscope over it. It takes real seconds, one per iteration; cpu-ms/s is what
// they cost of one core.
func BenchmarkFleet(b *testing.B) {
	for _, test := range []struct {
		name    string
		speed   float64
		busy    bool
		sources bool
	}{
		{"idle", 1, false, false}, {"busy", 1, true, false}, {"busy/sources", 1, true, true}, {"busy/10x", 10, true, false}, {"idle/60x", 60, false, false},
	} {
		b.Run(test.name, func(b *testing.B) { benchmarkFleet(b, test.speed, test.busy, test.sources) })
	}
}

func benchmarkFleet(b *testing.B, speed float64, busy, sources bool) {
	const objects = 200
	m, err := strictly([]string{"-"}, strings.NewReader(fleet(objects)))
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(Options{Manifests: m, Wall: time.Now, Speed: speed, ServiceTime: 2 * time.Second, ServiceSpread: 0.2})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if busy { // enough for the ramp and the measurement
		for i := range objects {
			push := slices.Concat([]string{"RPUSH", fmt.Sprint("orders-", i)}, slices.Repeat([]string{`{"id":"5f0c21d9a7e3-000042"}`}, 4000))
			if _, err := s.redis.Ask(0, push...); err != nil {
				b.Fatal(err)
			}
		}
	}
	warmUp(b, s, busy)
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { s.Run(ctx, func(kscope.Fact) {}) })
	if sources {
		watch(ctx, b, s, &wg)
	}
	time.Sleep(300 * time.Millisecond) // the first lists are not what is measured
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	used := cpu()
	for range b.N {
		time.Sleep(time.Second)
	}
	used = cpu() - used
	b.StopTimer()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "cpu-ms/s")
	b.ReportMetric(float64(after.HeapAlloc)/1e6, "heap-MB")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "allocs/s")
}

// warmUp plays, faster than any speed, until all pods that are wanted are
// there, and leaves the clock where the world is.
func warmUp(b *testing.B, s *Sandbox, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for to := s.world.Now(); to.Before(s.clock.base.Add(3 * time.Minute)); to = to.Add(time.Second) {
		s.world.Advance(to)
		if err := s.publish(); err != nil {
			b.Fatal(err)
		}
	}
	s.clock.base, s.clock.from = s.world.Now(), s.clock.wall()
	if n := len(s.api.kinds["pods"].objects); busy != (n >= 2000) {
		b.Fatalf("%d pods", n)
	}
}

func watch(ctx context.Context, b *testing.B, s *Sandbox, wg *sync.WaitGroup) {
	server, err := kredis.ParseServer(s.Redis(), "")
	if err != nil {
		b.Fatal(err)
	}
	typed, dynamic := s.Clients()
	queues := kredis.New(kredis.Options{Dial: s.Dial, Override: &server})
	store := store.New()
	in := kscope.Merge(ctx, s.Now, k8s.New(k8s.Options{Client: typed, Dynamic: dynamic}), keda.New(keda.Options{Dynamic: dynamic}), queues)
	wg.Go(func() {
		for o := range in {
			queues.Follow(o)
			store.Apply(o)
		}
	})
}

// cpu is what this process has used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPush is what jobs cost that come over a connection in commands of a
// hundred, ten of them at a time, as kscope sends them, into a list that grows
// to the number given; and what they cost one by one.
func BenchmarkPush(b *testing.B) {
	for _, test := range []struct{ jobs, batch int }{{1_000, 100}, {10_000, 100}, {100_000, 100}, {10_000, 1}} {
		b.Run(fmt.Sprintf("%dby%d", test.jobs, test.batch), func(b *testing.B) {
			r, err := startRedis(true, 0, func() {})
			if err != nil {
				b.Fatal(err)
			}
			defer r.lose()
			c := goredis.NewClient(&goredis.Options{Addr: r.address()})
			defer c.Close()
			batch := make([]any, test.batch)
			for i := range batch {
				batch[i] = `{"id":"5f0c21d9a7e3-000042"}`
			}
			b.ReportAllocs()
			for range b.N {
				for range test.jobs / test.batch / 10 {
					if _, err := c.Pipelined(b.Context(), func(p goredis.Pipeliner) error {
						for range 10 {
							p.LPush(b.Context(), "q", batch...)
						}
						return nil
					}); err != nil {
						b.Fatal(err)
					}
				}
				if n := c.LLen(b.Context(), "q").Val(); n != int64(test.jobs) {
					b.Fatal(n, "jobs")
				}
				c.Del(b.Context(), "q")
			}
		})
	}
}

// BenchmarkLoadFolder is a folder of 500 files and 50 MB.
func BenchmarkLoadFolder(b *testing.B) {
	dir := b.TempDir()
	size := int64(0)
	for i := range 500 {
		var text strings.Builder
		fmt.Fprintf(&text, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w%[1]d}\nspec:\n  selector: {matchLabels: {app: w}}\n  template: {metadata: {labels: {app: w}}, spec: {containers: [{name: w, image: i}]}}\n---\n"+
			"apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: w%[1]d}\nspec:\n  scaleTargetRef: {name: w%[1]d}\n  triggers:\n  - {type: redis, metadata: {address: \"redis:6379\", listName: l%[1]d}}\n---\n"+
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%[1]d}\ndata:\n", i)
		for k := 0; text.Len() < 100<<10; k++ {
			fmt.Fprintf(&text, "  key-%d: %q\n", k, strings.Repeat("x", 100))
		}
		size += int64(text.Len())
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if m, err := Load([]string{dir}, nil); err != nil || len(m.Objects) != 1500 {
			b.Fatal(len(m.Objects), err)
		}
	}
}
