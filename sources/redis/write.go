package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

// writer puts jobs into one database of one server over one connection, which
// it keeps for the next time.
type writer struct {
	server  Server
	db      int
	options Options

	line     line
	commands commands
	holds    map[string]keyType // what keys held when last something was put there
}

// Push sends a batch in one pipeline. Where the key turns out to hold something
// else than was thought, nothing went in, and it is tried that way.
func (w *writer) Push(ctx context.Context, b *broker.Batch) broker.Outcome {
	key := keyOf(b.To)
	if b.Fresh || w.holds[key] == "" {
		w.holds[key] = usually(b.To)
	}
	fresh := b.Fresh
	for {
		shape := w.holds[key]
		if (shape == set || shape == zset) && b.Alike {
			return broker.Outcome{Err: errAlike}
		}
		cmds := w.commands.of(b, shape)
		err := w.exec(ctx, cmds, fresh)
		did := account(cmds)
		for _, c := range cmds { // any refusal will do: they are all for the same key
			if err == nil {
				err = c.Err()
			}
		}
		if err == nil {
			return did
		}
		if did.Accepted > 0 || !refused(err) || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
			did.Err = w.complain(ctx, err)
			return did
		}
		holds, err := w.typeOf(ctx, key)
		if err != nil || lengths[holds] == "" || holds == shape {
			did.Err = noShape(holds)
			return did
		}
		w.holds[key], fresh = holds, false
	}
}

// keyOf is the key of a backlog, which may be called otherwise.
func keyOf(b kscope.Backlog) string { return triggers.RedisOf(b).Key }

// usually is what a key is taken to hold: a list, unless the trigger measures a
// stream.
func usually(of kscope.Backlog) keyType {
	if triggers.RedisOf(of).Measure != triggers.Size {
		return stream
	}
	return list
}

// errAlike is for jobs that a set would take for one.
var errAlike = errors.New("the key holds a set, which takes equal jobs for one: the payload needs an {id}")

// noShape is for a key that holds what jobs cannot be put into.
func noShape(holds keyType) error {
	if holds == "" {
		return errors.New("the key holds something else than a list")
	}
	return fmt.Errorf("the key holds a %s; jobs can only be put into a list, a set, a sorted set, a hash or a stream", kscope.Clean(string(holds)))
}

// typeOf asks what a key holds; "" if the server will not say.
func (w *writer) typeOf(ctx context.Context, key string) (keyType, error) {
	ask := goredis.NewStatusCmd(ctx, "type", key)
	if err := w.ask(ctx, ask); err != nil {
		return "", err
	}
	return keyType(ask.Val()), ask.Err()
}

// Length asks how much a queue holds; 0 if the server will not say.
func (w *writer) Length(ctx context.Context, q kscope.Backlog) int64 {
	key := keyOf(q)
	ask := goredis.NewIntCmd(ctx, lengths[cmp.Or(w.holds[key], usually(q))], key)
	if w.ask(ctx, ask) != nil || ask.Err() != nil {
		return 0
	}
	return max(ask.Val(), 0)
}

// exec sends commands that must not be carried out twice. They are sent again
// over a new connection only if they never left; what came of them where one
// ended with them under way is unknown. So the connection that is kept is made
// sure of before the first of a load, which is fresh, and after a rest.
func (w *writer) exec(ctx context.Context, cmds []goredis.Cmder, fresh bool) error {
	for _, c := range cmds {
		c.SetErr(errUnanswered)
	}
	if fresh || w.line.rested() {
		w.line.check(ctx)
	}
	return w.line.do(ctx, w.dialer(ctx), func(l *link) error {
		err := l.exec(ctx, cmds...)
		if err != nil && !unsent(err) {
			disown(cmds, err)
		}
		return err
	}, unsent)
}

// ask sends a question, which does no harm when it is sent twice.
func (w *writer) ask(ctx context.Context, question goredis.Cmder) error {
	return w.line.do(ctx, w.dialer(ctx), func(l *link) error { return l.exec(ctx, question) }, ended)
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

// dialer opens a connection and gets through its greetings, so that what fails
// after it has failed with jobs under way.
func (w *writer) dialer(ctx context.Context) func() (*link, error) {
	return func() (*link, error) {
		l, err := connect(ctx, w.server, w.db, w.options)
		if err != nil {
			return nil, err
		}
		if err := l.ping(ctx); err != nil {
			l.close()
			return nil, err
		}
		return l, nil
	}
}

// Close hangs up.
func (w *writer) Close() { w.line.close() }

// account adds up what the server answered to a pipeline.
func account(cmds []goredis.Cmder) (did broker.Outcome) {
	for _, c := range cmds {
		n := carried(c)
		switch err := c.Err(); {
		case err == nil:
			length, ok := c.(*goredis.IntCmd)
			if push := strings.HasSuffix(c.Name(), "push"); ok && push {
				did.Length = max(length.Val(), 0)
			} else if ok {
				n = min(max(length.Val(), 0), n) // those that were not there before
			}
			did.Accepted += n
		case !refused(err) && !errors.Is(err, errUnanswered):
			did.Unknown += n
		}
	}
	return did
}

// complain says in plain words what ended a push.
func (w *writer) complain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped with the connection") // which we cut ourselves
	}
	return explained(err, w.server, w.options.Override != nil)
}
