package explain

import (
	"math"
	"time"

	"github.com/kscope/kscope/store"
)

// How far back a flow is looked for, and how finely. Jobs come at a rate where they
// came in most seconds of the last of these, and did not only just begin to.
const (
	flowBack  = time.Minute
	flowStep  = time.Second
	rateBack  = 15 * time.Second
	rateLeast = 3 * time.Second
)

// flowOf is how many jobs a second come into a queue, 0 where they do not come
// steadily, and how long a pod is busy with one, 0 where that does not show: what
// the depth fell by while pods were ready that had work, divided among them. It is
// an estimate; what comes and goes between two looks is not seen.
func flowOf(depth, ready *store.Series, now time.Time) (in float64, service time.Duration) {
	now = depth.Newest(now)
	var busy, done float64
	last := depth.At(now.Add(-flowBack))
	for back := flowBack - flowStep; back >= 0; back -= flowStep {
		at := now.Add(-back)
		is := depth.At(at)
		switch {
		case math.IsNaN(is) || math.IsNaN(last):
			busy, done = 0, 0
		case is > last || last == 0:
		case is > 0:
			done, busy = done+last-is, busy+orZero(ready.At(at))*flowStep.Seconds()
		default: // it ran empty somewhere in between
			done, busy = done+last-is, busy+orZero(ready.At(at))*flowStep.Seconds()/2
		}
		last = is
	}
	if done > 0 && busy > 0 {
		service = time.Duration(busy / done * float64(time.Second))
	}
	return rateOf(depth, ready, now, service), service
}

// rateOf is how many jobs a second come in while there is a queue: what it grows
// by and what the pods take meanwhile.
func rateOf(depth, ready *store.Series, now time.Time, service time.Duration) float64 {
	rises, seconds, recent, pods := 0, 0, false, 0.0
	last, is := depth.At(now), depth.At(now)
	for back := flowStep; back <= rateBack; back += flowStep {
		before := depth.At(now.Add(-back))
		if math.IsNaN(before) || math.IsNaN(last) || before == 0 {
			break
		}
		seconds++
		pods += orZero(ready.At(now.Add(-back)))
		if last > before {
			rises++
			recent = recent || back <= rateLeast
		}
		last = before
	}
	if !recent || time.Duration(seconds)*flowStep < rateLeast || 2*rises < seconds {
		return 0
	}
	in := (is - last) / float64(seconds)
	if service > 0 {
		in += pods / float64(seconds) / service.Seconds()
	}
	return max(in, 0)
}
