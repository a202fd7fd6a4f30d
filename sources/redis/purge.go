package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// Purge empties a queue: it deletes the key, or all entries of a stream, whose
// groups stay and whose consumers keep what they have taken. What was in it is
// counted in the same transaction, so that the number is that of the jobs which
// were lost. Purge emits exactly one [kscope.Purged], also on failure, then has
// the queue measured, and returns the error that the fact tells of. While Run is
// not running it returns an error and emits nothing. It blocks until the server
// has answered, for seconds at the most.
func (s *Source) Purge(ctx context.Context, p load.Purge) error {
	run, err := s.join()
	if err != nil {
		return err
	}
	defer run.work.Done()
	started := time.Now()
	out := kscope.Purged{Queue: p.Queue, Target: p.Target}
	in, err := s.injector(run, p.Queue)
	if err != nil {
		out.Err = s.why(err, p.Queue)
	} else {
		out.Lost, out.Err = in.purge(ctx, p.Queue)
	}
	out.Took = time.Since(started)
	run.emit(out)
	run.measure(s.measuredAt(p.Queue))
	if out.Err != "" {
		return errors.New(out.Err)
	}
	return nil
}

// purge empties a queue in its turn, and gives what was in it, or why not.
func (in *injector) purge(ctx context.Context, q kscope.Queue) (lost int64, why string) {
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return 0, "stopped before anything was done"
	}
	ask := goredis.NewStatusCmd(in.ctx, "type", q.Key)
	if err := in.exec([]goredis.Cmder{ask}, true); err != nil {
		return 0, in.complain(err)
	}
	holds, err := ask.Result()
	switch {
	case err != nil:
		return 0, in.complain(err)
	case holds == "none":
		return 0, ""
	case lengths[keyType(holds)] == "":
		return 0, fmt.Sprintf("the key holds a %s, which is no queue", kscope.Clean(holds))
	}
	empty := goredis.NewCmd(in.ctx, "unlink", q.Key)
	if keyType(holds) == stream {
		empty = goredis.NewCmd(in.ctx, "xtrim", q.Key, "maxlen", 0)
	}
	count := goredis.NewCmd(in.ctx, lengths[keyType(holds)], q.Key)
	done := goredis.NewSliceCmd(in.ctx, "exec")
	cmds := []goredis.Cmder{goredis.NewStatusCmd(in.ctx, "multi"), count, empty, done}
	if err := in.exec(cmds, false); err != nil {
		return 0, in.complain(err) + "; it may have been emptied or not"
	}
	for _, c := range cmds { // a refusal of one is one of all: nothing was done
		if c != done && c.Err() != nil {
			return 0, in.complain(c.Err())
		}
	}
	answers, err := done.Result()
	if err != nil {
		return 0, in.complain(err)
	}
	for _, a := range answers {
		if err, ok := a.(error); ok {
			return 0, in.complain(err)
		}
	}
	if len(answers) == len(cmds)-2 {
		lost, _ = answers[0].(int64)
	}
	return lost, ""
}
