// Package load is what work is put into a queue, when, and what it looks like.
// It puts nothing in itself: sources do.
package load

import (
	"errors"
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/words"
)

// Purge asks for a queue to be emptied. The jobs in it are lost.
type Purge struct {
	Backlog kscope.Backlog
	Target  kscope.Ref // the ScaledObject on whose behalf, for the timeline
}

// BatchSizes are the sizes that + and - choose between.
var BatchSizes = []int64{1, 10, 100, 1_000, 10_000}

// Side is the end of a list that jobs are put at. Workers that take from the
// other end find them in order.
type Side string

// The sides of a list, by the names of the commands that push there.
const (
	Head Side = "lpush" // the default: for workers that pop the tail
	Tail Side = "rpush" // for workers that pop the head
)

// ParseSide reads lpush or rpush; an empty text is the default.
func ParseSide(s string) (Side, error) {
	switch side := Side(s); side {
	case "", Head:
		return Head, nil
	case Tail:
		return Tail, nil
	}
	return "", fmt.Errorf("there is no side %q: want lpush or rpush", s)
}

// Load asks for jobs to be put into a queue as a profile says, at once or over
// time. It is an open model, as the arrival-rate executors of k6: when the next job is due
// depends on the time alone, never on how fast the last one went in.
type Load struct {
	Backlog kscope.Backlog
	Target  kscope.Ref // the ScaledObject on whose behalf, for the timeline
	Profile Profile
	Limits  Limits   // the zero value holds the defaults
	Payload *Payload // what a job looks like; nil for the default
	Side    Side     // of a list; the zero value is the head
}

// Begun is what there is to tell of the load at its beginning.
func (l Load) Begun(at time.Time) kscope.Loading {
	out := kscope.Loading{
		Backlog: l.Backlog, Target: l.Target, Load: string(l.Profile.Kind), Words: l.Profile.Words(), Profile: l.Profile.String(), Began: at, State: kscope.LoadRunning,
	}
	if n, ends := l.Profile.Planned(); ends {
		out.Planned = &n
	}
	if l.Profile.Kind == Batch {
		out.Asked = l.Profile.Jobs
	}
	if d, ends := l.Profile.Length(); ends {
		out.Lasts = &d
	}
	return out
}

// Limits are what a load may not exceed. A field that is zero stands for that
// of [DefaultLimits].
type Limits struct {
	Rate  float64 // jobs a second
	Total int64   // jobs of one load
}

// DefaultLimits hold unless a flag lifts them: enough for any demonstration,
// and not enough to fill a small server by mistake.
var DefaultLimits = Limits{Rate: 10_000, Total: 1_000_000}

func (l Limits) orDefault() Limits {
	if l.Rate == 0 {
		l.Rate = DefaultLimits.Rate
	}
	if l.Total == 0 {
		l.Total = DefaultLimits.Total
	}
	return l
}

// Check says whether limits can be meant: not negative, and not above what
// [Profile.Check] takes from anybody.
func (l Limits) Check() error {
	if !(l.Rate >= 0 && l.Rate <= mostRate) {
		return fmt.Errorf("a rate of %v jobs/s: want up to %s", l.Rate, words.Count(mostRate))
	}
	if l.Total < 0 || l.Total > mostJobs {
		return fmt.Errorf("a total of %d jobs: want up to %s", l.Total, words.Count(mostJobs))
	}
	return nil
}

// ErrLimit is what [Profile.Within] returns, wrapped, where a flag could lift
// the limit.
var ErrLimit = errors.New("is more than the limit")

// Within gives the profile with the limit on the total as its own where it has
// no end of its own, and an error for one that exceeds the limits or that
// [Profile.Check] refuses.
func (p Profile) Within(l Limits) (Profile, error) {
	l = l.orDefault()
	if err := p.Check(); err != nil {
		return p, err
	}
	if top := p.Top(); top > l.Rate {
		return p, fmt.Errorf("%s jobs/s %w of %s jobs/s; --max-rate lifts it", words.Count(top), ErrLimit, words.Count(l.Rate))
	}
	n, ends := p.Planned()
	switch {
	case !ends:
		p.Total = l.Total
	case n > l.Total:
		return p, fmt.Errorf("%s altogether %w of %s; --max-total lifts it", words.Plural(n, "job"), ErrLimit, words.Count(l.Total))
	}
	return p, nil
}
