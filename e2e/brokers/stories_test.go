package brokers

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/e2e/cluster"
)

// TestStories: kscope and KEDA count the same at every rest of a story 0 -> N -> 0, whose
// load is kscope's where it can put any in, and the replicas follow. What breaks in one
// story is said, and disturbs no other; and nothing secret is.
func TestStories(t *testing.T) {
	var mu sync.Mutex
	var rows, words []string
	secrets := map[string]bool{}
	t.Run("all", func(t *testing.T) {
		for _, b := range all {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				r := play(t, b)
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, fmt.Sprintf("%-16s %-7s %s", r.name, r.by, strings.Join(r.seen, ", ")))
				words = append(words, r.words...)
				for _, text := range r.secrets {
					secrets[text] = true
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	said, slips := half.said()
	for _, slip := range slips {
		t.Errorf("though nothing was wrong with it, kscope reads %s", slip)
	}
	if len(secrets) == 0 || len(said) == 0 {
		t.Fatal("nothing was kept secret")
	}
	for text := range secrets {
		for _, form := range []string{text, base64.StdEncoding.EncodeToString([]byte(text))} {
			if strings.Contains(said, form) {
				t.Errorf("kscope tells %s", text)
			}
		}
	}
	slices.Sort(rows)
	slices.Sort(words)
	fmt.Printf("\n%-16s %-7s %s\n%s\n\n%-16s %-7s %8s %8s  %s\n%s\n\n%d secrets are in none of the %d bytes that kscope wrote\n\n", "trigger", "load", "kscope = KEDA at each rest; replicas",
		strings.Join(rows, "\n"), "trigger", "what", "said in", "back in", "words", strings.Join(words, "\n"), len(secrets), len(said))
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
		conceal(t, name, s.secret)
		err := c.ApplyYAML(t.Context(), namespace, fmt.Sprintf("apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: %s}\nspec: {secretTargetRef: [%s]}\n",
			name, strings.Join(targets, ", ")))
		if err != nil {
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

// conceal writes a Secret.
func conceal(t *testing.T, name string, secret map[string]string) {
	t.Helper()
	data, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ApplyYAML(t.Context(), namespace, fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: %s\n", name, data)); err != nil {
		t.Fatal(err)
	}
}

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// target is jobs per pod in every story, and most the pods that there are at most.
const (
	target = 5
	most   = 6
)

func play(t *testing.T, b brokerOf) *rest {
	s := b.start(t)
	apply(t, b.name, s)
	r := &rest{t: t, name: b.name, server: s, by: "kscope"}
	r.keep()
	r.settles(0)
	half.expect(r.name, true)
	n := cmp.Or(s.load, 22)
	if s.fill != nil {
		r.by = "other"
		if err := s.fill(n); err != nil {
			t.Fatal(err)
		}
	} else {
		r.load(int64(n))
	}
	r.settles(float64(n))
	const left = 7
	if err := s.take(n - left); err != nil {
		t.Fatal(err)
	}
	r.settles(left)
	if s.rotate != nil {
		r.lockedOut(left)
	}
	if s.leave != nil {
		r.left(left)
	}
	if err := s.take(left); err != nil {
		t.Fatal(err)
	}
	r.settles(0)
	half.expect(r.name, false) // its server goes
	return r
}

// rest is where a story stands.
type rest struct {
	t       *testing.T
	name    string
	server  *server
	by      string   // who puts the load in
	seen    []string // at each rest
	words   []string // what kscope said was wrong
	secrets []string // what it may say of nothing
}

// keep takes down what is secret of its server by now.
func (r *rest) keep() {
	for name, text := range r.server.secret {
		if name != "username" && name != "sasl" {
			r.secrets = append(r.secrets, text)
		}
	}
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

// settles waits until so many wait, and there are as many replicas as that calls for.
func (r *rest) settles(waits float64) {
	r.t.Helper()
	r.equal(waits, min(ceil(r.server.count(waits), target), most))
}

// equal waits until so many wait, kscope and KEDA count the same of it, and there are so
// many replicas.
func (r *rest) equal(waits float64, replicas int32) {
	r.t.Helper()
	counts := r.server.count(waits)
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
		case is.Waits != waits || is.Counted != counts:
			return fmt.Errorf("kscope says %g, counted as %g: %+v", is.Waits, is.Counted, is)
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
		r.t.Fatalf("%s: %v; KEDA says %q", r.name, err, r.warned())
	}
}

// warned is what KEDA last had to complain about.
func (r *rest) warned() (last string) {
	all, err := c.Client.CoreV1().Events(namespace).List(context.Background(), metav1.ListOptions{FieldSelector: "type=Warning,involvedObject.kind=ScaledObject,involvedObject.name=" + r.name})
	if err != nil {
		return err.Error()
	}
	for _, e := range all.Items {
		last = e.Message
	}
	return last
}

func ceil(value, per float64) int32 {
	n := int32(value / per)
	if float64(n)*per < value {
		n++
	}
	return n
}
