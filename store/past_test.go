package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store/storetest"
)

// TestThePastIsBounded: a flood leaves no more than the newest of it, and
// quiet hours next to nothing.
func TestThePastIsBounded(t *testing.T) {
	x := newWorld(1)
	const limit = 20 << 20
	for i := range 80_000 {
		p := pod(fmt.Sprint("p", i%3000), "w", i%2 == 0)
		p.Message = fmt.Sprint("message ", i)
		x.See(float64(i)/100, p)
		if bytes, n := x.Weight(); bytes > limit || n > 40 {
			t.Fatalf("after %d pods %d bytes are kept in %d chapters", i, bytes, n)
		}
	}
	if back := x.Now().Sub(x.Since()); back < time.Minute || back > 10*time.Minute {
		t.Errorf("the flood is remembered for %v", back)
	}

	x = newWorld(1)
	before, _ := x.Weight()
	for i := range 6 * 3600 {
		x.Depth(float64(i), 5)
		x.See(float64(i), kscope.Heartbeat{})
	}
	if after, n := x.Weight(); after-before > 200_000 || n > 2 {
		t.Errorf("six quiet hours took %d bytes in %d chapters", after-before, n)
	}
}

// TestKeyframesAreWorthIt: however large the store is, thousands of facts are observed
// before all of it is copied again, and what was before that is not forgotten by it.
func TestKeyframesAreWorthIt(t *testing.T) {
	for _, objects := range []int{1, storetest.ManyObjects, 4 * storetest.ManyObjects} {
		s := storetest.Listed(objects)
		listed, is, begun := s.Now(), s.Chapter(), 0
		for i := range 8000 {
			at := listed.Add(time.Duration(i) * 50 * time.Millisecond)
			s.Apply(kscope.Observation{At: at, Source: "keda", Fact: storetest.ObjectNumber(i%objects, at)})
			if now := s.Chapter(); now != is {
				is, begun = now, begun+1
			}
		}
		if back := s.Now().Sub(s.Since()); begun > 1 || back < 3*time.Minute {
			t.Errorf("%d objects: copied %d times in 8,000 facts, and %v are remembered", objects, begun, back)
		}
	}
}
