package tui

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// sizes are those that the screen is made for.
var sizes = []struct{ w, h int }{{80, 24}, {120, 35}, {200, 55}}

// BenchmarkFrame is a frame of the detail in the middle of the story, after a
// change of the queue.
func BenchmarkFrame(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(b *testing.B) {
			t := newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(30 * time.Second)
			m := tell(t, size.w, size.h)
			q := kscope.Depth{Backlog: t.queue, Type: "list"}
			b.ReportAllocs()
			for b.Loop() {
				q.N = 30 + math.Mod(q.N+1, 30)
				m.Update(seen(kscope.Observation{At: t.at, Source: "redis", Fact: kscope.Depths{Server: t.queue.Server, All: []kscope.Depth{q}}}))
			}
		})
	}
}

// BenchmarkOverview is a frame of the table of 500, after a change in a row
// that can be seen.
func BenchmarkOverview(b *testing.B) {
	t := many(500)
	m := tell(t, 120, 35)
	q := kscope.Depth{Backlog: triggers.Redis{Address: t.queue.Server, Key: m.view.ids[0].Name}.Backlog(), Type: "list"}
	b.ReportAllocs()
	for b.Loop() {
		q.N = 30 + math.Mod(q.N+1, 30)
		m.Update(seen(kscope.Observation{At: t.at, Source: "redis", Fact: kscope.Depths{Server: t.queue.Server, All: []kscope.Depth{q}}}))
	}
}

// BenchmarkNoise is a change of one of the 500 that is not on screen.
func BenchmarkNoise(b *testing.B) {
	t := many(500)
	m := tell(t, 120, 35)
	q := kscope.Depth{Backlog: triggers.Redis{Address: t.queue.Server, Key: m.view.ids[400].Name}.Backlog(), Type: "list"}
	b.ReportAllocs()
	for b.Loop() {
		q.N = 30 + math.Mod(q.N+1, 30)
		m.Update(seen(kscope.Observation{At: t.at, Source: "redis", Fact: kscope.Depths{Server: t.queue.Server, All: []kscope.Depth{q}}}))
	}
}

// BenchmarkIdle is a heartbeat, which is a second of an idle screen.
func BenchmarkIdle(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t := newTale("demo", "worker-scaler").begin().run(90 * time.Second)
			if n > 1 {
				t = many(n)
			}
			m := tell(t, 120, 35)
			b.ReportAllocs()
			for b.Loop() {
				t.at = t.at.Add(time.Second)
				m.Update(seen(kscope.Observation{At: t.at, Fact: kscope.Heartbeat{}}))
			}
		})
	}
}

// BenchmarkTally is the count of what is broken among 500, which comes with a
// frame of the table at most once a second.
func BenchmarkTally(b *testing.B) {
	m := tell(many(500), 120, 35)
	b.ReportAllocs()
	for b.Loop() {
		m.tally = tally{}
		m.count()
	}
}
