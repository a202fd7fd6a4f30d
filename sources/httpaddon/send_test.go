package httpaddon

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

const (
	adminAt = "keda-add-ons-http-interceptor-admin.keda:9090"
	proxyAt = "keda-add-ons-http-interceptor-proxy.keda:8080"
)

// runs runs a load to its end, or for so long where that is not 0, and gives its last words.
type runs func(stop time.Duration, text string) (kscope.Loading, error)

// loaded runs loads into a route in a bubble of virtual time: the interceptor, the
// network, the client and the source of brokers, all of it.
func loaded(t *testing.T, i *interceptor, with map[string]string, test func(m *memory, run runs)) (all []kscope.Loading) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		serve(t, m.listen(adminAt), i.admin)
		serve(t, m.listen(proxyAt), i.proxy)
		metadata := map[string]string{"interceptorRoute": "web", "scalerAddress": "keda-add-ons-http-external-scaler.keda:9090"}
		route, _ := triggers.WorkBacklog("external-push", metadata, metadata, triggers.Origin{Object: kscope.Ref{Namespace: "demo", Name: "web"}})
		p := triggers.Parameters{Type: "external-push", Values: map[string]string{"hosts": "web.example.com", "targetService": "web", "scalingConcurrency": "10"}}
		for _, values := range []map[string]string{metadata, with} {
			for name, value := range values {
				p.Values[name] = value
			}
		}
		tech := protocol.New(New(), protocol.Options{Dial: m.dial, Resolve: func(context.Context, kscope.TriggerRef) (triggers.Parameters, error) { return p, nil }})
		s := broker.New(map[string]broker.Technology{"http": tech}, broker.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		measured, returned := make(chan bool, 1), make(chan error)
		go func() {
			returned <- s.Run(ctx, func(f kscope.Fact) {
				switch f := f.(type) {
				case kscope.Loading:
					all = append(all, f)
				case kscope.Depths:
					select {
					case measured <- f.All[0].Err == "":
					default:
					}
				}
			})
		}()
		s.Follow(kscope.Observation{Fact: kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: "web"}, Triggers: []kscope.Trigger{{Type: "external-push", Metadata: metadata, Backlog: &route}}}})
		if !<-measured {
			t.Error("the route is not measured")
		}
		test(m, func(stop time.Duration, text string) (kscope.Loading, error) {
			ctx := ctx
			if stop > 0 {
				var end context.CancelFunc
				ctx, end = context.WithTimeout(ctx, stop)
				defer end()
			}
			profile, err := load.ParseProfile(text)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Load(ctx, load.Load{Backlog: route, Profile: profile}, nil)
			return all[len(all)-1], err
		})
		cancel()
		if err := <-returned; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // in no time; the server has ended what it was at
	})
	return all
}

// Half of the requests are held for two seconds, through the whole of it: what arrives at
// the interceptor is what was asked for to a hundredth, in every second.
func TestRateWhileHeld(t *testing.T) {
	const rate, lasts, quick, held = 100, 20, 30 * time.Millisecond, 2 * time.Second
	i, began := newInterceptor(), time.Time{}
	var arrived [lasts + 10]int
	i.answer = func(n int, w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		arrived[int(time.Since(began)/time.Second)]++
		i.mu.Unlock()
		if n%2 == 1 {
			time.Sleep(quick)
			return
		}
		time.Sleep(held)
		w.Header().Set("X-KEDA-HTTP-Cold-Start", "true")
		w.WriteHeader(http.StatusAccepted)
	}
	var last kscope.Loading
	all := loaded(t, i, nil, func(_ *memory, run runs) {
		began = time.Now()
		var err error
		if last, err = run(0, "steady:100/s,20s"); err != nil {
			t.Error(err)
		}
	})
	for second, n := range arrived[:lasts] {
		if math.Abs(float64(n)/rate-1) > 0.021 { // two requests: those of one tick
			t.Errorf("in second %d %d arrived", second, n)
		}
	}
	most := int64(0)
	for _, l := range all {
		most = max(most, l.Answers.Held)
		if l.Elapsed > 3*time.Second && l.Elapsed < lasts*time.Second && math.Abs(l.Achieved/rate-1) > 0.01 {
			t.Errorf("after %v %v/s", l.Elapsed, l.Achieved)
		}
	}
	a := last.Answers
	near := func(got, want time.Duration) bool { return math.Abs(float64(got)/float64(want)-1) < 0.011 }
	if last.Accepted != rate*lasts || a.ByClass != [6]int64{2: rate * lasts} || a.Held != 0 || a.ColdStarts != rate*lasts/2 || !near(a.P50, quick) || !near(a.P95, held) {
		t.Errorf("it ends with %+v", last)
	}
	if most < rate {
		t.Errorf("only %d were held", most)
	}
}

// What a request looks like.
func TestRequest(t *testing.T) {
	i := newInterceptor()
	i.hosts["kscope.example.com"] = "demo/web"
	with := map[string]string{"hosts": "*.example.com", "pathPrefixes": "api/v1,/", "headers": "X-Tenant: blue\nX-Any\n"}
	loaded(t, i, with, func(_ *memory, run runs) {
		if last, err := run(0, "batch:3"); err != nil || last.Answers.ByClass[2] != 3 {
			t.Errorf("%v: %+v", err, last)
		}
	})
	ids := map[string]bool{}
	for _, r := range i.requests() {
		ids[r.Header.Get("Kscope")] = true
		if r.Method != http.MethodGet || r.URL.Path != "/api/v1" || r.Header.Get("X-Tenant") != "blue" || r.Header.Get("X-Any") != "kscope" || r.UserAgent() != "kscope" || r.ContentLength != 0 || r.TransferEncoding != nil {
			t.Errorf("got %+v", r)
		}
	}
	if len(ids) != 3 || ids[""] {
		t.Errorf("they are called %v", ids)
	}
}

// Answers are counted as they are: no redirect is followed, and what breaks off is not
// sent again.
func TestAnswers(t *testing.T) {
	i := newInterceptor()
	i.answer = func(n int, w http.ResponseWriter, r *http.Request) {
		switch n % 4 {
		case 0:
			http.Redirect(w, r, "http://web.example.com/elsewhere", http.StatusFound)
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2:
			panic(http.ErrAbortHandler) // the connection breaks
		}
	}
	loaded(t, i, nil, func(_ *memory, run runs) {
		last, err := run(0, "steady:20/s,4s") // one by one, so that connections are used again
		if want := [6]int64{20, 0, 20, 20, 0, 20}; err != nil || last.Answers.ByClass != want {
			t.Errorf("%v: %+v", err, last.Answers)
		}
	})
	if n := len(i.requests()); n != 80 {
		t.Errorf("%d requests arrived of 80", n)
	}
}

// What no rule of the interceptor takes is said to be so, and nothing else that is not found.
func TestNotRouted(t *testing.T) {
	const why = "the interceptor has no rule for gone.example.com"
	for name, tt := range map[string]struct {
		host   string
		answer func(w http.ResponseWriter)
		want   string
	}{
		"no rule":                        {"gone.example.com", nil, why},
		"the application says so":        {"web.example.com", func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, ""},
		"in the interceptor's words":     {"web.example.com", func(w http.ResponseWriter) { w.Header().Set(coldStart, "false"); http.Error(w, "Not Found", 404) }, ""},
		"in its own, without the header": {"web.example.com", func(w http.ResponseWriter) { http.Error(w, "Not Found here", 404) }, ""},
	} {
		i := newInterceptor()
		i.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { tt.answer(w) }
		loaded(t, i, map[string]string{"hosts": tt.host}, func(_ *memory, run runs) {
			last, err := run(0, "batch:2")
			if a := last.Answers; err != nil || a.Why != tt.want || a.ByClass != [6]int64{4: 2} {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
		})
	}
}

// No more are under way than there is room for, and who stops withdraws them.
func TestRoom(t *testing.T) {
	i := newInterceptor()
	var inside atomic.Int64
	i.answer = func(_ int, _ http.ResponseWriter, r *http.Request) {
		inside.Add(1)
		<-r.Context().Done()
		inside.Add(-1)
	}
	loaded(t, i, nil, func(_ *memory, run runs) {
		time.AfterFunc(9*time.Second, func() {
			if n := inside.Load(); n != mostUnderWay {
				t.Errorf("%d are inside", n)
			}
		})
		last, err := run(10*time.Second, "steady:50/s")
		if err != nil || last.State != kscope.LoadStopped || last.Accepted != mostUnderWay || last.Missed < 240 || last.Answers != (kscope.Answers{Sent: mostUnderWay, Held: mostUnderWay}) {
			t.Errorf("%v: %+v", err, last)
		}
		synctest.Wait()
		if n := inside.Load(); n != 0 {
			t.Errorf("%d are inside after the end", n)
		}
	})
}

// Why nothing can be sent is said before anything is, and a proxy that goes away ends a
// load.
func TestNobodyThere(t *testing.T) {
	for say, with := range map[string]map[string]string{
		"was not read":                    {"hosts": "", "targetService": ""},
		"has no rules":                    {"hosts": ""},
		"has a host that cannot be asked": {"hosts": "web example.com"},
		"wants a header that cannot":      {"headers": "X Tenant: blue"},
		"the name proxy is not known":     {"interceptorProxy": "proxy:8080"},
	} {
		i := newInterceptor()
		loaded(t, i, with, func(_ *memory, run runs) {
			last, err := run(0, "steady:50/s,10s")
			if err == nil || !strings.Contains(err.Error(), say) || last.Accepted != 0 || last.Answers.Sent != 0 || last.Elapsed > time.Second {
				t.Errorf("%s: %v: %+v", say, err, last)
			}
		})
	}
	i := newInterceptor()
	i.answer = func(int, http.ResponseWriter, *http.Request) { time.Sleep(200 * time.Millisecond) } // so that connections are needed
	loaded(t, i, nil, func(m *memory, run runs) {
		time.AfterFunc(5*time.Second, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			delete(m.list, proxyAt)
		})
		last, err := run(0, "ramp:10-200/s,20s")
		if err == nil || !strings.Contains(err.Error(), "is not known here") || last.State != kscope.LoadFailed || last.Answers.ByClass[2] < 50 || last.Elapsed > 7*time.Second {
			t.Errorf("%v: %+v", err, last)
		}
	})
}

// FuzzTarget: whatever stands in a route, what is sent is one request that a server can
// read, or none.
func FuzzTarget(f *testing.F) {
	f.Add("*.example.com", "/api", "X-Tenant: blue\nX-Any")
	f.Add("a:80,b", "//x y?z#ü", "Host: other\n: \nContent-Length: 7")
	f.Fuzz(func(t *testing.T, hosts, prefixes, headers string) {
		to, err := targetOf(queue(map[string]string{"hosts": hosts, "pathPrefixes": prefixes, "headers": headers}).Parameters)
		if err != nil {
			return
		}
		var out bytes.Buffer
		req, err := to.request(t.Context(), "127.0.0.1:8080", "id-1")
		if err != nil {
			t.Fatal(err)
		}
		if err := req.Write(&out); err != nil {
			t.Fatalf("%+v: %v", to, err)
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil || strings.Count(out.String(), "\r\n\r\n") != 1 || strings.Contains(strings.ToLower(out.String()), "\r\ncontent-length: 7") {
			t.Errorf("%+v is %q", to, out.String())
		}
	})
}
