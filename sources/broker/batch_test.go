package broker

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// ends picks the last words of loads.
func ends(all []kscope.Fact) (out []kscope.Loading) {
	for _, l := range of[kscope.Loading](all) {
		if l.Ended() {
			out = append(out, l)
		}
	}
	return out
}

// A quick batch is told of when it begins and when it ends, and no more. Those
// that begin at the same moment can still be told apart.
func TestBatchesAreToldApart(t *testing.T) {
	bubble(t, Options{}, func(s *Source, _ *fake, news func() []kscope.Fact) {
		var work sync.WaitGroup
		for range 3 {
			work.Go(func() { _ = s.Load(context.Background(), load.Load{Backlog: one, Profile: load.BatchOf(10)}, nil) })
		}
		work.Wait()
		began := map[int64]int{}
		for _, l := range of[kscope.Loading](news()) {
			began[l.Began.UnixNano()]++
			if !l.AtOnce() || l.Asked != 10 {
				t.Errorf("got %+v", l)
			}
		}
		if len(began) != 3 {
			t.Errorf("%d beginnings of three batches", len(began))
		}
		for at, n := range began {
			if n != 2 {
				t.Errorf("the one that began at %d is told of %d times", at, n)
			}
		}
	})
}

// A batch goes in beside a load over time, and the counts of each are its own.
func TestBatchDuringALoad(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		news()
		time.AfterFunc(5*time.Second, func() {
			if err := s.Load(context.Background(), load.Load{Backlog: one, Profile: load.BatchOf(2500)}, nil); err != nil {
				t.Error(err)
			}
		})
		if err := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "steady:100/s,10s")}, nil); err != nil {
			t.Error(err)
		}
		got := ends(news())
		if len(got) != 2 || got[0].Accepted != 2500 || got[1].Accepted != 1000 || f.lengths[one] != 3500 {
			t.Errorf("%d are in: %+v", f.lengths[one], got)
		}
	})
}

// A batch that is stopped says how much of it went in, and one that waits for
// its turn says that it is there.
func TestBatchStops(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		batch := load.Load{Backlog: one, Profile: load.BatchOf(10)}
		done, stop := context.WithCancel(context.Background())
		stop()
		err := s.Load(done, batch, nil)
		const want = "stopped before anything was put in"
		if got := ends(news()); err == nil || err.Error() != want || len(got) != 1 || got[0].State != kscope.LoadStopped || got[0].Err != want || len(f.batches) > 0 {
			t.Errorf("got %v and %+v", err, got)
		}
		g, err := s.gate(s.session, one)
		if err != nil || !g.enter(context.Background()) {
			t.Fatalf("no turn: %v", err)
		}
		time.AfterFunc(30*time.Second, g.leave)
		err = s.Load(context.Background(), batch, nil)
		got := of[kscope.Loading](news())
		if last := got[len(got)-1]; err != nil || len(got) < 30 || last.Accepted != 10 || last.Elapsed < 29*time.Second {
			t.Errorf("got %v, and it is told of %d times: %+v", err, len(got), last)
		}
		f.set(func() { f.pushed = func() { time.Sleep(time.Second) } })
		some, stop := context.WithTimeout(context.Background(), 2500*time.Millisecond)
		defer stop()
		batch.Profile = load.BatchOf(10_000)
		err = s.Load(some, batch, nil)
		if got := ends(news()); err == nil || err.Error() != "stopped after 3000 of 10000 jobs" || len(got) != 1 || got[0].Accepted != 3000 {
			t.Errorf("got %v and %+v", err, got)
		}
	})
}
