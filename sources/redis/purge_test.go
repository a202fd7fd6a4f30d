package redis

import (
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
)

// TestCalledOtherwise: a key that people call otherwise is measured, filled and
// emptied by its own name.
func TestCalledOtherwise(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("xadd", "entries", "*", "job", "1")
	for _, key := range []string{"list", "entries"} {
		q := triggers.Redis{Address: r.address, Key: key, Called: "own name"}
		if key == "entries" {
			q.Measure = triggers.StreamLength
		}
		before := r.do("exists", key).(int64)
		s, f := run(t, Options{Interval: time.Hour})
		s.Follow(scaledObject("one", q.Backlog()))
		f.depth(q.Backlog(), known(float64(before)))
		if err := s.Load(t.Context(), load.Load{Backlog: q.Backlog(), Target: target, Profile: load.BatchOf(3)}, nil); err != nil {
			t.Fatal(err)
		}
		if got := pushed(f); got.Accepted != 3 || got.Length != before+3 || got.Backlog.Name != "own name" {
			t.Errorf("%s: got %+v", key, got)
		}
		f.depth(q.Backlog(), known(float64(before+3)))
		if err := s.Purge(t.Context(), load.Purge{Backlog: q.Backlog(), Target: target}); err != nil {
			t.Error(err)
		}
		f.depth(q.Backlog(), known(0))
		if n := r.do("exists", "own name").(int64); n != 0 {
			t.Errorf("%s: there is a key of that name", key)
		}
	}
}

func TestPurge(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	r.do("acl", "setuser", "reader", "on", ">pw", "~*", "+@read", "+type", "+multi", "+exec", "+@connection")
	r.do("rpush", "list", 1, 2, 3)
	r.do("sadd", "set", 1, 2)
	r.do("zadd", "zset", 1, "a")
	r.do("hset", "hash", "a", 1, "b", 2)
	r.do("xadd", "stream", "*", "job", "1")
	r.do("xadd", "stream", "*", "job", "2")
	r.do("xgroup", "create", "stream", "workers", "0")
	r.do("set", "text", "x")
	s, f := run(t, Options{Interval: time.Hour})
	for _, tt := range []struct {
		key    string
		lost   int64
		why    string
		remain int64 // 1 where the key stays
	}{
		{"list", 3, "", 0}, {"set", 2, "", 0}, {"zset", 1, "", 0}, {"hash", 2, "", 0},
		{"stream", 2, "", 1}, // its group stays with it
		{"none", 0, "", 0},
		{"text", 0, "the key holds a string, which is no queue", 1},
		{"", 0, "the queue has no key", 0},
	} {
		err := s.Purge(t.Context(), load.Purge{Backlog: r.queue(tt.key), Target: target})
		got := await(f, "purged", func(kscope.Purged) bool { return true })
		if got.Took < 0 {
			t.Errorf("took %v", got.Took)
		}
		got.Took = 0
		if want := (kscope.Purged{Backlog: r.queue(tt.key), Target: target, Lost: tt.lost, Err: tt.why}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if (err == nil) != (tt.why == "") || err != nil && err.Error() != tt.why {
			t.Errorf("%s: error %v, want %q", tt.key, err, tt.why)
		}
		if n := r.do("exists", tt.key).(int64); n != tt.remain {
			t.Errorf("%s: %d such keys are left", tt.key, n)
		}
	}
	if n := r.do("xlen", "stream").(int64); n != 0 {
		t.Errorf("%d entries are left in the stream", n)
	}
	if groups := r.do("xinfo", "groups", "stream").([]any); len(groups) != 1 {
		t.Errorf("the stream's groups are %v", groups)
	}

	r.do("rpush", "list", 1, 2, 3)
	server, err := ParseServer("redis://reader@"+r.address, "pw")
	if err != nil {
		t.Fatal(err)
	}
	s, _ = run(t, Options{Override: &server})
	if err := s.Purge(t.Context(), load.Purge{Backlog: r.queue("list")}); err == nil || !strings.Contains(err.Error(), "unlink") {
		t.Errorf("a user who may not: got %v", err)
	}
	s, _ = run(t, Options{ReadOnly: true})
	if err := s.Purge(t.Context(), load.Purge{Backlog: r.queue("list")}); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("read-only: got %v", err)
	}
	if n := r.do("llen", "list").(int64); n != 3 {
		t.Errorf("%d of 3 jobs are left", n)
	}
	s = New(Options{})
	if err := s.Purge(t.Context(), load.Purge{Backlog: r.queue("list")}); err == nil {
		t.Error("not running: no error")
	}
}
