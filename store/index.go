package store

import (
	"cmp"
	"slices"

	"github.com/kscope/kscope"
)

// join and part keep the list of those that there are in order.
func (s *Store) join(ref kscope.Ref) {
	if i, found := slices.BinarySearchFunc(s.refs, ref, byRef); !found {
		s.refs = slices.Insert(s.refs, i, ref)
		s.members = s.total
	}
}

func (s *Store) part(ref kscope.Ref) {
	if i, found := slices.BinarySearchFunc(s.refs, ref, byRef); found {
		s.refs = slices.Delete(s.refs, i, i+1)
		s.members = s.total
	}
}

// byRef orders by namespace and name.
func byRef(a, b kscope.Ref) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// index makes a ScaledObject known by its uid, its target, its HPA and its queues.
func (s *Store) index(o *object) {
	s.byUID[o.UID] = o
	s.byTarget[o.workKey()] = append(s.byTarget[o.workKey()], o)
	s.byHPA[o.hpaRef()] = append(s.byHPA[o.hpaRef()], o)
	for _, t := range o.Triggers {
		if t.Backlog != nil && !slices.Contains(s.byQueue[*t.Backlog], o) {
			s.byQueue[*t.Backlog] = append(s.byQueue[*t.Backlog], o)
		}
	}
}

func (s *Store) unindex(o *object) {
	if s.byUID[o.UID] == o {
		delete(s.byUID, o.UID)
	}
	without(s.byTarget, o.workKey(), o)
	without(s.byHPA, o.hpaRef(), o)
	for _, t := range o.Triggers {
		if t.Backlog != nil {
			without(s.byQueue, *t.Backlog, o)
		}
	}
}

func sameQueue(a, b kscope.Trigger) bool {
	return a.Backlog == b.Backlog || a.Backlog != nil && b.Backlog != nil && *a.Backlog == *b.Backlog
}

// indexHPA makes an HPA known by its owner.
func (s *Store) indexHPA(h *kscope.HPA) {
	refs := append(s.owned[h.OwnerUID], h.Ref)
	slices.SortFunc(refs, byRef)
	s.owned[h.OwnerUID] = refs
}

// reindex makes what is known findable by what it is linked by.
func (s *Store) reindex() {
	s.byUID, s.byTarget = make(map[string]*object, len(s.objects)), make(map[workKey][]*object, len(s.objects))
	s.byQueue, s.byHPA = make(map[kscope.Backlog][]*object, len(s.objects)), make(map[kscope.Ref][]*object, len(s.objects))
	for _, o := range s.objects {
		s.index(o)
	}
	s.owned = make(map[string][]kscope.Ref, len(s.hpas))
	for _, h := range s.hpas {
		s.indexHPA(h.HPA)
	}
	s.pods.fresh, s.pods.byLabel = map[*workload]bool{}, make(map[labelKey][]*workload, len(s.work))
	for _, w := range s.work {
		key := w.labelKey()
		s.pods.byLabel[key] = append(s.pods.byLabel[key], w)
	}
}

// without takes a value out of a list in a map, and the list with its last.
func without[K, V comparable](m map[K][]V, key K, v V) {
	left := slices.DeleteFunc(m[key], func(x V) bool { return x == v })
	if m[key] = left; len(left) == 0 {
		delete(m, key)
	}
}
