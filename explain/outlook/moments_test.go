package outlook

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope/store"
)

// TestDue is never further away than a period, and for a moment now.
func TestDue(t *testing.T) {
	for _, tt := range []struct {
		last, now, every, want float64
	}{{0, 0, 15, 15}, {0, 1, 15, 14}, {0, 15, 15, 0}, {0, 15.25, 15, 0}, {0, 15.5, 15, 14.5}, {0, 44, 15, 1}, {0, 3600, 7, 5}, {10, 7, 15, 3}, {100, 7, 15, 3}} {
		if got := due(after(tt.last), time.Duration(tt.every)*time.Second, after(tt.now)).Seconds(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// TestPeriod is what the syncs themselves show, however many between two of them
// did not.
func TestPeriod(t *testing.T) {
	at := func(seconds ...float64) (out []store.Sync) {
		for _, s := range seconds {
			out = append(out, store.Sync{At: after(s)})
		}
		return out
	}
	// so many gaps say this, beside those that are as usual
	told := func(gaps int, seconds float64) time.Duration {
		return (time.Duration(gaps)*time.Duration(seconds*float64(time.Second)) + usually*spacing) / time.Duration(gaps+usually)
	}
	for _, tt := range []struct {
		syncs []store.Sync
		want  time.Duration
	}{
		{nil, spacing}, {at(3), spacing},
		{at(0, 15.02), told(1, 15.02)},
		{at(0, 60.08), told(1, 15.02)},
		{at(0, 15.02, 20), told(1, 15.02)},         // an edit is synced at once
		{at(0, 15.02, 15.02+3600), told(1, 15.02)}, // too long ago to tell
		{at(0, 22), spacing},
		{at(0, 15.04, 30.02), told(2, 15.01)},                   // one is late, and the next is not
		{at(0, 15.02, 15.02+307, 337.04), told(2, 15.02)},       // in the long gap they began anew
		{at(0, 300.4), 15020 * time.Millisecond},                // but where there is no other
		{at(0, 15.02, 22, 37.02, 52.04, 67.06), told(4, 15.02)}, // begun anew, and on at the same pace
	} {
		if got := period(tt.syncs); (got - tt.want).Abs() > time.Microsecond {
			t.Errorf("%v: %v, want %v", tt.syncs, got, tt.want)
		}
	}
	// One that is a quarter of a second late does not put what comes after five minutes off by as much each time.
	if off := 20 * (period(at(0, 15.29)) - spacing); off > 1500*time.Millisecond {
		t.Errorf("20 syncs are foretold %v late", off)
	}
}

// TestMoments fills in the syncs that did not show, from the beginning to now.
func TestMoments(t *testing.T) {
	syncs := []store.Sync{{At: after(40)}, {At: after(85)}}
	var got []float64
	seen := 0
	for _, m := range moments(syncs, 15*time.Second, after(5), after(120)) {
		got = append(got, m.at.Sub(t0).Seconds())
		if m.seen != nil {
			seen++
		}
	}
	want := []float64{10, 25, 40, 55, 70, 85, 100, 115}
	if len(got) != len(want) || seen != 2 {
		t.Fatalf("%v, %d of them seen, want %v", got, seen, want)
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			t.Errorf("%v, want %v", got, want)
			break
		}
	}
	if len(moments(nil, 15*time.Second, after(0), after(120))) > 0 {
		t.Error("syncs of an HPA that was never seen to sync")
	}
}
