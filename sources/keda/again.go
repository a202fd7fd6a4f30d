package keda

import (
	"context"
	"sync"
	"time"

	"github.com/kscope/kscope"
)

// With hundreds of ScaledObjects the news that KEDA saw work again, and nothing
// else, comes tens of times a second, and to wake everybody for each is most of
// what an idle screen would cost. So it waits for the next, for a quarter of a
// second at most; with few of them nobody has to wait.
const (
	againEvery = 250 * time.Millisecond
	againAbove = 50 // ScaledObjects
)

// again passes facts on, but holds back for a while what says no more than that.
type again struct {
	emit func(kscope.Fact)
	wake chan struct{}

	mu   sync.Mutex // held while emitting, so that the order of facts about one object is kept
	last map[kscope.Ref]*kscope.ScaledObject
	held map[kscope.Ref]*kscope.ScaledObject
}

func newAgain(emit func(kscope.Fact)) *again {
	return &again{emit: emit, wake: make(chan struct{}, 1), last: map[kscope.Ref]*kscope.ScaledObject{}, held: map[kscope.Ref]*kscope.ScaledObject{}}
}

// pass takes a fact that a watch emits.
func (a *again) pass(f kscope.Fact) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch f := f.(type) {
	case kscope.ScaledObject:
		was := a.last[f.Ref]
		a.last[f.Ref] = &f
		if was != nil && len(a.last) > againAbove && f.SameButSeen(*was) {
			a.held[f.Ref] = &f
			select {
			case a.wake <- struct{}{}:
			default:
			}
			return
		}
		delete(a.held, f.Ref)
	case kscope.Gone:
		delete(a.last, f.Ref)
		delete(a.held, f.Ref)
	}
	a.emit(f)
}

// run emits what is held back, until its context is done.
func (a *again) run(ctx context.Context) {
	timer := time.NewTimer(againEvery)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-a.wake:
			timer.Reset(againEvery)
		case <-ctx.Done():
			return
		}
		select {
		case <-timer.C:
			a.flush()
		case <-ctx.Done():
			return
		}
	}
}

func (a *again) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.held {
		a.emit(*f)
	}
	clear(a.held)
}
