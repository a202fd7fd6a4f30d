package brokers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/e2e/cluster"
)

var (
	c    *cluster.Cluster
	half *kscope
	keda *metrics
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
	program := filepath.Join(dir, "kscope.test")
	if err := compile(ctx, program); err != nil {
		return 0, err
	}
	if c, err = cluster.Start(ctx, cluster.Options{HPASyncPeriod: 2 * time.Second, Progress: os.Stderr}); err != nil {
		return 0, err
	}
	defer func() { _ = c.Stop() }()
	if err := c.EnsureNamespace(ctx, namespace, nil); err != nil {
		return 0, err
	}
	if half, err = start(ctx, program); err != nil {
		return 0, err
	}
	defer half.stop()
	keda = &metrics{url: c.KEDAMetrics}
	return m.Run(), nil
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

// kscope is the half with kscope.
type kscope struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	err bytes.Buffer

	mu   sync.Mutex
	last map[string]Reading
	all  bytes.Buffer // every byte that it wrote
}

func start(ctx context.Context, program string) (*kscope, error) {
	k := &kscope{cmd: exec.CommandContext(ctx, program, "-test.run", "^TestKscope$"), last: map[string]Reading{}}
	k.cmd.Stderr = &k.err
	var err error
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := k.cmd.Start(); err != nil {
		return nil, err
	}
	go k.read(out)
	return k, k.tell(Ask{c.Kubeconfig, namespace})
}

func (k *kscope) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var r Reading
		k.mu.Lock()
		k.all.Write(lines.Bytes())
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Object != "" {
			k.last[r.Object] = r
		}
		k.mu.Unlock()
	}
}

func (k *kscope) tell(v any) error { return json.NewEncoder(k.in).Encode(v) }

func (k *kscope) of(object string) Reading {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last[object]
}

// said is every byte that it wrote.
func (k *kscope) said() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.String() + k.err.String()
}

func (k *kscope) stop() {
	_ = k.in.Close()
	_ = k.cmd.Wait() // it was told
}

// objects is a Deployment with a ScaledObject, as short in time as KEDA allows.
const objects = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: 0
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: main, image: "worker:1", env: [{name: NOTHING, value: none}]}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 2
  cooldownPeriod: 4
  maxReplicaCount: 6
  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 0}}}}
  triggers:
  - {type: %[2]q, metadata: %[3]s%[4]s}
`

// apply makes the objects of a server's trigger.
func apply(t *testing.T, name string, s *server) {
	t.Helper()
	metadata, err := json.Marshal(s.metadata)
	if err != nil {
		t.Fatal(err)
	}
	ref := ""
	if s.secret != nil {
		ref = fmt.Sprintf(", authenticationRef: {name: %s}", name)
		var targets []string
		for _, key := range slices.Sorted(maps.Keys(s.secret)) {
			targets = append(targets, fmt.Sprintf("{parameter: %[1]s, name: %[2]s, key: %[1]s}", key, name))
		}
		data, err := json.Marshal(s.secret)
		if err != nil {
			t.Fatal(err)
		}
		manifest := fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %[1]s}\nstringData: %[2]s\n---\n"+
			"apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: %[1]s}\nspec: {secretTargetRef: [%[3]s]}\n", name, data, strings.Join(targets, ", "))
		if err := c.ApplyYAML(t.Context(), namespace, manifest); err != nil {
			t.Fatal(err)
		}
	}
	err = cluster.WaitFor(t.Context(), time.Minute, "the objects of "+name, func(ctx context.Context) error { // what the webhook's cache has not seen yet is asked for again
		return c.ApplyYAML(ctx, namespace, fmt.Sprintf(objects, name, s.typ, metadata, ref))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the cluster goes anyway
		ctx := context.Background()
		_ = c.Dynamic.Resource(scaledObjects).Namespace(namespace).Delete(ctx, name, metav1.DeleteOptions{})
		_ = c.Client.AppsV1().Deployments(namespace).Delete(ctx, name, metav1.DeleteOptions{})
	})
}

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// TestStories: kscope and KEDA count the same at every rest of a story 0 -> N -> 0, whose
// load is kscope's where it can put any in, and the replicas follow.
func TestStories(t *testing.T) {
	var mu sync.Mutex
	var rows []string
	t.Run("all", func(t *testing.T) {
		for _, b := range all {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				row := play(t, b)
				mu.Lock()
				rows = append(rows, row)
				mu.Unlock()
			})
		}
	})
	slices.Sort(rows)
	fmt.Printf("\n%-18s %-10s %s\n%s\n\n", "trigger", "load", "kscope = KEDA at each rest; replicas", strings.Join(rows, "\n"))
}

// target is jobs per pod in every story.
const target = 5

func play(t *testing.T, b brokerOf) string {
	s := b.start(t)
	apply(t, b.name, s)
	r := &rest{t: t, name: b.name, server: s}
	r.equal(0, 0)
	by := "kscope"
	if s.fill != nil {
		by = "other"
		if err := s.fill(22); err != nil {
			t.Fatal(err)
		}
	} else {
		r.load(22)
	}
	r.equal(22, min(ceil(s.count(22), s.per()), 6))
	if err := s.take(15); err != nil {
		t.Fatal(err)
	}
	r.equal(7, ceil(s.count(7), s.per()))
	if err := s.take(7); err != nil {
		t.Fatal(err)
	}
	r.equal(0, 0)
	for _, secret := range s.secret {
		if strings.Contains(half.said(), secret) {
			t.Errorf("kscope tells a secret")
		}
	}
	return fmt.Sprintf("%-18s %-10s %s", b.name, by, strings.Join(r.seen, ", "))
}

func ceil(value, per float64) int32 {
	n := int32(value / per)
	if float64(n)*per < value {
		n++
	}
	return n
}

// rest is where a story stands.
type rest struct {
	t      *testing.T
	name   string
	server *server
	seen   []string
}

// load has kscope put jobs in.
func (r *rest) load(n int64) {
	r.t.Helper()
	was := half.of(r.name).Loaded
	if err := half.tell(Command{Object: r.name, Load: n}); err != nil {
		r.t.Fatal(err)
	}
	r.await(30*time.Second, "the load", func(context.Context) error {
		switch is := half.of(r.name); {
		case is.Failed != "":
			return errors.New(is.Failed)
		case is.Loaded != was+n:
			return fmt.Errorf("%d of %d are in", is.Loaded-was, n)
		}
		return nil
	})
}

// equal waits until so many wait, kscope and KEDA count the same of it, and there are as
// many replicas as that calls for.
func (r *rest) equal(waits float64, replicas int32) {
	r.t.Helper()
	var line string
	r.await(90*time.Second, fmt.Sprintf("%v that wait, and %d replicas", waits, replicas), func(ctx context.Context) error {
		is := half.of(r.name)
		value, err := keda.value(ctx, r.name)
		if err != nil {
			return err
		}
		w, err := c.Client.AppsV1().Deployments(namespace).Get(ctx, r.name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		line = fmt.Sprintf("%g = %g; %d", is.Counted, value, *w.Spec.Replicas)
		if is.Counted != is.Waits {
			line = fmt.Sprintf("%g, counted as %s", is.Waits, line)
		}
		switch {
		case !is.Known || is.Err != "" || is.From != "broker":
			return fmt.Errorf("kscope does not know: %+v", is)
		case is.Waits != waits || is.Counted != r.server.count(waits):
			return fmt.Errorf("kscope says %g, counted as %g", is.Waits, is.Counted)
		case value != is.Counted:
			return fmt.Errorf("KEDA says %g, kscope %g", value, is.Counted)
		case *w.Spec.Replicas != replicas:
			return fmt.Errorf("%d replicas at %g", *w.Spec.Replicas, value)
		}
		return nil
	})
	r.seen = append(r.seen, line)
}

func (r *rest) await(most time.Duration, what string, f func(context.Context) error) {
	r.t.Helper()
	if err := cluster.WaitFor(r.t.Context(), most, what, f); err != nil {
		r.t.Fatalf("%s: %v", r.name, err)
	}
}
