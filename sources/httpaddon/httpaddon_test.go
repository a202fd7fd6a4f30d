package httpaddon

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
)

func TestHTTPAddOn(t *testing.T) {
	i := newInterceptor()
	page := serve(t, listen(t), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hello")) })
	null := serve(t, listen(t), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("null")) })
	odd := serve(t, listen(t), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":"UP"}`)) })
	away := serve(t, listen(t), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	})
	good := start(t, i)
	const isNone = "is no interceptor of the HTTP add-on"
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "external-push", Good: good,
		Fill: func(n int) { i.add("demo/web", int64(n), int64(n)) },
		Wrong: []protocoltest.Wrong{
			{Name: "no route", With: map[string]string{"interceptorRoute": ""}, Say: "names no route"},
			{Name: "no scaler", With: map[string]string{"scalerAddress": "", "interceptorAdmin": ""}, Say: "names no scaler"},
			{Name: "no namespace", With: map[string]string{"routeNamespace": ""}, Say: "namespace of the route", Own: true},
			{Name: "nobody there", With: map[string]string{"interceptorAdmin": protocoltest.Loopback(1)}, Say: "nothing listens at"},
			{Name: "a name nobody knows", With: map[string]string{"interceptorAdmin": "", "scalerAddress": "keda-add-ons-http-external-scaler.keda.invalid:9090"}, Say: "keda-add-ons-http-interceptor-admin.keda.invalid is not known here"},
			{Name: "the proxy", With: map[string]string{"interceptorAdmin": good["interceptorProxy"]}, Say: isNone + ": it knows no /queue"},
			{Name: "a page", With: map[string]string{"interceptorAdmin": page}, Say: isNone},
			{Name: "nothing", With: map[string]string{"interceptorAdmin": null}, Say: isNone},
			{Name: "something else", With: map[string]string{"interceptorAdmin": odd}, Say: isNone},
			{Name: "elsewhere", With: map[string]string{"interceptorAdmin": away}, Say: isNone + ": the server answers 302"},
		},
	})
}

// The other Services are beside the scaler, whatever it is called.
func TestBeside(t *testing.T) {
	for scaler, want := range map[string]string{
		"keda-add-ons-http-external-scaler.keda:9090":                   "keda-add-ons-http-interceptor-admin.keda:9090",
		"keda-add-ons-http-external-scaler.keda.svc.cluster.local:9090": "keda-add-ons-http-interceptor-admin.keda.svc.cluster.local:9090",
		"dns:///keda-add-ons-http-external-scaler.keda.svc.:9090":       "keda-add-ons-http-interceptor-admin.keda.svc:9090",
		"keda-add-ons-http-external-scaler":                             "keda-add-ons-http-interceptor-admin:9090",
		"keda-http-add-on-external-scaler.scaling:9090":                 "keda-http-add-on-interceptor-admin.scaling:9090",
		"scaler.keda:9090": "keda-add-ons-http-interceptor-admin.keda:9090",
	} {
		if got := beside(scaler, adminName); got != want {
			t.Errorf("%s: %s, want %s", scaler, got, want)
		}
	}
}

// interceptors are several in one network in memory, with a client for them.
func interceptors(t *testing.T, names ...string) (*memory, map[string]*interceptor, *client) {
	m, all := &memory{}, map[string]*interceptor{}
	for _, name := range names {
		all[name] = newInterceptor()
		serve(t, m.listen(name), all[name].admin)
	}
	made, err := New().Connect(t.Context(), triggers.Parameters{Values: map[string]string{"scalerAddress": "s.keda:9090"}}, m.dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return m, all, made.(*client)
}

func queue(values map[string]string) protocol.Queue {
	p := triggers.Parameters{Type: "external-push", Values: map[string]string{"interceptorRoute": "web", "routeNamespace": "demo", "scalerAddress": "s.keda:9090", "targetService": "web"}}
	for name, value := range values {
		p.Values[name] = value
	}
	return protocol.Queue{Parameters: p}
}

// What several interceptors count is summed, what one of them counted last goes on to
// count while it is silent, and what an interceptor counts that is new has not just come.
func TestSeveralInterceptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, all, c := interceptors(t, "a:9090", "b:9090", "c:9090")
		look := func(listed string) broker.Reading {
			t.Helper()
			readings := make([]broker.Reading, 1)
			q := queue(map[string]string{"interceptors": listed, "scalingConcurrency": "10"})
			if err := c.Measure(t.Context(), []protocol.Queue{q}, readings); err != nil || readings[0].Err != nil {
				t.Fatal(err, readings[0].Err)
			}
			time.Sleep(500 * time.Millisecond)
			return readings[0]
		}
		all["a:9090"].add("demo/web", 3, 1000)
		all["b:9090"].add("demo/web", 4, 2000)
		if got := look("a:9090, b:9090"); got.N != 7 || got.Note != "2 interceptors" || got.Scaled.Is || got.Parts[0].Name != "" {
			t.Errorf("at first: %+v", got)
		}
		all["a:9090"].add("demo/web", 0, 5)
		all["b:9090"].add("demo/web", 1, 5)
		if got := look("a:9090, b:9090"); got.N != 8 || got.Parts[0].N != 20 {
			t.Errorf("then: %+v", got)
		}
		all["c:9090"].add("demo/web", 10, 1_000_000)
		if got := look("a:9090,b:9090,c:9090"); got.N != 18 || got.Parts[0].N != 10 || got.Note != "3 interceptors" {
			t.Errorf("with a third: %+v", got)
		}
		delete(m.list, "b:9090")
		c.admin.Close() // the connections end
		if got := look("a:9090,b:9090,c:9090"); got.N != 18 || !strings.HasPrefix(got.Note, "1 of 3 interceptors silent") {
			t.Errorf("with one away: %+v", got)
		}
		if got := look("a:9090,c:9090"); got.N != 13 || got.Note != "2 interceptors" {
			t.Errorf("when it is known to be away: %+v", got)
		}
		all["a:9090"].mu.Lock()
		all["a:9090"].counts["demo/web"] = count{1, 2} // it was started anew
		all["a:9090"].mu.Unlock()
		if got := look("a:9090,c:9090"); got.N != 11 || got.Parts[0].N > 10 {
			t.Errorf("after a start: %+v", got)
		}
	})
}

// What is wrong with the way to an interceptor is said as it is.
func TestTroubleOnTheWay(t *testing.T) {
	want := &kscope.Trouble{Message: "nothing listens on port 9090 in pod keda/interceptor"}
	c, err := New().Connect(t.Context(), triggers.Parameters{}, func(context.Context, string, string) (net.Conn, error) { return nil, want })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Measure(t.Context(), []protocol.Queue{queue(nil)}, make([]broker.Reading, 1)); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	if got := c.(*client).send(t.Context(), target{host: "a.b", path: "/", header: http.Header{}}, "1"); got != (broker.Answer{Why: want.Message}) {
		t.Errorf("got %+v", got)
	}
}

// Behind a Service another connection may lead to another interceptor, whose counts are
// no news.
func TestByTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const at = "keda-add-ons-http-interceptor-admin.keda:9090"
		m, all, c := interceptors(t, at)
		look := func() broker.Reading {
			readings := make([]broker.Reading, 2)
			gone := queue(map[string]string{"interceptorRoute": "gone"})
			if err := c.Measure(t.Context(), []protocol.Queue{queue(nil), gone}, readings); err != nil {
				t.Fatal(err)
			}
			if r := readings[1]; r.Type != "none" || r.N != 0 || !strings.Contains(r.Note, "no interceptor knows the route") {
				t.Errorf("got %+v of a route that is not there", r)
			}
			time.Sleep(500 * time.Millisecond)
			return readings[0]
		}
		all[at].add("demo/web", 3, 1000)
		if got := look(); got.N != 3 || !strings.HasPrefix(got.Note, "as one interceptor counts") {
			t.Errorf("got %+v", got)
		}
		other := newInterceptor()
		other.add("demo/web", 5, 7000)
		serve(t, m.listen(at), other.admin)
		c.admin.Close()
		if got := look(); got.N != 5 || got.Parts[0].N != 0 {
			t.Errorf("by another connection: %+v", got)
		}
		other.add("demo/web", 0, 10)
		if got := look(); got.Parts[0].N != 10 {
			t.Errorf("then: %+v", got)
		}
	})
}

// The average is the scaler's: over the buckets since the first, that of now included,
// and over no more than the window has.
func TestBuckets(t *testing.T) {
	began := time.Unix(1_700_000_000, 0)
	for _, tt := range []struct {
		name           string
		window, bucket time.Duration
		rate           int64         // requests every half a second
		over           time.Duration // from its beginning
		then           time.Duration // without any
		want           float64
	}{
		{"the first bucket counts whole", time.Minute, time.Second, 10, 500 * time.Millisecond, 0, 20},
		{"a part of the window", time.Minute, time.Second, 10, 9500 * time.Millisecond, 0, 20},
		{"the whole of it", time.Minute, time.Second, 10, 5 * time.Minute, 0, 19.833}, // the bucket of now has half of it
		{"none for half of it", time.Minute, time.Second, 10, 5*time.Minute + 500*time.Millisecond, 30 * time.Second, 10},
		{"none for all of it", time.Minute, time.Second, 10, 5 * time.Minute, time.Minute, 0},
		{"wider buckets", time.Minute, 10 * time.Second, 10, 4*time.Minute + 9500*time.Millisecond, 0, 200},
		{"a bucket that does not fit", 25 * time.Second, 10 * time.Second, 10, 4*time.Minute + 9500*time.Millisecond, 0, 200},
	} {
		b, got := newBuckets(tt.window, tt.bucket), 0.0
		at := time.Duration(0)
		for ; at <= tt.over; at += 500 * time.Millisecond {
			got = b.add(began.Add(at), tt.rate)
		}
		for end := tt.over + tt.then; at <= end; at += 500 * time.Millisecond {
			got = b.add(began.Add(at), 0)
		}
		if got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if b := newBuckets(time.Minute, time.Second); b.add(began, 7) != 7 || b.add(began.Add(time.Hour), 5) != 5 || b.whole() {
		t.Error("after an hour without a look it begins anew")
	}
}

// KEDA's number is the concurrency, the rate, or that of the two which asks for more.
func TestReading(t *testing.T) {
	s := seen{inside: 30, known: true, rate: 42.04, rateKnown: true, average: 40.5, whole: true, pods: pods{all: 1}}
	for name, tt := range map[string]struct {
		with map[string]string
		want kscope.Scaled
		note string
	}{
		"concurrency":              {map[string]string{"scalingConcurrency": "10"}, kscope.Scaled{}, ""},
		"rate":                     {map[string]string{"scalingRate": "10"}, kscope.Scaled{Is: true, N: 40.5, Active: 40.5, How: "requests/s over 1m"}, ""},
		"both, the rate is more":   {map[string]string{"scalingRate": "10", "scalingConcurrency": "10"}, kscope.Scaled{Is: true, N: 40.5, Active: 40.5, How: "requests/s over 1m", Metric: "_rate"}, ""},
		"both, the rate is less":   {map[string]string{"scalingRate": "20", "scalingConcurrency": "10"}, kscope.Scaled{Is: true, N: 30, Active: 40.5, How: "concurrency asks for more than the rate", Metric: "_concurrency"}, ""},
		"buckets of ten seconds":   {map[string]string{"scalingRate": "10", "scalingWindow": "1h0m0s", "scalingGranularity": "10s"}, kscope.Scaled{Is: true, N: 40.5, Active: 40.5, How: "requests in 10s over 1h"}, ""},
		"an old object":            {map[string]string{"interceptorRoute": "", "httpScaledObject": "web", "scalingRate": "10"}, kscope.Scaled{Is: true, N: 41, Active: 41, How: "requests/s over 1m"}, ""},
		"buckets that break":       {map[string]string{"scalingRate": "10", "scalingGranularity": "500ms"}, kscope.Scaled{Is: true, N: 40.5, Active: 40.5, How: "requests in 500ms over 1m"}, "a granularity below 1s breaks the add-on's scaler"},
		"a route that is not read": {map[string]string{"targetService": ""}, kscope.Scaled{Metric: "_concurrency"}, "what KEDA counts is not known: the route was not read"},
	} {
		got := reading(s, queue(tt.with).Parameters)
		if got.Scaled != tt.want || got.Note != tt.note || got.N != 30 || got.Parts[0] != (kscope.Part{Name: "requests/s", N: 42}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	s.whole = false
	if got := reading(s, queue(map[string]string{"scalingRate": "10"}).Parameters); got.Note != "the rate was not watched for 1m yet" {
		t.Errorf("watched for a moment: %+v", got)
	}
	s.rateKnown = false
	if got := reading(s, queue(map[string]string{"scalingRate": "10"}).Parameters); got.Note != "the rate is not known yet" || got.Scaled.Is {
		t.Errorf("at the first look: %+v", got)
	}
	if got := reading(s, queue(map[string]string{"scalingRate": "10", "scalingConcurrency": "10"}).Parameters); got.Scaled != (kscope.Scaled{Metric: "_concurrency"}) {
		t.Errorf("at the first look of both: %+v", got)
	}
}

func BenchmarkMeasure(b *testing.B) {
	protocoltest.BenchmarkMeasure(b, New(), "external-push", start(b, newInterceptor()))
}

// BenchmarkPush is requests to a proxy that answers at once, as many as have room.
func BenchmarkPush(b *testing.B) {
	q := protocol.Queue{Parameters: triggers.Parameters{Values: start(b, newInterceptor())}}
	made, err := New().Connect(b.Context(), q.Parameters, new(protocoltest.Way).Dial)
	if err != nil {
		b.Fatal(err)
	}
	defer made.Close()
	sent := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		batch := broker.NewBatch(q.Backlog, load.StandardPayload(), 100, time.Now())
		for done := int64(0); done == 0; {
			did := made.(protocol.Pusher).Push(b.Context(), q, batch)
			if did.Err != nil {
				b.Fatal(did.Err)
			}
			done = did.Accepted
			sent += done
		}
	}
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "requests/s")
}

// An interceptor that comes is counted within seconds, and while nobody can tell which
// there are those go on to count that there were.
func TestInterceptorsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, all, _ := interceptors(t, "a:9090", "b:9090")
		all["a:9090"].add("demo/web", 3, 3)
		all["b:9090"].add("demo/web", 4, 4)
		listed, broken := "a:9090", error(nil)
		tech := protocol.New(New(), protocol.Options{Dial: m.dial, Resolve: func(context.Context, kscope.TriggerRef) (triggers.Parameters, error) {
			return queue(map[string]string{"interceptors": listed}).Parameters, broken
		}})
		metadata := map[string]string{"interceptorRoute": "web", "scalerAddress": "s.keda:9090"}
		route, _ := triggers.WorkBacklog("external-push", metadata, metadata, triggers.Origin{Object: kscope.Ref{Namespace: "demo", Name: "web"}})
		meter := tech.Meter(tech.Place(route), route)
		defer meter.Close()
		ask := &broker.Ask{Backlogs: []kscope.Backlog{route}, Triggers: make([]kscope.TriggerRef, 1)}
		after := func(wait time.Duration, want float64) {
			t.Helper()
			time.Sleep(wait)
			readings := make([]broker.Reading, 1)
			if _, err := meter.Measure(t.Context(), ask, readings); err != nil || readings[0].Err != nil || readings[0].N != want {
				t.Errorf("%v: %+v, want %v", err, readings[0], want)
			}
		}
		after(0, 3)
		listed = "a:9090,b:9090"
		after(10*time.Second, 3)
		after(5*time.Second, 7)
		broken = errors.New("no")
		after(time.Minute, 7)
		listed, broken = "b:9090", nil
		after(time.Minute, 4)
		broken = &kscope.Trouble{Message: "the route does not exist", Cause: triggers.ErrAbsent}
		time.Sleep(time.Minute)
		readings := make([]broker.Reading, 1)
		if _, err := meter.Measure(t.Context(), ask, readings); readings[0].Err == nil || readings[0].Err.Error() != "the route does not exist" {
			t.Errorf("of a route that is gone: %+v, %v", readings[0], err)
		}
		broken = nil
		after(time.Minute, 4)
	})
}
