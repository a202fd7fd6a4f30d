package broker

import (
	"context"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

func profile(t testing.TB, text string) load.Profile {
	t.Helper()
	p, err := load.ParseProfile(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// An hour of a load on a fake clock: what is asked for follows the profile, and
// is told at most four times a second.
func TestLoadFollowsItsProfile(t *testing.T) {
	for text, want := range map[string]int64{
		"steady:50/s,1m": 3000, "steady:5000/s,1m": 300_000, "ramp:0-200/s,1m": 6000, "wave:0-100/s,period=30s,1m": 3000,
		"burst:500,every=20s,1m": 1500, "batch:12345": 12345, "steady:1/m,1h": 60, "burst:1500": 1500, "steady:100/s,total=250": 250,
	} {
		bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
			s.Follow(scaledObject("a", one))
			news()
			began := time.Now()
			p := profile(t, text)
			if err := s.Load(context.Background(), load.Load{Backlog: one, Target: target, Profile: p}, nil); err != nil {
				t.Errorf("%s: %v", text, err)
				return
			}
			took := time.Since(began)
			all := news()
			ls := of[kscope.Loading](all)
			first, last := ls[0], ls[len(ls)-1]
			if first.State != kscope.LoadRunning || first.Elapsed != 0 || first.Asked > p.Due(0) || !first.Began.Equal(began) || first.Target != target {
				t.Errorf("%s: it begins with %+v", text, first)
			}
			if last.State != kscope.LoadFinished || last.Asked != want || last.Accepted != want || last.Missed != 0 || last.Unknown != 0 || last.Err != "" {
				t.Errorf("%s: it ends with %+v", text, last)
			}
			length, _ := p.Length()
			if p.Total == 0 && took > length+2*loadTick || took > time.Duration(len(ls)+1)*repeatLoad {
				t.Errorf("%s: took %v, and was told of %d times", text, took, len(ls))
			}
			for i, l := range ls[1:] {
				if l.Elapsed-ls[i].Elapsed < tellEvery && !l.Ended() {
					t.Errorf("%s: told after %v and again after %v", text, ls[i].Elapsed, l.Elapsed)
				}
				if due := p.Due(l.Elapsed); l.Asked != due || due-l.Accepted > int64(p.Top()*loadTick.Seconds())+p.Jobs+1 {
					t.Errorf("%s: after %v %d were due, %d asked for and %d in", text, l.Elapsed, due, l.Asked, l.Accepted)
				}
				if p.Kind == load.Steady && l.Elapsed > time.Second && p.Rate > 10 && (math.Abs(l.Rate/p.Rate-1) > 0.05 || math.Abs(l.Achieved/p.Rate-1) > 0.05) {
					t.Errorf("%s: %f asked for and %f achieved of late", text, l.Rate, l.Achieved)
				}
			}
		})
	}
}

func TestLoadStopsAtOnce(t *testing.T) {
	bubble(t, Options{}, func(s *Source, _ *fake, news func() []kscope.Fact) {
		news() // it runs
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10010*time.Millisecond, cancel)
		began := time.Now()
		if err := s.Load(ctx, load.Load{Backlog: one, Profile: profile(t, "steady:100/s")}, nil); err != nil {
			t.Error(err)
		}
		ls := of[kscope.Loading](news())
		if last := ls[len(ls)-1]; last.State != kscope.LoadStopped || last.Accepted != 1000 || *last.Planned != load.DefaultLimits.Total {
			t.Errorf("it ends with %+v", last)
		}
		if took := time.Since(began); took != 10010*time.Millisecond {
			t.Errorf("it stopped after %v", took)
		}
	})
}

// A clock that runs faster than the wall's makes a load as much faster.
func TestLoadOnAnotherClock(t *testing.T) {
	bubble(t, Options{}, func(s *Source, _ *fake, news func() []kscope.Fact) {
		news()
		began := time.Now()
		fast := func() time.Time { return began.Add(60 * time.Since(began)) }
		if err := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "steady:10/s,10m")}, fast); err != nil {
			t.Error(err)
		}
		ls := of[kscope.Loading](news())
		if last := ls[len(ls)-1]; last.Accepted != 6000 || last.Missed != 0 || time.Since(began) > 11*time.Second {
			t.Errorf("after %v it ends with %+v", time.Since(began), last)
		}
	})
}

// Memory does not grow with what was pushed.
func TestLoadHoldsNoMemory(t *testing.T) {
	j := newJobs()
	d := newDelivery(one, "", nil)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before uint64
	for i := range 2000 { // two million jobs
		j.next(d, 1000, time.Now())
		if i == 10 {
			before = heap()
		}
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("%d bytes after two million jobs, %d at first", after, before)
	}
	runtime.KeepAlive(&j)
}
