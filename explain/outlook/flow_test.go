package outlook

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// TestOwnFlow: what was put in from here hides nothing of what the pods take, however
// the two counts waver against each other; and a batch hides nothing of what others
// put in.
func TestOwnFlow(t *testing.T) {
	for _, tt := range []struct {
		name    string
		own     func(second float64) float64
		taken   float64 // by each of four pods in a second
		others  float64 // a second
		late    float64 // seconds after that the depth shows what was put in; before it, where below 0
		in      float64
		service time.Duration
	}{
		{"as fast as they are taken", func(s float64) float64 { return math.Floor(3 * s) }, 0.75, 0, 0.4, 0, 1333 * time.Millisecond},
		{"faster", func(s float64) float64 { return math.Floor(8 * s) }, 0.5, 0, 0.4, 0, 2 * time.Second},
		{"until half a minute ago", func(s float64) float64 { return math.Floor(8 * min(s, 30)) }, 1, 0, 0.4, 0, time.Second},
		{"counted every other second", func(s float64) float64 { return 6 * math.Floor(s/2) }, 0.75, 0, 0.4, 0, 1333 * time.Millisecond},
		{"a batch, and others slowly", func(s float64) float64 { return map[bool]float64{true: 100}[s > 40] }, 0.5, 0, 0.4, 0, 2 * time.Second},
		{"a batch now and then, counted late", func(s float64) float64 { return 20 * math.Floor((s+3)/10) }, 0.5, 0, -0.8, 0, 2 * time.Second},
		{"a batch now and then, seen late", func(s float64) float64 { return 20 * math.Floor((s+3)/10) }, 0.5, 0, 0.8, 0, 2 * time.Second},
		{"a batch, and others faster", func(s float64) float64 { return map[bool]float64{true: 100}[s > 50] }, 0, 3, 0.4, 3, 0},
	} {
		var depth, own, ready store.Series
		for s := 0.0; s <= 60; s += 0.25 {
			put := tt.own(s)
			own.Add(after(s), put)
			depth.Add(after(s), 300+math.Floor(tt.own(max(s-tt.late, 0))+tt.others*s-4*tt.taken*s))
			ready.Add(after(s), 4)
		}
		in, service := flowOf(&depth, &own, &ready, after(60))
		if math.Abs(in-tt.in) > 0.3 || (service-tt.service).Abs() > tt.service/10 {
			t.Errorf("%s: %v/s in, a pod is busy for %v, want %v and %v", tt.name, in, service, tt.in, tt.service)
		}
	}
}

// TestFlow is how fast a queue is emptied by a pod, and what comes in steadily.
func TestFlow(t *testing.T) {
	for _, tt := range []struct {
		name    string
		depth   func(second int) float64
		ready   float64
		in      float64
		service time.Duration
	}{
		{"four pods take one each second", func(s int) float64 { return float64(400 - 4*s) }, 4, 0, time.Second},
		{"ten take one in two seconds", func(s int) float64 { return float64(2000 - 5*s) }, 10, 0, 2 * time.Second},
		{"nothing moves", func(int) float64 { return 30 }, 4, 0, 0},
		{"it fills at three a second", func(s int) float64 { return float64(3 * s) }, 0, 3, 0},
		{"it fills although two take one a second", func(s int) float64 {
			return map[bool]float64{true: float64(60 - 2*s), false: float64(3*s - 90)}[s <= 30] + 1
		}, 2, 5, time.Second},
		{"all is taken out at once", func(s int) float64 { return map[bool]float64{true: 0, false: 100}[s > 30] }, 10, 0, 0},
		{"most is, twice", func(s int) float64 { return 40 - float64(s/20)*16 }, 8, 0, 0},
		{"as many are taken as there are pods", func(s int) float64 { return map[bool]float64{true: 32, false: 40}[s > 30] }, 8, 0, 60 * time.Second},
		{"a batch is no rate", func(s int) float64 { return map[bool]float64{true: 500, false: 0}[s > 50] }, 0, 0, 0},
		{"what came has stopped", func(s int) float64 { return float64(min(3*s, 160)) }, 0, 0, 0},
	} {
		var depth, ready store.Series
		for s := range 61 {
			depth.Add(after(float64(s)), tt.depth(s))
			ready.Add(after(float64(s)), tt.ready)
		}
		in, service := flowOf(&depth, &store.Series{}, &ready, after(60))
		if math.Abs(in-tt.in) > 0.3 || (service-tt.service).Abs() > tt.service/20 {
			t.Errorf("%s: %v/s in, a pod is busy for %v, want %v and %v", tt.name, in, service, tt.in, tt.service)
		}
	}
}

// TestCourse is how a value goes on of which only the HPA tells, of 5 for each pod, 40 s
// after the first of its syncs that is told of.
func TestCourse(t *testing.T) {
	sync := func(second float64, each float64, pods int32) store.Sync {
		return store.Sync{At: after(second), Computed: true, Current: pods, Desired: pods, Values: []float64{each}}
	}
	for _, tt := range []struct {
		name  string
		ready float64 // pods, all the time
		now   float64
		syncs []store.Sync // as far as they showed
		by    float64
		in    float64
		once  bool
		is    bool // new
		pace  time.Duration
	}{
		{"it grows by three a second", 4, 40, []store.Sync{sync(0, 10, 4), sync(15, 21.25, 4), sync(30, 32.5, 4)}, 160, 3, false, false, 0},
		{"it did so once", 4, 40, []store.Sync{sync(0, 10, 4), sync(30, 21.25, 4)}, 115, 3, true, false, 0},
		{"it falls by two a second, by four pods", 4, 40, []store.Sync{sync(0, 50, 4), sync(15, 42.5, 4), sync(30, 35, 4)}, 120, 0, false, false, 2 * time.Second},
		{"as much comes as four pods can do by what they did", 4, 46, []store.Sync{sync(0, 50, 4), sync(15, 42.5, 4), sync(30, 42.6, 4)}, 170, 2, true, false, 2 * time.Second},
		{"it was not told of before", 4, 40, []store.Sync{sync(30, 35, 4)}, 140, 0, false, true, 0},
		{"it is none", 4, 40, []store.Sync{sync(15, 10, 4), sync(30, 0, 4)}, 0, 0, false, false, 0},
	} {
		c, is := known(tt.now, int32(tt.ready), func(float64) float64 { return 0 }, nil, tt.syncs...)
		c.Past.Ready.Add(after(-60), tt.ready)
		c.Past.Ready.Extend(is.Now)
		s := &source{Reading: c.Readings[0]}
		s.From, s.Place = store.FromHPA, 0
		last := &tt.syncs[len(tt.syncs)-1]
		s.Value, _ = c.In(0, last)
		got := courseOf(s, c, is, spacing)
		near := func(a, b float64) bool { return math.Abs(a-b) <= 0.02*max(b, 2) }
		if !near(got.by, tt.by) || !near(got.in, tt.in) || got.once != tt.once || got.new != tt.is || (got.service-tt.pace).Abs() > tt.pace/50 {
			t.Errorf("%s: %+v, want %+v", tt.name, got, course{by: tt.by, in: tt.in, once: tt.once, new: tt.is, service: tt.pace})
		}
	}
}

// growing is a chain of which only the HPA tells, whose metric came to such totals at its
// syncs every 15 s, with so many pods ready from such seconds on.
func growing(now float64, totals []float64, ready map[float64]float64) (*source, *store.Chain, Seen) {
	var syncs []store.Sync
	for i, total := range totals {
		syncs = append(syncs, store.Sync{At: after(15 * float64(i)), Computed: true, Current: 10, Desired: 10, Values: []float64{total / 10}})
	}
	policies := func(p ...kscope.ScalingPolicy) kscope.Direction { return kscope.Direction{Select: "Max", Policies: p} }
	forgets := &kscope.Behavior{
		Up:   policies(kscope.ScalingPolicy{Type: "Percent", Value: 100, Period: 15 * time.Second}),
		Down: policies(kscope.ScalingPolicy{Type: "Percent", Value: 100, Period: 15 * time.Second}),
	}
	c, is := known(now, 10, func(float64) float64 { return 0 }, forgets, syncs...)
	for _, at := range slices.Sorted(maps.Keys(ready)) {
		c.Past.Ready.Add(after(at), ready[at])
		is.Ready = int32(ready[at])
	}
	c.Past.Ready.Extend(is.Now)
	r := &c.Readings[0]
	r.From, r.Place, r.Value = store.FromHPA, 0, totals[len(totals)-1]
	is.Main = *r
	return &source{Reading: *r}, c, is
}

// TestCourseOfMorePods: pods take jobs for as long as they were ready, and not for as long
// as they are there.
func TestCourseOfMorePods(t *testing.T) {
	s, c, is := growing(40, []float64{200, 170, 140}, map[float64]float64{-60: 2, 35: 6})
	if got := courseOf(s, c, is, 15*time.Second); math.Abs(got.by-100) > 0.1 || got.service != time.Second || got.quick != nil {
		t.Errorf("two pods a job each second, and then six: %+v", got)
	}
}

// TestQuickPods: what pods do and what comes meanwhile are told apart by how a value went
// with other numbers of pods, or when it fell. Where that may turn it round nothing is sure.
func TestQuickPods(t *testing.T) {
	for _, tt := range []struct {
		name   string
		totals []float64
		ready  map[float64]float64
		in     float64 // of the quick, 0 for none
		pace   time.Duration
		unsure bool
	}{
		{"two more pods took two a second", []float64{20, 65, 80}, map[float64]float64{-60: 2, 15: 4, 31: 12}, 5, time.Second, true},
		{"as many, and half of what came may be", []float64{100, 130, 160}, map[float64]float64{-60: 4}, 4, 2 * time.Second, false},
		{"it has fallen faster than last", []float64{200, 155, 152, 152}, map[float64]float64{-60: 4}, 3, 1333 * time.Millisecond, false},
		{"nothing comes", []float64{200, 170, 140}, map[float64]float64{-60: 4}, 0, 0, false},
	} {
		now := 15*float64(len(tt.totals)-1) + 5
		s, c, is := growing(now, tt.totals, tt.ready)
		got := courseOf(s, c, is, 15*time.Second)
		switch q := got.quick; {
		case q == nil && tt.in > 0, q != nil && (math.Abs(q.in-tt.in) > 0.05 || (q.service-tt.pace).Abs() > 5*time.Millisecond):
			t.Errorf("%s: %+v", tt.name, q)
		}
		m, ok := Of(c, is)
		if o := m.Next(); !ok || o.Sure == tt.unsure && o.Some {
			t.Errorf("%s: %v %+v", tt.name, ok, o)
		}
	}
}

// TestSampledCourse: of what is counted once a minute two syncs 15 s apart tell of no rate,
// whatever they say.
func TestSampledCourse(t *testing.T) {
	s, c, is := growing(40, []float64{200, 170, 140}, map[float64]float64{-60: 2})
	s.Trigger.Type = "gcp-pubsub"
	if got := courseOf(s, c, is, 15*time.Second); got != (course{by: 140, new: true}) {
		t.Errorf("%+v", got)
	}
}
