package dashboard_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/screen"
)

var (
	hpas        = autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers")
	apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
)

// The tests in this file are as TestCauses, for what everybody in the cluster would
// meet. So they do not call t.Parallel, and put right what they disturb.

// idle and busy are a worker at zero, and one of two pods with work for weeks.
func idle(t *testing.T, w scaledWorker) *scaledWorker {
	t.Helper()
	w.namespace, w.jobSeconds = newNamespace(t, "cause"), "600"
	w.start(t)
	waitForReplicas(t, w.namespace, w.name, 0)
	return &w
}

func busy(t *testing.T) *scaledWorker {
	t.Helper()
	w := idle(t, scaledWorker{})
	push(t, w.list, 12)
	waitForReplicas(t, w.namespace, w.name, 2)
	return w
}

// TestRedisStopsAtZero kills a Redis while nothing runs: no condition of KEDA's tells,
// and what is said is the same whether there is a fallback or not, for none begins.
func TestRedisStopsAtZero(t *testing.T) {
	r := startRedis(t)
	without := idle(t, scaledWorker{address: r.addr})
	with := idle(t, scaledWorker{address: r.addr, more: `fallback: {failureThreshold: 2, replicas: 3}`})
	letGo(t, without.namespace)
	letGo(t, with.namespace)
	r.Do(t.Context(), "shutdown", "nosave") // which gets no answer
	gone := cause{
		why: `KEDA cannot read the source: nothing listens at ` + r.addr + ` \(connection refused\)\.`,
		do:  `kubectl -n NS describe scaledobject worker-scaler`,
	}
	gone.read(t, without.namespace)
	gone.read(t, with.namespace)
}

// TestForeignMetrics has somebody else answer for the external metrics API.
func TestForeignMetrics(t *testing.T) {
	w := busy(t)
	s := func() *screen.Screen {
		restore := foreign(t)
		defer restore()
		return cause{why: `.*metric.*`, do: `kubectl .*`}.read(t, w.namespace)
	}()
	s.WaitFor(patience, "KEDA's metrics again", lacks("broken"))
}

// TestOperatorStops kills KEDA's operator, under pods that work, before work that
// comes to a sleeper, and before somebody edits an HPA, which KEDA would put right.
func TestOperatorStops(t *testing.T) {
	w, edited, sleeper := busy(t), busy(t), idle(t, scaledWorker{})
	t.Cleanup(func() { startAgain(t, cluster.KEDAOperator) })
	if err := c.StopProgram(cluster.KEDAOperator); err != nil {
		t.Fatal(err)
	}
	patch(t, hpas, edited.namespace, "keda-hpa-worker-scaler", `{"spec": {"maxReplicas": 9}}`)
	push(t, sleeper.list, 7)
	const logs = `kubectl -n keda logs -l app=keda-operator --tail=50`
	// It takes a minute until the HPA says so too.
	const silent = `(?:KEDA should look every 1s, but nothing was heard from it for \S+|KEDA's operator answers nobody, not even its own metrics server)\.`
	screens := []*screen.Screen{
		cause{why: silent, do: logs}.read(t, w.namespace),
		cause{why: `7 jobs wait in \S+, for \S+ now, and KEDA has started nothing\.`, do: logs}.read(t, sleeper.namespace),
		cause{why: `.*(?:KEDA|HPA).*`, do: `kubectl .*`}.read(t, edited.namespace),
	}
	screens[2].WaitFor(patience, "the edited HPA", has("maxReplicas 9"))
	startAgain(t, cluster.KEDAOperator)
	for _, s := range screens {
		s.WaitFor(patience, "KEDA at work again", lacks("broken"))
	}
}

// foreign has another metrics server than KEDA's answer for the external metrics,
// with none of KEDA's, until restore.
func foreign(t *testing.T) (restore func()) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		metric := path.Base(r.URL.Path)
		if metric == "v1beta1" {
			fmt.Fprint(w, `{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "external.metrics.k8s.io/v1beta1", "resources": []}`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "the server could not find the metric %s for namespaces"}`, metric)
	}))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	ns := newNamespace(t, "monitoring")
	if err := c.ApplyYAML(t.Context(), ns, `
apiVersion: v1
kind: Service
metadata: {name: prometheus-adapter}
spec: {type: ExternalName, externalName: localhost, ports: [{name: https, port: `+port+`}]}
`); err != nil {
		t.Fatal(err)
	}
	const name = "v1beta1.external.metrics.k8s.io"
	was, err := c.Dynamic.Resource(apiServices).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal(was.Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	points := func(ctx context.Context, spec string) {
		_, err := c.Dynamic.Resource(apiServices).Patch(ctx, name, types.JSONPatchType, []byte(`[{"op": "replace", "path": "/spec", "value": `+spec+`}]`), metav1.PatchOptions{})
		if err != nil {
			t.Error(err)
		}
	}
	points(t.Context(), `{"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
		"insecureSkipTLSVerify": true, "service": {"namespace": "`+ns+`", "name": "prometheus-adapter", "port": `+port+`}}`)
	restore = func() { points(context.Background(), string(spec)) }
	t.Cleanup(restore) // whatever fails
	return restore
}
