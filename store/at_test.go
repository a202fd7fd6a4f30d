package store_test

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// sketch is all that a store says of the ScaledObjects of a stream, to be
// compared with another's.
func sketch(s *store.Store, refs ...kscope.Ref) map[string]any {
	out := map[string]any{"now": s.Now(), "refs": s.ScaledObjects(), "jobs": s.ScaledJobs(), "statuses": s.Statuses()}
	for _, ref := range refs {
		see := func(what string, is any) { out[fmt.Sprint(ref, " ", what)] = is }
		p, ok := explain.Look(s, ref)
		see("look", p)
		see("there", ok)
		see("log", append([]store.Entry{}, s.Log(ref)...))
		see("pods", append([]kscope.Pod{}, s.Pods(ref)...))
		see("events", fmt.Sprintf("%+v", s.EventsAbout(ref)))
		l, at, ok := s.Loading(ref)
		see("loading", fmt.Sprint(l.Accepted, l.State, l.Err, l.Elapsed, at, ok))
		for _, q := range []kscope.Backlog{orders, mails} {
			h := s.History(ref, &q)
			for name, x := range map[string]*store.Series{"queue": h.Queue, "own": h.Own, "ready": h.Ready, "desired": h.Desired} {
				if x != nil {
					see(q.Name+name, columns(x, s.Now()))
				}
			}
			d, known := s.Depth(q)
			see(q.Name+"depth", fmt.Sprint(d, known))
			c, known := s.Connection(q)
			see(q.Name+"connection", fmt.Sprint(c, known))
		}
	}
	return out
}

var (
	mails   = triggers.Redis{Address: "elsewhere:6379", Key: "mails"}.Backlog()
	returns = triggers.Redis{Address: orders.Server, Key: "returns"}.Backlog()
)

func columns(x *store.Series, now time.Time) string {
	v, at := x.Last()
	return fmt.Sprint(x.Columns(now.Add(-5*time.Minute), now, 150), x.Steps(now.Add(-50*time.Second), now.Add(time.Second), 200), v, at, x.Start())
}

func differ(t *testing.T, what string, got, want map[string]any) {
	t.Helper()
	for key := range want {
		if a, b := fmt.Sprintf("%+v", got[key]), fmt.Sprintf("%+v", want[key]); !reflect.DeepEqual(got[key], want[key]) {
			from := 0
			for from < min(len(a), len(b)) && a[from] == b[from] {
				from++
			}
			t.Errorf("%s: %s is from %d on\n%.300s\nwant\n%.300s", what, key, from, a[max(from-100, 0):], b[max(from-100, 0):])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d answers, want %d", what, len(got), len(want))
	}
}

// stream is what two ScaledObjects, some pods and two servers might do.
func stream(rnd *rand.Rand, n int) (out []kscope.Observation, refs []kscope.Ref) {
	x := newWorld(0)
	other, _ := another(x)
	now := noon
	see := func(source string, f kscope.Fact) {
		now = now.Add(time.Duration(rnd.Intn(4)) * 350 * time.Millisecond)
		out = append(out, kscope.Observation{At: now, Source: source, Fact: f})
	}
	objects := []kscope.ScaledObject{x.so, other}
	hpas := []kscope.HPA{x.hpa, {Ref: kscope.Ref{Namespace: "demo", Name: "keda-hpa-mailer"}, UID: "h2", OwnerUID: "so-2"}}
	selector := func(app string) kscope.Selector {
		return kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{app}}}
	}
	work := []kscope.Workload{{Ref: x.so.Ref, Kind: "Deployment", UID: "d-1", Ready: i32(0), Selector: selector("w")}, {Ref: other.Ref, Kind: "Deployment", UID: "d-2", Selector: selector("m")}}
	depths := map[string][]kscope.Depth{"a": {{Backlog: orders}, {Backlog: returns}}, "b": {{Backlog: mails}}}
	loads := kscope.Loading{}
	states := []kscope.State{kscope.Synced, kscope.Synced, kscope.Synced, kscope.Failing}
	for _, k := range []kscope.Kind{kscope.ScaledObjects, kscope.Deployments, kscope.Pods, kscope.HPAs, kscope.Events} {
		see("k8s", kscope.Status{Kind: k, State: kscope.Synced})
	}
	for len(out) < n {
		i := rnd.Intn(2)
		switch rnd.Intn(20) {
		case 0, 1:
			objects[i].LastActiveTime = now
			see("keda", objects[i])
		case 2:
			objects[i].Conditions = with(objects[i].Conditions, cond("Active", []string{"True", "False", "Unknown"}[rnd.Intn(3)], ""))
			objects[i].MaxReplicaCount = int32(5 + rnd.Intn(3))
			see("keda", objects[i])
		case 3:
			hpas[i].DesiredReplicas = int32(rnd.Intn(6))
			hpas[i].Conditions = kscope.Conditions{cond("ScalingActive", []string{"True", "False"}[rnd.Intn(2)], "x")}
			see("k8s", hpas[i])
		case 4, 5:
			work[i].Desired = int32(rnd.Intn(5))
			work[i].Current = work[i].Desired
			if i == 0 {
				work[i].Ready = i32(int32(rnd.Intn(5)))
			}
			see("k8s", work[i])
		case 6, 7, 8:
			see("k8s", pod(fmt.Sprint("p", rnd.Intn(8)), []string{"w", "m", "x"}[rnd.Intn(3)], rnd.Intn(2) == 0))
		case 9:
			see("k8s", kscope.Gone{Kind: kscope.Pods, Ref: pod(fmt.Sprint("p", rnd.Intn(8)), "w", true).Ref})
		case 10, 11, 12, 13, 14: // several measurements in a row, most of them the same
			name := []string{"a", "b"}[i]
			all := append([]kscope.Depth(nil), depths[name]...)
			d := &all[rnd.Intn(len(all))]
			switch rnd.Intn(6) {
			case 0:
				d.N, d.Err = float64(rnd.Intn(9)), ""
			case 1:
				d.N, d.Err = 0, ""
			case 2:
				if d.Err = "lost"; rnd.Intn(3) > 0 {
					d.Err = ""
				}
			}
			if rnd.Intn(40) == 0 {
				now = now.Add(70 * time.Second)
			}
			depths[name] = all
			for range 1 + rnd.Intn(4) {
				see("redis", kscope.Depths{Server: name, RTT: time.Duration(rnd.Intn(9)), All: all})
			}
		case 15:
			see("k8s", kscope.Event{UID: fmt.Sprint("e", rnd.Intn(5)), Type: "Normal", Reason: "R", Note: "n", Last: now, Count: 1,
				Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: objects[i].Ref.Name}})
		case 16:
			q := []kscope.Backlog{orders, mails}[i]
			if rnd.Intn(2) == 0 {
				see("you", kscope.Purged{Backlog: q, Lost: 3})
			} else {
				see("you", kscope.Pushed{Backlog: q, Asked: 3, Accepted: 3})
			}
		case 17:
			if loads.Began.IsZero() || rnd.Intn(4) == 0 {
				loads = kscope.Loading{Backlog: orders, Load: "steady", Began: now, State: kscope.LoadRunning}
			}
			loads.Elapsed, loads.Accepted = now.Sub(loads.Began), loads.Accepted+5
			see("you", loads)
		case 18:
			see("k8s", kscope.Status{Kind: []kscope.Kind{kscope.Pods, kscope.Deployments, kscope.Events}[rnd.Intn(3)], State: states[rnd.Intn(4)]})
			see("redis", kscope.Connection{Server: mails.Server, Version: fmt.Sprint(rnd.Intn(3))})
		case 19:
			switch rnd.Intn(6) {
			case 0:
				see("keda", kscope.Gone{Kind: kscope.ScaledObjects, Ref: objects[i].Ref})
			case 1:
				see("k8s", kscope.Gone{Kind: kscope.Deployments, Ref: work[i].Ref})
			case 2:
				work[i].UID += "+"
				see("k8s", work[i])
			case 3:
				see("keda", kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "j"}})
			default:
				see("", kscope.Heartbeat{})
			}
		}
	}
	return out, []kscope.Ref{x.so.Ref, other.Ref}
}

// upTo is a store that heard what was observed up to a moment, and that it came.
func upTo(t time.Time, os []kscope.Observation) *store.Store {
	s := store.New()
	for _, o := range os {
		if !o.At.After(t) {
			s.Apply(o)
		}
	}
	s.Apply(kscope.Observation{At: t, Fact: kscope.Heartbeat{}})
	return s
}

// FuzzAt: a picture of a moment is the store that had heard no more by then.
func FuzzAt(f *testing.F) {
	for seed := range int64(12) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed int64) {
		rnd := rand.New(rand.NewSource(seed))
		os, refs := stream(rnd, 400)
		s := store.New()
		for _, o := range os {
			if s.Apply(o); rnd.Intn(60) == 0 {
				s.Keyframe()
			}
		}
		moments := []time.Time{os[0].At, s.Now()}
		for range 12 {
			moments = append(moments, os[rnd.Intn(len(os))].At.Add(time.Duration(rnd.Intn(3)-1)*time.Millisecond))
		}
		for _, at := range moments {
			if at.Before(s.Since()) || at.After(s.Now()) {
				continue
			}
			differ(t, fmt.Sprint("seed ", seed, " at ", at.Sub(noon)), sketch(s.At(at), refs...), sketch(upTo(at, os), refs...))
			if t.Failed() {
				return
			}
		}
	})
}

// TestReadingChangesNothing: of two stores that hear the same, one is read all
// the time, and remembers nothing of it.
func TestReadingChangesNothing(t *testing.T) {
	for seed := range int64(4) {
		rnd := rand.New(rand.NewSource(seed))
		os, refs := stream(rnd, 300)
		read, left := store.New(), store.New()
		for i, o := range os {
			read.Apply(o)
			left.Apply(o)
			if i%50 == 49 {
				read.Keyframe()
				left.Keyframe()
			}
			if i%8 > 0 {
				continue
			}
			then := read.At(o.At.Add(-time.Duration(rnd.Intn(100)) * time.Second))
			sketch(then, refs...)
			then.At(then.Now().Add(-3 * time.Second))
			sketch(read, refs...)
		}
		differ(t, fmt.Sprint("seed ", seed), sketch(read, refs...), sketch(left, refs...))
		if read.Total() != left.Total() || read.VersionOf(refs[0]) != left.VersionOf(refs[0]) {
			t.Error("a read store has another version")
		}
		mid := os[len(os)/2].At
		differ(t, fmt.Sprint("seed ", seed, ", then"), sketch(read.At(mid), refs...), sketch(left.At(mid), refs...))
	}
}

// TestFrozenForAnHour: a picture stays as it is while the live store goes on,
// through thinning and forgetting.
func TestFrozenForAnHour(t *testing.T) {
	os, refs := stream(rand.New(rand.NewSource(7)), 400)
	s := store.New()
	for _, o := range os {
		s.Apply(o)
	}
	now := s.At(s.Now())
	then := s.At(os[200].At)
	wasNow, wasThen := sketch(now, refs...), sketch(then, refs...)
	at := s.Now()
	for i := range 4 * 3600 {
		at = at.Add(250 * time.Millisecond)
		s.Apply(kscope.Observation{At: at, Source: "redis", Fact: kscope.Depths{Server: "a", All: []kscope.Depth{{Backlog: orders, N: float64(i % 7)}, {Backlog: mails}}}})
		if i%40 == 0 {
			s.Apply(kscope.Observation{At: at, Fact: pod(fmt.Sprint("p", i%8), "w", i%3 == 0)})
			s.Apply(kscope.Observation{At: at, Fact: kscope.Workload{Ref: refs[0], Kind: "Deployment", UID: "d-1", Desired: int32(i % 5), Ready: i32(int32(i % 4))}})
		}
	}
	differ(t, "now", sketch(now, refs...), wasNow)
	differ(t, "then", sketch(then, refs...), wasThen)
	if _, n := s.Weight(); n < 2 {
		t.Errorf("%d chapters after an hour", n)
	}
}

// TestAtOutsideOfWhatIsKnown: there is no future, and before the first moment
// there is that.
func TestAtOutsideOfWhatIsKnown(t *testing.T) {
	x := newWorld(2)
	x.depth(10, 4)
	for _, tt := range []struct{ ask, want float64 }{{-100, 0}, {0, 0}, {5, 5}, {10, 10}, {99, 10}} {
		if got := x.At(at(tt.ask)).Now(); !got.Equal(at(tt.want)) {
			t.Errorf("at %v it is %v", tt.ask, got.Sub(noon))
		}
	}
	then := x.At(at(5))
	if x.At(at(5)) != then {
		t.Error("the same moment is folded twice")
	}
	if _, known := then.Depth(orders); known || !then.Since().Equal(at(0)) || !then.At(at(20)).Now().Equal(at(5)) || !then.At(at(2)).Now().Equal(at(2)) {
		t.Error("a picture knows what came later")
	}
	then = x.At(at(5))
	x.see(3, pod("late", "w", true))
	if x.At(at(5)) == then {
		t.Error("what came late is not in the picture")
	}
	if now := store.New().At(noon); !now.Now().IsZero() || len(now.ScaledObjects()) != 0 {
		t.Error("an empty store has a past")
	}
	if v, _ := x.History(x.so.Ref, &orders).Queue.Last(); v != 4 || math.IsNaN(v) {
		t.Errorf("the present is %v", v)
	}
}

// TestThePastIsBounded: a flood leaves no more than the newest of it, and
// quiet hours next to nothing.
func TestThePastIsBounded(t *testing.T) {
	x := newWorld(1)
	const limit = 20 << 20
	for i := range 80_000 {
		p := pod(fmt.Sprint("p", i%3000), "w", i%2 == 0)
		p.Message = fmt.Sprint("message ", i)
		x.see(float64(i)/100, p)
		if bytes, n := x.Weight(); bytes > limit || n > 40 {
			t.Fatalf("after %d pods %d bytes are kept in %d chapters", i, bytes, n)
		}
	}
	if back := x.Now().Sub(x.Since()); back < time.Minute || back > 10*time.Minute {
		t.Errorf("the flood is remembered for %v", back)
	}

	x = newWorld(1)
	before, _ := x.Weight()
	for i := range 6 * 3600 {
		x.depth(float64(i), 5)
		x.see(float64(i), kscope.Heartbeat{})
	}
	if after, n := x.Weight(); after-before > 200_000 || n > 2 {
		t.Errorf("six quiet hours took %d bytes in %d chapters", after-before, n)
	}
}
