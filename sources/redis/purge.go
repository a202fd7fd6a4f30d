package redis

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
)

// Purge empties a queue: it deletes the key, or all entries of a stream. What
// was in it is counted in the same transaction, so that the number is that of
// the jobs which were lost.
func (w *writer) Purge(ctx context.Context, q kscope.Backlog) (lost int64, err error) {
	key := keyOf(q)
	ask := goredis.NewStatusCmd(ctx, "type", key)
	if err := w.exec(ctx, []goredis.Cmder{ask}, true); err != nil {
		return 0, w.complain(ctx, err)
	}
	holds, err := ask.Result()
	switch {
	case err != nil:
		return 0, w.complain(ctx, err)
	case holds == "none":
		return 0, nil
	case lengths[keyType(holds)] == "":
		return 0, fmt.Errorf("the key holds a %s, which is no queue", kscope.Clean(holds))
	}
	empty := goredis.NewCmd(ctx, "unlink", key)
	if keyType(holds) == stream {
		empty = goredis.NewCmd(ctx, "xtrim", key, "maxlen", 0)
	}
	count := goredis.NewCmd(ctx, lengths[keyType(holds)], key)
	done := goredis.NewSliceCmd(ctx, "exec")
	cmds := []goredis.Cmder{goredis.NewStatusCmd(ctx, "multi"), count, empty, done}
	if err := w.exec(ctx, cmds, false); err != nil {
		return 0, fmt.Errorf("%w; it may have been emptied or not", w.complain(ctx, err))
	}
	for _, c := range cmds { // a refusal of one is one of all: nothing was done
		if c != done && c.Err() != nil {
			return 0, w.complain(ctx, c.Err())
		}
	}
	answers, err := done.Result()
	if err != nil {
		return 0, w.complain(ctx, err)
	}
	for _, a := range answers {
		if err, ok := a.(error); ok {
			return 0, w.complain(ctx, err)
		}
	}
	if len(answers) == len(cmds)-2 {
		lost, _ = answers[0].(int64)
	}
	return max(lost, 0), nil
}
