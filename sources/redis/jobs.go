package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Jobs travel as several values to a command and several commands to a
// pipeline: the first saves the server and the client work, the second saves
// round trips. A pipeline is all that is ever in flight, and all whose fate is
// unknown when the connection breaks. A command with more values would be a
// longer wait for others, a longer pipeline a longer wait for a stop.
const (
	jobsPerCommand  = 100
	commandsPerPush = 10
)

// ExampleJob is what a job looks like that [Source.Push] puts into a queue: an
// id that no other has, counted up from the first of a session, and when it was
// put in.
const ExampleJob = `{"id":"5f0c21d9a7e3-000042","at":"2026-01-02T15:04:05.123456789Z"}`

// jobs makes LPUSH commands. What a pipeline is made of is kept from one to
// the next; the values of one pipeline are cut from one string.
type jobs struct {
	run    string // tells the ids of this injector from all others
	seq    int64
	text   []byte
	ends   []int
	values []string
	cmds   []goredis.Cmder
	key    string
	whole  bool // cmds is a pipeline of full length
}

func newJobs() jobs {
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	return jobs{run: hex.EncodeToString(id[:])}
}

// commands is a pipeline that puts up to n jobs into a list. It is good until
// the next call.
func (j *jobs) commands(key string, n int64, now time.Time) []goredis.Cmder {
	n = min(n, jobsPerCommand*commandsPerPush)
	j.write(int(n), now)
	whole := n == jobsPerCommand*commandsPerPush
	if whole && j.whole && j.key == key {
		return j.cmds // they point at the values, which are new
	}
	j.key, j.whole, j.cmds = key, whole, nil
	for at := 0; at < int(n); at += jobsPerCommand {
		// Pointers to the values travel without being boxed one by one.
		args := append(make([]any, 0, 2+jobsPerCommand), "lpush", key)
		for i := at; i < min(at+jobsPerCommand, int(n)); i++ {
			args = append(args, &j.values[i])
		}
		j.cmds = append(j.cmds, goredis.NewIntCmd(context.Background(), args...))
	}
	return j.cmds
}

// write makes the values of n jobs, each like [ExampleJob].
func (j *jobs) write(n int, now time.Time) {
	if j.values == nil {
		j.values = make([]string, jobsPerCommand*commandsPerPush)
	}
	tail := now.UTC().AppendFormat([]byte(`","at":"`), time.RFC3339Nano)
	tail = append(tail, `"}`...)
	j.text, j.ends = j.text[:0], j.ends[:0]
	for range n {
		j.seq++
		j.text = append(j.text, `{"id":"`...)
		j.text = append(j.text, j.run...)
		j.text = append(j.text, '-')
		for digits := j.seq; digits < 100_000; digits *= 10 { // six digits at least, so that ids sort
			j.text = append(j.text, '0')
		}
		j.text = strconv.AppendInt(j.text, j.seq, 10)
		j.text = append(j.text, tail...)
		j.ends = append(j.ends, len(j.text))
	}
	text, from := string(j.text), 0
	for i, end := range j.ends {
		j.values[i], from = text[from:end], end
	}
}
