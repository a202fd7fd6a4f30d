package dashboard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/screen"
)

const manifests = "../../demo/manifests"

// The demo's namespace has one name, so tests take turns with it.
var demoTurn sync.Mutex

// takeDemo waits for a cluster without the demo, and removes it when the test
// ends.
func takeDemo(t *testing.T) {
	t.Helper()
	demoTurn.Lock()
	t.Cleanup(demoTurn.Unlock)
	t.Cleanup(func() { removeDemo(t) })
}

func removeDemo(t *testing.T) {
	t.Helper()
	ctx := context.Background() // the test's own is over
	err := cluster.WaitFor(ctx, patience, "the demo to go", func(ctx context.Context) error {
		err := c.Client.CoreV1().Namespaces().Delete(ctx, "demo", noOptions)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err == nil, apierrors.IsConflict(err): // it is on its way
			return errors.New("it is still there")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// demoObjects reads the demo's objects in the order in which a cluster takes
// them: KEDA refuses a ScaledObject without its target.
func demoObjects(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(manifests, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no demo manifests: %v", err)
	}
	var objs, last []*unstructured.Unstructured
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		found, err := cluster.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range found {
			if o.GetKind() == "ScaledObject" {
				last = append(last, o)
			} else {
				objs = append(objs, o)
			}
		}
	}
	return append(objs, last...)
}

// TestDemoUpAndDown installs the demo with the program's own command. Its
// Redis has a name that nothing here can resolve, so first KEDA does not accept
// the ScaledObject, and the command says so and gives up. With another address
// in the ScaledObject it succeeds.
func TestDemoUpAndDown(t *testing.T) {
	t.Parallel()
	takeDemo(t)
	wide := screen.Options{Cols: 400, Rows: 50}

	s := kscope(t, wide, "demo", "up", "--timeout", "15s")
	if got := s.Exit(patience); got != 1 {
		t.Errorf("exit status %d without a Redis, want 1", got)
	}
	if text := s.Text(); !has("namespace/demo created", "redis is ready", "kscope: keda did not accept", "no such host", "hint: KEDA cannot reach Redis")(text) {
		t.Errorf("demo up says:\n%s", text)
	}
	d, err := c.Client.AppsV1().Deployments("demo").Get(t.Context(), "queue-worker", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if *d.Spec.Replicas != 0 {
		t.Errorf("the worker has %d replicas before there was a job", *d.Spec.Replicas)
	}

	pointAtRedis(t)
	waitForScaledObject(t, "demo", "worker-scaler")
	s = kscope(t, wide, "demo", "up", "--timeout", "15s")
	if got := s.Exit(patience); got != 1 || !has("somebody", "hint: ", "--force-conflicts")(s.Text()) {
		t.Errorf("exit status %d; over somebody else's change demo up says:\n%s", got, s.Text())
	}

	s = kscope(t, wide, "demo", "down")
	if got := s.Exit(patience); got != 0 || !has("worker-scaler deleted", "namespace/demo deleted")(s.Text()) {
		t.Errorf("exit status %d; demo down says:\n%s", got, s.Text())
	}
	if _, err := c.Client.CoreV1().Namespaces().Get(t.Context(), "demo", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("after demo down the namespace is still there: %v", err)
	}
	s = kscope(t, wide, "demo", "down")
	if got := s.Exit(patience); got != 0 || !has("nothing to remove")(s.Text()) {
		t.Errorf("exit status %d; a second demo down says:\n%s", got, s.Text())
	}

	s = kscope(t, wide, "demo", "up")
	s.WaitFor(patience, "ScaledObject", has("worker-scaler created"))
	pointAtRedis(t)
	if got := s.Exit(patience); got != 0 || !has("worker-scaler is ready")(s.Text()) {
		t.Errorf("exit status %d; with a Redis demo up says:\n%s", got, s.Text())
	}
}

// pointAtRedis gives the demo's ScaledObject the address of a Redis that is
// there, as somebody does who knows better.
func pointAtRedis(t *testing.T) {
	t.Helper()
	patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/triggers/0/metadata/address","value":%q}]`, c.RedisAddr)
	_, err := c.Dynamic.Resource(scaledObjects).Namespace("demo").
		Patch(t.Context(), "worker-scaler", types.JSONPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "somebody"})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKubectlAppliesTheDemo does what the manifests' own comments promise, in a
// cluster that has nothing of it.
func TestKubectlAppliesTheDemo(t *testing.T) {
	t.Parallel()
	takeDemo(t)
	for _, want := range []string{"created", "unchanged"} { // a second time changes nothing
		cmd := exec.Command(c.Kubectl(), "--kubeconfig", c.Kubeconfig, "apply", "-f", manifests)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("kubectl apply: %v\n%s", err, out)
		}
		for _, object := range []string{"namespace/demo", "service/redis", "deployment.apps/queue-worker", "scaledobject.keda.sh/worker-scaler"} {
			if !bytes.Contains(out, []byte(object+" "+want)) {
				t.Errorf("kubectl apply does not say %s %s:\n%s", object, want, out)
			}
		}
	}
	pods := func(ctx context.Context) error {
		list, err := c.Client.CoreV1().Pods("demo").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=redis-master"})
		if err == nil && (len(list.Items) != 1 || list.Items[0].Status.Phase != "Running") {
			err = errors.New("it does not run")
		}
		return err
	}
	waitFor(t, patience, "the demo's Redis", pods)
}

// TestDemoIsValid has the API server check every field of every object, first
// without keeping it.
func TestDemoIsValid(t *testing.T) {
	t.Parallel()
	takeDemo(t)
	for _, o := range demoObjects(t) {
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		resource := schema.GroupVersionResource{
			Group: o.GroupVersionKind().Group, Version: o.GroupVersionKind().Version, Resource: strings.ToLower(o.GetKind()) + "s",
		}
		for _, dry := range [][]string{{metav1.DryRunAll}, nil} {
			_, err := c.Dynamic.Resource(resource).Namespace(o.GetNamespace()).Patch(t.Context(), o.GetName(), types.ApplyPatchType, b, metav1.PatchOptions{
				FieldManager: "strict", FieldValidation: metav1.FieldValidationStrict, DryRun: dry,
			})
			if err != nil {
				t.Errorf("%s %s, dry run %v: %v", o.GetKind(), o.GetName(), dry, err)
			}
		}
		if o.GetKind() == "Namespace" {
			if err := c.WaitForNamespace(t.Context(), o.GetName()); err != nil {
				t.Fatal(err)
			}
		}
	}
}
