package kscope

import (
	"errors"
	"fmt"
	"time"
)

// Injection asks for jobs to be put into a queue.
type Injection struct {
	Queue   Queue
	Target  Ref      // the ScaledObject on whose behalf, for the timeline
	Jobs    int64    // how many, at least 1
	Payload *Payload // what a job looks like; nil for the default
	Side    Side     // of a list; the zero value is the head
}

// Purge asks for a queue to be emptied. The jobs in it are lost.
type Purge struct {
	Queue  Queue
	Target Ref // the ScaledObject on whose behalf, for the timeline
}

// Purged tells what came of a Purge.
type Purged struct {
	Queue  Queue
	Target Ref
	Lost   int64 // jobs that were in it, by the server's count at that moment
	Took   time.Duration
	Err    string // why it was not emptied, or may not have been; "" if it was
}

func (Purged) fact() {}

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

// Load asks for jobs to be put into a queue over time, as a profile says. It is
// an open model, as the arrival-rate executors of k6: when the next job is due
// depends on the time alone, never on how fast the last one went in.
type Load struct {
	Queue   Queue
	Target  Ref // the ScaledObject on whose behalf, for the timeline
	Profile Profile
	Limits  Limits   // the zero value holds the defaults
	Payload *Payload // what a job looks like; nil for the default
	Side    Side     // of a list; the zero value is the head
}

// Begun is what there is to tell of the load at its beginning.
func (l Load) Begun(at time.Time) Loading {
	out := Loading{
		Queue: l.Queue, Target: l.Target, Load: string(l.Profile.Kind), Words: l.Profile.Words(), Began: at, State: LoadRunning,
	}
	if n, ends := l.Profile.Planned(); ends {
		out.Planned = &n
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
		return fmt.Errorf("a rate of %v jobs/s: want up to %s", l.Rate, FormatCount(mostRate))
	}
	if l.Total < 0 || l.Total > mostJobs {
		return fmt.Errorf("a total of %d jobs: want up to %s", l.Total, FormatCount(mostJobs))
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
		return p, fmt.Errorf("%s jobs/s %w of %s jobs/s; --max-rate lifts it", FormatCount(top), ErrLimit, FormatCount(l.Rate))
	}
	n, ends := p.Planned()
	switch {
	case !ends:
		p.Total = l.Total
	case n > l.Total:
		return p, fmt.Errorf("%s altogether %w of %s; --max-total lifts it", plural(n, "job"), ErrLimit, FormatCount(float64(l.Total)))
	}
	return p, nil
}

// Loading tells how a load is doing: once when it begins, then at most four
// times a second, and once at its end. Began and Queue together tell loads
// apart. The counts only grow; those of two loads of one queue do not mix.
type Loading struct {
	Queue   Queue
	Target  Ref
	Load    string         // its shape in a word: "steady"
	Words   string         // what it does: "50 jobs/s for 2m"
	Planned *int64         // jobs altogether; nil where only somebody ends it
	Lasts   *time.Duration // from its beginning to its end; nil where jobs, or somebody, end it
	Began   time.Time      // by the clock of the load
	Elapsed time.Duration  // since then
	State   LoadState

	Asked    int64 // jobs that the profile has called for so far
	Accepted int64 // of those: the server acknowledged them
	Missed   int64 // of those: given up, because the server did not keep up
	Unknown  int64 // of those: sent without a word back, so they may be in or not

	// Jobs a second called for and acknowledged of late, over about two
	// seconds; both are 0 when Elapsed is.
	Rate, Achieved float64

	Length int64  // that the server answered with the last push; 0 if it does not say
	Err    string // why it failed
}

func (Loading) fact() {}

// LoadState is how far a load has come.
type LoadState string

// The states of a load. It ends once, in one of the last three.
const (
	LoadRunning  LoadState = "running"
	LoadFinished LoadState = "finished" // all that the profile called for was sent, or given up
	LoadStopped  LoadState = "stopped"  // by the one who started it
	LoadFailed   LoadState = "failed"   // Err says why
)

// Ended reports whether nothing more will come of the load.
func (l Loading) Ended() bool { return l.State != LoadRunning }

// Left is how many jobs are still to come; false where the load has no end.
func (l Loading) Left() (int64, bool) {
	switch {
	case l.Planned == nil:
		return 0, false
	case l.Ended():
		return 0, true
	}
	return max(*l.Planned-l.Asked, 0) + l.Behind(), true
}

// Behind is how many jobs are called for and not yet sent.
func (l Loading) Behind() int64 { return max(l.Asked-l.Accepted-l.Missed-l.Unknown, 0) }

// Part is how much of the load is over, from 0 to 1: of its time, or of its
// jobs where that is more; false where it has no end.
func (l Loading) Part() (float64, bool) {
	part, known := 0.0, false
	if l.Lasts != nil && *l.Lasts > 0 {
		part, known = float64(l.Elapsed)/float64(*l.Lasts), true
	}
	if l.Planned != nil && *l.Planned > 0 {
		part, known = max(part, float64(l.Accepted+l.Missed+l.Unknown)/float64(*l.Planned)), true
	}
	return min(max(part, 0), 1), known
}
