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
	if c := x.Look(t); c.Reading().Name() != "orders" || c.Want != 4 || !c.EmptySince.IsZero() {
		t.Errorf("20 at 5 and 50 at 100: %s, want %d", c.Reading().Name(), c.Want)
	}
	depths(3, 20, 5000)
	if c := x.Look(t); c.Reading().Name() != "returns" || c.Want != 10 || c.Links[explain.LinkQueue].Name != "returns" {
		t.Errorf("20 at 5 and 5000 at 100: %s, want %d", c.Reading().Name(), c.Want)
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
