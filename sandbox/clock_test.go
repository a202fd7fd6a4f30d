package sandbox

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	wall := time.Unix(1000, 0)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := newClock(func() time.Time { return wall }, start, 10)
	at := func(want time.Duration) {
		t.Helper()
		if got := c.now().Sub(start); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	at(0)
	wall = wall.Add(time.Second)
	at(10 * time.Second)
	c.set(0.5)
	at(10 * time.Second)
	wall = wall.Add(4 * time.Second)
	at(12 * time.Second)
	if got := c.until(start.Add(13 * time.Second)); got != 2*time.Second {
		t.Error(got)
	}
	if got := c.until(start); got != 0 {
		t.Error("the past is", got, "away")
	}
	if got := c.until(time.Unix(1<<40, 0)); got != math.MaxInt64 {
		t.Error(got)
	}
}

// TestClockIsMonotonic changes the speed at random moments.
func TestClockIsMonotonic(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 0))
		wall := time.Unix(0, 0)
		c := newClock(func() time.Time { return wall }, time.Time{}, 1)
		last := c.now()
		for range 200 {
			wall = wall.Add(time.Duration(rng.Int64N(int64(time.Second))))
			if rng.IntN(3) == 0 {
				before := c.now()
				c.set(MinSpeed + rng.Float64()*(MaxSpeed-MinSpeed))
				if now := c.now(); !now.Equal(before) {
					t.Fatalf("seed %d: a change of speed made %v of %v", seed, now, before)
				}
			}
			now := c.now()
			if now.Before(last) {
				t.Fatalf("seed %d: %v after %v", seed, now, last)
			}
			due := now.Add(time.Duration(rng.Int64N(int64(time.Minute))))
			wall = wall.Add(c.until(due))
			if got := c.now(); got.Before(due) || got.Sub(due) > 100*time.Nanosecond {
				t.Fatalf("seed %d: waited until %v for %v", seed, got, due)
			}
			last = c.now()
		}
	}
}

func TestSpeedRange(t *testing.T) {
	for _, speed := range []float64{0, -1, 0.09, 61, math.Inf(1), math.NaN()} {
		if checkSpeed(speed) == nil {
			t.Errorf("%v is a speed", speed)
		}
	}
	for _, speed := range []float64{MinSpeed, 1, MaxSpeed} {
		if err := checkSpeed(speed); err != nil {
			t.Error(err)
		}
	}
}
