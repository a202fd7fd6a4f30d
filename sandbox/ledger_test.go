package sandbox

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/sandbox/world"
)

// oneLook is how often the queues are looked at, and what a deed takes to be seen.
const oneLook = 250*time.Millisecond + 60*time.Millisecond

// TestLedger holds what the ledger says of stories against what was done in them:
// marks within one look, pod-seconds within 2 %, and jobs and waits within what is
// stated of them.
func TestLedger(t *testing.T) {
	for _, n := range ledgerStories() {
		s := storyOf(healthy, n)
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				out := tell(t, s)
				out.rig.mu.Lock()
				defer out.rig.mu.Unlock()
				id := kscope.ID{Kind: kscope.ScaledObjects, Ref: hero}
				c, _ := out.rig.store.Chain(id)
				all := explain.Ledger(out.rig.store, &c, explain.Timeline(out.rig.store, id))
				if len(all) == 0 {
					t.Log("no episode")
				}
				for i := range all {
					limit := out.Ended
					if i+1 < len(all) {
						limit = all[i+1].Began
					}
					if *ledgerStory >= 0 {
						t.Logf("%s\n%s", s.about, all[i].JSON(id))
					}
					truth{t, out, &all[i], limit}.check()
				}
			})
		})
	}
}

// ledgerStories are those that the ledger is tried on.
func ledgerStories() (out []int) {
	if *ledgerStory >= 0 {
		return []int{*ledgerStory}
	}
	for n := 0; n < 400; n += *ledgerEvery {
		out = append(out, n)
	}
	const early = 8 // in it workers used to take jobs before they were put in
	if !slices.Contains(out, early) {
		out = append(out, early)
	}
	return out
}

// truth is an episode as it was told, and as it was.
type truth struct {
	*testing.T
	*record
	e     *ledger.Episode
	limit time.Time
}

func (x truth) errorf(format string, args ...any) {
	x.Helper()
	x.Errorf("%s, the episode of %s: %s", x.about, x.e.Began.Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

func (x truth) check() {
	if x.e.Partial {
		return
	}
	x.marks()
	x.pods()
	x.jobs()
}

// first is when something was done first in the episode.
func (x truth) first(from time.Time, is func(world.Deed) bool) time.Time {
	for _, d := range x.deeds {
		if !d.At.Before(from) && !d.At.After(x.e.Until) && is(d) {
			return d.At
		}
	}
	return time.Time{}
}

func (x truth) marks() {
	begin := x.e.Began.Add(-oneLook)
	if w, ok := x.e.Find(ledger.Wanted); ok && x.e.Floor > 0 { // those of the floor may still come
		begin = w.At.Add(-oneLook)
	}
	came := map[string]bool{} // for the episode
	for _, d := range x.deeds {
		if d.What == world.Podded && d.By == "created" && !d.At.Before(begin) {
			came[d.Of.Name] = true
		}
	}
	podded := func(stage string) func(world.Deed) bool {
		return func(d world.Deed) bool { return d.What == world.Podded && d.By == stage && came[d.Of.Name] }
	}
	wrote := func(up bool) func(world.Deed) bool {
		return func(d world.Deed) bool {
			return d.What == world.Wrote && d.Of == hero && (d.To > d.From) == up && d.From != d.To
		}
	}
	want := map[ledger.Kind]time.Time{
		ledger.Wanted:    x.first(begin, wrote(true)),
		ledger.Created:   x.first(begin, podded("created")),
		ledger.Scheduled: x.first(begin, podded("scheduled")),
		ledger.Started:   x.first(begin, podded("started")),
		ledger.Ready:     x.first(begin, podded("ready")),
	}
	for kind, at := range want {
		m, ok := x.e.Find(kind)
		switch {
		case !ok && !at.IsZero() && x.e.Ended.IsZero() && x.e.Until.Sub(at) < oneLook:
		case ok != !at.IsZero():
			x.errorf("mark %d is there: %v, and was done: %v", kind, ok, at)
		case ok && m.At.Sub(at).Abs() > oneLook:
			x.errorf("mark %d is said to be of %v, and was of %v", kind, m.At.Sub(x.e.Began), at.Sub(x.e.Began))
		}
	}
	if m, ok := x.e.Find(ledger.FirstJob); ok && x.e.Floor == 0 && !slices.ContainsFunc(x.beats, func(b beat) bool {
		return b.jobs > 0 && x.Began.Add(b.at).Sub(m.At).Abs() <= oneLook
	}) {
		x.errorf("no job came when the first is said to have come")
	}
	if m, ok := x.e.Find(ledger.Rest); ok {
		last := time.Time{}
		for _, d := range x.deeds {
			if wrote(false)(d) && !d.At.After(x.e.Ended.Add(oneLook)) {
				last = d.At
			}
		}
		if m.At.Sub(last).Abs() > oneLook {
			x.errorf("the last step is said to be of %v, and was of %v", m.At.Sub(x.e.Began), last.Sub(x.e.Began))
		}
		if c, ok := x.e.Find(ledger.Cooled); ok {
			polled := time.Time{} // the last one before the step: the cooldown was not over
			for _, d := range x.deeds {
				if d.What == world.Polled && d.At.Before(m.At.Add(-time.Second)) {
					polled = d.At
				}
			}
			if c.At.Before(polled.Add(-oneLook)) {
				x.errorf("the cooldown is said to be over at %v, and a poll at %v did not think so", c.At.Sub(x.e.Began), polled.Sub(x.e.Began))
			}
		}
	}
}

func (x truth) pods() {
	alive := map[string]bool{}
	total, last := 0.0, x.Began
	add := func(until time.Time) {
		if from := last; until.After(x.e.Began) {
			if from.Before(x.e.Began) {
				from = x.e.Began
			}
			total += float64(len(alive)) * until.Sub(from).Seconds()
		}
		last = until
	}
	for _, d := range x.deeds {
		if d.What != world.Podded || d.At.After(x.e.Until) {
			continue
		}
		add(d.At)
		switch d.By {
		case "created":
			alive[d.Of.Name] = true
		case "finished", "gone":
			delete(alive, d.Of.Name)
		}
	}
	add(x.e.Until)
	got := x.e.Cost.PodSeconds
	if !got.Known || math.Abs(got.N-total) > 0.02*total+0.5 {
		x.errorf("%+v pod-seconds, were %.1f", got, total)
	}
}

// jobs are the waits of all that came in the episode and were taken, each queue's
// first in, first out.
func (x truth) jobs() {
	end := x.e.Ended
	if x.e.Open() {
		end = x.e.Until
	}
	var waits []float64
	done := 0
	queues := map[string][]time.Time{}
	for _, b := range x.beats {
		if at := x.Began.Add(b.at); b.jobs > 0 && !at.After(end.Add(oneLook)) {
			for range b.jobs {
				queues[b.queue.Key] = append(queues[b.queue.Key], at)
			}
		}
	}
	for key, puts := range queues {
		n := 0
		for _, d := range x.deeds {
			if d.What != world.Took || d.By != key || d.At.After(end) {
				continue
			}
			if n >= len(puts) {
				break
			}
			if d.At.After(x.e.Began.Add(-oneLook)) {
				if done++; puts[n].Before(x.e.Began.Add(-oneLook)) {
					n++ // nobody says how long it waited
					continue
				}
				if d.At.After(end.Add(-oneLook)) {
					n++ // no look showed it any more
					continue
				}
				wait := d.At.Sub(puts[n])
				if wait < -time.Millisecond { // as fine as the beats of a story are
					x.errorf("a job was taken %v before it was put in", -wait)
				}
				waits = append(waits, max(wait.Seconds(), 0))
			}
			n++
		}
	}
	c := &x.e.Cost
	if !c.Jobs.Known {
		x.errorf("jobs are not known")
		return
	}
	if c.Jobs.N > float64(done)+0.5 || !c.Jobs.AtLeast && c.Jobs.N < float64(done)-0.5 {
		x.errorf("jobs %+v, were %d", c.Jobs, done)
	}
	if len(waits) == 0 || !c.Waits.Mean.Known {
		return
	}
	slices.Sort(waits)
	mean := 0.0
	for _, w := range waits {
		mean += w / float64(len(waits))
	}
	for what, y := range map[string]struct {
		is ledger.Range
		w  float64
	}{"mean": {c.Waits.Mean, mean}, "p95": {c.Waits.P95, waits[(len(waits)*95+99)/100-1]}, "longest": {c.Waits.Peak, waits[len(waits)-1]}} {
		if y.w > y.is.High.Seconds()+0.06 || y.w < y.is.Low.Seconds()-0.06 {
			x.errorf("the %s wait is said to be in %v, and was %.3f s", what, y.is, y.w)
		}
	}
}

var ledgerStory = flag.Int("ledger-story", -1, "TestLedger plays this healthy story alone")

var ledgerEvery = flag.Int("ledger-every", 57, "TestLedger plays one healthy story in so many")
