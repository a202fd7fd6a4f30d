package broker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// What is wrong with one backlog is not wrong with its server, and the other way
// round.
func TestTroubleIsToldWhereItBelongs(t *testing.T) {
	away := &kscope.Trouble{Message: "the server is away", Hint: "wait"}
	odd := &kscope.Trouble{Message: "it holds a string", Hint: ""}
	for name, tt := range map[string]struct {
		err    error
		bad    map[kscope.Backlog]Reading
		depths [2]string
		status kscope.Status
	}{
		"all is well":          {nil, nil, [2]string{}, kscope.Status{State: kscope.Synced}},
		"the server is away":   {away, nil, [2]string{away.Message, away.Message}, kscope.Status{State: kscope.Failing, Message: away.Message, Hint: "wait"}},
		"one is odd":           {nil, map[kscope.Backlog]Reading{one: {Err: odd, Own: true}}, [2]string{odd.Message}, kscope.Status{State: kscope.Synced}},
		"both are odd":         {nil, map[kscope.Backlog]Reading{one: {Err: odd, Own: true}, two: {Err: odd, Own: true}}, [2]string{odd.Message, odd.Message}, kscope.Status{State: kscope.Synced}},
		"one is refused":       {nil, map[kscope.Backlog]Reading{two: {Err: away}}, [2]string{"", away.Message}, kscope.Status{State: kscope.Synced}},
		"both are refused":     {nil, map[kscope.Backlog]Reading{one: {Err: away}, two: {Err: away}}, [2]string{away.Message, away.Message}, kscope.Status{State: kscope.Failing, Message: away.Message, Hint: "wait"}},
		"words without a hint": {errors.New("no"), nil, [2]string{"no", "no"}, kscope.Status{State: kscope.Failing, Message: "no"}},
	} {
		bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
			f.set(func() { f.err, f.bad, f.lengths[one] = tt.err, tt.bad, 7 })
			s.Follow(scaledObject("a", one, two))
			all := news()
			d, st := of[kscope.Depths](all), of[kscope.Status](all)
			if len(d) != 1 || len(st) != 2 || st[0].State != kscope.Connecting {
				t.Fatalf("%s: got %+v", name, all)
			}
			tt.status.Kind, tt.status.Broker, tt.status.Name = kscope.Queues, "fake", "here"
			if diff := cmp.Diff(tt.status, st[1]); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			for i, one := range d[0].All {
				if one.Err != tt.depths[i] || one.Err == "" && i == 0 && one.N != 7 || one.Err != "" && one.N != 0 {
					t.Errorf("%s: got %+v, want error %q", name, one, tt.depths[i])
				}
			}
		})
	}
}

// The connection is told of as it is and as it was last, and when the next try
// follows.
func TestConnection(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		began := time.Now()
		f.set(func() { f.card = kscope.Connection{Address: "10.0.0.1:1", Reached: "directly", Version: "8"} })
		s.Follow(scaledObject("a", one))
		got := of[kscope.Connection](news())
		want := kscope.Connection{Server: "here", Address: "10.0.0.1:1", Reached: "directly", Version: "8", RTT: time.Millisecond}
		if len(got) != 1 || got[0] != want {
			t.Errorf("got %+v", got)
		}
		f.set(func() { f.err = &kscope.Trouble{Message: "the server is away", Hint: "wait"} })
		time.Sleep(time.Second)
		got = of[kscope.Connection](news())
		want.Failing, want.Err, want.Hint, want.ErrAt = true, "the server is away", "wait", began.Add(DefaultInterval)
		for i, retry := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond} {
			if want.Retry = retry; i >= len(got) || got[i] != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		f.set(func() { f.err = nil })
		time.Sleep(maxPause)
		got = of[kscope.Connection](news())
		if want.Failing, want.Retry = false, 0; len(got) != 1 || got[0] != want { // what was wrong is not forgotten
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// A meter is asked for the same until something about it is new.
func TestAsk(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		s.Follow(scaledObject("a", two, one))
		time.Sleep(time.Minute)
		s.Follow(scaledObject("a", two, one))
		news()
		if len(f.asks) != 1 {
			t.Fatalf("%d asks for the same", len(f.asks))
		}
		for ask := range f.asks {
			first, second := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: target}, Index: 1}, kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: target}}
			want := Ask{[]kscope.Backlog{one, two}, []kscope.TriggerRef{first, second}, first, map[string]string{"of": "one"}, true}
			if d := cmp.Diff(want, *ask); d != "" {
				t.Error(d)
			}
		}
		changed := scaledObject("a", two, one)
		changed.Fact.(kscope.ScaledObject).Triggers[1].Metadata["of"] = "another"
		s.Follow(changed)
		s.Follow(scaledObject("b", one)) // not alone any more
		time.Sleep(time.Second)
		news()
		if len(f.asks) < 2 {
			t.Error("a trigger was changed and nobody asked anew")
		}
		s.Follow(kscope.Observation{Fact: kscope.Gone{Kind: kscope.ScaledObjects, Ref: target}})
		s.Follow(kscope.Observation{Fact: kscope.Gone{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "b"}}})
		time.Sleep(time.Second)
		if gone := of[kscope.Gone](news()); len(gone) != 1 || gone[0].Ref.Name != "here" || f.closed == 0 {
			t.Errorf("got %+v, and it hung up %d times", gone, f.closed)
		}
	})
}

// Jobs come in batches, one push after the other, and each is another.
func TestPush(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		s.Follow(scaledObject("a", one))
		var work sync.WaitGroup
		for range 20 {
			work.Go(func() {
				if err := s.Load(context.Background(), load.Load{Backlog: one, Target: target, Profile: load.BatchOf(2500)}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		time.Sleep(minGap)
		all := news()
		depths, pushes := of[kscope.Depths](all), ends(all)
		if n := depths[len(depths)-1].All[0].N; len(pushes) != 20 || n != 50_000 {
			t.Errorf("told of %d times, and %v are in", len(pushes), n)
		}
		next := int64(1)
		for i, b := range f.batches {
			if b.Fresh != (i%3 == 0) || b.first != next || b.Side != load.Head || b.Alike {
				t.Errorf("batch %d is %+v", i, b)
			}
			next += []int64{1000, 1000, 500}[i%3]
		}
	})
}

func TestPushFails(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		push := func(want string, accepted int64) {
			t.Helper()
			err := s.Load(context.Background(), load.Load{Backlog: one, Profile: load.BatchOf(10)}, nil)
			got := ends(news())
			if err == nil || err.Error() != want || len(got) != 1 || got[0].Err != want || got[0].Accepted != accepted {
				t.Errorf("got %v and %+v, want %q", err, got, want)
			}
		}
		f.set(func() { f.err = &kscope.Trouble{Message: "the server is away", Hint: "wait"} })
		push("the server is away", 0)
		f.set(func() { f.half = true })
		push("it went away after 5 of 10 jobs; 5 more were sent and may or may not be in", 5)
		if len(f.batches) != 2 {
			t.Errorf("%d batches for two pushes", len(f.batches))
		}
		err := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "batch:10")}, nil)
		all := of[kscope.Loading](news())
		if last := all[len(all)-1]; err == nil || last.State != kscope.LoadFailed || last.Accepted != 5 || last.Unknown != 5 {
			t.Errorf("got %v and %+v", err, last)
		}
	})
}

func TestPurge(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		f.set(func() { f.lengths[one] = 42 })
		err := s.Purge(context.Background(), load.Purge{Backlog: one, Target: target})
		if got := of[kscope.Purged](news()); err != nil || len(got) != 1 || got[0] != (kscope.Purged{Backlog: one, Target: target, Lost: 42}) {
			t.Errorf("got %v and %+v", err, got)
		}
		f.set(func() { f.err = &kscope.Trouble{Message: "no", Hint: ""} })
		err = s.Purge(context.Background(), load.Purge{Backlog: one})
		if got := of[kscope.Purged](news()); err == nil || len(got) != 1 || got[0].Err != "no" {
			t.Errorf("got %v and %+v", err, got)
		}
	})
}

// A connection to put jobs in by is not kept for nobody: it is closed a while
// after the last use, and not while there is one.
func TestHangsUpWhenNothingIsPutIn(t *testing.T) {
	bubble(t, Options{Interval: time.Hour}, func(s *Source, f *fake, _ func() []kscope.Fact) {
		ctx, cancel := context.WithCancel(context.Background()) // of the bubble
		defer cancel()
		closed := func() (n int) {
			synctest.Wait()
			f.set(func() { n = f.closed })
			return n
		}
		for range 3 {
			before := closed()
			if err := s.Load(ctx, load.Load{Backlog: one, Target: target, Profile: load.BatchOf(10)}, nil); err != nil {
				t.Error(err)
			}
			for range 10 { // in use now and then
				time.Sleep(hangUpAfter / 2)
				if err := s.Purge(ctx, load.Purge{Backlog: one, Target: target}); err != nil {
					t.Error(err)
				}
			}
			if n := closed(); n != before {
				t.Errorf("closed %d times while it was in use", n-before)
			}
			time.Sleep(2 * hangUpAfter)
			if n := closed(); n != before+1 {
				t.Errorf("closed %d times after its use", n-before)
			}
		}
		// One that lasts is in use all the time.
		before := closed()
		steady, err := load.ParseProfile("steady:1/s,5m")
		if err != nil {
			t.Error(err)
		} else if err := s.Load(ctx, load.Load{Backlog: one, Target: target, Profile: steady}, nil); err != nil {
			t.Error(err)
		}
		if n := closed(); n != before {
			t.Errorf("closed %d times during a load", n-before)
		}
	})
}

func TestNothingIsPutIn(t *testing.T) {
	bubble(t, Options{ReadOnly: true}, func(s *Source, f *fake, news func() []kscope.Fact) {
		purge := s.Purge(context.Background(), load.Purge{Backlog: one})
		batch := s.Load(context.Background(), load.Load{Backlog: one, Profile: load.BatchOf(1)}, nil)
		load := s.Load(context.Background(), load.Load{Backlog: one, Profile: profile(t, "steady:1/s")}, nil)
		for _, err := range []error{batch, purge, load} {
			if !errors.Is(err, errReadOnly) && (err == nil || err.Error() != errReadOnly.Error()) {
				t.Errorf("got %v", err)
			}
		}
		if len(news()) != 3 || len(f.batches) != 0 {
			t.Error("something was put in, or not told of")
		}
	})
	s := New(map[string]Technology{"fake": &fake{}}, Options{})
	if err := s.Load(context.Background(), load.Load{Backlog: one, Profile: load.BatchOf(1)}, nil); !errors.Is(err, errNotRunning) {
		t.Errorf("got %v before it runs", err)
	}
}

// broken is a meter with a defect.
type broken struct{ fake }

func (b *broken) Meter(string, kscope.Backlog) Meter { return b }
func (b *broken) Measure(context.Context, *Ask, []Reading) (time.Duration, error) {
	panic("oh dear")
}

func TestPanicBecomesAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(map[string]Technology{"fake": &broken{}}, Options{})
		s.Follow(scaledObject("a", one))
		err := s.Run(t.Context(), func(kscope.Fact) {})
		if err == nil || !strings.HasPrefix(err.Error(), "measuring fake here: oh dear\n") {
			t.Errorf("got %v", err)
		}
	})
}

// A source measures what its own broker has, and leaves the rest to others.
func TestFollowsItsOwnBroker(t *testing.T) {
	bubble(t, Options{}, func(s *Source, f *fake, news func() []kscope.Fact) {
		other := two
		other.Broker = "another"
		s.Follow(scaledObject("one", other, one))
		time.Sleep(minGap)
		all := of[kscope.Depths](news())
		if len(all) != 1 || len(all[0].All) != 1 || all[0].All[0].Backlog != one {
			t.Errorf("got %+v", all)
		}
	})
}
