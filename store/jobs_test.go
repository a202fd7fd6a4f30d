package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

var nightly = kscope.ID{Kind: kscope.ScaledJobs, Ref: kscope.Ref{Namespace: "demo", Name: "nightly"}}

func jobNamed(name string, ended time.Time, failed bool) kscope.Job {
	return kscope.Job{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "u-" + name, ScaledJob: "nightly", OwnerUID: "nightly", Created: noon, Ended: ended, Failed: failed, Reason: map[bool]string{true: "BackoffLimitExceeded"}[failed]}
}

func podOfJob(job, phase string) kscope.Pod {
	return kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: job + "-x"}, UID: "p-" + job, OwnerUID: "u-" + job, Phase: phase, Scheduled: true, Ready: phase == "Running",
		Labels: map[string]string{kscope.JobLabel: "nightly", "job-name": job}}
}

// jobsLife is Jobs that come, run, end, fail and go, those of another ScaledJob and
// of another namespace among them.
func jobsLife() (out []kscope.Observation) {
	see := func(seconds int, f kscope.Fact) {
		out = append(out, kscope.Observation{At: noon.Add(time.Duration(seconds) * time.Second), Source: "k8s", Fact: f})
	}
	end := noon.Add(20 * time.Second)
	foreign, elsewhere := jobNamed("z", time.Time{}, false), jobNamed("a", time.Time{}, false)
	foreign.ScaledJob, elsewhere.Ref.Namespace = "other", "prod"
	see(0, kscope.ScaledJob{Ref: nightly.Ref, UID: "nightly", MaxReplicaCount: 9})
	see(1, jobNamed("before", noon, false))
	see(2, kscope.Status{Kind: kscope.Jobs, State: kscope.Synced})
	see(2, kscope.Status{Kind: kscope.Pods, State: kscope.Synced})
	see(3, jobNamed("a", time.Time{}, false))
	see(4, jobNamed("b", time.Time{}, false))
	see(5, podOfJob("a", "Pending"))
	see(6, podOfJob("a", "Running"))
	see(7, foreign)
	see(8, elsewhere)
	see(9, jobNamed("c", time.Time{}, false))
	see(10, podOfJob("c", "Running"))
	see(20, jobNamed("a", end, false))
	see(21, podOfJob("a", "Succeeded"))
	see(22, jobNamed("c", end, true))
	see(23, kscope.Gone{Kind: kscope.Jobs, Ref: jobNamed("before", noon, false).Ref, UID: "u-before"})
	see(24, kscope.Gone{Kind: kscope.Jobs, Ref: elsewhere.Ref, UID: elsewhere.UID})
	return out
}

func jobsOf(s *store.Store) string {
	c, _ := s.Chain(nightly)
	wants, failed := "?", ""
	if c.Workload != nil {
		wants = fmt.Sprint(c.Workload.Desired)
	}
	if c.JobFailed != nil {
		failed = c.JobFailed.Ref.Name
	}
	return fmt.Sprint(wants, " ", c.Jobs, " ", c.Counts, " ", failed)
}

// TestJobs is how many Jobs there are, in whatever order they are told of, and the
// same when that moment is looked at later.
func TestJobs(t *testing.T) {
	s, then := store.New(), map[time.Time]string{}
	for _, o := range jobsLife() {
		s.Apply(o)
		then[o.At] = jobsOf(s)
	}
	const want = "1 {1 1 1 1} [1 0 0 0 0 1] c" // b runs without a pod; c's pod was not seen to end
	if got := jobsOf(s); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for at, was := range then {
		if got := jobsOf(s.At(at)); got != was {
			t.Errorf("at %v: %s, was %s", at.Sub(noon), got, was)
		}
	}
	for seed := range uint64(300) {
		all := jobsLife()
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		x := store.New()
		x.Apply(all...)
		if got := jobsOf(x); got != want {
			t.Fatalf("seed %d: %s, want %s", seed, got, want)
		}
	}
}

// TestJobLives: how long Jobs live is told by those that were complete, and when KEDA looked
// by what it writes of a ScaledJob that is active.
func TestJobLives(t *testing.T) {
	s := store.New()
	see := func(second float64, facts ...kscope.Fact) {
		for _, f := range facts {
			s.Apply(kscope.Observation{At: at(second), Fact: f})
		}
	}
	is := kscope.ScaledJob{Ref: nightly.Ref, UID: "sj", PollingInterval: 10 * time.Second, Conditions: kscope.Conditions{{Type: "Active", Status: "False"}}}
	job := func(name string, made, ended float64) kscope.Job {
		j := kscope.Job{Ref: kscope.Ref{Namespace: nightly.Namespace, Name: name}, UID: name, ScaledJob: nightly.Name, Created: at(made)}
		if ended != 0 {
			j.Ended = at(ended)
		}
		return j
	}
	expect := func(when string, least, usual, most time.Duration, made int, looked time.Time) {
		t.Helper()
		c, _ := s.Chain(nightly)
		if l := c.JobLives; l.Least != least || l.Usual != usual || l.Most != most || len(l.Made) != made || !c.Past.Looked.Equal(looked) {
			t.Errorf("%s: %+v, looked %v", when, l, c.Past.Looked)
		}
	}
	for _, k := range []kscope.Kind{kscope.ScaledJobs, kscope.Pods} {
		see(0, kscope.Status{Kind: k, State: kscope.Synced})
	}
	see(0, is, job("a", -50, -20), kscope.Status{Kind: kscope.Jobs, State: kscope.Synced})
	expect("at first", 0, 0, 0, 0, time.Time{})
	is.LastActiveTime, is.Conditions = at(10), kscope.Conditions{{Type: "Active", Status: "True"}}
	see(11, job("b", 10, 0), job("c", 10, 0), job("d", 10, 0), is)
	expect("three are made", 0, 0, 0, 3, at(11))
	see(30, job("b", 10, 30), job("c", 10, 35))
	failed := job("d", 10, 12)
	failed.Failed = true
	see(31, failed)
	expect("one failed", 20*time.Second, 25*time.Second, 30*time.Second, 0, at(11))
	is.LastActiveTime = at(20)
	see(32, job("c", 10, 35), is)
	expect("nothing new of them, and KEDA looked", 20*time.Second, 25*time.Second, 30*time.Second, 0, at(32))
	is.PollingInterval = 5 * time.Second
	see(33, is)
	expect("another interval", 20*time.Second, 25*time.Second, 30*time.Second, 0, time.Time{})
}

// TestJobsOnTheTimeline: those that were there before are not news, and what comes
// together is told together.
func TestJobsOnTheTimeline(t *testing.T) {
	s := store.New()
	s.Apply(jobsLife()...)
	var got []string
	for _, e := range s.Log(nightly) {
		got = append(got, fmt.Sprint(e.Kind, " ", e.Jobs, " ", e.To, " ", e.Said))
	}
	want := []string{fmt.Sprint(store.JobsMade, " 3 3 "), fmt.Sprint(store.JobsDone, " 1 2 "), fmt.Sprint(store.Trouble, " 0 0 BackoffLimitExceeded")}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestJobsAreOldNews: what is not watched any more is not how it is now.
func TestJobsAreOldNews(t *testing.T) {
	s := store.New()
	s.Apply(jobsLife()...)
	s.Apply(kscope.Observation{At: noon.Add(30 * time.Second), Source: "k8s", Fact: kscope.Status{Kind: kscope.Jobs, State: kscope.Forbidden}})
	c, _ := s.Chain(nightly)
	if c.Workload != nil || c.Last.Workload == nil || c.Last.Workload.Desired != 1 || c.Last.WorkloadAt.IsZero() {
		t.Errorf("got %+v, last %+v", c.Workload, c.Last.Workload)
	}
	s.Apply(kscope.Observation{At: noon.Add(40 * time.Second), Source: "k8s", Fact: kscope.Gone{Kind: kscope.ScaledJobs, Ref: nightly.Ref}})
	if _, ok := s.Chain(nightly); ok {
		t.Error("it is still there")
	}
}

// TestATargetThatIsCalledScaledJob: what a ScaledObject scales may be of any kind,
// of that name too, and is no Jobs of KEDA's.
func TestATargetThatIsCalledScaledJob(t *testing.T) {
	for _, first := range []bool{true, false} {
		s := store.New()
		theirs := kscope.Observation{At: noon.Add(11 * time.Second), Source: "k8s",
			Fact: kscope.Workload{Ref: nightly.Ref, Kind: "ScaledJob", APIVersion: "other.dev/v1", UID: "theirs", Desired: 7}}
		if first {
			theirs.At = noon
			s.Apply(theirs)
		}
		for _, o := range jobsLife() {
			s.Apply(o)
			if !first && o.At.Equal(noon.Add(10*time.Second)) {
				s.Apply(theirs)
			}
		}
		if got := jobsOf(s); got != "1 {1 1 1 1} [1 0 0 0 0 1] c" {
			t.Errorf("got %s", got)
		}
	}
}
