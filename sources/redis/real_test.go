package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

func TestMeasuresEveryType(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("rpush", "list", 1, 2, 3)
	r.do("sadd", "set", 1, 2)
	r.do("zadd", "zset", 1, "a")
	r.do("hset", "hash", "a", 1, "b", 2, "c", 3, "d", 4)
	r.do("set", "string", "x")
	r.do("xadd", "stream", "*", "a", 1)
	s, f := run(t, Options{})
	var queues []kscope.Backlog
	for _, key := range []string{"list", "set", "zset", "hash", "string", "stream", "missing"} {
		queues = append(queues, r.queue(key))
	}
	s.Follow(scaledObject("all", queues...))

	got := await(f, "depths", func(kscope.Depths) bool { return true }) // the very first is complete
	if got.Server != r.address || got.RTT <= 0 {
		t.Errorf("got address %q, round trip %v", got.Server, got.RTT)
	}
	no := ", which has no length that KEDA would count"
	want := []kscope.Depth{
		{Backlog: r.queue("hash"), N: 4, Type: "hash"},
		{Backlog: r.queue("list"), N: 3, Type: "list"},
		{Backlog: r.queue("missing"), N: 0, Type: "none"},
		{Backlog: r.queue("set"), N: 2, Type: "set"},
		{Backlog: r.queue("stream"), Err: "the key holds a stream" + no},
		{Backlog: r.queue("string"), Err: "the key holds a string" + no},
		{Backlog: r.queue("zset"), N: 1, Type: "zset"},
	}
	if d := cmp.Diff(want, got.All); d != "" {
		t.Error(d)
	}
	if s := f.status(kscope.Synced); s.Name != r.address || s.Kind != kscope.Queues || s.Message != "" {
		t.Errorf("got %+v", s)
	}
	r.do("del", "string")
	r.do("rpush", "string", 1, 2)
	f.depth(r.queue("string"), known(2))
}

// A key that comes back as another type is read right in the very tick that
// finds it so: no depth is ever missing or wrong.
func TestKeyRecreatedAsAnotherType(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	q := r.queue("jobs")
	s, f := run(t, Options{})
	s.Follow(scaledObject("one", q))
	f.depth(q, known(0))
	for i, add := range [][]any{
		{"zadd", "jobs", 1, "a"}, {"rpush", "jobs", 1, 2}, {"sadd", "jobs", 1, 2, 3},
		{"hset", "jobs", "a", 1, "b", 2, "c", 3, "d", 4}, {"rpush", "jobs", 1, 2, 3, 4, 5},
	} {
		pipe := r.TxPipeline()
		pipe.Del(t.Context(), "jobs")
		pipe.Do(t.Context(), add...)
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.depth(q, known(float64(i+1)))
	}
	for _, fact := range f.copy() {
		if d, ok := fact.(kscope.Depths); ok && d.All[0].Err != "" {
			t.Errorf("got error %q", d.All[0].Err)
		}
	}
}

func TestServerKilledAndRestarted(t *testing.T) {
	r := startRedis(t)
	r.do("rpush", "jobs", 1, 2, 3)
	q := r.queue("jobs")
	s, f := run(t, Options{})
	s.Follow(scaledObject("one", q))
	f.depth(q, known(3))
	f.status(kscope.Synced)

	r.kill()
	d := f.depth(q, failed)
	want := "nothing listens at " + r.address + " (connection refused)"
	if d.Err != want {
		t.Errorf("got error %q, want %q", d.Err, want)
	}
	if s := f.status(kscope.Failing); s.Message != want || s.Hint == "" {
		t.Errorf("got %+v", s)
	}

	r.start()
	if d := f.depth(q, func(kscope.Depth) bool { return true }); d.Err != "" || d.Type != "none" {
		t.Errorf("the next depth is %+v: want one gap, then what the new server has", d)
	}
	f.status(kscope.Synced)
	r.do("rpush", "jobs", 1)
	f.depth(q, known(1))
}

// A server that closes idle connections, or an operator who does, is not a
// server in trouble.
func TestClosedConnectionIsReplacedUnseen(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	q := r.queue("jobs")
	s, f := run(t, Options{})
	s.Follow(scaledObject("one", q))
	f.depth(q, known(0))
	for i := range 5 {
		r.do("client", "kill", "type", "normal", "skipme", "yes")
		r.do("rpush", "jobs", i)
		f.depth(q, known(float64(i+1)))
	}
	for _, fact := range f.copy() {
		if s, ok := fact.(kscope.Status); ok && s.State == kscope.Failing {
			t.Errorf("got %+v", s)
		}
	}
}

func TestPassword(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("config", "set", "requirepass", "s3cret")
	q := r.queue("jobs")
	observe := func(url, password string) *facts {
		t.Helper()
		o := Options{}
		if url != "" {
			server, err := ParseServer(url, password)
			if err != nil {
				t.Fatal(err)
			}
			o.Override = &server
		}
		s, f := run(t, o)
		s.Follow(scaledObject("one", q))
		return f
	}
	f := observe("", "")
	if s := f.status(kscope.Failing); s.Message != "the server wants a password" {
		t.Errorf("got %+v", s)
	}
	wrong := observe(r.address, "s3cretly")
	if s := wrong.status(kscope.Failing); s.Message != "the server does not accept the user name and password" {
		t.Errorf("got %+v", s)
	}
	right := observe("redis://default@"+r.address, "s3cret")
	right.depth(q, known(0))
	for _, f := range []*facts{f, wrong, right} {
		for _, fact := range f.copy() {
			if text := fmt.Sprintf("%#v", fact); strings.Contains(text, "s3cret") {
				t.Errorf("the password is in %s", text)
			}
			if d, ok := fact.(kscope.Depths); ok && f != right && d.All[0].Err == "" {
				t.Errorf("got a depth without a password: %+v", d)
			}
		}
	}
	r.do("config", "set", "requirepass", "") // and the waiting ones get in by themselves
	f.status(kscope.Synced)
}

// A user who may do what it takes and not a thing more gets numbers; one who
// may not read a key gets told; one who may read nothing has a failing server.
func TestPermissions(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("acl", "setuser", "reader", "on", ">pw", "~open*", "+llen", "+type", "+scard")
	r.do("rpush", "open", 1, 2)
	r.do("sadd", "open-set", 1)
	server, err := ParseServer("redis://reader@"+r.address, "pw")
	if err != nil {
		t.Fatal(err)
	}
	s, f := run(t, Options{Override: &server})
	s.Follow(scaledObject("one", r.queue("open"), r.queue("open-set"), r.queue("shut")))
	f.depth(r.queue("open-set"), known(1))
	f.depth(r.queue("open"), known(2))
	d := f.depth(r.queue("shut"), failed)
	if !strings.Contains(d.Err, "NOPERM") {
		t.Errorf("got %+v", d)
	}
	await(f, "depths", func(kscope.Depths) bool { return true })
	for _, fact := range f.copy() {
		if s, ok := fact.(kscope.Status); ok && s.State == kscope.Failing {
			t.Errorf("got %+v though the server answers", s)
		}
	}
	s.Follow(scaledObject("one", r.queue("shut")))
	if s := f.status(kscope.Failing); !strings.Contains(s.Message, "NOPERM") || !strings.Contains(s.Hint, "+llen") {
		t.Errorf("got %+v", s)
	}
	r.do("acl", "setuser", "reader", "~shut")
	f.status(kscope.Synced)
}

func TestDatabases(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	in := func(db int) kscope.Backlog { return triggers.Redis{Address: r.address, DB: db, Key: "jobs"}.Backlog() }
	r.do("rpush", "jobs", 1)
	for db, n := range map[int]int{1: 5, 3: 7} {
		conn := r.Conn()
		defer func() { _ = conn.Close() }()
		if err := conn.Select(t.Context(), db).Err(); err != nil {
			t.Fatal(err)
		}
		for range n {
			conn.LPush(t.Context(), "jobs", "x")
		}
	}
	s, f := run(t, Options{})
	s.Follow(scaledObject("one", in(3), in(0), in(99), in(1), in(-1)))
	want := []kscope.Depth{
		{Backlog: in(0), N: 1, Type: "list"},
		{Backlog: in(-1), Err: "the server has no database of that number"},
		{Backlog: in(1), N: 5, Type: "list"},
		{Backlog: in(3), N: 7, Type: "list"},
		{Backlog: in(99), Err: "the server has no database of that number"},
	}
	got := await(f, "depths", func(kscope.Depths) bool { return true })
	if d := cmp.Diff(want, got.All); d != "" {
		t.Error(d)
	}
	f.status(kscope.Synced)
	if n := strings.Count(fmt.Sprint(r.do("client", "list")), " name=kscope "); n != 1 {
		t.Errorf("got %d connections, want 1", n)
	}
	s.Follow(scaledObject("one", in(0))) // the connection was left in another database
	await(f, "depths of one", func(d kscope.Depths) bool {
		return len(d.All) == 1 && d.All[0] == kscope.Depth{Backlog: in(0), N: 1, Type: "list"}
	})
	s.Follow(scaledObject("one", in(99)))
	if s := f.status(kscope.Failing); s.Message != "the server has no database of that number" || s.Hint == "" {
		t.Errorf("got %+v", s)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	a, b, c := r.queue("a"), r.queue("b"), r.queue("c")
	s := New(Options{})
	s.Follow(scaledObject("early", a)) // before Run
	f := &facts{t: t, signal: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error)
	go func() { returned <- s.Run(ctx, f.emit) }()
	keys := func(want ...kscope.Backlog) {
		t.Helper()
		await(f, fmt.Sprint("depths of ", want), func(d kscope.Depths) bool {
			var got []kscope.Backlog
			for _, one := range d.All {
				got = append(got, one.Backlog)
			}
			return slices.Equal(got, want)
		})
	}
	keys(a)
	s.Follow(scaledObject("late", b, a, b)) // twice in one object, once in another
	keys(a, b)
	s.Follow(kscope.Observation{Fact: kscope.ScaledJob{Ref: kscope.Ref{Name: "job"}, Triggers: []kscope.Trigger{{Backlog: &c}}}})
	keys(a, b, c)
	s.Follow(gone("early", "uid-of-a-predecessor"))
	s.Follow(kscope.Observation{Fact: kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "early"}}})
	s.Follow(gone("early", "uid-early"))
	s.Follow(gone("late", ""))
	keys(c)
	s.Follow(kscope.Observation{Fact: kscope.Gone{Kind: kscope.ScaledJobs, Ref: kscope.Ref{Name: "job"}}})
	g := await(f, "gone", func(kscope.Gone) bool { return true })
	if g.Kind != kscope.Queues || g.Ref.Name != r.address {
		t.Errorf("got %+v", g)
	}
	s.Follow(scaledObject("again", b))
	f.status(kscope.Connecting)
	keys(b)
	f.status(kscope.Synced)

	if err := s.Run(ctx, f.emit); err == nil {
		t.Error("a second Run is under way")
	}
	cancel()
	if err := <-returned; err != nil {
		t.Error(err)
	}
	n := len(f.copy())
	s.Follow(scaledObject("after", c))
	if got := len(f.copy()); got != n {
		t.Errorf("%d facts after the end", got-n)
	}
}

func TestOverride(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("rpush", "a", 1)
	r.do("rpush", "b", 1, 2)
	a := triggers.Redis{Address: "redis.demo.svc:6379", DB: 7, Key: "a"}.Backlog()
	b := triggers.Redis{Key: "b"}.Backlog() // an address from elsewhere
	server, err := ParseServer("redis://"+r.address+"/0", "")
	if err != nil {
		t.Fatal(err)
	}
	s, f := run(t, Options{Override: &server})
	s.Follow(scaledObject("one", a, b))
	for _, want := range []kscope.Depths{
		{Server: b.Server, All: []kscope.Depth{{Backlog: b, N: 2, Type: "list"}}},
		{Server: a.Server, All: []kscope.Depth{{Backlog: a, N: 1, Type: "list"}}},
	} {
		got := await(f, "depths", func(kscope.Depths) bool { return true })
		got.RTT = 0
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if s := f.status(kscope.Synced); s.Name != want.Server {
			t.Errorf("got %+v", s)
		}
	}
}

func TestAddressFromElsewhere(t *testing.T) {
	t.Parallel() // it waits more than it computes
	s, f := run(t, Options{})
	q := triggers.Redis{Key: "jobs"}.Backlog()
	s.Follow(scaledObject("one", q))
	f.depth(q, failed)
	if s := f.status(kscope.Failing); s.Name != "" || !strings.Contains(s.Hint, "--redis") {
		t.Errorf("got %+v", s)
	}
}

func TestBusyServer(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t, "--appendonly", "no")
	q := r.queue("jobs")
	s, f := run(t, Options{})
	s.Follow(scaledObject("one", q))
	f.status(kscope.Synced)
	// A server that is busy answers -BUSY much as one that loads answers
	// -LOADING; a script is the way to have it so at will.
	r.do("config", "set", "busy-reply-threshold", 1)
	go func() { _ = r.Eval(t.Context(), "while true do end", nil).Err() }()
	if s := f.status(kscope.Failing); s.Message != "the server is busy with a script" {
		t.Errorf("got %+v", s)
	}
	for r.ScriptKill(t.Context()).Err() != nil { // busy, but perhaps not yet long enough to be killed
		time.Sleep(time.Millisecond)
	}
	f.status(kscope.Synced)
}
