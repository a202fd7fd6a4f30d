package outlook

import (
	"math"
	"time"

	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// course is how a value of which only the HPA tells goes on.
type course struct {
	by      float64       // what it is by now
	in      float64       // how many of what it counts come a second
	new     bool          // what came before the newest sync does not show yet
	once    bool          // but only before the newest sync did any: that may have been a batch
	service time.Duration // for how long a pod is busy with one, 0 where that does not show
	quick   *course       // the same if pods do more, and more comes that hides it; nil where nothing speaks for that
}

// courseOf goes by the syncs of the HPA. The pace is that of the last time that the value
// fell between two, as if nothing came meanwhile, which is the least that pods can do;
// what comes is what the newest two say at that pace.
func courseOf(s *source, c *store.Chain, is Seen, every time.Duration) course {
	n := len(c.Past.Syncs)
	sampled := triggers.Sampled(s.Trigger) // so that two syncs tell of no rate
	if n < 2 || s.byValue() || is.Ready == 0 || s.Value == 0 || sampled {
		return course{by: s.Value, new: n < 2 || sampled}
	}
	last := c.Past.Syncs[n-1].At
	if since := is.Now.Sub(last); since > every+every/4 { // and it wrote nothing, so that is as it was
		last = last.Add(since / every * every)
	}
	pace, most := 0.0, 0.0
	for i := n - 1; i > 0; i-- {
		if d, ok := s.drift(c, c.Past.Syncs[i].At, every); ok && d.by < 0 && d.pods > 0 {
			if most = max(most, -d.by/d.pods); pace == 0 {
				pace = most
			}
		}
	}
	newest, ok := s.drift(c, last, every)
	before, _ := s.drift(c, last.Add(-every), every)
	passed, worked := is.Now.Sub(last).Seconds(), podSeconds(&c.Past.Ready, last, is.Now)
	if !ok { // as where it has only begun to
		newest, worked = drift{pods: float64(is.Ready)}, passed*float64(is.Ready)
	}
	at := func(pace float64) course {
		x := course{new: !ok, in: max(newest.by+newest.pods*pace, 0)}
		if pace > 0 {
			x.service = time.Duration(float64(time.Second) / pace)
		}
		x.by = max(s.Value+passed*x.in-worked*pace, 0)
		return x
	}
	out := at(pace)
	out.once = out.in > 0 && before.by+before.pods*pace < 1e-6
	if quick := max(s.quick(c, last, every, pace), most); out.in > 0 && ok && quick > pace {
		x := at(quick)
		out.quick = &x
	}
	return out
}

// quick is the most that a pod may do a second by the newest syncs, while jobs kept coming.
// The fall of a value does not tell what came meanwhile, but two syncs with fewer pods and
// with more do, if as many came: by so much less as it grew, the more pods took more. Where
// there were always as many pods, half of what came may have been taken.
func (s *source) quick(c *store.Chain, to time.Time, every time.Duration, pace float64) float64 {
	const back = 8 // syncs; what comes at a rate for longer has another by then
	quick, more := 0.0, false
	later, ok := s.drift(c, to, every)
	if pace == 0 && later.pods > 0 {
		quick = max(later.by, 0) / later.pods
	}
	for i := 1; ok && i < back; i++ {
		var before drift
		if before, ok = s.drift(c, to.Add(-time.Duration(i)*every), every); !ok {
			break
		}
		if grew := later.pods - before.pods; math.Abs(grew) > before.pods/10 {
			if !more {
				more, quick = true, 0
			}
			quick = max(quick, (before.by-later.by)/grew)
		}
		ok, later = before.by+before.pods*pace > 1e-6, before
	}
	return quick
}

// podSeconds is how long pods were ready in a span of time, all together.
func podSeconds(ready *store.Series, from, to time.Time) (sum float64) {
	at, pods := from, 0.0
	for begins, v := range ready.Since(from) {
		if !begins.Before(to) {
			break
		}
		sum += begins.Sub(at).Seconds() * pods
		at, pods = begins, orZero(v)
	}
	return sum + max(to.Sub(at), 0).Seconds()*pods
}

// drift is by how much a value grew a second, and how many pods were ready meanwhile.
type drift struct{ by, pods float64 }

// drift is that of the last period before a sync; false where it does not show, or the
// value was nothing in the end, of which nobody knows since when.
func (s *source) drift(c *store.Chain, to time.Time, every time.Duration) (drift, bool) {
	from := to.Add(-every)
	early := every / 4 // for a sync that comes later than it is due
	was, ok1 := s.then(c, moment{at: from.Add(early)})
	now, ok2 := s.then(c, moment{at: to.Add(early)})
	if !ok1 || !ok2 || now == 0 {
		return drift{}, false
	}
	return drift{(now - was) / every.Seconds(), podSeconds(&c.Past.Ready, from, to) / every.Seconds()}, true
}
