package broker

import (
	"context"
	"errors"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

var (
	errNotRunning = errors.New("the queues are not being watched, so nothing was put in")
	errReadOnly   = errors.New("nothing is put into queues in read-only mode")
)

// Purge empties a backlog. It emits exactly one [kscope.Purged], also on
// failure, then has the backlog measured, and returns the error that the fact
// tells of. While Run is not running it returns an error and emits nothing. It
// blocks until the broker has answered, for seconds at the most.
func (s *Source) Purge(ctx context.Context, p load.Purge) error {
	run, err := s.join()
	if err != nil {
		return err
	}
	defer run.work.Done()
	started := time.Now()
	out := kscope.Purged{Backlog: p.Backlog, Target: p.Target}
	g, err := s.gate(run, p.Backlog)
	switch {
	case err != nil:
	case !g.enter(ctx):
		err = errors.New("stopped before anything was done")
	default:
		out.Lost, err = g.writer.Purge(run.ctx, p.Backlog)
		g.leave()
	}
	if err != nil {
		out.Err = err.Error()
	}
	out.Took = time.Since(started)
	run.emit(out)
	run.measure(s.place(p.Backlog))
	return orNil(out.Err)
}

// Others names in words who else gets what is put into a backlog; nobody where its broker
// knows no such thing. While Run is not running it returns an error. It blocks until the
// broker has answered, for seconds at the most.
func (s *Source) Others(ctx context.Context, q kscope.Backlog) ([]string, error) {
	run, err := s.join()
	if err != nil {
		return nil, err
	}
	defer run.work.Done()
	g, err := s.gate(run, q)
	if err != nil {
		return nil, err
	}
	sharer, ok := g.writer.(Sharer)
	if !ok {
		return nil, nil
	}
	if !g.enter(ctx) {
		return nil, ctx.Err()
	}
	defer g.leave()
	return sharer.Others(run.ctx, q)
}

func orNil(why string) error {
	if why == "" {
		return nil
	}
	return errors.New(why)
}

// join makes the caller part of the running session, which will wait for it.
func (s *Source) join() (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil || s.session.ctx.Err() != nil {
		return nil, errNotRunning
	}
	s.session.work.Add(1)
	return s.session, nil
}

// gate is where those who put jobs in by one Writer take turns.
type gate struct {
	ctx    context.Context // of the session
	writer Writer
	turn   chan struct{} // holds a token while someone is at it, who owns the rest
	jobs   jobs
	idle   *time.Timer // hangs up
}

// hangUpAfter is how long a Writer keeps a connection for which nobody has had
// a use. Nobody watches one that rests, so what the other side has closed would
// be held for as long as the source runs.
const hangUpAfter = time.Minute

func newGate(ctx context.Context, w Writer) *gate {
	g := &gate{ctx: ctx, writer: w, turn: make(chan struct{}, 1), jobs: newJobs()}
	g.idle = time.AfterFunc(hangUpAfter, g.hangUp)
	return g
}

// gate is the way into a backlog, or why nothing may go there, or can.
func (s *Source) gate(run *session, q kscope.Backlog) (*gate, error) {
	if s.options.ReadOnly {
		return nil, errReadOnly
	}
	t := s.technologies[q.Broker]
	if t == nil {
		return nil, errors.New("kscope puts nothing into what this trigger measures")
	}
	w, err := t.Writer(q)
	if err != nil {
		return nil, err
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.gates[w] == nil {
		run.gates[w] = newGate(run.ctx, w)
	}
	return run.gates[w], nil
}

// enter waits for its turn; false when ctx is done before.
func (g *gate) enter(ctx context.Context) bool {
	select {
	case g.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *gate) leave() {
	g.idle.Reset(hangUpAfter)
	<-g.turn
}

// hangUp closes the connection, unless somebody is at it, who will leave.
func (g *gate) hangUp() {
	select {
	case g.turn <- struct{}{}:
		g.writer.Close()
		<-g.turn
	default:
	}
}

// close closes the connection, and the way for everybody.
func (g *gate) close() {
	g.idle.Stop()
	g.turn <- struct{}{}
	g.writer.Close()
}

// put sends one batch of up to n jobs, and says how many were in it.
func (g *gate) put(d delivery, n int64, fresh bool, answers *Tally) (sent int64, did Outcome) {
	b := g.jobs.next(d, n, time.Now())
	b.Fresh, b.Answers = fresh, answers
	return int64(len(b.Jobs)), g.writer.Push(g.ctx, b)
}
