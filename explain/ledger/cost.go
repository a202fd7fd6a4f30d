package ledger

import (
	"math"
	"time"
)

// Cost is what an episode took, from its beginning until its pods were gone. What is
// not known is not Known, and never zero.
type Cost struct {
	PodSeconds   Amount // of pods that existed, whatever their state; those of the floor too
	ReadySeconds Amount // of those that were ready
	Jobs         Amount // taken out of the queues
	Lost         float64
	Waits        Waits
	OverTarget   Lasted // with more jobs waiting than the target gives the ready pods
	AtMax        Lasted // with all replicas wanted that there may be
	Turns        int    // of the wanted replicas, from up to down or back
}

// Amount is a number.
type Amount struct {
	N        float64
	Known    bool
	AtLeast  bool // part of it was not seen
	Estimate bool // it was worked out, not counted
}

// Lasted is a time.
type Lasted struct {
	Took  time.Duration
	Known bool
}

// Range is what a time lies within.
type Range struct {
	Low, High time.Duration
	Known     bool // High is; Low is 0 where nothing more can be said
}

// Waits is how long jobs waited until a worker took them.
type Waits struct {
	Mean, P95, Peak Range
	// Estimate says that jobs came and went that no look showed, so that the 95th
	// percentile is that of the others.
	Estimate bool
}

func (l *ledger) costs(e *Episode, end time.Time) {
	c := &e.Cost
	if len(l.alive) > 0 {
		c.PodSeconds = area(l.alive, e.Began, e.Until)
	}
	c.ReadySeconds = area(l.ready, e.Began, e.Until)
	if c.PodSeconds.Known && c.PodSeconds.N < c.ReadySeconds.N*0.9 {
		c.PodSeconds = Amount{} // which its pods are cannot be told
	}
	c.Turns = turns(during(l.desired, e.Began.Add(-l.slack()), end))
	most := float64(l.Chain.Max())
	c.AtMax.Known = most > 0
	for i, x := range during(l.desired, e.Began, end) {
		from, to := x.at, end
		if i == 0 {
			from = later(from, e.Began)
		}
		if k := index(l.desired, x.at) + 1; k < len(l.desired) && l.desired[k].at.Before(end) {
			to = l.desired[k].at
		}
		if x.v >= most && to.After(from) {
			c.AtMax.Took += to.Sub(from)
		}
	}
	l.jobs(e, end)
}

// area is the integral of a count over a time, in seconds. Where the count was not
// known, nothing is added.
func area(steps []step, from, to time.Time) (a Amount) {
	all := during(steps, from, to)
	if len(all) == 0 || all[0].at.After(from) {
		a.AtLeast = true
	}
	for i, x := range all {
		begin, end := later(x.at, from), to
		if i+1 < len(all) {
			end = all[i+1].at
		}
		if math.IsNaN(x.v) {
			a.AtLeast = a.AtLeast || end.After(begin)
			continue
		}
		a.Known = true
		a.N += x.v * end.Sub(begin).Seconds()
	}
	return a
}

// turns is how often a count changed its direction.
func turns(steps []step) (n int) {
	was, way := math.NaN(), 0
	for _, x := range steps {
		if math.IsNaN(x.v) {
			continue
		}
		if is := sign(x.v - was); is != 0 && !math.IsNaN(was) {
			if way != 0 && is != way {
				n++
			}
			way = is
		}
		was = x.v
	}
	return n
}

func sign(v float64) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
