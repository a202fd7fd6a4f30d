package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

var target = kscope.Ref{Namespace: "demo", Name: "one"}

// pushed is the last word of the next batch.
func pushed(f *facts) kscope.Loading {
	f.t.Helper()
	return await(f, "pushed", func(l kscope.Loading) bool { return l.Ended() })
}

func TestPush(t *testing.T) {
	r := startRedis(t)
	q := triggers.Redis{Address: r.address, DB: 2, Key: "orders"}.Backlog()
	s, f := run(t, Options{Interval: time.Hour}) // whatever is seen was measured on purpose
	s.Follow(scaledObject("one", q))
	f.depth(q, known(0))
	total := int64(0)
	for _, n := range []int64{1, 10, 950, 1000, 2000, 10_000, 3} {
		if err := s.Load(t.Context(), load.Load{Backlog: q, Target: target, Profile: load.BatchOf(n)}, nil); err != nil {
			t.Fatal(err)
		}
		total += n
		got := pushed(f)
		if got.Elapsed <= 0 {
			t.Errorf("took %v", got.Elapsed)
		}
		if got.Backlog != q || got.Target != target || got.Asked != n || got.Accepted != n || got.Length != total || got.State != kscope.LoadFinished || got.Err != "" {
			t.Errorf("got %+v, want %d jobs and a length of %d", got, n, total)
		}
		f.depth(q, known(float64(total)))
	}
	conn := r.Conn()
	defer func() { _ = conn.Close() }()
	conn.Select(t.Context(), 2)
	jobs, err := conn.LRange(t.Context(), "orders", 0, -1).Result()
	if err != nil || int64(len(jobs)) != total {
		t.Fatalf("got %d jobs, %v, want %d", len(jobs), err, total)
	}
	ids := map[string]bool{}
	for _, text := range jobs {
		var job struct {
			ID string
			At time.Time
		}
		if err := json.Unmarshal([]byte(text), &job); err != nil || job.ID == "" || job.At.IsZero() || job.At.Location() != time.UTC {
			t.Fatalf("got job %s: %v", text, err)
		}
		ids[job.ID] = true
	}
	if int64(len(ids)) != total {
		t.Errorf("got %d different ids, want %d", len(ids), total)
	}
	if got, want := shape(jobs[0]), shape(ExampleJob); got != want {
		t.Errorf("got %s, want it like %s", jobs[0], ExampleJob)
	}
	if !strings.Contains(jobs[len(jobs)-1], "-000001") || !strings.Contains(jobs[len(jobs)-2], "-000002") {
		t.Error("a worker that pops the tail does not get the first job first")
	}
}

func TestPushIsRefused(t *testing.T) {
	r := startRedis(t)
	r.do("set", "text", 1)
	r.do("sadd", "set", 1)
	alike, err := load.ParsePayload("{time}")
	if err != nil {
		t.Fatal(err)
	}
	s, f := run(t, Options{})
	for _, tt := range []struct {
		load load.Load
		want string
	}{
		{load.Load{Backlog: r.queue("text"), Profile: load.BatchOf(2000)}, "the key holds a string; jobs can only be put into a list, a set, a sorted set, a hash or a stream"},
		{load.Load{Backlog: r.queue("set"), Profile: load.BatchOf(10), Payload: alike}, "the key holds a set, which takes equal jobs for one: the payload needs an {id}"},
		{load.Load{Backlog: r.queue("list"), Profile: load.BatchOf(0)}, "batch: 0 jobs do nothing"},
		{load.Load{Backlog: r.queue(""), Profile: load.BatchOf(1)}, "the queue has no key"},
		{load.Load{Backlog: triggers.Redis{Address: r.address, DB: -1, Key: "list"}.Backlog(), Profile: load.BatchOf(1)}, "there is no database -1"},
		{load.Load{Backlog: triggers.Redis{Address: r.address, DB: 99, Key: "list"}.Backlog(), Profile: load.BatchOf(1)}, "the server has no database of that number"},
		{load.Load{Backlog: triggers.Redis{Key: "list"}.Backlog(), Profile: load.BatchOf(1)}, "the address comes from the target's environment"},
		{load.Load{Backlog: triggers.Redis{Address: "127.0.0.1:1", Key: "list"}.Backlog(), Profile: load.BatchOf(5)}, "nothing listens at 127.0.0.1:1 (connection refused)"},
	} {
		err := s.Load(t.Context(), tt.load, nil)
		got := pushed(f)
		if !strings.HasPrefix(got.Err, tt.want) || err == nil || err.Error() != got.Err {
			t.Errorf("got %v and %+v, want %q", err, got, tt.want)
		}
		if got.Accepted != 0 || got.Backlog != tt.load.Backlog || got.Asked != tt.load.Profile.Jobs {
			t.Errorf("got %+v", got)
		}
	}
	if n := r.do("exists", "list"); n != int64(0) {
		t.Error("something was put in")
	}
	if n := r.do("scard", "set"); n != int64(1) {
		t.Error("the set was changed")
	}
}

// What a key holds decides how jobs get into it.
func TestPushIntoOtherShapes(t *testing.T) {
	r := startRedis(t)
	s, f := run(t, Options{})
	r.do("sadd", "set", "x")
	r.do("zadd", "zset", 1, "x")
	r.do("hset", "hash", "x", "x")
	r.do("xadd", "stream", "*", "job", "x")
	for _, tt := range []struct{ key, length string }{{"set", "scard"}, {"zset", "zcard"}, {"hash", "hlen"}, {"stream", "xlen"}} {
		for i, n := range []int64{1500, 1} {
			if err := s.Load(t.Context(), load.Load{Backlog: r.queue(tt.key), Target: target, Profile: load.BatchOf(n)}, nil); err != nil {
				t.Fatal(err)
			}
			want := int64(1501 + i)
			if got := pushed(f); got.Accepted != n || got.Length != want || got.Err != "" {
				t.Errorf("%s: got %+v, want a length of %d", tt.key, got, want)
			}
			if got := r.do(tt.length, tt.key); got != want {
				t.Errorf("%s holds %v, want %d", tt.key, got, want)
			}
		}
	}
	q := triggers.Redis{Address: r.address, Key: "new", Measure: triggers.StreamLength}.Backlog()
	if err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(3)}, nil); err != nil || r.do("xlen", "new") != int64(3) {
		t.Errorf("a stream that was not there: %v", err)
	}
	ordered, err := r.ZRange(t.Context(), "zset", 1, -1).Result() // the first was there before
	if err != nil || len(ordered) != 1501 || !slices.IsSorted(ordered) {
		t.Errorf("a sorted set does not give the oldest of %d first, %v", len(ordered), err)
	}
}

func TestPushPayloadAndSide(t *testing.T) {
	r := startRedis(t)
	s, _ := run(t, Options{})
	p, err := load.ParsePayload(`{seq}:{rand:4}:{size:300k}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context(), load.Load{Backlog: r.queue("list"), Profile: load.BatchOf(40), Payload: p, Side: load.Tail}, nil); err != nil {
		t.Fatal(err)
	}
	all, err := r.LRange(t.Context(), "list", 0, -1).Result()
	if err != nil || len(all) != 40 {
		t.Fatalf("%d jobs, %v", len(all), err)
	}
	for i, job := range all {
		if !strings.HasPrefix(job, fmt.Sprintf("%d:", i+1)) || len(job) != 300<<10 {
			t.Errorf("job %d is %.20s, %d bytes", i, job, len(job))
		}
	}
}

func TestPushOutsideRunAndReadOnly(t *testing.T) {
	r := startRedis(t)
	one := load.Load{Backlog: r.queue("list"), Profile: load.BatchOf(1)}
	s := New(Options{})
	if err := s.Load(t.Context(), one, nil); err == nil {
		t.Error("pushed before Run")
	}
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error)
	go func() { returned <- s.Run(ctx, func(kscope.Fact) {}) }()
	for s.Load(t.Context(), one, nil) != nil { // until Run has begun
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-returned; err != nil {
		t.Error(err)
	}
	if err := s.Load(t.Context(), one, nil); err == nil {
		t.Error("pushed after Run")
	}
	ro, f := run(t, Options{ReadOnly: true})
	ro.Follow(scaledObject("one", one.Backlog))
	f.status(kscope.Synced) // it runs
	if err := ro.Load(t.Context(), one, nil); err == nil || pushed(f).Err != err.Error() {
		t.Errorf("got %v in read-only mode", err)
	}
	if n := r.do("llen", "list"); n != int64(1) {
		t.Errorf("got %v jobs, want 1", n)
	}
}

func TestPushStops(t *testing.T) {
	r := startRedis(t)
	s, f := run(t, Options{})
	q := r.queue("list")
	s.Follow(scaledObject("one", q))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- s.Load(ctx, load.Load{Backlog: q, Profile: load.BatchOf(1e9), Limits: load.Limits{Total: 1e9}}, nil)
	}()
	f.depth(q, func(d kscope.Depth) bool { return d.N > 5000 }) // measuring goes on meanwhile
	cancel()
	err := <-done
	got := pushed(f)
	if err == nil || !strings.HasPrefix(got.Err, "stopped after ") || got.Accepted <= 5000 || got.Length != got.Accepted {
		t.Errorf("got %v and %+v", err, got)
	}
	if n := r.do("llen", "list"); n != got.Accepted {
		t.Errorf("the server has %v, accepted are %d", n, got.Accepted)
	}
}

func TestPushSurvivesAClosedConnectionAndSeesADeadServer(t *testing.T) {
	r := startRedis(t)
	s, f := run(t, Options{})
	q := r.queue("list")
	s.Follow(scaledObject("one", q))
	push := func(n int64) kscope.Loading {
		_ = s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(n)}, nil)
		return pushed(f)
	}
	push(5)
	r.do("client", "kill", "type", "normal", "skipme", "yes")
	if got := push(5); got.Err != "" || got.Length != 10 {
		t.Errorf("got %+v", got)
	}
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		f.depth(q, func(d kscope.Depth) bool { return d.N > 3000 })
		r.kill()
	}()
	err := s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(1e9), Limits: load.Limits{Total: 1e9}}, nil)
	<-killed
	if err == nil || !strings.Contains(err.Error(), " of 1000000000 jobs") {
		t.Errorf("got %v", err)
	}
	// More than 3000 were seen in the list, 10 of them from before: all others
	// must be accounted for, as acknowledged or as possibly in.
	got := pushed(f)
	var unknown int64
	if _, tail, ok := strings.Cut(got.Err, "; "); ok {
		_, _ = fmt.Sscan(tail, &unknown)
	}
	if got.Accepted+unknown <= 3000-10 || got.Err != err.Error() {
		t.Errorf("got %+v", got)
	}
	r.start()
	if got := push(1); got.Err != "" || got.Length != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestPushesTakeTurns(t *testing.T) {
	r := startRedis(t)
	s, f := run(t, Options{})
	s.Follow(scaledObject("one", r.queue("list")))
	f.status(kscope.Synced)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.Load(t.Context(), load.Load{Backlog: r.queue("list"), Profile: load.BatchOf(1500)}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := r.do("llen", "list"); n != int64(30_000) {
		t.Errorf("got %v jobs", n)
	}
}

// The end of Run cuts off a push that a silent server would hold up.
func TestRunDoesNotWaitForASilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	q := triggers.Redis{Address: l.Addr().String(), Key: "list"}.Backlog()
	s := New(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	f := &facts{t: t, signal: make(chan struct{}, 1)}
	returned, gaveUp := make(chan error), make(chan error, 1)
	go func() { returned <- s.Run(ctx, f.emit) }()
	s.Follow(scaledObject("one", q))
	f.status(kscope.Connecting)
	go func() { gaveUp <- s.Load(t.Context(), load.Load{Backlog: q, Profile: load.BatchOf(1)}, nil) }()
	for range 2 { // the meter's connection and the writer's
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
	}
	started := time.Now()
	cancel()
	if err := <-returned; err != nil {
		t.Error(err)
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("Run returned after %v", took)
	}
	if err := <-gaveUp; err == nil {
		t.Error("the push succeeded")
	}
}

// shape is a job with its id and its time blotted out.
func shape(job string) string {
	job = regexp.MustCompile(`"[0-9a-f]{12}-[0-9]{6,}"`).ReplaceAllString(job, "ID")
	return regexp.MustCompile(`"[0-9-]{10}T[0-9:]{8}(\.[0-9]{1,9})?Z"`).ReplaceAllString(job, "AT")
}

// go-redis gives the error that ended a connection to one command of the
// pipeline and leaves the others as they were marked.
func TestABrokenPipelineIsAccountedForWhole(t *testing.T) {
	var made commands
	cmds := made.of(&broker.Batch{Side: load.Head, Jobs: make([]string, 1000)}, list)
	for _, c := range cmds {
		c.SetErr(errUnanswered)
	}
	cmds[0].(*goredis.IntCmd).SetVal(100)
	cmds[0].SetErr(nil)
	cmds[1].SetErr(io.EOF)
	disown(cmds, io.EOF)
	if did := account(cmds); did.Accepted != 100 || did.Unknown != 900 {
		t.Errorf("got %+v, want 100 acknowledged and 900 unknown of 1000", did)
	}
}

// Several triggers may name one server, each as another user. Who puts jobs in
// by turns has a connection for each of them, and not one more every time.
func TestPushesAsSeveralUsersKeepAConnectionEach(t *testing.T) {
	r := startRedis(t)
	users := []string{"", "anna", "berta"}
	var queues []kscope.Backlog
	access := map[string]Access{}
	for i, user := range users {
		q := triggers.Redis{Address: r.address, Key: fmt.Sprint("jobs", i)}.Backlog()
		if user != "" {
			r.do("acl", "setuser", user, "on", ">s3cret-"+user, "~*", "+@all")
			q = triggers.Redis{Address: r.address, Via: "TriggerAuthentication demo/" + user, Key: fmt.Sprint("jobs", i)}.Backlog()
		}
		queues = append(queues, q)
		access[fmt.Sprint("so", i)] = Access{Addresses: []string{r.address}, Username: user, Password: "s3cret-" + user}
	}
	s, f := run(t, Options{Resolve: func(_ context.Context, of kscope.TriggerRef) (Server, error) { return access[of.Object.Name].Server() }})
	for i, q := range queues {
		s.Follow(scaledObject(fmt.Sprint("so", i), q))
		f.depth(q, known(0))
	}
	const rounds = 5
	for range rounds {
		for _, q := range queues {
			if err := s.Load(t.Context(), load.Load{Backlog: q, Target: target, Profile: load.BatchOf(1)}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := fmt.Sprint(r.do("client", "list"))
	for _, user := range users {
		if user == "" {
			user = "default"
		}
		n := 0
		for line := range strings.Lines(list) {
			if f := strings.Fields(line); slices.Contains(f, "name=kscope") && slices.Contains(f, "user="+user) {
				n++
			}
		}
		if n != 2 { // one measures, one pushes
			t.Errorf("%d connections as %s after %d pushes:\n%s", n, user, rounds, list)
		}
	}
	for _, q := range queues {
		f.depth(q, known(rounds))
	}
}
