package ledger_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/store/storetest"
)

// chain is a ScaledObject whose story is told by hand: looks at the queue, pods by
// their stages, and steps of the replicas.
type chain struct {
	*storetest.World
	jobs int64
}

func newChain(size int32) *chain {
	x := &chain{World: storetest.NewWorld(size)}
	x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	x.See(0.1, x.Work)
	return x
}

// looks measures the queue four times a second, until a time.
func (x *chain) looks(from, to float64) *chain {
	for s := from; s < to; s += 0.25 {
		x.Depth(s, x.jobs)
	}
	return x
}

// pod has a pod come to its stages, each so many seconds after the one before.
func (x *chain) pod(name string, created, scheduled, started, ready float64) *chain {
	p := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name, Labels: map[string]string{"app": "w"}, Phase: "Pending"}
	x.See(created, p)
	p.Scheduled = true
	x.See(scheduled, p)
	p.Phase = "Running"
	x.See(started, p)
	p.Ready = true
	x.See(ready, p)
	return x
}

func (x *chain) gone(at float64, name string) *chain {
	x.See(at, kscope.Gone{Kind: kscope.Pods, Ref: kscope.Ref{Namespace: "demo", Name: name}})
	return x
}

func (x *chain) ledger() []ledger.Episode {
	c, _ := x.Chain(x.ID())
	return explain.Ledger(x.Store, &c, explain.Timeline(x.Store, x.ID()))
}

// text is an episode in a form to compare: marks with their times and owners.
func text(es []ledger.Episode) string {
	var b strings.Builder
	for _, e := range es {
		fmt.Fprintf(&b, "episode at %s", since(e.Began))
		switch {
		case e.Open():
			fmt.Fprintf(&b, ", open")
		default:
			fmt.Fprintf(&b, " to %s", since(e.Ended))
		}
		fmt.Fprintf(&b, ", partial %v, peak %v, most %d\n", e.Partial, e.Peak, e.Most)
		for _, m := range e.Marks {
			fmt.Fprintf(&b, "  %7s %s", since(m.At), ledger.Name(m.Kind))
			if m.N > 0 {
				fmt.Fprintf(&b, " %v", m.N)
			}
			if m.By != "" {
				fmt.Fprintf(&b, " by %s", m.By)
			}
			if m.Within > 0 {
				fmt.Fprintf(&b, " within %v", m.Within)
			}
			if m.Estimate {
				fmt.Fprintf(&b, " estimate")
			}
			if m.Owner != ledger.Nobody {
				fmt.Fprintf(&b, ": %v %s", m.Took.Round(time.Millisecond), ledger.NameOf(m.Owner))
			}
			b.WriteString("\n")
		}
		if e.Open() {
			fmt.Fprintf(&b, "  now: %v %s\n", e.Tail.Took.Round(time.Millisecond), ledger.NameOf(e.Tail.Owner))
		}
		c := e.Cost
		fmt.Fprintf(&b, "  pod-seconds %+v\n  ready %+v\n  jobs %+v lost %v\n  waits %+v\n  over target %+v, at max %+v, turns %d\n",
			c.PodSeconds, c.ReadySeconds, c.Jobs, c.Lost, c.Waits, c.OverTarget, c.AtMax, c.Turns)
	}
	return b.String()
}

func since(t time.Time) string { return fmt.Sprintf("%.2f", t.Sub(storetest.Noon).Seconds()) }

// sleepy is the seed story: ten jobs, one pod, then two, and back.
func sleepy() *chain {
	x := newChain(0).looks(1, 10)
	x.jobs = 10
	x.looks(10, 13)
	x.Active(13, "True", "ScalerActive")
	x.Scale(13, "keda-operator", 1)
	x.pod("a", 13.1, 13.2, 16, 17)
	x.Ready(17, 1)
	x.jobs = 9
	x.looks(17.25, 20)
	x.Scale(20, "kube-controller-manager", 2)
	x.pod("b", 20.1, 20.2, 22, 23)
	x.Ready(23, 2)
	for x.jobs = 8; x.jobs > 0; x.jobs-- {
		x.looks(23.25+2*float64(8-x.jobs), 25.25+2*float64(8-x.jobs))
	}
	return x.rest(39.25)
}

// rest is the way back, with the queue empty from a time on.
func (x *chain) rest(from float64) *chain {
	x.jobs = 0
	x.looks(from, from+4)
	x.Active(from+4, "False", "ScalerCooldown")
	x.looks(from+4.25, from+29)
	x.Scale(from+29, "keda-operator", 0)
	x.Ready(from+29.1, 0)
	x.gone(from+29.5, "a").gone(from+30.2, "b")
	return x.looks(from+31, from+35)
}

var chains = []struct {
	name string
	tell func() *chain
}{
	{"sleepy", sleepy},
	{"in-the-middle", func() *chain {
		x := newChain(1)
		x.jobs = 20
		x.looks(1, 5)
		x.jobs = 12
		x.looks(5, 10)
		return x.rest(10)
	}},
	{"a-gap", func() *chain {
		x := newChain(0).looks(1, 10)
		x.jobs = 10
		x.looks(10, 12)
		x.Scale(12, "keda-operator", 1)
		x.pod("a", 12.1, 12.2, 14, 15)
		x.Ready(15, 1)
		x.See(16, kscope.Depths{Server: storetest.Orders.Server, All: []kscope.Depth{{Backlog: storetest.Orders, Err: "connection refused"}}})
		x.jobs = 4
		x.looks(30, 40)
		return x.rest(40)
	}},
	{"never-on-target", func() *chain {
		x := newChain(0).looks(1, 10)
		x.jobs = 100
		x.looks(10, 12)
		x.Scale(12, "keda-operator", 1)
		x.pod("a", 12.1, 12.2, 14, 15)
		x.Ready(15, 1)
		x.Scale(20, "kube-controller-manager", 10)
		x.jobs = 120
		return x.looks(20, 60)
	}},
	{"two-waves", func() *chain {
		x := newChain(0).looks(1, 10)
		x.jobs = 5
		x.looks(10, 12)
		x.Scale(12, "keda-operator", 1)
		x.pod("a", 12.1, 12.2, 14, 15)
		x.Ready(15, 1)
		x.jobs = 0
		x.looks(20, 25)
		x.jobs = 8
		x.looks(25, 30)
		return x.rest(30)
	}},
	{"somebody-steps", func() *chain {
		x := newChain(0).looks(1, 10)
		x.jobs = 3
		x.looks(10, 12)
		x.Scale(12, "kubectl-scale", 4)
		x.Ready(14, 4)
		return x.rest(15)
	}},
	{"paused-in-between", func() *chain {
		x := newChain(0).looks(1, 10)
		x.jobs = 3
		x.looks(10, 12)
		x.SO.Paused = true
		x.See(12, x.SO)
		x.looks(12, 30)
		x.SO.Paused = false
		x.See(30, x.SO)
		x.Scale(33, "keda-operator", 1)
		x.pod("a", 33.1, 33.2, 34, 35)
		x.Ready(35, 1)
		return x.rest(36)
	}},
	{"at-max", func() *chain {
		x := newChain(0).looks(1, 10)
		x.jobs = 500
		x.looks(10, 12)
		x.Scale(12, "keda-operator", 1)
		x.Ready(15, 1)
		x.Scale(20, "kube-controller-manager", 10)
		x.Ready(24, 10)
		for x.jobs = 500; x.jobs > 0; x.jobs -= 50 {
			x.looks(24+float64(500-x.jobs)/10, 29+float64(500-x.jobs)/10)
		}
		return x.rest(74)
	}},
	{"a-floor", func() *chain {
		x := newChain(2)
		x.SO.MinReplicaCount = 2
		x.See(0.2, x.SO)
		x.jobs = 3
		x.looks(1, 10) // which two pods take
		x.jobs = 40
		x.looks(10, 18)
		x.Scale(18, "kube-controller-manager", 8)
		x.pod("a", 18.1, 18.2, 20, 22)
		x.Ready(22, 3)
		x.jobs = 4
		x.looks(30, 60)
		x.Scale(60, "kube-controller-manager", 2)
		x.Ready(61, 2)
		return x.looks(61, 70)
	}},
	{"idle-replicas", func() *chain {
		x := newChain(0)
		x.SO.MinReplicaCount, x.SO.IdleReplicaCount = 3, storetest.I32(0)
		x.See(0.2, x.SO)
		x.looks(1, 10)
		x.jobs = 2
		x.looks(10, 12)
		x.Active(12, "True", "ScalerActive")
		x.Scale(12, "keda-operator", 3)
		x.Ready(15, 3)
		return x.rest(16)
	}},
	{"counted-from-here", func() *chain {
		x := newChain(0).looks(1, 10)
		n, zero := int64(20), time.Duration(0)
		x.jobs = 20
		x.looks(10, 10.25)
		x.See(10.25, kscope.Loading{Backlog: storetest.Orders, Target: x.SO.Ref, Load: "batch", Planned: &n, Lasts: &zero, Began: storetest.At(10),
			Elapsed: 100 * time.Millisecond, State: kscope.LoadFinished, Asked: 20, Accepted: 20})
		x.looks(10.25, 12)
		x.Scale(12, "keda-operator", 1)
		x.Ready(15, 1)
		for x.jobs = 19; x.jobs > 0; x.jobs-- {
			x.looks(15+float64(19-x.jobs), 16+float64(19-x.jobs))
		}
		return x.rest(34)
	}},
	{"a-load-from-here", func() *chain { // 8 jobs a second for 20 s, told of each 250 ms and up to half a second late
		x := newChain(0).looks(1, 10)
		lasts := 20 * time.Second
		put, taken := 0, 0
		for i := range 240 {
			s := 10 + 0.25*float64(i)
			if i < 80 {
				put += 2
			}
			if i >= 30 {
				taken = min(taken+i%3, put)
			}
			x.Depth(s, int64(put-taken))
			if i == 8 {
				x.Scale(s, "keda-operator", 1)
				x.Ready(s+3, 1)
			}
			if i >= 2 && i <= 82 {
				state := kscope.LoadRunning
				if i == 82 {
					state = kscope.LoadFinished
				}
				x.See(s+0.1, kscope.Loading{Backlog: storetest.Orders, Target: x.SO.Ref, Load: "steady", Lasts: &lasts, Began: storetest.At(10),
					Elapsed: time.Duration(i) * time.Second / 4, State: state, Asked: int64(2 * i), Accepted: int64(min(2*i, 160) - 4 + i/82*4)})
			}
		}
		return x.rest(75)
	}},
	{"taken-by-others", func() *chain {
		x := newChain(0).looks(1, 10)
		x.jobs = 3
		x.looks(10, 12)
		x.jobs = 0
		return x.looks(12, 30)
	}},
}

func TestChains(t *testing.T) {
	for _, tt := range chains {
		es := tt.tell().ledger()
		golden.Compare(t, tt.name+".txt", text(es))
		for _, e := range es {
			check(t, tt.name, e)
		}
	}
}

// check is what is so of every episode: times in their order, and owners of all the
// time there is, once.
func check(t *testing.T, name string, e ledger.Episode) {
	t.Helper()
	sum := time.Duration(0)
	for i, m := range e.Marks {
		if sum += m.Took; i > 0 && m.At.Before(e.Marks[i-1].At) || m.At.Before(e.Began) || m.At.After(e.Until) {
			t.Errorf("%s: %s at %s is out of order", name, ledger.Name(m.Kind), since(m.At))
		}
		if m.Within < 0 || m.Took < 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if sum += e.Tail.Took; sum > e.Until.Sub(e.Began) {
		t.Errorf("%s: %v are given away, of %v", name, sum, e.Until.Sub(e.Began))
	}
	for _, r := range []ledger.Range{e.Cost.Waits.Mean, e.Cost.Waits.P95, e.Cost.Waits.Peak} {
		if r.Known && (r.Low > r.High || r.Low < 0) {
			t.Errorf("%s: a wait within %v", name, r)
		}
	}
}

// TestSeed is the seed story in numbers that can be worked out by hand.
func TestSeed(t *testing.T) {
	es := sleepy().ledger()
	if len(es) != 1 {
		t.Fatalf("%d episodes", len(es))
	}
	e := es[0]
	if e.Open() || e.Partial || e.Peak != 10 || e.Most != 2 {
		t.Errorf("%+v", e)
	}
	// a from 13.1 to 68.75, b from 20.1 to 69.45
	if got, want := e.Cost.PodSeconds.N, 55.65+49.35; math.Abs(got-want) > 0.01 {
		t.Errorf("%v pod-seconds, want %v", got, want)
	}
	if got := e.Cost.Jobs; got.N != 10 || !got.AtLeast {
		t.Errorf("jobs %+v", got)
	}
	// one left by 17.25, one by 23.25, and then one each two seconds
	if got := e.Cost.Waits; got.Mean.High != 20100*time.Millisecond || got.Peak.High != 29500*time.Millisecond {
		t.Errorf("waits %+v", got)
	}
	shares := map[ledger.Owner]time.Duration{}
	for _, s := range e.Whose() {
		shares[s.Owner] += s.Took
	}
	if shares[ledger.Node] != 2800*time.Millisecond || shares[ledger.Readiness] != time.Second {
		t.Errorf("shares %v", shares)
	}
}

// TestJSON is the form of an episode for programs.
func TestJSON(t *testing.T) {
	var b strings.Builder
	for _, x := range []*chain{sleepy(), chains[3].tell()} {
		for _, e := range x.ledger() {
			b.Write(e.JSON(x.ID()))
			b.WriteString("\n")
		}
	}
	golden.Compare(t, "json.jsonl", b.String())
}

// TestThen: the ledger of an earlier moment is what was told at that moment.
func TestThen(t *testing.T) {
	x := sleepy()
	for _, s := range []float64{11, 14.5, 18, 30, 45, 66} {
		then := x.At(storetest.At(s))
		c, _ := then.Chain(x.ID())
		es := explain.Ledger(then, &c, explain.Timeline(then, x.ID()))
		if len(es) != 1 || !es[0].Open() || !es[0].Until.Equal(storetest.At(s)) {
			t.Errorf("at %v: %s", s, text(es))
			continue
		}
		check(t, fmt.Sprint("at ", s), es[0])
	}
}

// BenchmarkLedger is two hours of a busy object: an episode a minute, and a queue
// that changes every other second.
func BenchmarkLedger(b *testing.B) {
	x := newChain(0)
	for i := range 120 {
		from := float64(60 * i)
		x.looks(from+1, from+2)
		x.Scale(from+3, "keda-operator", 1)
		x.pod(fmt.Sprint("p", i), from+3.1, from+3.2, from+5, from+6)
		x.Ready(from+6, 1)
		for k := range 20 {
			x.Depth(from+2+2*float64(k), int64(20-k))
		}
		x.Scale(from+50, "keda-operator", 0)
		x.Ready(from+50.1, 0)
		x.gone(from+50.2, fmt.Sprint("p", i))
		x.Depth(from+51, 0)
	}
	c, _ := x.Chain(x.ID())
	log := explain.Timeline(x.Store, x.ID())
	b.ReportAllocs()
	for b.Loop() {
		if es := explain.Ledger(x.Store, &c, log); len(es) < 50 {
			b.Fatalf("%d episodes", len(es))
		}
	}
}
