package ledger

import (
	"math"
	"slices"
	"time"
)

// moments are when any of some lists of steps changes within a time, and its
// beginning, in order.
func moments(from, to time.Time, lists ...[]step) (out []time.Time) {
	out = append(out, from)
	for _, list := range lists {
		for _, x := range during(list, from, to) {
			if x.at.After(from) {
				out = append(out, x.at)
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// work is how what waits went up and down.
func (l *ledger) work(e *Episode, end time.Time) {
	if len(l.queues) == 0 {
		return
	}
	lists := [][]step{l.ready}
	every := time.Duration(0)
	for i := range l.queues {
		lists = append(lists, l.queues[i].steps)
		every = max(every, l.queues[i].every)
	}
	var falling, target, empty time.Time
	var gap time.Time // since when the queues are not known, while they are not
	over, was, peak := false, math.NaN(), math.NaN()
	within := map[Kind]time.Duration{}
	known := e.Cost.OverTarget
	times := moments(e.Began, end, lists...)
	for i, t := range times {
		n, above, ok := l.waiting(t)
		if math.IsNaN(n) {
			if gap.IsZero() {
				gap = t
			}
			continue
		}
		unsure := every
		if !gap.IsZero() {
			unsure, gap = t.Sub(gap)+every, time.Time{}
		}
		switch {
		case math.IsNaN(peak) || n >= peak:
			peak, falling = n, time.Time{}
		case falling.IsZero():
			falling, within[Falling] = t, unsure
		}
		if n == 0 && was != 0 && !math.IsNaN(was) {
			empty, within[Empty] = t, unsure
		} else if n > 0 {
			empty = time.Time{}
		}
		was = n
		if !ok {
			continue
		}
		known.Known = true
		switch {
		case above:
			target = time.Time{}
			next := end
			if i+1 < len(times) {
				next = times[i+1]
			}
			known.Took += next.Sub(t)
		case over:
			target, within[Target] = t, unsure
		}
		over = above
	}
	e.Peak, e.Cost.OverTarget = peak, known
	for k, t := range map[Kind]time.Time{Falling: falling, Target: target, Empty: empty} {
		if !t.IsZero() && peak > 0 {
			m := Mark{Kind: k, At: t, Within: within[k]}
			if k == Falling {
				m.N = peak
			}
			e.mark(m)
		}
	}
}

// waiting is how many jobs wait at a time, NaN where that is not known of every
// queue, and whether that is more in any than the target gives the pods that are
// ready; false where there is no target, or these are not known.
func (l *ledger) waiting(t time.Time) (n float64, above, ok bool) {
	ready := at(l.ready, t)
	for i := range l.queues {
		q := &l.queues[i]
		v := at(q.steps, t)
		n += v
		if q.Target <= 0 || q.Trigger.MetricType == "Value" || math.IsNaN(ready) || math.IsNaN(v) {
			continue
		}
		ok, above = true, above || v > q.Target*ready
	}
	return n, above, ok
}
