package brokers

import (
	"context"
	"encoding/pem"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope/e2e/cluster"
)

var (
	c      *cluster.Cluster
	half   *kscope
	keda   *metrics
	rabbit *rabbitMQ
)

const namespace = "brokers"

func TestMain(m *testing.M) {
	os.Exit(func() int {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour) // the first run compiles
		defer cancel()
		code, err := run(ctx, m)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

func run(ctx context.Context, m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "kscope-brokers-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	trust, err := trusted(dir)
	if err != nil {
		return 0, err
	}
	program := filepath.Join(dir, "kscope.test")
	var g errgroup.Group
	g.Go(func() error { return compile(ctx, program) })
	g.Go(func() (err error) { // which takes longest to start
		rabbit, err = startRabbitMQ(ctx, dir)
		return err
	})
	g.Go(func() (err error) {
		c, err = cluster.Start(ctx, cluster.Options{HPASyncPeriod: 2 * time.Second, OperatorEnv: trust, Progress: os.Stderr})
		return err
	})
	err = g.Wait()
	defer func() {
		rabbit.stop()
		if c != nil {
			_ = c.Stop()
		}
	}()
	if err != nil {
		return 0, err
	}
	if err := c.EnsureNamespace(ctx, namespace, nil); err != nil {
		return 0, err
	}
	if half, err = start(ctx, program, trust); err != nil {
		return 0, err
	}
	defer half.stop()
	keda = &metrics{url: c.KEDAMetrics}
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(len(all))); err != nil { // stories wait most of the time
		return 0, err
	}
	return m.Run(), nil
}

// trusted writes the certificate of package httptest's servers, and gives the environment
// of who is to trust it.
func trusted(dir string) ([]string, error) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	dir = filepath.Join(dir, "trusted")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return []string{"SSL_CERT_DIR=" + dir}, os.WriteFile(filepath.Join(dir, "ca.pem"), block, 0o600)
}

// compile makes the test binary of the module above.
func compile(ctx context.Context, path string) error {
	args := []string{"test", "-c", "-o", path}
	for _, f := range []string{"wire.go", "kscope_test.go"} {
		args = append(args, filepath.Join("e2e", "brokers", f))
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the half with kscope: %w\n%s", err, out)
	}
	return nil
}
