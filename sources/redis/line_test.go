package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// weak is a connection like one through a tunnel: nothing can be seen of it but
// by using it, and it ends in ways of its own.
type weak struct {
	net.Conn
	far  net.Conn // what it leads to
	told atomic.Bool
	deaf atomic.Bool
	cut  []byte // it ends when this is sent, after it was
	gone atomic.Bool
}

// toldError is what a tunnel says of its end.
type toldError struct{}

func (toldError) Error() string {
	return "the port-forward to pod redis-0 ended: lost connection to pod"
}
func (toldError) Hint() string { return "" }

func (w *weak) Read(b []byte) (int, error) {
	switch n, err := w.Conn.Read(b); {
	case w.told.Load():
		return 0, toldError{}
	case w.gone.Load():
		return 0, io.EOF
	default:
		return n, err
	}
}

func (w *weak) Write(b []byte) (int, error) {
	switch {
	case w.told.Load():
		return 0, toldError{}
	case w.deaf.Load():
		return len(b), nil
	case w.cut != nil && bytes.Contains(b, w.cut):
		w.gone.Store(true)
	}
	return w.Conn.Write(b)
}

// ways are the connections that were opened to a server.
type ways struct {
	mu  sync.Mutex
	all []*weak
	cut []byte // for those to come
}

// pipe connects by a pipe, as tunnels do.
func (w *ways) pipe(ctx context.Context, network, address string) (net.Conn, error) {
	far, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	go func() {
		_, _ = io.Copy(theirs, far)
		_ = theirs.Close()
	}()
	go func() {
		_, _ = io.Copy(far, theirs)
		_ = far.Close()
	}()
	return w.add(&weak{Conn: ours, far: theirs, cut: w.cut}), nil
}

// relay connects by a relay, whose end of the connection is known.
func (w *ways) relay(ctx context.Context, network, address string) (net.Conn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }()
	ours, err := (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
	if err != nil {
		return nil, err
	}
	theirs, err := l.Accept()
	if err != nil {
		return nil, err
	}
	far, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(theirs, far) }()
	go func() {
		_, _ = io.Copy(far, theirs)
		_ = far.Close()
	}()
	w.add(&weak{far: theirs})
	return ours, nil
}

func (w *ways) add(one *weak) *weak {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, one)
	return one
}

// each does something to all connections there are.
func (w *ways) each(do func(*weak)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.all {
		do(one)
	}
	w.all = nil
}

// deaths are the ways in which a connection that is kept ends while nobody uses
// it, and how it was made.
var deaths = []struct {
	name string
	dial func(*ways) func(context.Context, string, string) (net.Conn, error)
	die  func(*ways, *realServer)
}{
	{"a pipe whose other end is closed", byPipe, func(w *ways, _ *realServer) { w.each(func(c *weak) { _ = c.far.Close() }) }},
	{"a pipe that is closed under us", byPipe, func(w *ways, _ *realServer) { w.each(func(c *weak) { _ = c.Close() }) }},
	{"a tunnel that says why", byPipe, func(w *ways, _ *realServer) {
		w.each(func(c *weak) { c.told.Store(true); _ = c.far.Close() })
	}},
	{"a tunnel that takes what leads nowhere", byPipe, func(w *ways, _ *realServer) {
		w.each(func(c *weak) { c.deaf.Store(true); _ = c.far.Close() })
	}},
	{"closed by the server", byRelay, func(w *ways, _ *realServer) { w.each(func(c *weak) { _ = c.far.Close() }) }},
	{"reset by the server", byRelay, func(w *ways, _ *realServer) {
		w.each(func(c *weak) { _ = c.far.(*net.TCPConn).SetLinger(0); _ = c.far.Close() })
	}},
	{"killed by the server", byNetwork, func(_ *ways, r *realServer) { r.do("client", "kill", "type", "normal", "skipme", "yes") }},
	{"restarted", byNetwork, func(_ *ways, r *realServer) { r.kill(); r.start() }},
	{"restarted behind a tunnel", byPipe, func(_ *ways, r *realServer) { r.kill(); r.start() }},
}

func byPipe(w *ways) func(context.Context, string, string) (net.Conn, error)  { return w.pipe }
func byRelay(w *ways) func(context.Context, string, string) (net.Conn, error) { return w.relay }
func byNetwork(*ways) func(context.Context, string, string) (net.Conn, error) { return nil }

// A connection that ended while it was kept is nobody's business: the next jobs
// go in, once, the next numbers come, and nothing is said of it.
func TestKeptConnectionsThatEnded(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	for i, tt := range deaths {
		t.Run(tt.name, func(t *testing.T) {
			w := &ways{}
			s, f := run(t, Options{Interval: time.Hour, Dial: tt.dial(w)}) // measured after each push
			q := r.queue(fmt.Sprint("list", i))
			s.Follow(scaledObject("one", q))
			f.depth(q, known(0))
			for turn := range 3 {
				if turn > 0 {
					r.do("del", q.Name)
					tt.die(w, r)
				}
				if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(10)}, nil); err != nil {
					t.Fatalf("pushing: %v", err)
				}
				f.depth(q, known(10))
				tt.die(w, r)
				r.do("del", q.Name)
				if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: profile(t, "batch:2500")}, nil); err != nil {
					t.Fatalf("loading: %v", err)
				}
				f.depth(q, known(2500))
				tt.die(w, r)
				if err := s.Purge(t.Context(), load.Purge{Backlog: q}); err != nil {
					t.Fatalf("emptying: %v", err)
				}
				f.depth(q, known(0))
			}
			for _, fact := range f.copy() {
				if st, ok := fact.(kscope.Status); ok && st.State == kscope.Failing {
					t.Errorf("got %+v", st)
				}
			}
		})
	}
}

// A slow load rests between its jobs, for longer than connections may live.
func TestConnectionEndsBetweenTheJobsOfALoad(t *testing.T) {
	bubble(t, Options{}, func(s *Source, server *fakeServer, news func() []seen) {
		news() // it runs
		stop := make(chan bool)
		go func() {
			every := time.NewTicker(25 * time.Second)
			defer every.Stop()
			for {
				select {
				case <-every.C:
					server.hangUp()
				case <-stop:
					return
				}
			}
		}()
		err := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "steady:6/m,10m")}, nil)
		close(stop)
		ls := loads(news())
		if last := ls[len(ls)-1]; err != nil || last.Accepted != 60 || last.Unknown != 0 || server.pushes.Load() != 60 {
			t.Errorf("got %v after %d commands with jobs, and it ends with %+v", err, server.pushes.Load(), last)
		}
	})
}

// A connection that ends with jobs under way: they may be in or not, and are not
// sent again.
func TestConnectionEndsWithJobsUnderWay(t *testing.T) {
	r := startRedis(t)
	w := &ways{cut: []byte("lpush")}
	s, f := run(t, Options{Dial: w.pipe})
	q := r.queue("list")
	err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(10)}, nil)
	want := r.address + " closed the connection; 10 more were sent and may or may not be in"
	if got := pushed(f); err == nil || err.Error() != want || got.Accepted != 0 {
		t.Errorf("got %v and %+v, want %q", err, got, want)
	}
	err = s.Load(t.Context(), load.Load{Backlog: q, Profile: profile(t, "batch:10")}, nil)
	last := await(f, "the end of the load", kscope.Loading.Ended)
	if err == nil || last.State != kscope.LoadFailed || last.Accepted != 0 || last.Unknown != 10 {
		t.Errorf("got %v and %+v", err, last)
	}
	until(t, "the jobs", func() bool { return r.do("llen", "list") == int64(20) })
	w.cut = nil
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(1)}, nil); err != nil || r.do("llen", "list") != int64(21) {
		t.Errorf("got %v, and %v jobs are in, want each once", err, r.do("llen", "list"))
	}
}

// What counts as the end of a connection, and what as silence on it.
func TestEnded(t *testing.T) {
	for _, err := range []error{io.EOF, io.ErrClosedPipe, net.ErrClosed, toldError{}, errClosed, errors.New("broken")} {
		if !ended(fmt.Errorf("read: %w", err)) {
			t.Errorf("%v is not the end", err)
		}
	}
	if ended(context.DeadlineExceeded) || unsent(io.ErrClosedPipe) || !hungUp(io.ErrClosedPipe) {
		t.Error("silence and an end are the same")
	}
	if words, _ := explain(io.ErrClosedPipe, Server{Address: "here:1"}, false); strings.Contains(words, "pipe") {
		t.Errorf("a closed pipe is told as %q", words)
	}
}
