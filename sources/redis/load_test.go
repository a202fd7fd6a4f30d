package redis

import (
	"context"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

func profile(t testing.TB, text string) load.Profile {
	t.Helper()
	p, err := load.ParseProfile(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// loads picks what loads said out of what was seen.
func loads(all []seen) (out []kscope.Loading) {
	for _, s := range all {
		if l, ok := s.fact.(kscope.Loading); ok {
			out = append(out, l)
		}
	}
	return out
}

// A server that cannot be reached, or falls silent, ends a load, and what was
// under way is accounted for.
func TestLoadLosesTheServer(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		news()
		server.refuses.Store(true)
		err := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "steady:100/s,1m")}, nil)
		ls := loads(news())
		if last := ls[len(ls)-1]; err == nil || last.State != kscope.LoadFailed || last.Err != err.Error() || !strings.Contains(last.Err, "connection refused") || last.Accepted+last.Unknown != 0 {
			t.Errorf("got %v, and it ends with %+v", err, last)
		}
	})
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		news()
		time.AfterFunc(10*time.Second, func() { server.silent.Store(true) })
		began := time.Now()
		err := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "steady:100/s,1m")}, nil)
		ls := loads(news())
		last := ls[len(ls)-1]
		if err == nil || last.State != kscope.LoadFailed || last.Accepted < 990 || last.Accepted > 1002 || last.Unknown < 1 || last.Unknown > 4 {
			t.Errorf("got %v, and it ends with %+v", err, last)
		}
		if took := time.Since(began); took > 13*time.Second {
			t.Errorf("it noticed after %v", took-10*time.Second)
		}
	})
}

func TestLoadIsRefused(t *testing.T) {
	for _, tt := range []struct {
		o          Options
		load, want string
	}{
		{Options{}, "steady:99999/s,1s", "--max-rate lifts it"}, {Options{}, "batch:2M", "--max-total lifts it"},
		{Options{ReadOnly: true}, "steady:9/s,1s", "read-only"},
	} {
		bubble(t, tt.o, func(s *Source, server *fakeServer, news func() []seen) {
			news()
			err := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, tt.load)}, nil)
			ls := loads(news())
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(ls) != 1 || ls[0].State != kscope.LoadFailed || ls[0].Err != err.Error() {
				t.Errorf("%s: got %v and %+v, want %q", tt.load, err, ls, tt.want)
			}
			if server.dials.Load() != 0 {
				t.Error("the server was spoken to")
			}
		})
	}
	if err := New(Options{}).Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "batch:1")}, nil); err == nil {
		t.Error("a load without Run")
	}
}

// Against a real server: steady, together with a batch by hand, and the server
// killed in the middle of another load.
func TestLoadOnARealServer(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	s, f := run(t, Options{})
	q := r.queue("list")
	s.Follow(scaledObject("one", q))
	done := make(chan error)
	one := func(text string) {
		go func() {
			done <- s.Load(t.Context(), load.Load{Backlog: q, Profile: profile(t, text)}, nil)
		}()
	}
	one("steady:5000/s,3s")
	await(f, "a load that runs", func(l kscope.Loading) bool { return l.Accepted > 1000 })
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(2000)}, nil); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	last := await(f, "the end of the load", func(l kscope.Loading) bool { return l.Ended() && !l.AtOnce() })
	if last.Accepted != 15_000 || last.Missed != 0 || math.Abs(last.Elapsed.Seconds()-3) > 0.3 || math.Abs(last.Achieved-5000) > 50*5 {
		t.Errorf("it ends with %+v", last)
	}
	if n := r.do("llen", "list"); n != int64(17_000) {
		t.Errorf("%v jobs are in, want 17000", n)
	}
	f.depth(q, known(17_000))
	one("steady:5000/s")
	await(f, "a load that runs", func(l kscope.Loading) bool { return l.Accepted > 1000 })
	r.kill()
	err := <-done
	last = await(f, "the end of the load", kscope.Loading.Ended)
	if err == nil || last.State != kscope.LoadFailed || last.Err != err.Error() || last.Accepted <= 1000 || last.Unknown > 5000 {
		t.Errorf("got %v and %+v", err, last)
	}
}

// A server that is too slow for a load makes it give jobs up, not pile them up.
func TestLoadGivesUpWhatIsLate(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	s, f := run(t, Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return &slow{c}, err
	}})
	q := r.queue("list")
	err := s.Load(t.Context(), load.Load{Backlog: q, Profile: profile(t, "steady:5000/s,2s")}, nil)
	last := await(f, "the end of the load", kscope.Loading.Ended)
	if err != nil || last.Missed == 0 || last.Accepted+last.Missed != 10_000 || last.State != kscope.LoadFinished {
		t.Errorf("got %v and %+v", err, last)
	}
	if n := r.do("llen", "list"); n != last.Accepted {
		t.Errorf("%v are in, %d accepted", n, last.Accepted)
	}
}

// slow is a connection that takes 0.2 s for every few hundred jobs.
type slow struct{ net.Conn }

func (s *slow) Write(b []byte) (int, error) {
	time.Sleep(200 * time.Millisecond)
	return s.Conn.Write(b)
}

// What arrives at a real server is what a wave's function says, looked at from
// outside all the time: never before its time, and never much after.
func TestWaveArrivesAsItsFunctionSays(t *testing.T) {
	t.Parallel()                        // it waits more than it computes
	const late = 400 * time.Millisecond // a tenth of its period
	r := startRedis(t)
	s, f := run(t, Options{})
	p := profile(t, "wave:0-400/s,period=4s,8s")
	done := make(chan error, 1)
	go func() { done <- s.Load(t.Context(), load.Load{Backlog: r.queue("list"), Profile: p}, nil) }()
	began := await(f, "the beginning", func(kscope.Loading) bool { return true }).Began
	looks := 0
	for running := true; running; looks++ {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		case <-time.After(20 * time.Millisecond):
		}
		least := p.Due(time.Since(began) - late)
		n := r.do("llen", "list").(int64)
		if most := p.Due(time.Since(began)); n < least || n > most {
			t.Errorf("after %v %d jobs have arrived, want %d to %d", time.Since(began), n, least, most)
		}
	}
	if n := r.do("llen", "list").(int64); n != 1600 || looks < 100 {
		t.Errorf("%d jobs are in after %d looks, want 1600", n, looks)
	}
}

// A master that becomes a replica in the middle of a load ends it: what went in
// before is counted to the job, and the next load works when it is master again.
func TestReadOnlyInTheMiddleOfALoad(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	s, f := run(t, Options{})
	q := r.queue("list")
	s.Follow(scaledObject("one", q))
	for turn := range 2 {
		done := make(chan error, 1)
		go func() {
			done <- s.Load(t.Context(), load.Load{Backlog: q, Profile: profile(t, "steady:5000/s,1m")}, nil)
		}()
		await(f, "a load that runs", func(l kscope.Loading) bool { return l.Accepted > 1000 })
		r.do("replicaof", "127.0.0.1", "1")
		err := <-done
		last := await(f, "the end of the load", kscope.Loading.Ended)
		if err == nil || !strings.Contains(err.Error(), "the server is a read-only replica") || last.State != kscope.LoadFailed || last.Err != err.Error() || last.Unknown != 0 {
			t.Errorf("turn %d: got %v and %+v", turn, err, last)
		}
		if n := r.do("llen", "list"); n != last.Accepted {
			t.Errorf("turn %d: %v jobs are in, %d were accepted", turn, n, last.Accepted)
		}
		f.depth(q, known(float64(last.Accepted))) // it can be measured all the same
		r.do("replicaof", "no", "one")
		r.do("del", "list")
	}
}

// A replica takes no jobs, and says so.
func TestReadOnlyReplica(t *testing.T) {
	t.Parallel() // it waits more than it computes
	master := startRedis(t)
	_, port, _ := net.SplitHostPort(master.address)
	replica := startRedis(t, "--replicaof", "127.0.0.1", port, "--repl-diskless-sync-delay", "0")
	master.do("rpush", "list", 1, 2, 3)
	until(t, "replication", func() bool { return replica.do("exists", "list") == int64(1) })
	s, f := run(t, Options{})
	q := replica.queue("list")
	s.Follow(scaledObject("one", q))
	f.depth(q, known(3)) // it can be measured
	const want = "the server is a read-only replica"
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(5)}, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("pushing: got %v", err)
	}
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: profile(t, "batch:5")}, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("loading: got %v", err)
	}
	if err := s.Purge(t.Context(), load.Purge{Backlog: q}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("emptying: got %v", err)
	}
	if n := master.do("llen", "list"); n != int64(3) {
		t.Errorf("%v jobs are in, want 3", n)
	}
}
