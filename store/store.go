// Package store folds a stream of observations into what is known, at any moment
// of it, and how it came about. It says nothing in words, and explains nothing.
package store

import (
	"slices"
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
	objects     map[kscope.ID]*object
	hpas        map[kscope.Ref]*hpa
	work        map[workKey]*workload
	pods        podIndex
	queues      map[kscope.Backlog]*queue
	puts        map[kscope.Backlog]*puts
	connections map[string]connection // by server
	events      eventIndex
	tellings    tellings
	parted      map[workKey][]voice // whose word is about a target that they have no more
	statuses    map[statusKey]status
	gone        map[tomb]time.Time

	total, everyone, members Version // of everything, of what all share, of who there is
	health                   uint64

	past past   // nothing in a picture of it
	live *Store // of a picture: whose it is

	eventsLive bool // the events that were there before are in: any further one is news

	ids      []kscope.ID                  // of objects, sorted
	byKind   map[kscope.Kind]SourceStatus // of whole kinds
	byServer map[string]status            // of servers of queues
	byUID    map[string]*object
	byTarget map[workKey][]*object
	byQueue  map[kscope.Backlog][]*object
	byHPA    map[kscope.Ref][]*object // by the name of it that they give
	owned    map[string][]kscope.Ref  // HPAs by the uid of their owner, sorted
}

// New makes an empty store.
func New() *Store {
	return &Store{
		objects:  map[kscope.ID]*object{},
		hpas:     map[kscope.Ref]*hpa{},
		work:     map[workKey]*workload{},
		pods:     newPodIndex(),
		queues:   map[kscope.Backlog]*queue{},
		puts:     map[kscope.Backlog]*puts{},
		events:   eventIndex{},
		tellings: tellings{},
		parted:   map[workKey][]voice{},
		statuses: map[statusKey]status{},
		gone:     map[tomb]time.Time{},
		byKind:   map[kscope.Kind]SourceStatus{},
		byServer: map[string]status{},
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
		s.past.add(seen, how, first)
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
	case *kscope.Job:
		return change(s.applyJob(o.at, f))
	case *kscope.Pod:
		return change(s.applyPod(o.at, f))
	case *kscope.Event:
		return s.applyEvent(o.at, f)
	case kscope.Connection:
		return s.applyConnection(o.at, f)
	case kscope.Depths:
		return change(s.applyDepths(o.at, f))
	case kscope.Loading:
		return change(s.applyLoading(o.at, f))
	case kscope.Purged:
		s.applyPurged(o.at, f)
		return anything
	case kscope.Status:
		return change(s.applyStatus(o.at, o.source, f))
	case kscope.Gone:
		return change(s.applyGone(o.at, f))
	case kscope.Unwatched:
		s.applyUnwatched(o.at, f.Since)
		return anything
	}
	return nothing // a Heartbeat
}

// Objects lists what is a row of a table, by namespace, name and kind: the
// ScaledObjects, the ScaledJobs, and the HPAs that no ScaledObject owns.
func (s *Store) Objects() []kscope.ID { return slices.Clone(s.ids) }

// ScaledObjects lists those of them that are ScaledObjects.
func (s *Store) ScaledObjects() []kscope.Ref {
	refs := make([]kscope.Ref, 0, len(s.ids))
	for _, id := range s.ids {
		if id.Kind == kscope.ScaledObjects {
			refs = append(refs, id.Ref)
		}
	}
	return refs
}
