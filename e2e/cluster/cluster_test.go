package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/workers"
)

// c is shared by the tests, each of which has a namespace of its own.
var c *cluster.Cluster

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

func TestMain(m *testing.M) {
	if os.Getenv(starterEnv) != "" {
		startAndHang()
	}
	os.Exit(func() int {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour) // the first run compiles
		defer cancel()
		var err error
		c, err = cluster.Start(ctx, cluster.Options{HPASyncPeriod: 2 * time.Second, Progress: os.Stderr})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		if err := stopAll(c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

// stopAll stops the cluster and checks that nothing is left of it.
func stopAll(c *cluster.Cluster) error {
	if err := c.Stop(); err != nil {
		return err
	}
	if len(c.Programs) < 9 {
		return fmt.Errorf("the cluster had %d programs only", len(c.Programs))
	}
	for _, p := range c.Programs {
		if p.Alive() {
			return fmt.Errorf("%s, process %d, outlived the cluster", p.Name, p.PID)
		}
	}
	if _, err := os.Stat(c.Dir); err == nil {
		return fmt.Errorf("directory %s outlived the cluster", c.Dir)
	}
	return nil
}

// consumer is a Deployment with a ScaledObject, as short in time as KEDA allows.
const consumer = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: consumer
spec:
  replicas: 0
  selector: {matchLabels: {app: consumer}}
  template:
    metadata: {labels: {app: consumer}}
    spec:
      containers:
      - name: consumer
        image: consumer:1
        env:
        - {name: QUEUE, value: %[1]q}
        - {name: JOB_SECONDS, value: "0.2"}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: consumer
spec:
  scaleTargetRef: {name: consumer}
  pollingInterval: 1
  cooldownPeriod: 5
  maxReplicaCount: 4
  advanced:
    horizontalPodAutoscalerConfig:
      behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
  triggers:
  - type: redis
    metadata: {address: %[2]q, listName: %[1]q, listLength: "5"}
`

func newNamespace(t *testing.T) string {
	t.Helper()
	ns, err := c.NewNamespace(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Not waited for: KEDA's finalizers may need what a test has stopped.
		_ = c.Client.CoreV1().Namespaces().Delete(context.Background(), ns, metav1.DeleteOptions{})
	})
	return ns
}

func newRedis(t *testing.T) *redis.Client {
	t.Helper()
	r := redis.NewClient(&redis.Options{Addr: c.RedisAddr})
	t.Cleanup(func() { r.Close() })
	return r
}

func waitFor(t *testing.T, timeout time.Duration, what string, f func(context.Context) error) {
	t.Helper()
	if err := cluster.WaitFor(t.Context(), timeout, what, f); err != nil {
		t.Fatal(err)
	}
}

func scale(ctx context.Context, ns string) (*autoscalingv1.Scale, error) {
	return c.Client.AppsV1().Deployments(ns).GetScale(ctx, "consumer", metav1.GetOptions{})
}

func TestZeroToManyToZero(t *testing.T) {
	began := time.Now()
	ns := newNamespace(t)
	r := newRedis(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- workers.Run(ctx, workers.Options{Client: c.Client, Redis: c.RedisAddr, Namespace: ns, Log: t.Output()})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("workers: %v", err)
		}
	})
	if err := c.ApplyYAML(ctx, ns, fmt.Sprintf(consumer, ns, c.RedisAddr)); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := r.LPush(ctx, ns, "job").Err(); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, 30*time.Second, "4 ready pods", func(ctx context.Context) error {
		d, err := c.Client.AppsV1().Deployments(ns).Get(ctx, "consumer", metav1.GetOptions{})
		if err == nil && d.Status.ReadyReplicas != 4 {
			err = fmt.Errorf("got %d", d.Status.ReadyReplicas)
		}
		return err
	})
	t.Logf("4 pods are ready after %s", time.Since(began).Round(100*time.Millisecond))
	waitFor(t, 30*time.Second, "an empty list", func(ctx context.Context) error {
		n, err := r.LLen(ctx, ns).Result()
		if err == nil && n > 0 {
			err = fmt.Errorf("got %d jobs", n)
		}
		return err
	})
	t.Logf("the list is empty after %s", time.Since(began).Round(100*time.Millisecond))
	waitFor(t, 30*time.Second, "no pods", func(ctx context.Context) error {
		s, err := scale(ctx, ns)
		if err != nil {
			return err
		}
		pods, err := c.Client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		if err == nil && (s.Spec.Replicas != 0 || len(pods.Items) > 0) {
			err = fmt.Errorf("got %d replicas and %d pods", s.Spec.Replicas, len(pods.Items))
		}
		return err
	})
	t.Logf("all pods are gone after %s", time.Since(began).Round(100*time.Millisecond))
}

func TestUserMayDoWhatTheRulesSay(t *testing.T) {
	ns := newNamespace(t)
	ctx := t.Context()
	path, err := c.CreateUser(ctx, "reader-"+ns, ns, rbacv1.PolicyRule{
		APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"},
	})
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	user, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, 10*time.Second, "the role to take effect", func(ctx context.Context) error {
		_, err := user.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		return err
	})
	if _, err := user.CoreV1().Secrets(ns).List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing secrets: got %v, want it forbidden", err)
	}
	if _, err := user.CoreV1().Pods("default").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing pods elsewhere: got %v, want it forbidden", err)
	}
}

// KEDA's webhooks are asked: two ScaledObjects may not share a target.
func TestWebhooksAreAsked(t *testing.T) {
	ns := newNamespace(t)
	both := fmt.Sprintf(consumer, ns, c.RedisAddr)
	if err := c.ApplyYAML(t.Context(), ns, both); err != nil {
		t.Fatal(err)
	}
	objs, err := cluster.Decode([]byte(both))
	if err != nil {
		t.Fatal(err)
	}
	second := objs[1]
	second.SetName("second")
	waitFor(t, 10*time.Second, "a refusal", func(ctx context.Context) error {
		// The webhook reads from a cache that may not know the first one yet.
		err := c.Apply(ctx, ns, second)
		if err == nil {
			_ = c.Dynamic.Resource(scaledObjects).Namespace(ns).Delete(ctx, "second", metav1.DeleteOptions{})
			return errors.New("it was accepted")
		}
		if !strings.Contains(err.Error(), "admission webhook") {
			return err
		}
		return nil
	})
}
