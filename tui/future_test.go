package tui

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/tui/screen"
)

// dueTales are moments at which something is due, and one at which nothing is.
var dueTales = []struct {
	name string
	tale func() *tale
}{
	{"ramp-up", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(300).run(18 * time.Second)
	}},
	{"draining", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(38 * time.Second)
	}},
	{"cooling-down", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(66 * time.Second)
	}},
	{"nothing-due", func() *tale { return newTale("demo", "worker-scaler").begin().run(20 * time.Second) }},
}

// reporting is a tale of a ScaledJob: KEDA looks every 10 s and makes four Jobs at most, each
// of which takes one of the queue after 2 s and is done 20 s later.
func reporting(pushes map[time.Duration]int64, length time.Duration) *tale {
	t, sj := newTale("demo", "nobody"), theJob()
	sj.MaxReplicaCount, sj.Conditions[1].Status, t.queue = 4, "False", reports
	for _, k := range []kscope.Kind{kscope.ScaledObjects, kscope.Deployments, kscope.HPAs, kscope.Pods, kscope.Events, kscope.Jobs} {
		t.say(kscope.Status{Kind: k, State: kscope.Synced})
	}
	t.say(sj, kscope.Status{Kind: kscope.ScaledJobs, State: kscope.Synced})
	t.measure()
	t.say(kscope.Status{Kind: kscope.Queues, Name: t.queue.Server, State: kscope.Synced})
	var jobs []kscope.Job
	running := 0
	for since := time.Duration(0); since < length; since += 250 * time.Millisecond {
		t.at = taleStart.Add(since)
		t.depth += pushes[since]
		for i := range jobs {
			j := &jobs[i]
			pod := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: j.UID + "-x"}, UID: j.UID + "-x", OwnerUID: j.UID, Labels: map[string]string{kscope.JobLabel: "nightly"}, Created: j.Created, Phase: "Running", Scheduled: true, Ready: true, ReadySince: t.at}
			switch t.at.Sub(j.Created) {
			case 2 * time.Second:
				t.depth--
				t.say(pod)
			case 22 * time.Second:
				pod.Phase, pod.Ready, j.Ended = "Succeeded", false, t.at
				running--
				t.say(pod, *j)
			}
		}
		if since > 0 && since%(10*time.Second) == 0 {
			if sj.Conditions = slices.Clone(sj.Conditions); t.depth > 0 {
				sj.LastActiveTime, sj.Conditions[1].Status = t.at, "True"
			} else {
				sj.Conditions[1].Status = "False"
			}
			for n := min(int(t.depth), 4-running); n > 0; n-- {
				j := kscope.Job{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("nightly-", len(jobs))}, UID: fmt.Sprint("nightly-", len(jobs)), ScaledJob: "nightly", Created: t.at}
				jobs, running = append(jobs, j), running+1
				t.say(j, kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: j.UID + "-x"}, UID: j.UID + "-x", OwnerUID: j.UID, Labels: map[string]string{kscope.JobLabel: "nightly"}, Created: t.at, Phase: "Pending", Scheduled: true})
			}
			t.say(sj)
		}
		t.measure()
		if since%time.Second == 0 {
			t.say(kscope.Heartbeat{})
		}
	}
	return t
}

// heard is a model of a size that hears a tale as it goes, and not all at once: that pods are
// those of a Job is known with what comes next.
func heard(t *tale, w, h int, change ...func(*Options)) *Model {
	all := t.out
	t.out = nil
	m := tell(t, w, h, change...)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].At.Equal(all[0].At) {
			n++
		}
		m.Update(seen(all[:n]...))
		all = all[n:]
	}
	return m
}

// TestFutureOfJobs is what is expected of a ScaledJob: KEDA's next look while no Job was seen
// to end, then the queue and the Jobs that work, by the same key as that of the others.
func TestFutureOfJobs(t *testing.T) {
	first := map[time.Duration]int64{5 * time.Second: 9}
	for _, s := range sizes {
		golden.Compare(t, fmt.Sprintf("future/jobs-%dx%d.txt", s.w, s.h), heard(reporting(first, 57*time.Second), s.w, s.h).grid.Plain())
	}
	more := map[time.Duration]int64{5 * time.Second: 3, 13 * time.Second: 9}
	golden.Compare(t, "future/jobs-not-seen-to-end-120x35.txt", heard(reporting(more, 15*time.Second), 120, 35).grid.Plain())
	m := heard(reporting(first, 57*time.Second), 120, 35)
	if with := m.window(); with.ahead == 0 {
		t.Error("there is no room for what is expected")
	}
	if press(m, "F"); m.window().ahead != 0 {
		t.Error("F does not take it away")
	}
}

// TestFuture compares what is expected with golden files, at all sizes and in all
// looks.
func TestFuture(t *testing.T) {
	for _, a := range dueTales {
		for _, s := range sizes {
			golden.Compare(t, fmt.Sprintf("future/%s-%dx%d.txt", a.name, s.w, s.h), tell(a.tale(), s.w, s.h).grid.Plain())
		}
	}
	m := tell(dueTales[0].tale(), 120, 35)
	press(m, "c")
	golden.Compare(t, "future/stacked-120x35.txt", m.grid.Plain())
	golden.Compare(t, "future/ascii-80x24.txt", tell(dueTales[0].tale(), 80, 24, func(o *Options) { o.ASCII, o.NoColor = true, true }).grid.Plain())
	m = tell(dueTales[0].tale(), 80, 24, func(o *Options) { o.Theme = "light" })
	golden.Compare(t, "future/light-80x24.txt", m.grid.Plain())
	const axis = 6
	for i, c := range m.grid.Cells() {
		if i%80 > axis+m.window().cols && strings.ContainsRune("╺•╎", c.Rune) && (c.Style.Bg != 0 || c.Style.Attr&screen.Bold != 0) {
			t.Errorf("%q of what is expected looks like what was observed: %+v", c.Rune, c.Style)
		}
	}
	golden.Compare(t, "future/no-color-80x24.txt", tell(dueTales[0].tale(), 80, 24, func(o *Options) { o.NoColor = true }).grid.Plain())
}

// TestFutureIsCalm: over a whole story the chart makes room for what is expected,
// and takes it back, once each; nothing that was measured is drawn in it, and a key
// takes it away.
func TestFutureIsCalm(t *testing.T) {
	ta := newTale("demo", "worker-scaler").begin().run(29 * time.Second)
	m := tell(ta, 120, 35)
	ta.push(100)
	turns, was := 0, false
	for range 150 {
		m.Update(ta.run(time.Second).take())
		if m.drawn.ahead != was {
			turns, was = turns+1, m.drawn.ahead
		}
		if win := m.window(); win.ahead > 0 && !win.to.Add(-win.bin).Equal(m.drawn.chart.Truncate(win.bin)) {
			t.Fatalf("what was observed ends at %s, now is %s", win.to, m.drawn.chart)
		}
		if has := strings.Contains(m.grid.Plain(), "expected"); was && !has {
			t.Errorf("%s: the chart does not say what is expected:\n%s", ta.at, m.grid.Plain())
		}
	}
	if turns != 2 {
		t.Errorf("the room for what is expected came and went %d times, want 2", turns)
	}
	m = tell(dueTales[0].tale(), 120, 35)
	with := m.window()
	press(m, "F")
	if win := m.window(); with.ahead == 0 || win.ahead != 0 || m.drawn.ahead {
		t.Errorf("F takes %d columns of the future to %d", with.ahead, win.ahead)
	}
	if press(m, "F"); m.window() != with {
		t.Error("F again does not bring back what it took")
	}
}

// TestFutureComesTrue: what was expected of a story is what comes, while nothing
// unforeseen does, a poll of KEDA's earlier or later: the tale knows no fractions of
// a second.
func TestFutureComesTrue(t *testing.T) {
	const slack = 7
	for name, after := range map[string]time.Duration{"ramp up": 18 * time.Second, "draining": 38 * time.Second, "cooling down": 66 * time.Second} {
		t.Run(name, func(t *testing.T) {
			ta := newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(after)
			m := tell(ta, 120, 35)
			p, _ := m.picture()
			f, ok := p.Future(20*time.Second, time.Second)
			if !ok || !f.Due || len(f.Points) != 21 {
				t.Fatalf("got %+v, %v", f, ok)
			}
			for i, e := range f.Points[1:] {
				ta.run(time.Second)
				if !e.At.Equal(ta.at) {
					t.Fatalf("a point of %s at %s", e.At, ta.at)
				}
				is, near := float64(*ta.work.Ready), false
				for _, about := range f.Points[max(i+1-slack, 0):min(i+1+slack, len(f.Points))] {
					near = near || is >= about.Ready.Low && is <= about.Ready.High
				}
				if !near {
					t.Errorf("%s: %v ready, expected %v", ta.at, is, e.Ready)
				}
				for _, r := range []struct{ low, likely, high float64 }{{e.Queue.Low, e.Queue.Likely, e.Queue.High}, {e.Ready.Low, e.Ready.Likely, e.Ready.High}} {
					if math.IsNaN(r.likely) || r.low > r.likely || r.likely > r.high || r.low < 0 {
						t.Errorf("%s: %+v is no range", ta.at, r)
					}
				}
			}
		})
	}
}
