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

// demoObjects reads the objects of a demo, of Redis where no broker is named, in the
// order in which a cluster takes them: KEDA refuses a ScaledObject without its target.
func demoObjects(t *testing.T, broker string) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(manifests, broker, "*.yaml"))
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
	checkFields(t, demoObjects(t, ""), []string{metav1.DryRunAll}, nil)
}

// checkFields applies objects strictly, each of them in several ways.
func checkFields(t *testing.T, objs []*unstructured.Unstructured, dryRuns ...[]string) {
	t.Helper()
	force := true // whoever else has applied them
	for _, o := range objs {
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		resource := schema.GroupVersionResource{
			Group: o.GroupVersionKind().Group, Version: o.GroupVersionKind().Version, Resource: strings.ToLower(o.GetKind()) + "s",
		}
		for _, dry := range dryRuns {
			_, err := c.Dynamic.Resource(resource).Namespace(o.GetNamespace()).Patch(t.Context(), o.GetName(), types.ApplyPatchType, b, metav1.PatchOptions{
				FieldManager: "strict", FieldValidation: metav1.FieldValidationStrict, DryRun: dry, Force: &force,
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

// installAddOn teaches the cluster the kinds of KEDA's HTTP add-on, from its module; what
// they are for does not run.
func installAddOn(t *testing.T) {
	t.Helper()
	if out, err := command(t, "../httpaddon", "go", "mod", "download", "github.com/kedacore/http-add-on"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir, err := command(t, "../httpaddon", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/http-add-on")
	if err != nil {
		t.Fatalf("%v\n%s", err, dir)
	}
	kinds := filepath.Join(strings.TrimSpace(dir), "config", "crd", "bases")
	if out, err := command(t, "", c.Kubectl(), "--kubeconfig", c.Kubeconfig, "apply", "--server-side", "-f", kinds); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := command(t, "", c.Kubectl(), "--kubeconfig", c.Kubeconfig, "wait", "--for=condition=Established", "--timeout=1m", "-f", kinds); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// command gives what a program says in a folder.
func command(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestDemosOfOtherBrokers puts up one after the other, beside each other, where every pod
// seems ready and no broker is one: KEDA takes all that is written in them, and says at most
// that it does not reach the server. Then all go, one by itself and the rest together.
func TestDemosOfOtherBrokers(t *testing.T) {
	t.Parallel()
	takeDemo(t)
	wide := screen.Options{Cols: 400, Rows: 60}

	s := kscope(t, wide, "demo", "up", "--broker", "http")
	if got := s.Exit(patience); got != 1 || !has("the cluster has no InterceptorRoutes", "hint: install the HTTP add-on")(s.Text()) {
		t.Errorf("exit status %d; without the add-on demo up says:\n%s", got, s.Text())
	}
	installAddOn(t)

	for broker, scaled := range map[string]string{"kafka": "kafka-scaler", "rabbitmq": "rabbitmq-scaler", "nats": "nats-scaler", "http": "web-scaler"} {
		s := kscope(t, wide, "demo", "up", "--broker", broker, "--timeout", "20s")
		status, text := s.Exit(patience), s.Text()
		created := has("scaledobject.keda.sh/" + scaled + " created")(text)
		unreached := has("keda did not accept")(text) &&
			(has("hint: KEDA cannot reach")(text) || has("hint: does the add-on's scaler run")(text) || has("TriggerError: ")(text))
		if !created || has("error parsing")(text) || status != 0 && !unreached {
			t.Errorf("exit status %d; demo up of %s says:\n%s", status, broker, text)
		}
		checkFields(t, demoObjects(t, broker), []string{metav1.DryRunAll})
	}

	s = kscope(t, wide, "demo", "up", "--broker", "rabbitmq", "--timeout", "10s")
	s.Exit(patience) // with or without success: there is no RabbitMQ for KEDA
	if !has("secret/rabbitmq unchanged", "rabbitmq-scaler unchanged")(s.Text()) {
		t.Errorf("a second demo up says:\n%s", s.Text())
	}
	s = kscope(t, wide, "demo", "down", "--broker", "nats")
	if got := s.Exit(patience); got != 0 || !has("nats-scaler deleted", "namespace/demo stays")(s.Text()) {
		t.Errorf("exit status %d; demo down of one says:\n%s", got, s.Text())
	}
	s = kscope(t, wide, "demo", "down")
	if got := s.Exit(patience); got != 0 || !has("kafka-scaler deleted", "rabbitmq-scaler deleted", "web-scaler deleted", "namespace/demo deleted")(s.Text()) {
		t.Errorf("exit status %d; demo down of all says:\n%s", got, s.Text())
	}
}
