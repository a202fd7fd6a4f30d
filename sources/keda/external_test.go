package keda

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// adapter is an API server with KEDA's external metrics, which counts who asks.
type adapter struct {
	mu     sync.Mutex
	status int
	body   string
	asked  []string
}

func (a *adapter) answer(status int, body string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.body = status, body
}

// first is the first request.
func (a *adapter) first() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[0]
}

func (a *adapter) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

// serve answers a request.
func (a *adapter) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.URL.RequestURI())
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.WriteString(a.body)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

const seven = `{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","items":[{"metricName":"s0-datadog","value":"7500m","timestamp":null}]}`

// failed is an answer of the API server's that is an error.
func failed(code, reason, message string) string {
	return `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"` + reason + `","code":` + code + `,"message":"` + message + `"}`
}

// asking runs a source over such a server, within the bubble of a test.
func asking(t *testing.T, a *adapter) (*External, func() []kscope.Fact) {
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://api.test", Transport: a, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var told []kscope.Fact
	s := NewExternal(func() kubernetes.Interface { return client })
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(t.Context(), func(f kscope.Fact) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, f)
			s.Follow(kscope.Observation{Fact: f}) // as all that passes
		})
	}()
	t.Cleanup(func() { <-done })
	return s, func() []kscope.Fact {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		out := told
		told = nil
		return out
	}
}

// healthy is a ScaledObject that KEDA reads well.
func healthy(cached bool) kscope.ScaledObject {
	t := datadog
	t.Cached = cached
	return kscope.ScaledObject{Ref: waitingFor.Ref, UID: "1", PollingInterval: 30 * time.Second, Triggers: []kscope.Trigger{t}, ExternalMetricNames: []string{"s0-datadog"},
		Conditions: kscope.Conditions{{Type: "Ready", Status: "True"}, {Type: "Active", Status: "False"}, {Type: "Fallback", Status: "False"}}}
}

// operatorSays is what KEDA's operator tells of that: nothing, with an error.
func operatorSays(err string) kscope.Depths {
	return kscope.Depths{Server: triggers.KEDAServer, All: []kscope.Depth{{Backlog: triggers.ThroughKEDA(datadog, kscope.TriggerRef{Object: waitingFor}), N: 3, Err: err}}}
}

func depthIn(facts []kscope.Fact) (d kscope.Depth, ok bool) {
	for _, f := range facts {
		if all, is := f.(kscope.Depths); is {
			d, ok = all.All[0], true
		}
	}
	return d, ok
}

// TestCachedIsAskedUnasked: with useCachedMetrics KEDA is asked, once a polling interval,
// while it reads the source well and nothing better has the value.
func TestCachedIsAskedUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &adapter{status: 200, body: seven}
		s, told := asking(t, a)
		see := func(f kscope.Fact) { s.Follow(kscope.Observation{Fact: f}) }
		see(healthy(true))
		time.Sleep(time.Minute)
		if facts := told(); a.times() != 0 || len(facts) != 0 {
			t.Fatalf("asked %d times before the operator was heard: %v", a.times(), facts)
		}
		see(operatorSays("off"))
		d, ok := depthIn(told())
		if !ok || d.N != 7.5 || d.Err != "" || !strings.Contains(d.Note, "memory") || d.Backlog != triggers.ThroughExternal(datadog, kscope.TriggerRef{Object: waitingFor}) {
			t.Errorf("told %+v", d)
		}
		if want := "/apis/external.metrics.k8s.io/v1beta1/namespaces/demo/s0-datadog?labelSelector=scaledobject.keda.sh%2Fname%3Dorders"; a.first() != want {
			t.Errorf("asked %s, want %s", a.first(), want)
		}
		time.Sleep(10*time.Minute + time.Second)
		if told(); a.times() != 21 {
			t.Errorf("asked %d times in ten minutes, every 30 s", a.times())
		}
		for name, change := range map[string]func(*kscope.ScaledObject){
			"KEDA cannot read it": func(so *kscope.ScaledObject) { so.Conditions[0].Status = "False" },
			"no look yet":         func(so *kscope.ScaledObject) { so.Conditions[1].Status = "Unknown" },
			"fallback":            func(so *kscope.ScaledObject) { so.Conditions[2].Status = "True" },
			"paused":              func(so *kscope.ScaledObject) { so.Paused = true },
			"a formula":           func(so *kscope.ScaledObject) { so.ScalingModifiers = true },
			"no metric":           func(so *kscope.ScaledObject) { so.ExternalMetricNames = nil },
			"not cached":          func(so *kscope.ScaledObject) { so.Triggers[0].Cached = false },
		} {
			so := healthy(true)
			change(&so)
			see(so)
			told()
			before := a.times()
			time.Sleep(10 * time.Minute)
			if told(); a.times() != before {
				t.Errorf("%s: asked %d times", name, a.times()-before)
			}
		}
		see(healthy(true))
		told()
		see(operatorSays(""))
		told()
		before := a.times()
		time.Sleep(10 * time.Minute)
		if told(); a.times() != before {
			t.Errorf("asked %d times for what the operator tells", a.times()-before)
		}
	})
}

// TestOthersAreAskedOnRequest: without useCachedMetrics KEDA is asked when somebody says so,
// at most as often as the HPA asks.
func TestOthersAreAskedOnRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &adapter{status: 200, body: seven}
		s, told := asking(t, a)
		see := func(f kscope.Fact) { s.Follow(kscope.Observation{Fact: f}) }
		own := kscope.Backlog{Broker: "sqs", Server: "x", Name: "orders"}
		so := healthy(false)
		so.Triggers = append(so.Triggers, kscope.Trigger{Type: "aws-sqs-queue", Backlog: &own}, kscope.Trigger{Type: "cron"})
		so.ExternalMetricNames = append(so.ExternalMetricNames, "s1-sqs", "s2-cron")
		if why := s.Ask(waitingFor); why == "" {
			t.Error("asked for what is not there")
		}
		see(so)
		see(operatorSays("off"))
		time.Sleep(time.Hour)
		if facts := told(); a.times() != 0 || len(facts) != 0 {
			t.Fatalf("asked unasked: %d times, %v", a.times(), facts)
		}
		if why := s.Ask(waitingFor); why != "" {
			t.Errorf("not asked: %s", why)
		}
		d, ok := depthIn(told())
		if !ok || d.N != 7.5 || !strings.Contains(d.Note, "asked for from here") || a.times() != 1 {
			t.Errorf("told %+v, asked %d times", d, a.times())
		}
		time.Sleep(14 * time.Second)
		if why := s.Ask(waitingFor); !strings.HasPrefix(why, "Asked 14 s ago") {
			t.Errorf("again too soon: %q", why)
		}
		time.Sleep(2 * time.Second)
		see(kscope.Depths{Server: own.Server, All: []kscope.Depth{{Backlog: own, Err: "refused"}}})
		if why := s.Ask(waitingFor); why != "" {
			t.Errorf("again in time: %q", why)
		}
		if told(); a.times() != 3 { // of the queue too, which kscope asks for in vain
			t.Errorf("asked %d times", a.times())
		}
		if why := s.Ask(batches); why != "KEDA answers for ScaledObjects alone." {
			t.Errorf("of a ScaledJob: %q", why)
		}
		see(operatorSays(""))
		see(kscope.Depths{Server: own.Server, All: []kscope.Depth{{Backlog: own, N: 1}}})
		time.Sleep(time.Minute)
		if why := s.Ask(waitingFor); !strings.HasPrefix(why, "There is nothing to ask") {
			t.Errorf("of what is known: %q", why)
		}
		facts := told()
		if g, ok := facts[len(facts)-1].(kscope.Gone); !ok || g.Ref.Name != triggers.ExternalServer {
			t.Errorf("nothing is wanted any more: %v", facts)
		}
	})
}

// TestExternalTroubles: each in words, whether it is the way or the answer.
func TestExternalTroubles(t *testing.T) {
	for name, tt := range map[string]struct {
		status     int
		body       string
		says, hint string
		state      kscope.State
	}{
		"forbidden":   {403, failed("403", "Forbidden", "no"), "you may not read the external metrics of the namespace demo", "external.metrics.k8s.io", kscope.Absent},
		"nobody":      {503, failed("503", "ServiceUnavailable", "no"), "nobody answers for the external metrics API", "doctor", kscope.Absent},
		"not served":  {404, failed("404", "NotFound", "no"), "nobody serves", "doctor", kscope.Absent},
		"KEDA failed": {500, failed("500", "InternalError", "metric:s0-datadog encountered error"), "KEDA answered with an error: metric:s0-datadog encountered error", "", kscope.Synced},
		"empty":       {200, `{"items":[]}`, "KEDA answered with no value", "", kscope.Synced},
		"no number":   {200, `{"items":[{"value":"many"}]}`, "no number", "", kscope.Synced},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &adapter{status: tt.status, body: tt.body}
			s, told := asking(t, a)
			so := healthy(true)
			so.PollingInterval = time.Second
			s.Follow(kscope.Observation{Fact: so})
			s.Follow(kscope.Observation{Fact: operatorSays("off")})
			facts := told()
			d, ok := depthIn(facts)
			if !ok || !strings.Contains(d.Err, tt.says) || d.N != 0 {
				t.Errorf("%s: %+v", name, d)
			}
			var st kscope.Status
			var card kscope.Connection
			for _, f := range facts {
				switch f := f.(type) {
				case kscope.Status:
					st = f
				case kscope.Connection:
					card = f
				}
			}
			if st.State != tt.state || !strings.Contains(st.Hint, tt.hint) || card.Failing != (tt.state != kscope.Synced) {
				t.Errorf("%s: %+v, %+v", name, st, card)
			}
			before := a.times()
			time.Sleep(14 * time.Second)
			if told(); a.times() != before {
				t.Errorf("%s: asked again %d times at once", name, a.times()-before)
			}
			a.answer(200, seven)
			time.Sleep(2 * time.Second)
			if d, ok := depthIn(told()); !ok || d.N != 7.5 || d.Err != "" {
				t.Errorf("%s: well again: %+v", name, d)
			}
		})
	}
}
