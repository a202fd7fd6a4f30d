package broker_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
)

// shelf is the smallest of brokers: a list in memory, which nobody but the
// source's one poller and one writer uses.
type shelf struct{ jobs chan string }

func (s *shelf) Place(q kscope.Backlog) string                    { return q.Server }
func (s *shelf) Meter(string, kscope.Backlog) broker.Meter        { return s }
func (s *shelf) Writer(kscope.Backlog) (broker.Writer, error)     { return s, nil }
func (s *shelf) Describe() kscope.Connection                      { return kscope.Connection{Reached: "directly"} }
func (s *shelf) Length(context.Context, kscope.Backlog) (n int64) { return int64(len(s.jobs)) }
func (s *shelf) Purge(context.Context, kscope.Backlog) (int64, error) {
	return 0, errors.ErrUnsupported
}
func (s *shelf) Close() {}

func (s *shelf) Measure(_ context.Context, _ *broker.Ask, readings []broker.Reading) (time.Duration, error) {
	for i := range readings {
		readings[i].N = float64(len(s.jobs))
	}
	return time.Microsecond, nil
}

func (s *shelf) Push(_ context.Context, b *broker.Batch) (did broker.Outcome) {
	for _, job := range b.Jobs {
		select {
		case s.jobs <- job:
			did.Accepted++
		default:
			did.Err = &kscope.Trouble{Message: "the shelf is full", Hint: "take something from it"}
		}
	}
	return did
}

// A broker is what measures and what puts in; the rest is here.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	queues := broker.New(map[string]broker.Technology{"shelf": &shelf{make(chan string, 25)}}, broker.Options{})
	depths := make(chan int64)
	done := make(chan error)
	go func() {
		done <- queues.Run(ctx, func(f kscope.Fact) {
			if d, ok := f.(kscope.Depths); ok {
				select {
				case depths <- int64(d.All[0].N):
				case <-ctx.Done():
				}
			}
		})
	}()
	orders := kscope.Backlog{Broker: "shelf", Server: "here", Name: "orders"}
	queues.Follow(kscope.Observation{Fact: kscope.ScaledObject{Triggers: []kscope.Trigger{{Backlog: &orders}}}})
	fmt.Println(<-depths, "orders")
	fmt.Println(queues.Load(ctx, load.Load{Backlog: orders, Profile: load.BatchOf(20)}, nil))
	for n := range depths {
		if n > 0 {
			fmt.Println(n, "orders")
			break
		}
	}
	fmt.Println(queues.Load(ctx, load.Load{Backlog: orders, Profile: load.BatchOf(20)}, nil))
	cancel()
	fmt.Println(<-done)
	// Output:
	// 0 orders
	// <nil>
	// 20 orders
	// the shelf is full after 5 of 20 jobs
	// <nil>
}
