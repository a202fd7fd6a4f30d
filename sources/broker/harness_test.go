package broker

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
)

// fake is a broker in memory, as its own meter and writer.
type fake struct {
	mu      sync.Mutex
	lengths map[kscope.Backlog]int64
	err     error                      // of measuring and of pushing
	bad     map[kscope.Backlog]Reading // of single backlogs
	half    bool                       // of a batch arrives, and the rest perhaps
	card    kscope.Connection
	asks    map[*Ask]int // how often each was measured
	batches []Batch      // that came, without their jobs
	pushed  func()       // called by every batch that comes; nil for nothing
	closed  int
}

func (f *fake) Place(q kscope.Backlog) string           { return q.Server }
func (f *fake) Meter(string, kscope.Backlog) Meter      { return f }
func (f *fake) Writer(q kscope.Backlog) (Writer, error) { return f, nil }

func (f *fake) Measure(_ context.Context, ask *Ask, readings []Reading) (time.Duration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asks[ask]++
	for i, q := range ask.Backlogs {
		readings[i] = Reading{N: float64(f.lengths[q]), Type: "list"}
		if r, ok := f.bad[q]; ok {
			readings[i] = r
		}
	}
	return time.Millisecond, f.err
}

func (f *fake) Describe() kscope.Connection {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.card
}

func (f *fake) Push(_ context.Context, b *Batch) Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pushed != nil {
		f.pushed()
	}
	n := int64(len(b.Jobs))
	f.batches = append(f.batches, *b)
	f.batches[len(f.batches)-1].Jobs = nil
	switch {
	case f.half:
		f.lengths[b.To] += n / 2
		return Outcome{Accepted: n / 2, Unknown: n - n/2, Err: &kscope.Trouble{Message: "it went away"}}
	case f.err != nil:
		return Outcome{Err: f.err}
	}
	f.lengths[b.To] += n
	return Outcome{Accepted: n}
}

func (f *fake) Length(_ context.Context, q kscope.Backlog) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lengths[q]
}

func (f *fake) Purge(_ context.Context, q kscope.Backlog) (lost int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		lost, f.lengths[q] = f.lengths[q], 0
	}
	return lost, f.err
}

func (f *fake) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
}

// set changes the fake.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// bubble runs a source of a fake broker in a synctest bubble. That the bubble
// ends shows that no goroutine is left.
func bubble(t *testing.T, o Options, test func(s *Source, f *fake, news func() []kscope.Fact)) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{lengths: map[kscope.Backlog]int64{}, bad: map[kscope.Backlog]Reading{}, asks: map[*Ask]int{}}
		s := New(map[string]Technology{"fake": f}, o)
		all := make(chan kscope.Fact, 100_000)
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error)
		go func() { returned <- s.Run(ctx, func(fact kscope.Fact) { all <- fact }) }()
		synctest.Wait() // it runs
		test(s, f, func() (out []kscope.Fact) {
			synctest.Wait()
			for len(all) > 0 {
				out = append(out, <-all)
			}
			return out
		})
		cancel()
		if err := <-returned; err != nil {
			t.Error(err)
		}
	})
}

// of picks the facts of one type.
func of[F kscope.Fact](all []kscope.Fact) (out []F) {
	for _, fact := range all {
		if one, ok := fact.(F); ok {
			out = append(out, one)
		}
	}
	return out
}

var (
	one    = kscope.Backlog{Broker: "fake", Server: "here", Name: "one"}
	two    = kscope.Backlog{Broker: "fake", Server: "here", Name: "two"}
	target = kscope.Ref{Namespace: "demo", Name: "a"}
)

// scaledObject is the observation of a ScaledObject with a trigger for each queue.
func scaledObject(name string, queues ...kscope.Backlog) kscope.Observation {
	so := kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "uid-" + name}
	for _, q := range queues {
		so.Triggers = append(so.Triggers, kscope.Trigger{Type: "fake", Backlog: &q, Metadata: map[string]string{"of": q.Name}})
	}
	return kscope.Observation{Fact: so}
}
