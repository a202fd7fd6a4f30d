package kscope

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// source is a source in a line.
type source struct {
	name string
	run  func(ctx context.Context, emit func(Fact)) error
}

func (s source) Name() string { return s.name }

func (s source) Run(ctx context.Context, emit func(Fact)) error { return s.run(ctx, emit) }

// pass lets the time of a bubble pass, which costs none.
func pass(d time.Duration) { <-time.After(d) }

func jobNamed(n int) ScaledJob { return ScaledJob{Ref: Ref{Name: fmt.Sprint(n)}} }

func named(o Observation) string {
	if j, ok := o.Fact.(ScaledJob); ok {
		return j.Ref.Name
	}
	return ""
}

func TestMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		steady := source{"steady", func(ctx context.Context, emit func(Fact)) error {
			for i := 0; ctx.Err() == nil; i++ {
				emit(jobNamed(i))
				select {
				case <-time.After(300 * time.Millisecond):
				case <-ctx.Done():
				}
			}
			return nil
		}}
		failing := source{"failing", func(context.Context, func(Fact)) error { return errors.New("no route") }}
		panicking := source{"panicking", func(context.Context, func(Fact)) error { panic("no such key") }}
		started := time.Now()
		seen := map[string][]Observation{}
		out := Merge(ctx, time.Now, steady, failing, panicking)
		for o := range out {
			if o.At.Before(started) || o.At.After(time.Now()) {
				t.Errorf("stamped %v at %v", o.At, time.Now())
			}
			seen[o.Source] = append(seen[o.Source], o)
			if time.Since(started) > 2900*time.Millisecond {
				cancel()
			}
		}
		if n := len(seen["steady"]); n != 10 && n != 11 {
			t.Errorf("%d facts of the steady source, want one every 300ms", n)
		}
		for i, o := range seen["steady"] {
			if named(o) != fmt.Sprint(i) {
				t.Errorf("fact %d is %q", i, named(o))
			}
		}
		if n := len(seen[""]); n != 2 && n != 3 {
			t.Errorf("%d heartbeats in 3s", n)
		}
		for name, want := range map[string]string{"failing": "no route", "panicking": "panicking stopped by a defect: no such key"} {
			if len(seen[name]) != 1 {
				t.Fatalf("%s said %v", name, seen[name])
			}
			st, ok := seen[name][0].Fact.(Status)
			if !ok || st.State != Failing || !strings.HasPrefix(st.Message, want) {
				t.Errorf("%s said %+v", name, seen[name][0].Fact)
			}
		}
	})
}

// A reader that lags slows the sources down and misses nothing; one that has
// gone holds nobody up.
func TestMergeReaderLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		const n = 3000
		fast := source{"fast", func(ctx context.Context, emit func(Fact)) error {
			var wg sync.WaitGroup
			wg.Go(func() {
				for i := range n {
					emit(jobNamed(i))
				}
			})
			wg.Wait()
			<-ctx.Done()
			emit(jobNamed(-1)) // returns although nobody reads any more
			return errors.New("too late to matter")
		}}
		out := Merge(ctx, time.Now, fast)
		next := 0
		for o := range out {
			if named(o) == "" {
				continue
			}
			if next%1000 == 0 {
				pass(time.Second)
			}
			if named(o) != fmt.Sprint(next) {
				t.Fatalf("got %s, want %d", named(o), next)
			}
			if next++; next == n {
				break
			}
		}
		cancel()
		for range out { // to the close, as whoever cancels must
		}
	})
}

func TestTap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := make(chan Observation)
		var tapped, passed []string
		out := Tap(in, func(o Observation) { tapped = append(tapped, named(o)) })
		go func() {
			for i := range 5 {
				in <- Observation{Fact: jobNamed(i)}
			}
			close(in)
		}()
		for o := range out {
			passed = append(passed, named(o))
		}
		if !slices.Equal(passed, []string{"0", "1", "2", "3", "4"}) || !slices.Equal(passed, tapped) {
			t.Errorf("passed %v, tapped %v", passed, tapped)
		}
	})
}

func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = 50 * time.Millisecond
		in := make(chan Observation)
		out := Batch(in, every)
		started := time.Now()
		go func() {
			defer close(in)
			in <- Observation{Fact: jobNamed(0)} // at once
			pass(10 * time.Millisecond)
			in <- Observation{Fact: jobNamed(1)} // these wait for the interval
			pass(10 * time.Millisecond)
			in <- Observation{Fact: jobNamed(2)}
			pass(480 * time.Millisecond) // a quiet spell
			in <- Observation{Fact: jobNamed(3)}
			for i := range 1000 { // a storm
				in <- Observation{Fact: jobNamed(4 + i)}
			}
		}()
		type batch struct {
			after time.Duration
			n     int
		}
		var got []batch
		next := 0
		for b := range out {
			got = append(got, batch{time.Since(started), len(b)})
			for _, o := range b {
				if named(o) != fmt.Sprint(next) {
					t.Fatalf("got %s, want %d", named(o), next)
				}
				next++
			}
			if len(b) == 0 {
				t.Error("an empty batch")
			}
		}
		if next != 1004 {
			t.Errorf("%d observations came out of 1004", next)
		}
		if len(got) < 3 || got[0] != (batch{0, 1}) || got[1] != (batch{every, 2}) || got[2].after != 500*time.Millisecond {
			t.Errorf("batches %v: the first at once, the next two together after %v, the storm at 500ms", got, every)
		}
		if len(got) > 4 {
			t.Errorf("a storm within a moment came in %d batches", len(got)-2)
		}
	})
}

// While the reader lags the batch grows, and at most one leaves per interval.
func TestBatchReaderLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = 50 * time.Millisecond
		in := make(chan Observation)
		out := Batch(in, every)
		go func() {
			defer close(in)
			for i := range 400 {
				in <- Observation{Fact: jobNamed(i)}
				pass(time.Millisecond)
			}
		}()
		next := 0
		var last time.Time
		for b := range out {
			if now := time.Now(); !last.IsZero() && now.Sub(last) < every && next+len(b) < 400 {
				t.Errorf("two batches within %v", now.Sub(last))
			}
			last = time.Now()
			for _, o := range b {
				if named(o) != fmt.Sprint(next) {
					t.Fatalf("got %s, want %d", named(o), next)
				}
				next++
			}
			pass(120 * time.Millisecond)
		}
		if next != 400 {
			t.Errorf("%d observations came out of 400", next)
		}
	})
}
