package sandbox

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/kscope/kscope"
)

// The speeds that can be asked for. Beyond them the screen shows either nothing
// that moves or nothing that can be followed.
const (
	MinSpeed = 0.1
	MaxSpeed = 60
)

func checkSpeed(speed float64) error {
	if !(speed >= MinSpeed && speed <= MaxSpeed) { // NaN is neither
		return &kscope.Trouble{Cause: fmt.Errorf("speed %v is out of range", speed), Hint: fmt.Sprintf("from %v (slow motion) to %v (a minute in a second); 1 is life", MinSpeed, MaxSpeed)}
	}
	return nil
}

// clock is the sandbox's own: it began at some moment and runs as fast as it is
// told. It never jumps and never goes back, whatever is done to its speed.
type clock struct {
	wall kscope.Clock

	mu    sync.Mutex
	base  time.Time // what it showed when the speed was last set
	from  time.Time // on the wall, then
	speed float64
}

func newClock(wall kscope.Clock, start time.Time, speed float64) *clock {
	from := wall()
	if start.IsZero() {
		start = from
	}
	// Without the reading of the machine's monotonic clock, which the times of
	// objects do not have either.
	return &clock{wall: wall, base: start.Round(0), from: from, speed: speed}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(c.wall())
}

func (c *clock) at(wall time.Time) time.Time {
	return c.base.Add(time.Duration(float64(wall.Sub(c.from)) * c.speed))
}

func (c *clock) rate() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.speed
}

func (c *clock) set(speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := c.wall()
	c.base, c.from, c.speed = c.at(wall), wall, speed
}

// until is how long the wall has to wait for a moment of this clock: rounded
// up, so that the moment has come when the wait is over.
func (c *clock) until(t time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := math.Ceil(float64(t.Sub(c.at(c.wall()))) / c.speed)
	if wait >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(max(wait, 0))
}
