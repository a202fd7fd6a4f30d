package load

import (
	"math"
	"time"
)

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
