package store_test

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// A queue that was emptied from here was not worked off, whatever order the
// measurement and the news of it come in.
func TestPurgedIsNotWorkedOff(t *testing.T) {
	purged := kscope.Purged{Backlog: orders, Target: orderWorker().Ref, Lost: 40, Took: 5 * time.Millisecond}
	for _, newsFirst := range []bool{true, false} {
		x := newWorld(2)
		x.Depth(0, 40)
		x.Depth(20, 40)
		if newsFirst {
			x.See(20.1, purged)
		}
		x.Depth(20.2, 0)
		if !newsFirst {
			x.See(20.3, purged)
		}
		x.Depth(30, 0)
		var emptied []explain.Entry
		for _, e := range explain.Timeline(x.Store, x.ID()) {
			if e.Kind == store.Emptied {
				emptied = append(emptied, e)
			}
		}
		if len(emptied) != 1 || emptied[0].Actor != store.You || emptied[0].Jobs != 40 || !emptied[0].Warn {
			t.Errorf("news first %v: the timeline has %+v", newsFirst, emptied)
		}
		h := x.History(x.ID(), &orders)
		if flow, ok := store.EstimateFlow(h.Queue, h.Own, at(15), at(25)); ok {
			t.Errorf("news first %v: jobs that were thrown away count as %+v", newsFirst, flow)
		}
		if flow, ok := store.EstimateFlow(h.Queue, h.Own, at(25), at(30)); !ok || flow != (store.Flow{}) {
			t.Errorf("news first %v: afterwards %+v, %v", newsFirst, flow, ok)
		}
	}
	x := newWorld(2)
	x.Depth(0, 40)
	purged.Err = "NOPERM"
	x.See(1, purged)
	es := explain.Timeline(x.Store, x.ID())
	if last := es[len(es)-1]; last.Kind != store.Trouble || !last.Warn || last.Actor != store.You {
		t.Errorf("a failure is told as %+v", last)
	}
}

// TestHoversOn: of a queue that goes on hovering about empty the last job is the one that
// was taken last, whatever else is told meanwhile.
func TestHoversOn(t *testing.T) {
	x := newWorld(2)
	x.Depth(0, 40)
	x.Depth(20, 40)
	x.Depth(30, 0)
	for s := 40.0; s < 90; s++ { // a job now and then, taken at once
		x.Depth(s, 1)
		x.Depth(s+0.5, 0)
		if s == 60 {
			x.Scale(60.7, "kube-controller-manager", 1)
		}
	}
	var last time.Time
	entries := 0
	for _, e := range explain.Timeline(x.Store, x.ID()) {
		if e.Kind == store.Emptied {
			last = e.At
			entries++
		}
	}
	if !last.Equal(at(89.5)) || entries > 3 {
		t.Errorf("%d times, the last at %v, want %v", entries, last, at(89.5))
	}
}
