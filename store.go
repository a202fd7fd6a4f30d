package kscope

import (
	"math"
	"sort"
	"time"
)

// Keep is how far back a [Store] remembers series and timelines.
const Keep = 2 * time.Hour

// Store folds observations into what is known now and how it came about. It
// is confined to the goroutine that calls Apply and has no lock. Applying the
// same observations in another order, or some of them twice, ends in the same
// present; only the timeline depends on when things were seen.
type Store struct {
	now      time.Time
	version  uint64
	objects  map[Ref]*object
	jobs     map[Ref]ScaledJob
	hpas     map[Ref]HPA
	hpaOf    map[string]Ref // owner uid -> HPA
	work     map[workKey]*workload
	pods     podIndex
	queues   map[Queue]*queue
	servers  map[string]Depths // newest answer of each server, by the trigger's address
	events   eventIndex
	statuses map[statusKey]SourceStatus
}

// object is a ScaledObject with what happened to it since it was first seen.
type object struct {
	ScaledObject
	firstSeen time.Time
	polled    time.Time // when KEDA's last poll showed, zero if it never did
	log       []Entry   // oldest first, as seen; attributed when read
}

// workKey names a scale target; the API version is left out on purpose, since
// one object may be referred to by several.
type workKey struct {
	kind string
	ref  Ref
}

type workload struct {
	Workload
	firstSeen      time.Time
	ready, desired Series
	counts         PodCounts
	pods           map[Ref]*pod
}

type queue struct {
	Series
	last Depth
	at   time.Time // of the last answer
	busy time.Time // since when it has been above zero; zero while empty
	idle time.Time // since when it has been empty; zero while not
}

type statusKey struct {
	source string
	kind   Kind
	name   string
}

// SourceStatus is the newest health of a part of a source and since when it
// has been in that state.
type SourceStatus struct {
	Source string
	Status
	Since time.Time
}

// NewStore makes an empty store.
func NewStore() *Store {
	return &Store{
		objects:  map[Ref]*object{},
		jobs:     map[Ref]ScaledJob{},
		hpas:     map[Ref]HPA{},
		hpaOf:    map[string]Ref{},
		work:     map[workKey]*workload{},
		pods:     newPodIndex(),
		queues:   map[Queue]*queue{},
		servers:  map[string]Depths{},
		events:   eventIndex{},
		statuses: map[statusKey]SourceStatus{},
	}
}

// Now is the newest time of an observation.
func (s *Store) Now() time.Time { return s.now }

// Version changes whenever something other than the time did: a heartbeat, or
// a measurement that repeats the one before, leaves it as it was.
func (s *Store) Version() uint64 { return s.version }

// Apply folds one observation.
func (s *Store) Apply(o Observation) {
	if o.At.After(s.now) {
		s.now = o.At
	}
	changed := true
	switch f := o.Fact.(type) {
	case ScaledObject:
		s.applyScaledObject(o.At, f)
	case ScaledJob:
		s.jobs[f.Ref] = f
	case HPA:
		s.applyHPA(o.At, f)
	case Workload:
		s.applyWorkload(o.At, f)
	case Pod:
		s.pods.put(f)
	case Event:
		changed = s.events.put(f)
	case Depths:
		changed = s.applyDepths(o.At, f)
	case Pushed:
		s.applyPushed(o.At, f)
	case Status:
		s.applyStatus(o.At, o.Source, f)
	case Gone:
		s.applyGone(o.At, f)
	default:
		changed = false
	}
	if changed {
		s.version++
	}
}

func (s *Store) applyScaledObject(at time.Time, f ScaledObject) {
	old := s.objects[f.Ref]
	if old == nil || old.UID != f.UID {
		s.objects[f.Ref] = &object{ScaledObject: f, firstSeen: at}
		return
	}
	if f.LastActiveTime.After(old.LastActiveTime) {
		old.polled = at
	}
	for _, e := range conditionEntries(at, old.ScaledObject, f) {
		old.add(e)
	}
	old.ScaledObject = f
}

func (s *Store) applyHPA(at time.Time, f HPA) {
	if old, ok := s.hpas[f.Ref]; ok {
		if old.OwnerUID != f.OwnerUID {
			delete(s.hpaOf, old.OwnerUID)
		}
		if o := s.objectOwning(f); o != nil {
			for _, e := range hpaEntries(at, old, f) {
				o.add(e)
			}
		}
	}
	s.hpas[f.Ref] = f
	if f.OwnerUID != "" {
		s.hpaOf[f.OwnerUID] = f.Ref
	}
}

// objectOwning is the ScaledObject that controls an HPA, nil if there is none.
func (s *Store) objectOwning(h HPA) *object {
	if h.OwnerUID == "" {
		return nil
	}
	for _, o := range s.objects { // few, and only on a change of an HPA
		if o.UID == h.OwnerUID {
			return o
		}
	}
	return nil
}

func (s *Store) applyWorkload(at time.Time, f Workload) {
	key := workKey{f.Kind, f.Ref}
	w := s.work[key]
	if w == nil || w.UID != f.UID {
		w = &workload{firstSeen: at, pods: map[Ref]*pod{}}
		w.ready.Keep, w.desired.Keep = Keep, Keep
		w.Workload = f
		s.work[key] = w
		s.pods.relink = true
	} else {
		for _, o := range s.targeting(key) {
			for _, e := range workloadEntries(at, w.Workload, f) {
				o.add(e)
			}
		}
		if !sameSelector(w.Selector, f.Selector) {
			s.pods.relink = true
		}
		w.Workload = f
	}
	w.record(at)
}

func (w *workload) record(at time.Time) {
	w.desired.Add(at, float64(w.Desired))
	if w.Ready != nil {
		w.ready.Add(at, float64(*w.Ready))
	}
}

// targeting lists the ScaledObjects that scale a workload: one, unless someone
// made a mistake.
func (s *Store) targeting(key workKey) []*object {
	var out []*object
	for ref, o := range s.objects {
		if ref.Namespace == key.ref.Namespace && o.ScaleTarget.Name == key.ref.Name && o.ScaleTarget.Kind == key.kind {
			out = append(out, o)
		}
	}
	return out
}

func (s *Store) applyDepths(at time.Time, f Depths) (changed bool) {
	s.servers[f.Address] = f
	for _, d := range f.All {
		q := s.queues[d.Queue]
		if q == nil {
			q = &queue{}
			q.Keep = Keep
			s.queues[d.Queue] = q
			changed = true
		}
		if q.last != d {
			changed = true
		}
		q.at = at
		if d.Err != "" {
			q.Add(at, math.NaN())
		} else {
			s.logDepth(at, q, d)
			q.Add(at, float64(d.N))
		}
		q.last = d
	}
	return changed
}

func (s *Store) applyPushed(at time.Time, f Pushed) {
	for _, o := range s.objects {
		for _, t := range o.Triggers {
			if t.Queue != nil && *t.Queue == f.Queue {
				o.add(Entry{At: at, Kind: Injected, Actor: You, Jobs: f.Accepted, Asked: f.Asked, Length: f.Length, Note: f.Err, Warn: f.Err != ""})
				break
			}
		}
	}
}

func (s *Store) applyStatus(at time.Time, source string, f Status) {
	key := statusKey{source, f.Kind, f.Name}
	old := s.statuses[key]
	since := at
	if old.State == f.State {
		since = old.Since
	}
	s.statuses[key] = SourceStatus{Source: source, Status: f, Since: since}
	for key, w := range s.work {
		if kindOf(key.kind) != f.Kind {
			continue
		}
		switch f.State {
		case Synced: // what is known is true again, though nothing may have changed
			w.record(at)
		case Failing, Forbidden:
			w.desired.Extend(old.seen(at))
			w.ready.Extend(old.seen(at))
			w.desired.Add(at, math.NaN())
			w.ready.Add(at, math.NaN())
		}
	}
	if old.State != f.State && (old.State == Synced || f.State == Synced && old.State == Failing) {
		s.logStatus(at, f)
	}
}

// seen is until when a watched value may be taken to have held, given the
// health of its watch before it broke.
func (st SourceStatus) seen(at time.Time) time.Time {
	if st.State == Synced {
		return at
	}
	return time.Time{}
}

func (s *Store) applyGone(at time.Time, f Gone) {
	switch f.Kind {
	case ScaledObjects:
		if o := s.objects[f.Ref]; o != nil && sameUID(o.UID, f.UID) {
			delete(s.objects, f.Ref)
		}
	case ScaledJobs:
		delete(s.jobs, f.Ref)
	case HPAs:
		if h, ok := s.hpas[f.Ref]; ok && sameUID(h.UID, f.UID) {
			delete(s.hpas, f.Ref)
			delete(s.hpaOf, h.OwnerUID)
		}
	case Pods:
		s.pods.drop(f.Ref, f.UID)
	case Events:
		s.events.drop(f.UID)
	default:
		for key, w := range s.work {
			if key.ref == f.Ref && kindOf(key.kind) == f.Kind && sameUID(w.UID, f.UID) {
				for _, o := range s.targeting(key) {
					o.add(Entry{At: at, Kind: Trouble, Actor: Someone, Warn: true, Note: key.kind + " " + f.Ref.Name + " was deleted"})
				}
				delete(s.work, key)
				s.pods.relink = true
			}
		}
	}
}

func sameUID(have, gone string) bool { return gone == "" || have == gone }

// kindOf is the watched kind that a workload of an API kind arrives by.
func kindOf(apiKind string) Kind {
	switch apiKind {
	case "Deployment":
		return Deployments
	case "StatefulSet":
		return StatefulSets
	}
	return ScaleTargets
}

// ScaledObjects lists what is known, by namespace and name.
func (s *Store) ScaledObjects() []Ref {
	refs := make([]Ref, 0, len(s.objects))
	for ref := range s.objects {
		refs = append(refs, ref)
	}
	sort.Slice(refs, func(i, j int) bool { return refs[i].Less(refs[j]) })
	return refs
}

// ScaledJobs lists what is known, by namespace and name.
func (s *Store) ScaledJobs() []ScaledJob {
	jobs := make([]ScaledJob, 0, len(s.jobs))
	for _, j := range s.jobs {
		jobs = append(jobs, j)
	}
	sort.Slice(jobs, func(i, j int) bool { return jobs[i].Ref.Less(jobs[j].Ref) })
	return jobs
}

// Statuses lists the health of every part of every source, in a fixed order.
func (s *Store) Statuses() []SourceStatus {
	out := make([]SourceStatus, 0, len(s.statuses))
	for _, st := range s.statuses {
		out = append(out, st)
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
func (s *Store) status(kind Kind) SourceStatus {
	for key, st := range s.statuses {
		if key.kind == kind && key.name == "" {
			return st
		}
	}
	return SourceStatus{}
}
