package outlook

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// Jobs is what KEDA goes by when it makes the Jobs of a ScaledJob, as far as is known.
type Jobs struct {
	chain    *store.Chain
	now      time.Time
	rules    scaling.Jobs
	readings []scaling.JobReading
}

// JobsOf is false where something is not known that KEDA decides by.
func JobsOf(c *store.Chain, now time.Time) (*Jobs, bool) {
	is := c.ScaledJob.Scaling
	if c.Workload == nil || !c.PodStatus.Current() || is.PodConditions && is.Strategy != "default" {
		return nil, false
	}
	j := &Jobs{chain: c, now: now, rules: scaling.Jobs{Min: c.ScaledJob.MinReplicaCount, Max: c.ScaledJob.MaxReplicaCount,
		Strategy: is.Strategy, Combine: is.Combine, Deduction: is.Deduction, Share: is.Share}}
	for i := range c.Readings {
		r := &c.Readings[i]
		if !r.Known {
			return nil, false
		}
		j.readings = append(j.readings, scaling.JobReading{Queue: r.Value, Target: r.Target, Active: r.IsActive()})
	}
	return j, true
}

// Next is what KEDA's next look comes to if nothing changes before it. (scale_jobs.go)
func (j *Jobs) Next() scaling.JobDecision {
	return j.rules.Decide(j.readings, int64(j.chain.Jobs.Running), int64(j.chain.Jobs.Pending))
}

// Future plays on for so long, with a point each step. What is expected of the queue and
// of the pods has to be known from Jobs that were seen to take from the one and to end, else
// it is NaN and only KEDA's next look is there. False where not even that was seen.
func (j *Jobs) Future(length, step time.Duration) (Future, bool) {
	c, nan := j.chain, only(math.NaN())
	if c.Past.Looked.IsZero() || c.ScaledJob.Paused {
		return Future{}, false
	}
	every := max(c.ScaledJob.PollingInterval, time.Second)
	first := due(c.Past.Looked, every, j.now)
	f := Future{Marks: []Due{{At: j.now.Add(first), By: store.KEDA}}}
	for at := time.Duration(0); at <= length; at += step {
		f.Points = append(f.Points, Expected{j.now.Add(at), nan, nan})
	}
	made := func(at time.Duration, low, high int32, maybe bool) {
		f.Marks = append(f.Marks, Due{At: j.now.Add(at), By: store.KEDA, Step: true, Up: true, Low: low, High: high, About: at > first, Maybe: maybe})
		f.Due = f.Due || at <= aWhile
	}
	each, lived := takenByEach(c, j.now), c.JobLives
	if each == 0 || lived.Usual == 0 {
		if n, running := int32(j.Next().Create()), int32(c.Jobs.Running); n > 0 {
			made(first, running+n, running+n, false)
		}
		return f, true
	}
	f.Queue = c.Readings[0].Trigger.Backlog
	lives := [][2]time.Duration{{lived.Usual, lived.Usual}, {lived.Least, lived.Least}, {lived.Most, lived.Most}, {lived.Least, lived.Most}}
	likely := j.play(&f, false, step, first, every, lives[0], each)
	low, high, maybe := slices.Clone(likely), slices.Clone(likely), make([]bool, len(likely))
	for _, took := range lives[1:] {
		for look, n := range j.play(&f, true, step, first, every, took, each) {
			if n > 0 {
				low[look] = min(low[look], n)
			}
			high[look], maybe[look] = max(high[look], n), maybe[look] || n == 0
		}
	}
	for look, n := range likely {
		if n > 0 {
			made(first+time.Duration(look)*every, low[look], high[look], maybe[look])
		}
	}
	is, will := f.Points[0], f.Points[len(f.Points)-1]
	f.Due = f.Due || math.Abs(is.Queue.Likely-will.Queue.Likely) >= 1 || is.Ready.Likely != will.Ready.Likely
	return f, true
}
