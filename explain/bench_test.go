package explain_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/store/storetest"
)

func folded() *store.Store {
	s := store.New()
	for _, o := range storetest.FirstLists(storetest.ManyObjects) {
		s.Apply(o)
	}
	return s
}

func BenchmarkChain(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		s := folded()
		b.ReportAllocs()
		for b.Loop() {
			explain.Look(s, idOf(storetest.Named(7)))
		}
	})
	b.Run("all 500", func(b *testing.B) {
		s := folded()
		b.ReportAllocs()
		for b.Loop() {
			for _, ref := range s.ScaledObjects() {
				explain.Look(s, idOf(ref))
			}
		}
	})
}

func BenchmarkTimeline(b *testing.B) {
	s := folded()
	ref := storetest.Named(7)
	for i := range 600 { // as long as it gets
		now := noon.Add(time.Duration(i) * 10 * time.Second)
		s.Apply(kscope.Observation{At: now, Fact: storetest.WorkloadNumber(7, int32(i%10))})
		if i%4 == 0 {
			s.Apply(kscope.Observation{At: now, Fact: kscope.Event{UID: fmt.Sprint("step", i), Type: "Normal", Reason: "KEDAScaleTargetActivated", Note: "from 0 to 1", Last: now,
				Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: ref.Namespace, Name: ref.Name}}})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		explain.Timeline(s, idOf(ref))
	}
	b.ReportMetric(float64(len(explain.Timeline(s, idOf(ref)))), "entries/op")
}
