package explain_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// However far the steps run ahead of the pods, each pod counts from the step that
// asked for it.
func TestReadyCountsFromItsOwnStep(t *testing.T) {
	for _, takes := range []float64{2, 11, 25, 40, 61} {
		for _, sizes := range [][]int32{{1, 4, 8, 10}, {1, 2, 3, 4, 5, 6}, {2, 10}, {1, 5, 10}} {
			x := newWorld(0)
			x.Depth(0, 0)
			x.Depth(9, 90)
			type change struct {
				at  float64
				to  int32
				pod bool
			}
			var all []change
			for i, n := range sizes {
				all = append(all, change{10 + 15*float64(i), n, false}, change{10 + 15*float64(i) + takes, n, true})
			}
			for len(all) > 0 {
				first := 0
				for i := range all {
					if all[i].at < all[first].at {
						first = i
					}
				}
				c := all[first]
				all = append(all[:first], all[first+1:]...)
				switch {
				case c.pod:
					x.Ready(c.at, c.to)
				case c.at == 10:
					x.Scale(c.at, "keda-operator", c.to)
				default:
					x.Scale(c.at, "kube-controller-manager", c.to)
				}
			}
			n := 0
			for _, e := range explain.Timeline(x.Store, x.ID()) {
				if e.Kind != store.ReadyPods {
					continue
				}
				if n++; e.After.Seconds() != takes {
					t.Errorf("pods take %vs, steps to %v: ready %d>%d said to be %v after %s", takes, sizes, e.From, e.To, e.After, e.Cause)
				}
			}
			if n != len(sizes) {
				t.Errorf("pods take %vs, steps to %v: %d entries", takes, sizes, n)
			}
		}
	}
}

// Trouble that goes on is a row for each sort of it, whatever tells of it, and
// keeps nothing else from being seen.
func TestTroubleIsCountedInItsRow(t *testing.T) {
	sorts := []struct{ kind, reason, note string }{
		{"ScaledObject", "KEDAScalerFailed", "dial tcp 10.0.0.%d:6379: connect: connection refused"},
		{"HorizontalPodAutoscaler", "FailedGetExternalMetric", "unable to get external metric demo/s0-redis-orders/nil: unable to fetch metrics from external metrics API: attempt %d: no answer"},
		{"ScaledObject", "ScaledObjectCheckFailed", "NOAUTH Authentication required. (%d)"},
	}
	for seed := range int64(40) {
		rnd := rand.New(rand.NewSource(seed))
		x := newWorld(1)
		x.WatchEvents()
		x.Depth(0, 5)
		told := map[string]int{}
		failing := false
		for i := range 60 {
			at := 5 + 3*float64(i)
			switch s := sorts[rnd.Intn(len(sorts))]; rnd.Intn(3) {
			case 0, 1:
				x.Event(at, at, s.kind, s.reason, fmt.Sprintf(s.note, i))
				told[s.reason]++
			default: // KEDA's condition flaps, and says what one of the events says
				failing = !failing
				c := kscope.Condition{Type: "Ready", Status: "True"}
				if failing {
					c = kscope.Condition{Type: "Ready", Status: "False", Reason: "TriggerError", Message: fmt.Sprintf(sorts[0].note, i)}
				}
				x.SO.Conditions = with(x.SO.Conditions, c)
				x.See(at, x.SO)
			}
		}
		for i := range 4 {
			x.Scale(190+20*float64(i), "kube-controller-manager", int32(2+i))
		}
		rows, steps, counted := 0, 0, 0
		es := explain.Timeline(x.Store, x.ID())
		for _, e := range es {
			switch e.Kind {
			case store.Trouble:
				rows++
				counted += max(e.Times, 1)
				if said := e.Count(); e.Times > 1 && !strings.HasPrefix(said, fmt.Sprint(e.Times, " times, last 12:0")) {
					t.Errorf("%q", said)
				}
			case store.Scaled:
				steps++
			}
		}
		sum := 0
		for _, n := range told {
			sum += n
		}
		if rows > len(sorts) || steps != 4 || counted < sum || len(es) > len(sorts)+1+4 {
			t.Errorf("seed %d: %d rows of trouble said %d times of %d, %d steps:\n%s", seed, rows, counted, sum, steps, lines(x))
		}
		if last := es[len(es)-1]; last.Kind != store.Scaled {
			t.Errorf("seed %d: the newest row is %v", seed, last.Note)
		}
	}
}

// An event that is counted by the cluster has one row, at its first time.
func TestEventsThatCount(t *testing.T) {
	x := newWorld(1)
	x.WatchEvents()
	ev := kscope.Event{UID: "e", Namespace: "demo", Type: "Warning", Reason: "KEDAScalerFailed", Note: "no route", First: at(1),
		Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: "order-worker"}}
	for i := range 12 {
		ev.Count, ev.Last = int32(i+1), at(float64(1+5*i))
		x.See(float64(1+5*i), ev)
	}
	es := explain.Timeline(x.Store, x.ID())
	if len(es) != 1 || es[0].Times != 12 || !es[0].At.Equal(at(1)) || es[0].Count() != "12 times, last 12:00:56" || es[0].Note != "no route" {
		t.Errorf("got %+v", es)
	}
	ev.UID, ev.Count, ev.First, ev.Last = "later", 1, at(3600), at(3600)
	x.See(3600, ev)
	if es := explain.Timeline(x.Store, x.ID()); len(es) != 2 {
		t.Errorf("what begins again after an hour has no row: %+v", es)
	}
}

// With several queues an entry names the one that it is about, and is about no
// other.
func TestSeveralQueuesOnTheTimeline(t *testing.T) {
	x := newWorld(2)
	var qs []kscope.Backlog
	for _, key := range []string{"low", "high"} {
		qs = append(qs, triggers.Redis{Address: orders.Server, Key: key}.Backlog())
	}
	x.SO.Triggers = []kscope.Trigger{{Type: "redis", Backlog: &qs[0]}, {Type: "redis", Backlog: &qs[1]}}
	x.See(0, x.SO)
	measure := func(seconds float64, low, high float64) {
		x.See(seconds, kscope.Depths{Server: qs[0].Server, All: []kscope.Depth{{Backlog: qs[0], N: low}, {Backlog: qs[1], N: high}}})
	}
	atOnce := time.Duration(0)
	measure(0, 0, 0)
	measure(10, 7, 0)
	measure(20, 7, 9)
	measure(30, 0, 9)
	x.See(40, kscope.Loading{Backlog: qs[1], Load: "batch", Lasts: &atOnce, Began: at(40), State: kscope.LoadFinished, Asked: 10, Accepted: 10, Length: 19})
	measure(41, 0, 19)
	measure(50, 0, 0)
	x.Active(55, "True", "ScalerActive")
	x.Active(60, "False", "ScalerCooldown")
	var got []string
	for _, e := range explain.Timeline(x.Store, x.ID()) {
		text, note := e.Words()
		if note != "" {
			text += "; " + note
		}
		if e.Cause != "" {
			text += fmt.Sprintf(" +%v %s", e.After, e.Cause)
		}
		got = append(got, text)
	}
	want := `7 jobs in low, which was empty
9 jobs in high, which was empty
took the last job from low
pushed 10 jobs; high is 19 long
took the last job from high
sees work: active
sees no work: inactive +10s the last job was taken`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}
