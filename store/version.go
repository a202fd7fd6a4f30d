package store

import (
	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Version tells two moments of something apart: a number is larger where
// something of it changed in between. A heartbeat, or a measurement that repeats
// the one before, changes nothing.
type Version struct {
	All uint64 // anything that is linked to it
	// Row leaves out what a row of a table does not show: that KEDA saw work
	// again, which it says at every poll and which only moves countdowns, events,
	// and how a server is reached.
	Row uint64
}

// VersionOf is the version of an object with all that [Store.Chain] links
// to it, its events and what was put into its queues. It changes when the
// object comes or goes, too.
func (s *Store) VersionOf(id kscope.ID) Version {
	o := s.objects[id]
	if o == nil {
		return s.everyone.or(s.members)
	}
	return s.everyone.or(o.version)
}

// Total is the version of everything together.
func (s *Store) Total() Version { return s.total }

// Members changes when one of [Store.Objects] comes or goes, or the health of
// what lists them changes.
func (s *Store) Members() uint64 { return s.members.All }

// Health changes when [Store.Statuses] does.
func (s *Store) Health() uint64 { return s.health }

// Version is Total().All.
func (s *Store) Version() uint64 { return s.total.All }

// News is Total().Row.
func (s *Store) News() uint64 { return s.total.Row }

// or is the newer of two versions of one thing.
func (v Version) or(o Version) Version { return Version{max(v.All, o.All), max(v.Row, o.Row)} }

// scope is how much of what depends on a fact it changes.
type scope int

const (
	nothing  scope = iota
	notRow         // all but what a row shows
	anything       // and that, too
)

// change is nothing, or anything.
func change(is bool) scope {
	if is {
		return anything
	}
	return nothing
}

// touch notes that a fact changes something of an object. All that the
// same fact changes get the same number.
func (s *Store) touch(o *object, how scope) {
	if how != nothing {
		o.version.All = s.total.All
	}
	if how == anything {
		o.version.Row = s.total.Row
	}
}

// touchID is touch for an object, if there is one of that name.
func (s *Store) touchID(id kscope.ID, how scope) {
	if o := s.objects[id]; o != nil {
		s.touch(o, how)
	}
}

// touchWorkload is touch for those that scale a workload, nil for none.
func (s *Store) touchWorkload(w *workload) {
	if w == nil {
		return
	}
	for _, o := range s.byTarget[w.key()] {
		s.touch(o, anything)
	}
}

// touchHPA is touch for those that own an HPA or name it, or for its own row.
func (s *Store) touchHPA(h *kscope.HPA, how scope) {
	if o := s.byUID[h.OwnerUID]; o != nil && h.OwnerUID != "" {
		s.touch(o, how)
	}
	for _, o := range s.byHPA[h.Ref] {
		s.touch(o, how)
	}
	s.touchID(kscope.ID{Kind: kscope.HPAs, Ref: h.Ref}, how)
}

// touchQueue is touch for those that read a queue.
func (s *Store) touchQueue(q kscope.Backlog) {
	for _, o := range s.watching(q) {
		s.touch(o, anything)
	}
}

// watching is the objects that a backlog is of.
func (s *Store) watching(q kscope.Backlog) []*object {
	if of, ok := triggers.KEDAOf(q); ok {
		if o := s.objects[of.Object]; o != nil {
			return []*object{o}
		}
		return nil
	}
	return s.byQueue[q]
}

// touchServer is touch for those that read a queue at a server.
func (s *Store) touchServer(name string, how scope) {
	for _, o := range s.objects {
		if o.readsFrom(name) {
			s.touch(o, how)
		}
	}
}

// touchRegarding is touch for those on whose timeline an event about a thing is.
func (s *Store) touchRegarding(r kscope.ObjectRef, how scope) {
	ref := kscope.Ref{Namespace: r.Namespace, Name: r.Name}
	switch r.Kind {
	case "ScaledObject":
		s.touchID(kscope.ID{Kind: kscope.ScaledObjects, Ref: ref}, how)
	case "ScaledJob":
		s.touchID(kscope.ID{Kind: kscope.ScaledJobs, Ref: ref}, how)
	case "HorizontalPodAutoscaler":
		if h := s.hpas[ref]; h != nil {
			s.touchHPA(h.HPA, how)
		}
	}
	for _, o := range s.byTarget[workKey{r.Kind, ref}] {
		s.touch(o, how)
	}
}

// touchStatus is touch for those whose picture depends on the health of a part
// of a source.
func (s *Store) touchStatus(f kscope.Status) {
	s.health = s.total.All
	switch f.Kind {
	case kscope.Queues:
		s.touchServer(f.Name, anything)
		return
	case kscope.ScaledObjects, kscope.ScaledJobs, kscope.HPAs:
		s.members = s.total
	}
	s.everyone = s.total
}
