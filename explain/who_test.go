package explain_test

import (
	"cmp"
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// hand is a story of many steps of which it is known who made them.
type hand struct {
	*world
	rnd     *rand.Rand
	told    howTold
	later   []seen
	truth   []store.Actor
	size    int32
	notes   int           // different messages that the HPA's events had
	rescale kscope.Event  // the one in which the cluster counts or combines them
	skew    time.Duration // the cluster's clock is ahead
}

type seen struct {
	at   float64
	fact kscope.Fact
}

// howTold is what becomes of the proofs on their way.
type howTold struct {
	events   string  // "all", "combined", "filtered" after some, "none"
	late     float64 // seconds by which events may be late
	skew     time.Duration
	managers bool // the field has an owner, so that every writer is known
	status   bool // the HPA's status is seen
}

func (h *hand) see(at float64, f kscope.Fact) { h.later = append(h.later, seen{at, f}) }

func (h *hand) event(at float64, ev kscope.Event) {
	if h.told.events == "none" || h.told.events == "filtered" && len(h.truth) > 8 {
		return
	}
	ev.Namespace, ev.Type, ev.Last, ev.Regarding.Namespace = "demo", "Normal", noon.Add(time.Duration(at*1e9)).Add(h.skew), "demo"
	if ev.Count == 0 {
		ev.Count = 1
	}
	h.see(at+h.told.late*h.rnd.Float64(), ev)
}

func (h *hand) scale(at float64, who store.Actor, manager string, to int32) {
	h.truth = append(h.truth, who)
	h.size, h.Work.Desired, h.Work.Current, h.Work.SetBy = to, to, to, ""
	if h.told.managers && to > 0 {
		h.Work.SetBy = manager
	}
	h.see(at, h.Work)
}

func (h *hand) active(at float64, status, reason string) {
	h.SO.Conditions = with(h.SO.Conditions, cond("Active", status, reason))
	h.see(at+0.05, h.SO)
}

// keda is a step of KEDA's, with its event and what its status says then.
func (h *hand) keda(at float64, to int32) {
	from, reason := h.size, "KEDAScaleTargetActivated"
	h.scale(at, store.KEDA, "keda-operator", to)
	if to == 0 {
		reason = "KEDAScaleTargetDeactivated"
		h.active(at, "False", "ScalerNotActive")
	} else {
		h.active(at, "True", "ScalerActive")
	}
	h.event(at, kscope.Event{UID: fmt.Sprint(reason, at), Reason: reason, Regarding: kscope.ObjectRef{Kind: "ScaledObject", Name: "order-worker"},
		Note: fmt.Sprintf("Scaled apps/v1.Deployment demo/order-worker from %d to %d", from, to)})
}

// hpa is a rescale, with its status, and its event as client-go's recorder leaves it.
func (h *hand) hpa(at float64, to int32) {
	was := h.size
	h.scale(at, store.TheHPA, "kube-controller-manager", to)
	if h.told.status {
		h.HPA.CurrentReplicas, h.HPA.DesiredReplicas, h.HPA.StatusEverSynced = was, to, true
		h.HPA.LastScaleTime = noon.Add(time.Duration(at * 1e9)).Add(h.skew).Truncate(time.Second)
		h.HPA.Conditions = with(h.HPA.Conditions, kscope.Condition{Type: "AbleToScale", Status: "True", Reason: "SucceededRescale",
			Message: fmt.Sprintf("the HPA controller was able to update the target scale to %d", to)})
		h.see(at+0.01, h.HPA)
	}
	h.notes++
	ev := kscope.Event{UID: fmt.Sprint("rescale", h.notes), Reason: "SuccessfulRescale", Count: 1, Regarding: kscope.ObjectRef{Kind: "HorizontalPodAutoscaler", Name: "keda-hpa-order-worker"},
		Note: fmt.Sprintf("New size: %d; reason: external metric s0-redis-orders(nil) above target", to)}
	if h.told.events == "combined" && h.notes > 3 {
		ev.UID, ev.Note, ev.Count = "combined", "(combined from similar events): "+ev.Note, h.rescale.Count+1
		h.rescale = ev
	}
	h.event(at, ev)
}

// play is two hours' worth of steps in twenty minutes: wake, climb, drain, sleep,
// with outsiders in between where they are wanted.
func (h *hand) play(outsiders bool) {
	h.WatchEvents()
	t := 5.0
	for range 4 {
		h.keda(t, 1)
		for range 6 + h.rnd.Intn(6) {
			t += 15 + h.rnd.Float64()
			if to := max(1, h.size+int32(h.rnd.Intn(5))-1); to != h.size {
				h.hpa(t, to)
			}
			if outsiders && h.rnd.Intn(4) == 0 {
				if h.told.events == "none" || h.told.events == "filtered" {
					t += 12 // so that the HPA's step before is another
				}
				h.scale(t+2+3*h.rnd.Float64(), store.Someone, []string{"kubectl", "kubectl-edit", "argocd-controller"}[h.rnd.Intn(3)], h.size+3)
			}
		}
		t += 5
		if outsiders && h.rnd.Intn(2) == 0 { // to zero while there is work: KEDA wakes it again
			h.scale(t, store.Someone, "kubectl", 0)
			h.keda(t+4, 1)
		}
		t += 12
		h.active(t, "False", "ScalerCooldown")
		t += 31 + 4*h.rnd.Float64()
		h.keda(t, 0)
		t += 20 + 60*h.rnd.Float64()
		if outsiders && h.rnd.Intn(2) == 0 { // from zero without work; KEDA goes back at its next look
			h.scale(t, store.Someone, "kubectl", 2)
			t += 3
			h.keda(t, 0)
			t += 20
		}
	}
	h.see(t+30, kscope.Heartbeat{})
}

// steps are the steps of the timeline, who made each, and whether that is a guess.
func (h *hand) steps() (out []explain.Entry) {
	for _, e := range explain.Timeline(h.Store, h.ID()) {
		if e.Kind == store.Scaled {
			out = append(out, e)
		}
	}
	return out
}

// Whatever becomes of the proofs, each step is given to who made it, nobody is
// accused of what KEDA or the HPA did, and what was proved once stays.
func TestWhoMadeTheStep(t *testing.T) {
	tellings := []howTold{
		{events: "all", status: true}, {events: "all", managers: true}, {events: "all"},
		{events: "combined", status: true}, {events: "combined"}, {events: "filtered", status: true},
		{events: "none", status: true}, {events: "none", managers: true}, {events: "none", status: true, managers: true},
	}
	for _, told := range tellings {
		for _, late := range []float64{0, 10} {
			for _, skew := range []time.Duration{0, 30 * time.Second, -30 * time.Second} {
				for _, outsiders := range []bool{false, true} {
					if outsiders && !told.status && !told.managers {
						continue // without either there is no telling the HPA from others
					}
					told.late, told.skew = late, skew
					for seed := range int64(3) {
						h := &hand{world: newWorld(0), rnd: rand.New(rand.NewSource(seed)), told: told, skew: skew}
						h.play(outsiders)
						h.check(t, fmt.Sprintf("%+v, outsiders %v, seed %d", told, outsiders, seed))
					}
				}
			}
		}
	}
}

func (h *hand) check(t *testing.T, name string) {
	t.Helper()
	slices.SortStableFunc(h.later, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
	proved := map[time.Time]store.Actor{}
	for i, s := range h.later {
		if h.See(s.at, s.fact); i%5 > 0 {
			continue
		}
		for _, e := range h.steps() {
			if was := proved[e.At]; was != "" && (e.Guess || e.Actor != was) {
				t.Fatalf("%s: %v %d>%d was %s and is now %s, guess %v", name, e.At.Sub(noon), e.From, e.To, was, e.Actor, e.Guess)
			}
			if !e.Guess {
				proved[e.At] = e.Actor
			}
			if e.Actor == store.Someone && !slices.Contains(h.truth, store.Someone) {
				t.Fatalf("%s: %v %d>%d is nobody else's", name, e.At.Sub(noon), e.From, e.To)
			}
		}
	}
	got := h.steps()
	if len(got) != len(h.truth) {
		t.Fatalf("%s: %d steps, want %d\n%s", name, len(got), len(h.truth), lines(h.world))
	}
	for i, e := range got {
		if e.Actor != h.truth[i] {
			t.Errorf("%s: %v %d>%d by %s, guess %v; it was %s", name, e.At.Sub(noon), e.From, e.To, e.Actor, e.Guess, h.truth[i])
		}
	}
}

// Of two ScaledObjects on one target each names the other where its KEDA acted.
func TestTheOtherOnesKEDA(t *testing.T) {
	for _, first := range []bool{true, false} {
		x := newWorld(0)
		other := orderWorker()
		other.Ref.Name, other.UID, other.HPAName = "rival", "so-2", "keda-hpa-rival"
		x.See(0, other)
		x.WatchEvents()
		by := func(at float64, name, reason string, from, to int32) {
			x.See(at, kscope.Event{UID: fmt.Sprint(reason, at), Namespace: "demo", Type: "Normal", Reason: reason, Count: 1, Last: noon,
				Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: name},
				Note:      fmt.Sprintf("Scaled apps/v1.Deployment demo/order-worker from %d to %d", from, to)})
		}
		var want []string
		for i := range 10 {
			at := 10 * float64(i)
			if first {
				by(at, "order-worker", "KEDAScaleTargetActivated", 0, 1)
			}
			x.Scale(at, "", 1)
			if !first {
				by(at+0.1, "order-worker", "KEDAScaleTargetActivated", 0, 1)
			}
			x.Scale(at+5, "", 0)
			by(at+5.1, "rival", "KEDAScaleTargetDeactivated", 1, 0)
			want = append(want, "activated 0 → 1", "deactivated 1 → 0 for rival")
		}
		told := func(when string, s *store.Store) {
			var got []string
			for _, e := range explain.Timeline(s, x.ID()) {
				if e.Kind != store.Scaled {
					continue
				}
				text, _ := e.Words()
				if e.Actor != store.KEDA || e.Guess {
					text = fmt.Sprint(e.Actor, " ", text)
				}
				got = append(got, text)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q", when, got)
			}
		}
		told("beside the other", x.Store)
		x.See(100, kscope.Gone{Kind: kscope.ScaledObjects, Ref: other.Ref, UID: other.UID})
		told("once it is gone", x.Store)
		x.See(110, kscope.Heartbeat{})
		told("in a picture of that", x.At(at(105)))
	}
}

// Who got another target speaks for the old one no more, but for what was done there.
func TestTheOtherOneMoves(t *testing.T) {
	x := newWorld(0)
	other := orderWorker()
	other.Ref.Name, other.UID, other.HPAName = "rival", "so-2", "keda-hpa-rival"
	x.See(0, other)
	x.WatchEvents()
	rival := func(at float64, reason string, from, to int) {
		x.See(at, kscope.Event{UID: fmt.Sprint(reason, at), Namespace: "demo", Type: "Normal", Reason: reason, Count: 1, Last: noon,
			Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: "rival"},
			Note:      fmt.Sprintf("Scaled apps/v1.Deployment demo/whatever from %d to %d", from, to)})
	}
	x.Scale(10, "", 1)
	rival(10.1, "KEDAScaleTargetActivated", 0, 1)
	other.ScaleTarget.Name = "elsewhere"
	x.See(20, other)
	x.Scale(60, "", 0)
	rival(60.1, "KEDAScaleTargetDeactivated", 1, 0)
	other.ScaleTarget.Name = "order-worker" // and back again: what it did there it did not do here
	x.See(62, other)
	x.Scale(80, "", 1)
	x.See(81, kscope.Gone{Kind: kscope.ScaledObjects, Ref: other.Ref, UID: other.UID})
	rival(81.5, "KEDAScaleTargetActivated", 0, 1) // late
	x.See(82, kscope.Heartbeat{})
	var got []string
	for _, e := range explain.Timeline(x.Store, x.ID()) {
		if e.Kind == store.Scaled {
			got = append(got, fmt.Sprint(e.From, " to ", e.To, " for ", e.For.Name))
		}
	}
	if want := []string{"0 to 1 for rival", "1 to 0 for ", "0 to 1 for rival"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Of a step that nobody claims it is not the HPA that made it, where its next sync
// found the replicas as they are, or would have told by now.
func TestWhatTheHPAFound(t *testing.T) {
	for name, tt := range map[string]struct {
		synced bool
		after  float64
		want   store.Actor
	}{
		"at once":           {false, 1, store.TheHPA},
		"it found them":     {true, 1, store.KEDA},
		"it has said none":  {false, 6, store.KEDA},
		"it found them, 6s": {true, 6, store.KEDA},
	} {
		t.Run(name, func(t *testing.T) {
			x := newWorld(1)
			x.SO.MinReplicaCount = 2
			x.See(0, x.SO)
			x.HPA.MinReplicas, x.HPA.CurrentReplicas, x.HPA.DesiredReplicas, x.HPA.StatusEverSynced = 2, 1, 1, true
			x.See(0, x.HPA)
			x.Scale(10, "", 2)
			if tt.synced {
				x.HPA.CurrentReplicas, x.HPA.DesiredReplicas = 2, 2
				x.See(10.5, x.HPA)
			}
			x.See(10+tt.after, kscope.Heartbeat{})
			all := explain.Timeline(x.Store, x.ID())
			i := slices.IndexFunc(all, func(e explain.Entry) bool { return e.Kind == store.Scaled })
			if i < 0 || all[i].Actor != tt.want || !all[i].Guess {
				t.Errorf("got %+v", all)
			}
		})
	}
}
