package store

import (
	"slices"
	"sort"
	"time"

	"github.com/kscope/kscope"
)

// eventIndex holds events by what they regard. What is in it never changes:
// another list takes the place of one, since pictures share them.
type eventIndex map[kscope.ObjectRef][]*event

type event struct {
	*kscope.Event
	heard time.Time // when news of it last came, by the clock of the stream; zero for one of the first list
}

// eventLimit is how many events are remembered of one object.
const eventLimit = 100

func (s *Store) applyEvent(at time.Time, f *kscope.Event) scope {
	if !s.events.put(at, f, s.eventsLive) {
		return nothing
	}
	how := notRow
	if f.Type == "Warning" { // what is wrong shows in a row
		how = anything
	}
	s.touchRegarding(f.Regarding, how)
	if step, ok := f.Step(); ok && s.eventsLive {
		s.tell(at, teller(f.Regarding), step, false)
	}
	return how
}

func (x eventIndex) put(at time.Time, ev *kscope.Event, live bool) bool {
	key := ev.Regarding
	key.UID = "" // KEDA and the HPA name the object, not always the same uid after a restart
	all := x[key]
	is := &event{Event: ev}
	if live {
		is.heard = at
	}
	i := slices.IndexFunc(all, func(e *event) bool { return e.UID == ev.UID })
	if i >= 0 {
		old := all[i]
		if *old.Event == *ev || ev.Last.Before(old.Last) || ev.Count < old.Count {
			return false
		}
	}
	if i < 0 && len(all) == eventLimit {
		i = 0
		for j, e := range all {
			if o := all[i]; e.Last.Before(o.Last) || e.Last.Equal(o.Last) && e.UID < o.UID {
				i = j
			}
		}
		if o := all[i]; ev.Last.Before(o.Last) || ev.Last.Equal(o.Last) && ev.UID < o.UID {
			return true // it is the oldest itself
		}
	}
	if i < 0 {
		x[key] = append(slices.Clip(all), is)
		return true
	}
	x[key] = slices.Clone(all)
	x[key][i] = is
	return true
}

// forget drops the events of before a time.
func (x eventIndex) forget(before time.Time) {
	old := func(e *event) bool { return e.Last.Before(before) }
	for key, all := range x {
		if slices.ContainsFunc(all, old) {
			x[key] = slices.DeleteFunc(slices.Clone(all), old)
		}
		if len(x[key]) == 0 {
			delete(x, key)
		}
	}
}

// EventsAbout lists the events on an object, its HPA and its target, oldest
// first.
func (s *Store) EventsAbout(id kscope.ID) []kscope.Event {
	o := s.objects[id]
	if o == nil {
		return nil
	}
	var found []kscope.Event
	for _, key := range o.regarded(s.hpaOfObject(o)) {
		if key.Name == "" {
			continue
		}
		for _, ev := range s.events[key] {
			found = append(found, *ev.Event)
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
