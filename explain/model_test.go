package explain

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

var t0 = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }

// TestDue is always ahead, and never further than a period.
func TestDue(t *testing.T) {
	for _, tt := range []struct {
		last, now, every, want float64
	}{{0, 0, 15, 15}, {0, 1, 15, 14}, {0, 15, 15, 15}, {0, 44, 15, 1}, {0, 3600, 7, 5}} {
		if got := due(after(tt.last), time.Duration(tt.every)*time.Second, after(tt.now)).Seconds(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// TestPeriod is what the syncs themselves show, however many between two of them
// did not.
func TestPeriod(t *testing.T) {
	at := func(seconds ...float64) (out []store.Sync) {
		for _, s := range seconds {
			out = append(out, store.Sync{At: after(s)})
		}
		return out
	}
	for _, tt := range []struct {
		syncs []store.Sync
		want  time.Duration
	}{
		{nil, spacing}, {at(3), spacing},
		{at(0, 15.02), 15020 * time.Millisecond},
		{at(0, 60.08), 15020 * time.Millisecond},
		{at(0, 15.02, 20), 15020 * time.Millisecond},         // an edit is synced at once
		{at(0, 15.02, 15.02+3600), 15020 * time.Millisecond}, // too long ago to tell
		{at(0, 22), spacing},
	} {
		if got := period(tt.syncs); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.syncs, got, tt.want)
		}
	}
}

// TestMoments fills in the syncs that did not show, from the beginning to now.
func TestMoments(t *testing.T) {
	syncs := []store.Sync{{At: after(40)}, {At: after(85)}}
	var got []float64
	seen := 0
	for _, m := range moments(syncs, 15*time.Second, after(5), after(120)) {
		got = append(got, m.at.Sub(t0).Seconds())
		if m.seen != nil {
			seen++
		}
	}
	want := []float64{10, 25, 40, 55, 70, 85, 100, 115}
	if len(got) != len(want) || seen != 2 {
		t.Fatalf("%v, %d of them seen, want %v", got, seen, want)
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			t.Errorf("%v, want %v", got, want)
			break
		}
	}
	if len(moments(nil, 15*time.Second, after(0), after(120))) > 0 {
		t.Error("syncs of an HPA that was never seen to sync")
	}
}

// TestFlow is how fast a queue is emptied by a pod, and what comes in steadily.
func TestFlow(t *testing.T) {
	for _, tt := range []struct {
		name    string
		depth   func(second int) float64
		ready   float64
		in      float64
		service time.Duration
	}{
		{"four pods take one each second", func(s int) float64 { return float64(400 - 4*s) }, 4, 0, time.Second},
		{"ten take one in two seconds", func(s int) float64 { return float64(2000 - 5*s) }, 10, 0, 2 * time.Second},
		{"nothing moves", func(int) float64 { return 30 }, 4, 0, 0},
		{"it fills at three a second", func(s int) float64 { return float64(3 * s) }, 0, 3, 0},
		{"it fills although two take one a second", func(s int) float64 {
			return map[bool]float64{true: float64(60 - 2*s), false: float64(3*s - 90)}[s <= 30] + 1
		}, 2, 5, time.Second},
		{"a batch is no rate", func(s int) float64 { return map[bool]float64{true: 500, false: 0}[s > 50] }, 0, 0, 0},
		{"what came has stopped", func(s int) float64 { return float64(min(3*s, 160)) }, 0, 0, 0},
	} {
		var depth, ready store.Series
		for s := range 61 {
			depth.Add(after(float64(s)), tt.depth(s))
			ready.Add(after(float64(s)), tt.ready)
		}
		in, service := flowOf(&depth, &ready, after(60))
		if math.Abs(in-tt.in) > 0.3 || (service-tt.service).Abs() > tt.service/20 {
			t.Errorf("%s: %v/s in, a pod is busy for %v, want %v and %v", tt.name, in, service, tt.in, tt.service)
		}
	}
}

// known is a chain about which all is known: jobs in one list at 5 a pod, and the
// syncs of its HPA, every 15 s from t0 on.
func known(now float64, replicas int32, depth func(at float64) float64, b *kscope.Behavior, syncs ...store.Sync) (*store.Chain, *facts) {
	n, backlog := replicas, kscope.Backlog{Name: "orders"}
	c := &store.Chain{
		ID:           kscope.ID{Kind: kscope.ScaledObjects},
		ScaledObject: kscope.ScaledObject{PollingInterval: 5 * time.Second, CooldownPeriod: time.Hour, MaxReplicaCount: 100, LastActiveTime: after(now)},
		HPA: &kscope.HPA{MinReplicas: 1, MaxReplicas: 100, Behavior: b, StatusEverSynced: true,
			Metrics: []kscope.Metric{{Type: "External", Name: "m", TargetType: "AverageValue", Target: 5}}},
		Workload: &kscope.Workload{Desired: replicas, Current: replicas}, Ready: &n, Watched: after(-600),
	}
	r := store.Reading{Trigger: kscope.Trigger{Type: "redis", MetricType: "AverageValue", Backlog: &backlog}, Metric: "m", Target: 5, Known: true, From: store.FromBroker}
	for at := -600.0; at <= now; at++ {
		r.Past.Add(after(at), depth(at))
		r.Value = depth(at)
	}
	c.Past.Desired.Add(after(-600), float64(replicas))
	for _, s := range syncs {
		if s.Rescaled {
			c.Past.Desired.Add(s.At, float64(s.Desired))
		}
	}
	c.Past.Desired.Extend(after(now))
	c.Past.Syncs, c.Readings = syncs, []store.Reading{r}
	f := gather(c, after(now))
	return c, &f
}

// TestOutlook is what the HPA does next, by what it remembers.
func TestOutlook(t *testing.T) {
	synced := store.Sync{At: after(0), Computed: true, Current: 4, Desired: 4}
	slow := &kscope.Behavior{
		Up:   kscope.Direction{Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 1, Period: time.Minute}}},
		Down: kscope.Direction{Window: 5 * time.Minute, Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Percent", Value: 100, Period: 15 * time.Second}}},
	}
	for _, tt := range []struct {
		name     string
		now      float64
		replicas int32
		depth    func(at float64) float64
		b        *kscope.Behavior
		syncs    []store.Sync
		up       bool
		to       int32
		in       float64 // seconds from now
	}{
		{"more, at the next sync", 5, 4, func(float64) float64 { return 40 }, nil, []store.Sync{synced}, true, 8, 10},
		{"what was asked for 2 minutes ago comes back", 125, 4, func(at float64) float64 { return map[bool]float64{true: 60, false: 20}[at < 20] }, nil, []store.Sync{synced}, true, 8, 10},
		{"down when the last of more is 5 minutes old", 100, 4, func(at float64) float64 { return map[bool]float64{true: 20, false: 5}[at < 40] }, nil, []store.Sync{synced}, false, 1, 230},
		{"one a minute, and it was 20 s ago", 35, 4, func(float64) float64 { return 60 }, slow,
			[]store.Sync{{At: after(15), Computed: true, Current: 3, Desired: 4, Rescaled: true}}, true, 5, 40},
	} {
		c, f := known(tt.now, tt.replicas, tt.depth, tt.b, tt.syncs...)
		o := f.ahead(c)
		if o == nil || !o.some || !o.sure {
			t.Errorf("%s: %+v", tt.name, o)
			continue
		}
		if in := o.earliest.Sub(after(tt.now)).Seconds(); o.keda || o.up != tt.up || o.low != tt.to || o.high != tt.to || math.Abs(in-tt.in) > 0.5 {
			t.Errorf("%s: up %v to %d..%d in %.1f s, want %+v", tt.name, o.up, o.low, o.high, in, tt.to)
		}
	}
}
