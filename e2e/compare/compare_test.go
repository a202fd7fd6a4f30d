package compare

import (
	"context"
	"encoding/json"
	"fmt"
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
)

// plays is how often the sandbox plays the scenarios, in different phases.
const plays = 20

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
	player := filepath.Join(dir, "sandbox.test")
	starting.Go(func() error { return buildSandbox(t.Context(), player) })
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
	// Other phases in each run: what has just settled has just been synced.
	lead := rand.N(HPASyncPeriod)
	t.Logf("the schedule begins %s after all has settled", tenths(lead))
	actual, err := playCluster(t.Context(), c, namespace, lead, scenarios)
	if err != nil {
		t.Fatal(err)
	}
	judge(t, scenarios, actual, imagined)
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
func playCluster(ctx context.Context, c *cluster.Cluster, namespace string, lead time.Duration, scenarios []Scenario) (map[string]Trace, error) {
	queues := redis.NewClient(&redis.Options{Addr: c.RedisAddr})
	defer queues.Close()
	for _, s := range scenarios {
		if err := c.ApplyYAML(ctx, namespace, s.Manifest(namespace, c.RedisAddr)); err != nil {
			return nil, err
		}
		if err := sleep(ctx, stagger); err != nil {
			return nil, err
		}
	}
	return Play(ctx, Place{Client: c.Client, Dynamic: c.Dynamic, Redis: queues, Namespace: namespace, Lead: lead}, scenarios)
}

// buildSandbox compiles the half with the sandbox in the module that has it.
func buildSandbox(ctx context.Context, path string) error {
	here, err := filepath.Glob("*.go")
	if err != nil {
		return err
	}
	args := []string{"test", "-c", "-o", path, filepath.Join("e2e", "compare", "sandbox_test.go")}
	for _, f := range here {
		if !strings.HasSuffix(f, "_test.go") {
			args = append(args, filepath.Join("e2e", "compare", f))
		}
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the half with the sandbox: %w\n%s", err, out)
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
