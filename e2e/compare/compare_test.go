package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/workers"
)

// plays is how often the sandbox plays the scenarios, in different phases.
const plays = 20

// stories is for what cannot be told from a table.
var stories = flag.String("stories", "", "directory for what kscope said of each scenario on the cluster, second by second")

// stagger is how far apart the scenarios are applied to the cluster, so that
// each has phases of its own.
const stagger = 700 * time.Millisecond

// TestSandboxScalesLikeTheCluster puts a real Kubernetes with a real KEDA and
// the sandbox to the same loads. On the real one they take seven minutes, which
// is what a window of 300 s costs; with -v the comparison is printed.
func TestSandboxScalesLikeTheCluster(t *testing.T) {
	dir := t.TempDir()
	var (
		starting errgroup.Group
		c        *cluster.Cluster
	)
	starting.Go(func() (err error) {
		c, err = cluster.Start(t.Context(), cluster.Options{HPASyncPeriod: HPASyncPeriod, Progress: os.Stderr})
		return err
	})
	player := filepath.Join(dir, "halves.test")
	starting.Go(func() error { return buildHalves(t.Context(), player) })
	err := starting.Wait()
	if c != nil {
		defer func() {
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		}()
	}
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := c.NewNamespace(t.Context(), "compare")
	if err != nil {
		t.Fatal(err)
	}
	scenarios := Scenarios()
	imagined, err := playSandbox(t.Context(), player, Request{
		Namespace: namespace, Manifests: Manifests(scenarios, namespace, c.RedisAddr),
		Scenarios: scenarios, Plays: plays, Answer: filepath.Join(dir, "answer.json"),
	})
	if err != nil {
		t.Fatal(err)
	}
	all := append(scenarios, Scored()...)
	score, err := startKscope(t.Context(), player, Watching{Kubeconfig: c.Kubeconfig, Namespace: namespace, Scenarios: all, Stories: *stories})
	if err != nil {
		t.Fatal(err)
	}
	// Other phases in each run: what has just settled has just been synced.
	lead := rand.N(HPASyncPeriod)
	t.Logf("the schedule begins %s after all has settled", tenths(lead))
	actual, err := playCluster(t.Context(), c, namespace, lead, all)
	if err != nil {
		t.Fatal(errors.Join(err, score.end(Outcome{})))
	}
	judge(t, scenarios, actual.Traces, imagined)
	if err := score.end(actual); err != nil {
		t.Error(err)
	}
	t.Logf("what kscope said\n%s", score.told.String())
}

// judge prints the comparison, and fails the test for each difference.
func judge(t *testing.T, scenarios []Scenario, actual map[string]Trace, imagined []map[string]Trace) {
	t.Helper()
	var table strings.Builder
	var greatest time.Duration
	for _, s := range scenarios {
		var all []Trace
		for _, play := range imagined {
			all = append(all, play[s.Name])
		}
		rows, problems := Compare(s, actual[s.Name], all)
		for _, p := range problems {
			t.Error(p)
		}
		for _, r := range rows {
			greatest = max(greatest, r.Difference())
		}
		if err := Print(&table, s, rows); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("one poll is %s, one sync of the HPA %s; \"in any phase\" is over %d plays of the sandbox\n%s\nthe greatest difference is %s of %s allowed",
		PollingInterval, HPASyncPeriod, len(imagined), table.String(), tenths(greatest), Tolerance)
}

// playCluster applies the scenarios one after the other and plays them.
func playCluster(ctx context.Context, c *cluster.Cluster, namespace string, lead time.Duration, scenarios []Scenario) (Outcome, error) {
	queues := redis.NewClient(&redis.Options{Addr: c.RedisAddr})
	defer queues.Close()
	var working errgroup.Group
	defer working.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	working.Go(func() error {
		return workers.Run(ctx, workers.Options{Client: c.Client, Redis: c.RedisAddr, Namespace: namespace})
	})
	for _, s := range scenarios {
		if err := c.ApplyYAML(ctx, namespace, s.Manifest(namespace, c.RedisAddr)); err != nil {
			return Outcome{}, err
		}
		if err := sleep(ctx, stagger); err != nil {
			return Outcome{}, err
		}
	}
	return Play(ctx, Place{Client: c.Client, Dynamic: c.Dynamic, Redis: queues, Namespace: namespace, Lead: lead}, scenarios)
}

// buildHalves compiles the halves that are part of the module above.
func buildHalves(ctx context.Context, path string) error {
	here, err := filepath.Glob("*.go")
	if err != nil {
		return err
	}
	args := []string{"test", "-c", "-o", path}
	for _, f := range here {
		if !strings.HasSuffix(f, "_test.go") || f == "sandbox_test.go" || f == "kscope_test.go" {
			args = append(args, filepath.Join("e2e", "compare", f))
		}
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the other halves: %w\n%s", err, out)
	}
	return nil
}

// playSandbox runs the half with the sandbox.
func playSandbox(ctx context.Context, player string, r Request) ([]map[string]Trace, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, player, "-test.run", "^TestSandbox$")
	cmd.Stdin = strings.NewReader(string(request))
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("play in the sandbox: %w\n%s", err, out)
	}
	answer, err := os.ReadFile(r.Answer)
	if err != nil {
		return nil, err
	}
	var traces []map[string]Trace
	if err := json.Unmarshal(answer, &traces); err != nil {
		return nil, fmt.Errorf("answer of the sandbox: %w", err)
	}
	if len(traces) != r.Plays {
		return nil, fmt.Errorf("the sandbox played %d times, want %d", len(traces), r.Plays)
	}
	return traces, nil
}

// kscopeHalf is the half with kscope, while it watches.
type kscopeHalf struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	told bytes.Buffer
}

// startKscope lets the half with kscope watch.
func startKscope(ctx context.Context, player string, w Watching) (*kscopeHalf, error) {
	k := &kscopeHalf{cmd: exec.CommandContext(ctx, player, "-test.run", "^TestKscope$")}
	k.cmd.Stdout, k.cmd.Stderr = &k.told, &k.told
	var err error
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the half with kscope: %w", err)
	}
	if err := json.NewEncoder(k.in).Encode(w); err != nil {
		return nil, errors.Join(fmt.Errorf("ask the half with kscope: %w", err), k.cmd.Wait())
	}
	return k, nil
}

// end tells it what became of all, and waits until it has judged.
func (k *kscopeHalf) end(out Outcome) error {
	err := json.NewEncoder(k.in).Encode(out)
	k.in.Close()
	if err := errors.Join(err, k.cmd.Wait()); err != nil {
		return fmt.Errorf("what kscope said: %w", err)
	}
	return nil
}
