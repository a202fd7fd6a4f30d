package redis

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// TestElsewhere: jobs that come into what is easily taken for an empty key are told
// of, and no more once somebody works on them or the key itself holds some. What
// holds some and does not grow, and what another trigger watches, is nobody's
// mistake.
func TestElsewhere(t *testing.T) {
	t.Parallel() // it waits more than it computes
	for _, tt := range []struct {
		name  string
		db    int
		grows string
	}{{"one for many", 0, "job"}, {"another database", 5, "jobs"}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := startRedis(t)
			conn, watched := r.Conn(), r.Conn()
			defer func() { _, _ = conn.Close(), watched.Close() }()
			if err := cmp.Or(conn.Select(t.Context(), tt.db).Err(), watched.Select(t.Context(), 3).Err()); err != nil {
				t.Fatal(err)
			}
			r.do("lpush", "JOBS", "still")
			jobs, other := r.queue("jobs"), triggers.Redis{Address: r.address, DB: 3, Key: "jobs"}.Backlog()
			s, f := run(t, Options{Interval: 2 * time.Millisecond}) // as fast as it goes, 20 ms
			s.Follow(scaledObject("one", jobs, other))
			grow := func() bool {
				if err := cmp.Or(conn.LPush(t.Context(), tt.grows, "x").Err(), watched.LPush(t.Context(), "jobs", "x", "y", "z").Err()); err != nil {
					t.Fatal(err)
				}
				return true
			}
			got := f.depth(jobs, func(d kscope.Depth) bool { return grow() && d.Elsewhere.N > 0 })
			if e := got.Elsewhere; e.Name != tt.grows || e.DB != tt.db || got.N != 0 || got.Type != "none" {
				t.Errorf("got %+v", got)
			}
			if err := conn.LTrim(t.Context(), tt.grows, 0, 0).Err(); err != nil { // somebody works
				t.Fatal(err)
			}
			f.depth(jobs, func(d kscope.Depth) bool { return d.Elsewhere == kscope.Elsewhere{} })
			f.depth(jobs, func(d kscope.Depth) bool { return grow() && d.Elsewhere.N > 0 })
			r.do("lpush", "jobs", "x")
			f.depth(jobs, func(d kscope.Depth) bool { return d.N == 1 && d.Elsewhere == kscope.Elsewhere{} })
			f.depth(other, func(d kscope.Depth) bool { return d.N > 0 && d.Elsewhere == kscope.Elsewhere{} })
		})
	}
}

// TestAlike: the names that people write for one another.
func TestAlike(t *testing.T) {
	for key, want := range map[string][]string{
		"orders":    {"ORDERS", "order"},
		"Order":     {"ORDER", "Orders", "order"},
		"job-queue": {"JOB-QUEUE", "job-queues", "job.queue", "job:queue", "job_queue"},
		"s":         {"S", ""},
	} {
		slices.Sort(want)
		if got := alike(key); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}
