package broker

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// web is a broker whose jobs are requests: a writer that does not wait for answers.
type web struct {
	fake
	room   chan struct{}                               // as many as may be under way
	n      int                                         // requests so far
	answer func(n int) (after time.Duration, a Answer) // of each, from 0; after forever: none
}

func (w *web) Writer(kscope.Backlog) (Writer, error) { return w, nil }

func (w *web) Push(_ context.Context, b *Batch) (did Outcome) {
	for range b.Jobs {
		select {
		case w.room <- struct{}{}:
		default:
			did.Full = true
			return did
		}
		after, a := w.answer(w.n)
		w.n++
		b.Answers.Go(b.At, func(ctx context.Context) Answer {
			defer func() { <-w.room }()
			select {
			case <-time.After(after):
				return a
			case <-ctx.Done():
				return Answer{}
			}
		})
		did.Accepted++
	}
	return did
}

// requests runs a load of requests in virtual time, and gives all that it told of itself.
func requests(t *testing.T, w *web, room int, text string, stop time.Duration) (all []kscope.Loading, took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w.fake = fake{lengths: map[kscope.Backlog]int64{}, asks: map[*Ask]int{}}
		w.room = make(chan struct{}, room)
		s := New(map[string]Technology{"fake": w}, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error)
		go func() {
			returned <- s.Run(ctx, func(f kscope.Fact) {
				if l, ok := f.(kscope.Loading); ok {
					all = append(all, l)
				}
			})
		}()
		synctest.Wait()
		on := t.Context()
		if stop > 0 {
			var end func()
			on, end = context.WithTimeout(on, stop)
			defer end()
		}
		began := time.Now()
		err = s.Load(on, load.Load{Backlog: one, Profile: profile(t, text)}, nil)
		took = time.Since(began)
		cancel()
		if err := <-returned; err != nil {
			t.Error(err)
		}
	})
	return all, took, err
}

// Half of the requests are held for seconds, as while a pod starts, and the load goes on
// as if they were not: what goes out differs from what was asked for by less than a
// hundredth at every telling, of late and altogether.
func TestHeldRequestsDoNotSlowALoad(t *testing.T) {
	const held, quick = 3 * time.Second, 20 * time.Millisecond
	w := &web{answer: func(n int) (time.Duration, Answer) {
		if n%2 == 0 {
			return held, Answer{Class: 2, Cold: true}
		}
		return quick, Answer{Class: 2}
	}}
	for _, text := range []string{"steady:100/s,1m", "steady:20/s,1m", "ramp:10-150/s,1m", "wave:10-100/s,period=20s,1m"} {
		w.n = 0
		p := profile(t, text)
		all, took, err := requests(t, w, 256, text, 0)
		last := all[len(all)-1]
		if err != nil || last.State != kscope.LoadFinished || last.Missed != 0 {
			t.Fatalf("%s: %v and %+v", text, err, last)
		}
		most := int64(0)
		for _, l := range all {
			most = max(most, l.Answers.Held)
			if l.Elapsed < 5*time.Second || l.Elapsed > time.Minute {
				continue
			}
			if off := math.Abs(float64(l.Accepted)/float64(p.Due(l.Elapsed)) - 1); off > 0.01 {
				t.Errorf("%s: after %v %d of %d went out", text, l.Elapsed, l.Accepted, p.Due(l.Elapsed))
			}
			if math.Abs(l.Achieved/l.Rate-1) > 0.01 {
				t.Errorf("%s: after %v %v/s of %v/s went out of late", text, l.Elapsed, l.Achieved, l.Rate)
			}
			if a := l.Answers; a.Sent != l.Accepted || a.Sent != a.Answered+a.Held {
				t.Errorf("%s: %+v of %d", text, a, l.Accepted)
			}
		}
		a, n := last.Answers, p.Due(time.Minute)
		near := func(got, want time.Duration) bool { return math.Abs(float64(got)/float64(want)-1) < 0.011 }
		if a.Sent != n || a.Answered != n || a.Held != 0 || a.ByClass != [6]int64{2: n} || a.ColdStarts != (n+1)/2 || !near(a.P95, held) || n%2 == 0 && !near(a.P50, quick) {
			t.Errorf("%s: it ends with %+v of %d", text, a, n)
		}
		if took < time.Minute+held-time.Second || took > time.Minute+held+time.Second {
			t.Errorf("%s: it took %v", text, took)
		}
		t.Logf("%s: up to %d held; %+v", text, most, a)
	}
}

func never(int) (time.Duration, Answer) { return time.Hour, Answer{Class: 2} }

// What is due while as many are under way as may be is counted as missed.
func TestNoRoomForRequests(t *testing.T) {
	all, took, err := requests(t, &web{answer: never}, 50, "steady:10/s,10s", 0)
	last := all[len(all)-1]
	if err != nil || last.Accepted != 50 || last.Missed != 50 || last.State != kscope.LoadFinished || last.Answers != (kscope.Answers{Sent: 50, Held: 50}) {
		t.Errorf("%v: it ends with %+v", err, last)
	}
	if want := 10*time.Second + mostHeld; took < want || took > want+time.Second {
		t.Errorf("it took %v", took)
	}
}

// A batch waits until there is room, does not keep others from theirs, and all of it goes
// out.
func TestBatchOfRequests(t *testing.T) {
	second := func(int) (time.Duration, Answer) { return time.Second, Answer{Class: 5} }
	all, took, err := requests(t, &web{answer: second}, 50, "batch:500", 0)
	last := all[len(all)-1]
	if err != nil || last.Accepted != 500 || last.Missed != 0 || last.Answers.ByClass[5] != 500 || took < 10*time.Second || took > 11*time.Second {
		t.Errorf("%v after %v: it ends with %+v", err, took, last)
	}
}

// Who stops a load withdraws what is under way.
func TestRequestsAreWithdrawn(t *testing.T) {
	for text, want := range map[string]string{"batch:30": "stopped while 30 of 30 requests were held", "batch:80": "stopped after 50 of 80 jobs", "steady:10/s": "", "steady:10/s,2s": ""} {
		all, took, err := requests(t, &web{answer: never}, 50, text, 4*time.Second)
		last := all[len(all)-1]
		if took != 4*time.Second || last.State != kscope.LoadStopped || last.Err != want || (err == nil) != (want == "") || last.Answers.Held == 0 || last.Answers.Answered != 0 {
			t.Errorf("%s: %v after %v: it ends with %+v", text, err, took, last)
		}
	}
}

// The parts of a spread are right to a hundredth, from microseconds to an hour.
func TestSpread(t *testing.T) {
	var s spread
	if s.quantile(0.5) != 0 {
		t.Error("there is a middle of nothing")
	}
	for i := 1; i <= 3_600_000; i += 1000 {
		s.add(time.Duration(i) * time.Millisecond)
	}
	for part, want := range map[float64]time.Duration{0.5: 30 * time.Minute, 0.95: 57 * time.Minute, 1: time.Hour} {
		if got := s.quantile(part); math.Abs(float64(got)/float64(want)-1) > 0.011 {
			t.Errorf("%v: %v, want %v", part, got, want)
		}
	}
	s = spread{}
	for _, d := range []time.Duration{-1, 0, time.Nanosecond, 1000 * time.Hour} {
		s.add(d) // it has a place, whatever it is
	}
	if got := s.quantile(0.5); got > 2*shortest {
		t.Errorf("got %v", got)
	}
}
