package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// happened is a minute in which most of what can happen does, each thing at a
// time of its own.
func happened() []kscope.Observation {
	x := newWorld(0)
	var out []kscope.Observation
	see := func(source string, f kscope.Fact) {
		out = append(out, kscope.Observation{At: at(float64(len(out)) * 0.7), Source: source, Fact: f})
	}
	selector := kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	workload := func(uid, by string, desired, ready int32) {
		see("k8s", kscope.Workload{Ref: x.SO.Ref, Kind: "Deployment", UID: uid, Desired: desired, Current: desired, Ready: &ready, SetBy: by, Selector: selector})
	}
	for _, k := range []kscope.Kind{kscope.Deployments, kscope.Pods, kscope.HPAs, kscope.Events} {
		see("k8s", kscope.Status{Kind: k, State: kscope.Synced})
	}
	see("keda", kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	see("k8s", x.HPA)
	old := x.SO
	old.UID, old.MaxReplicaCount = "so-0", 3
	see("keda", old)
	see("keda", kscope.Gone{Kind: kscope.ScaledObjects, Ref: old.Ref, UID: old.UID})
	see("keda", x.SO)
	workload("d-0", "", 7, 7)
	see("k8s", kscope.Gone{Kind: kscope.Deployments, Ref: x.SO.Ref, UID: "d-0"})
	workload("d-1", "", 0, 0)
	depth := func(n int64, err string) {
		see("redis", kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: float64(n), Err: err}}})
	}
	depth(0, "")
	see("", kscope.Heartbeat{})
	see("you", batch(orders, 3, 60, 60))
	depth(60, "")
	depth(0, "refused")
	for i, step := range []struct {
		by             string
		desired, ready int32
	}{{"keda-operator", 1, 0}, {"keda-operator", 1, 1}, {"kube-controller-manager", 5, 1}, {"kube-controller-manager", 5, 3}} {
		workload("d-1", step.by, step.desired, step.ready)
		x.SO.Conditions = with(x.SO.Conditions, cond("Active", "True", "ScalerActive"))
		x.SO.LastActiveTime = at(float64(10 + 5*i))
		see("keda", x.SO)
		x.HPA.CurrentReplicas, x.HPA.DesiredReplicas, x.HPA.StatusEverSynced = x.HPA.DesiredReplicas, step.desired, true
		see("k8s", x.HPA)
		p := pod(fmt.Sprint("p", i), "w", false)
		see("k8s", p)
		p.Ready = i != 2
		see("k8s", p)
	}
	see("k8s", kscope.Gone{Kind: kscope.Pods, Ref: pod("p0", "w", true).Ref, UID: "uid-p0"})
	reborn := pod("p0", "w", true)
	reborn.UID = "uid-p0-again"
	see("k8s", reborn)
	see("k8s", kscope.Gone{Kind: kscope.Pods, Ref: pod("p3", "w", true).Ref})
	see("k8s", kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "a-foreign-one"}, UID: "h2", OwnerUID: "nobody"})
	see("k8s", kscope.Gone{Kind: kscope.HPAs, Ref: kscope.Ref{Namespace: "demo", Name: "a-foreign-one"}, UID: "h2"})
	see("k8s", kscope.Event{UID: "e1", Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: "order-worker"}, Type: "Normal",
		Reason: "KEDAScaleTargetActivated", Note: "from 0 to 1", Last: at(12), Count: 1})
	see("k8s", kscope.Status{Kind: kscope.HPAs, State: kscope.Failing})
	see("k8s", kscope.Status{Kind: kscope.HPAs, State: kscope.Synced})
	depth(44, "")
	see("", kscope.Heartbeat{})
	return out
}

// about is what a fact is about: facts about one thing come in order.
func about(o kscope.Observation) string {
	switch f := o.Fact.(type) {
	case kscope.Pod:
		return "pods " + f.Ref.Name
	case kscope.Workload:
		return "deployments " + f.Ref.Name
	case kscope.ScaledObject:
		return "scaledobjects " + f.Ref.Name
	case kscope.HPA:
		return "horizontalpodautoscalers " + f.Ref.Name
	case kscope.Gone:
		return string(f.Kind) + " " + f.Ref.Name
	case kscope.Status:
		return fmt.Sprint("status ", f.Kind)
	}
	return fmt.Sprintf("%T", o.Fact)
}

// dice gives numbers out of what a fuzzer makes up, and looks now and then, as
// a screen does.
type dice struct {
	bytes []byte
	i     int
}

func (d *dice) roll(n int) int {
	if len(d.bytes) == 0 {
		return 0
	}
	d.i++
	return (int(d.bytes[d.i%len(d.bytes)]) + d.i/len(d.bytes)) % n
}

func fold(os []kscope.Observation, d *dice) *store.Store {
	s := store.New()
	ref := orderWorker().Ref
	for _, o := range os {
		s.Apply(o)
		if d.roll(4) == 0 {
			explain.Look(s, idOf(ref))
			explain.Timeline(s, idOf(ref))
			s.History(idOf(ref), &orders)
			s.Pods(idOf(ref))
		}
	}
	return s
}

func chainOf(t *testing.T, s *store.Store) explain.Picture {
	t.Helper()
	c, ok := explain.Look(s, idOf(orderWorker().Ref))
	if !ok {
		t.Fatal("the ScaledObject is not there")
	}
	return c
}

// whole compares what is not exported too.
var whole = cmp.Exporter(func(reflect.Type) bool { return true })

func FuzzOrder(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x01\x02\x03", "any order", "\xff\x7f\x00\x80\x31\x05", "0123456789abcdefghijklmnopqrstuvwxyz"} {
		f.Add([]byte(seed))
	}
	var still dice
	want := fold(happened(), &still)
	f.Fuzz(func(t *testing.T, seed []byte) {
		// Facts about different things in any order: the same picture.
		d := &dice{bytes: seed}
		queues, names := map[string][]kscope.Observation{}, []string{}
		for _, o := range happened() {
			name := about(o)
			if queues[name] == nil {
				names = append(names, name)
			}
			queues[name] = append(queues[name], o)
		}
		var mixed []kscope.Observation
		for len(names) > 0 {
			i := d.roll(len(names))
			q := queues[names[i]]
			mixed = append(mixed, q[0])
			if queues[names[i]] = q[1:]; len(q) == 1 {
				names = append(names[:i], names[i+1:]...)
			}
		}
		got := fold(mixed, d)
		a, b := chainOf(t, want), chainOf(t, got)
		a.Step, a.Told, b.Step, b.Told = nil, nil, nil, nil // of its timeline, which begins when the object is known
		if diff := cmp.Diff(a, b, whole, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("mixed (-want +got):\n%s", diff)
		}

		// Any facts in any order, some of them twice: the same present.
		shuffled := append(happened(), happened()[d.roll(20):]...)
		for i := len(shuffled) - 1; i > 0; i-- {
			j := d.roll(i + 1)
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		}
		got = fold(shuffled, d)
		if a, b := present(chainOf(t, got)), present(chainOf(t, want)); !reflect.DeepEqual(a, b) {
			t.Errorf("shuffled:\n%+v\nwant\n%+v", a, b)
		}
		if a, b := got.Pods(idOf(orderWorker().Ref)), want.Pods(idOf(orderWorker().Ref)); !reflect.DeepEqual(a, b) {
			t.Errorf("shuffled: pods %v, want %v", a, b)
		}
		if !got.Now().Equal(want.Now()) {
			t.Errorf("shuffled: now %v, want %v", got.Now(), want.Now())
		}
	})
}

// present is a chain without what says since when.
func present(c explain.Picture) explain.Picture {
	c.EmptySince = time.Time{}
	c.Bounds, c.Resumed, c.ActiveSince, c.Writes = time.Time{}, time.Time{}, time.Time{}, nil
	c.Readings = slices.Clone(c.Readings)
	for i := range c.Readings {
		r := &c.Readings[i]
		r.Untaken, r.Still, r.Back = time.Time{}, time.Time{}, time.Time{}
	}
	c.Warnings = slices.Clone(c.Warnings)
	for i := range c.Warnings {
		c.Warnings[i].Heard = time.Time{}
	}
	for _, st := range []*store.SourceStatus{&c.WorkloadStatus, &c.PodStatus, &c.HPAStatus, &c.KEDAStatus} {
		st.Since = time.Time{}
	}
	c.Past, c.Next, c.Ahead = store.Past{}, "", nil // what comes rests on the past
	c.Starting, c.Step, c.Told, c.Phase = store.Starting{}, nil, nil, ""
	c.Readings = slices.Clone(c.Readings)
	for i := range c.Readings {
		c.Readings[i].Past, c.Readings[i].Own = store.Series{}, store.Series{}
	}
	return c
}
