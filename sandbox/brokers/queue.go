package brokers

import (
	"errors"
	"time"

	"github.com/kscope/kscope"
)

// Queue is what has to be remembered of one queue for its kind to count it: how many of
// its jobs are in hand, and what KEDA and the broker saw last. The zero Queue is a list of
// Redis that nobody has taken anything from.
type Queue struct {
	Kind
	real       *kscope.Depth // what was measured last where the queue is a real one; else nil
	held, done int64
	looked     int64 // 1 more than were done when KEDA last looked; 0 before it did
	seen, next sample
}

// sample is what a broker counted at a time.
type sample struct {
	at   time.Time
	jobs Jobs
}

// Take says that a worker has one of its jobs now.
func (q *Queue) Take() { q.held++ }

// Done says that one of them is done.
func (q *Queue) Done() { q.held, q.done = q.held-1, q.done+1 }

// Drop says that one of them is in nobody's hand any more, and not done.
func (q *Queue) Drop() { q.held-- }

// Shared reports whether as many workers have a job as can have one at a time: of a real
// queue none does.
func (q *Queue) Shared() bool { return q.real != nil || q.Most > 0 && q.held >= q.Most }

// Measured makes a queue a real one, of which nothing is known but what was measured.
func (q *Queue) Measured(d kscope.Depth) { q.real = &d }

// Real reports whether it is one, and if so why nothing is known of it; nil where
// something is.
func (q *Queue) Real() (is bool, err error) {
	if q.real != nil && q.real.Err != "" {
		err = errors.New(q.real.Err)
	}
	return q.real != nil, err
}

// Anew has KEDA look as if it had not before, with a kind that may be another: a scaler
// that was built has no memory.
func (q *Queue) Anew(k Kind) { q.Kind, q.looked = k, 0 }

// Sample is the broker's count at a time, where it counts only from time to time. It is
// told with the next one, as it takes that long until anybody hears of it.
func (q *Queue) Sample(at time.Time, waiting int64) {
	q.seen = q.next
	if q.seen.at.IsZero() { // nothing was heard of before
		q.seen.at = at
	}
	q.next = sample{at, Jobs{Waiting: waiting, Held: q.held, Since: -1}}
}

// Tell is what is told of the queue while so many jobs wait in it and so many workers are
// ready. It changes nothing.
func (q *Queue) Tell(waiting, workers int64) kscope.Depth { return q.tell(waiting, workers, -1) }

// Look is what KEDA is told, which remembers that it has looked.
func (q *Queue) Look(waiting, workers int64) kscope.Depth {
	since := int64(-1)
	if q.looked > 0 {
		since = q.done + 1 - q.looked
	}
	q.looked = q.done + 1
	return q.tell(waiting, workers, since)
}

func (q *Queue) tell(waiting, workers, since int64) kscope.Depth {
	if q.real != nil {
		return *q.real
	}
	if q.Every > 0 {
		d := q.count(q.seen.jobs)
		d.Sampled = q.seen.at
		return d
	}
	return q.Count(Jobs{Waiting: waiting, Held: q.held, Workers: max(workers, q.held), Since: since})
}
