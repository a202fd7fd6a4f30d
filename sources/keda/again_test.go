package keda

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
)

// TestAgain: with many objects the news that KEDA saw work again waits for others
// of its kind, and no other news does; with few, none.
func TestAgain(t *testing.T) {
	for _, many := range []bool{false, true} {
		t.Run(fmt.Sprint("many ", many), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []string
				a := newAgain(func(f kscope.Fact) {
					mu.Lock()
					defer mu.Unlock()
					switch f := f.(type) {
					case kscope.ScaledObject:
						got = append(got, fmt.Sprint(f.Ref.Name, " ", f.MaxReplicaCount, " ", f.LastActiveTime.Unix()))
					case kscope.Gone:
						got = append(got, f.Ref.Name+" gone")
					}
				})
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { a.run(ctx); close(ended) }()
				object := func(name string, most int32, active int64) kscope.ScaledObject {
					return kscope.ScaledObject{Ref: kscope.Ref{Name: name}, UID: name, MaxReplicaCount: most, LastActiveTime: time.Unix(active, 0)}
				}
				for i := range againAbove * 2 {
					if many || i < 3 {
						a.pass(object(fmt.Sprint("so", i), 5, 0))
					}
				}
				first := len(got)
				expect := func(when string, want ...string) {
					t.Helper()
					synctest.Wait()
					mu.Lock()
					now := slices.Clone(got[first:])
					mu.Unlock()
					if slices.Sort(now); !slices.Equal(now, want) {
						t.Errorf("%s: %q, want %q", when, now, want)
					}
				}
				a.pass(object("so0", 5, 1))
				a.pass(object("so1", 5, 1))
				if !many {
					expect("at once", "so0 5 1", "so1 5 1")
					cancel()
					<-ended
					return
				}
				expect("at once")
				a.pass(object("so2", 6, 1)) // an edit
				expect("news", "so2 6 1")
				a.pass(object("so0", 5, 2))                           // newer
				a.pass(object("so1", 7, 2))                           // and edited
				a.pass(object("so3", 5, 1))                           // and deleted
				a.pass(kscope.Gone{Ref: kscope.Ref{Name: "so3"}})     //
				expect("more news", "so1 7 2", "so2 6 1", "so3 gone") // nothing old follows
				time.Sleep(againEvery)
				expect("later", "so0 5 2", "so1 7 2", "so2 6 1", "so3 gone")
				time.Sleep(time.Hour)
				expect("an hour later", "so0 5 2", "so1 7 2", "so2 6 1", "so3 gone")
				cancel()
				<-ended
			})
		})
	}
}
