package brokers

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/beanstalkd/go-beanstalk"

	"github.com/kscope/kscope/e2e/cluster"
)

// brokerOf is a trigger type with a server for it.
type brokerOf struct {
	name  string // also that of its objects
	start func(*testing.T) *server
}

// server is a broker that runs.
type server struct {
	typ      string
	metadata map[string]string
	secret   map[string]string     // parameters of its authentication; nil without one
	take     func(n int) error     // has a worker take so many
	fill     func(n int) error     // puts so many in, where kscope cannot
	counts   func(float64) float64 // what KEDA makes of a backlog; nil where that is itself
	target   float64               // what one pod is for; 0 for the usual
}

func (s *server) count(waits float64) float64 {
	if s.counts == nil {
		return waits
	}
	return s.counts(waits)
}

func (s *server) per() float64 {
	if s.target == 0 {
		return target
	}
	return s.target
}

// all are the brokers whose stories are played.
var all = []brokerOf{{"beanstalkd", startBeanstalkd}}

// port is one that nothing listened on a moment ago.
func port(t *testing.T) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// listens runs a program until the test ends, and waits until it listens.
func listens(t *testing.T, at, program string, arguments ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it is killed
	})
	err := cluster.WaitFor(t.Context(), time.Minute, program, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", at)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func startBeanstalkd(t *testing.T) *server {
	p := strconv.Itoa(port(t))
	at := "127.0.0.1:" + p
	listens(t, at, "beanstalkd", "-l", "127.0.0.1", "-p", p)
	return &server{
		typ:      "beanstalkd",
		metadata: map[string]string{"server": at, "tube": "orders", "value": "5", "timeout": "2000"},
		take: func(n int) error {
			conn, err := beanstalk.Dial("tcp", at)
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			tube := beanstalk.NewTubeSet(conn, "orders")
			for range n {
				id, _, err := tube.Reserve(time.Second)
				if err != nil {
					return fmt.Errorf("take one of %d: %w", n, err)
				}
				if err := conn.Delete(id); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
