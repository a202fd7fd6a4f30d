package scaling

import (
	"fmt"
	"testing"
	"time"

	"github.com/kscope/kscope"
)

// hour is an hour of one workload: a burst of work every ten minutes.
func hour() Plan {
	return Plan{
		Loop:      Loop{Polling: 5 * time.Second, Cooldown: 30 * time.Second, Max: 10},
		FirstPoll: time.Second, FirstSync: 7 * time.Second, Target: 5,
		Arrivals: func(since time.Duration) float64 { return 200 * (1 + float64(since/(10*time.Minute))) },
		Service:  2 * time.Second, Starting: time.Second,
	}
}

func changes(out Outcome) string {
	s := ""
	for _, c := range out.Changes {
		s += fmt.Sprintf(" %v:%d", c.Since.Seconds(), c.To)
	}
	return s
}

// TestPlay goes up by the HPA's steps and down by KEDA's, burst by burst.
func TestPlay(t *testing.T) {
	out := Play(hour(), State{At: epoch, Created: epoch}, 20*time.Minute)
	if got, want := changes(out), " 1:1 7:4 22:8 37:10 91:0 601:1 607:4 622:8 637:10 691:0"; got != want {
		t.Errorf("got%s, want%s", got, want)
	}
	if n := len(out.Points); n != 20*60+1 || out.Points[n-1].Since != 20*time.Minute {
		t.Errorf("%d points", n)
	}
	if p := out.Points[60]; p.Queue != 0 || p.Ready != 10 || p.Desired != 10 {
		t.Errorf("after a minute: %+v", p)
	}
}

// TestPlayOn: two halves are the same as the whole, as the outcome holds all
// that the second begins with.
func TestPlayOn(t *testing.T) {
	p := hour()
	p.Behavior = &kscope.Behavior{
		Up:   kscope.Direction{Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 2, Period: time.Minute}}},
		Down: kscope.Direction{Window: time.Minute, Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 1, Period: 30 * time.Second}}},
	}
	p.Loop.Min = 1
	whole := Play(p, State{At: epoch, Created: epoch}, 4*time.Minute)
	first := Play(p, State{At: epoch, Created: epoch}, 2*time.Minute)
	kept := first.End.Memory.Clone()
	p.Arrivals, p.FirstPoll, p.FirstSync = nil, time.Second, 7*time.Second
	second := Play(p, first.End, 2*time.Minute)
	for range 2 { // the first half's memory is its own
		if again := Play(p, first.End, 2*time.Minute); changes(again) != changes(second) {
			t.Errorf("got%s, then%s", changes(second), changes(again))
		}
	}
	if fmt.Sprint(kept) != fmt.Sprint(first.End.Memory) {
		t.Error("a play changed the state that it began with")
	}
	if got, want := second.End, whole.End; got.Replicas != want.Replicas || got.Ready != want.Ready || !got.At.Equal(want.At) || !got.LastActive.Equal(want.LastActive) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestPausedPlay: neither KEDA nor the HPA does anything.
func TestPausedPlay(t *testing.T) {
	p := hour()
	p.Loop.Paused = true
	out := Play(p, State{At: epoch, Created: epoch, Replicas: 3, Ready: 3}, 59*time.Minute)
	if out.Changes != nil || out.End.Ready != 3 || out.End.Queue != 0 {
		t.Errorf("got %+v", out.End)
	}
}

// TestPlayAllocates only what it hands back.
func TestPlayAllocates(t *testing.T) {
	p, from := hour(), State{At: epoch, Created: epoch}
	count := func(d time.Duration) float64 { return testing.AllocsPerRun(5, func() { Play(p, from, d) }) }
	if few, many := count(time.Hour), count(10*time.Hour); few > 12 || many > few+4 { // the list of changes grows
		t.Errorf("%v allocations in an hour, %v in ten", few, many)
	}
}

// BenchmarkPlay is an hour of one object.
func BenchmarkPlay(b *testing.B) {
	p, from := hour(), State{At: epoch, Created: epoch}
	b.ReportAllocs()
	for b.Loop() {
		Play(p, from, time.Hour)
	}
}
