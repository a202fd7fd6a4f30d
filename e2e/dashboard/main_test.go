// Package dashboard_test runs the real kscope in a pseudo-terminal against a
// real Kubernetes, a real KEDA and a real Redis, and compares what a person
// would see with what the cluster says.
//
// One cluster serves all tests. Each has a namespace and a queue of its own, so
// most run at the same time; those that stop a server run alone, before them.
package dashboard_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/workers"
)

var (
	c      *cluster.Cluster
	queues *redis.Client
	binary string // the kscope under test
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, err := os.MkdirTemp("", "kscope-dashboard-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)

	var starting errgroup.Group
	starting.Go(func() (err error) {
		binary, err = build(ctx, dir)
		return err
	})
	starting.Go(func() (err error) {
		c, err = cluster.Start(ctx, cluster.Options{HPASyncPeriod: 2 * time.Second, Progress: os.Stderr})
		return err
	})
	err = starting.Wait()
	if c != nil {
		defer func() {
			if stopErr := c.Stop(); err == nil {
				err = stopErr
			}
		}()
	}
	if err != nil {
		return 1, err
	}
	redis.SetLogger(silence{}) // tests stop it on purpose
	queues = redis.NewClient(&redis.Options{Addr: c.RedisAddr})
	defer queues.Close()

	var playing errgroup.Group
	playing.Go(func() error { return workers.Run(ctx, workers.Options{Client: c.Client, Redis: c.RedisAddr}) })
	defer playing.Wait()
	defer cancel()
	// The tests wait far more than they compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// build compiles kscope as it lies in the checkout. KSCOPE_BINARY names a
// finished program to test instead.
func build(ctx context.Context, dir string) (string, error) {
	if b := os.Getenv("KSCOPE_BINARY"); b != "" {
		return filepath.Abs(b)
	}
	path := filepath.Join(dir, "kscope")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/kscope")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/kscope: %w\n%s", err, out)
	}
	return path, nil
}
