package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

func TestHPAOfScaledObject(t *testing.T) {
	x := newWorld(1)
	hpa := func(name, owner string) kscope.HPA {
		return kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name, OwnerUID: owner}
	}
	want := func(name, when string) {
		t.Helper()
		got := "none"
		if h := x.Look(t).HPA; h != nil {
			got = h.Ref.Name
		}
		if got != name {
			t.Errorf("%s: %s, want %s", when, got, name)
		}
	}
	want("keda-hpa-order-worker", "named by the status")
	x.See(1, hpa("another", "so-1"))
	want("keda-hpa-order-worker", "another one is owned too")
	x.See(2, kscope.Gone{Kind: kscope.HPAs, Ref: x.HPA.Ref, UID: "hpa-1"})
	want("another", "renamed, status not yet")
	x.See(3, hpa("keda-hpa-order-worker", "somebody else"))
	want("another", "a foreign one took the name")
	x.See(4, kscope.Gone{Kind: kscope.HPAs, Ref: kscope.Ref{Namespace: "demo", Name: "another"}})
	want("none", "all gone")
}

func TestVersion(t *testing.T) {
	x := newWorld(1)
	x.WatchEvents()
	x.Depth(1, 3)
	v := x.Version()
	x.See(2, kscope.Heartbeat{}, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Name: "never seen"}}, kscope.Gone{Kind: kscope.Events, UID: "x"})
	x.Depth(3, 3)
	x.See(3, kscope.Status{Kind: kscope.Events, State: kscope.Synced})
	if x.Version() != v {
		t.Error("nothing changed, but the version did")
	}
	x.Depth(4, 4)
	if x.Version() == v {
		t.Error("a measurement changed, but the version did not")
	}
	if !x.Now().Equal(at(4)) {
		t.Errorf("now %v", x.Now())
	}
	v, news := x.Version(), x.News()
	x.SO.LastActiveTime = at(5)
	x.See(5, x.SO)
	if x.Version() == v || x.News() != news {
		t.Error("that KEDA saw work again is a change, but no news")
	}
	x.SO.MaxReplicaCount++
	x.See(6, x.SO)
	if x.News() == news {
		t.Error("another maximum is no news")
	}
}

// What somebody's mistake puts into the stream must not stop the picture.
func TestNothingPanics(t *testing.T) {
	x := &world{Store: store.New(), SO: kscope.ScaledObject{}}
	x.See(0, kscope.ScaledObject{}, kscope.HPA{}, kscope.Workload{}, kscope.Pod{}, kscope.Event{}, kscope.Depths{All: []kscope.Depth{{}}}, kscope.Loading{},
		kscope.Status{}, kscope.Gone{}, kscope.ScaledJob{}, kscope.ScaledObject{Triggers: []kscope.Trigger{{}, {Backlog: &kscope.Backlog{}}}}, kscope.Heartbeat{}, nil)
	x.Look(t)
	explain.Timeline(x.Store, x.ID())
	x.Pods(x.ID())
	x.History(x.ID(), &orders)
	for _, missing := range []kscope.Ref{{Name: "x"}, {Namespace: "y"}} {
		if _, ok := explain.Look(x.Store, idOf(missing)); ok || explain.Timeline(x.Store, idOf(missing)) != nil || x.Pods(idOf(missing)) != nil || x.History(idOf(missing), nil) != (store.History{}) {
			t.Errorf("%v is there", missing)
		}
	}
	if n := len(x.Objects()) + len(x.Statuses()); n != 3 {
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
		x.See(float64(i)*60, so, kscope.Depths{All: []kscope.Depth{{Backlog: q, N: 1}}}, pod(q.Name, "w", true),
			kscope.Event{UID: q.Name, Regarding: kscope.ObjectRef{Kind: "ScaledObject", Name: q.Name}, Last: at(float64(i) * 60)})
		x.See(float64(i)*60+30, kscope.Gone{Kind: kscope.ScaledObjects, Ref: so.Ref, UID: so.UID}, kscope.Gone{Kind: kscope.Pods, Ref: pod(q.Name, "", true).Ref})
	}
	if got := x.Held(); got > 4*(2*60+3) {
		t.Errorf("%d things are remembered after %d came and went", got, hours*60*5)
	}
}

func TestScaledJobs(t *testing.T) {
	s := store.New()
	j := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "j"}, Triggers: []kscope.Trigger{{Type: "cron"}, {Type: "redis", Backlog: &orders}}}
	s.Apply(kscope.Observation{At: noon, Fact: j})
	id := kscope.ID{Kind: kscope.ScaledJobs, Ref: j.Ref}
	if c, _ := s.Chain(id); c.Reading().Known {
		t.Error("a depth that nobody measured is known")
	}
	s.Apply(kscope.Observation{At: noon, Fact: kscope.Depths{All: []kscope.Depth{{Backlog: orders, N: 4}}}})
	if c, _ := s.Chain(id); !c.Reading().Known || c.Reading().Value != 4 {
		t.Errorf("depth %+v", c.Reading())
	}
	s.Apply(kscope.Observation{At: noon.Add(time.Second), Fact: kscope.Gone{Kind: kscope.ScaledJobs, Ref: j.Ref}})
	if n := len(s.Objects()); n != 0 {
		t.Errorf("%d jobs", n)
	}
}
