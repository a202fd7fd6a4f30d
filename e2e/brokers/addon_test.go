package brokers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/e2e/cluster"
)

// routed is what the load of requests goes to: a Service, a route with a rule that leads
// there, and what scales by it, which has two metrics.
const routed = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: %[1]d}]}
---
apiVersion: http.keda.sh/v1beta1
kind: InterceptorRoute
metadata: {name: web}
spec:
  target: {service: web, port: %[1]d}
  rules: [{hosts: [%[3]s]}]
  scalingMetric: {concurrency: {targetValue: 4}, requestRate: {targetValue: 5, window: 20s}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {pod-ready.stage.kwok.x-k8s.io/delay: 4s}}
    spec: {containers: [{name: main, image: "web:1"}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  pollingInterval: 2
  cooldownPeriod: 4
  maxReplicaCount: 6
  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 0}}}}
  triggers:
  - {type: external-push, metadata: {scalerAddress: %[2]q, interceptorRoute: web}}
`

const (
	perSecond = 20
	lasts     = time.Minute
	serves    = 500 * time.Millisecond // so 10 requests are inside
)

var routes = schema.GroupVersionResource{Group: "http.keda.sh", Version: "v1beta1", Resource: "interceptorroutes"}

// TestAddOn: with the real interceptor and the real scaler of KEDA's HTTP add-on, requests
// that kscope sends at a steady rate are held while there is no pod, push KEDA awake, and
// are answered; kscope and KEDA count the same of both metrics, and all goes back to zero.
// Then what goes wrong is said in words, and passes.
func TestAddOn(t *testing.T) {
	app := serveApp(t)
	if err := c.StartAddOn(t.Context(), "web."+namespace); err != nil {
		t.Fatal(err)
	}
	manifest := func(host string) string { return fmt.Sprintf(routed, app.port, c.ScalerAddress(), host) }
	applied := func(host string) {
		t.Helper()
		within(t, time.Minute, "the objects", func(ctx context.Context) error { return c.ApplyYAML(ctx, namespace, manifest(host)) })
	}
	applied("web.example.com")
	t.Cleanup(func() { // the cluster goes anyway
		_ = c.Dynamic.Resource(scaledObjects).Namespace(namespace).Delete(context.Background(), "web", metav1.DeleteOptions{})
	})
	r := &rest{t: t, name: "web", server: &server{}}
	r.equal(0, 0)

	steady(t, app)
	r.equal(0, 0)

	t.Run("no rule for the host", func(t *testing.T) {
		// kscope reads a route anew every quarter of a minute, and sends until then what the
		// interceptor, which sees a change at once, has no rule for any more.
		for try := range 5 {
			hosts := []string{"web.example.com", "other.example.com"}
			was, is := hosts[try%2], hosts[(try+1)%2]
			applied(is)
			within(t, time.Minute, "a rule that is gone", func(ctx context.Context) error { return unknown(ctx, was) })
			if answer := one(t); answer.ByClass[4] == 1 {
				if want := "the interceptor has no rule for " + was; answer.Why != want {
					t.Errorf("kscope says %q, want %q", answer.Why, want)
				}
				applied("web.example.com")
				return
			}
		}
		t.Error("no request was refused")
	})
	t.Run("no interceptor", func(t *testing.T) {
		if err := c.StopProgram(cluster.Interceptor); err != nil {
			t.Fatal(err)
		}
		says(t, "nothing listens", func(is Reading) string { return is.Err })
		// The pretended kubelet keeps connections that it had forwarded, so that requests by
		// these are held; the first by a new one is not.
		says(t, "nothing listens", func(is Reading) string {
			if err := half.tell(Command{Object: "web", Load: 1}); err != nil {
				t.Fatal(err)
			}
			return is.Failed
		})
		if err := c.StartProgram(t.Context(), cluster.Interceptor); err != nil {
			t.Fatal(err)
		}
		r.equal(0, 0)
	})
	t.Run("no route", func(t *testing.T) {
		if err := c.Dynamic.Resource(routes).Namespace(namespace).Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		says(t, "InterceptorRoute "+namespace+"/web does not exist", func(is Reading) string { return is.Err })
		applied("web.example.com")
		r.equal(0, 0)
	})
}

// steady is the story of a load.
func steady(t *testing.T, app *application) {
	before := counted(t)
	if err := half.tell(Command{Object: "web", Steady: fmt.Sprintf("steady:%d/s,for=%s", perSecond, lasts)}); err != nil {
		t.Fatal(err)
	}
	began, first := reached(t, before+perSecond)
	within(t, time.Minute, "requests that are held, by which KEDA goes", func(ctx context.Context) error {
		is := half.of("web")
		if is.Requests.Held < perSecond || is.Waits < perSecond || is.Requests.Answered > 0 {
			return fmt.Errorf("kscope says %+v", is)
		}
		return countsBy(is, "_concurrency", 4)
	})
	if n := app.served.Load(); n > 0 {
		t.Errorf("%d requests were answered before there was a pod", n)
	}
	within(t, time.Minute, "answers, and both counting the same", func(ctx context.Context) error {
		is := half.of("web")
		if is.Requests.Colds < perSecond {
			return fmt.Errorf("no cold start in %+v", is.Requests)
		}
		return agree(ctx, is)
	})
	// All but the last second, by what the interceptor counts.
	end, last := reached(t, before+perSecond*int64(lasts/time.Second)-perSecond)
	rate := float64(last-first) / end.Sub(began).Seconds()
	if math.Abs(rate-perSecond) > perSecond/100.0 {
		t.Errorf("%.2f requests came in a second, want %d within 1 %%", rate, perSecond)
	}
	within(t, time.Minute, "the end of the load", func(context.Context) error {
		if half.of("web").Requests.Running {
			return errors.New("it goes on")
		}
		return nil
	})
	is, all := half.of("web").Requests, perSecond*int64(lasts/time.Second)
	if is.Asked != all || is.Sent != all || is.Missed != 0 || is.ByClass != [6]int64{2: all} || is.Held != 0 {
		t.Errorf("of %d requests came: %+v", all, is)
	}
	if served, in := app.served.Load(), counted(t)-before; served != all || in != all {
		t.Errorf("%d came to the application and %d to the interceptor, want %d", served, in, all)
	}
	t.Logf("%.2f requests/s over %s, of which %d were held until there was a pod", rate, end.Sub(began).Round(time.Second), is.Colds)
}

// countsBy reports whether kscope's value is of a metric, and its target that of it.
func countsBy(is Reading, metric string, target float64) error {
	if !strings.HasSuffix(is.Metric, metric) || is.Target != target {
		return fmt.Errorf("it counts by %s of target %v, want %s of %v", is.Metric, is.Target, metric, target)
	}
	return nil
}

// agree reports whether KEDA and kscope count the same of both metrics while requests flow,
// by which that of the rate asks for more. Both look at moments of their own.
func agree(ctx context.Context, is Reading) error {
	inside, err := keda.of(ctx, `scaledObject="web"`, `metric="s0-http_web_concurrency"`)
	if err != nil {
		return err
	}
	rate, err := keda.of(ctx, `scaledObject="web"`, `metric="s0-http_web_rate"`)
	if err != nil {
		return err
	}
	const flows = perSecond * float64(serves) / float64(time.Second)
	switch {
	case math.Abs(is.Waits-flows) > 2 || math.Abs(inside-flows) > 2:
		return fmt.Errorf("kscope says %g inside, KEDA %g, want %g", is.Waits, inside, flows)
	case math.Abs(is.Counted-perSecond) > 1 || math.Abs(rate-perSecond) > 1:
		return fmt.Errorf("kscope says %g a second, KEDA %g, want %d", is.Counted, rate, perSecond)
	}
	w, err := c.Client.AppsV1().Deployments(namespace).Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if n := w.Status.ReadyReplicas; n != perSecond/5 {
		return fmt.Errorf("%d pods are ready, want %d", n, perSecond/5)
	}
	return countsBy(is, "_rate", 5)
}

// one has one request sent, and gives what came of it.
func one(t *testing.T) (is Requests) {
	t.Helper()
	was := half.of("web").Loaded
	if err := half.tell(Command{Object: "web", Load: 1}); err != nil {
		t.Fatal(err)
	}
	within(t, time.Minute, "an answer", func(context.Context) error {
		r := half.of("web")
		if r.Loaded != was+1 {
			return fmt.Errorf("%+v", r)
		}
		is = r.Requests
		return nil
	})
	return is
}

// unknown reports whether the interceptor has no rule for a host.
func unknown(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // a request that it knows may be held
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", c.AddOn.Proxy), nil)
	if err != nil {
		return err
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusNotFound {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}

// says waits until kscope says something, with no number beside what is wrong.
func says(t *testing.T, words string, of func(Reading) string) {
	t.Helper()
	within(t, 40*time.Second, words, func(context.Context) error {
		is := half.of("web")
		if is.Known && is.Err != "" {
			t.Errorf("kscope counts %g beside: %s", is.Counted, is.Err)
		}
		if !strings.Contains(of(is), words) {
			return fmt.Errorf("kscope says %q of %+v", of(is), is)
		}
		return nil
	})
}

func within(t *testing.T, most time.Duration, what string, f func(context.Context) error) {
	t.Helper()
	if err := cluster.WaitFor(t.Context(), most, what, f); err != nil {
		t.Fatal(err)
	}
}

// counted is how many requests of the route the interceptor has counted.
func counted(t *testing.T) int64 {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/queue", c.AddOn.Admin))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var all map[string]struct{ RequestCount int64 }
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all[namespace+"/web"].RequestCount
}

// reached is when the interceptor had counted so many, and how many those were.
func reached(t *testing.T, n int64) (at time.Time, is int64) {
	t.Helper()
	within(t, 2*lasts, fmt.Sprintf("%d requests", n), func(context.Context) error {
		at, is = time.Now(), counted(t)
		if said := half.of("web"); said.Failed != "" {
			t.Fatal(said.Failed)
		} else if is < n {
			return fmt.Errorf("%d came of %+v", is, said.Requests)
		}
		return nil
	})
	return at, is
}

// application answers each request after a while.
type application struct {
	port   int
	served atomic.Int64
}

func serveApp(t *testing.T) *application {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &application{port: l.Addr().(*net.TCPAddr).Port}
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(serves):
			a.served.Add(1)
			_, _ = w.Write([]byte("hello"))
		case <-r.Context().Done():
		}
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return a
}
