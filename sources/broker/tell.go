package broker

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

const (
	// tellEvery and repeatLoad are how often a load is told of, while
	// something comes of it and while nothing does.
	tellEvery  = 250 * time.Millisecond
	repeatLoad = time.Second
	// rateOver is the time over which the rates of late are taken.
	rateOver = 2 * time.Second
)

// progress is how far a load was.
type progress struct {
	elapsed         time.Duration
	asked, accepted int64
}

// tellOften emits how the load is doing if that is due.
func (t *loading) tellOften() {
	if quiet := time.Since(t.told); quiet >= repeatLoad || quiet >= tellEvery && t.saying != t.says() {
		t.tell()
	}
}

// says is what of a load is worth telling soon.
func (t *loading) says() [3]int64 { return [3]int64{t.Asked, t.Accepted, t.tally.answered()} }

// tell emits how the load is doing.
func (t *loading) tell() {
	t.Answers = t.tally.Now()
	t.lately = append(t.lately, progress{t.Elapsed, t.Asked, t.Accepted})
	for len(t.lately) > 2 && t.Elapsed-t.lately[1].elapsed >= rateOver {
		t.lately = t.lately[1:]
	}
	t.rates(t.lately[0])
	t.told, t.saying = time.Now(), t.says()
	t.emit(t.Loading)
}

// rates takes the rates since an earlier moment. Where the profile has a rate
// from moment to moment that is the one asked for: a few whole jobs in two
// seconds would be a coarse measure of it. What was achieved is the same share
// of it as of the jobs.
func (t *loading) rates(since progress) {
	span := t.Elapsed - since.elapsed
	if span <= 0 {
		return
	}
	asked, accepted := float64(t.Asked-since.asked), float64(t.Accepted-since.accepted)
	t.Rate, t.Achieved = asked/span.Seconds(), accepted/span.Seconds()
	switch t.profile.Kind {
	case load.Steady, load.Ramp, load.Wave:
		if exact := t.profile.RateAt(t.Elapsed - span/2); asked > 0 && exact > 0 {
			t.Rate, t.Achieved = exact, exact*accepted/asked
		}
	}
}

// end emits the last fact and gives its error.
func (t *loading) end(state kscope.LoadState, why string) error {
	t.leave()
	t.tally.stop()
	if t.AtOnce() {
		t.Elapsed = max(t.clock().Sub(t.Began), t.Elapsed)
		why = t.short(state, why)
	}
	t.State, t.Err = state, why
	t.tell()
	return orNil(why)
}

// short is why a batch did not go in whole, and how much of it did; "" if it
// did.
func (t *loading) short(state kscope.LoadState, why string) string {
	switch {
	case state == kscope.LoadFinished:
		return ""
	case state == kscope.LoadStopped && !t.begun:
		return "stopped before anything was put in"
	case state == kscope.LoadStopped && t.Behind() == 0 && t.tally.Held() > 0:
		return fmt.Sprintf("stopped while %d of %d requests were held", t.tally.Held(), t.Accepted)
	case state == kscope.LoadStopped:
		why = "stopped"
	}
	if t.Accepted > 0 || state == kscope.LoadStopped {
		why = fmt.Sprintf("%s after %d of %d jobs", why, t.Accepted, t.Asked)
	}
	if t.Unknown > 0 {
		why += fmt.Sprintf("; %d more were sent and may or may not be in", t.Unknown)
	}
	return why
}
