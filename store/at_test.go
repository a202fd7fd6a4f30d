package store_test

import (
	"fmt"
	"math"
	"math/rand"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// upTo is a store that heard what was observed up to a moment, and that it came.
func upTo(t time.Time, os []kscope.Observation) *store.Store {
	s := store.New()
	for _, o := range os {
		if !o.At.After(t) {
			s.Apply(o)
		}
	}
	s.Apply(kscope.Observation{At: t, Fact: kscope.Heartbeat{}})
	return s
}

// checkAt: a picture of a moment is the store that had heard no more by then.
func checkAt(t *testing.T, seed int64, facts, moments int) {
	rnd := rand.New(rand.NewSource(seed))
	os, refs := stream(rnd, facts)
	s := store.New()
	for _, o := range os {
		if s.Apply(o); rnd.Intn(60) == 0 {
			s.Keyframe()
		}
	}
	looks := []time.Time{os[0].At, s.Now()}
	for range moments {
		looks = append(looks, os[rnd.Intn(len(os))].At.Add(time.Duration(rnd.Intn(3)-1)*time.Millisecond))
	}
	for _, at := range looks {
		if at.Before(s.Since()) || at.After(s.Now()) {
			continue
		}
		differ(t, fmt.Sprint("seed ", seed, " at ", at.Sub(noon)), sketch(s.At(at), refs...), sketch(upTo(at, os), refs...))
		if t.Failed() {
			return
		}
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	for seed := range int64(12) {
		checkAt(t, seed, 400, 12)
	}
}

// FuzzAt is the same with short stories, of which there can be many.
func FuzzAt(f *testing.F) {
	for seed := range int64(4) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed int64) { checkAt(t, seed, 80, 4) })
}

// TestReadingChangesNothing: of two stores that hear the same, one is read all
// the time, and remembers nothing of it.
func TestReadingChangesNothing(t *testing.T) {
	for seed := range int64(4) {
		rnd := rand.New(rand.NewSource(seed))
		os, refs := stream(rnd, 300)
		read, left := store.New(), store.New()
		for i, o := range os {
			read.Apply(o)
			left.Apply(o)
			if i%50 == 49 {
				read.Keyframe()
				left.Keyframe()
			}
			if i%8 > 0 {
				continue
			}
			then := read.At(o.At.Add(-time.Duration(rnd.Intn(100)) * time.Second))
			sketch(then, refs...)
			then.At(then.Now().Add(-3 * time.Second))
			sketch(read, refs...)
		}
		differ(t, fmt.Sprint("seed ", seed), sketch(read, refs...), sketch(left, refs...))
		if read.Total() != left.Total() || read.VersionOf(idOf(refs[0])) != left.VersionOf(idOf(refs[0])) {
			t.Error("a read store has another version")
		}
		mid := os[len(os)/2].At
		differ(t, fmt.Sprint("seed ", seed, ", then"), sketch(read.At(mid), refs...), sketch(left.At(mid), refs...))
	}
}

// TestFrozenForAnHour: a picture stays as it is while the live store goes on,
// through thinning and forgetting.
func TestFrozenForAnHour(t *testing.T) {
	os, refs := stream(rand.New(rand.NewSource(7)), 400)
	s := store.New()
	for _, o := range os {
		s.Apply(o)
	}
	now := s.At(s.Now())
	then := s.At(os[200].At)
	wasNow, wasThen := sketch(now, refs...), sketch(then, refs...)
	at := s.Now()
	for i := range 4 * 3600 {
		at = at.Add(250 * time.Millisecond)
		s.Apply(kscope.Observation{At: at, Source: "redis", Fact: kscope.Depths{Server: "a", All: []kscope.Depth{{Backlog: orders, N: float64(i % 7)}, {Backlog: mails}}}})
		if i%40 == 0 {
			s.Apply(kscope.Observation{At: at, Fact: pod(fmt.Sprint("p", i%8), "w", i%3 == 0)})
			s.Apply(kscope.Observation{At: at, Fact: kscope.Workload{Ref: refs[0], Kind: "Deployment", UID: "d-1", Desired: int32(i % 5), Ready: i32(int32(i % 4))}})
		}
	}
	differ(t, "now", sketch(now, refs...), wasNow)
	differ(t, "then", sketch(then, refs...), wasThen)
	if _, n := s.Weight(); n < 2 {
		t.Errorf("%d chapters after an hour", n)
	}
}

// TestAtOutsideOfWhatIsKnown: there is no future, and before the first moment
// there is that.
func TestAtOutsideOfWhatIsKnown(t *testing.T) {
	x := newWorld(2)
	x.Depth(10, 4)
	for _, tt := range []struct{ ask, want float64 }{{-100, 0}, {0, 0}, {5, 5}, {10, 10}, {99, 10}} {
		if got := x.At(at(tt.ask)).Now(); !got.Equal(at(tt.want)) {
			t.Errorf("at %v it is %v", tt.ask, got.Sub(noon))
		}
	}
	then := x.At(at(5))
	if x.At(at(5)) != then {
		t.Error("the same moment is folded twice")
	}
	if _, known := then.Depth(orders); known || !then.Since().Equal(at(0)) || !then.At(at(20)).Now().Equal(at(5)) || !then.At(at(2)).Now().Equal(at(2)) {
		t.Error("a picture knows what came later")
	}
	then = x.At(at(5))
	x.See(3, pod("late", "w", true))
	if x.At(at(5)) == then {
		t.Error("what came late is not in the picture")
	}
	if now := store.New().At(noon); !now.Now().IsZero() || len(now.ScaledObjects()) != 0 {
		t.Error("an empty store has a past")
	}
	if v, _ := x.History(x.ID(), &orders).Queue.Last(); v != 4 || math.IsNaN(v) {
		t.Errorf("the present is %v", v)
	}
}
