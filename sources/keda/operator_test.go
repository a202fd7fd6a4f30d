package keda

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

var (
	waitingFor = kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}
	batches    = kscope.ID{Kind: kscope.ScaledJobs, Ref: kscope.Ref{Namespace: "demo", Name: "batches"}}
)

// exposition is what an operator answers: of one trigger with these numbers, and of others.
func exposition(value, latency, errors float64, active int) string {
	return fmt.Sprintf(`# HELP keda_scaler_metrics_value The current value for each scaler's metric
# TYPE keda_scaler_metrics_value gauge
keda_build_info{version="2.21.0",git_commit="x"} 1
keda_scaler_metrics_value{metric="s0-datadog-x",namespace="demo",scaledObject="orders",scaler="datadogScaler",triggerIndex="0",type="scaledobject"} %[1]g
keda_scaler_metrics_value{metric="s1-two",namespace="demo",scaledObject="orders",scaler="a \"quoted\\ one\"",triggerIndex="1",type="scaledobject"} 2.5e+01
keda_scaler_metrics_value{metric="s1-one",namespace="demo",scaledObject="orders",scaler="x",triggerIndex="1",type="scaledobject"} 3
keda_scaler_metrics_value{metric="s0-x",namespace="demo",scaledObject="batches",scaler="x",triggerIndex="0",type="scaledjob"} 9
keda_scaler_metrics_value{metric="s2-x",namespace="demo",scaledObject="orders",scaler="x",triggerIndex="2",type="scaledobject"} NaN
keda_scaler_active{metric="s0-datadog-x",namespace="demo",scaledObject="orders",scaler="datadogScaler",triggerIndex="0",type="scaledobject"} %[4]d
keda_scaler_metrics_latency_seconds{metric="s0-datadog-x",namespace="demo",scaledObject="orders",scaler="datadogScaler",triggerIndex="0",type="scaledobject"} %[2]g
keda_scaled_object_errors_total{namespace="demo",scaledObject="orders"} %[3]g
keda_scaled_job_errors_total{namespace="demo",scaledJob="batches"} 4
keda_scaler_metrics_value{metric="broken
keda_scaler_metrics_value{} 1
keda_scaler_metrics_value{triggerIndex="0"
go_goroutines 12
`, value, latency, errors, active)
}

func TestParseMetrics(t *testing.T) {
	got := parseMetrics(exposition(7, 0.25, 3, 1))
	want := metrics{
		scalers: map[kscope.TriggerRef]scaler{
			{Object: waitingFor}:           {metric: "s0-datadog-x", value: 7, active: true, latency: 0.25},
			{Object: waitingFor, Index: 1}: {metric: "s1-one", several: true, value: 3},
			{Object: batches}:              {metric: "s0-x", value: 9},
		},
		errors: map[kscope.ID]float64{waitingFor: 3, batches: 4},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(metrics{}, scaler{})); d != "" {
		t.Error(d)
	}
}

func FuzzMetrics(f *testing.F) {
	f.Add(exposition(7, 0.25, 3, 1))
	f.Add("keda_scaler_active{a=\"\\\"} 1\nkeda_scaler_active{,,}\nkeda_scaler_active{} ")
	f.Fuzz(func(_ *testing.T, text string) { parseMetrics(text) })
}

func BenchmarkParseMetrics(b *testing.B) {
	var text strings.Builder
	for i := range 500 {
		text.WriteString(strings.ReplaceAll(exposition(7, 0.25, 3, 1), "orders", fmt.Sprintf("orders-%d", i)))
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		parseMetrics(text.String())
	}
}

// served is an operator that serves what it is told to, to a source that follows an
// object with a trigger that kscope cannot ask about.
type served struct {
	mu     sync.Mutex
	text   string
	status int
	asked  int
	facts  chan kscope.Fact
}

func serve(t *testing.T) (*served, *Operator) {
	s := &served{status: http.StatusOK, facts: make(chan kscope.Fact, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		w.WriteHeader(s.status)
		_, _ = w.Write([]byte(s.text))
	}))
	t.Cleanup(server.Close)
	return s, NewOperator(OperatorOptions{URL: server.URL})
}

func (s *served) set(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = text
}

// depth waits for a look that came after now, and gives the depth of one trigger.
func (s *served) depth(t *testing.T, l *look, o *Operator) kscope.Depth {
	t.Helper()
	all, every := o.wanted()
	l.once(t.Context(), all, every)
	for {
		select {
		case f := <-s.facts:
			if d, ok := f.(kscope.Depths); ok {
				return d.All[0]
			}
		case <-time.After(5 * time.Second):
			t.Fatal("nothing is told")
		}
	}
}

var datadog = kscope.Trigger{Type: "datadog", Metadata: map[string]string{"query": "q"}}

func orders(all ...kscope.Trigger) kscope.Observation {
	return kscope.Observation{Fact: kscope.ScaledObject{Ref: waitingFor.Ref, PollingInterval: 5 * time.Second, Triggers: all}}
}

// TestOperatorValues: a value is what KEDA last measured, and unknown while that stands
// still and its errors rise.
func TestOperatorValues(t *testing.T) {
	s, o := serve(t)
	o.Follow(orders(datadog))
	l := &look{operator: o, emit: func(f kscope.Fact) { s.facts <- f }, was: map[kscope.TriggerRef]scaler{}}
	for _, step := range []struct {
		name string
		text string
		n    float64
		err  string
		is   kscope.Scaled
	}{
		{"nothing yet", "", 0, "KEDA has not measured it yet", kscope.Scaled{}},
		{"a value", exposition(7, 0.1, 3, 1), 7, "", kscope.Scaled{N: 7, Active: 1 << 52}},
		{"another", exposition(9, 0.2, 3, 1), 9, "", kscope.Scaled{N: 9, Active: 1 << 52}},
		{"errors rise, and it stands still", exposition(9, 0.2, 4, 1), 0, "its errors rise", kscope.Scaled{}},
		{"it stands still", exposition(9, 0.2, 4, 1), 0, "stands still", kscope.Scaled{}},
		{"it moves again", exposition(2, 0.3, 4, 0), 2, "", kscope.Scaled{Is: true, N: 2}},
		{"errors rise elsewhere, and it moves", exposition(3, 0.4, 5, 1), 3, "", kscope.Scaled{N: 3, Active: 1 << 52}},
	} {
		s.set(step.text)
		got := s.depth(t, l, o)
		if got.N != step.n || !strings.Contains(got.Err, step.err) || (got.Err == "") != (step.err == "") || got.Scaled != step.is {
			t.Errorf("%s: got %+v", step.name, got)
		}
		if of, ok := triggers.KEDAOf(got.Backlog); !ok || of.Object != waitingFor {
			t.Errorf("%s: of %+v", step.name, got.Backlog)
		}
	}
}

// TestOperatorIsAskedOnlyWhereNeeded: what kscope measures itself is not asked for, but
// where that fails; and nothing is asked while nothing is wanted.
func TestOperatorIsAskedOnlyWhereNeeded(t *testing.T) {
	_, o := serve(t)
	own := kscope.Backlog{Broker: "sqs", Server: "there", Name: "orders"}
	for _, step := range []struct {
		name string
		o    kscope.Observation
		want int
	}{
		{"of no use", orders(kscope.Trigger{Type: "cpu"}, kscope.Trigger{Type: "cron"}, kscope.Trigger{Type: "aws-sqs-queue", Backlog: &own}), 0},
		{"one that only KEDA can ask", orders(datadog, kscope.Trigger{Type: "aws-sqs-queue", Backlog: &own}), 1},
		{"the other fails", kscope.Observation{Fact: kscope.Depths{All: []kscope.Depth{{Backlog: own, Err: "forbidden"}}}}, 2},
		{"it is well again", kscope.Observation{Fact: kscope.Depths{All: []kscope.Depth{{Backlog: own, N: 4}}}}, 1},
		{"a ScaledJob", kscope.Observation{Fact: kscope.ScaledJob{Ref: batches.Ref, PollingInterval: 30 * time.Second, Triggers: []kscope.Trigger{datadog}}}, 2},
		{"gone", kscope.Observation{Fact: kscope.Gone{Kind: kscope.ScaledObjects, Ref: waitingFor.Ref}}, 1},
	} {
		o.Follow(step.o)
		if all, _ := o.wanted(); len(all) != step.want {
			t.Errorf("%s: %d are wanted", step.name, len(all))
		}
	}
	if _, every := o.wanted(); every != 30*time.Second {
		t.Errorf("every %v", every)
	}
}

// TestOperatorRuns: it tells of all, once a poll, and says what is wrong with the way.
func TestOperatorRuns(t *testing.T) {
	s, o := serve(t)
	s.set(exposition(7, 0.1, 3, 1))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx, func(f kscope.Fact) { s.facts <- f }) }()
	o.Follow(orders(datadog))
	var seen []string
	for len(seen) < 3 {
		switch f := (<-s.facts).(type) {
		case kscope.Depths:
			seen = append(seen, fmt.Sprintf("%g", f.All[0].N))
		case kscope.Status:
			seen = append(seen, fmt.Sprintf("%s %s", f.Broker, f.State))
		case kscope.Connection:
			seen = append(seen, fmt.Sprintf("%s, every %v", f.Reached, f.Paced))
		}
	}
	if d := cmp.Diff([]string{"7", "keda synced", "directly, every 5s"}, seen); d != "" {
		t.Error(d)
	}
	o.Follow(kscope.Observation{Fact: kscope.Gone{Kind: kscope.ScaledObjects, Ref: waitingFor.Ref}})
	if f, ok := (<-s.facts).(kscope.Gone); !ok || f.Ref.Name != triggers.KEDAServer {
		t.Errorf("got %+v", f)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != 1 {
		t.Errorf("it was asked %d times within a poll", s.asked)
	}
}

// TestOperatorWay: what is wrong with the way through the API server, in words.
func TestOperatorWay(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	for err, want := range map[error]string{
		apierrors.NewForbidden(pods, "x", nil):                 "you may not read the metrics of KEDA's operator",
		apierrors.NewServiceUnavailable("connection refused"):  "KEDA's operator serves no metrics",
		apierrors.NewInternalError(fmt.Errorf("dial refused")): "KEDA's operator serves no metrics",
		apierrors.NewNotFound(pods, "x"):                       "is no pod that is there",
	} {
		if got := proxied(err, "keda", "keda-operator-1"); !strings.Contains(got.Error(), want) {
			t.Errorf("%v: got %v", err, got)
		}
	}
	if got := kscope.HintOf(proxied(apierrors.NewServiceUnavailable(""), "kedans", "x")); !strings.Contains(got, "helm upgrade keda kedacore/keda -n kedans") {
		t.Error(got)
	}
}

// TestOperatorURL: a password in the address of the metrics is not shown.
func TestOperatorURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	o := NewOperator(OperatorOptions{URL: strings.Replace(server.URL, "://", "://keda:s3cret@", 1)})
	_, where, err := o.read(t.Context())
	if err != nil || strings.Contains(where, "s3cret") || !strings.Contains(where, "keda:***@") {
		t.Errorf("got %q, %v", where, err)
	}
}
