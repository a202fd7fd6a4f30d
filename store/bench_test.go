package store_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/store/storetest"
	"github.com/kscope/kscope/triggers"
)

// BenchmarkApply folds the first lists of 500 ScaledObjects and 5,000 pods, up
// to the first picture, and then the trickle of a busy cluster.
func BenchmarkApply(b *testing.B) {
	b.Run("first lists", func(b *testing.B) {
		all := storetest.FirstLists(storetest.ManyObjects)
		b.ReportAllocs()
		for b.Loop() {
			s := store.New()
			for _, o := range all {
				s.Apply(o)
			}
			explain.Look(s, idOf(storetest.Named(7)))
		}
		b.ReportMetric(float64(len(all)), "observations/op")
	})
	b.Run("trickle", func(b *testing.B) { // about a second's, but for the polls
		s := storetest.Listed(storetest.ManyObjects)
		var facts [4000]kscope.Fact
		for i := range facts {
			switch i % 8 {
			case 0, 1, 2:
				facts[i] = storetest.ObjectNumber(i%storetest.ManyObjects, noon.Add(time.Duration(i)*time.Second))
			case 3, 4, 5:
				facts[i] = storetest.PodNumber(i, storetest.ManyObjects, i%16 > 8)
			case 6:
				facts[i] = storetest.WorkloadNumber(i%storetest.ManyObjects, int32(i%10))
			case 7:
				facts[i] = kscope.Depths{Server: "b:6379", All: []kscope.Depth{{Backlog: triggers.Redis{Address: "b:6379", Key: "k"}.Backlog(), N: float64(i % 90)}}}
			}
		}
		now, n := noon.Add(time.Minute), 0
		b.ReportAllocs()
		for b.Loop() {
			for range 40 {
				now, n = now.Add(25*time.Millisecond), n+1
				s.Apply(kscope.Observation{At: now, Source: "k8s", Fact: facts[n%len(facts)]})
			}
			s.Apply(kscope.Observation{At: now, Fact: kscope.Heartbeat{}})
		}
	})
	b.Run("all queues of a server", func(b *testing.B) { // four times a second, one in 25 of them changed
		s := storetest.Listed(storetest.ManyObjects)
		var polls [225]kscope.Fact
		for i := range polls {
			polls[i] = storetest.DepthsOf(storetest.ManyObjects, i)
		}
		now, n := noon.Add(time.Second), 0
		b.ReportAllocs()
		for b.Loop() {
			now, n = now.Add(250*time.Millisecond), n+1
			s.Apply(kscope.Observation{At: now, Source: "redis", Fact: polls[n%len(polls)]})
		}
	})
	b.Run("new workload", func(b *testing.B) { // every pod is linked again
		s := storetest.Listed(storetest.ManyObjects)
		now, n := noon.Add(time.Second), 0
		b.ReportAllocs()
		for b.Loop() {
			now, n = now.Add(time.Second), n+1
			w := storetest.WorkloadNumber(7, storetest.PodsEach)
			w.UID = fmt.Sprint(n)
			s.Apply(kscope.Observation{At: now, Source: "k8s", Fact: w})
			explain.Look(s, idOf(storetest.Named(7)))
		}
	})
}

// BenchmarkHeld tells how much memory a store takes after the first lists, with
// what the facts of those refer to.
func BenchmarkHeld(b *testing.B) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for b.Loop() {
		before := heap()
		s := storetest.Listed(storetest.ManyObjects)
		b.ReportMetric(float64(heap()-before)/1024, "KB")
		runtime.KeepAlive(s)
	}
}

// BenchmarkAt is a picture of the worst place, the end of a full chapter, of one
// in the middle, and of the present.
func BenchmarkAt(b *testing.B) {
	for _, bb := range []struct {
		name    string
		objects int
		lasts   time.Duration
	}{{"1 object for 2 hours", 1, 2 * time.Hour}, {"500 objects for 10 minutes", storetest.ManyObjects, 10 * time.Minute}} {
		s := storetest.Busy(bb.objects, bb.lasts)
		ends, middle := s.Chapters()
		bytes, n := s.Weight()
		for _, at := range []struct {
			name string
			t    time.Time
		}{{"the end of a chapter", ends}, {"the middle of a chapter", middle}, {"the present", s.Now()}} {
			b.Run(bb.name+"/"+at.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.At(at.t)
					s.Forget()
				}
				b.ReportMetric(float64(bytes)/1024, "KB-kept")
				b.ReportMetric(float64(n), "chapters")
				b.ReportMetric(s.Now().Sub(s.Since()).Minutes(), "minutes")
			})
		}
	}
}

// BenchmarkKeyframe is what a turn of chapter takes.
func BenchmarkKeyframe(b *testing.B) {
	for _, objects := range []int{1, storetest.ManyObjects} {
		b.Run(fmt.Sprint(objects, " objects"), func(b *testing.B) {
			s := storetest.Busy(objects, time.Minute)
			b.ReportAllocs()
			for b.Loop() {
				s.Outline()
			}
		})
	}
}

func BenchmarkColumns(b *testing.B) {
	s := &store.Series{Keep: store.Keep}
	for i := range 8 * 3600 {
		s.Add(noon.Add(time.Duration(i)*250*time.Millisecond), float64(i%97))
	}
	end := noon.Add(2 * time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		s.Columns(end.Add(-10*time.Minute), end, 200)
	}
}
