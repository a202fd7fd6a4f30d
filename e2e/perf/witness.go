package perf

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kscope/kscope/e2e/cluster"
)

// seen is a state of the Deployment, and when a witness had it.
type seen struct {
	at      time.Time
	desired int
}

// A witness tells of every state of the Deployment in order. What nobody asks
// for is kept.
type witness struct {
	name string
	news chan seen
}

const witnessKeeps = 1 << 16 // more states than any measurement makes

// await gives when a state with so many desired replicas was first seen after
// another number had been.
func (w witness) await(ctx context.Context, timeout time.Duration, desired int) (time.Time, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		select {
		case s, ok := <-w.news:
			if !ok {
				return time.Time{}, fmt.Errorf("%s ended", w.name)
			}
			if s.desired == desired {
				return s.at, nil
			}
		case <-timer.C:
			return time.Time{}, fmt.Errorf("%s did not tell of %d replicas within %s", w.name, desired, timeout)
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// watchDeployment is a watch of the harness's own. It ends with ctx, and then
// its news is closed.
func watchDeployment(ctx context.Context, c *cluster.Cluster, o object) (witness, error) {
	w := witness{"the watch", make(chan seen, witnessKeeps)}
	stream, err := c.Client.AppsV1().Deployments(o.Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("metadata.name", o.Name).String(),
	})
	if err != nil {
		return w, fmt.Errorf("watch deployment %s: %w", o.Name, err)
	}
	go func() {
		defer close(w.news)
		defer stream.Stop()
		for {
			select {
			case e, ok := <-stream.ResultChan():
				at := time.Now()
				if !ok || e.Type == watch.Error {
					return
				}
				if d, ok := e.Object.(*appsv1.Deployment); ok {
					w.news <- seen{at, int(*d.Spec.Replicas)}
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return w, nil
}

// kubectl is a kubectl get -w, read as it prints.
type kubectl struct {
	witness
	cmd   *exec.Cmd
	first chan time.Duration // from its start to its first line with an object
	bytes atomic.Int64
	done  chan struct{}
}

// startKubectl watches a resource whose table has a column such as "3/5": one
// object, or all of those that args say.
func startKubectl(c *cluster.Cluster, resource string, args ...string) (*kubectl, error) {
	k := &kubectl{
		witness: witness{"kubectl get -w", make(chan seen, witnessKeeps)},
		first:   make(chan time.Duration, 1), done: make(chan struct{}),
	}
	k.cmd = exec.Command(c.Kubectl(), append([]string{"--kubeconfig", c.Kubeconfig, "get", resource, "-w"}, args...)...)
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start kubectl: %w", err)
	}
	go func() {
		defer close(k.done)
		k.read(out, began)
		_ = k.cmd.Wait() // it is killed
	}()
	return k, nil
}

func (k *kubectl) read(out io.Reader, began time.Time) {
	lines := bufio.NewReader(out)
	for any := false; ; {
		line, err := lines.ReadString('\n')
		at := time.Now()
		k.bytes.Add(int64(len(line)))
		for f := range strings.FieldsSeq(line) {
			_, desired, ok := replicas(f)
			if !ok {
				continue
			}
			if !any {
				any = true
				k.first <- at.Sub(began)
			}
			select {
			case k.news <- seen{at, desired}:
			default: // nobody reads it: only the first line and the bytes matter
			}
			break
		}
		if err != nil {
			return
		}
	}
}

// firstLine is how long the first object took.
func (k *kubectl) firstLine(ctx context.Context, timeout time.Duration) (time.Duration, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case d := <-k.first:
		return d, nil
	case <-timer.C:
		return 0, errors.New("kubectl printed nothing within " + timeout.String())
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// timeKubectl is how long kubectl get -w takes to its first line.
func timeKubectl(ctx context.Context, c *cluster.Cluster, resource string, args ...string) (time.Duration, error) {
	k, err := startKubectl(c, resource, args...)
	if err != nil {
		return 0, err
	}
	defer k.close()
	return k.firstLine(ctx, patience)
}

func (k *kubectl) close() {
	_ = k.cmd.Process.Kill()
	<-k.done
}
