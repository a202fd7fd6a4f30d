package outlook

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// life is a Job in a play: when it takes its work, if it has not yet, and when it ends.
type life struct{ takes, ends time.Duration }

// play fills in the points, or widens them by what may be otherwise, and gives for each of
// KEDA's looks how many Jobs run after it, 0 where it makes none. Every second Job takes as
// long as the one, the others as long as the other.
func (j *Jobs) play(f *Future, widen bool, step, first, every time.Duration, took [2]time.Duration, each float64) (looks []int32) {
	c := j.chain
	r, start, alive := c.Readings[0], c.Starting.Usual, []life(nil)
	if start == 0 {
		start = usualStart
	}
	for i, made := range c.JobLives.Made {
		x := life{ends: max(made.Add(took[i%2]).Sub(j.now), time.Second)} // one that is late may end at any time
		if i >= len(c.JobLives.Made)-c.Jobs.Pending {                     // the newest are those whose pods do not run yet
			x.takes = max(made.Add(start).Sub(j.now), time.Millisecond)
			x.ends = max(x.ends, x.takes)
		}
		alive = append(alive, x)
	}
	come, came, queue, look := arrivals(0, loadsInto(&r)), 0.0, r.Jobs(), first
	for i := range f.Points {
		from, to := time.Duration(max(i-1, 0))*step, time.Duration(i)*step
		for at := from; at < to; {
			at = min(at+time.Second, to, max(look, at+time.Millisecond))
			queue, came = queue+come(at)-came, come(at)
			going := alive[:0]
			pending := int64(0)
			for _, x := range alive {
				if x.takes > 0 && x.takes <= at {
					queue, x.takes = max(queue-each, 0), 0
				}
				if x.takes > 0 {
					pending++
				}
				if x.ends > at {
					going = append(going, x)
				}
			}
			if alive = going; at < look {
				continue
			}
			counted := r.AsScaled(math.Ceil(queue))
			if counted != counted { // NaN: what KEDA counts does not follow from the queue
				counted = r.Value
			}
			now := scaling.JobReading{Queue: counted, Target: r.Target, Active: queue > r.ActivationTarget}
			made := j.rules.Decide([]scaling.JobReading{now}, int64(len(alive)), pending).Create()
			for n := range made {
				alive = append(alive, life{at + start, at + max(took[n%2], start)})
			}
			looks = append(looks, 0)
			if made > 0 {
				looks[len(looks)-1] = int32(len(alive))
			}
			look += every
		}
		works := 0.0
		for _, x := range alive {
			if x.takes == 0 {
				works++
			}
		}
		if p := &f.Points[i]; widen {
			p.Queue.take(math.Ceil(queue))
			p.Ready.take(works)
		} else {
			p.Queue, p.Ready = only(math.Ceil(queue)), only(works)
		}
	}
	return looks
}

// takenByEach is how much of the queue each Job takes when its pod is there, by those that
// were seen to; 0 where that cannot be told: where there are several triggers, or the queue
// fell at other times too, as where a Job takes its work off it only in the end.
func takenByEach(c *store.Chain, now time.Time) float64 {
	const back, few, most = 10 * time.Minute, 3, 0.8
	if len(c.Readings) != 1 || !c.Readings[0].CountsJobs() || c.Readings[0].From != store.FromBroker {
		return 0
	}
	r, from := &c.Readings[0], now.Add(-back)
	var began, fell, then float64
	var begins []time.Time // of pods
	was := math.NaN()
	for at, is := range c.Past.Ready.Since(from) {
		if is > was { // not NaN
			began, begins = began+is-was, append(begins, at)
		}
		was = is
	}
	for at := from; at.Before(now); at = at.Add(time.Second) {
		less := without(&r.Past, &r.Own, at) - without(&r.Past, &r.Own, at.Add(time.Second))
		if !(less > 0) { // or not known
			continue
		}
		fell += less
		if slices.ContainsFunc(begins, func(t time.Time) bool { return t.After(at.Add(-time.Second)) && t.Before(at.Add(2*time.Second)) }) {
			then += less
		}
	}
	if began < few || then < most*fell {
		return 0
	}
	if each := fell / began; math.Abs(each-math.Round(each)) > 0.2 {
		return each
	}
	return math.Round(fell / began) // what came meanwhile hid the rest
}
