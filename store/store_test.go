package store_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

func (x *world) chain(t testing.TB) explain.Picture {
	t.Helper()
	c, ok := explain.Look(x.Store, x.so.Ref)
	if !ok {
		t.Fatal("the ScaledObject is not there")
	}
	return c
}

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
		{"measured", 0, func(x *world) { x.depth(1, 7) }, true, 7, 5, store.FromBroker, ""},
		{"measurement failed", 0, func(x *world) {
			x.depth(1, 7)
			x.see(2, kscope.Depths{All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
		}, false, 0, 5, "", "refused"},
		{"by the HPA, at the size of its sync", 5, func(x *world) {
			x.hpa.CurrentReplicas, x.hpa.Metrics = 1, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 6, Current: current(60)}}
			x.see(1, x.hpa)
		}, true, 60, 6, store.FromHPA, ""},
		{"by the HPA, a total", 5, func(x *world) {
			x.hpa.CurrentReplicas, x.hpa.Metrics = 5, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "Value", Target: 6, Current: current(60)}}
			x.see(1, x.hpa)
		}, true, 60, 6, store.FromHPA, ""},
		{"by the HPA, a leftover", 0, func(x *world) {
			x.hpa.CurrentReplicas, x.hpa.Metrics = 10, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: current(3)}}
			x.see(1, x.hpa)
		}, false, 0, 5, "", ""},
		{"by the HPA, no value", 3, func(x *world) {
			x.hpa.CurrentReplicas, x.hpa.Metrics = 3, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5}}
			x.see(1, x.hpa)
		}, false, 0, 5, "", ""},
		{"the broker before the HPA", 5, func(x *world) {
			x.hpa.CurrentReplicas, x.hpa.Metrics = 1, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: current(60)}}
			x.see(1, x.hpa)
			x.depth(1, 7)
		}, true, 7, 5, store.FromBroker, ""},
		{"the HPA where the broker fails", 5, func(x *world) {
			x.hpa.CurrentReplicas, x.hpa.Metrics = 1, []kscope.Metric{{Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: current(60)}}
			x.see(1, x.hpa, kscope.Depths{All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
		}, true, 60, 5, store.FromHPA, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newWorld(tt.size)
			tt.do(x)
			r := x.chain(t).Reading()
			if r.Known != tt.known || r.Known && r.Value != tt.value || r.Target != tt.target || r.From != tt.from || r.Err != tt.err {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestSeveralTriggers(t *testing.T) {
	x := newWorld(2)
	returns := triggers.Redis{Address: orders.Server, Key: "returns"}.Backlog()
	x.so.Triggers = append(x.so.Triggers, kscope.Trigger{Type: "redis", MetricType: "AverageValue", Backlog: &returns, Metadata: map[string]string{"listLength": "100"}})
	x.see(1, x.so)
	depths := func(seconds float64, a, b float64) {
		x.see(seconds, kscope.Depths{All: []kscope.Depth{{Backlog: orders, N: a}, {Backlog: returns, N: b}}})
	}
	depths(2, 20, 50)
	if c := x.chain(t); c.Reading().Name() != "orders" || c.Decision.Want != 4 || !c.EmptySince.IsZero() {
		t.Errorf("20 at 5 and 50 at 100: %s, want %d", c.Reading().Name(), c.Decision.Want)
	}
	depths(3, 20, 5000)
	if c := x.chain(t); c.Reading().Name() != "returns" || c.Decision.Want != 10 || c.Links[explain.LinkQueue].Name != "returns" {
		t.Errorf("20 at 5 and 5000 at 100: %s, want %d", c.Reading().Name(), c.Decision.Want)
	}
	depths(4, 0, 5000)
	depths(6, 0, 0)
	depths(8, 0, 0)
	if c := x.chain(t); !c.EmptySince.Equal(at(6)) {
		t.Errorf("empty since %v", c.EmptySince)
	}
	x.see(9, kscope.Depths{All: []kscope.Depth{{Backlog: returns, Err: "refused"}}})
	if c := x.chain(t); !c.EmptySince.IsZero() {
		t.Errorf("empty since %v, though one queue is not known", c.EmptySince)
	}
	depths(12, 0, 0)
	if c := x.chain(t); !c.EmptySince.Equal(at(12)) {
		t.Errorf("empty since %v, though nothing was known before 12s", c.EmptySince)
	}
	x.so.Triggers = append(x.so.Triggers, kscope.Trigger{Type: "cron"})
	x.see(13, x.so)
	if c := x.chain(t); !c.EmptySince.IsZero() || c.Reading().Name() != "orders" {
		t.Errorf("a cron trigger is not known to be empty: %v, %s", c.EmptySince, c.Reading().Name())
	}
}

func TestPolled(t *testing.T) {
	x := newWorld(1)
	x.so.LastActiveTime = at(-3)
	x.see(1, x.so)
	if c := x.chain(t); c.Polled != at(1) {
		t.Errorf("first mark at %v", c.Polled)
	}
	x.see(2, x.so)
	if c := x.chain(t); c.Polled != at(1) {
		t.Errorf("the same mark again at %v", c.Polled)
	}
	y := &world{Store: store.New(), so: x.so}
	y.see(1, y.so)
	if c := y.chain(t); !c.Polled.IsZero() || c.Watched != at(1) {
		t.Errorf("a mark of before was polled at %v, watched since %v", c.Polled, c.Watched)
	}
}

// pod is one of a workload with app=NAME.
func pod(name, app string, ready bool) kscope.Pod {
	return kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "uid-" + name, Labels: map[string]string{"app": app, "hash": "1"},
		Created: noon, Phase: "Running", Scheduled: true, Ready: ready}
}

func TestPodsFindTheirWorkload(t *testing.T) {
	app := func(op kscope.Operator, values ...string) kscope.Selector {
		return kscope.Selector{{Key: "app", Operator: op, Values: values}}
	}
	x := newWorld(2)
	ready := func() int { return x.chain(t).Counts[kscope.PodReady] }
	want := func(n int, when string) {
		t.Helper()
		if got := ready(); got != n || len(x.Pods(x.so.Ref)) < n {
			t.Errorf("%s: %d ready, want %d; pods %v", when, got, n, x.Pods(x.so.Ref))
		}
	}
	x.see(1, pod("a", "w", true), pod("b", "other", true))
	want(0, "without a selector")
	x.w.Selector = app(kscope.In, "w")
	x.see(2, x.w)
	want(1, "the selector after the pod")
	x.see(3, pod("c", "w", true))
	want(2, "a pod after the selector")
	x.see(4, pod("c", "w", false))
	want(1, "no longer ready")
	x.see(5, pod("c", "elsewhere", true))
	want(1, "relabelled")
	x.see(6, pod("c", "w", true), kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "a"}, UID: "uid-a"})
	want(1, "gone")
	x.see(7, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "c"}, UID: "somebody else"})
	want(1, "another of that name gone")
	x.w.Selector = kscope.Selector{{Key: "app", Operator: kscope.NotIn, Values: []string{"w"}}, {Key: "hash", Operator: kscope.Exists}}
	x.see(8, x.w)
	want(1, "a selector without an exact label")
	x.see(9, pod("d", "new", true), pod("d", "newer", true), kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "d"}})
	want(1, "came, changed and went between two looks")
	reborn := pod("b", "other", true)
	reborn.UID = "uid-b2"
	x.see(10, reborn)
	want(1, "another pod of the same name")
}

// Two workloads that select the same pods are a mistake; the picture must not
// change from one look to the next for that, and a StatefulSet is believed.
func TestPodsOfTwoWorkloads(t *testing.T) {
	for range 20 {
		x := newWorld(1)
		s := kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
		x.w.Selector = s
		other := kscope.Workload{Ref: kscope.Ref{Namespace: "demo", Name: "zz"}, Kind: "StatefulSet", UID: "s-1", Selector: s}
		mine, its := pod("a", "w", true), pod("b", "w", true)
		its.OwnerUID = "s-1"
		x.see(1, x.w, other, mine, its)
		if ps := x.Pods(x.so.Ref); len(ps) != 1 || ps[0].Ref.Name != "a" {
			t.Fatalf("pods %v", ps)
		}
	}
}

func TestPodState(t *testing.T) {
	tests := []struct {
		p    kscope.Pod
		want kscope.PodState
	}{
		{kscope.Pod{Phase: "Pending"}, kscope.PodPending},
		{kscope.Pod{Phase: "Pending", Reason: "Unschedulable"}, kscope.PodFailing},
		{kscope.Pod{Phase: "Pending", Scheduled: true, Reason: "ContainerCreating"}, kscope.PodStarting},
		{kscope.Pod{Phase: "Pending", Scheduled: true, Reason: "ErrImageNeverPull"}, kscope.PodFailing},
		{kscope.Pod{Phase: "Running", Scheduled: true}, kscope.PodStarting},
		{kscope.Pod{Phase: "Running", Scheduled: true, Ready: true}, kscope.PodReady},
		{kscope.Pod{Phase: "Running", Scheduled: true, Reason: "CrashLoopBackOff"}, kscope.PodFailing},
		{kscope.Pod{Phase: "Running", Scheduled: true, Ready: true, Deleted: noon}, kscope.PodTerminating},
		{kscope.Pod{Phase: "Succeeded", Deleted: noon}, kscope.PodFinished},
		{kscope.Pod{Phase: "Failed", Reason: "Evicted"}, kscope.PodFinished},
	}
	for _, tt := range tests {
		if got := tt.p.State(); got != tt.want {
			t.Errorf("%+v is %s, want %s", tt.p, got, tt.want)
		}
	}
}

// A scale target that does not say how many of its pods are ready is known by
// the pods themselves, and only while those are watched.
func TestWorkloadWithoutReady(t *testing.T) {
	x := newWorld(0)
	x.so.ScaleTarget = kscope.TargetRef{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "order-worker"}
	x.w = kscope.Workload{Ref: x.so.Ref, Kind: "Rollout", UID: "r-1", Desired: 2, Current: 2, Selector: kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}}
	x.see(1, x.so, x.w, pod("a", "w", false))
	if c := x.chain(t); c.Ready != nil || c.Links[explain.LinkPods].Text() != "?" {
		t.Errorf("ready %d before pods are watched", *c.Ready)
	}
	x.see(2, kscope.Status{Kind: kscope.Pods, State: kscope.Synced}, kscope.Status{Kind: kscope.ScaleTargets, State: kscope.Synced})
	if c := x.chain(t); c.Ready == nil || *c.Ready != 0 {
		t.Errorf("ready %v", c.Ready)
	}
	x.see(5, pod("a", "w", true))
	x.see(6, pod("b", "w", true))
	x.see(6, kscope.Heartbeat{})
	x.see(8, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: "b"}})
	x.see(10, kscope.Heartbeat{})
	h := x.History(x.so.Ref, &orders)
	for seconds, want := range map[float64]float64{1.5: math.NaN(), 3: 0, 5.5: 1, 7: 2, 9: 1} {
		if got := h.Ready.At(at(seconds)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("ready at %vs: %v, want %v", seconds, got, want)
		}
	}
	x.see(20, kscope.Status{Kind: kscope.Pods, State: kscope.Failing})
	x.see(30, kscope.Heartbeat{})
	h = x.History(x.so.Ref, &orders)
	if got := h.Ready.At(at(25)); !math.IsNaN(got) {
		t.Errorf("ready %v while nobody looks", got)
	}
	if got := h.Desired.At(at(25)); got != 2 {
		t.Errorf("desired %v, though its watch is well", got)
	}
}

func TestHistoryHasGaps(t *testing.T) {
	x := newWorld(3)
	x.see(10, kscope.Heartbeat{})
	x.History(x.so.Ref, &orders) // a look must not change what comes later
	x.scale(9.9, "keda-operator", 5)
	x.see(20, kscope.Status{Kind: kscope.Deployments, State: kscope.Failing})
	x.see(30, kscope.Status{Kind: kscope.Deployments, State: kscope.Synced})
	x.depth(31, 4)
	x.see(32, kscope.Depths{All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
	x.depth(33, 4)
	x.see(40, kscope.Heartbeat{})
	h := x.History(x.so.Ref, &orders)
	for seconds, want := range map[float64]float64{5: 3, 9.9: 5, 15: 5, 25: math.NaN(), 35: 5, 40: 5, 41: math.NaN()} {
		if got := h.Desired.At(at(seconds)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("desired at %vs: %v, want %v", seconds, got, want)
		}
	}
	for seconds, want := range map[float64]float64{30: math.NaN(), 31: 4, 32.5: math.NaN(), 33: 4, 34: math.NaN()} {
		if got := h.Queue.At(at(seconds)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("queue at %vs: %v, want %v", seconds, got, want)
		}
	}
}

func TestHPAOfScaledObject(t *testing.T) {
	x := newWorld(1)
	named := func(name, owner string) kscope.HPA {
		return kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name, OwnerUID: owner}
	}
	want := func(name, when string) {
		t.Helper()
		got := "none"
		if h := x.chain(t).HPA; h != nil {
			got = h.Ref.Name
		}
		if got != name {
			t.Errorf("%s: %s, want %s", when, got, name)
		}
	}
	want("keda-hpa-order-worker", "named by the status")
	x.see(1, named("another", "so-1"))
	want("keda-hpa-order-worker", "another one is owned too")
	x.see(2, kscope.Gone{Kind: kscope.HPAs, Ref: x.hpa.Ref, UID: "hpa-1"})
	want("another", "renamed, status not yet")
	x.see(3, named("keda-hpa-order-worker", "somebody else"))
	want("another", "a foreign one took the name")
	x.see(4, kscope.Gone{Kind: kscope.HPAs, Ref: kscope.Ref{Namespace: "demo", Name: "another"}})
	want("none", "all gone")
}

func TestVersion(t *testing.T) {
	x := newWorld(1)
	x.watchEvents()
	x.depth(1, 3)
	v := x.Version()
	x.see(2, kscope.Heartbeat{}, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Name: "never seen"}}, kscope.Gone{Kind: kscope.Events, UID: "x"})
	x.depth(3, 3)
	x.see(3, kscope.Status{Kind: kscope.Events, State: kscope.Synced})
	if x.Version() != v {
		t.Error("nothing changed, but the version did")
	}
	x.depth(4, 4)
	if x.Version() == v {
		t.Error("a measurement changed, but the version did not")
	}
	if !x.Now().Equal(at(4)) {
		t.Errorf("now %v", x.Now())
	}
	v, news := x.Version(), x.News()
	x.so.LastActiveTime = at(5)
	x.see(5, x.so)
	if x.Version() == v || x.News() != news {
		t.Error("that KEDA saw work again is a change, but no news")
	}
	x.so.MaxReplicaCount++
	x.see(6, x.so)
	if x.News() == news {
		t.Error("another maximum is no news")
	}
}

// What somebody's mistake puts into the stream must not stop the picture.
func TestNothingPanics(t *testing.T) {
	x := &world{Store: store.New(), so: kscope.ScaledObject{}}
	x.see(0, kscope.ScaledObject{}, kscope.HPA{}, kscope.Workload{}, kscope.Pod{}, kscope.Event{}, kscope.Depths{All: []kscope.Depth{{}}}, kscope.Pushed{},
		kscope.Status{}, kscope.Gone{}, kscope.ScaledJob{}, kscope.ScaledObject{Triggers: []kscope.Trigger{{}, {Backlog: &kscope.Backlog{}}}}, kscope.Heartbeat{}, nil)
	x.chain(t)
	explain.Timeline(x.Store, x.so.Ref)
	x.Pods(x.so.Ref)
	x.History(x.so.Ref, &orders)
	for _, missing := range []kscope.Ref{{Name: "x"}, {Namespace: "y"}} {
		if _, ok := explain.Look(x.Store, missing); ok || explain.Timeline(x.Store, missing) != nil || x.Pods(missing) != nil || x.History(missing, nil) != (store.History{}) {
			t.Errorf("%v is there", missing)
		}
	}
	if n := len(x.ScaledObjects()) + len(x.ScaledJobs()) + len(x.Statuses()); n != 3 {
		t.Errorf("%d things", n)
	}
}

// Objects that come and go for days must not fill the memory.
func TestStoreForgets(t *testing.T) {
	x := newWorld(1)
	const hours = 12
	for i := range hours * 60 {
		q := triggers.Redis{Key: fmt.Sprint("preview-", i)}.Backlog()
		so := orderWorker()
		so.Ref.Name, so.UID = q.Name, q.Name
		so.Triggers = []kscope.Trigger{{Type: "redis", Backlog: &q}}
		x.see(float64(i)*60, so, kscope.Depths{All: []kscope.Depth{{Backlog: q, N: 1}}}, pod(q.Name, "w", true),
			kscope.Event{UID: q.Name, Regarding: kscope.ObjectRef{Kind: "ScaledObject", Name: q.Name}, Last: at(float64(i) * 60)})
		x.see(float64(i)*60+30, kscope.Gone{Kind: kscope.ScaledObjects, Ref: so.Ref, UID: so.UID}, kscope.Gone{Kind: kscope.Pods, Ref: pod(q.Name, "", true).Ref})
	}
	if got := x.Held(); got > 4*(2*60+3) {
		t.Errorf("%d things are remembered after %d came and went", got, hours*60*5)
	}
}

func TestScaledJobs(t *testing.T) {
	s := store.New()
	j := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "j"}, Triggers: []kscope.Trigger{{Type: "cron"}, {Type: "redis", Backlog: &orders}}}
	s.Apply(kscope.Observation{At: noon, Fact: j})
	if _, known := s.JobDepth(j); known {
		t.Error("a depth that nobody measured is known")
	}
	s.Apply(kscope.Observation{At: noon, Fact: kscope.Depths{All: []kscope.Depth{{Backlog: orders, N: 4}}}})
	if n, known := s.JobDepth(j); !known || n != 4 {
		t.Errorf("depth %v %v", n, known)
	}
	s.Apply(kscope.Observation{At: noon.Add(time.Second), Fact: kscope.Gone{Kind: kscope.ScaledJobs, Ref: j.Ref}})
	if n := len(s.ScaledJobs()); n != 0 {
		t.Errorf("%d jobs", n)
	}
}
