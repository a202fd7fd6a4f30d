package dashboard_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/e2e/cluster"
)

// patience bounds every wait for something that must happen but may take its
// time on a busy machine. Where the time itself is what is tested, the test
// has a bound of its own.
const patience = 90 * time.Second

var noOptions = metav1.DeleteOptions{}

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// newNamespace creates a namespace that goes when the test ends.
func newNamespace(t *testing.T, prefix string) string {
	t.Helper()
	ns, err := c.NewNamespace(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := c.Client.CoreV1().Namespaces().Delete(context.Background(), ns, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("delete namespace %s: %v", ns, err)
		}
	})
	return ns
}

// A scaled worker is a Deployment of pretended pods that take jobs from a list,
// and the ScaledObject for it. Empty fields get what makes a test quick.
type scaledWorker struct {
	namespace, name string
	list            string // NAMESPACE-NAME by default, for all tests share one Redis
	address         string // of the trigger
	database        int    // of the trigger
	env             string // more of it, as NAME=VALUE lines
	target          string // of the ScaledObject, if not its own Deployment
	annotations     string // of the ScaledObject, as JSON
	more            string // of the ScaledObject's spec, a line of YAML
	max             int
	listLength      int
	jobSeconds      string
}

// quickly makes KEDA's and the HPA's delays as short as they may be.
const workerManifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: 0
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: worker
        image: worker
        env: [%[2]s]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s-scaler, annotations: %[3]s}
spec:
  scaleTargetRef: {name: %[4]s}
  minReplicaCount: 0
  maxReplicaCount: %[5]d
  pollingInterval: 1
  cooldownPeriod: 5
  %[10]s
  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 0}}}}
  triggers:
  - type: redis
    metadata: {address: "%[6]s", listName: "%[7]s", listLength: "%[8]d", databaseIndex: "%[9]d"}
`

// apply creates the worker without waiting for KEDA's opinion of it.
func (w *scaledWorker) apply(t *testing.T) {
	t.Helper()
	if w.name == "" {
		w.name = "worker"
	}
	if w.list == "" {
		w.list = w.namespace + "-" + w.name
	}
	if w.address == "" {
		w.address = c.RedisAddr
	}
	if w.target == "" {
		w.target = w.name
	}
	if w.annotations == "" {
		w.annotations = "{}"
	}
	if w.max == 0 {
		w.max = 5
	}
	if w.listLength == 0 {
		w.listLength = 5
	}
	if w.jobSeconds == "" {
		w.jobSeconds = "1"
	}
	env := []string{"QUEUE=" + w.list, "JOB_SECONDS=" + w.jobSeconds}
	env = append(env, strings.Fields(w.env)...)
	for i, e := range env {
		name, value, _ := strings.Cut(e, "=")
		env[i] = fmt.Sprintf("{name: %s, value: %q}", name, value)
	}
	err := c.ApplyYAML(t.Context(), w.namespace, fmt.Sprintf(workerManifest,
		w.name, strings.Join(env, ", "), w.annotations, w.target, w.max, w.address, w.list, w.listLength, w.database, w.more))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { queues.Del(context.Background(), w.list) })
}

// start applies the worker and waits until KEDA watches its queue.
func (w *scaledWorker) start(t *testing.T) {
	t.Helper()
	w.apply(t)
	waitForScaledObject(t, w.namespace, w.name+"-scaler")
}

// waitFor waits until f has no error to report.
func waitFor(t *testing.T, timeout time.Duration, what string, f func(context.Context) error) {
	t.Helper()
	if err := cluster.WaitFor(t.Context(), timeout, what, f); err != nil {
		t.Fatal(err)
	}
}

func waitForScaledObject(t *testing.T, namespace, name string) {
	t.Helper()
	waitFor(t, patience, "KEDA to accept "+namespace+"/"+name, func(ctx context.Context) error {
		o, err := c.Dynamic.Resource(scaledObjects).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == "Ready" && c["status"] == "True" {
				return nil
			}
		}
		b, _ := json.Marshal(conditions)
		return fmt.Errorf("its conditions are %s", b)
	})
}

// waitForReplicas waits until a Deployment has exactly so many pods, all ready.
func waitForReplicas(t *testing.T, namespace, name string, n int32) {
	t.Helper()
	waitFor(t, patience, fmt.Sprintf("%d replicas of %s/%s", n, namespace, name), func(ctx context.Context) error {
		d, err := c.Client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if *d.Spec.Replicas != n || d.Status.Replicas != n || d.Status.ReadyReplicas != n {
			return errors.New(replicasOf(d))
		}
		return nil
	})
}

func replicasOf(d *appsv1.Deployment) string {
	return fmt.Sprintf("%d wanted, %d there, %d ready", *d.Spec.Replicas, d.Status.Replicas, d.Status.ReadyReplicas)
}

// letGo has KEDA let go of a namespace before the servers go that its triggers name,
// at the end of the test: while it tries to connect, no other ScaledObject is scaled.
func letGo(t *testing.T, namespace string) {
	t.Cleanup(func() {
		ctx, all := context.Background(), c.Dynamic.Resource(scaledObjects).Namespace(namespace)
		_ = all.DeleteCollection(ctx, noOptions, metav1.ListOptions{})
		_ = cluster.WaitFor(ctx, patience, "KEDA to let go", func(ctx context.Context) error {
			left, err := all.List(ctx, metav1.ListOptions{})
			if err == nil && len(left.Items) > 0 {
				err = fmt.Errorf("%d ScaledObjects are left", len(left.Items))
			}
			return err
		})
	})
}

func push(t *testing.T, list string, jobs int) {
	t.Helper()
	for range jobs {
		if err := queues.LPush(t.Context(), list, `{"job":1}`).Err(); err != nil {
			t.Fatal(err)
		}
	}
}
