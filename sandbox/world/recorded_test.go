package world

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/kscope/kscope/triggers"
)

// TestRecordedRun puts the queue lengths of a run on a real cluster into the
// world and wants the replicas of that run: the same numbers, each about where
// it happened there.
//
// The recording has a sample every 1.1 s and events in whole seconds, so when
// exactly the polls and syncs came is not known: their phases and spacing are
// chosen, within what the events allow, so that the run comes out. The step to
// 4 depends on it: a sync half a second later would have asked for 3. So this
// shows that the recorded course is one that the rules allow, and no more.
func TestRecordedRun(t *testing.T) {
	f, err := os.Open("testdata/recorded-run.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	type sample struct{ at, queue, replicas float64 }
	var samples []sample
	for _, row := range rows {
		var v [3]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(row[i], 64); err != nil {
				t.Fatal(err)
			}
		}
		samples = append(samples, sample{v[0], v[1], v[2]})
	}
	type step struct {
		after, at float64 // the samples between which it happened
		to        int32
	}
	var want, got []step
	for i, s := range samples[1:] {
		if last := samples[i]; s.replicas != last.replicas {
			want = append(want, step{last.at, s.at, int32(s.replicas)})
		}
	}

	// Fitted, see above: syncs came a little more than 15 s apart there.
	w, l := play(t, Options{NoWorkers: true, SyncPeriod: 15050 * time.Millisecond})
	w.firstPoll, w.firstSync = 110*time.Millisecond, 2800*time.Millisecond
	now := func() float64 { return w.Now().Sub(epoch).Seconds() }
	// Between two samples the queue is taken to have changed evenly.
	l.at = func(triggers.Redis) int64 {
		for i, s := range samples[1:] {
			if last := samples[i]; s.at >= now() {
				return int64(last.queue + (s.queue-last.queue)*max(0, now()-last.at)/(s.at-last.at))
			}
		}
		return 0
	}
	apply(t, w, deployment("worker", 0))
	apply(t, w, object(map[string]any{
		"pollingInterval": int64(5), "cooldownPeriod": int64(30), "maxReplicaCount": int64(10),
		"advanced": behaviorOf(map[string]any{"scaleDown": map[string]any{"stabilizationWindowSeconds": int64(30)}}),
	}))
	before := int32(0)
	for now() < samples[len(samples)-1].at {
		w.Advance(w.Now().Add(10 * time.Millisecond))
		if n := w.workload(t, "Deployment").replicas(); n != before {
			got, before = append(got, step{now(), now(), n}), n
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		// Half a second is for syncs that were not quite evenly spaced there.
		if got[i].to != want[i].to || got[i].at < want[i].after-0.5 || got[i].at > want[i].at+0.5 {
			t.Errorf("step %d: got %v, want %v", i, got[i], want[i])
		}
		t.Logf("to %2d: here after %5.2f s, there between %5.2f and %5.2f s", got[i].to, got[i].at, want[i].after, want[i].at)
	}
}
