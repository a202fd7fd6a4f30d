package store_test

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// loading is what a steady load of 100 jobs in 10 s says after some seconds.
func loading(began, elapsed float64, accepted int64, state kscope.LoadState) kscope.Loading {
	planned, lasts := int64(100), 10*time.Second
	return kscope.Loading{
		Backlog: orders, Load: "steady", Words: "10 jobs/s for 10s", Planned: &planned, Lasts: &lasts,
		Began: at(began), Elapsed: at(began + elapsed).Sub(at(began)), State: state, Asked: int64(elapsed * 10), Accepted: accepted,
	}
}

// batch is the last word of a batch that began at some second.
func batch(q kscope.Backlog, began float64, asked, accepted int64) kscope.Loading {
	lasts := time.Duration(0)
	l := kscope.Loading{
		Backlog: q, Load: "batch", Planned: &asked, Lasts: &lasts, Began: at(began), Elapsed: 20 * time.Millisecond,
		State: kscope.LoadFinished, Asked: asked, Accepted: accepted, Length: accepted,
	}
	if accepted < asked {
		l.State = kscope.LoadFailed
	}
	return l
}

func kinds(es []explain.Entry) (out []store.EntryKind) {
	for _, e := range es {
		out = append(out, e.Kind)
	}
	return out
}

func TestLoadOnTheTimeline(t *testing.T) {
	x := newWorld(0)
	x.Depth(0, 0)
	before := len(explain.Timeline(x.Store, x.ID()))
	x.See(10, loading(10, 0, 0, kscope.LoadRunning))
	x.Depth(10.5, 5) // ours, and no news
	for i := 1; i < 10; i++ {
		x.See(10+float64(i), loading(10, float64(i), int64(10*i), kscope.LoadRunning))
	}
	if l, when, ok := x.Loading(x.ID()); !ok || l.Ended() || l.Accepted != 90 || !when.Equal(at(19)) {
		t.Fatalf("got %+v at %v, %v", l, when, ok)
	}
	if left, ok := loading(10, 4, 38, kscope.LoadRunning).Left(); !ok || left != 62 {
		t.Errorf("%d left, want 62", left)
	}
	if part, ok := loading(10, 4, 38, kscope.LoadRunning).Part(); !ok || part != 0.4 {
		t.Errorf("%f is over, want 0.4", part)
	}
	end := loading(10, 10, 95, kscope.LoadFinished)
	end.Missed = 5
	x.See(20, end)
	x.See(20, end)                                    // twice is once
	x.See(21, loading(10, 8, 80, kscope.LoadRunning)) // and late is never
	es := explain.Timeline(x.Store, x.ID())[before:]
	if len(es) != 2 || es[0].Kind != store.LoadBegan || es[1].Kind != store.LoadEnded {
		t.Fatalf("got %v, want a beginning and an end", es)
	}
	if e := es[0]; e.Note != "steady: 10 jobs/s for 10s" || e.Actor != store.You || !e.At.Equal(at(10)) {
		t.Errorf("the beginning is %+v", e)
	}
	if e := es[1]; e.Jobs != 95 || e.Asked != 100 || !e.Warn || e.Note != "5 given up, the server did not keep up" || e.After != 10*time.Second || e.Cause != "your load" {
		t.Errorf("the end is %+v", e)
	}
	if l, _, _ := x.Loading(x.ID()); !l.Ended() {
		t.Error("it still runs")
	}
	x.See(100, batch(orders, 99.9, 7, 7))
	own := x.History(x.ID(), &orders).Own
	if own == nil {
		t.Fatal("nothing is counted")
	}
	if v, _ := own.Last(); v != 102 {
		t.Errorf("%f jobs were put in, want 102", v)
	}
	second := loading(200, 0, 0, kscope.LoadFailed)
	second.Err = "refused"
	x.See(200, second)
	es = explain.Timeline(x.Store, x.ID())
	if last := es[len(es)-1]; last.Kind != store.LoadEnded || last.Note != "refused" || !last.Warn {
		t.Errorf("the end of the second is %+v, after %v", last, kinds(es))
	}
}

func TestEstimateFlow(t *testing.T) {
	series := func(vs ...float64) *store.Series {
		s := &store.Series{}
		for i, v := range vs {
			s.Add(at(float64(i)), v)
		}
		return s
	}
	nan := math.NaN()
	for _, tt := range []struct {
		name       string
		depth, own *store.Series
		want       store.Flow
		known      bool
	}{
		{"still", series(5, 5, 5, 5, 5), nil, store.Flow{}, true},
		{"draining", series(40, 30, 20, 10, 0), nil, store.Flow{Out: 10}, true},
		{"up and down", series(0, 40, 20, 40, 0), nil, store.Flow{In: 15, Out: 15}, true},
		{"ours, and worked off", series(0, 5, 3, 6, 0), series(0, 20, 40, 60, 80), store.Flow{In: 20, Out: 20, Own: 20}, true},
		{"ours, and piling up", series(0, 15, 30, 45, 60), series(0, 20, 40, 60, 80), store.Flow{In: 20, Out: 5, Own: 20}, true},
		{"ours and others'", series(0, 30, 60, 90, 120), series(0, 20, 40, 60, 80), store.Flow{In: 30, Out: 0, Own: 20}, true},
		{"ours long ago", series(40, 30, 20, 10, 0), series(80, 80, 80, 80, 80), store.Flow{Out: 10}, true},
		{"a gap", series(40, nan, 20, 10, 0), nil, store.Flow{}, false},
		{"known up to a moment ago", series(40, 30, 20), nil, store.Flow{Out: 10}, true},
		{"too short", series(40, 20), nil, store.Flow{}, false},
		{"nothing", nil, nil, store.Flow{}, false},
	} {
		got, known := store.EstimateFlow(tt.depth, tt.own, at(0), at(4))
		if got != tt.want || known != tt.known {
			t.Errorf("%s: got %+v, %v, want %+v, %v", tt.name, got, known, tt.want, tt.known)
		}
	}
}
