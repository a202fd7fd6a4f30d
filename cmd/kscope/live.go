package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/k8s"
)

// live is the dashboard over a cluster.
func live(ctx context.Context, f *flags, name string, p process) error {
	s, err := f.understand(name)
	if err != nil {
		return err
	}
	if err := needTerminal(p.stdin, p.stdout); err != nil {
		return err
	}
	closeLog, err := logTo(f.screen.log)
	if err != nil {
		return err
	}
	defer closeLog()
	ledger, err := openBook(f.screen.ledger, p.stdout)
	if err != nil {
		return err
	}

	way, clock := &reach{}, newSteadyClock()
	queues, answers := way.queues(s.redis), way.answers()
	s.tui.Ask = answers.Ask
	open := func(ctx context.Context) (<-chan kscope.Observation, error) {
		typed, dynamic, err := k8s.Clients(s.config)
		if err != nil {
			return nil, &kscope.Trouble{Cause: fmt.Errorf("use kubeconfig: %w", err), Hint: "kubectl config view shows what is there"}
		}
		way.into(s.config, typed, dynamic)
		return cluster{typed: typed, dynamic: dynamic, namespace: s.tui.Namespace, selector: s.label, clock: clock.now, metrics: way.metrics(typed, s.metrics), answers: answers}.open(ctx, queues), nil
	}
	return show(ctx, s.tui, queues, clock.now, func(ctx context.Context) (<-chan kscope.Observation, error) {
		in, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return clock.mark(in), nil
	}, ledger, p)
}

// steadyClock is the time of day for one who watches: it never goes back, and knows when
// nobody asked it for long, as while the machine slept, the process was stopped, or the
// time of day was set ahead. Where that is set back it goes on from where it was.
type steadyClock struct {
	read func() (wall time.Time, elapsed time.Duration)

	mu   sync.Mutex
	at   time.Time     // what it said last
	when time.Duration // elapsed then
	gaps []gap         // not told of yet
}

// gap is a time in which nobody asked.
type gap struct{ since, until time.Time }

const (
	// unwatched is how long nobody may ask at most: the stream does every second.
	unwatched = 10 * time.Second
	// inStep is how far apart the time of day and what elapsed may be at a look.
	inStep = time.Second
)

func newSteadyClock() *steadyClock {
	began := time.Now()
	return &steadyClock{read: func() (time.Time, time.Duration) {
		t := time.Now()
		return t.Round(0), t.Sub(began) // which elapsed is by a clock that nobody sets
	}}
}

func (c *steadyClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, elapsed := c.read()
	if c.at.IsZero() {
		c.at, c.when = wall, elapsed
		return wall
	}
	is, was := c.at.Add(elapsed-c.when), c.at
	if wall.After(is.Add(-inStep)) && wall.After(was) {
		is = wall
	}
	if is.Sub(was) > unwatched {
		c.gaps = append(c.gaps, gap{was, is})
	}
	c.at, c.when = is, elapsed
	return is
}

// mark says in a stream that is stamped by the clock where nobody watched.
func (c *steadyClock) mark(in <-chan kscope.Observation) <-chan kscope.Observation {
	out := make(chan kscope.Observation)
	go func() {
		defer close(out)
		for o := range in {
			if since, ok := c.gapBefore(o.At); ok {
				out <- kscope.Observation{At: o.At, Fact: kscope.Unwatched{Since: since}}
			}
			out <- o
		}
	}()
	return out
}

// gapBefore is the end of what was watched before a time, once.
func (c *steadyClock) gapBefore(at time.Time) (since time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.gaps) > 0 && !at.Before(c.gaps[0].until) {
		if !ok {
			since, ok = c.gaps[0].since, true
		}
		c.gaps = c.gaps[1:]
	}
	return since, ok
}
