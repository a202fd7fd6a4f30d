package outlook

import (
	"math"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// labour is a ScaledJob of two minutes of which all is known: KEDA looks every 10 s, two Jobs
// run at most, each is there after 2 s and takes one of the queue, and ends after 20 s.
func labour() (*store.Chain, time.Time) {
	backlog := kscope.Backlog{Name: "orders"}
	c := &store.Chain{
		ID:        kscope.ID{Kind: kscope.ScaledJobs},
		ScaledJob: &kscope.ScaledJob{PollingInterval: 10 * time.Second, MaxReplicaCount: 2},
		Workload:  &kscope.Workload{Desired: 2}, PodStatus: store.SourceStatus{Status: kscope.Status{State: kscope.Synced}},
		Jobs:     store.JobCounts{Running: 2},
		JobLives: store.JobLives{Made: []time.Time{after(90), after(90)}, Least: 20 * time.Second, Usual: 20 * time.Second, Most: 20 * time.Second},
		Starting: store.Starting{Usual: 2 * time.Second},
	}
	r := store.Reading{Trigger: kscope.Trigger{Type: "redis", MetricType: "AverageValue", Backlog: &backlog, Metadata: map[string]string{"listName": "orders"}}, Target: 1, Known: true, From: store.FromBroker}
	for at := 0.0; at <= 95; at++ {
		rounds := math.Floor(at+28) / 30 // one begins at 2, 32, 62 and 92
		r.Value = 14 - 2*math.Floor(rounds)
		r.Past.Add(after(at), r.Value)
		ready := 0.0
		if math.Mod(at+28, 30) < 18 && at >= 2 {
			ready = 2
		}
		c.Past.Ready.Add(after(at), ready)
	}
	c.Past.Looked, c.Readings = after(90), []store.Reading{r}
	return c, after(95)
}

// TestFutureOfJobs is what comes of Jobs that were seen to take from a queue and to end.
func TestFutureOfJobs(t *testing.T) {
	c, now := labour()
	j, ok := JobsOf(c, now)
	if !ok || j.Next() != (scaling.JobDecision{Active: true, ScaleTo: 6}) {
		t.Fatalf("%v %+v", ok, j.Next())
	}
	f, ok := j.Future(time.Minute, time.Second)
	if !ok || f.Queue == nil || !f.Due || len(f.Points) != 61 {
		t.Fatalf("%v %+v", ok, f)
	}
	for second, want := range map[int][2]float64{0: {6, 2}, 14: {6, 2}, 16: {6, 0}, 20: {4, 2}, 34: {4, 2}, 36: {4, 0}, 40: {2, 2}} {
		p := f.Points[second]
		if !p.At.Equal(now.Add(time.Duration(second)*time.Second)) || p.Queue != only(want[0]) || p.Ready != only(want[1]) {
			t.Errorf("%d s on: %+v, want %v", second, p, want)
		}
	}
	if m := f.Marks; len(m) < 3 || m[0].Step || m[0].At != now.Add(5*time.Second) || !m[1].Step || m[1].Low != 2 || m[1].At != now.Add(15*time.Second) {
		t.Errorf("%+v", m)
	}
	c.JobLives.Least = 12 * time.Second
	f, _ = j.Future(time.Minute, time.Second)
	if p := f.Points[9]; p.Ready != (Range{1, 2, 2}) && p.Ready != (Range{0, 2, 2}) {
		t.Errorf("some are quicker: %+v", p)
	}
}

// TestFutureOfJobsUnknown: what cannot be known of Jobs is nothing, and not a guess.
func TestFutureOfJobsUnknown(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(c *store.Chain)
		ok     bool
		marks  int
	}{
		{"none was seen to end", func(c *store.Chain) { c.JobLives.Usual = 0 }, true, 1},
		{"and more are made", func(c *store.Chain) { c.JobLives.Usual, c.Jobs.Running = 0, 1 }, true, 2},
		{"the queue falls when Jobs end", func(c *store.Chain) {
			r := &c.Readings[0]
			r.Past = store.Series{}
			for at := 0.0; at <= 95; at++ {
				r.Past.Add(after(at), 14-2*math.Floor((at+10)/30))
			}
		}, true, 1},
		{"several triggers", func(c *store.Chain) { c.Readings = append(c.Readings, c.Readings[0]) }, true, 1},
		{"what is no queue", func(c *store.Chain) { c.Readings[0].Trigger.Backlog = nil }, true, 1},
		{"KEDA was not seen to look", func(c *store.Chain) { c.Past.Looked = time.Time{} }, false, 0},
		{"paused", func(c *store.Chain) { c.ScaledJob.Paused = true }, false, 0},
	} {
		c, now := labour()
		tt.change(c)
		j, _ := JobsOf(c, now)
		f, ok := j.Future(time.Minute, time.Second)
		if ok != tt.ok || len(f.Marks) != tt.marks || f.Queue != nil {
			t.Errorf("%s: %v %+v", tt.name, ok, f.Marks)
		}
		for _, p := range f.Points {
			if p.Queue.Likely == p.Queue.Likely || p.Ready.Likely == p.Ready.Likely {
				t.Errorf("%s: %+v", tt.name, p)
				break
			}
		}
	}
	c, now := labour()
	c.Readings[0].Known = false
	if _, ok := JobsOf(c, now); ok {
		t.Error("what waits is not known, and it is known what KEDA makes of it")
	}
}
