package redis

import (
	"bufio"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
)

// trusted vouches for localhost and is among the authorities of the system,
// which a process reads once.
var trusted tls.Certificate

func TestMain(m *testing.M) {
	LogTo(nil)
	dir, err := os.MkdirTemp("", "kscope-redis")
	if err != nil {
		panic(err)
	}
	var authority []byte
	trusted, authority = certificate()
	path := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(path, authority, 0o600); err != nil {
		panic(err)
	}
	_ = os.Setenv("SSL_CERT_FILE", path)
	// What runs in parallel here waits far more than it computes.
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() == "" { // whose workers these are too
		if err := flag.Set("test.parallel", "24"); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// realServer is a redis-server of the test's own.
type realServer struct {
	t       testing.TB
	address string
	args    []string
	cmd     *exec.Cmd
	*goredis.Client
}

var ports atomic.Int64

// freePort is a port for a server that may be stopped and started again: one that
// the system does not hand out by itself, to a test beside this one among others.
func freePort(t testing.TB) string {
	t.Helper()
	for range 9000 {
		port := strconv.FormatInt(10000+(int64(os.Getpid())*97+ports.Add(1))%9000, 10)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// startRedis starts a server on a free port. It is killed when the test ends.
func startRedis(t testing.TB, args ...string) *realServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("these tests run against a real Redis: apt-get install redis-server")
	}
	port := freePort(t)
	r := &realServer{t: t, address: net.JoinHostPort("127.0.0.1", port)}
	r.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(),
		"--enable-debug-command", "yes"}, args...)
	r.start()
	t.Cleanup(r.kill)
	return r
}

// start starts the server and waits for the line with which it says that it is
// ready, the only output worth waiting for.
func (r *realServer) start() {
	r.t.Helper()
	r.cmd = exec.Command("redis-server", r.args...)
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			r.Client = goredis.NewClient(&goredis.Options{Addr: r.address, MaxRetries: -1})
			return
		}
	}
	_ = r.cmd.Wait()
	r.t.Fatalf("redis-server did not start:\n%s", strings.Join(said, "\n"))
}

// kill ends the server with SIGKILL.
func (r *realServer) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.Close()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.cmd = nil
}

// do sends a command and fails the test if it is refused.
func (r *realServer) do(args ...any) any {
	r.t.Helper()
	v, err := r.Do(context.Background(), args...).Result()
	if err != nil {
		r.t.Fatalf("%v: %v", args, err)
	}
	return v
}

func (r *realServer) queue(key string) kscope.Backlog {
	return triggers.Redis{Address: r.address, Key: key}.Backlog()
}

// facts is what a running source emitted.
type facts struct {
	t      testing.TB
	mu     sync.Mutex
	all    []kscope.Fact
	seen   int           // what await has gone past
	signal chan struct{} // holds a token when all has grown
}

func (f *facts) emit(fact kscope.Fact) {
	f.mu.Lock()
	f.all = append(f.all, fact)
	f.mu.Unlock()
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

// await goes through the facts, each once, until one matches.
func await[F kscope.Fact](f *facts, what string, match func(F) bool) F {
	f.t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		f.mu.Lock()
		for f.seen < len(f.all) {
			fact := f.all[f.seen]
			f.seen++
			if got, ok := fact.(F); ok && match(got) {
				f.mu.Unlock()
				return got
			}
		}
		f.mu.Unlock()
		select {
		case <-f.signal:
		case <-timeout:
			f.t.Fatalf("no %s; the facts were\n%s", what, f.tail())
		}
	}
}

func (f *facts) tail() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for _, fact := range f.all[max(0, len(f.all)-20):] {
		fmt.Fprintf(&b, "%T %+v\n", fact, fact)
	}
	return b.String()
}

func (f *facts) copy() []kscope.Fact {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

func (f *facts) status(what kscope.State) kscope.Status {
	f.t.Helper()
	return await(f, "status "+string(what), func(s kscope.Status) bool { return s.State == what })
}

// depth waits for a measurement of a queue that is wanted.
func (f *facts) depth(q kscope.Backlog, want func(kscope.Depth) bool) kscope.Depth {
	f.t.Helper()
	var got kscope.Depth
	await(f, "wanted depth of "+q.Name, func(d kscope.Depths) bool {
		for _, one := range d.All {
			if one.Backlog == q && want(one) {
				got = one
				return true
			}
		}
		return false
	})
	return got
}

func known(n float64) func(kscope.Depth) bool {
	return func(d kscope.Depth) bool { return d.Err == "" && d.N == n }
}

func failed(d kscope.Depth) bool { return d.Err != "" }

// run runs a source until the test ends, and sees it return then.
func run(t testing.TB, o Options) (*Source, *facts) {
	t.Helper()
	if o.Interval == 0 {
		o.Interval = 20 * time.Millisecond
	}
	s, f := New(o), &facts{t: t, signal: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	returned := make(chan error)
	go func() { returned <- s.Run(ctx, f.emit) }()
	for !f.begun() { // a push of nothing is told of as soon as it runs
		_ = s.Load(ctx, load.Load{}, nil)
		runtime.Gosched()
	}
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-returned:
			if err != nil {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run did not return")
		}
	})
	return s, f
}

// begun forgets the first fact, and reports whether there was one.
func (f *facts) begun() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == 0 {
		return false
	}
	f.all = f.all[1:]
	return true
}

// scaledObject is the observation of a ScaledObject with a trigger for each queue.
func scaledObject(name string, queues ...kscope.Backlog) kscope.Observation {
	so := kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "uid-" + name}
	for _, q := range queues {
		so.Triggers = append(so.Triggers, kscope.Trigger{Type: "redis", Backlog: &q})
	}
	so.Triggers = append(so.Triggers, kscope.Trigger{Type: "cron"})
	return kscope.Observation{Source: "keda", Fact: so}
}

func gone(name, uid string) kscope.Observation {
	return kscope.Observation{Source: "keda", Fact: kscope.Gone{
		Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: uid,
	}}
}
