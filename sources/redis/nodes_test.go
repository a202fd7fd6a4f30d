package redis

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// hanging dials like the network, except that some addresses never answer. It
// notes who is still waited for.
type hanging struct {
	mu      sync.Mutex
	silent  []string
	waiting map[string]int
}

func (h *hanging) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !slices.Contains(h.silent, address) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	h.mu.Lock()
	h.waiting[address]++
	h.mu.Unlock()
	<-ctx.Done()
	h.mu.Lock()
	h.waiting[address]--
	h.mu.Unlock()
	return nil, ctx.Err()
}

// One node that hangs, or is not there, does not keep the others from being
// heard, and nobody waits for it afterwards.
func TestFirstOf(t *testing.T) {
	t.Parallel() // it waits more than it computes
	one, two := startRedis(t), startRedis(t)
	errFinal := errors.New("final")
	ask := func(ctx context.Context, l *link) (string, error) {
		name := goredis.NewStringCmd(ctx, "get", "name")
		if err := l.exec(ctx, name); err != nil {
			return "", err
		}
		if name.Val() == "final" {
			return "", errFinal
		}
		return name.Result()
	}
	one.do("set", "name", "one")
	two.do("set", "name", "two")
	last := startRedis(t)
	last.do("set", "name", "final")
	const hangs, alsoHangs, none = "192.0.2.1:1", "192.0.2.2:1", "127.0.0.1:1"
	for name, c := range map[string]struct {
		nodes    []string
		want     string
		wantErr  error // nil for an answer
		wantAt   string
		asksMore bool // than the first
	}{
		"the first":                {nodes: []string{one.address, two.address}, want: "one", wantAt: one.address},
		"the first hangs":          {nodes: []string{hangs, two.address, one.address}, want: "two", wantAt: two.address},
		"the first is not there":   {nodes: []string{none, two.address}, want: "two", wantAt: two.address},
		"only the last is there":   {nodes: []string{hangs, alsoHangs, none, one.address}, want: "one", wantAt: one.address},
		"all hang":                 {nodes: []string{hangs, alsoHangs}, wantErr: context.DeadlineExceeded, wantAt: alsoHangs},
		"what all would say":       {nodes: []string{last.address, one.address}, wantErr: errFinal, wantAt: last.address},
		"the first hangs, a final": {nodes: []string{hangs, last.address, one.address}, wantErr: errFinal, wantAt: last.address},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &hanging{silent: []string{hangs, alsoHangs}, waiting: map[string]int{}}
			o := Options{Dial: h.dial, DialTimeout: 3 * time.Second}
			var nodes []Server
			for _, at := range c.nodes {
				nodes = append(nodes, Server{Address: at})
			}
			final := func(err error) bool { return errors.Is(err, errFinal) }
			got := firstOf(t.Context(), nodes, o, final, ask)
			defer got.link.close()
			if got.value != c.want || !errors.Is(got.err, c.wantErr) || got.at.Address != c.wantAt {
				t.Errorf("got %q, %v from %s, want %q, %v from %s", got.value, got.err, got.at.Address, c.want, c.wantErr, c.wantAt)
			}
			if (got.err == nil) != (got.link != nil) {
				t.Errorf("error %v, link %v", got.err, got.link)
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			for at, n := range h.waiting {
				if n != 0 {
					t.Errorf("%s is still waited for", at)
				}
			}
			if got.link != nil { // it lives on after those who were too late were cut off
				if again, err := ask(t.Context(), got.link); again != c.want || err != nil {
					t.Errorf("asked again: %q, %v", again, err)
				}
			}
		})
	}
}

// Sentinels and cluster nodes of which some hang are heard within seconds, and
// if all hang that is said in time.
func TestHangingNodes(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t, "--cluster-enabled", "yes")
	r.do("cluster", "addslotsrange", 0, slotCount-1)
	until(t, "the cluster", func() bool { return r.Do(t.Context(), "rpush", "jobs", 1).Err() == nil })
	silent := []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"}
	for _, topology := range []triggers.Topology{triggers.Cluster, triggers.Sentinel} {
		t.Run("all hang, "+string(topology), func(t *testing.T) {
			t.Parallel()
			h := &hanging{silent: silent, waiting: map[string]int{}}
			// One after the other they would take longer than the test waits.
			s, f := run(t, Options{Dial: h.dial, DialTimeout: 4 * time.Second, Resolve: resolved(Access{Addresses: silent, SentinelMaster: "main"})})
			s.Follow(scaledObject("one", triggers.Redis{Address: silent[0], Topology: topology, Key: "jobs"}.Backlog()))
			f.status(kscope.Failing)
		})
	}
	t.Run("the last answers", func(t *testing.T) {
		t.Parallel()
		h := &hanging{silent: silent, waiting: map[string]int{}}
		q := triggers.Redis{Address: silent[0], Topology: triggers.Cluster, Key: "jobs"}.Backlog()
		s, f := run(t, Options{Dial: h.dial, DialTimeout: time.Minute, Resolve: resolved(Access{Addresses: append(slices.Clone(silent), r.address)})})
		s.Follow(scaledObject("one", q))
		f.depth(q, known(1))
	})
}
