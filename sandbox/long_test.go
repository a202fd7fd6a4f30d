package sandbox

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope/load"
)

// TestThirtyMinutes at the highest speed, 30 hours of the world's time, with
// load coming and going and things breaking: nothing may grow that does not
// have to.
func TestThirtyMinutes(t *testing.T) {
	minutes := 30
	if testing.Short() {
		minutes = 6
	}
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Seed: 7, Speed: MaxSpeed, ServiceTime: 2 * time.Second, StartTime: time.Second})
		r.until(scaler, time.Minute, "asleep", asleep)
		rng := rand.New(rand.NewPCG(7, 7))
		names := BreakageNames()
		use := func() (heap uint64, goroutines int) {
			r.until(scaler, 3*time.Hour, "asleep", asleep)
			synctest.Wait()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc, runtime.NumGoroutine()
		}
		var heap uint64
		var goroutines int
		for minute := range minutes {
			for range 6 {
				if rng.IntN(2) == 0 {
					// May fail: the connection may be one that broke unnoticed.
					_ = r.queues.Load(t.Context(), load.Load{Backlog: orders, Target: scaler, Profile: load.BatchOf(1 + rng.Int64N(80))}, nil)
				}
				name := names[rng.IntN(len(names))]
				if err := r.Break(name); err != nil && err.Error() != "there is no pod that could be replaced" {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				if err := r.Mend(name); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
			}
			if minute == minutes/3 { // kscope remembers two hours, which are two minutes
				heap, goroutines = use()
			}
		}
		h, g := use()
		t.Logf("heap %.1f -> %.1f MB, goroutines %d -> %d", float64(heap)/1e6, float64(h)/1e6, goroutines, g)
		if h > heap+2e6 || g > goroutines+3 {
			t.Errorf("heap %d -> %d bytes, goroutines %d -> %d", heap, h, goroutines, g)
		}
	})
}
