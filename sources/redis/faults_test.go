package redis

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
)

// What a server answers instead of a number, to measuring and to jobs, is said
// at the next measurement, and goes with its cause.
func TestServerAnswers(t *testing.T) {
	for name, tt := range map[string]struct{ reply, says string }{
		"LOADING":     {"LOADING Redis is loading the dataset in memory", "the server is loading its data into memory"},
		"MASTERDOWN":  {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "the server is a replica that has lost its master"},
		"CLUSTERDOWN": {"CLUSTERDOWN The cluster is down", "the Redis Cluster is down"},
		"MOVED":       {"MOVED 3999 10.0.0.1:6381", "the key is on another node of a Redis Cluster"},
		"NOAUTH":      {"NOAUTH Authentication required.", "the server wants a password"},
		"MISCONF":     {"MISCONF Redis is configured to save RDB snapshots", "the server does not take writes because it cannot save to disk"},
		"max clients": {"ERR max number of clients reached", "the server has as many clients as it allows"},
		"protected":   {"DENIED Redis is running in protected mode", "the server is in protected mode"},
		"no Redis":    {"", "is not Redis, or expects TLS"},
		"new one":     {"TIRED I am \x1b[31mtired", "the server says: TIRED I am tired"},
		"no answer":   {"\x00", "gave no answer within 2s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var faulty atomic.Bool
				server := &fakeServer{}
				o := Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					if !faulty.Load() {
						return server.dial(ctx, network, address)
					}
					client, there := net.Pipe()
					go answerAll(there, tt.reply, &faulty)
					return client, nil
				}}
				s := New(o)
				f := &facts{t: t, signal: make(chan struct{}, 1)}
				ctx, cancel := context.WithCancel(t.Context())
				returned := make(chan error)
				go func() { returned <- s.Run(ctx, f.emit) }()
				s.Follow(scaledObject("a", one))
				f.status(kscope.Synced)
				faulty.Store(true)
				server.hangUp()
				began := time.Now()
				got := f.status(kscope.Failing)
				if !strings.Contains(got.Message, tt.says) || time.Since(began) > readTimeout+time.Second {
					t.Errorf("got %+v after %v, want %q", got, time.Since(began), tt.says)
				}
				err := s.Load(t.Context(), load.Load{Backlog: one, Profile: load.BatchOf(5)}, nil)
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("pushing: got %v, want %q", err, tt.says)
				}
				faulty.Store(false)
				f.status(kscope.Synced)
				if err := s.Load(t.Context(), load.Load{Backlog: one, Profile: load.BatchOf(5)}, nil); err != nil {
					t.Errorf("pushing afterwards: %v", err)
				}
				cancel()
				if err := <-returned; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// answerAll answers every command with an error, or with no reply at all: as a
// web server would if that is empty, and never if it is a zero byte; but with a
// number when it is not faulty any more.
func answerAll(c net.Conn, reply string, faulty *atomic.Bool) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReader(c)
	out := make(chan string, 1000) // a pipe holds nothing, a socket would
	defer close(out)
	go func() {
		for text := range out {
			_, _ = io.WriteString(c, text)
		}
	}()
	for {
		if _, err := readCommand(in); err != nil {
			return
		}
		switch {
		case !faulty.Load():
			out <- ":1\r\n"
		case reply == "\x00":
		case reply == "":
			out <- "HTTP/1.1 400 Bad Request\r\n\r\n"
		default:
			out <- "-" + reply + "\r\n"
		}
	}
}

// A server whose memory is full takes no job, says so, and is measured all the
// same; the next key press works once there is room.
func TestOutOfMemory(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t, "--maxmemory-policy", "noeviction")
	r.do("rpush", "list", 1, 2, 3)
	s, f := run(t, Options{})
	q := r.queue("list")
	s.Follow(scaledObject("one", q))
	f.depth(q, known(3))
	r.do("config", "set", "maxmemory", 1)
	const want = "the server is out of memory"
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(5)}, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("pushing: got %v", err)
	}
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: profile(t, "steady:100/s,1m")}, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("loading: got %v", err)
	}
	r.do("lpop", "list")
	f.depth(q, known(2))
	r.do("config", "set", "maxmemory", 0)
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(5)}, nil); err != nil {
		t.Errorf("pushing afterwards: %v", err)
	}
	f.depth(q, known(7))
	for _, fact := range f.copy() {
		if st, ok := fact.(kscope.Status); ok && st.State == kscope.Failing {
			t.Errorf("got %+v though the server can be measured", st)
		}
	}
}

// A number below zero, which what stands before a Redis may answer, is no depth.
func TestNegativeCounts(t *testing.T) {
	for name, q := range map[string]triggers.Redis{
		"a list":             {Measure: triggers.Size},
		"a stream's length":  {Measure: triggers.StreamLength},
		"a stream's pending": {Measure: triggers.StreamPending},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGauge(one, q, 0)
			switch cmd := g.next().(type) {
			case *goredis.IntCmd:
				cmd.SetVal(-5)
			case *goredis.Cmd:
				cmd.SetVal([]any{int64(-5)})
			}
			m := gauges{pending: []*gauge{g}, at: []*goredis.StatusCmd{nil}}
			m.settle()
			if len(m.pending) > 0 || g.err == nil || !strings.Contains(g.err.Error(), "counts -5") || !g.answered() {
				t.Errorf("got %d and %v", g.n, g.err)
			}
		})
	}
}

// A key that is deleted is an empty queue, and no trouble.
func TestKeyGone(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("rpush", "list", 1, 2, 3)
	s, f := run(t, Options{})
	q := r.queue("list")
	s.Follow(scaledObject("one", q))
	f.depth(q, known(3))
	r.do("del", "list")
	if d := f.depth(q, func(d kscope.Depth) bool { return d.N != 3 }); d.Err != "" || d.N != 0 || d.Type != "none" {
		t.Errorf("got %+v", d)
	}
}
