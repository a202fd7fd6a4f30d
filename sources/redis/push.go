package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

var errReadOnly = errors.New("nothing is put into queues in read-only mode")

// place is where an injector puts its jobs.
type place struct {
	address string
	db      int
}

// Push puts jobs into a queue: at an end of a list, as the members of a set or
// of a sorted set, as the fields of a hash, as the entries of a stream, by what
// the key holds. A key that holds nothing becomes a list, or a stream where
// that is what the trigger measures. By default the jobs are small JSON
// objects, each with an id of its own and the time, and go to the head of a
// list, where workers that take from its tail find them in order.
//
// Push blocks until the server has answered, each step of it for seconds at the
// most, and stops between two pipelines of 1,000 jobs when ctx is done. Pushes
// to one place take turns; they do not hold up measuring, which has its own
// connection. It emits exactly one [kscope.Pushed], also on failure, then has
// the queue measured, and returns the error that the fact tells of. While Run
// is not running it returns an error and emits nothing.
func (s *Source) Push(ctx context.Context, inj load.Injection) error {
	run, err := s.join()
	if err != nil {
		return err
	}
	defer run.work.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(run.ctx, cancel)()

	started := time.Now()
	out := kscope.Pushed{Queue: inj.Queue, Target: inj.Target, Asked: inj.Jobs}
	switch in, err := s.injector(run, inj.Queue); {
	case err != nil:
		out.Err = s.why(err, inj.Queue)
	case inj.Jobs < 1:
		out.Err = "there must be at least one job to put in"
	default:
		out.Err = in.push(ctx, &out, wayInto(inj.Queue, inj.Side, inj.Payload))
	}
	out.Took = time.Since(started)
	run.emit(out)
	if out.Err != "" {
		err = errors.New(out.Err)
	}
	run.measure(s.measuredAt(inj.Queue))
	return err
}

// wayInto is how jobs are tried first: a list, unless it should be a stream.
func wayInto(q kscope.Queue, side load.Side, payload *load.Payload) way {
	w := way{q.Key, list, side, payload}
	if w.side == "" {
		w.side = load.Head
	}
	if w.payload == nil {
		w.payload = load.StandardPayload()
	}
	if q.Measure != kscope.Size {
		w.shape = stream
	}
	return w
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

// injector is what puts jobs into a queue, or why nothing may, or can.
func (s *Source) injector(run *session, q kscope.Queue) (*injector, error) {
	if s.options.ReadOnly {
		return nil, errReadOnly
	}
	if q.Key == "" {
		return nil, errors.New("the queue has no key")
	}
	server, err := s.reach(run, q)
	if err != nil {
		return nil, err
	}
	db := server.db(q.DB)
	if db < 0 { // the client library would take it for 0
		return nil, fmt.Errorf("there is no database %d", db)
	}
	return run.injectorFor(server, place{server.Address, db}, s.options), nil
}

// why is an error of reaching a queue in plain words.
func (s *Source) why(err error, q kscope.Queue) string {
	var h interface{ Hint() string }
	if errors.Is(err, errNoAddress) || errors.As(err, &h) || errors.As(err, new(*kscope.Trouble)) {
		message, _ := explain(err, s.server(q.Address), s.options.Override != nil)
		return message
	}
	return err.Error()
}

// injector puts jobs into one database of one server over one connection,
// which it keeps for the next time.
type injector struct {
	server  Server
	db      int
	options Options
	ctx     context.Context // of the session: how long a connection may live
	turn    chan struct{}   // holds a token while someone pushes, who owns the rest

	link *link
	jobs jobs
}

func (run *session) injectorFor(server Server, at place, o Options) *injector {
	run.mu.Lock()
	defer run.mu.Unlock()
	in := run.injectors[at]
	// With other credentials it is another one; the connection of the old one
	// ends with the session.
	if in == nil || in.server.Username != server.Username || in.server.password != server.password {
		in = &injector{server: server, db: at.db, options: o, ctx: run.ctx, turn: make(chan struct{}, 1), jobs: newJobs()}
		run.injectors[at] = in
	}
	return in
}

// push puts out.Asked jobs into a queue, keeps account in out, and says what
// went wrong, "" if nothing did.
func (in *injector) push(ctx context.Context, out *kscope.Pushed, w way) string {
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return "stopped before anything was put in"
	}
	for sent := int64(0); sent < out.Asked; {
		if ctx.Err() != nil {
			return fmt.Sprintf("stopped after %d of %d jobs", out.Accepted, out.Asked)
		}
		did := in.put(&w, out.Asked-sent, true)
		sent += did.sent
		out.Accepted += did.accepted
		if did.length > 0 {
			out.Length = did.length
		}
		if did.err == nil {
			continue
		}
		message := in.complain(did.err)
		if out.Accepted > 0 {
			message = fmt.Sprintf("%s after %d of %d jobs", message, out.Accepted, out.Asked)
		}
		if did.unknown > 0 {
			message += fmt.Sprintf("; %d more were sent and may or may not be in", did.unknown)
		}
		return message
	}
	if w.shape != list {
		out.Length = in.length(w)
	}
	return ""
}

// outcome is what came of a pipeline.
type outcome struct {
	sent     int64 // jobs in it
	accepted int64 // that the server acknowledged
	unknown  int64 // that were sent without a word back
	length   int64 // of a list, after the last
	err      error
}

// put sends one pipeline of up to n jobs. Where the key turns out to hold
// something else than was thought, nothing went in, and it is tried that way.
// Fresh says that a connection which was closed meanwhile may be replaced.
func (in *injector) put(w *way, n int64, fresh bool) outcome {
	for {
		if (w.shape == set || w.shape == zset) && !w.payload.Differs() {
			return outcome{err: &alikeError{}}
		}
		cmds := in.jobs.commands(*w, n, time.Now())
		err := in.exec(cmds, fresh)
		did := account(cmds)
		if did.err = err; err == nil {
			for _, c := range cmds { // any refusal will do: they are all for the same key
				if did.err = c.Err(); did.err != nil {
					break
				}
			}
		}
		if did.err == nil || did.accepted > 0 || !refused(did.err) || !strings.HasPrefix(did.err.Error(), "WRONGTYPE") {
			return did
		}
		holds, err := in.holds(w.key)
		if err != nil || lengths[holds] == "" || holds == w.shape {
			did.err = &shapeError{holds}
			return did
		}
		w.shape = holds
	}
}

// shapeError is for a key that holds what jobs cannot be put into.
type shapeError struct{ holds keyType }

func (e *shapeError) Error() string {
	if e.holds == "" {
		return "the key holds something else than a list"
	}
	return fmt.Sprintf("the key holds a %s; jobs can only be put into a list, a set, a sorted set, a hash or a stream", kscope.Clean(string(e.holds)))
}

// alikeError is for jobs that a set would take for one.
type alikeError struct{}

func (*alikeError) Error() string {
	return "the key holds a set, which takes equal jobs for one: the payload needs an {id}"
}

// holds asks what a key holds; "" if the server will not say.
func (in *injector) holds(key string) (keyType, error) {
	ask := goredis.NewStatusCmd(in.ctx, "type", key)
	if err := in.link.exec(in.ctx, ask); err != nil {
		return "", err
	}
	return keyType(ask.Val()), ask.Err()
}

// length asks how much a queue holds; 0 if the server will not say.
func (in *injector) length(w way) int64 {
	if in.link == nil {
		return 0
	}
	ask := goredis.NewIntCmd(in.ctx, lengths[w.shape], w.key)
	if in.link.exec(in.ctx, ask) != nil || ask.Err() != nil {
		return 0
	}
	return ask.Val()
}

// exec sends commands over the connection that there is, or a new one. If
// fresh, a connection that was found closed before anything was sent is
// replaced; nothing is ever sent twice. The commands go out whole or not at
// all, so only the end of the session, not that of the push, cuts them short.
func (in *injector) exec(cmds []goredis.Cmder, fresh bool) error {
	for _, c := range cmds {
		c.SetErr(errUnanswered)
	}
	for {
		isNew := in.link == nil
		if isNew {
			if err := in.connect(); err != nil {
				return err
			}
		}
		err := in.link.exec(in.ctx, cmds...)
		if err == nil {
			return nil
		}
		in.hangUp()
		if !errors.Is(err, errClosed) {
			disown(cmds, err)
			return err
		}
		if isNew || !fresh {
			return err
		}
	}
}

// disown gives the error that ended a connection to the commands that got
// neither an answer nor an error of their own. go-redis leaves them as they
// were marked, but they were on their way, and may have been carried out.
func disown(cmds []goredis.Cmder, err error) {
	for _, c := range cmds {
		if errors.Is(c.Err(), errUnanswered) {
			c.SetErr(err)
		}
	}
}

// connect opens a connection and gets through its greetings, so that what
// fails after it has failed with jobs under way.
func (in *injector) connect() (err error) {
	if in.link, err = connect(in.ctx, in.server, in.db, in.options); err != nil {
		return err
	}
	if err = in.link.exec(in.ctx, goredis.NewStatusCmd(in.ctx, "ping")); err != nil {
		in.hangUp()
	}
	return err
}

func (in *injector) hangUp() {
	in.link.close()
	in.link = nil
}

// account adds up what the server answered to a pipeline.
func account(cmds []goredis.Cmder) (did outcome) {
	for _, c := range cmds {
		n := carried(c)
		did.sent += n
		switch err := c.Err(); {
		case err == nil:
			did.accepted += n
			if length, ok := c.(*goredis.IntCmd); ok && strings.HasSuffix(c.Name(), "push") {
				did.length = length.Val()
			} else if ok {
				did.accepted += length.Val() - n // those that were not there before
			}
		case !refused(err) && !errors.Is(err, errUnanswered):
			did.unknown += n
		}
	}
	return did
}

// complain says in plain words what ended a push.
func (in *injector) complain(err error) string {
	var held *shapeError
	var alike *alikeError
	if errors.As(err, &held) || errors.As(err, &alike) {
		return err.Error()
	}
	if in.ctx.Err() != nil {
		return "stopped with the connection" // which we cut ourselves
	}
	message, _ := explain(err, in.server, in.options.Override != nil)
	return message
}
