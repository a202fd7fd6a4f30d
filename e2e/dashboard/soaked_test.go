package dashboard_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/e2e/screen"
)

// A soaked is one of the ScaledObjects of the soak, with its worker and its
// queue, each reached in another way.
type soaked struct {
	namespace, name string
	address         string // of the trigger
	guarded         bool   // Redis wants the user and password of a TriggerAuthentication
	paused          bool   // always: KEDA cannot resolve its address
	replicas        int    // at rest
	max, cooldown   int
	jobSeconds      string
}

func (w *soaked) list() string         { return w.namespace + "-" + w.name }
func (w *soaked) scaledObject() string { return w.name + "-scaler" }

const soakedPassword = screen.Secret + "-soak"

// guardManifest is where those who are guarded have their user and password from.
const guardManifest = `
apiVersion: v1
kind: Secret
metadata: {name: redis}
stringData: {user: %[1]q, password: %[2]q}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: redis}
spec:
  secretTargetRef:
  - {parameter: username, name: redis, key: user}
  - {parameter: password, name: redis, key: password}
`

const soakedDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: %[2]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s, soak: worker}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: worker
        image: worker
        env: [{name: QUEUE, value: %[3]q}, {name: JOB_SECONDS, value: %[4]q}, {name: REDIS, value: %[5]q}]
`

const soakedScaledObject = `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s-scaler, annotations: {kscope.dev/inject: allow%[2]s}}
spec:
  scaleTargetRef: {name: %[1]s}
  minReplicaCount: 0
  maxReplicaCount: %[3]d
  pollingInterval: 1
  cooldownPeriod: %[6]d
  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 0}}}}
  triggers:
  - type: redis
    metadata: {addressFromEnv: REDIS, listName: %[4]q, listLength: "5"}%[5]s
`

// scale applies the ScaledObject.
func (w *soaked) scale(ctx context.Context) error {
	annotations, auth := "", ""
	if w.paused {
		annotations = `, autoscaling.keda.sh/paused: "true"`
	}
	if w.guarded {
		auth = "\n    authenticationRef: {name: redis}"
	}
	return c.ApplyYAML(ctx, w.namespace, fmt.Sprintf(soakedScaledObject, w.name, annotations, w.max, w.list(), auth, w.cooldown))
}

// apply applies all of it, as it is at rest.
func (w *soaked) apply(ctx context.Context) error {
	if err := c.ApplyYAML(ctx, w.namespace, fmt.Sprintf(soakedDeployment, w.name, w.replicas, w.list(), w.jobSeconds, w.address)); err != nil {
		return err
	}
	return w.scale(ctx)
}

// admit gives the guarded their user, whom Redis forgets when it is killed.
func admit(ctx context.Context, ns string) error {
	return queues.Do(ctx, "acl", "setuser", ns, "on", ">"+soakedPassword, "~*", "+@all").Err()
}

// layOutSoak makes a namespace whose ScaledObjects are reached in every way.
func layOutSoak(t *testing.T) (ns string, all []*soaked) {
	t.Helper()
	ns = newNamespace(t, "soak")
	tunnel := inside(t, ns)
	if err := admit(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	all = []*soaked{
		{name: "direct", address: c.RedisAddr, max: 5},
		{name: "guarded", address: c.RedisAddr, guarded: true, max: 4},
		{name: "second", address: c.RedisAddr, max: 3},
		{name: "tunnel", address: tunnel, paused: true, replicas: 1, max: 2},
	}
	if err := c.ApplyYAML(t.Context(), ns, fmt.Sprintf(guardManifest, ns, soakedPassword)); err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		w.namespace, w.jobSeconds, w.cooldown = ns, "0.3", 5
		if err := w.apply(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx := context.Background()
		for _, w := range all {
			queues.Del(ctx, w.list())
		}
		queues.Do(ctx, "acl", "deluser", ns)
	})
	return ns, all
}

// truth is what the cluster and Redis say of one, as the chain writes it.
func (w *soaked) truth(ctx context.Context) (l links, err error) {
	n, err := queues.LLen(ctx, w.list()).Result()
	if err != nil {
		return l, err
	}
	d, err := c.Client.AppsV1().Deployments(w.namespace).Get(ctx, w.name, metav1.GetOptions{})
	if err != nil {
		return l, err
	}
	if d.Status.ObservedGeneration != d.Generation {
		return l, fmt.Errorf("the Deployment %s was changed and nobody has looked yet", w.name)
	}
	l.queue = strconv.FormatInt(n, 10)
	l.target = fmt.Sprintf("%d/%d", d.Status.Replicas, *d.Spec.Replicas)
	l.pods = fmt.Sprintf("%d ready", d.Status.ReadyReplicas)
	so, err := c.Dynamic.Resource(scaledObjects).Namespace(w.namespace).Get(ctx, w.scaledObject(), metav1.GetOptions{})
	if err != nil {
		return l, err
	}
	l.keda = activity(so)
	hpa, err := c.Client.AutoscalingV2().HorizontalPodAutoscalers(w.namespace).Get(ctx, "keda-hpa-"+w.scaledObject(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		l.hpa = "none"
	case err != nil:
		return l, err
	case *d.Spec.Replicas == 0:
		l.hpa = "resting"
	default:
		l.hpa = fmt.Sprintf("wants %d", hpa.Status.DesiredReplicas)
	}
	return l, nil
}

// activity is KEDA's word on a ScaledObject, as the chain writes it.
func activity(so *unstructured.Unstructured) string {
	if so.GetAnnotations()["autoscaling.keda.sh/paused"] == "true" {
		return "paused"
	}
	said, _, _ := unstructured.NestedSlice(so.Object, "status", "conditions")
	for _, s := range said {
		switch s, _ := s.(map[string]any); {
		case s["type"] != "Active":
		case s["status"] == "True":
			return "active"
		case s["reason"] == "ScalerCooldown":
			return "cooldown"
		case s["status"] == "False":
			return "inactive"
		}
	}
	return "?"
}

// waitForTruth waits until the cluster says of all of them what is wanted.
func waitForTruth(t *testing.T, what string, all []*soaked, want map[string]links) {
	t.Helper()
	waitFor(t, settling, what, func(ctx context.Context) error {
		for _, w := range all {
			got, err := w.truth(ctx)
			if err != nil {
				return err
			}
			if got != want[w.name] {
				return fmt.Errorf("%s is %+v, not %+v", w.name, got, want[w.name])
			}
		}
		return nil
	})
}

// rowIs reports whether the table says this of one.
func rowIs(text string, w *soaked, phase string, l links) bool {
	_, wanted, _ := strings.Cut(l.target, "/")
	ready, _, _ := strings.Cut(l.pods, " ")
	return row(text, "", w.name) == fmt.Sprintf("%s %s %s/%s", phase, l.queue, ready, wanted)
}

// settling is for what KEDA and the HPA do when all is well again: they may be
// waiting, ever longer, since something last failed.
const settling = 2 * patience
