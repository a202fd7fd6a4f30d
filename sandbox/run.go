package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/world"
)

const (
	// step is the least time on the wall between two looks at the world, so
	// that a storm of changes is published a few hundred times a second at the
	// most.
	step = 2 * time.Millisecond
	// slice is how much of the world's time is played before it is published,
	// should time have run ahead: a machine that was asleep, or too slow.
	slice = time.Second
	// ageing is how often keys of Redis get the chance to expire.
	ageing = time.Second
	// longest is how long Run sleeps at the most.
	longest = time.Hour
)

// Run moves the world along with the time until ctx is done: it plays what is
// due, publishes what changed, and sleeps until something is due again or
// somebody wrote to Redis. While nothing happens it costs nothing. A defect of the
// world is a failing [kscope.Status], its whole trace is logged, and the rest goes
// on.
func (s *Sandbox) Run(ctx context.Context, emit func(kscope.Fact)) error {
	timer := time.NewTimer(step)
	defer timer.Stop()
	for n := 0; ; n++ {
		wait, err := s.advance()
		var defect world.Defect
		switch {
		case errors.As(err, &defect):
			slog.Error("the sandbox has a defect", "panic", defect.Panic, "at", defect.At, "trace", defect.Stack)
			emit(kscope.Status{Kind: "sandbox", State: kscope.Failing, Message: kscope.Clean(defect.Error()), Hint: "the rest goes on; --log FILE keeps the trace"})
		case err != nil:
			return err
		}
		if n%1000 == 0 {
			s.forget()
		}
		timer.Reset(step)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if wait <= step {
			continue
		}
		timer.Reset(min(wait-step, longest))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.poked:
		}
	}
}

// advance plays everything that is due and says how long nothing is. An error
// that is a [world.Defect] leaves the rest going.
func (s *Sandbox) advance() (wait time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.catchUp(slice); err != nil {
		return 0, err
	}
	for _, d := range s.world.Defects() {
		err = d // the last will do: it is the rest of one
	}
	return s.clock.until(s.world.Next()), err
}

// catchUp brings the world up to the time, or by a limit closer to it. The lock
// is held.
func (s *Sandbox) catchUp(limit time.Duration) error {
	if by := s.clock.wall().Sub(s.aged); by >= ageing {
		s.aged = s.aged.Add(by)
		s.redis.Age(by)
	}
	wrote, now, behind := s.wrote.Swap(false), s.clock.now(), false
	if most := s.world.Now().Add(limit); limit > 0 && now.After(most) && !s.world.Next().After(now) {
		now, behind = most, true
	}
	s.world.Advance(now)
	switch {
	case wrote && behind: // it was written later than that
		s.wrote.Store(true)
	case wrote: // and not before: nobody takes a job before it was put in
		s.world.Wake()
		s.world.Advance(now)
	}
	return s.publish()
}

// publish shows what the world changed. The lock is held, except in New.
func (s *Sandbox) publish() error { return s.api.publish(s.world.Changes()) }

// onWrite hears from Redis, in the middle of serving a client.
func (s *Sandbox) onWrite() {
	s.wrote.Store(true)
	s.poke()
}

func (s *Sandbox) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}
