package broker

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/kscope/kscope"
)

// Answer is how a request ended.
type Answer struct {
	Class int  // the first digit of its status; 0 where it ended without one
	Cold  bool // a pod had to start for it
	// Why says in words why it came to nobody; "" where it came to somebody, whatever
	// that made of it.
	Why string
}

// Tally counts what the requests of one load are answered. A Writer whose jobs are
// requests starts each with Go, from Push; who does not, leaves it alone.
type Tally struct {
	ctx  context.Context // of the requests: it ends with the load
	end  context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	answers kscope.Answers // but for the times
	took    spread         // of those with a status
}

func newTally(ctx context.Context) *Tally {
	t := &Tally{}
	t.ctx, t.end = context.WithCancel(ctx)
	return t
}

// Go has a request sent, which was due at a time, and returns at once. Ask, in a
// goroutine of its own, sends it once at the most, and returns when it was answered, has
// failed, or ctx is done, which is when the load is.
func (t *Tally) Go(due time.Time, ask func(ctx context.Context) Answer) {
	t.mu.Lock()
	t.answers.Sent++
	t.mu.Unlock()
	t.work.Go(func() {
		a := ask(t.ctx)
		if a.Class == 0 && t.ctx.Err() != nil {
			return // it was withdrawn, so it stays among those that were held
		}
		t.answer(a, time.Since(due))
	})
}

func (t *Tally) answer(a Answer, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.Class < 0 || a.Class >= len(t.answers.ByClass) {
		a.Class = 0 // a server may answer 999
	}
	t.answers.Answered++
	t.answers.ByClass[a.Class]++
	if a.Class > 0 {
		t.took.add(took)
	}
	if a.Cold {
		t.answers.ColdStarts++
	}
	if a.Why != "" {
		t.answers.Why = a.Why
	}
}

// Now is what was answered so far.
func (t *Tally) Now() kscope.Answers {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.answers
	out.Held = out.Sent - out.Answered
	out.P50, out.P95 = t.took.quantile(0.5), t.took.quantile(0.95)
	return out
}

// Held is how many requests are under way.
func (t *Tally) Held() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answers.Sent - t.answers.Answered
}

// answered is how many have ended.
func (t *Tally) answered() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answers.Answered
}

// stop withdraws what is under way, and returns when that has ended.
func (t *Tally) stop() {
	t.end()
	t.work.Wait()
}

// spread is how long things took, in steps of a fiftieth from the shortest on: what is in
// a step is at most a hundredth from its middle.
type spread struct {
	steps []int64
	n     int64
}

const (
	shortest = 10 * time.Microsecond
	step     = 1.02
	steps    = 1000 // to more than an hour
)

func (s *spread) add(d time.Duration) {
	if s.steps == nil {
		s.steps = make([]int64, steps)
	}
	at := 0
	if d > shortest {
		at = min(int(math.Log(float64(d)/float64(shortest))/math.Log(step)), steps-1)
	}
	s.steps[at]++
	s.n++
}

// quantile is how long that part of them took at the most; 0 where there are none.
func (s *spread) quantile(part float64) time.Duration {
	want := int64(math.Ceil(part * float64(s.n)))
	for i, n := range s.steps {
		if want -= n; want <= 0 && s.n > 0 {
			return time.Duration(float64(shortest) * math.Pow(step, float64(i)+0.5))
		}
	}
	return 0
}
