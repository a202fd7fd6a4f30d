package store_test

import (
	"math"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

func TestReadings(t *testing.T) {
	current := func(v float64) *float64 { return &v }
	tests := []struct {
		name   string
		size   int32
		do     func(x *world)
		known  bool
		value  float64
		target float64
		from   store.ValueSource
		err    string
	}{
		{"nothing measured", 0, func(*world) {}, false, 0, 5, "", ""},
		{"measured", 0, func(x *world) { x.Depth(1, 7) }, true, 7, 5, store.FromBroker, ""},
		{"measurement failed", 0, func(x *world) {
			x.Depth(1, 7)
			x.See(2, kscope.Depths{All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
		}, false, 0, 5, "", "refused"},
		{"by the HPA, at the size of its sync", 5, func(x *world) {
			x.HPA.CurrentReplicas, x.HPA.Metrics = 1, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 6, Current: current(60)}}
			x.See(1, x.HPA)
		}, true, 60, 6, store.FromHPA, ""},
		{"by the HPA, a total", 5, func(x *world) {
			x.HPA.CurrentReplicas, x.HPA.Metrics = 5, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "Value", Target: 6, Current: current(60)}}
			x.See(1, x.HPA)
		}, true, 60, 6, store.FromHPA, ""},
		{"by the HPA, a leftover", 0, func(x *world) {
			x.HPA.CurrentReplicas, x.HPA.Metrics = 10, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: current(3)}}
			x.See(1, x.HPA)
		}, false, 0, 5, "", ""},
		{"by the HPA, no value", 3, func(x *world) {
			x.HPA.CurrentReplicas, x.HPA.Metrics = 3, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5}}
			x.See(1, x.HPA)
		}, false, 0, 5, "", ""},
		{"the broker before the HPA", 5, func(x *world) {
			x.HPA.CurrentReplicas, x.HPA.Metrics = 1, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: current(60)}}
			x.See(1, x.HPA)
			x.Depth(1, 7)
		}, true, 7, 5, store.FromBroker, ""},
		{"the HPA where the broker fails", 5, func(x *world) {
			x.HPA.CurrentReplicas, x.HPA.Metrics = 1, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: current(60)}}
			x.See(1, x.HPA, kscope.Depths{All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
		}, true, 60, 5, store.FromHPA, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newWorld(tt.size)
			tt.do(x)
			r := x.Look(t).Reading()
			if r.Known != tt.known || r.Known && r.Value != tt.value || r.Target != tt.target || r.From != tt.from || r.Err != tt.err {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestSeveralTriggers(t *testing.T) {
	x := newWorld(2)
	returns := triggers.Redis{Address: orders.Server, Key: "returns"}.Backlog()
	x.SO.Triggers = append(x.SO.Triggers, kscope.Trigger{Type: "redis", MetricType: "AverageValue", Backlog: &returns, Metadata: map[string]string{"listLength": "100"}})
	x.See(1, x.SO)
	depths := func(seconds float64, a, b float64) {
		x.See(seconds, kscope.Depths{All: []kscope.Depth{{Backlog: orders, N: a}, {Backlog: returns, N: b}}})
	}
	depths(2, 20, 50)
	if c := x.Look(t); c.Reading().Name() != "orders" || c.Reading().Asks() != 4 || !c.EmptySince.IsZero() {
		t.Errorf("20 at 5 and 50 at 100: %s, which asks for %v", c.Reading().Name(), c.Reading().Asks())
	}
	depths(3, 20, 5000)
	if c := x.Look(t); c.Reading().Name() != "returns" || c.Reading().Asks() != 50 || c.Links[explain.LinkQueue].Name != "returns" {
		t.Errorf("20 at 5 and 5000 at 100: %s, which asks for %v", c.Reading().Name(), c.Reading().Asks())
	}
	depths(4, 0, 5000)
	depths(6, 0, 0)
	depths(8, 0, 0)
	if c := x.Look(t); !c.EmptySince.Equal(at(6)) {
		t.Errorf("empty since %v", c.EmptySince)
	}
	x.See(9, kscope.Depths{All: []kscope.Depth{{Backlog: returns, Err: "refused"}}})
	if c := x.Look(t); !c.EmptySince.IsZero() {
		t.Errorf("empty since %v, though one queue is not known", c.EmptySince)
	}
	depths(12, 0, 0)
	if c := x.Look(t); !c.EmptySince.Equal(at(12)) {
		t.Errorf("empty since %v, though nothing was known before 12s", c.EmptySince)
	}
	x.SO.Triggers = append(x.SO.Triggers, kscope.Trigger{Type: "cron"})
	x.See(13, x.SO)
	if c := x.Look(t); !c.EmptySince.IsZero() || c.Reading().Name() != "orders" {
		t.Errorf("a cron trigger is not known to be empty: %v, %s", c.EmptySince, c.Reading().Name())
	}
}

// Of a route of the HTTP add-on the HPA has two metrics, and the target is that of the one
// that asks for more: by what is measured, else by what the HPA shows.
func TestTwoMetricsOfOneTrigger(t *testing.T) {
	current := func(v float64) *float64 { return &v }
	route := kscope.Backlog{Broker: "http", Server: "scaler.keda:9090", Name: "web"}
	x := newWorld(2)
	x.SO.Triggers = []kscope.Trigger{{Type: "external-push", MetricType: "AverageValue", Backlog: &route, Metadata: map[string]string{"interceptorRoute": "web"}}}
	x.SO.ExternalMetricNames = []string{"s0-http_web_concurrency", "s0-http_web_rate"}
	x.HPA.CurrentReplicas, x.HPA.Metrics = 2, []kscope.Metric{
		{Type: "External", Name: "s0-http_web_concurrency", TargetType: "AverageValue", Target: 5, Current: current(4)},
		{Type: "External", Name: "s0-http_web_rate", TargetType: "AverageValue", Target: 20, Current: current(30)},
	}
	is := func(what, metric string, place int, target, value float64, from store.ValueSource) {
		t.Helper()
		r := x.Look(t).Reading()
		if r.Metric != metric || r.Place != place || r.Target != target || r.Value != value || r.From != from || !r.Known {
			t.Errorf("%s: %s at %d of target %v is %v by %q", what, r.Metric, r.Place, r.Target, r.Value, r.From)
		}
	}
	measured := func(seconds, n float64, scaled kscope.Scaled) {
		x.See(seconds, kscope.Depths{Server: route.Server, All: []kscope.Depth{{Backlog: route, N: n, Type: "route", Scaled: scaled}}})
	}
	x.See(1, x.SO, x.HPA)
	is("by the HPA the rate asks for more", "s0-http_web_rate", 1, 20, 60, store.FromHPA)
	x.HPA.Metrics[0].Current = current(8)
	x.See(2, x.HPA)
	is("by the HPA the concurrency does", "s0-http_web_concurrency", 0, 5, 16, store.FromHPA)
	measured(3, 16, kscope.Scaled{Is: true, N: 90, Active: 90, Metric: triggers.RateMetric})
	is("measured the rate does", "s0-http_web_rate", 1, 20, 90, store.FromBroker)
	measured(4, 40, kscope.Scaled{Is: true, N: 40, Active: 90, Metric: triggers.ConcurrencyMetric})
	is("then the concurrency", "s0-http_web_concurrency", 0, 5, 40, store.FromBroker)
	x.HPA.Metrics[0].Current, x.HPA.Metrics[1].Current = current(1), current(30)
	x.See(5, x.HPA)
	measured(6, 4, kscope.Scaled{Metric: triggers.ConcurrencyMetric})
	is("while the rate is not known", "s0-http_web_concurrency", 0, 5, 4, store.FromBroker)
	x.HPA.Metrics = x.HPA.Metrics[1:]
	x.See(7, x.HPA)
	measured(8, 4, kscope.Scaled{Is: true, N: 30, Active: 30})
	if r := x.Look(t).Reading(); r.Metric != "s0-http_web_rate" || r.Place != 0 || r.Target != 20 {
		t.Errorf("of an HPA that has one of them: %s of target %v", r.Metric, r.Target)
	}
}

func TestPolled(t *testing.T) {
	x := newWorld(1)
	x.SO.LastActiveTime = at(-3)
	x.See(1, x.SO)
	if c := x.Look(t); c.Polled != at(1) {
		t.Errorf("first mark at %v", c.Polled)
	}
	x.See(2, x.SO)
	if c := x.Look(t); c.Polled != at(1) {
		t.Errorf("the same mark again at %v", c.Polled)
	}
	y := &world{Store: store.New(), SO: x.SO}
	y.See(1, y.SO)
	if c := y.Look(t); !c.Polled.IsZero() || c.Watched != at(1) {
		t.Errorf("a mark of before was polled at %v, watched since %v", c.Polled, c.Watched)
	}
}

// TestTotal undoes what the HPA rounds up.
func TestTotal(t *testing.T) {
	for jobs := range 200 {
		for replicas := int32(1); replicas <= 40; replicas++ {
			average := math.Ceil(float64(jobs)*1000/float64(replicas)) / 1000
			if got := store.Total(average, replicas); got != float64(jobs) {
				t.Fatalf("%d jobs, %d replicas, shown %v: %v", jobs, replicas, average, got)
			}
		}
	}
}
