package sandbox

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/keda"
	kredis "github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/store"
)

// rig is a running sandbox with the real sources of kscope over it, folding
// into a store, inside a synctest bubble.
type rig struct {
	*Sandbox
	t         *testing.T
	queues    *kredis.Source
	manifests Manifests

	mu    sync.Mutex
	store *store.Store
}

// run starts one and ends it with the test: every goroutine too, or the bubble
// fails.
func run(t *testing.T, o Options) *rig {
	t.Helper()
	return runWatched(t, o, watcher{})
}

// watcher is how a rig is watched, where that is out of the ordinary.
type watcher struct {
	skew time.Duration // the stream's clock is ahead of the cluster's
	bare bool          // without StandIns: only the triggers' own queues are known
	// seen is called after every observation, and witness with every deed; both
	// may be nil. The store is theirs for the time of the call.
	seen    func(*store.Store)
	told    func(kscope.Observation) // each of them; may be nil
	witness func(*store.Store, world.Deed)
}

func runWatched(t *testing.T, o Options, w watcher) *rig {
	t.Helper()
	o.Wall, o.NoPort = time.Now, true
	if o.Speed == 0 {
		o.Speed = 10
	}
	if o.Manifests.Objects == nil {
		var err error
		if o.Manifests, err = Load(nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	r := &rig{t: t, store: store.New(), manifests: o.Manifests}
	if w.witness != nil {
		o.Witness = func(d world.Deed) {
			r.mu.Lock()
			defer r.mu.Unlock()
			w.witness(r.store, d)
		}
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	typed, dynamic := s.Clients()
	resolver := keda.NewResolver(typed, dynamic)
	r.Sandbox, r.queues = s, broker.New(map[string]broker.Technology{"redis": broker.Amended(kredis.Technology(kredis.Options{Dial: s.Dial, Resolve: func(ctx context.Context, t kscope.TriggerRef) (kredis.Server, error) {
		access, err := resolver.Resolve(ctx, t)
		if err != nil {
			return kredis.Server{}, err
		}
		return kredis.Access(access).Server()
	}}), s.Tell)}, broker.Options{})
	watched := k8s.New(k8s.Options{Client: typed, Dynamic: dynamic})
	objects, scaled := kscope.Source(watched), kscope.Source(keda.New(keda.Options{Dynamic: dynamic}))
	if !w.bare {
		objects, scaled = StandIns(objects), StandIns(scaled)
	}
	now := func() time.Time { return s.Now().Add(w.skew) }
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx, func(f kscope.Fact) { t.Errorf("%+v", f) }); err != nil {
			t.Error(err)
		}
	})
	in := kscope.Tap(kscope.Merge(ctx, now, objects, scaled, r.queues), func(o kscope.Observation) {
		r.queues.Follow(o)
		watched.Follow(o)
	})
	wg.Go(func() {
		for o := range in {
			r.mu.Lock()
			r.store.Apply(o)
			if w.told != nil {
				w.told(o)
			}
			if w.seen != nil {
				w.seen(r.store)
			}
			r.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		s.Close()
	})
	return r
}

// chain is what the screen would be drawn from.
func (r *rig) chain(ref kscope.Ref) explain.Picture {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, _ := explain.Look(r.store, kscope.ID{Kind: kscope.ScaledObjects, Ref: ref})
	return c
}

func (r *rig) timeline(ref kscope.Ref) []explain.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return explain.Timeline(r.store, kscope.ID{Kind: kscope.ScaledObjects, Ref: ref})
}

// until waits until a chain is as wanted, a time in the sandbox at the most.
func (r *rig) until(ref kscope.Ref, limit time.Duration, what string, ok func(explain.Picture) bool) explain.Picture {
	r.t.Helper()
	for end := r.Now().Add(limit); r.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c := r.chain(ref); ok(c) {
			return c
		}
	}
	c := r.chain(ref)
	r.t.Fatalf("%s: not within %v\nwhy: %s\nnext: %s\nphase %s, links %+v\nworkload %+v\ncounts %v\nconditions %+v\n%s", what, limit,
		c.Why, c.Next, c.Phase, c.Links, c.Workload, c.Counts, c.ScaledObject.Conditions, r.story(ref)+r.troubles())
	return c
}

// story is the timeline in words, oldest first.
func (r *rig) story(ref kscope.Ref) string {
	var b strings.Builder
	entries := r.timeline(ref)
	for _, e := range entries {
		fmt.Fprintf(&b, "%s kind %d %s %d->%d %d %s\n", e.At.Format("15:04:05.0"), e.Kind, e.Actor, e.From, e.To, e.Jobs, e.Note)
	}
	return b.String()
}

func (r *rig) push(ref kscope.Ref, q kscope.Backlog, jobs int64) {
	r.t.Helper()
	if err := r.queues.Load(r.t.Context(), load.Load{Backlog: q, Target: ref, Profile: load.BatchOf(jobs)}, nil); err != nil {
		r.t.Fatal(err)
	}
}

// troubles are the statuses that the footer would tell of.
func (r *rig) troubles() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, s := range r.store.Statuses() {
		if s.State != kscope.Synced {
			fmt.Fprintf(&b, "%s %s: %s\n", s.Kind, s.State, s.Message)
		}
	}
	return b.String()
}
