package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/e2e/cluster"
)

// A Redis that goes away makes the metrics API fail; when it is back on the
// same port, everything goes on by itself.
func TestRedisGoesAndComesBack(t *testing.T) {
	ns := newNamespace(t)
	r := newRedis(t)
	ctx := t.Context()
	if err := c.ApplyYAML(ctx, ns, fmt.Sprintf(consumer, ns, c.RedisAddr)); err != nil {
		t.Fatal(err)
	}
	// The list keeps the Deployment up: there are no workers in this test.
	if err := r.LPush(ctx, ns, "a", "b", "c").Err(); err != nil {
		t.Fatal(err)
	}
	metric := func(ctx context.Context) error {
		return c.Client.Discovery().RESTClient().Get().
			AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces/"+ns+"/s0-redis-"+ns).
			Param("labelSelector", "scaledobject.keda.sh/name=consumer").Do(ctx).Error()
	}
	waitFor(t, 20*time.Second, "the metric", metric)
	if err := c.StopRedis(); err != nil {
		t.Fatal(err)
	}
	if err := r.Ping(ctx).Err(); err == nil {
		t.Error("the stopped Redis answers")
	}
	waitFor(t, 30*time.Second, "the metric to fail", func(ctx context.Context) error {
		if metric(ctx) == nil {
			return fmt.Errorf("it is still served")
		}
		return nil
	})
	if err := c.StartRedis(ctx); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 5*time.Second, "an answer from Redis", func(ctx context.Context) error { return r.Ping(ctx).Err() })
	if n := r.Exists(ctx, ns).Val(); n != 0 {
		t.Error("the list survived, although Redis was to lose its data")
	}
	waitFor(t, 30*time.Second, "the metric", metric)
}

// An API server that goes away comes back with everything it knew, and a watch
// that was open can be opened again.
func TestAPIServerGoesAndComesBack(t *testing.T) {
	ns := newNamespace(t)
	ctx := t.Context()
	if _, err := c.Client.CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "kept"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	w, err := c.Client.CoreV1().ConfigMaps(ns).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Client.Discovery().ServerVersion(); err == nil {
		t.Error("the stopped API server answers")
	}
	timeout := time.After(10 * time.Second)
	for open := true; open; {
		select {
		case _, open = <-w.ResultChan():
		case <-timeout:
			t.Fatal("the watch outlived the API server for 10 seconds")
		}
	}
	if err := c.StartAPIServer(ctx); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 20*time.Second, "the object", func(ctx context.Context) error {
		_, err := c.Client.CoreV1().ConfigMaps(ns).Get(ctx, "kept", metav1.GetOptions{})
		return err
	})
	waitFor(t, 30*time.Second, "external metrics", func(ctx context.Context) error {
		return c.Client.Discovery().RESTClient().Get().AbsPath("/apis/external.metrics.k8s.io/v1beta1").Do(ctx).Error()
	})
}

// KEDA that crashes comes back, as it would on a node; KEDA that a test has
// stopped does not.
func TestKEDAIsStartedAgainUnlessStopped(t *testing.T) {
	if err := c.StopProgram(cluster.KEDAWebhooks); err != nil {
		t.Fatal(err)
	}
	operator := program(t, cluster.KEDAOperator)
	if err := syscall.Kill(operator.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 20*time.Second, "another operator", func(context.Context) error {
		if p := program(t, cluster.KEDAOperator); p.PID == operator.PID || !p.Alive() {
			return errors.New("none yet")
		}
		return nil
	})
	if program(t, cluster.KEDAWebhooks).Alive() {
		t.Error("the webhooks are back, although they were stopped")
	}
	if err := c.StartProgram(t.Context(), cluster.KEDAWebhooks); err != nil {
		t.Fatal(err)
	}
}

// program returns the saved state of a program.
func program(t *testing.T, name string) *cluster.Program {
	t.Helper()
	saved, err := cluster.Open(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range saved.Programs {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no program %s", name)
	return nil
}

// A second cluster runs beside the first, and a starter that goes away leaves
// one that another can find and stop.
func TestDetachedClusterIsFoundAgain(t *testing.T) {
	dir := t.TempDir()
	one, err := cluster.Start(t.Context(), cluster.Options{Dir: dir, Nodes: 1, Detached: true, Progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = one.Stop() })
	found, err := cluster.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := found.Client.CoreV1().Nodes().Get(t.Context(), "node-1", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	// A pid that now belongs to another process must not be killed.
	found.Programs = append(found.Programs, &cluster.Program{Name: "stranger", PID: os.Getpid(), Started: "long ago"})
	if err := found.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, p := range found.Programs {
		if p.Alive() {
			t.Errorf("%s, process %d, outlived the cluster", p.Name, p.PID)
		}
	}
}
