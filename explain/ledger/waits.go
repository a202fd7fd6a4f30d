package ledger

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// batch is jobs that came into a queue after from and by to.
type batch struct {
	from, to time.Time // from is zero where nobody saw when
	n        float64
}

// wait is how long some jobs waited, at least and at most.
type wait struct {
	came        time.Time
	least, most time.Duration
	n           float64
}

// curves are what came into a queue and what left it, counted up, as far as two
// looks at a time tell.
//
// Of two looks that show a and b jobs, at least b-a came in between, or a-b left.
// What was put in from kscope is counted: what of it shows in no rise of the depth
// has left as well. The n-th job to leave is the n-th that came (first in, first
// out), so it waited for the horizontal distance of the two curves, and the time
// that all of them waited is the area between them, in whatever order they left: the
// cumulative curves of G. F. Newell, Applications of Queueing Theory (1982), ch. 1,
// and J. D. C. Little, A Proof for the Queuing Formula L = λW (1961). Both times of
// a job are known to one look, so each wait is within two looks. Jobs that others put
// in and that left between two looks are on neither curve; with them both would be
// higher by as much at all later times, and no job that shows would have waited
// longer. So without a count from kscope the curves are a lower bound of the jobs and
// an upper one of the mean and the longest wait.
type curves struct {
	waiting []batch
	waits   []wait
	done    float64
	lost    float64
	hidden  bool          // others put jobs in, or may have
	blind   bool          // for a while nobody looked
	worst   time.Duration // the longest mean of a queue by itself
}

// jobs is how many were done and how long they waited.
func (l *ledger) jobs(e *Episode, end time.Time) {
	if len(l.queues) == 0 || l.dark {
		return
	}
	var c curves
	for i := range l.queues {
		if !l.queues[i].taken {
			return
		}
		c.waiting = c.waiting[:0]
		n := len(c.waits)
		l.follow(&c, &l.queues[i], e.Began, end)
		c.worst = max(c.worst, meanOf(c.waits[n:]))
	}
	e.Cost.Jobs = Amount{N: c.done, Known: true, AtLeast: c.hidden || c.blind || e.Partial, Estimate: !c.hidden}
	e.Cost.Lost = c.lost
	e.Cost.Waits = c.sum(e, end)
}

// follow adds what went through a queue in a time to the curves.
func (l *ledger) follow(c *curves, q *queue, from, to time.Time) {
	every := max(q.every, time.Millisecond)
	puts := putsOf(q.own, from.Add(-every-near), to)
	late := max(near, 4*every, 2*puts.apart()) // what is said of the puts, and the looks
	put, done := puts.sum(), c.done
	c.hidden = c.hidden || put == 0
	all := during(q.steps, from.Add(-1), to)
	was, seen, gap, fell, first := 0.0, false, time.Time{}, 0.0, 0.0
	for i, x := range all {
		switch {
		case math.IsNaN(x.v):
			c.blind = true
			if gap.IsZero() {
				gap = x.at
			}
			continue
		case i == 0 && x.at.Before(from), !seen && index(q.steps, x.at) == 0:
			was, seen, first = x.v, true, x.v
			if x.v > 0 { // they were there before
				c.waiting = append(c.waiting, batch{to: x.at, n: x.v})
			}
			continue
		}
		before := x.at.Add(-every)
		if !gap.IsZero() {
			before, gap = gap, time.Time{}
		}
		c.through(&puts, late, x.at.Add(-every-late), before) // what came and went meanwhile
		switch {
		case x.v > was:
			own := puts.take(x.v-was, x.at.Add(late))
			c.hidden = c.hidden || own < x.v-was
			c.waiting = append(c.waiting, batch{before, x.at, x.v - was})
		case x.v < was:
			n := was - x.v
			lost := min(l.purged(q, before, x.at), n)
			c.lost += lost
			c.leave(lost, before, x.at, false)
			c.leave(n-lost, before, x.at, true)
			fell += n - lost
		}
		was = x.v
	}
	c.through(&puts, late, to, to)
	if c.hidden { // a job that went in from here and shows late may have been counted twice
		c.done = min(c.done, done+max(fell, put-max(was-first, 0)))
	}
}

// sum is the mean, the 95th percentile and the longest of all waits.
func (c *curves) sum(e *Episode, end time.Time) (out Waits) {
	if len(c.waits) == 0 {
		return out
	}
	exact := !c.hidden && !c.blind
	total, least, most := 0.0, 0.0, 0.0
	var longest Range
	for _, w := range c.waits {
		total, least, most = total+w.n, least+w.n*w.least.Seconds(), most+w.n*w.most.Seconds()
		longest.Low, longest.High = max(longest.Low, w.least), max(longest.High, w.most)
	}
	for _, b := range c.waiting {
		if b.from.IsZero() {
			continue
		}
		longest.Low = max(longest.Low, end.Sub(b.to))
		longest.High = max(longest.High, end.Sub(b.from))
	}
	if !exact { // what did not show may have been done before
		longest.Low = 0
		if ready, ok := e.Find(Ready); ok && e.Floor == 0 && len(e.Marks) > 0 && e.Marks[0].Kind == FirstJob {
			longest.Low = max(ready.At.Sub(e.Marks[0].At), 0) // nobody could have taken it
		}
	}
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	out.Mean = Range{seconds(least / total), seconds(most / total), true}
	out.P95 = Range{percentile(c.waits, func(w wait) time.Duration { return w.least }), percentile(c.waits, func(w wait) time.Duration { return w.most }), true}
	if !exact { // those that did not show may have been in any queue, and came as time goes by
		steady := evenly(c.waits)
		out.Mean.Low, out.P95.Low, out.Estimate = 0, 0, true
		out.Mean.High = max(out.Mean.High, c.worst, meanOf(steady))
		out.P95.High = max(out.P95.High, percentile(steady, func(w wait) time.Duration { return w.most }))
	}
	longest.Known = true
	out.Peak = longest
	return out
}

// pieces is how finely the time between two jobs is looked at.
const pieces = 8

// evenly is how long jobs would have waited that came at any time as likely as at
// another, between the others: as long as the one before, less the time since.
func evenly(waits []wait) (out []wait) {
	for i, w := range waits {
		lasts := w.most
		if i+1 < len(waits) {
			if gap := waits[i+1].came.Sub(w.came); gap >= 0 { // else it is of another queue
				lasts = min(lasts, gap)
			}
		}
		for k := range pieces {
			out = append(out, wait{most: w.most - lasts*time.Duration(k)/pieces, n: lasts.Seconds() / pieces})
		}
	}
	return out
}

// meanOf is the mean of the longest that some jobs can have waited.
func meanOf(waits []wait) time.Duration {
	n, sum := 0.0, 0.0
	for _, w := range waits {
		n, sum = n+w.n, sum+w.n*float64(w.most)
	}
	if n == 0 {
		return 0
	}
	return time.Duration(sum / n)
}

// percentile is the 95th of some waits.
func percentile(waits []wait, of func(wait) time.Duration) time.Duration {
	sorted, total, n := slices.Clone(waits), 0.0, 0.0
	slices.SortFunc(sorted, func(a, b wait) int { return cmp.Compare(of(a), of(b)) })
	for _, w := range sorted {
		total += w.n
	}
	for _, w := range sorted {
		if n += w.n; n >= 0.95*total {
			return of(w)
		}
	}
	return 0
}
