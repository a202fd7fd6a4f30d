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
	// mostHeld is how long a load whose jobs are requests waits for the last answers:
	// longer than most pods take to start.
	mostHeld = 2 * time.Minute
)

// Load puts jobs into a backlog as its profile has them due by the clock now,
// nil for the wall's, until the profile is done, ctx is done, or the server is
// lost or refuses: then what is due is not sent later. By default the jobs are
// small JSON objects, each with an id of its own and the time, and go to the
// head of a list, where workers that take from its tail find them in order.
//
// It tells of itself in [kscope.Loading] facts, the last of which says how it
// ended, then has the backlog measured, and returns an error where that is not
// as it should or as ctx wanted; a batch that was stopped did not go in whole,
// which is one. While Run is not running it returns an error and emits nothing.
// It may be called from any goroutine, and blocks.
//
// Loads by one Writer take turns, and do not hold up measuring: those over time
// from one batch of 1,000 jobs to the next, while a load that is itself a batch
// keeps its turn until its end. A server that does not keep up makes a load fall
// behind; jobs that are more than a second late are given up and counted as
// missed, except those of a batch, which is late from the beginning.
//
// Jobs that are requests are sent without waiting for their answers, which a
// [Tally] counts; as many as are due while too many are under way are counted as
// missed, except those of a batch. Such a load ends when all are answered, or two
// minutes after the last was sent; what is under way when it ends is withdrawn.
func (s *Source) Load(ctx context.Context, l load.Load, now kscope.Clock) error {
	run, err := s.join()
	if err != nil {
		return err
	}
	defer run.work.Done()
	defer run.measure(s.place(l.Backlog))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(run.ctx, cancel)()
	if now == nil {
		now = time.Now
	}
	profile, err := l.Profile.Within(l.Limits)
	l.Profile = profile
	t := &loading{Loading: l.Begun(run.begin(now())), profile: profile, clock: now, emit: run.emit, tally: newTally(run.ctx)}
	if err != nil {
		return t.end(kscope.LoadFailed, err.Error())
	}
	if t.gate, err = s.gate(run, l.Backlog); err != nil {
		return t.end(kscope.LoadFailed, err.Error())
	}
	t.delivery = newDelivery(l.Backlog, l.Side, l.Payload)
	t.tell()
	return t.run(ctx)
}

// begin is when a load begins that begins now: at a moment of its own, since
// loads are told apart by it.
func (run *session) begin(now time.Time) time.Time {
	run.mu.Lock()
	defer run.mu.Unlock()
	for run.began[now.UnixNano()] {
		now = now.Add(1)
	}
	run.began[now.UnixNano()] = true
	return now
}

// loading is a load under way.
type loading struct {
	kscope.Loading
	profile  load.Profile
	clock    kscope.Clock
	emit     func(kscope.Fact)
	gate     *gate
	delivery delivery
	tick     *time.Ticker
	turn     bool // it has its turn at the gate
	begun    bool // jobs went out
	full     bool // the last batch did not go out whole, for too many are under way
	tally    *Tally

	looked  time.Time     // by the wall, when what is due was last seen
	told    time.Time     // by the wall
	saying  [3]int64      // asked, accepted and answered as last told
	lately  []progress    // of the last seconds, for the rates
	elapsed time.Duration // when what is due was last seen
}

// run sends what is due until there is an end to it.
func (t *loading) run(ctx context.Context) error {
	t.tick = time.NewTicker(loadTick)
	defer t.tick.Stop()
	t.looked = time.Now()
	for {
		n := t.due()
		if n > 0 && ctx.Err() == nil {
			if err := t.send(ctx, n); err != nil {
				return err
			}
		}
		more := t.Behind() > 0
		if !more && t.profile.Done(t.elapsed) {
			if !t.answered(ctx) {
				return t.end(kscope.LoadStopped, "")
			}
			t.measure(ctx)
			return t.end(kscope.LoadFinished, "")
		}
		if ctx.Err() != nil {
			return t.end(kscope.LoadStopped, "")
		}
		t.tellOften()
		if more && n > 0 && !t.full {
			continue // it did not fit into one batch
		}
		select {
		case <-t.tick.C:
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
	if !t.enter(ctx) {
		return t.end(kscope.LoadStopped, "")
	}
	sent, did := t.gate.put(t.delivery, n, !t.begun, t.tally)
	if !t.AtOnce() || did.Full {
		t.leave()
	}
	t.full = did.Full
	t.begun = true
	t.Accepted += did.Accepted
	t.Unknown += did.Unknown
	if did.Length > 0 {
		t.Length = did.Length
	}
	if did.Err != nil {
		return t.end(kscope.LoadFailed, did.Err.Error())
	}
	if !did.Full || !t.AtOnce() {
		t.Missed += sent - did.Accepted // a set had them already
	}
	return nil
}

// answered waits until all that was sent is answered, or has been waited for long enough,
// and tells of itself meanwhile; false when ctx is done before.
func (t *loading) answered(ctx context.Context) bool {
	t.leave()
	for end := time.Now().Add(mostHeld); t.tally.Held() > 0 && time.Now().Before(end); {
		select {
		case <-t.tick.C:
			t.due()
			t.tellOften()
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// enter waits for its turn, if it has it not, and tells of itself meanwhile;
// false when ctx is done before.
func (t *loading) enter(ctx context.Context) bool {
	for !t.turn {
		select {
		case t.gate.turn <- struct{}{}:
			t.turn = true
		case <-t.tick.C:
			t.tellOften()
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (t *loading) leave() {
	if t.turn {
		t.turn = false
		t.gate.leave()
	}
}

// measure asks for the length of the backlog, in its turn, if no answer told it.
func (t *loading) measure(ctx context.Context) {
	if t.begun && t.Length == 0 && t.enter(ctx) {
		t.Length = t.gate.writer.Length(t.gate.ctx, t.Backlog)
	}
}
