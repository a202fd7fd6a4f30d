package dashboard_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kscope/kscope/e2e/screen"
)

// A cause is a state of the cluster that keeps a workload from its replicas, and what
// the screen says of it.
type cause struct {
	name string
	// make brings it about, with a worker whose ScaledObject KEDA knows, at zero.
	make func(t *testing.T, w *scaledWorker)
	why  string // all that Why says, as a pattern
	do   string // the command to go on with, as a pattern; "" for none. NS is the namespace
}

var deployments = appsv1.SchemeGroupVersion.WithResource("deployments")

// causes are those that stay within their namespace.
var causes = []cause{
	{"at max", func(t *testing.T, w *scaledWorker) {
		push(t, w.list, 60)
		waitForReplicas(t, w.namespace, w.name, 5)
	}, `55 jobs at 5 per pod call for 11 pods, but maxReplicaCount is 5(?:, and the queue gets no shorter)?\.`, `kubectl -n NS edit scaledobject worker-scaler`},

	{"wrong type", func(t *testing.T, w *scaledWorker) {
		set(t, w.list, "one")
	}, `The key \S+ holds a string, which a trigger of type redis cannot count\.`, `redis-cli TYPE NS-worker`},

	// Nothing says yet that the pods read another list than the trigger counts.
	{"wrong list", func(t *testing.T, w *scaledWorker) {
		push(t, w.namespace+"-orders", 7)
		w.runs(t, `{"containers": [{"name": "worker", "image": "worker", "env": [{"name": "QUEUE", "value": "`+w.namespace+`-orders"}]}]}`)
	}, `.*NS-worker.*`, ``},

	{"missing TriggerAuthentication", func(t *testing.T, w *scaledWorker) {
		guarded := startRedis(t, "requirepass "+screen.Secret)
		letGo(t, w.namespace)
		guarded.fill(w.list, 7)
		w.change(t, `{"spec": {"triggers": [{"type": "redis", "metadata": {"address": "`+guarded.addr+`", "listName": "`+w.list+`"}, "authenticationRef": {"name": "login"}}]}}`)
	}, `.*(?:login|password|NOAUTH).*`, `kubectl .*`},

	{"unschedulable", func(t *testing.T, w *scaledWorker) {
		w.runs(t, `{"nodeSelector": {"gpu": "true"}}`)
		push(t, w.list, 7)
	}, `2 pods cannot run: no node takes them: .*; none is ready\.`, `kubectl -n NS describe pod worker-\S+`},

	{"bad image", func(t *testing.T, w *scaledWorker) {
		w.meets(t, "ImagePullBackOff")
		push(t, w.list, 7)
	}, `2 pods cannot run: the image cannot be pulled \(ImagePullBackOff\); none is ready\.`, `kubectl -n NS describe pod worker-\S+`},

	{"crash", func(t *testing.T, w *scaledWorker) {
		w.meets(t, "Error")
		push(t, w.list, 7)
	}, `[12] pods? cannot run: the container keeps ending with an error \(CrashLoopBackOff\); none is ready\.`, `kubectl -n NS logs worker-\S+ --previous --tail=20`},

	{"out of memory", func(t *testing.T, w *scaledWorker) {
		w.meets(t, "OOMKilled")
		push(t, w.list, 7)
	}, `[12] pods? cannot run: the container needs more memory than its limit \(OOMKilled\); none is ready\.`, `kubectl -n NS logs worker-\S+ --previous --tail=20`},

	{"quota on a StatefulSet", func(t *testing.T, w *scaledWorker) {
		applyFor(t, w, statefulSet, w.list)
		w.change(t, `{"spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "store"}}}`)
		push(t, w.list, 40)
	}, `Pods cannot be created: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2\.`, `kubectl -n NS describe resourcequota`},

	{"paused", func(t *testing.T, w *scaledWorker) {
		w.annotate(t, "autoscaling.keda.sh/paused", "true")
		push(t, w.list, 7)
	}, `Autoscaling is paused by the annotation autoscaling\.keda\.sh/paused; the workload stays at zero\.`,
		`kubectl -n NS annotate scaledobject worker-scaler autoscaling\.keda\.sh/paused-`},

	{"paused at a number", func(t *testing.T, w *scaledWorker) {
		w.annotate(t, "autoscaling.keda.sh/paused-replicas", "2")
		push(t, w.list, 40)
	}, `Autoscaling is paused by the annotation autoscaling\.keda\.sh/paused-replicas; 2 replicas stay\.`,
		`kubectl -n NS annotate scaledobject worker-scaler autoscaling\.keda\.sh/paused-replicas-`},

	{"paused at no number", func(t *testing.T, w *scaledWorker) {
		w.annotate(t, "autoscaling.keda.sh/paused-replicas", "three")
	}, `"three" is no number of replicas: KEDA can neither pause at it nor go on\.`,
		`kubectl -n NS annotate scaledobject worker-scaler autoscaling\.keda\.sh/paused-replicas-`},

	{"scaling out is paused", func(t *testing.T, w *scaledWorker) {
		w.annotate(t, "autoscaling.keda.sh/paused-scale-out", "true")
		push(t, w.list, 7)
	}, `[67] jobs wait in \S+, but scaling out is paused by annotation, so KEDA starts nothing\.`,
		`kubectl -n NS annotate scaledobject worker-scaler autoscaling\.keda\.sh/paused-scale-out-`},

	{"scaling in is paused", func(t *testing.T, w *scaledWorker) {
		push(t, w.list, 4)
		waitForReplicas(t, w.namespace, w.name, 1)
		w.annotate(t, "autoscaling.keda.sh/paused-scale-in", "true")
		queues.Del(t.Context(), w.list)
	}, `The queue \S+ is empty, but scaling in is paused by annotation, so 1 pod remains\.`, `kubectl -n NS annotate scaledobject worker-scaler autoscaling\.keda\.sh/paused-scale-in-`},

	{"two ScaledObjects", func(t *testing.T, w *scaledWorker) {
		other := *w
		other.name, other.list, other.target = "other", "", w.name
		other.apply(t)
	}, `ScaledObject other-scaler scales worker too: each undoes what the other does\.`,
		`kubectl -n NS annotate scaledobject other-scaler autoscaling\.keda\.sh/paused=true`},

	{"two HPAs", func(t *testing.T, w *scaledWorker) {
		push(t, w.list, 7)
		waitForReplicas(t, w.namespace, w.name, 2)
		applyFor(t, w, secondHPA)
	}, `HPA old scales worker too(?:, so neither HPA acts|: each undoes what the other does)\.`, `kubectl -n NS delete hpa old`},

	{"someone else writes", func(t *testing.T, w *scaledWorker) {
		w.change(t, `{"spec": {"advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 100, "periodSeconds": 1}]}}}}}}`)
		push(t, w.list, 40)
		meddle(t, w)
	}, `.*argocd-controller.*`, `kubectl -n NS .*`},

	{"a stream that never wakes", func(t *testing.T, w *scaledWorker) {
		stream := w.list + "-stream"
		for range 7 {
			if err := queues.XAdd(t.Context(), xadd(stream)).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := queues.XGroupCreate(t.Context(), stream, "workers", "0").Err(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { queues.Del(context.Background(), stream) })
		w.change(t, `{"spec": {"triggers": [{"type": "redis-streams", "metadata": {"address": "`+w.address+`", "stream": "`+stream+`", "consumerGroup": "workers", "pendingEntriesCount": "5"}}]}}`)
	}, `Nothing wakes it: of the stream \S+ KEDA counts only entries that a pod has taken, and no pod runs\.`,
		`kubectl -n NS edit scaledobject worker-scaler`},
}

const statefulSet = `
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {pods: "2"}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  replicas: 0
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
      - name: worker
        image: worker
        env: [{name: QUEUE, value: %q}, {name: JOB_SECONDS, value: "600"}]
`

const secondHPA = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: old}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}
  minReplicas: 3
  maxReplicas: 8
  metrics:
  - type: External
    external: {metric: {name: s0-redis-none}, target: {type: AverageValue, averageValue: "5"}}
`

func applyFor(t *testing.T, w *scaledWorker, manifest string, args ...any) {
	t.Helper()
	if err := c.ApplyYAML(t.Context(), w.namespace, fmt.Sprintf(manifest, args...)); err != nil {
		t.Fatal(err)
	}
}

func patch(t *testing.T, r schema.GroupVersionResource, namespace, name, change string) {
	t.Helper()
	_, err := c.Dynamic.Resource(r).Namespace(namespace).Patch(t.Context(), name, types.MergePatchType, []byte(change), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// change changes the ScaledObject.
func (w *scaledWorker) change(t *testing.T, change string) {
	t.Helper()
	patch(t, scaledObjects, w.namespace, w.name+"-scaler", change)
}

func (w *scaledWorker) annotate(t *testing.T, key, value string) {
	t.Helper()
	w.change(t, fmt.Sprintf(`{"metadata": {"annotations": {%q: %q}}}`, key, value))
}

// runs changes what the pods to come are like.
func (w *scaledWorker) runs(t *testing.T, spec string) {
	t.Helper()
	patch(t, deployments, w.namespace, w.name, `{"spec": {"template": {"spec": `+spec+`}}}`)
}

// meets gives the pods to come a fate, see kwok.yaml.
func (w *scaledWorker) meets(t *testing.T, fate string) {
	t.Helper()
	patch(t, deployments, w.namespace, w.name, `{"spec": {"template": {"metadata": {"annotations": {"pod-fate": "`+fate+`"}}}}}`)
}

func set(t *testing.T, key, value string) {
	t.Helper()
	if err := queues.Set(t.Context(), key, value, 0).Err(); err != nil {
		t.Fatal(err)
	}
}

func label(t *testing.T, ns, key, value string) {
	t.Helper()
	_, err := c.Client.CoreV1().Namespaces().Patch(t.Context(), ns, types.MergePatchType, fmt.Appendf(nil, `{"metadata": {"labels": {%q: %q}}}`, key, value), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// unchecked is the label of a namespace whose objects KEDA's webhook does not look at,
// as in a cluster that is without it.
const unchecked = "unchecked"

// uncheck has the webhook leave out such namespaces until the test ends.
func uncheck(t *testing.T) {
	t.Helper()
	hooks := c.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	to := func(ctx context.Context, selector string) {
		_, err := hooks.Patch(ctx, "keda-admission", types.JSONPatchType, []byte(`[{"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": `+selector+`}]`), metav1.PatchOptions{})
		if err != nil {
			t.Error(err)
		}
	}
	to(t.Context(), `{"matchExpressions": [{"key": "`+unchecked+`", "operator": "DoesNotExist"}]}`)
	t.Cleanup(func() { to(context.Background(), `{}`) })
}

// meddle keeps writing the replicas as something does that has a number of its own,
// whenever they are another.
func meddle(t *testing.T, w *scaledWorker) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			d, err := c.Client.AppsV1().Deployments(w.namespace).Get(ctx, w.name, metav1.GetOptions{})
			if err == nil && *d.Spec.Replicas > 2 {
				_, _ = c.Client.AppsV1().Deployments(w.namespace).Patch(ctx, w.name, types.MergePatchType, []byte(`{"spec": {"replicas": 2}}`), metav1.PatchOptions{FieldManager: "argocd-controller"})
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

// pane reads what the screen says, by its labels: what stands first under each. What
// does not fit ends in an ellipsis.
func pane(text string) map[string]string {
	out := map[string]string{}
	label := ""
	for _, line := range strings.Split(text, "\n") {
		m := paneRow.FindStringSubmatch(line)
		switch {
		case m == nil:
			label = ""
		case m[1] != "":
			if label = m[1]; out[label] != "" {
				label = "" // of another finding
				continue
			}
			out[label] = m[2]
		case label != "":
			if !strings.HasSuffix(out[label], "-") { // where a word is broken
				out[label] += " "
			}
			out[label] += m[2]
		}
	}
	return out
}

var paneRow = regexp.MustCompile(`^[ ▌](?:(Why|Next|Also|Note|Seen|Do) +|          )(\S.*?)$`)

// TestCauses has what keeps a workload from its replicas come about for real, and
// reads in a small terminal that the cause stands there, first and whole, and what to
// do about it.
func TestCauses(t *testing.T) {
	t.Parallel()
	uncheck(t)
	for _, tc := range causes {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := &scaledWorker{namespace: newNamespace(t, "cause"), jobSeconds: "600"}
			label(t, w.namespace, unchecked, "true")
			w.start(t)
			waitForReplicas(t, w.namespace, w.name, 0)
			tc.make(t, w)
			tc.read(t, w.namespace)
		})
	}
}

// read looks at a namespace as somebody does who comes now.
func (tc cause) read(t *testing.T, ns string) *screen.Screen {
	t.Helper()
	pattern := func(p string) *regexp.Regexp { return regexp.MustCompile("^" + strings.ReplaceAll(p, "NS", ns)) }
	why, do := pattern(tc.why+"$"), pattern(tc.do)
	whole := func(p map[string]string) bool {
		return why.MatchString(p["Why"]) && !strings.HasSuffix(p["Why"], "…")
	}
	s := kscope(t, screen.Options{Cols: 80, Rows: 24}, "-n", ns, "worker-scaler")
	s.WaitFor(patience, "cause "+tc.why, func(text string) bool { return whole(pane(text)) })
	if tc.do == "" {
		return s
	}
	s.Press("4")
	s.WaitFor(patience, "command "+tc.do, func(text string) bool {
		p := pane(text)
		return whole(p) && do.MatchString(p["Do"])
	})
	return s
}
