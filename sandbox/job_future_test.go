package sandbox

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// TestJobFuture: what is expected of the Jobs of a ScaledJob is what comes, once some were
// seen to end; before that only KEDA's next look is known.
func TestJobFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := Options{Seed: 5, ServiceTime: 20 * time.Second, ServiceSpread: 0.2, StartTime: 2 * time.Second}
		var err error
		if o.Manifests, err = Load([]string{"-"}, strings.NewReader(reportsJob)); err != nil {
			t.Fatal(err)
		}
		r := run(t, o)
		id := kscope.ID{Kind: kscope.ScaledJobs, Ref: kscope.Ref{Namespace: "demo", Name: "reports"}}
		look := func() (explain.Picture, outlook.Future, bool) {
			r.mu.Lock()
			defer r.mu.Unlock()
			p, _ := explain.Look(r.store, id)
			f, ok := p.Future(time.Minute, time.Second)
			return p, f, ok
		}
		push := func(jobs int64) {
			r.push(id.Ref, triggers.Redis{Address: "redis.demo:6379", Key: "reports"}.Backlog(), jobs)
		}
		if _, f, ok := look(); ok {
			t.Errorf("before KEDA was seen to look: %+v", f)
		}
		r.pass(3 * time.Second)
		push(10)
		r.pass(15 * time.Second)
		push(3) // none of these can begin: four run, which is the most
		if _, f, ok := look(); !ok || f.Queue != nil || !math.IsNaN(f.Points[5].Ready.Likely) || len(f.Marks) != 1 || f.Marks[0].By != store.KEDA || f.Marks[0].Step {
			t.Errorf("before any Job ended: %v %+v", ok, f)
		}
		r.pass(2 * time.Minute)
		push(20)
		r.pass(12 * time.Second)
		_, f, ok := look()
		if !ok || f.Queue == nil || !f.Due || len(f.Points) != 61 {
			t.Fatalf("once some have ended: %v %+v", ok, f)
		}
		if i := slices.IndexFunc(f.Marks, func(m outlook.Due) bool { return m.Step && m.Up && m.High == 4 }); i < 0 {
			t.Errorf("no Jobs are expected to be made: %+v", f.Marks)
		}
		const slack = 8 // a Job takes between 14 and 26 s, and KEDA looks every 10
		for i, e := range f.Points[1:] {
			r.pass(time.Second)
			p, _, _ := look()
			near := func(is float64, of func(outlook.Expected) outlook.Range, about float64) bool {
				for _, x := range f.Points[max(i+1-slack, 0):min(i+2+slack, len(f.Points))] {
					if is >= of(x).Low-about && is <= of(x).High+about {
						return true
					}
				}
				return false
			}
			if is := p.Readings[0].Value; !near(is, func(x outlook.Expected) outlook.Range { return x.Queue }, 1) {
				t.Errorf("%d s on: %v wait, expected %+v", i+1, is, e.Queue)
			}
			if is := float64(*p.Ready); !near(is, func(x outlook.Expected) outlook.Range { return x.Ready }, 0) {
				t.Errorf("%d s on: %v work, expected %+v", i+1, is, e.Ready)
			}
		}
	})
}
