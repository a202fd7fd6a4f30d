package workers

import (
	"context"
	"fmt"
	"io"
	"time"
)

// A queue gives the jobs of one list to the pods that consume it. One
// goroutine and at most one request at a time serve all of them: the request
// takes as many jobs as there are idle pods. Five thousand blocking connections
// would behave the same and cost the machine its memory.
type queue struct {
	job    job
	events chan event

	idle map[string]bool
	busy map[string]bool // the value says whether to come back after the job
}

type event struct {
	what eventKind
	pod  string
}

type eventKind int

const (
	joined eventKind = iota
	left
	finished
)

// An empty list is asked again after the first of these times, then ever more
// rarely until the second.
const (
	soon    = 20 * time.Millisecond
	notSoon = 250 * time.Millisecond
)

func newQueue(j job) *queue {
	return &queue{job: j, events: make(chan event, 64), idle: map[string]bool{}, busy: map[string]bool{}}
}

func (q *queue) tell(ctx context.Context, e event) {
	select {
	case q.events <- e:
	case <-ctx.Done():
	}
}

// run gives out jobs until ctx is done; take removes up to n of them from the list.
func (q *queue) run(ctx context.Context, take func(ctx context.Context, n int) (int, error), log io.Writer) {
	pause := soon
	timer := time.NewTimer(pause)
	defer timer.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-q.events:
			q.note(e)
			if e.what != left {
				pause = 0 // there may be a job for the pod
				timer.Reset(pause)
			}
			continue
		case <-timer.C:
		}
		if len(q.idle) == 0 {
			continue // the timer is set again by the next pod that is free
		}
		n, err := take(ctx, len(q.idle))
		if failed := err != nil && ctx.Err() == nil; failed != failing {
			failing = failed
			if failed {
				fmt.Fprintf(log, "queue %s: %v\n", q.job.list, err)
			} else {
				fmt.Fprintf(log, "queue %s: back\n", q.job.list)
			}
		}
		for range n {
			q.begin(ctx)
		}
		if pause = min(2*pause, notSoon); n > 0 || pause == 0 {
			pause = soon
		}
		timer.Reset(pause)
	}
}

func (q *queue) note(e event) {
	switch e.what {
	case joined:
		if _, working := q.busy[e.pod]; working {
			q.busy[e.pod] = true
		} else {
			q.idle[e.pod] = true
		}
	case left:
		delete(q.idle, e.pod)
		if _, working := q.busy[e.pod]; working {
			q.busy[e.pod] = false // it finishes the job in hand
		}
	case finished:
		if q.busy[e.pod] {
			q.idle[e.pod] = true
		}
		delete(q.busy, e.pod)
	}
}

// begin gives a job to one of the idle pods.
func (q *queue) begin(ctx context.Context) {
	for pod := range q.idle {
		delete(q.idle, pod)
		q.busy[pod] = true
		time.AfterFunc(q.job.takes, func() { q.tell(ctx, event{finished, pod}) })
		return
	}
}
