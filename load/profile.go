package load

import (
	"math"
	"time"
)

// Kind is the shape of a profile.
type Kind string

// The shapes of profiles. In the pictures time goes to the right and the rate
// upwards.
const (
	Batch  Kind = "batch"  // ▌       all at once
	Burst  Kind = "burst"  // ▌  ▌  ▌ many within a second, again and again
	Steady Kind = "steady" // ▄▄▄▄▄▄▄ always the same
	Ramp   Kind = "ramp"   // ▁▂▃▄▅▆▇ from one rate to another
	Wave   Kind = "wave"   // ▁▄▇▄▁▄▇ up and down
	Spikes Kind = "spikes" // ▁▌▁▁▌▌▁ at random, a Poisson process
)

// Kinds are all shapes, the simplest first.
var Kinds = []Kind{Batch, Burst, Steady, Ramp, Wave, Spikes}

// Profile says how many jobs are due when, as a function of the time since a
// load began and of nothing else. It is a value: it keeps no account of what
// was sent. [ParseProfile] and String turn it into text and back; fields that a
// kind does not name are zero.
type Profile struct {
	Kind Kind

	Jobs   int64         // batch: altogether; burst: in each; spikes: in each
	Rate   float64       // steady: jobs a second; spikes: the same on average
	Base   float64       // ramp: jobs a second at the beginning; wave: at the least
	Peak   float64       // ramp: at the end; wave: at the most
	Period time.Duration // burst: from one to the next, 0 for one only; wave: from trough to trough

	Duration time.Duration // 0 goes on until stopped; a ramp needs one, a batch has none
	Total    int64         // no more jobs than that; 0 for no such limit
	Seed     uint64        // spikes: the same seed, rate and size are the same spikes
}

// BatchOf is the profile of a number of jobs at once.
func BatchOf(jobs int64) Profile { return Profile{Kind: Batch, Jobs: jobs} }

// burstSpan is the time within which the jobs of a burst come, evenly.
const burstSpan = time.Second

// RateAt is how many jobs a second the profile calls for at a time: 0 before it
// begins, when it is over, and always for a batch, whose jobs come at once. For
// spikes it is the average.
func (p Profile) RateAt(elapsed time.Duration) float64 {
	if elapsed < 0 || p.over(elapsed) {
		return 0
	}
	t := elapsed.Seconds()
	switch p.Kind {
	case Burst:
		if p.intoBurst(elapsed) < burstSpan {
			return float64(p.Jobs) / burstSpan.Seconds()
		}
		return 0
	case Ramp:
		return p.Base + (p.Peak-p.Base)*t/p.Duration.Seconds()
	case Wave:
		return p.Base + (p.Peak-p.Base)*(1-math.Cos(2*math.Pi*t/p.Period.Seconds()))/2
	}
	return p.Rate
}

// Due is how many jobs the profile has called for since it began. It never
// shrinks, and is the integral of the rate, rounded down; a batch is due at
// once, and spikes when chance has it.
func (p Profile) Due(elapsed time.Duration) int64 {
	n := p.due(elapsed)
	if p.Total > 0 {
		n = min(n, p.Total)
	}
	return n
}

// due is Due without the limit on the total.
func (p Profile) due(elapsed time.Duration) int64 {
	if elapsed < 0 {
		return 0
	}
	if p.Duration > 0 {
		elapsed = min(elapsed, p.Duration)
	}
	t := elapsed.Seconds()
	switch p.Kind {
	case Batch:
		return p.Jobs
	case Burst:
		n := p.Jobs * int64(min(p.intoBurst(elapsed), burstSpan)) / int64(burstSpan)
		if p.Period > 0 {
			n += int64(elapsed/p.Period) * p.Jobs
		}
		return n
	case Ramp:
		return whole(p.Base*t + (p.Peak-p.Base)*t*t/(2*p.Duration.Seconds()))
	case Wave:
		period := p.Period.Seconds()
		return whole(p.Base*t + (p.Peak-p.Base)/2*(t-period/(2*math.Pi)*math.Sin(2*math.Pi*t/period)))
	case Spikes:
		return p.Jobs * arrivals(p.Seed, p.Rate/float64(p.Jobs), elapsed)
	}
	return whole(p.Rate * t)
}

// whole rounds down, but for what arithmetic lost of a whole number.
func whole(v float64) int64 { return int64(v*(1+1e-12) + 1e-9) }

// intoBurst is the time since the last burst began.
func (p Profile) intoBurst(elapsed time.Duration) time.Duration {
	if p.Period > 0 {
		return elapsed % p.Period
	}
	return elapsed
}

// Done reports whether the profile calls for nothing more after a time.
func (p Profile) Done(elapsed time.Duration) bool {
	return elapsed >= 0 && p.over(elapsed)
}

func (p Profile) over(elapsed time.Duration) bool {
	if d, ends := p.Length(); ends && elapsed >= d {
		return true
	}
	return p.Total > 0 && p.due(elapsed) >= p.Total
}

// Length is how long the profile lasts if its total is not reached before;
// false if only that, or somebody, ends it.
func (p Profile) Length() (time.Duration, bool) {
	switch {
	case p.Kind == Batch:
		return 0, true
	case p.Kind == Burst && p.Period == 0:
		return burstSpan, true
	}
	return p.Duration, p.Duration > 0
}

// Planned is how many jobs the profile calls for altogether; false if it goes
// on until somebody ends it.
func (p Profile) Planned() (int64, bool) {
	if d, ends := p.Length(); ends {
		return p.Due(d), true
	}
	return p.Total, p.Total > 0
}

// Top is the highest rate that the profile reaches, in jobs a second: the
// average for spikes, and 0 for a batch, which has none.
func (p Profile) Top() float64 {
	switch p.Kind {
	case Batch:
		return 0
	case Burst:
		return float64(p.Jobs) / burstSpan.Seconds()
	}
	return max(p.Rate, p.Base, p.Peak)
}
