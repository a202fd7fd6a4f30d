package load

import (
	"fmt"
	"math"
	"time"

	"github.com/kscope/kscope/words"
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

// What nobody may exceed, whatever limits are set: more is a slip of the
// fingers.
const (
	mostRate   = 1e6                // jobs a second
	mostJobs   = 1e9                // of one load
	leastRate  = 1e-4               // jobs a second, where it is not zero
	mostTime   = 7 * 24 * time.Hour // of a load
	leastEvery = 2 * time.Second    // between bursts, and of a wave
	mostEvery  = 24 * time.Hour
)

// burstSpan is the time within which the jobs of a burst come, evenly.
const burstSpan = time.Second

// Check says what is wrong with a profile in itself, nil if nothing is.
func (p Profile) Check() error {
	for _, check := range []func() error{p.checkRates, p.checkCounts, p.checkTimes} {
		if err := check(); err != nil {
			return fmt.Errorf("%s: %w", p.Kind, err)
		}
	}
	return nil
}

func (p Profile) checkRates() error {
	for _, r := range []float64{p.Rate, p.Base, p.Peak} {
		switch {
		case math.IsNaN(r) || math.IsInf(r, 0):
			return fmt.Errorf("a rate of %v jobs/s", r)
		case r < 0:
			return fmt.Errorf("a rate of %v jobs/s is negative", r)
		case r > mostRate:
			return fmt.Errorf("a rate of %v jobs/s is absurd: want up to %s", r, words.Count(mostRate))
		case r > 0 && r < leastRate:
			return fmt.Errorf("a rate of %v jobs/s is absurd: want %v at least", r, leastRate)
		}
	}
	unused := p.Base + p.Peak
	switch p.Kind {
	case Steady, Spikes:
		if p.Rate == 0 {
			return fmt.Errorf("a rate of 0 jobs/s does nothing")
		}
	case Ramp, Wave:
		unused = p.Rate
		if p.Base == 0 && p.Peak == 0 {
			return fmt.Errorf("a rate of 0 jobs/s does nothing")
		}
		if p.Kind == Wave && p.Peak <= p.Base {
			return fmt.Errorf("the peak of %v jobs/s is not above the base of %v", p.Peak, p.Base)
		}
	case Batch, Burst:
		unused += p.Rate
	default:
		return fmt.Errorf("there is no such profile: want %s", kindNames())
	}
	if unused != 0 {
		return fmt.Errorf("has a rate that it does not know")
	}
	return nil
}

func (p Profile) checkCounts() error {
	counted := p.Kind == Batch || p.Kind == Burst || p.Kind == Spikes
	switch {
	case p.Jobs < 0 || p.Total < 0:
		return fmt.Errorf("a number of jobs is negative")
	case p.Jobs > mostJobs || p.Total > mostJobs:
		return fmt.Errorf("a number of jobs is absurd: want up to %s", words.Count(mostJobs))
	case counted && p.Jobs == 0:
		return fmt.Errorf("0 jobs do nothing")
	case !counted && p.Jobs != 0:
		return fmt.Errorf("has a number of jobs that it does not know")
	case p.Kind == Burst && float64(p.Jobs) > mostRate:
		return fmt.Errorf("%d jobs within a second are absurd: want up to %s", p.Jobs, words.Count(mostRate))
	case p.Kind == Batch && p.Total != 0:
		return fmt.Errorf("has its total already")
	case p.Kind != Spikes && p.Seed != 0:
		return fmt.Errorf("has a seed, and leaves nothing to chance")
	}
	return nil
}

func (p Profile) checkTimes() error {
	periodic := p.Kind == Wave || p.Kind == Burst
	switch {
	case p.Duration < 0 || p.Period < 0:
		return fmt.Errorf("a time is negative")
	case p.Duration > mostTime:
		return fmt.Errorf("%v is absurd: want up to %s", p.Duration, words.Span(mostTime))
	case p.Duration > 0 && p.Duration < time.Millisecond:
		return fmt.Errorf("%v is absurd: want 1ms at least", p.Duration)
	case p.Kind == Ramp && p.Duration == 0:
		return fmt.Errorf("needs a duration: %s:0-200/s,1m", p.Kind)
	case p.Kind == Batch && p.Duration != 0:
		return fmt.Errorf("takes no duration")
	case !periodic && p.Period != 0:
		return fmt.Errorf("has a period that it does not know")
	case p.Kind == Burst && p.Period == 0 && p.Duration != 0:
		return fmt.Errorf("a single one takes no duration: say how often with every=30s")
	case p.Kind == Burst && p.Period == 0:
	case periodic && (p.Period < leastEvery || p.Period > mostEvery):
		return fmt.Errorf("a period of %v: want %v to %s", p.Period, leastEvery, words.Span(mostEvery))
	}
	return nil
}

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

// Scaled is the profile with its rates, or the jobs of its batch or bursts,
// so many times as large, rounded to two digits. Times and total stay.
func (p Profile) Scaled(by float64) Profile {
	rate := func(v float64) float64 {
		if v == 0 {
			return 0
		}
		return min(max(twoDigits(v*by), leastRate), mostRate)
	}
	p.Rate, p.Base, p.Peak = rate(p.Rate), rate(p.Base), rate(p.Peak)
	switch p.Kind {
	case Batch:
		p.Jobs = int64(min(max(twoDigits(float64(p.Jobs)*by), 1), mostJobs))
	case Burst:
		p.Jobs = int64(min(max(twoDigits(float64(p.Jobs)*by), 1), mostRate))
	}
	return p
}

func twoDigits(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	if unit < 1 { // divide by a whole number, which loses nothing
		return math.Round(v*math.Round(1/unit)) / math.Round(1/unit)
	}
	return math.Round(v/unit) * unit
}

// Presets are a profile of each kind for a workload that so many jobs bring to
// its full size: something that it copes with, for a few minutes.
func Presets(jobs int64) []Profile {
	jobs = min(max(jobs, 1), 20_000)
	n := float64(jobs)
	ps := []Profile{
		{Kind: Batch, Jobs: jobs},
		{Kind: Burst, Jobs: jobs, Period: 30 * time.Second, Duration: 3 * time.Minute},
		{Kind: Steady, Rate: n / 10, Duration: 2 * time.Minute},
		{Kind: Ramp, Peak: n / 5, Duration: time.Minute},
		{Kind: Wave, Peak: n / 5, Period: 30 * time.Second, Duration: 3 * time.Minute},
		{Kind: Spikes, Rate: n / 10, Jobs: max(jobs/4, 1), Seed: 1, Duration: 3 * time.Minute},
	}
	for i := range ps {
		ps[i] = ps[i].Scaled(1)
	}
	return ps
}
