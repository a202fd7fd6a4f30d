package explain

import (
	"math"
	"time"

	"github.com/kscope/kscope/store"
)

// How far back a flow is looked for, and how finely.
const (
	flowBack = time.Minute
	flowStep = time.Second
	// Jobs come at a rate where they came in so many of the last seconds.
	comesIn, comesOf = 5, 15
	comesLast        = 3 * time.Second // and have not stopped since
)

// flowOf is how many jobs a second come into a queue, 0 where they do not come
// steadily, and how long a pod is busy with one, 0 where that does not show: what
// the depth fell by while pods were ready that had work, divided among them. It is
// an estimate; what comes and goes between two looks is not seen.
func flowOf(depth, ready *store.Series, now time.Time) (in float64, service time.Duration) {
	now = depth.Newest(now)
	var busy, done, came float64
	rises, recent := 0, false
	last := depth.At(now.Add(-flowBack))
	for back := flowBack - flowStep; back >= 0; back -= flowStep {
		at := now.Add(-back)
		is := depth.At(at)
		if math.IsNaN(is) || math.IsNaN(last) {
			busy, done, came, rises, last = 0, 0, 0, 0, is
			continue
		}
		switch {
		case is > last:
			if back < comesOf*time.Second {
				rises++
				came += is - last
				recent = recent || back < comesLast
			}
		case last > 0:
			done += last - is
			if is > 0 || done == 0 {
				busy += orZero(ready.At(at)) * flowStep.Seconds()
			} else {
				busy += orZero(ready.At(at)) * flowStep.Seconds() / 2 // it ran empty somewhere in between
			}
		}
		last = is
	}
	if recent && rises >= comesIn {
		in = came / comesOf
	}
	if done > 0 && busy > 0 {
		service = time.Duration(busy / done * float64(time.Second))
	}
	return in, service
}
