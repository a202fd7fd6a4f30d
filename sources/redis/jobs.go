package redis

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope/sources/broker"
)

// Jobs travel as several values to a command and several commands to a
// pipeline: the first saves the server and the client work, the second saves
// round trips. A command with more values would be a longer wait for others.
const jobsPerCommand = 100

// keyType is what a key holds, in Redis's word.
type keyType string

const (
	list   keyType = "list"
	set    keyType = "set"
	zset   keyType = "zset"   // scored by the time in microseconds, so that the oldest come first
	hash   keyType = "hash"   // by the jobs' ids
	stream keyType = "stream" // each job is an entry, see fields
)

// lengths are the commands that tell how much a key of each shape holds.
var lengths = map[keyType]string{list: "llen", set: "scard", zset: "zcard", hash: "hlen", stream: "xlen"}

// commands puts batches into commands, and keeps those of the last one: where
// the next is as long and goes the same way they hold its jobs already, which
// are in the same place.
type commands struct {
	last  []goredis.Cmder
	way   way
	score int64 // of the last job of a sorted set: two batches may be less apart than their jobs are many
}

// way is how jobs got into commands.
type way struct {
	verb, key string
	first     *string // of the jobs
	n         int
}

// of is a pipeline that puts a batch into a key. It is good until the next call.
func (c *commands) of(b *broker.Batch, shape keyType) []goredis.Cmder {
	verb := string(b.Side)
	switch shape {
	case list:
	case set:
		verb = "sadd"
	default:
		c.way, c.last = way{}, c.keyed(b, shape)
		return c.last
	}
	key := keyOf(b.To)
	now := way{verb, key, &b.Jobs[0], len(b.Jobs)}
	if now == c.way {
		return c.last
	}
	c.way, c.last = now, nil
	for at := 0; at < len(b.Jobs); at += jobsPerCommand {
		// Pointers to the values travel without being boxed one by one.
		args := append(make([]any, 0, 2+jobsPerCommand), verb, key)
		for i := at; i < min(at+jobsPerCommand, len(b.Jobs)); i++ {
			args = append(args, &b.Jobs[i])
		}
		c.last = append(c.last, goredis.NewIntCmd(context.Background(), args...))
	}
	return c.last
}

// keyed is commands for the shapes in which a value does not stand alone.
func (c *commands) keyed(b *broker.Batch, shape keyType) (cmds []goredis.Cmder) {
	ctx, key := context.Background(), keyOf(b.To)
	if shape == stream {
		for _, job := range b.Jobs {
			cmds = append(cmds, goredis.NewStringCmd(ctx, append([]any{"xadd", key, "*"}, fields(job)...)...))
		}
		return cmds
	}
	for at := 0; at < len(b.Jobs); at += jobsPerCommand {
		args := append(make([]any, 0, 2+2*jobsPerCommand), map[keyType]string{zset: "zadd", hash: "hset"}[shape], key)
		for i := at; i < min(at+jobsPerCommand, len(b.Jobs)); i++ {
			if shape == zset {
				c.score = max(c.score+1, b.At.UnixMicro())
				args = append(args, c.score, b.Jobs[i])
			} else {
				args = append(args, b.ID(i), b.Jobs[i])
			}
		}
		cmds = append(cmds, goredis.NewIntCmd(ctx, args...))
	}
	return cmds
}

// fields are those of a stream's entry for a job: the members of the JSON object
// that it is, strings as they are and other values as JSON. A job that is none
// is the one field "job".
func fields(job string) (out []any) {
	whole := []any{"job", job}
	in := json.NewDecoder(strings.NewReader(job))
	if begin, err := in.Token(); err != nil || begin != json.Delim('{') {
		return whole
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return whole
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return whole
		}
		text := string(value)
		if strings.HasPrefix(text, `"`) {
			if err := json.Unmarshal(value, &text); err != nil {
				return whole
			}
		}
		out = append(out, name, text)
	}
	if _, err := in.Token(); err != nil || len(out) == 0 {
		return whole
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return whole // there is more than the object
	}
	return out
}

// carried is how many jobs a command carries.
func carried(c goredis.Cmder) int64 {
	switch n := int64(len(c.Args()) - 2); c.Name() {
	case "zadd", "hset":
		return n / 2
	case "xadd":
		return 1
	default:
		return n
	}
}
