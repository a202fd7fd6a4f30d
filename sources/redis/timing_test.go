package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
)

// What is waited for at least and at most, by package broker.
const (
	minGap   = 20 * time.Millisecond
	maxPause = 3 * time.Second
)

// These tests are about when things happen. They run on a fake clock, against
// a server that knows one answer.

// fakeServer answers :1 to everything that is not a greeting, unless told to
// refuse connections or to fall silent, at once or when a job comes, or that
// the list is longer.
type fakeServer struct {
	refuses, silent, jobless atomic.Bool
	dials, llens             atomic.Int64
	longer                   atomic.Int64 // than 1, the list
	pushes                   atomic.Int64 // commands with jobs

	mu    sync.Mutex
	conns []net.Conn
}

func (s *fakeServer) dial(context.Context, string, string) (net.Conn, error) {
	s.dials.Add(1)
	if s.refuses.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	client, server := net.Pipe()
	s.mu.Lock()
	s.conns = append(s.conns, server)
	s.mu.Unlock()
	go s.serve(server)
	return client, nil
}

// hangUp closes all connections.
func (s *fakeServer) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

func (s *fakeServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	answers := make(chan string, 10_000) // a pipe holds nothing, a socket would
	defer close(answers)
	go func() {
		for a := range answers {
			_, _ = io.WriteString(conn, a)
		}
	}()
	in := bufio.NewReader(conn)
	for {
		words, err := readCommand(in)
		if err == nil && s.jobless.Load() && strings.HasSuffix(words[0], "push") {
			s.silent.Store(true)
		}
		if err != nil || s.silent.Load() {
			_, _ = io.Copy(io.Discard, in) // until the other side gives up
			return
		}
		answer := ":1\r\n"
		switch strings.ToLower(words[0]) {
		case "hello":
			answer = "-ERR unknown command\r\n"
		case "client":
			answer = "+OK\r\n"
		case "lpush":
			s.pushes.Add(1)
		case "llen":
			s.llens.Add(1)
			answer = fmt.Sprintf(":%d\r\n", 1+s.longer.Load())
		}
		answers <- answer
	}
}

func readCommand(in *bufio.Reader) (words []string, err error) {
	number := func() int {
		line, e := in.ReadString('\n')
		n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimLeft(line, "*$")))
		err = errors.Join(err, e)
		return n
	}
	for range number() {
		word := make([]byte, number()+2)
		_, e := io.ReadFull(in, word)
		err = errors.Join(err, e)
		words = append(words, string(word[:len(word)-2]))
	}
	if len(words) == 0 {
		return nil, errors.Join(err, io.EOF)
	}
	return words, err
}

// seen is a fact and when it was emitted, counted from the start.
type seen struct {
	after time.Duration
	fact  kscope.Fact
}

// bubble runs a source against a fake server in a synctest bubble. That the
// bubble ends shows that no goroutine is left.
func bubble(t *testing.T, o Options, test func(s *Source, server *fakeServer, news func() []seen)) {
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{}
		o.Dial = server.dial
		s, start := New(o), time.Now()
		all := make(chan seen, 100_000)
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error)
		go func() {
			returned <- s.Run(ctx, func(f kscope.Fact) {
				if _, card := f.(kscope.Connection); !card { // these are tested where they are made
					all <- seen{time.Since(start), f}
				}
			})
		}()
		test(s, server, func() (out []seen) {
			synctest.Wait()
			for len(all) > 0 {
				out = append(out, <-all)
			}
			return out
		})
		cancel()
		if err := <-returned; err != nil {
			t.Error(err)
		}
	})
}

var one = triggers.Redis{Address: "redis.demo.svc:6379", Key: "jobs"}.Backlog()

func TestFirstMeasurementDoesNotWaitForATick(t *testing.T) {
	bubble(t, Options{}, func(s *Source, _ *fakeServer, news func() []seen) {
		time.Sleep(time.Minute)
		s.Follow(scaledObject("a", one))
		got := news()
		if len(got) != 3 || got[2].after != time.Minute {
			t.Fatalf("got %v, want connecting, depths and synced at once", got)
		}
		other := one
		other.Name = "other"
		time.Sleep(100 * time.Millisecond)
		s.Follow(scaledObject("b", other))
		got = news()
		if len(got) != 1 || len(got[0].fact.(kscope.Depths).All) != 2 {
			t.Fatalf("got %v, want depths of both at once", got)
		}
		if s.Follow(scaledObject("b", other)); len(news()) != 0 {
			t.Error("nothing new, and yet measured")
		}
	})
}

// What does not change is told at every fourth measurement.
func TestMeasuresAtEveryInterval(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		const repeat = 4 * DefaultInterval
		s.Follow(scaledObject("a", one))
		time.Sleep(time.Hour)
		var at time.Duration
		for _, n := range news() {
			if d, ok := n.fact.(kscope.Depths); ok {
				if n.after != at || d.All[0].N != 1 {
					t.Fatalf("got %+v after %v, want it after %v", d, n.after, at)
				}
				at += repeat
			}
		}
		if at != time.Hour+repeat {
			t.Errorf("the last was before %v", at)
		}
		if n := server.llens.Load(); n != int64(time.Hour/DefaultInterval)+1 {
			t.Errorf("measured %d times", n)
		}
		time.Sleep(10 * time.Millisecond)
		server.longer.Store(6)
		time.Sleep(DefaultInterval)
		if got := news(); len(got) != 1 || got[0].fact.(kscope.Depths).All[0].N != 7 {
			t.Errorf("got %v, want the change at once", got)
		}
		if n := server.dials.Load(); n != 1 {
			t.Errorf("got %d connections", n)
		}
	})
}

// The first list of a large cluster arrives object by object.
func TestABurstOfObjectsIsNotABurstOfPipelines(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		for i := range 500 {
			q := one
			q.Name = fmt.Sprint(i)
			s.Follow(scaledObject(q.Name, q))
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(minGap)
		got := news()
		last := got[len(got)-1].fact.(kscope.Depths)
		if len(last.All) != 500 || len(got) > 6 {
			t.Errorf("got %d facts, the last with %d depths", len(got), len(last.All))
		}
	})
}

func TestFailureIsToldOnceAndRetriedLessAndLess(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		server.refuses.Store(true)
		s.Follow(scaledObject("a", one))
		got := news()
		if len(got) != 3 {
			t.Fatalf("got %v", got)
		}
		if d := got[1].fact.(kscope.Depths); d.All[0].Err == "" {
			t.Errorf("got %+v", d)
		}
		if s := got[2].fact.(kscope.Status); s.State != kscope.Failing || s.Name != one.Server {
			t.Errorf("got %+v", s)
		}
		time.Sleep(3750*time.Millisecond - 1) // 0.25 + 0.5 + 1 + 2
		if n := server.dials.Load(); n != 4 {
			t.Errorf("got %d attempts, want 4", n)
		}
		time.Sleep(time.Hour - 3750*time.Millisecond + 1)
		if n := server.dials.Load(); n < 1190 || n > 1210 {
			t.Errorf("got %d attempts in an hour, want one in 3 seconds", n)
		}
		if got := news(); len(got) != 0 {
			t.Errorf("got %v while nothing changed", got)
		}
		other := one
		other.Name = "other"
		s.Follow(scaledObject("b", other)) // new, so it is tried and told
		if got := news(); len(got) != 1 || len(got[0].fact.(kscope.Depths).All) != 2 {
			t.Errorf("got %v", got)
		}
		server.refuses.Store(false)
		time.Sleep(maxPause)
		got = news()
		if d := got[0].fact.(kscope.Depths); d.All[0].Err != "" {
			t.Errorf("got %+v", d)
		}
		if s := got[1].fact.(kscope.Status); s.State != kscope.Synced || s.Message != "" {
			t.Errorf("got %+v", s)
		}
	})
}

// A server that hangs, a host that went away without a word, a stopped process.
func TestSilenceIsNoticed(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		s.Follow(scaledObject("a", one))
		time.Sleep(time.Second + time.Millisecond)
		news()
		server.silent.Store(true)
		time.Sleep(DefaultInterval + readTimeout)
		got := news()
		if len(got) != 2 || got[0].fact.(kscope.Depths).All[0].Err == "" || got[1].fact.(kscope.Status).State != kscope.Failing {
			t.Fatalf("got %v, want a gap and a failure", got)
		}
		time.Sleep(time.Minute)
		if got := news(); len(got) != 0 {
			t.Errorf("got %v while nothing changed", got)
		}
		server.silent.Store(false)
		time.Sleep(maxPause + readTimeout)
		if got := news(); len(got) == 0 || got[0].fact.(kscope.Depths).All[0].Err != "" {
			t.Errorf("got %v, want a recovery", got)
		}
	})
}

// What was sent and never answered for is neither in nor out.
func TestPushToAServerThatFallsSilent(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		ten := load.Load{Backlog: one, Profile: load.BatchOf(10)}
		synctest.Wait()
		if err := s.Load(context.Background(), ten, nil); err != nil {
			t.Fatal(err)
		}
		server.jobless.Store(true)
		started := time.Now()
		err := s.Load(context.Background(), ten, nil)
		want := one.Server + " took the connection but gave no answer within 2s; 10 more were sent and may or may not be in"
		if err == nil || err.Error() != want || time.Since(started) != readTimeout {
			t.Errorf("got %v after %v", err, time.Since(started))
		}
		// By now it gives no answer to anything, and so is given no jobs.
		want, _, _ = strings.Cut(want, ";")
		if err := s.Load(context.Background(), ten, nil); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
		server.refuses.Store(true)
		want = "nothing listens at " + one.Server + " (connection refused)"
		if err := s.Load(context.Background(), ten, nil); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
		got := loads(news())
		if len(got) != 8 || got[3].Elapsed.Round(time.Millisecond) != readTimeout {
			t.Errorf("got %v", got)
		}
	})
}

// Nobody is asked anything on behalf of objects that are gone.
func TestRestsWhenNothingIsFollowed(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		s.Follow(scaledObject("a", one))
		synctest.Wait()
		s.Follow(gone("a", ""))
		time.Sleep(minGap)
		news()
		n := server.llens.Load()
		time.Sleep(time.Hour)
		if got := news(); len(got) != 0 || server.llens.Load() != n || server.dials.Load() != 1 {
			t.Errorf("got %v and %d questions", got, server.llens.Load()-n)
		}
	})
}

// A reader that lags holds measuring up, and Follow goes on.
func TestFollowDoesNotWaitForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{}
		s := New(Options{Dial: server.dial})
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error)
		go func() {
			returned <- s.Run(ctx, func(kscope.Fact) { <-ctx.Done() })
		}()
		for i := range 100 {
			q := one
			q.Name = fmt.Sprint(i)
			s.Follow(scaledObject(q.Name, q))
			synctest.Wait()
		}
		cancel()
		if err := <-returned; err != nil {
			t.Error(err)
		}
	})
}

// A defect while measuring is an error of Run, not the end of the process.
func TestPanicBecomesAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Dial: func(context.Context, string, string) (net.Conn, error) { panic("oh dear") }})
		s.Follow(scaledObject("a", one))
		err := s.Run(t.Context(), func(kscope.Fact) {})
		if err == nil || !strings.Contains(err.Error(), "measuring redis "+one.Server+": oh dear\n") {
			t.Errorf("got %v", err)
		}
	})
}
