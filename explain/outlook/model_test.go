package outlook

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

var t0 = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }

// known is a chain about which all is known: jobs in one list at 5 a pod, and the
// syncs of its HPA, every 15 s from t0 on.
func known(now float64, replicas int32, depth func(at float64) float64, b *kscope.Behavior, syncs ...store.Sync) (*store.Chain, Seen) {
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
	return c, Seen{Now: after(now), Desired: replicas, Ready: n, Main: r}
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
		m, ok := Of(known(tt.now, tt.replicas, tt.depth, tt.b, tt.syncs...))
		if !ok {
			t.Errorf("%s: nothing can be told", tt.name)
			continue
		}
		o := m.Next()
		if !o.Some || !o.Sure {
			t.Errorf("%s: %+v", tt.name, o)
			continue
		}
		if in := o.Earliest.Sub(after(tt.now)).Seconds(); o.KEDA || o.Up != tt.up || o.Low != tt.to || o.High != tt.to || math.Abs(in-tt.in) > 0.5 {
			t.Errorf("%s: up %v to %d..%d in %.1f s, want %+v", tt.name, o.Up, o.Low, o.High, in, tt.to)
		}
	}
}

// TestWhatWasNotAskedFor: an HPA that could not compute, by its own word, remembers
// nothing of that time; a new one remembers the pods that it met.
func TestWhatWasNotAskedFor(t *testing.T) {
	depth := func(at float64) float64 { return map[bool]float64{true: 60, false: 5}[at < 70] }
	blind := []store.Sync{{At: after(30), Failed: true, Current: 4, Desired: 4}, {At: after(75), Computed: true, Current: 4, Desired: 4}}
	m, ok := Of(known(80, 4, depth, nil, append([]store.Sync{{At: after(0), Computed: true, Current: 4, Desired: 4}}, blind...)...))
	if o := m.Next(); !ok || !o.Some || !o.Up || math.Abs(o.Earliest.Sub(after(80)).Seconds()-10) > 0.5 {
		t.Errorf("what it asked for before it failed: %v %+v", ok, o)
	}
	m, ok = Of(known(400, 4, depth, nil, append([]store.Sync{{At: after(0), Failed: true, Current: 4, Desired: 4}}, blind...)...))
	if o := m.Next(); !ok || !o.Some || o.Up || o.Low != 1 || m.Most != 1 {
		t.Errorf("what it would have asked for while it failed: %v %+v, at most %d", ok, o, m.Most)
	}
	c, is := known(100, 4, func(float64) float64 { return 5 }, nil, store.Sync{At: after(60), Computed: true, Current: 4, Desired: 4})
	c.Past.Born = after(60)
	m, ok = Of(c, is)
	if o := m.Next(); !ok || !o.Some || o.Up || o.Low != 1 || math.Abs(o.Earliest.Sub(after(360)).Seconds()) > 15 || m.Most != 4 {
		t.Errorf("four pods that it met: %v %+v", ok, o)
	}
}

// TestBegun: of a queue that was under way when kscope came nothing is foretold by what the
// first seconds of it look like; once it was watched for longer, by its pace.
func TestBegun(t *testing.T) {
	for seconds, begun := range map[float64]bool{3: true, 9: true, 12: false} {
		c, is := known(0, 5, func(float64) float64 { return 60 }, nil, store.Sync{At: after(-9), Computed: true, Current: 5, Desired: 5})
		c.Readings[0].Past = store.Series{}
		for at := 0.0; at <= seconds; at++ {
			c.Past.Ready.Add(after(at), 5)
			c.Readings[0].Value = 60 - 4*at
			c.Readings[0].Past.Add(after(at), 60-4*at)
		}
		c.Past.Desired.Extend(after(seconds))
		is.Now = after(seconds)
		m, ok := Of(c, is)
		if !ok || m.Begun != begun || m.Flows == begun {
			t.Errorf("after %g s: begun %v, by a pace %v, want begun %v", seconds, m.Begun, m.Flows, begun)
		}
		if o := m.Next(); begun && (!o.Sure || o.Some && !o.Up) {
			t.Errorf("after %g s: %+v", seconds, o)
		}
	}
}

// TestNothingIsForetoldOfTheUnknown: where what KEDA says is not current, or how many
// pods are ready is not known, no number stands for that.
func TestNothingIsForetoldOfTheUnknown(t *testing.T) {
	for name, unknown := range map[string]func(c *store.Chain){
		"what KEDA says": func(c *store.Chain) { c.Last.Object = after(1) },
		"ready":          func(c *store.Chain) { c.Ready = nil },
		"the value":      func(c *store.Chain) { c.Readings[0].Known = false },
		"the HPA":        func(c *store.Chain) { c.HPA = nil },
		"the workload":   func(c *store.Chain) { c.Workload = nil },
	} {
		c, is := known(5, 4, func(float64) float64 { return 40 }, nil, store.Sync{At: after(0), Computed: true, Current: 4, Desired: 4})
		if _, ok := Of(c, is); !ok {
			t.Fatal("nothing is foretold where all is known")
		}
		unknown(c)
		if m, ok := Of(c, is); ok {
			t.Errorf("%s is not known, and the HPA goes to %d", name, m.Next().Low)
		}
	}
}

// TestNothingToSeeIsNothing: what no trigger's value is known of is at nothing where KEDA finds
// it inactive, and the HPA goes by what it remembers.
func TestNothingToSeeIsNothing(t *testing.T) {
	for _, tt := range []struct {
		name       string
		active     string
		activation float64
		ok         bool
	}{{"inactive", "False", 0, true}, {"active", "True", 0, false}, {"inactive up to a value", "False", 5, false}} {
		c, is := known(70, 1, func(float64) float64 { return 0 }, nil, store.Sync{At: after(-20), Computed: true, Current: 8, Desired: 8, Values: []float64{5}})
		c.Past.Desired = store.Series{}
		for at, n := range map[float64]float64{-600: 8} {
			c.Past.Desired.Add(after(at), n)
		}
		c.Past.Desired.Add(after(60), 1)
		r := &c.Readings[0]
		r.Known, r.From, r.Place, r.ActivationTarget = false, "", 0, tt.activation
		is.Main = *r
		c.ScaledObject.Conditions = kscope.Conditions{{Type: "Active", Status: tt.active}}
		m, ok := Of(c, is)
		if ok != tt.ok {
			t.Errorf("%s: known %v", tt.name, ok)
		}
		if !ok {
			continue
		}
		if o := m.Next(); !o.Some || o.KEDA || !o.Up || o.Low != 4 {
			t.Errorf("%s: %+v", tt.name, o)
		}
	}
}

// TestEveryFeed: whatever a load runs into can be played on, a queue, what only the HPA
// tells and what pods use, as a ScaledObject's trigger and as a plain HPA's metric, with and
// without another beside it.
func TestEveryFeed(t *testing.T) {
	for _, from := range []store.ValueSource{store.FromBroker, store.FromHPA, store.FromSchedule} {
		for _, typ := range []string{"redis", "kafka", "prometheus", "cpu", ""} {
			for _, kind := range []kscope.Kind{kscope.ScaledObjects, kscope.HPAs} {
				for _, direct := range []bool{false, true} {
					for _, ready := range []int32{0, 4} {
						c, is := known(40, 4, func(float64) float64 { return 30 }, nil, store.Sync{At: after(15), Computed: true, Current: 4, Desired: 4, Values: []float64{7}}, store.Sync{At: after(30), Computed: true, Current: 4, Desired: 4, Values: []float64{7.5}})
						r := &c.Readings[0]
						c.ID.Kind, is.Ready = kind, ready
						r.From, r.Direct, r.Trigger.Type = from, direct || kind == kscope.HPAs, typ
						r.Feeds = []kscope.Loading{{Backlog: *r.Trigger.Backlog, Profile: "steady:1/s,5m"}}
						c.Readings = append(c.Readings, *r)
						c.Readings[1].Direct = true
						is.Main = c.Readings[0]
						m, ok := Of(c, is)
						if !ok {
							t.Fatalf("nothing is known of %s from %s", typ, from)
						}
						m.Next()
						m.Future(time.Minute, time.Second)
					}
				}
			}
		}
	}
}
