package kscope

import "time"

// Purged tells what came of a Purge.
type Purged struct {
	Backlog Backlog
	Target  Ref
	Lost    int64 // jobs that were in it, by the server's count at that moment
	Took    time.Duration
	Err     string // why it was not emptied, or may not have been; "" if it was
}

func (Purged) fact() {}

// Loading tells how a load is doing, be it jobs over time or a batch: once when
// it begins, then at most four times a second, and once at its end. Began and
// Backlog together tell loads apart. The counts only grow; those of two loads of
// one backlog, which may run at the same time, do not mix.
type Loading struct {
	Backlog Backlog
	Target  Ref
	Load    string         // its shape in a word: "steady"
	Words   string         // what it does: "50 jobs/s for 2m"
	Profile string         // the same as load.ParseProfile reads it: "steady:50/s,2m"
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
	Err    string // why it failed, or why a batch did not go in whole

	// Answers are what its jobs are answered, where they are requests; else zero.
	Answers Answers
}

func (Loading) fact() {}

// Answers is what is answered to the requests of a load. The counts only grow, but for
// Held. A load whose profile is over goes on until none is held, for two minutes at the
// most; what is held at its end was given up.
type Answers struct {
	Sent     int64    // requests; it is what the load has Accepted
	Answered int64    // of those: they ended, be it without an answer
	Held     int64    // of those: they are under way
	ByClass  [6]int64 // of Answered: by the first digit of the status, at 0 what ended without one

	// P50 and P95 are how long a half, and 19 of 20, of those with a status took at the
	// most: from when they were due until they were read. To a hundredth; 0 without any.
	P50, P95   time.Duration
	ColdStarts int64 // of Answered: those for which a pod had to start

	Why string // what was wrong with the newest of Answered that came to nobody; "" where all came to somebody
}

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

// AtOnce reports whether it is a batch: all of its jobs are due at its beginning.
func (l Loading) AtOnce() bool { return l.Lasts != nil && *l.Lasts == 0 }

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
