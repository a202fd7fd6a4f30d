package redis

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope/load"
)

// Jobs travel as several values to a command and several commands to a
// pipeline: the first saves the server and the client work, the second saves
// round trips. A pipeline is all that is ever in flight, and all whose fate is
// unknown when the connection breaks. A command with more values would be a
// longer wait for others, a longer pipeline a longer wait for a stop.
const (
	jobsPerCommand  = 100
	commandsPerPush = 10
	bytesPerPush    = 4 << 20 // for large jobs, of which fewer travel together
)

// ExampleJob is what a job looks like that [Source.Push] puts into a queue
// unless it is given another payload: an id that no other has, counted up from
// the first of a session, and when it was put in.
const ExampleJob = `{"id":"5f0c21d9a7e3-000042","at":"2026-01-02T15:04:05.123456789Z"}`

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

// way is how jobs get into a queue.
type way struct {
	key     string
	shape   keyType
	side    load.Side
	payload *load.Payload
}

// jobs makes the commands that put jobs into a queue. What a pipeline is made
// of is kept from one to the next; the values of one pipeline are cut from one
// string.
type jobs struct {
	session string // tells the ids of this injector from all others
	seq     int64
	random  func() uint64
	text    []byte
	ends    []int
	values  []string
	cmds    []goredis.Cmder
	way     way
	most    int64 // to a pipeline
	whole   bool  // cmds is a pipeline of full length
	score   int64 // of the last job of a sorted set: two pipelines may be less apart than their jobs are many
}

func newJobs() jobs {
	var id [22]byte
	_, _ = crand.Read(id[:]) // never fails
	seed := rand.NewPCG(binary.LittleEndian.Uint64(id[6:]), binary.LittleEndian.Uint64(id[14:]))
	return jobs{session: hex.EncodeToString(id[:6]), random: seed.Uint64}
}

// commands is a pipeline that puts up to n jobs into a queue. It is good until
// the next call.
func (j *jobs) commands(w way, n int64, now time.Time) []goredis.Cmder {
	if j.way != w {
		j.way, j.cmds, j.whole = w, nil, false
		j.most = min(max(bytesPerPush/int64(len(w.payload.Example())), 1), jobsPerCommand*commandsPerPush)
	}
	n = min(n, j.most)
	first := j.seq + 1
	j.write(int(n), now)
	if w.shape != list && w.shape != set {
		j.cmds, j.whole = j.keyed(first, int(n), now), false
		return j.cmds
	}
	whole := n == j.most
	if whole && j.whole {
		return j.cmds // they point at the values, which are new
	}
	verb := string(w.side)
	if w.shape == set {
		verb = "sadd"
	}
	j.whole, j.cmds = whole, nil
	for at := 0; at < int(n); at += jobsPerCommand {
		// Pointers to the values travel without being boxed one by one.
		args := append(make([]any, 0, 2+jobsPerCommand), verb, w.key)
		for i := at; i < min(at+jobsPerCommand, int(n)); i++ {
			args = append(args, &j.values[i])
		}
		j.cmds = append(j.cmds, goredis.NewIntCmd(context.Background(), args...))
	}
	return j.cmds
}

// keyed is commands for the shapes in which a value does not stand alone.
func (j *jobs) keyed(first int64, n int, now time.Time) (cmds []goredis.Cmder) {
	ctx := context.Background()
	if j.way.shape == stream {
		for i := range n {
			cmds = append(cmds, goredis.NewStringCmd(ctx, append([]any{"xadd", j.way.key, "*"}, fields(j.values[i])...)...))
		}
		return cmds
	}
	for at := 0; at < n; at += jobsPerCommand {
		args := append(make([]any, 0, 2+2*jobsPerCommand), map[keyType]string{zset: "zadd", hash: "hset"}[j.way.shape], j.way.key)
		for i := at; i < min(at+jobsPerCommand, n); i++ {
			if j.way.shape == zset {
				j.score = max(j.score+1, now.UnixMicro())
				args = append(args, j.score, j.values[i])
			} else {
				args = append(args, j.session+"-"+strconv.FormatInt(first+int64(i), 10), j.values[i])
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

// write makes the values of n jobs.
func (j *jobs) write(n int, now time.Time) {
	if j.values == nil {
		j.values = make([]string, jobsPerCommand*commandsPerPush)
	}
	j.text, j.ends = j.text[:0], j.ends[:0]
	job := load.Job{Session: j.session, At: now, Random: j.random}
	for range n {
		j.seq++
		job.Seq = j.seq
		j.text = j.way.payload.Append(j.text, job)
		j.ends = append(j.ends, len(j.text))
	}
	text, from := string(j.text), 0
	for i, end := range j.ends {
		j.values[i], from = text[from:end], end
	}
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
