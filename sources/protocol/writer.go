package protocol

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
)

// writer puts jobs in with a client of its own, so that it does not hold up measuring.
type writer struct {
	*technology
	client Client // nil while there is none
	way    *way
}

// pushWait is how long a broker may take for one batch.
const pushWait = 30 * time.Second

// Push puts the jobs of a batch in. After an error the next connects anew.
func (w *writer) Push(ctx context.Context, b *broker.Batch) broker.Outcome {
	ctx, cancel := context.WithTimeout(ctx, pushWait)
	defer cancel()
	q, err := w.at(ctx, b.To)
	if err != nil {
		return broker.Outcome{Err: err}
	}
	pusher, ok := w.client.(Pusher)
	if !ok {
		return broker.Outcome{Err: fmt.Errorf("kscope cannot put anything into what a %s trigger measures", q.Type)}
	}
	did := pusher.Push(ctx, q, b)
	did.Accepted = min(max(did.Accepted, 0), int64(len(b.Jobs))) // a server may say anything
	did.Unknown = min(max(did.Unknown, 0), int64(len(b.Jobs))-did.Accepted)
	if did.Err != nil {
		did.Err = explained(did.Err, q.Parameters, w.way)
		w.Close()
	}
	return did
}

// at is the queue of a backlog, with a client for it.
func (w *writer) at(ctx context.Context, of kscope.Backlog) (Queue, error) {
	q, ok := w.queue(of)
	if !ok {
		return q, errNotReached
	}
	if w.client != nil {
		return q, nil
	}
	w.way = &way{dial: w.options.Dial}
	client, err := w.protocol.Connect(ctx, q.Parameters, w.way.open)
	if err != nil {
		return q, explained(err, q.Parameters, w.way)
	}
	w.client = client
	return q, nil
}

// Length is how much a backlog holds; 0 if that cannot be told.
func (w *writer) Length(ctx context.Context, of kscope.Backlog) int64 {
	ctx, cancel := context.WithTimeout(ctx, w.options.Wait)
	defer cancel()
	q, err := w.at(ctx, of)
	if err != nil || w.protocol.Pace(q.Parameters) >= q.Polling && q.Polling > 0 {
		return 0 // each look costs
	}
	readings := make([]broker.Reading, 1)
	if err := w.client.Measure(ctx, []Queue{q}, readings); err != nil || readings[0].Err != nil {
		return 0
	}
	return max(int64(readings[0].N), 0) // what is beyond all numbers is less than none
}

var errNoPurge = errors.New("kscope does not empty what this trigger measures")

// Purge empties a backlog and says how many jobs were lost.
func (w *writer) Purge(ctx context.Context, of kscope.Backlog) (lost int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, pushWait)
	defer cancel()
	q, err := w.at(ctx, of)
	if err != nil {
		return 0, err
	}
	purger, ok := w.client.(Purger)
	if !ok {
		return 0, errNoPurge
	}
	if lost, err = purger.Purge(ctx, q); err != nil {
		err = explained(err, q.Parameters, w.way)
		w.Close()
	}
	return max(lost, 0), err
}

// Others names who else gets what is put into a backlog.
func (w *writer) Others(ctx context.Context, of kscope.Backlog) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, w.options.Wait)
	defer cancel()
	q, err := w.at(ctx, of)
	if err != nil {
		return nil, err
	}
	sharer, ok := w.client.(Sharer)
	if !ok {
		return nil, nil
	}
	others, err := sharer.Others(ctx, q)
	if err != nil {
		return nil, explained(err, q.Parameters, w.way)
	}
	return others, nil
}

// Close hangs up.
func (w *writer) Close() {
	if w.client != nil {
		w.client.Close()
		w.client = nil
	}
}
