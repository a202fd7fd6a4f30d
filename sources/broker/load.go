package broker

import (
	"context"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

const (
	// loadTick is how often it is seen what is due. At 5,000 jobs a second it
	// is 100 jobs, which travel in one command.
	loadTick = 20 * time.Millisecond
	// mostBehind is how late a job may be sent. What a server could not take
	// within that is given up and said: to make up for it later would be
	// another load than the one that was asked for.
	mostBehind = time.Second
	// tellEvery and repeatLoad are how often a load is told of, while
	// something comes of it and while nothing does.
	tellEvery  = 250 * time.Millisecond
	repeatLoad = time.Second
	// rateOver is the time over which the rates of late are taken.
	rateOver = 2 * time.Second
)

// Load puts jobs into a backlog as its profile has them due by the clock now,
// nil for the wall's, until the profile is done, ctx is done, or the server is
// lost or refuses: then what is due is not sent later. It takes turns with
// Push, batch by batch. It tells of itself in [kscope.Loading] facts, the
// last of which says how it ended, and returns an error where that is not as it
// should or as ctx wanted. It may be called from any goroutine, and blocks.
//
// A server that does not keep up makes the load fall behind; jobs that are more
// than a second late are given up and counted as missed, except those of a
// batch, which is late from the beginning.
func (s *Source) Load(ctx context.Context, l load.Load, now kscope.Clock) error {
	run, err := s.join()
	if err != nil {
		return err
	}
	defer run.work.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(run.ctx, cancel)()
	if now == nil {
		now = time.Now
	}
	began := now()
	profile, err := l.Profile.Within(l.Limits)
	l.Profile = profile
	t := &loading{Loading: l.Begun(began), profile: profile, clock: now, emit: run.emit}
	if err != nil {
		return t.end(kscope.LoadFailed, err.Error())
	}
	if t.gate, err = s.gate(run, l.Backlog); err != nil {
		return t.end(kscope.LoadFailed, err.Error())
	}
	t.delivery = newDelivery(l.Backlog, l.Side, l.Payload)
	t.tell()
	err = t.run(ctx)
	run.measure(s.technology.Place(l.Backlog))
	return err
}

// loading is a load under way.
type loading struct {
	kscope.Loading
	profile  load.Profile
	clock    kscope.Clock
	emit     func(kscope.Fact)
	gate     *gate
	delivery delivery
	begun    bool // jobs went out

	looked  time.Time     // by the wall, when what is due was last seen
	told    time.Time     // by the wall
	saying  [2]int64      // asked and accepted as last told
	lately  []progress    // of the last seconds, for the rates
	elapsed time.Duration // when what is due was last seen
}

// progress is how far a load was.
type progress struct {
	elapsed         time.Duration
	asked, accepted int64
}

// run sends what is due until there is an end to it.
func (t *loading) run(ctx context.Context) error {
	tick := time.NewTicker(loadTick)
	defer tick.Stop()
	t.looked = time.Now()
	for {
		n := t.due()
		if n > 0 {
			if err := t.send(ctx, n); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return t.end(kscope.LoadStopped, "")
		}
		more := t.Behind() > 0
		if !more && t.profile.Done(t.elapsed) {
			t.measure(ctx)
			return t.end(kscope.LoadFinished, "")
		}
		if quiet := time.Since(t.told); quiet >= repeatLoad || quiet >= tellEvery && t.saying != [2]int64{t.Asked, t.Accepted} {
			t.tell()
		}
		if more && n > 0 {
			continue // it did not fit into one batch
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return t.end(kscope.LoadStopped, "")
		}
	}
}

// due looks at the clock, and gives how many jobs to send now.
func (t *loading) due() int64 {
	wall, was := time.Now(), t.elapsed
	t.elapsed = max(t.clock().Sub(t.Began), t.elapsed)
	late := mostBehind
	if d := wall.Sub(t.looked); d > 0 { // a clock that is faster than the wall's is late sooner
		late = max(late, time.Duration(float64(mostBehind)*float64(t.elapsed-was)/float64(d)))
		t.looked = wall
	} else {
		t.elapsed = was
	}
	t.Elapsed, t.Asked = t.elapsed, t.profile.Due(t.elapsed)
	if t.profile.Kind != load.Batch {
		overdue := t.profile.Due(t.elapsed-late) - t.Accepted - t.Missed - t.Unknown
		t.Missed += max(overdue, 0)
	}
	return t.Behind()
}

// send sends one batch of what is due, in its turn.
func (t *loading) send(ctx context.Context, n int64) error {
	if !t.gate.enter(ctx) {
		return t.end(kscope.LoadStopped, "")
	}
	sent, did := t.gate.put(t.delivery, n, !t.begun)
	t.gate.leave()
	t.begun = true
	t.Accepted += did.Accepted
	t.Unknown += did.Unknown
	if did.Length > 0 {
		t.Length = did.Length
	}
	if did.Err == nil {
		t.Missed += sent - did.Accepted // a set had them already
		return nil
	}
	return t.end(kscope.LoadFailed, did.Err.Error())
}

// measure asks for the length of the backlog, in its turn, if no answer told it.
func (t *loading) measure(ctx context.Context) {
	if t.begun && t.Length == 0 && t.gate.enter(ctx) {
		t.Length = t.gate.writer.Length(t.gate.ctx, t.Backlog)
		t.gate.leave()
	}
}

// tell emits how the load is doing.
func (t *loading) tell() {
	t.lately = append(t.lately, progress{t.Elapsed, t.Asked, t.Accepted})
	for len(t.lately) > 2 && t.Elapsed-t.lately[1].elapsed >= rateOver {
		t.lately = t.lately[1:]
	}
	t.rates(t.lately[0])
	t.told, t.saying = time.Now(), [2]int64{t.Asked, t.Accepted}
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
	t.State, t.Err = state, why
	t.tell()
	return orNil(why)
}
