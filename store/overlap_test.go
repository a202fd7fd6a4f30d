package store_test

import (
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// put is how many jobs were put into the orders, by the count of the store.
func put(x *world, t *testing.T) float64 {
	t.Helper()
	own := x.History(x.ID(), &orders).Own
	if own == nil {
		t.Fatal("nothing is counted")
	}
	v, _ := own.Last()
	return v
}

// Two loads of one queue run at the same time: each is counted by itself, has a
// beginning and an end, and what comes twice or late changes nothing.
func TestLoadsOverlap(t *testing.T) {
	x := newWorld(0)
	x.Depth(0, 0)
	a := func(elapsed float64, accepted int64, state kscope.LoadState) kscope.Loading {
		return loading(10, elapsed, accepted, state)
	}
	b := func(elapsed float64, accepted int64, state kscope.LoadState) kscope.Loading {
		return loading(12, elapsed, accepted, state)
	}
	const runs, ends = kscope.LoadRunning, kscope.LoadFinished
	for _, step := range []struct {
		at   float64
		says kscope.Loading
		want float64 // jobs put in
	}{
		{10, a(0, 0, runs), 0},
		{12, a(2, 20, runs), 20},
		{12, b(0, 0, runs), 20},
		{14, b(2, 15, runs), 35},
		{14, a(4, 40, runs), 55},
		{14, a(4, 40, runs), 55}, // twice
		{14, b(1, 99, runs), 55}, // late
		{20, a(10, 100, ends), 115},
		{20, a(10, 100, ends), 115},
		{20.1, a(9, 90, runs), 115},
		{22, b(10, 90, ends), 190},
		{22.1, a(10, 100, ends), 190},
		{22.1, b(3, 25, runs), 190},
	} {
		x.See(step.at, step.says)
		if got := put(x, t); got != step.want {
			t.Errorf("at %v: %v are put in, want %v", step.at, got, step.want)
		}
		if l, _, _ := x.Loading(x.ID()); step.at == 20.1 && (l.Ended() || l.Accepted != 15) {
			t.Errorf("the one that runs is %+v", l)
		}
	}
	es := explain.Timeline(x.Store, x.ID())
	if len(es) != 4 || es[2].Jobs != 100 || es[3].Jobs != 90 {
		t.Fatalf("got %v", kinds(es))
	}
	for i, want := range []store.EntryKind{store.LoadBegan, store.LoadBegan, store.LoadEnded, store.LoadEnded} {
		if es[i].Kind != want || want == store.LoadEnded && es[i].After.Seconds() != 10 {
			t.Errorf("entry %d is %+v", i, es[i])
		}
	}
}

// A batch is one entry, at its end, also during a load over time and beside
// another batch.
func TestBatchDuringALoad(t *testing.T) {
	x := newWorld(0)
	x.Depth(0, 0)
	begins := batch(orders, 15, 7, 0)
	begins.State, begins.Elapsed = kscope.LoadRunning, 0
	x.See(10, loading(10, 0, 0, kscope.LoadRunning))
	x.See(15, loading(10, 5, 50, kscope.LoadRunning), begins, batch(orders, 15.01, 3, 3), batch(orders, 15, 7, 7))
	x.See(15.1, batch(orders, 15, 7, 7), begins) // twice, and late
	x.See(16, loading(10, 6, 60, kscope.LoadRunning))
	failed := batch(orders, 17, 10, 4)
	failed.Err = "it went away after 4 of 10 jobs"
	x.See(17, failed)
	x.See(20, loading(10, 10, 100, kscope.LoadFinished))
	if got := put(x, t); got != 114 {
		t.Errorf("%v are put in, want 114", got)
	}
	es := explain.Timeline(x.Store, x.ID())
	want := []string{"began a load", "pushed 3 jobs", "pushed 7 jobs", "pushed 4 of 10 jobs: it went away after 4 of 10 jobs", "load over: 100 jobs"}
	if len(es) != len(want) {
		t.Fatalf("got %v", kinds(es))
	}
	for i, e := range es {
		if text, _ := e.Words(); text != want[i] {
			t.Errorf("entry %d is %q, want %q", i, text, want[i])
		}
	}
}

// A load that runs is known by itself however many batches come and go, and one
// of those that comes again much later is still no news.
func TestManyLoads(t *testing.T) {
	x := newWorld(0)
	x.Depth(0, 0)
	x.See(1, loading(1, 0, 0, kscope.LoadRunning))
	for i := range 200 {
		x.See(2, batch(orders, 2+float64(i)/1000, 1, 1))
	}
	for i := range 200 {
		x.See(3, batch(orders, 2+float64(i)/1000, 1, 1))
	}
	x.See(4, loading(1, 3, 30, kscope.LoadRunning))
	if got := put(x, t); got != 230 {
		t.Errorf("%v are put in, want 230", got)
	}
}
