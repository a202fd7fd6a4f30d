package sandbox

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
)

func TestNewRefuses(t *testing.T) {
	m := read(t, shop)
	r, err := startRedis(true, 0, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, test := range []struct {
		name string
		o    Options
	}{
		{"no clock", Options{Manifests: m, Speed: 1}},
		{"no speed", Options{Manifests: m, Wall: time.Now}},
		{"too fast", Options{Manifests: m, Wall: time.Now, Speed: 61}},
		{"nothing to play", Options{Wall: time.Now, Speed: 1}},
		{"port in use", Options{Manifests: m, Wall: time.Now, Speed: 1, RedisPort: r.Port()}},
	} {
		if s, err := New(test.o); err == nil {
			t.Errorf("%s: made", test.name)
			s.Close()
		}
	}
}

// TestRest: while nothing happens, Run sleeps from one thing that is due to the
// next, instead of looking whether something is.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := Load(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var looks atomic.Int64
		s, err := New(Options{Manifests: m, NoPort: true, Speed: 1, Wall: func() time.Time {
			looks.Add(1)
			return time.Now()
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		go s.Run(t.Context(), func(kscope.Fact) {})
		time.Sleep(time.Minute)
		before := looks.Load()
		const minutes = 10
		time.Sleep(minutes * time.Minute)
		// KEDA looks every 5 s, the HPA every 15 s, the demo's Redis is probed
		// every 2 s: about once a second, and each time the clock is read
		// three times.
		if perMinute := (looks.Load() - before) / minutes; perMinute < 3*16 || perMinute > 3*80 {
			t.Errorf("the clock was read %d times a minute", perMinute)
		}
	})
}

// TestSpeed: time goes on at the speed that was set last, and the world with
// it.
func TestSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		r := run(t, Options{Start: start, Speed: 1})
		if !r.Now().Equal(start) {
			t.Errorf("began at %v", r.Now())
		}
		if err := r.SetSpeed(0); err == nil || r.Speed() != 1 {
			t.Error("stood still")
		}
		time.Sleep(10 * time.Second)
		if err := r.SetSpeed(30); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if got := r.Now().Sub(start); got != 310*time.Second {
			t.Errorf("%v have passed", got)
		}
		synctest.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		if behind := r.store.Now().Sub(start); behind < 270*time.Second {
			t.Errorf("the stream is at %v", behind)
		}
	})
}

// TestStandIns: a trigger that names its queue keeps it, and what passes is not
// written to.
func TestStandIns(t *testing.T) {
	own := triggers.Redis{Address: "redis:6379", Key: "orders"}.Backlog()
	all := []kscope.Trigger{
		{Type: "redis", Backlog: &own},
		{Type: "redis", Backlog: new(triggers.Redis{Via: "Deployment n/so", Key: "from-env"}.Backlog())},
		{Type: "kafka"},
		{Type: "cpu"},
		{Type: "redis", Backlog: new(triggers.Redis{Key: "nowhere"}.Backlog())},
	}
	got := standIn(kscope.Ref{Namespace: "n", Name: "so"}, all)
	if *got[0].Backlog != own || got[1].Backlog.Server == "" || got[1].Backlog.Name != "from-env" || got[2].Backlog == nil || got[3].Backlog != nil || got[4].Backlog.Server != "" {
		t.Errorf("%+v", got)
	}
	if all[1].Backlog.Server != "(Deployment n/so)" || all[2].Backlog != nil {
		t.Error("the original was changed")
	}
}

// noLength is a Redis that panics.
type noLength struct{}

func (noLength) Len(triggers.Redis) (int64, error)         { panic("no such length") }
func (noLength) Take(triggers.Redis) (string, bool, error) { return "", false, nil }
func (noLength) Done(triggers.Redis, string)               {}

// TestDefect: what panics in the world is said, logged whole, and does not end
// the sandbox.
func TestDefect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		old := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
		defer slog.SetDefault(old)
		m, err := Load(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Options{Manifests: m, NoPort: true, Speed: 1, Wall: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.world = world.New(world.Options{Start: s.clock.base}, noLength{})
		if err := s.apply(m); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var said []kscope.Status
		if err := s.Run(ctx, func(f kscope.Fact) { said = append(said, f.(kscope.Status)) }); err != nil {
			t.Fatal(err)
		}
		if len(said) < 5 || said[0].State != kscope.Failing || said[0].Message != "a step of it stopped by a defect: no such length" {
			t.Errorf("got %+v", said)
		}
		if !strings.Contains(logged.String(), "reconcileSteps") {
			t.Errorf("the log: %.200s", logged.String())
		}
	})
}
