package store

import (
	"sort"
	"time"

	"github.com/kscope/kscope"
)

// eventIndex holds events by what they regard, by their uid.
type eventIndex map[kscope.ObjectRef]map[string]*event

type event struct {
	kscope.Event
	heard []time.Time // when news of it came after the first list
}

// How much is remembered of one object's events.
const (
	eventLimit = 100
	heardLimit = 8
)

func (x eventIndex) put(at time.Time, ev kscope.Event, live bool) bool {
	key := ev.Regarding
	key.UID = "" // KEDA and the HPA name the object, not always the same uid after a restart
	m := x[key]
	if m == nil {
		m = map[string]*event{}
		x[key] = m
	}
	old := m[ev.UID]
	switch {
	case old == nil:
		old = &event{}
		m[ev.UID] = old
	case old.Event == ev, ev.Last.Before(old.Last), ev.Count < old.Count:
		return false
	}
	old.Event = ev
	if live {
		if len(old.heard) == heardLimit {
			old.heard = old.heard[1:]
		}
		old.heard = append(old.heard, at)
	}
	if len(m) > eventLimit {
		oldest := ev.UID
		for uid, e := range m {
			if o := m[oldest]; e.Last.Before(o.Last) || e.Last.Equal(o.Last) && uid < oldest {
				oldest = uid
			}
		}
		delete(m, oldest)
	}
	return true
}

// forget drops the events of before a time.
func (x eventIndex) forget(before time.Time) {
	for key, m := range x {
		for uid, ev := range m {
			if ev.Last.Before(before) {
				delete(m, uid)
			}
		}
		if len(m) == 0 {
			delete(x, key)
		}
	}
}

// Heard is an event, and when news of it came after the first list, by the
// clock of the stream.
type Heard struct {
	kscope.Event
	At []time.Time
}

// EventsAbout lists the events on a ScaledObject, its HPA and its target,
// oldest first.
func (s *Store) EventsAbout(ref kscope.Ref) []Heard {
	o := s.objects[ref]
	if o == nil {
		return nil
	}
	keys := []kscope.ObjectRef{
		{Kind: "ScaledObject", Namespace: o.Ref.Namespace, Name: o.Ref.Name},
		{Kind: o.ScaleTarget.Kind, Namespace: o.Ref.Namespace, Name: o.ScaleTarget.Name},
	}
	if h := s.hpaOfObject(o); h != nil {
		keys = append(keys, kscope.ObjectRef{Kind: "HorizontalPodAutoscaler", Namespace: h.Ref.Namespace, Name: h.Ref.Name})
	}
	var found []Heard
	for _, key := range keys {
		for _, ev := range s.events[key] {
			found = append(found, Heard{ev.Event, ev.heard})
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if !found[i].Last.Equal(found[j].Last) {
			return found[i].Last.Before(found[j].Last)
		}
		return found[i].UID < found[j].UID
	})
	return found
}
