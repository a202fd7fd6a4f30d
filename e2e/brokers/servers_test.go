package brokers

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
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

// server is a broker that runs. What is nil of it is not played.
type server struct {
	typ      string
	metadata map[string]string
	secret   map[string]string     // parameters of its authentication; nil without one
	take     func(n int) error     // has a worker take so many
	load     int                   // how many jobs are put in; 0 for the usual
	fill     func(n int) error     // puts so many in, where kscope cannot
	counts   func(float64) float64 // what KEDA makes of a backlog; nil where that is itself

	rotate      func() (secret map[string]string, err error) // it lets in with another password alone, and who is in has to come in again
	leave, back func() error                                 // it goes, and comes back
	refused     string                                       // what kscope says of the first
	gone        string                                       // and of the second
}

func (s *server) count(waits float64) float64 {
	if s.counts == nil {
		return waits
	}
	return s.counts(waits)
}

// all are the brokers whose stories are played.
var all = []brokerOf{
	{"activemq", startActiveMQ}, {"apache-kafka", startApacheKafka}, {"artemis", startArtemis}, {"beanstalkd", startBeanstalkd},
	{"kafka", startKafka}, {"mysql", startMySQL}, {"nats", startNATS}, {"postgresql", startPostgreSQL}, {"prometheus", startPrometheus},
	{"rabbitmq-amqp", startRabbitMQByAMQP}, {"rabbitmq-http", startRabbitMQByHTTP}, {"servicebus", startServiceBus}, {"sqs", startSQS},
}

// loopback is a place at which nothing listened a moment ago: below the ports that the
// system gives to who connects, lest one of these be it, and above those of clusters.
func loopback() (at, port string, err error) {
	for range 100 {
		port = strconv.Itoa(30_000 + rand.IntN(2_700))
		at = net.JoinHostPort("127.0.0.1", port)
		var l net.Listener
		if l, err = new(net.ListenConfig).Listen(context.Background(), "tcp", at); err == nil {
			return at, port, l.Close()
		}
	}
	return "", "", err
}

func free(t *testing.T) (at, port string) {
	t.Helper()
	at, port, err := loopback()
	if err != nil {
		t.Fatal(err)
	}
	return at, port
}

// process is a program that runs, with all that it starts.
type process struct {
	name  string
	cmd   *exec.Cmd
	said  bytes.Buffer
	ended chan struct{}
}

// tied runs a program that ends with its own standard input, and so with the test, however
// that ends, as does all that the program has started.
const tied = `{ "$@" </dev/null; kill -9 0; } & cat >/dev/null; kill -9 0`

// begin starts a program in a directory, with some environment more than the test's.
func begin(dir string, env []string, command ...string) (*process, error) {
	p := &process{name: command[0], ended: make(chan struct{})}
	p.cmd = exec.Command("sh", append([]string{"-c", tied, "sh"}, command...)...)
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if _, err := p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // it is killed
		close(p.ended)
	}()
	return p, nil
}

// kill ends it at once.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// await waits until it listens.
func (p *process) await(ctx context.Context, at string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.ended:
			cancel(fmt.Errorf("it ended: %s", p.said.Bytes()))
		case <-ctx.Done():
		}
	}()
	return cluster.WaitFor(ctx, 90*time.Second, p.name+" at "+at, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", at)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

// listens runs a program until the test ends, and waits until it listens.
func listens(t *testing.T, at, dir string, env []string, command ...string) *process {
	t.Helper()
	p, err := begin(dir, env, command...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	if err := p.await(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	return p
}

// does runs a program to its end.
func does(t *testing.T, dir string, command ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
}

// directory is one until the test ends, that another user may be let into, as not into
// those of package testing.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kscope-broker-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// as is a command run as another user, who is given a directory, where the test is run by
// root, as whom some servers refuse to run.
func as(t *testing.T, name, dir string, command ...string) []string {
	t.Helper()
	if os.Getuid() != 0 {
		return command
	}
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid) // it has numbers here
	gid, _ := strconv.Atoi(u.Gid)
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{"setpriv", "--reuid", u.Uid, "--regid", u.Gid, "--clear-groups"}, command...)
}

func startBeanstalkd(t *testing.T) *server {
	at, port := free(t)
	listens(t, at, t.TempDir(), nil, "beanstalkd", "-l", "127.0.0.1", "-p", port)
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
