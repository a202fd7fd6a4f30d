//go:build ignore

// This file is compiled by its name, in the module above; see the documentation
// of the package.

package compare

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox"
)

// TestSandbox plays what it is asked to, in as many different phases. In a
// bubble the sandbox's time passes as on the wall, and takes none.
func TestSandbox(t *testing.T) {
	var r Request
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		t.Fatal(err)
	}
	plays := make([]map[string]Trace, r.Plays)
	for i := range plays {
		synctest.Test(t, func(t *testing.T) { plays[i] = play(t, r, uint64(i)) })
	}
	answer, err := json.Marshal(plays)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.Answer, answer, 0o600); err != nil {
		t.Fatal(err)
	}
}

func play(t *testing.T, r Request, seed uint64) map[string]Trace {
	m, err := sandbox.Load([]string{"-"}, strings.NewReader(r.Manifests))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Notes) > 0 {
		t.Errorf("the sandbox does not play all: %q", m.Notes)
	}
	s, err := sandbox.New(sandbox.Options{
		Manifests: m, Wall: time.Now, Speed: 1, Seed: seed, NoPort: true, NoWorkers: true,
		StartTime: time.Second, StartSpread: 0.5,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx, func(f kscope.Fact) { t.Errorf("%+v", f) }); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer cancel()
	queues := redis.NewClient(&redis.Options{Addr: s.Redis(), Dialer: s.Dial})
	defer queues.Close()
	typed, dynamic := s.Clients()
	out, err := Play(ctx, Place{
		Client: typed, Dynamic: dynamic, Redis: queues, Namespace: r.Namespace,
		// The HPAs have found their phases by then.
		Lead: HPASyncPeriod + time.Duration(rand.New(rand.NewPCG(seed, 0)).Int64N(int64(HPASyncPeriod))),
	}, r.Scenarios)
	if err != nil {
		t.Fatal(err)
	}
	return out.Traces
}
