// Package store folds a stream of observations into what is known, at any moment
// of it, and how it came about. It says nothing in words, and explains nothing.
package store

import (
	"slices"
	"sort"
	"time"

	"github.com/kscope/kscope"
)

// Keep is how far back a [Store] remembers series and timelines.
const Keep = 2 * time.Hour

// Store folds observations into what is known now and how it came about. It
// is confined to the goroutine that calls Apply and has no lock.
//
// Applying the same observations in another order, or some of them twice, ends
// in the same present, as long as none comes a minute late: of two facts about
// one thing the one with the later time counts, and of two with the same time
// the one applied last. What tells of the past (timelines, series, since when)
// depends on the order of the facts about one thing, but not on how those
// about different things were interleaved.
type Store struct {
	now         time.Time
	swept       time.Time
	objects     map[kscope.Ref]*object
	jobs        map[kscope.Ref]scaledJob
	hpas        map[kscope.Ref]*hpa
	work        map[workKey]*workload
	pods        podIndex
	queues      map[kscope.Backlog]*queue
	puts        map[kscope.Backlog]*puts
	connections map[string]connection // by server
	events      eventIndex
	statuses    map[statusKey]status
	gone        map[tomb]time.Time

	total, everyone, members Version // of everything, of what all share, of who there is
	jobsChanged, health      uint64

	past past   // nothing in a picture of it
	live *Store // of a picture: whose it is

	eventsLive bool // the events that were there before are in: any further one is news

	refs     []kscope.Ref                 // of objects, sorted
	byKind   map[kscope.Kind]SourceStatus // of whole kinds
	byUID    map[string]*object
	byTarget map[workKey][]*object
	byQueue  map[kscope.Backlog][]*object
	byHPA    map[kscope.Ref][]*object // by the name of it that they give
	owned    map[string][]kscope.Ref  // HPAs by the uid of their owner, sorted
}

// object is a ScaledObject with what happened to it since it was first seen.
type object struct {
	*kscope.ScaledObject // but for its LastActiveTime
	version              Version
	active               time.Time // the newest LastActiveTime
	at                   time.Time // of the newest fact
	firstSeen            time.Time
	firstActive          time.Time // LastActiveTime when it was first seen
	polled               time.Time // when the newest LastActiveTime was first seen
	told                 told
	log                  []Entry // oldest first
	shared               bool    // the log is also a keyframe's
}

type scaledJob struct {
	*kscope.ScaledJob
	at time.Time
}

type hpa struct {
	*kscope.HPA
	at time.Time
}

// workKey names a scale target; the API version is left out on purpose, since
// one object may be referred to by several.
type workKey struct {
	kind string
	ref  kscope.Ref
}

type workload struct {
	*kscope.Workload
	at             time.Time // of the newest fact
	ready, desired Series
	counts         kscope.PodCounts
	pods           []*pod // in no order
}

type statusKey struct {
	source string
	kind   kscope.Kind
	name   string
}

type status struct {
	SourceStatus
	at time.Time
}

// SourceStatus is the newest health of a part of a source and since when it
// has been in that state.
type SourceStatus struct {
	Source string
	kscope.Status
	Since time.Time
}

// tomb marks an object that went, so that an older fact does not bring it
// back. The uid is empty where the end of any object of that name was said.
type tomb struct {
	kind kscope.Kind
	ref  kscope.Ref
	uid  string
}

// New makes an empty store.
func New() *Store {
	return &Store{
		objects:  map[kscope.Ref]*object{},
		jobs:     map[kscope.Ref]scaledJob{},
		hpas:     map[kscope.Ref]*hpa{},
		work:     map[workKey]*workload{},
		pods:     newPodIndex(),
		queues:   map[kscope.Backlog]*queue{},
		puts:     map[kscope.Backlog]*puts{},
		events:   eventIndex{},
		statuses: map[statusKey]status{},
		gone:     map[tomb]time.Time{},
		byKind:   map[kscope.Kind]SourceStatus{},
		byUID:    map[string]*object{},
		byTarget: map[workKey][]*object{},
		byQueue:  map[kscope.Backlog][]*object{},
		byHPA:    map[kscope.Ref][]*object{},
		owned:    map[string][]kscope.Ref{},
	}
}

// Now is the newest time of an observation.
func (s *Store) Now() time.Time { return s.now }

// Apply folds observations, in their order. What they say of pods and their
// owners is linked when all are in, since these arrive in any order and many at
// a time.
func (s *Store) Apply(os ...kscope.Observation) {
	for _, o := range os {
		if o.At.After(s.now) {
			s.now = o.At
			s.sweep()
		}
		was := s.total
		s.total = Version{was.All + 1, was.Row + 1}
		own, first := s.own(o.Fact)
		seen := observed{at: o.At, source: o.Source, fact: own}
		how := s.fold(seen)
		switch how {
		case nothing:
			s.total = was
		case notRow:
			s.total.Row = was.Row
		}
		s.past.add(s, seen, how, first)
	}
	if s.link() {
		s.past.linked()
	}
	s.past.turn(s)
}

// fold takes in what was observed, and says how much that changes.
func (s *Store) fold(o observed) scope {
	switch f := o.fact.(type) {
	case *kscope.ScaledObject:
		return s.applyScaledObject(o.at, f, f.LastActiveTime)
	case sawWork:
		return s.applyScaledObject(o.at, f.of, f.active)
	case *kscope.ScaledJob:
		return change(s.applyScaledJob(o.at, f))
	case *kscope.HPA:
		return change(s.applyHPA(o.at, f))
	case *kscope.Workload:
		return change(s.applyWorkload(o.at, f))
	case *kscope.Pod:
		return change(s.applyPod(o.at, f))
	case *kscope.Event:
		return s.applyEvent(o.at, f)
	case kscope.Connection:
		return s.applyConnection(o.at, f)
	case kscope.Depths:
		return change(s.applyDepths(o.at, f))
	case kscope.Pushed:
		s.applyPushed(o.at, f)
		return anything
	case kscope.Loading:
		return change(s.applyLoading(o.at, f))
	case kscope.Purged:
		s.applyPurged(o.at, f)
		return anything
	case kscope.Status:
		return change(s.applyStatus(o.at, o.source, f))
	case kscope.Gone:
		return change(s.applyGone(o.at, f))
	}
	return nothing // a Heartbeat
}

// late is how much later than others a fact about a thing may come.
const late = time.Minute

// sweep forgets, once in a while, what is too old to matter.
func (s *Store) sweep() {
	if s.now.Sub(s.swept) < late {
		return
	}
	s.swept = s.now
	for t, at := range s.gone {
		if s.now.Sub(at) > late {
			delete(s.gone, t)
		}
	}
	before := s.now.Add(-Keep)
	for key, q := range s.queues {
		if q.at.Before(before) {
			delete(s.queues, key)
		}
	}
	for key, p := range s.puts {
		if p.at.Before(before) {
			delete(s.puts, key)
		}
	}
	s.events.forget(before)
	for _, o := range s.objects {
		o.forget(before)
	}
}

// ScaledObjects lists what is known, by namespace and name.
func (s *Store) ScaledObjects() []kscope.Ref {
	return slices.Clone(s.refs)
}

// ScaledJobs lists what is known, by namespace and name.
func (s *Store) ScaledJobs() []kscope.ScaledJob {
	jobs := make([]kscope.ScaledJob, 0, len(s.jobs))
	for _, j := range s.jobs {
		jobs = append(jobs, *j.ScaledJob)
	}
	sort.Slice(jobs, func(i, j int) bool { return jobs[i].Ref.Less(jobs[j].Ref) })
	return jobs
}

// Statuses lists the health of every part of every source, in a fixed order.
func (s *Store) Statuses() []SourceStatus {
	out := make([]SourceStatus, 0, len(s.statuses))
	for _, st := range s.statuses {
		out = append(out, st.SourceStatus)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Source != b.Source {
			return a.Source < b.Source
		}
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		return a.Name < b.Name
	})
	return out
}

// status is the health of one watched kind, whatever source it is from.
func (s *Store) status(kind kscope.Kind) SourceStatus { return s.byKind[kind] }
