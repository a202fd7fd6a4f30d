package broker

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// A batch is all that is ever in flight, and all whose fate is unknown when the
// connection breaks. A longer one would be a longer wait for a stop.
const (
	jobsPerBatch  = 1000
	bytesPerBatch = 4 << 20 // for large jobs, of which fewer travel together
)

// Batch is jobs that go into one backlog together.
type Batch struct {
	To    kscope.Backlog
	Side  load.Side // of a list
	Fresh bool      // it is the first of a load
	Alike bool      // the jobs may be equal to each other
	At    time.Time // when they were made
	// Jobs are never empty. They are cut from one string, and in the same place
	// for every batch of a Writer, which may build its commands around it.
	Jobs []string
	// Answers is told of each job that is a request, which Push does not wait for.
	Answers *Tally
	session string
	first   int64
}

// ID is an id that no other job has, that of Jobs[i].
func (b *Batch) ID(i int) string { return b.session + "-" + strconv.FormatInt(b.first+int64(i), 10) }

// jobs makes batches. What they are made of is kept from one to the next.
type jobs struct {
	session string // tells the ids of these from all others
	seq     int64
	random  func() uint64
	text    []byte
	ends    []int
	values  []string
	batch   Batch
	payload *load.Payload // what most and Alike are of
	most    int64         // to a batch
}

func newJobs() jobs {
	var id [22]byte
	_, _ = crand.Read(id[:]) // never fails
	seed := rand.NewPCG(binary.LittleEndian.Uint64(id[6:]), binary.LittleEndian.Uint64(id[14:]))
	return jobs{session: hex.EncodeToString(id[:6]), random: seed.Uint64, values: make([]string, jobsPerBatch)}
}

// delivery is where jobs go and what they look like.
type delivery struct {
	to      kscope.Backlog
	side    load.Side
	payload *load.Payload
}

func newDelivery(to kscope.Backlog, side load.Side, payload *load.Payload) delivery {
	if side == "" {
		side = load.Head
	}
	if payload == nil {
		payload = load.StandardPayload()
	}
	return delivery{to, side, payload}
}

// next is up to n jobs. They are good until the next call.
func (j *jobs) next(d delivery, n int64, now time.Time) *Batch {
	b := &j.batch
	if j.payload != d.payload {
		j.payload, b.Alike = d.payload, !d.payload.Differs()
		j.most = min(max(bytesPerBatch/int64(len(d.payload.Example())), 1), jobsPerBatch)
	}
	b.To, b.Side, b.At, b.session, b.first = d.to, d.side, now, j.session, j.seq+1
	b.Jobs = j.values[:min(n, j.most)]
	j.text, j.ends = j.text[:0], j.ends[:0]
	job := load.Job{Session: j.session, At: now, Random: j.random}
	for range b.Jobs {
		j.seq++
		job.Seq = j.seq
		j.text = d.payload.Append(j.text, job)
		j.ends = append(j.ends, len(j.text))
	}
	text, from := string(j.text), 0
	for i, end := range j.ends {
		b.Jobs[i], from = text[from:end], end
	}
	return b
}

// NewBatch is n jobs of a payload as a load has them made, for the tests of brokers.
func NewBatch(to kscope.Backlog, payload *load.Payload, n int, at time.Time) *Batch {
	made := newJobs()
	b := made.next(newDelivery(to, "", payload), int64(n), at)
	b.Answers = newTally(context.Background())
	return b
}
