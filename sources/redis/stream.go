package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// A stream is measured as KEDA's trigger would, by plain commands:
//
//	length   XLEN stream
//	pending  XPENDING stream group, of which the first number
//	lag      XINFO GROUPS stream, of which the group's lag; 0 where there is no
//	         stream, and XLEN where there is no such group
//
// Redis does not always know a lag. KEDA takes that for 0, which would be said
// here as if it were measured; so it is an error instead.

// errOfTheKey is the cause of an answer that is no number: the server is well.
var errOfTheKey = errors.New("of the key alone")

func keyTrouble(message, hint string) *kscope.Trouble {
	return &kscope.Trouble{Message: message, Hint: hint, Cause: errOfTheKey}
}

func newStreamGauge(of kscope.Backlog, q triggers.Redis, db int) *gauge {
	g := &gauge{of: of, queue: q, db: db, typ: "stream"}
	g.restart()
	return g
}

// restart makes the command that a measurement begins with.
func (g *gauge) restart() {
	ctx := context.Background()
	g.count, g.stream = nil, nil
	switch g.queue.Measure {
	case triggers.StreamPending:
		g.stream = goredis.NewCmd(ctx, "xpending", g.queue.Key, g.queue.Group)
	case triggers.StreamLag:
		g.stream = goredis.NewCmd(ctx, "xinfo", "groups", g.queue.Key)
	default:
		g.count = goredis.NewIntCmd(ctx, "xlen", g.queue.Key)
	}
}

// readStream takes the answer to the command sent last, as gauge.read.
func (g *gauge) readStream() (settled bool) {
	if g.count != nil {
		g.n, g.err = g.count.Result()
		g.err = g.inWords(g.err)
		if g.queue.Measure == triggers.StreamLag {
			g.restart() // the group may be made meanwhile
		}
		return true
	}
	answer, err := g.stream.Slice()
	if g.queue.Measure == triggers.StreamPending {
		g.n, g.err = pending(answer, err)
		g.err = g.inWords(g.err)
		return true
	}
	n, found, err := lag(answer, err, g.queue.Group)
	if err == nil && !found {
		g.count = goredis.NewIntCmd(context.Background(), "xlen", g.queue.Key)
		return false
	}
	g.n, g.err = n, g.inWords(err)
	return true
}

func pending(answer []any, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	if len(answer) > 0 {
		if n, ok := answer[0].(int64); ok {
			return n, nil
		}
	}
	return 0, keyTrouble("the server's answer to XPENDING is not understood", "")
}

// lag finds a group in the answer to XINFO GROUPS.
func lag(answer []any, err error, group string) (n int64, found bool, _ error) {
	if err != nil {
		if strings.Contains(err.Error(), "no such key") {
			return 0, true, nil
		}
		return 0, false, err
	}
	for _, a := range answer {
		pairs, _ := a.([]any)
		fields := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			if name, ok := pairs[i].(string); ok {
				fields[name] = pairs[i+1]
			}
		}
		if fields["name"] != group {
			continue
		}
		value, has := fields["lag"]
		if n, ok := value.(int64); ok {
			return n, true, nil
		}
		if !has {
			return 0, true, keyTrouble("the server does not tell the lag of a group", "lagCount needs Redis 7 or newer")
		}
		return 0, true, keyTrouble(fmt.Sprintf("Redis cannot tell the lag of group %s", kscope.Clean(group)), "KEDA takes that for 0. It comes of entries deleted from the middle of the stream, or of a group made in the middle of it")
	}
	return 0, false, nil
}

// inWords says what refusals that a stream's queue may meet mean.
func (g *gauge) inWords(err error) error {
	switch {
	case err == nil || !refused(err):
		return err
	case strings.HasPrefix(err.Error(), "WRONGTYPE"):
		return keyTrouble("the key does not hold a stream", "a trigger of type redis counts lists, sets, sorted sets and hashes")
	case strings.HasPrefix(err.Error(), "NOGROUP"):
		return keyTrouble(fmt.Sprintf("there is no stream %s with a group %s", kscope.Clean(g.queue.Key), kscope.Clean(g.queue.Group)), "a worker makes the group when it first starts: XGROUP CREATE … MKSTREAM")
	}
	return err
}
