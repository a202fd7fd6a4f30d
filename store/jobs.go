package store

import (
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// A ScaledJob scales nothing: KEDA makes Jobs. How many of these run is kept as a
// workload of a kind of its own, so that it has a series, a chart and pods as any
// other target has. It is there while all Jobs are known, or one is.

// job is a Job and when it was last heard of.
type job struct {
	*kscope.Job
	at   time.Time
	made time.Time // by the clock of the stream, where it was seen to be
}

// JobCounts is how many Jobs of a ScaledJob there are.
type JobCounts struct {
	Running int // neither complete nor failed
	Pending int // of those, by KEDA's count: none of its pods runs or has succeeded
	Done    int // complete, as far as KEDA keeps them
	Failed  int
}

// JobLives is when the Jobs of a ScaledJob began and for how long they live, from being
// made to being complete, as far as that was seen.
type JobLives struct {
	Made               []time.Time   // those that run, the oldest first
	Least, Usual, Most time.Duration // of the last that are complete; 0 while fewer than three are known
}

// lives is that of a workload that stands for Jobs.
func (w *workload) lives() JobLives {
	var l JobLives
	for _, j := range w.jobs {
		if j.Ended.IsZero() {
			l.Made = append(l.Made, j.made)
		}
	}
	slices.SortFunc(l.Made, time.Time.Compare)
	l.Least, l.Usual, l.Most = w.lived.least(), w.lived.usual(), w.lived.most()
	return l
}

// jobsKey is where the workload is kept that stands for a ScaledJob's Jobs.
func jobsKey(ref kscope.Ref) workKey { return workKey{jobsKind, ref} }

// jobsKind is the kind of these, which no kind of the API can have.
const jobsKind = "Jobs of a ScaledJob"

// jobsOf is the workload that stands for the Jobs of a ScaledJob, which is made if
// there is none.
func (s *Store) jobsOf(at time.Time, ref kscope.Ref) *workload {
	key := jobsKey(ref)
	w := s.work[key]
	if w != nil {
		return w
	}
	w = &workload{at: at, jobs: map[string]job{}}
	w.Workload = &kscope.Workload{Ref: ref, Kind: key.kind,
		Selector: kscope.Selector{{Key: kscope.JobLabel, Operator: kscope.In, Values: []string{ref.Name}}}}
	w.ready.Keep, w.desired.Keep = Keep, Keep
	s.work[key] = w
	s.pods.join(w)
	return w
}

// knowJobs is for when all Jobs are known: those of a ScaledJob that has none too.
func (s *Store) knowJobs(at time.Time) {
	for _, id := range s.ids {
		if id.Kind == kscope.ScaledJobs {
			s.jobsOf(at, id.Ref)
		}
	}
}

func (s *Store) applyJob(at time.Time, f *kscope.Job) bool {
	if f.ScaledJob == "" || !s.lives(kscope.Jobs, f.Ref, f.UID, at) {
		return false
	}
	w := s.jobsOf(at, kscope.Ref{Namespace: f.Ref.Namespace, Name: f.ScaledJob})
	old, had := w.jobs[f.Ref.Name]
	if had && at.Before(old.at) {
		return false
	}
	isNew := !had || old.UID != f.UID
	made := old.made
	if isNew {
		if made = f.Created; s.status(kscope.Jobs).Current() || made.IsZero() {
			made = at
		}
	}
	w.jobs[f.Ref.Name] = job{f, at, made}
	if !f.Ended.IsZero() && !f.Failed && !f.Created.IsZero() && (isNew || old.Ended.IsZero()) {
		w.lived.add(f.Ended.Sub(f.Created))
	}
	was := w.Desired
	if had && old.Ended.IsZero() {
		was--
	}
	if f.Ended.IsZero() {
		was++
	}
	s.tellJob(at, w, f, had && old.UID == f.UID && old.Ended.IsZero(), isNew, was)
	s.countJobs(at, w, was)
	return true
}

// countJobs is so many Jobs that run.
func (s *Store) countJobs(at time.Time, w *workload, running int32) {
	is := *w.Workload
	is.Desired, is.Current = running, running
	w.Workload, w.at = &is, at
	if s.status(kscope.Jobs).Current() {
		w.record(at)
	}
	s.touchWorkload(w)
}

// tellJob puts on the timeline what a Job has come to, once all are known that there
// were before: it ran, or it is new, and so many run with it.
func (s *Store) tellJob(at time.Time, w *workload, f *kscope.Job, ran, isNew bool, running int32) {
	o := s.objects[kscope.ID{Kind: kscope.ScaledJobs, Ref: w.Ref}]
	if o == nil || !s.status(kscope.Jobs).Current() {
		return
	}
	if isNew {
		o.add(Entry{At: at, Kind: JobsMade, Actor: KEDA, Jobs: 1, To: running})
	}
	if f.Ended.IsZero() || !ran && !isNew {
		return
	}
	if f.Failed {
		o.add(Entry{At: at, Kind: Trouble, Actor: Kubernetes, Topic: AJob, Subject: f.Ref.Name, Said: f.Reason})
		return
	}
	o.add(Entry{At: at, Kind: JobsDone, Actor: Workers, Jobs: 1, To: running})
}

// dropJob forgets a Job.
func (s *Store) dropJob(at time.Time, ref kscope.Ref, here func(uid string, newest time.Time) bool) bool {
	for key, w := range s.work {
		j, ok := w.jobs[ref.Name]
		if !ok || key.ref.Namespace != ref.Namespace || !here(j.UID, j.at) {
			continue
		}
		delete(w.jobs, ref.Name)
		running := w.Desired
		if j.Ended.IsZero() {
			running--
		}
		s.countJobs(at, w, running)
		if len(w.jobs) == 0 && s.objects[kscope.ID{Kind: kscope.ScaledJobs, Ref: key.ref}] == nil {
			s.dropWorkload(at, key)
		}
		return true
	}
	return false
}

// countsOfJobs are the Jobs that a workload stands for, and the newest that failed,
// nil for none.
func (w *workload) countsOfJobs() (n JobCounts, failed *kscope.Job) {
	up := make(map[string]bool, len(w.pods)) // by the uid of the Job: a pod of it is, as KEDA counts
	for _, p := range w.pods {
		if p.Phase == "Running" || p.Phase == "Succeeded" {
			up[p.OwnerUID] = true
		}
	}
	for _, j := range w.jobs {
		switch {
		case j.Ended.IsZero():
			n.Running++
			if !up[j.UID] {
				n.Pending++
			}
		case j.Failed:
			n.Failed++
			if failed == nil || j.Ended.After(failed.Ended) || j.Ended.Equal(failed.Ended) && failed.Ref.Less(j.Ref) {
				failed = j.Job
			}
		default:
			n.Done++
		}
	}
	return n, failed
}
