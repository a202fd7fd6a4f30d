package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

func unheard(t *testing.T, wrote func()) *redis {
	t.Helper()
	r, err := startRedis(false, 0, wrote)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func client(t *testing.T, r *redis, o goredis.Options) *goredis.Client {
	t.Helper()
	o.Addr = "redis.demo.svc:6379"
	o.Dialer = func(ctx context.Context, _, address string) (net.Conn, error) { return r.dial(ctx, address) }
	o.DialerRetries, o.MaxRetries = 1, -1
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c := goredis.NewClient(&o)
	t.Cleanup(func() { c.Close() })
	return c
}

// TestQueues measures keys of every type as KEDA does, and takes from them.
func TestQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := unheard(t, func() {})
		c := client(t, r, goredis.Options{DB: 2})
		ctx := t.Context()
		c.LPush(ctx, "list", "first", "second", "third")
		c.SAdd(ctx, "set", "a", "b")
		c.ZAdd(ctx, "zset", goredis.Z{Score: 2, Member: "late"}, goredis.Z{Score: 1, Member: "early"})
		c.HSet(ctx, "hash", "k", "v")
		c.Set(ctx, "string", "x", 0)
		c.XAdd(ctx, &goredis.XAddArgs{Stream: "stream", Values: []string{"a", "b"}})
		for _, test := range []struct {
			key  string
			db   int
			n    int64
			err  string
			take bool
		}{
			{key: "list", db: 2, n: 3, take: true},
			{key: "list", db: 0},
			{key: "set", db: 2, n: 2, take: true},
			{key: "zset", db: 2, n: 2, take: true},
			{key: "hash", db: 2, n: 1, take: true},
			{key: "none", db: 2},
			{key: "string", db: 2, err: "ERR unsupported key type: string"},
			{key: "stream", db: 2, err: "ERR unsupported key type: stream"},
			{key: "list", db: 16, err: "ERR DB index is out of range"},
		} {
			q := triggers.Redis{Address: "anything:1", DB: test.db, Key: test.key}
			n, err := r.Len(q)
			if n != test.n || test.err != errText(err) {
				t.Errorf("%s in %d: got %d %v, want %d %q", test.key, test.db, n, err, test.n, test.err)
			}
			if test.db == 16 {
				continue
			}
			if id, took, err := r.Take(q); took != test.take || id != "" || err != nil {
				t.Errorf("take %s in %d: %q %v %v", test.key, test.db, id, took, err)
			}
			if n, _ := r.Len(q); test.take && n != test.n-1 {
				t.Errorf("%s: %d left", test.key, n)
			}
		}
		if left := c.LRange(ctx, "list", 0, -1).Val(); fmt.Sprint(left) != "[third second]" {
			t.Errorf("left %v: the oldest goes first", left)
		}
		if left := c.ZRange(ctx, "zset", 0, -1).Val(); fmt.Sprint(left) != "[late]" {
			t.Errorf("left %v", left)
		}
	})
}

// TestStreams measures a stream in the three ways of KEDA's trigger while its entries are
// taken and done.
func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := unheard(t, func() {})
		c := client(t, r, goredis.Options{DB: 2})
		ctx := t.Context()
		of := func(m triggers.Measure) triggers.Redis {
			q := triggers.Redis{Address: "anything:1", DB: 2, Key: "s", Measure: m, Group: "workers"}
			if m == triggers.StreamLength {
				q.Group = ""
			}
			return q
		}
		is := func(when string, lag, pending, length string) {
			t.Helper()
			for m, want := range map[triggers.Measure]string{triggers.StreamLag: lag, triggers.StreamPending: pending, triggers.StreamLength: length} {
				n, err := r.Len(of(m))
				if got := cmp.Or(errText(err), fmt.Sprint(n)); !strings.HasPrefix(got, want) {
					t.Errorf("%s: %s %q, want %q", when, m, got, want)
				}
			}
		}
		is("without a stream", "0", "NOGROUP No such key 's' or consumer group 'workers'", "0")
		for range 5 {
			c.XAdd(ctx, &goredis.XAddArgs{Stream: "s", Values: []string{"job", "x"}})
		}
		is("without a group", "5", "NOGROUP", "5")
		var ids []string
		for range 3 {
			id, ok, err := r.Take(of(triggers.StreamLag))
			if id == "" || !ok || err != nil {
				t.Fatalf("took %q %v %v", id, ok, err)
			}
			ids = append(ids, id)
		}
		is("three taken", "2", "3", "5")
		r.Done(of(triggers.StreamLag), ids[1])
		is("one done", "2", "2", "4")
		if id, ok, err := r.Take(of(triggers.StreamLength)); id != "" || !ok || err != nil {
			t.Errorf("the oldest of all: %q %v %v", id, ok, err)
		}
		is("one taken by whoever knows no group", "2", "1", "3") // one that is deleted waits for nobody
		for _, id := range []string{"4", "5"} {
			if _, ok, err := r.Take(of(triggers.StreamPending)); !ok || err != nil {
				t.Errorf("the %s: %v %v", id, ok, err)
			}
		}
		if _, ok, err := r.Take(of(triggers.StreamPending)); ok || err != nil {
			t.Errorf("there are no more: %v %v", ok, err)
		}
		is("all taken", "0", "3", "3")
		c.Del(ctx, "s")
		c.LPush(ctx, "s", "x")
		const wrong = "WRONGTYPE Operation against a key holding the wrong kind of value"
		is("a list", wrong, wrong, wrong)
		if _, ok, err := r.Take(of(triggers.StreamLag)); ok || err != nil {
			t.Errorf("took of a list: %v %v", ok, err)
		}
		r.lose()
		if _, err := r.Len(of(triggers.StreamLag)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
	})
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestWrites: every command that may change something is told of after it has
// been carried out, whatever way it takes; reading is not.
func TestWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []int64
		var r *redis
		r = unheard(t, func() {
			n, _ := r.Len(triggers.Redis{Key: "q"})
			told = append(told, n)
		})
		c := client(t, r, goredis.Options{Protocol: 2, DisableIdentity: true})
		ctx := t.Context()
		for _, test := range []struct {
			name string
			do   func() error
			want int64 // length told of last; -1 if nothing was told
		}{
			{"push", func() error { return c.LPush(ctx, "q", "a", "b").Err() }, 2},
			{"read", func() error { return c.LLen(ctx, "q").Err() }, -1},
			{"transaction", func() error {
				_, err := c.TxPipelined(ctx, func(p goredis.Pipeliner) error { p.RPush(ctx, "q", "c"); return p.RPush(ctx, "q", "d").Err() })
				return err
			}, 4},
			{"move", func() error { return c.LMove(ctx, "q", "other", "left", "right").Err() }, 3},
			{"rename", func() error { return c.Rename(ctx, "other", "q").Err() }, 1},
		} {
			told = append(told[:0], -1)
			if err := test.do(); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			synctest.Wait()
			if got := told[len(told)-1]; got != test.want {
				t.Errorf("%s: got %d, want %d", test.name, got, test.want)
			}
		}
	})
}

// TestScripts: what a script writes is told of too; it is said while the script
// still runs, so whoever is told must not ask Redis.
func TestScripts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int32
		c := client(t, unheard(t, func() { told.Add(1) }), goredis.Options{})
		before := told.Load()
		if err := c.Eval(t.Context(), `return redis.call('lpush', KEYS[1], 'a')`, []string{"q"}).Err(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if told.Load() == before {
			t.Error("not told")
		}
	})
}

// TestPasswords: any is taken, by either greeting, and none is needed.
func TestPasswords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := unheard(t, func() {})
		for _, o := range []goredis.Options{
			{}, {Password: "any"}, {Username: "ann", Password: "any"},
			{Protocol: 2}, {Protocol: 2, Password: "any"}, {Protocol: 2, Username: "ann", Password: "any"},
		} {
			c := client(t, r, o)
			if err := c.LPush(t.Context(), "q", "x").Err(); err != nil {
				t.Errorf("protocol %d, user %q, password %q: %v", o.Protocol, o.Username, o.Password, err)
			}
		}
	})
}

// TestLongPipeline sends far more than a connection in memory holds before the
// first answer is read.
func TestLongPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := unheard(t, func() {})
		c := client(t, r, goredis.Options{})
		pipe := c.Pipeline()
		for i := range 5000 {
			pipe.RPush(t.Context(), "q", strings.Repeat("x", 20)+strconv.Itoa(i))
		}
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, _ := r.Len(triggers.Redis{Key: "q"}); n != 5000 {
			t.Error(n)
		}
	})
}

// TestLoseRedis: connections break, new ones are refused in the words that KEDA
// and kscope would meet, and afterwards all is as before: blocking commands too.
func TestLoseRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := unheard(t, func() {})
		c := client(t, r, goredis.Options{})
		ctx := t.Context()
		c.LPush(ctx, "q", "a", "b")
		for range 2 {
			r.lose()
			r.lose()
			if err := c.LPush(ctx, "q", "c").Err(); err == nil {
				t.Error("pushed into a lost Redis")
			}
			_, err := r.Len(triggers.Redis{Address: "redis.demo.svc:6379", Key: "q"})
			if !errors.Is(err, syscall.ECONNREFUSED) || !strings.HasPrefix(err.Error(), "dial tcp 10.96.") || !strings.HasSuffix(err.Error(), ":6379: connect: connection refused") {
				t.Error(err)
			}
			if _, _, err := r.Take(triggers.Redis{Key: "q"}); err == nil {
				t.Error("took from a lost Redis")
			}
			if _, err := r.dial(ctx, "127.0.0.1:6379"); errText(err) != "dial tcp 127.0.0.1:6379: connect: connection refused" {
				t.Error(err)
			}
			if err := errors.Join(r.find(), r.find()); err != nil {
				t.Fatal(err)
			}
			c = client(t, r, goredis.Options{}) // the old one takes its time
			if got, err := c.LRange(ctx, "q", 0, -1).Result(); fmt.Sprint(got) != "[b a]" {
				t.Errorf("left %v, %v", got, err)
			}
			took := make(chan []string)
			go func() { took <- c.BRPop(ctx, time.Minute, "later").Val() }()
			synctest.Wait()
			c.LPush(ctx, "later", "x")
			if got := <-took; fmt.Sprint(got) != "[later x]" {
				t.Errorf("a blocked consumer got %v", got)
			}
		}
	})
}

// TestPort uses real sockets: a port that was asked for is had, is kept when
// Redis is lost and found, and cannot be had twice.
func TestPort(t *testing.T) {
	r, err := startRedis(true, 0, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	address := r.address()
	_, err = startRedis(true, r.Port(), func() {})
	if want := fmt.Sprintf("port %d of 127.0.0.1 is in use", r.Port()); errText(err) != want || kscope.HintOf(err) == "" {
		t.Errorf("got %v, want %s and a hint", err, want)
	}
	c := client(t, r, goredis.Options{})
	if err := c.LPush(t.Context(), "q", "a").Err(); err != nil {
		t.Fatal(err)
	}
	r.lose()
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("something still listens")
	}
	if err := r.find(); err != nil {
		t.Fatal(err)
	}
	c = client(t, r, goredis.Options{})
	if n := c.LLen(t.Context(), "q").Val(); n != 1 || r.address() != address {
		t.Errorf("%d jobs at %s, want 1 at %s", n, r.address(), address)
	}
	r.lose()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal("somebody else took the port:", err)
	}
	if err := r.find(); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
	l.Close()
	if err := r.find(); err != nil {
		t.Error(err)
	}
}
