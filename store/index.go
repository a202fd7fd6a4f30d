package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kscope/kscope"
)

// join and part keep the list of those that there are in order.
func (s *Store) join(o *object) {
	s.objects[o.ID] = o
	s.index(o)
	s.touchTarget(o.workKey())
	if i, found := slices.BinarySearchFunc(s.ids, o.ID, byID); !found {
		s.ids = slices.Insert(s.ids, i, o.ID)
		s.members = s.total
	}
}

func (s *Store) part(o *object) {
	s.touchTarget(o.workKey())
	s.unindex(o)
	delete(s.objects, o.ID)
	if i, found := slices.BinarySearchFunc(s.ids, o.ID, byID); found {
		s.ids = slices.Delete(s.ids, i, i+1)
		s.members = s.total
	}
}

// byID orders by namespace, name and kind.
func byID(a, b kscope.ID) int { return cmp.Or(byRef(a.Ref, b.Ref), cmp.Compare(a.Kind, b.Kind)) }

// byRef orders by namespace and name.
func byRef(a, b kscope.Ref) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// index makes an object known by its target and its queues, a ScaledObject by
// its uid and its HPA too.
func (s *Store) index(o *object) {
	if o.so != nil {
		s.byUID[o.so.UID] = o
		s.byHPA[o.hpaRef()] = append(s.byHPA[o.hpaRef()], o)
	}
	s.byTarget[o.workKey()] = append(s.byTarget[o.workKey()], o)
	s.tallyFor(o)
	for _, t := range o.triggers() {
		if t.Backlog != nil && !slices.Contains(s.byQueue[*t.Backlog], o) {
			s.byQueue[*t.Backlog] = append(s.byQueue[*t.Backlog], o)
		}
	}
}

func (s *Store) unindex(o *object) {
	if o.so != nil {
		if s.byUID[o.so.UID] == o {
			delete(s.byUID, o.so.UID)
		}
		without(s.byHPA, o.hpaRef(), o)
	}
	without(s.byTarget, o.workKey(), o)
	s.pods.untally(o)
	s.keepWord(o)
	for _, t := range o.triggers() {
		if t.Backlog != nil {
			without(s.byQueue, *t.Backlog, o)
		}
	}
}

// sameQueue reports whether two triggers go by the same queue, or count the same pods.
func sameQueue(a, b kscope.Trigger) bool {
	const pods = "kubernetes-workload"
	if a.Type == pods || b.Type == pods {
		return a.Type == b.Type && maps.Equal(a.Metadata, b.Metadata)
	}
	return a.Backlog == b.Backlog || a.Backlog != nil && b.Backlog != nil && *a.Backlog == *b.Backlog
}

// sameSchedule reports whether two triggers have the same schedule, or neither
// has one.
func sameSchedule(a, b kscope.Trigger) bool {
	return a.Type != "cron" && b.Type != "cron" || a.Type == b.Type && maps.Equal(a.Metadata, b.Metadata)
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

// plain reports whether an HPA is nobody's: no ScaledObject owns it, and none
// says that it is its own.
func (s *Store) plain(h *kscope.HPA) bool {
	return (h.OwnerUID == "" || s.byUID[h.OwnerUID] == nil) && len(s.byHPA[h.Ref]) == 0
}

// row makes an HPA a row where it is nobody's, and none where it is not.
func (s *Store) row(h *hpa) {
	id := kscope.ID{Kind: kscope.HPAs, Ref: h.Ref}
	o := s.objects[id]
	switch plain := s.plain(h.HPA); {
	case plain && o == nil:
		o = &object{ID: id, hpa: h.HPA, at: h.at, firstSeen: h.at}
		s.join(o)
		s.touch(o, anything)
	case !plain && o != nil:
		s.part(o)
	}
}

// rows is row for the HPAs that a ScaledObject that has come, gone or changed
// owns, or says it does.
func (s *Store) rows(uid string, named kscope.Ref) {
	if h := s.hpas[named]; h != nil {
		s.row(h)
	}
	if uid == "" {
		return
	}
	for _, ref := range s.owned[uid] {
		s.row(s.hpas[ref])
	}
}

// Left is a target at zero that nothing scales any more.
type Left struct {
	*kscope.Workload
	By    kscope.Ref    // the ScaledObject for which KEDA took it there, and which is not there now
	Event *kscope.Event // that says so
}

// LeftAtZero lists, by name, what KEDA took to zero for ScaledObjects that are gone. It
// is known for as long as the cluster keeps the event, which is an hour as a rule: the
// target itself bears no trace of who set it to zero.
func (s *Store) LeftAtZero() []Left {
	if !s.status(kscope.ScaledObjects).Current() {
		return nil
	}
	var out []Left
	for about, all := range s.events {
		id := teller(about)
		if about.Kind != "ScaledObject" || s.objects[id] != nil {
			continue
		}
		for _, ev := range all {
			w := s.work[takenToZero(ev.Event)]
			if w != nil && w.Desired == 0 && len(s.byTarget[w.key()]) == 0 && !slices.ContainsFunc(out, func(l Left) bool { return l.Workload == w.Workload }) {
				out = append(out, Left{w.Workload, id.Ref, ev.Event})
			}
		}
	}
	slices.SortFunc(out, func(a, b Left) int { return strings.Compare(a.Ref.String(), b.Ref.String()) })
	return out
}

// takenToZero is the target that KEDA says it took to zero: "Deactivated
// apps/v1.Deployment shop/order-worker from 4 to 0".
func takenToZero(ev *kscope.Event) workKey {
	words := strings.Fields(ev.Note)
	if ev.Reason != "KEDAScaleTargetDeactivated" || len(words) < 7 || words[6] != "0" {
		return workKey{}
	}
	namespace, name, _ := strings.Cut(words[2], "/")
	return workKey{words[1][strings.LastIndexByte(words[1], '.')+1:], kscope.Ref{Namespace: namespace, Name: name}}
}
