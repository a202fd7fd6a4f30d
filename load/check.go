package load

import (
	"fmt"
	"math"
	"time"

	"github.com/kscope/kscope/words"
)

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
