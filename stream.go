package kscope

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Clock tells a stream's time: the wall clock's when live, another's in the
// sandbox or a replay.
type Clock func() time.Time

// Source emits observations until its context is done. Run may call emit from
// several goroutines; emit blocks while the reader lags and drops nothing, and
// returns at once after the context is done. Run returns only when all
// goroutines that it started have returned.
type Source interface {
	Name() string
	Run(ctx context.Context, emit func(Fact)) error
}

// Merge runs sources and gives their observations, stamped by now, in the
// order in which they arrived. Every second it adds a [Heartbeat], so that
// ages advance while nothing happens. A source that returns an error or
// panics becomes a failing [Status] of that source, and the others go on.
//
// The channel closes when ctx is done and every source has returned. Whoever
// cancels ctx must drain the channel to its close.
func Merge(ctx context.Context, now Clock, sources ...Source) <-chan Observation {
	out := make(chan Observation, 256)
	var wg sync.WaitGroup
	send := func(source string, f Fact) {
		select {
		case out <- Observation{At: now(), Source: source, Fact: f}:
		case <-ctx.Done():
		}
	}
	for _, s := range sources {
		wg.Go(func() {
			emit := func(f Fact) { send(s.Name(), f) }
			if err := runSource(ctx, s, emit); err != nil && ctx.Err() == nil {
				emit(Status{Kind: Kind(s.Name()), State: Failing, Message: err.Error()})
			}
		})
	}
	wg.Go(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				send("", Heartbeat{})
			case <-ctx.Done():
				return
			}
		}
	})
	go func() {
		wg.Wait()
		close(out)
	}()
	return out
}

// runSource runs a source and turns its panic into an error that carries the
// stack.
func runSource(ctx context.Context, s Source, emit func(Fact)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s stopped by a defect: %v\n%s", s.Name(), p, debug.Stack())
		}
	}()
	return s.Run(ctx, emit)
}

// Tap gives every observation of in to f, in order, and passes it on. f runs
// on the stream's goroutine and must not block.
func Tap(in <-chan Observation, f func(Observation)) <-chan Observation {
	out := make(chan Observation)
	go func() {
		defer close(out)
		for o := range in {
			f(o)
			out <- o
		}
	}()
	return out
}

// Batch gathers observations for a reader that pays by the batch. The first
// one after a quiet spell goes out at once, together with what arrived
// meanwhile; after that at most one batch leaves per interval. Order is kept
// and nothing is dropped: while the reader lags, the batch grows.
func Batch(in <-chan Observation, every time.Duration) <-chan []Observation {
	out := make(chan []Observation)
	go func() {
		defer close(out)
		var (
			batch []Observation
			ready = true // an interval has passed since the last batch left
			timer = time.NewTimer(every)
		)
		timer.Stop()
		defer timer.Stop()
		for in != nil || len(batch) > 0 {
			var to chan<- []Observation
			if len(batch) > 0 && (ready || in == nil) {
				to = out
			}
			select {
			case o, ok := <-in:
				if !ok {
					in = nil
					continue
				}
				batch = append(batch, o)
			case to <- batch:
				batch, ready = nil, false
				timer.Reset(every)
			case <-timer.C:
				ready = true
			}
		}
	}()
	return out
}
