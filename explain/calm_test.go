package explain_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/scaling"
)

// busy is a workload under a load that calls for about as much as there is: the
// queue is measured every quarter of a second, KEDA and the HPA do what they do.
type busy struct {
	*world
	rnd           *rand.Rand
	poll          float64
	depth         int64
	ready, size   int32
	active        float64 // the last poll that saw work
	starts        []float64
	least         float64 // how long pods take
	phases        []spell
	rules         map[string]bool
	terminatingTo float64
}

// spell is a phase and since when it stands.
type spell struct {
	explain.Phase
	at float64
}

func newBusy(seed int64) *busy {
	b := &busy{world: newWorld(0), rnd: rand.New(rand.NewSource(seed)), rules: map[string]bool{}, active: -100}
	b.poll = float64([]int{1, 2, 3, 5, 10, 30}[b.rnd.Intn(6)])
	b.least = 0.5 + 6*b.rnd.Float64()
	b.SO.PollingInterval = time.Duration(b.poll) * time.Second
	b.SO.CooldownPeriod = time.Duration(10+b.rnd.Intn(50)) * time.Second
	b.HPA.MinReplicas, b.HPA.StatusEverSynced = 1, true
	b.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	b.see(0, b.SO, b.HPA, b.Work)
	return b
}

// see folds a fact and takes note of the phase after it.
func (b *busy) see(at float64, facts ...kscope.Fact) {
	for _, f := range facts {
		b.See(at, f)
		c, _ := explain.Look(b.Store, b.ID())
		b.rules[c.Rule] = true
		if n := len(b.phases); n == 0 || b.phases[n-1].Phase != c.Phase {
			b.phases = append(b.phases, spell{c.Phase, at})
		}
	}
}

func (b *busy) scale(at float64, by string, to int32) {
	for ; b.size < to; b.size++ {
		b.starts = append(b.starts, at+b.least*(1+b.rnd.Float64()))
	}
	if b.size = to; int(to) < len(b.starts) {
		b.starts = b.starts[:to]
	}
	if to == 0 {
		b.terminatingTo = at + 2
	}
	ready := min(b.ready, to)
	if to > 0 {
		b.ready = ready
	}
	b.Work.SetBy, b.Work.Desired = by, to
	b.see(at, b.Work)
	b.Work.Current, b.Work.Ready = to, &ready
	if to > 0 {
		b.see(at+0.02, b.Work)
	}
}

func (b *busy) keda(at float64) {
	say := func(status, reason string) {
		b.SO.Conditions = with(b.SO.Conditions, cond("Active", status, reason))
		b.see(at+0.03, b.SO)
	}
	switch {
	case b.depth > 0:
		b.active = at
		b.SO.LastActiveTime = noon.Add(time.Duration(at * 1e9)).Truncate(time.Second)
		if b.size == 0 {
			b.scale(at, "", 1)
		}
		say("True", "ScalerActive")
	case b.size > 0 && at-b.active > b.SO.CooldownPeriod.Seconds():
		b.scale(at, "", 0)
		say("False", "ScalerNotActive")
	case b.size > 0:
		say("False", "ScalerCooldown")
	default:
		say("False", "ScalerNotActive")
	}
}

func (b *busy) hpa(at float64) {
	if b.size == 0 {
		return
	}
	want := min(max(scaling.WantReplicas(float64(b.depth), 5, b.size, scaling.TolerancesOf(nil)), 1), 10, 2*b.size+2)
	b.HPA.CurrentReplicas, b.HPA.DesiredReplicas = b.size, want
	if want < b.size && b.rnd.Intn(4) > 0 { // stabilized
		b.HPA.DesiredReplicas = b.size
	}
	if to := b.HPA.DesiredReplicas; to != b.size {
		b.HPA.LastScaleTime = noon.Add(time.Duration(at * 1e9))
		b.scale(at, "", to)
	}
	b.see(at+0.05, b.HPA)
}

// play is so many seconds of it.
func (b *busy) play(seconds int) {
	rate := 0.3 + 3*b.rnd.Float64()
	for i := range 4 * seconds {
		at := 1 + float64(i)/4
		if i%120 == 0 { // another load
			rate = []float64{0, 0.2, 1, 2, 4}[b.rnd.Intn(5)] * (0.5 + b.rnd.Float64())
			if b.rnd.Intn(3) == 0 {
				b.depth += int64(b.rnd.Intn(60))
			}
		}
		if b.rnd.Float64() < rate {
			b.depth += 1 + int64(b.rnd.Intn(3))
		}
		if b.ready > 0 {
			b.depth = max(0, b.depth-int64(b.rnd.Intn(int(b.ready)+1)))
		}
		b.see(at, kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: float64(b.depth), Type: "list"}}})
		if int(at*4)%int(4*b.poll) == 1 {
			b.keda(at + 0.1)
		}
		if i%60 == 20 {
			b.hpa(at + 0.12)
		}
		ready := int32(0)
		for _, s := range b.starts {
			if s <= at {
				ready++
			}
		}
		if b.size == 0 && at < b.terminatingTo {
			continue
		}
		if ready != b.ready || b.Work.Current != b.size {
			b.ready = ready
			b.Work.Ready, b.Work.Current = &ready, b.size
			b.see(at+0.2, b.Work)
		}
	}
}

// No phase gives way to another and comes back within moments, and none is one of
// sleep while pods are there, whatever the load and whatever KEDA's interval.
func TestPhasesAreCalm(t *testing.T) {
	flips, rules := 0, map[string]bool{}
	for seed := range int64(12) {
		b := newBusy(seed)
		b.play(300)
		for r := range b.rules {
			rules[r] = true
		}
		for i := 2; i < len(b.phases); i++ {
			if back, was := b.phases[i], b.phases[i-2]; back.Phase == was.Phase && back.at-b.phases[i-1].at < 5 {
				if flips++; flips < 12 {
					t.Errorf("seed %d, polls every %vs: %s, then %s at %.2f, and %s again at %.2f", seed, b.poll, was.Phase, b.phases[i-1].Phase, b.phases[i-1].at, back.Phase, back.at)
				}
			}
		}
	}
	if flips > 0 {
		t.Errorf("%d times in all", flips)
	}
	for _, want := range []string{"asleep", "drained", "waking", "starting", "cooling", "wantsMore", "podsStarting", "wantsFewer", "steady"} {
		if !rules[want] {
			t.Errorf("%s never happened", want)
		}
	}
}

// TestFarMoreIsSaidAtOnce: whoever puts in far more jobs than lately called for pods sees
// that at once, whatever wavered before; where others do, when what is shown has stood.
func TestFarMoreIsSaidAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		jobs   int64
		ours   bool
		within float64 // 0 for at once, below 0 for no change at all
	}{
		"a hundred from here":   {100, true, 0},
		"a hundred from others": {100, false, 6},
		"a job from here":       {1, true, -1},
	} {
		t.Run(name, func(t *testing.T) {
			x := newWorld(2)
			x.Ready(0, 2)
			now, shown := 0.0, explain.Phase("")
			tick := func(depth int64) {
				x.Depth(now, depth)
				c, _ := explain.Look(x.Store, x.ID())
				shown = c.Phase
				now += 0.25
			}
			for now < 61 { // one pod would do, or two, by turns
				tick(4 + 4*(int64(now)%2))
			}
			before, atOnce := shown, time.Duration(0)
			if tt.ours {
				x.See(now, kscope.Loading{Backlog: orders, Load: "batch", Lasts: &atOnce, Began: at(now), State: kscope.LoadFinished, Asked: tt.jobs, Accepted: tt.jobs, Length: 8 + tt.jobs})
			}
			for end := now + max(tt.within, 0); ; {
				tick(8 + tt.jobs)
				if shown == explain.ScalingUp || now > end {
					break
				}
			}
			if tt.within < 0 && shown != before || tt.within >= 0 && shown != explain.ScalingUp {
				t.Errorf("%s is shown after %s", shown, before)
			}
		})
	}
}

// Where KEDA takes a workload to zero, its pods go before it sleeps.
func TestNothingSleepsWithPods(t *testing.T) {
	for _, step := range []int32{1, 4, 10} {
		x := newWorld(step)
		x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
		x.Depth(0, 0)
		var pods []kscope.Pod
		for i := range step {
			p := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("p", i)}, UID: fmt.Sprint(i), Labels: map[string]string{"app": "w"}, Phase: "Running", Scheduled: true, Ready: true}
			pods = append(pods, p)
			x.See(0.1, p)
		}
		x.See(0.1, x.Work)
		var got []explain.Phase
		look := func() {
			c, _ := explain.Look(x.Store, x.ID())
			if !slices.Contains(got, c.Phase) {
				got = append(got, c.Phase)
			}
		}
		x.Work.Desired = 0
		x.See(1, x.Work)
		look()
		for i, p := range pods {
			p.Deleted = at(31)
			x.See(1.1, p)
			look()
			if i == 0 {
				x.Work.Current = 0
				x.See(1.2, x.Work)
				look()
			}
		}
		for _, p := range pods {
			p.Ready = false
			x.See(2, p)
			look()
		}
		x.Ready(2, 0)
		look()
		for _, p := range pods {
			x.See(3, kscope.Gone{Kind: kscope.Pods, Ref: p.Ref, UID: p.UID})
			look()
		}
		if want := []explain.Phase{explain.Draining, explain.Asleep}; !slices.Equal(got, want) {
			t.Errorf("from %d: %v", step, got)
		}
	}
}

// A pod is said to wait for a node once it does, and not in the moment that it takes
// to find one.
func TestWaitsForANode(t *testing.T) {
	for _, takes := range []float64{0.01, 0.5, 1.9, 2.5, 20} {
		x := newWorld(2)
		x.Depth(0, 8)
		x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
		x.Ready(0, 1)
		x.See(1, kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: "p"}, UID: "1", Labels: map[string]string{"app": "w"}, Phase: "Pending"})
		for _, after := range []float64{0, 0.3, 1, 1.99, 2.01, 3, 15} {
			if after > takes {
				break
			}
			x.See(1+after, kscope.Heartbeat{})
			want := "1 pod is not ready yet."
			if after >= 2 {
				want = "1 pod is not ready yet: it waits for a node."
			}
			if c := x.Look(t); c.Next != want {
				t.Errorf("after %vs: %q, want %q", after, c.Next, want)
			}
		}
	}
}

// A container that keeps ending runs in between: that is no recovery.
func TestCrashLoopsStayBroken(t *testing.T) {
	for _, probe := range []bool{false, true} { // with one it is never ready
		for _, runs := range []float64{0.1, 1, 4, 9} {
			x := newWorld(1)
			x.Depth(0, 8)
			x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
			x.Ready(0, 0)
			p := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: "p"}, UID: "1", Labels: map[string]string{"app": "w"}, Phase: "Running", Scheduled: true}
			at := 1.0
			for i := range 6 {
				p.Ready, p.Reason = !probe, ""
				x.See(at, p)
				if !probe {
					x.Ready(at, 1)
				}
				for step := range 5 {
					x.See(at+runs*float64(step)/5, kscope.Heartbeat{})
					if c := x.Look(t); i > 0 && c.Phase != explain.Broken {
						t.Errorf("probe %v, %vs into run %d of %vs: %s, %s", probe, runs*float64(step)/5, i, runs, c.Phase, c.Why)
					}
				}
				at += runs
				p.Ready, p.Reason, p.Restarts = false, "CrashLoopBackOff", int32(i+1)
				x.See(at, p)
				x.Ready(at, 0)
				at += 10 * float64(i+1)
			}
			p.Ready, p.Reason = true, ""
			x.See(at, p)
			x.Ready(at, 1)
			x.See(at+11, kscope.Heartbeat{})
			if c := x.Look(t); c.Phase == explain.Broken {
				t.Errorf("well for 11s and still %s: %s", c.Phase, c.Why)
			}
		}
	}
}

// How long pods usually take is the median of the last ones, and what takes longer
// is said to.
func TestUsualStart(t *testing.T) {
	x := newWorld(8)
	x.Depth(0, 40)
	x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	x.Ready(0, 0)
	pod := func(i int) kscope.Pod {
		return kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("p", i)}, UID: fmt.Sprint(i), Labels: map[string]string{"app": "w"}, Phase: "Running", Scheduled: true, Created: at(1)}
	}
	for i, took := range []float64{11, 12, 12, 13, 90} {
		p := pod(i)
		x.See(1.2, p)
		p.Ready, p.ReadySince = true, at(1+took)
		x.See(1.3+took, p)
	}
	x.Ready(91.5, 5)
	p := pod(5)
	p.Created = at(100)
	x.See(100.1, p)
	for _, tt := range []struct {
		at   float64
		next string
	}{
		{101, "3 pods are not ready yet; that usually takes 12s."},
		{116, "3 pods are not ready yet; that usually takes 12s."},
		{279.1, "3 pods are not ready yet; that usually takes 12s, and the first has waited for 2m59s."},
	} {
		x.See(tt.at, kscope.Heartbeat{})
		if c := x.Look(t); c.Next != tt.next || c.Starting.Usual != 12*time.Second {
			t.Errorf("at %v: %q, usual %v", tt.at, c.Next, c.Starting.Usual)
		}
	}
}

// Once the HPA has looked, nothing says that it is yet to take over.
func TestTheHPATakesOverOnce(t *testing.T) {
	for _, after := range []float64{1, 7, 14} {
		for _, shows := range []bool{true, false} { // in a status that differs
			x := newWorld(0)
			x.Depth(0, 3)
			x.HPA.Conditions = with(x.HPA.Conditions, cond("ScalingActive", "False", "ScalingDisabled"))
			x.HPA.StatusEverSynced = true
			x.See(1, x.HPA)
			x.Active(10, "True", "ScalerActive")
			x.Scale(10, "", 1)
			x.Ready(10, 0)
			takesOver := func() bool {
				return slices.Contains([]string{"starting"}, x.Look(t).Rule) && !slices.Contains([]string{"The HPA has taken over, and has pods enough."}, x.Look(t).Next)
			}
			if !takesOver() {
				t.Errorf("before the sync: %q", x.Look(t).Next)
			}
			if shows {
				x.HPA.Conditions = with(x.HPA.Conditions, cond("ScalingActive", "True", "ValidMetricFound"))
				x.HPA.CurrentReplicas, x.HPA.DesiredReplicas = 1, 1
				x.See(10+after, x.HPA)
				if takesOver() {
					t.Errorf("after the sync at %v: %q", after, x.Look(t).Next)
				}
			}
			x.SO.LastActiveTime = at(25)
			x.See(25, x.SO)
			x.See(28, kscope.Heartbeat{})
			if takesOver() {
				t.Errorf("after its period: %q", x.Look(t).Next)
			}
		}
	}
}
