package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
)

var errReadOnly = errors.New("nothing is put into queues in read-only mode")

// place is where an injector puts its jobs.
type place struct {
	address string
	db      int
}

// Push puts jobs at the head of a list with LPUSH, where workers that take from
// its tail find them in order. The jobs are small JSON objects, each with an id
// of its own and the time. A key that holds anything but a list is refused.
//
// Push blocks until the server has answered, each step of it for seconds at the
// most, and stops between two pipelines of 1,000 jobs when ctx is done. Pushes
// to one place take turns; they do not hold up measuring, which has its own
// connection. It emits exactly one [kscope.Pushed], also on failure, then has
// the queue measured, and returns the error that the fact tells of. While Run
// is not running it returns an error and emits nothing.
func (s *Source) Push(ctx context.Context, inj kscope.Injection) error {
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
	server := s.server(inj.Queue.Address)
	if err := s.check(inj); err != nil {
		out.Err = err.Error()
	} else {
		in := run.injectorFor(server, place{server.Address, server.db(inj.Queue.DB)}, s.options)
		out.Err = in.push(ctx, &out)
	}
	out.Took = time.Since(started)
	run.emit(out)
	if out.Err != "" {
		err = errors.New(out.Err)
	}
	run.measure(server.Address)
	return err
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

func (s *Source) check(inj kscope.Injection) error {
	db := s.server(inj.Queue.Address).db(inj.Queue.DB)
	switch {
	case s.options.ReadOnly:
		return errReadOnly
	case inj.Jobs < 1:
		return errors.New("there must be at least one job to put in")
	case inj.Queue.Key == "":
		return errors.New("the queue has no key")
	case db < 0: // the client library would take it for 0
		return fmt.Errorf("there is no database %d", db)
	}
	return nil
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
	if in == nil {
		in = &injector{server: server, db: at.db, options: o, ctx: run.ctx, turn: make(chan struct{}, 1), jobs: newJobs()}
		run.injectors[at] = in
	}
	return in
}

// push puts out.Asked jobs into out.Queue, keeps account in out, and says what
// went wrong, "" if nothing did.
func (in *injector) push(ctx context.Context, out *kscope.Pushed) string {
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return "stopped before anything was put in"
	}
	for out.Accepted < out.Asked {
		if ctx.Err() != nil {
			return fmt.Sprintf("stopped after %d of %d jobs", out.Accepted, out.Asked)
		}
		cmds := in.jobs.commands(out.Queue.Key, out.Asked-out.Accepted, time.Now())
		err := in.exec(cmds)
		unknown := account(out, cmds)
		if err == nil {
			for _, c := range cmds { // any refusal will do: they are all for the same key
				if err = c.Err(); err != nil {
					break
				}
			}
		}
		if err != nil {
			return in.complain(out, err, unknown)
		}
	}
	return ""
}

// exec sends commands over the connection that there is, or a new one. A
// connection that was found closed before anything was sent is replaced;
// nothing is ever sent twice. The commands go out whole or not at all, so only
// the end of the session, not that of the push, cuts them short.
func (in *injector) exec(cmds []goredis.Cmder) error {
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
		if isNew {
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

// account adds up what the server acknowledged and returns how many jobs were
// sent without a word back.
func account(out *kscope.Pushed, cmds []goredis.Cmder) (unknown int64) {
	for _, c := range cmds {
		cmd := c.(*goredis.IntCmd)
		n := int64(len(cmd.Args()) - 2)
		switch length, err := cmd.Result(); {
		case err == nil:
			out.Accepted += n
			out.Length = length
		case !refused(err) && !errors.Is(err, errUnanswered):
			unknown += n
		}
	}
	return unknown
}

func (in *injector) complain(out *kscope.Pushed, err error, unknown int64) string {
	if refused(err) && strings.HasPrefix(err.Error(), "WRONGTYPE") {
		ask := goredis.NewStatusCmd(in.ctx, "type", out.Queue.Key)
		if in.link.exec(in.ctx, ask) == nil && ask.Err() == nil {
			return fmt.Sprintf("the key holds a %s; jobs can only be put into a list", kscope.Clean(ask.Val()))
		}
		return "the key holds something else than a list"
	}
	message, _ := explain(err, in.server, in.options.Override != nil)
	if in.ctx.Err() != nil {
		message = "stopped with the connection" // which we cut ourselves
	}
	if out.Accepted > 0 {
		message = fmt.Sprintf("%s after %d of %d jobs", message, out.Accepted, out.Asked)
	}
	if unknown > 0 {
		message += fmt.Sprintf("; %d more were sent and may or may not be in", unknown)
	}
	return message
}
