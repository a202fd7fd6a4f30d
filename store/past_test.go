package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kscope/kscope"
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
