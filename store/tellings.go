package store

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/kscope/kscope"
)

// Telling is the word of KEDA or of an HPA that it changed the replicas of a
// workload. It is kept as it came: whose a step was is concluded from these, from
// the step and from the clocks of the two, by whoever asks.
type Telling struct {
	At time.Time // when it was heard, by the clock of the stream
	By kscope.ID // the ScaledObject for which KEDA acted, or the HPA
	kscope.Step
	Status bool // the HPA's status says so; else an event does, which may be late, combined or never come
}

// Actor is who says so.
func (t Telling) Actor() Actor {
	if t.By.Kind == kscope.HPAs {
		return TheHPA
	}
	return KEDA
}

// tellings are kept by who said them, oldest first, as long as the steps
// themselves. What is in a list never changes: pictures share it.
type tellings map[kscope.ID][]Telling

const tellingLimit = logLimit

// tell keeps a telling, and lets all whose target it may be about know.
func (s *Store) tell(at time.Time, by kscope.ID, step kscope.Step, status bool) {
	all := s.tellings[by]
	for i := len(all) - 1; i >= 0 && i > len(all)-tellingsAlike; i-- {
		if all[i].Why == step.Why { // a ramp says the same many times: keep the text once
			step.Why = all[i].Why
			break
		}
	}
	if n := len(all); n == tellingLimit {
		all = slices.Clone(all[n/3:])
	}
	s.tellings[by] = append(all, Telling{at, by, step, status})
	for _, o := range s.tellers(by) {
		s.touch(o, notRow)
	}
}

const tellingsAlike = 20

// tellers are the objects on whose timelines the word of somebody may be: all
// that have the same target, or the one he had a moment ago.
func (s *Store) tellers(by kscope.ID) []*object {
	o := s.objects[by]
	if h := s.hpas[by.Ref]; o == nil && by.Kind == kscope.HPAs && h != nil {
		o = s.byUID[h.OwnerUID]
	}
	if o != nil {
		if o.job != nil {
			return nil
		}
		return s.byTarget[o.workKey()]
	}
	var all []*object
	for key, parted := range s.parted { // few, if any
		if slices.ContainsFunc(parted, func(v voice) bool { return v.by == by && v.says(s.now) }) {
			all = append(all, s.byTarget[key]...)
		}
	}
	return all
}

// teller is whose word an event about something is.
func teller(r kscope.ObjectRef) kscope.ID {
	kind := kscope.ScaledObjects
	if r.Kind == "HorizontalPodAutoscaler" {
		kind = kscope.HPAs
	}
	return kscope.ID{Kind: kind, Ref: kscope.Ref{Namespace: r.Namespace, Name: r.Name}}
}

// tellRescale keeps the word of an HPA's status, if it tells of another step than
// the one before. What the first list says was done before is no news.
func (s *Store) tellRescale(at time.Time, old *hpa, is *kscope.HPA) {
	step, ok := is.Step()
	switch {
	case !ok:
	case old != nil && old.UID == is.UID && old.LastScaleTime.Equal(is.LastScaleTime):
	case old == nil && !s.status(kscope.HPAs).Current():
	default:
		s.tell(at, kscope.ID{Kind: kscope.HPAs, Ref: is.Ref}, step, true)
	}
}

// voice is one whose word may be about the steps of a target.
type voice struct {
	by           kscope.ID
	since, until time.Time // when that was its target; zero for ever
}

// says reports whether something that a voice said may be about the target.
func (v voice) says(at time.Time) bool {
	return !at.Before(v.since) && (v.until.IsZero() || !at.After(v.until))
}

// toldBy are those whose word may be about the steps of an object's target, and when:
// KEDA and the HPAs, on behalf of any object that scales it, or did.
func (s *Store) toldBy(o *object) map[kscope.ID][]voice {
	if o.job != nil {
		return nil
	}
	all := map[kscope.ID][]voice{}
	for _, o := range s.byTarget[o.workKey()] {
		for _, id := range s.speakersOf(o) {
			all[id] = append(all[id], voice{id, o.aims, time.Time{}})
		}
	}
	for _, v := range s.parted[o.workKey()] {
		all[v.by] = append(all[v.by], v)
	}
	return all
}

// about is what was said while it may have been about the target.
func about(voices []voice, said []Telling) (out []Telling) {
	for _, t := range said {
		if slices.ContainsFunc(voices, func(v voice) bool { return v.says(t.At) }) {
			out = append(out, t)
		}
	}
	return out
}

// speakersOf are those whose word is about an object's target because of that object.
func (s *Store) speakersOf(o *object) []kscope.ID {
	by := []kscope.ID{o.ID}
	if o.so != nil {
		by = append(by, kscope.ID{Kind: kscope.HPAs, Ref: o.hpaRef()}) // it may be gone, what it did is not
		for _, ref := range s.owned[o.so.UID] {
			by = append(by, kscope.ID{Kind: kscope.HPAs, Ref: ref})
		}
	}
	return by
}

// keepWord keeps the word of an object that goes, or gets another target, for those
// that have its target still: its steps are in their timelines. What is said a moment
// later may be about a step from before.
func (s *Store) keepWord(o *object) {
	key := o.workKey()
	if o.job != nil || len(s.byTarget[key]) == 0 {
		return
	}
	for _, id := range s.speakersOf(o) {
		s.parted[key] = append(s.parted[key], voice{id, o.aims, s.now.Add(toldBefore)})
	}
}

// forgetParted forgets those who went and of whose word nothing is left.
func (s *Store) forgetParted() {
	for key, all := range s.parted {
		left := slices.DeleteFunc(slices.Clone(all), func(v voice) bool {
			return v.until.Before(s.now) && !slices.ContainsFunc(s.tellings[v.by], func(t Telling) bool { return v.says(t.At) })
		})
		if len(left) == 0 {
			delete(s.parted, key)
		} else {
			s.parted[key] = left
		}
	}
}

// Tellings lists what KEDA and the HPAs said of the steps of an object's target,
// oldest first.
func (s *Store) Tellings(id kscope.ID) []Telling {
	o := s.objects[id]
	if o == nil {
		return nil
	}
	var out []Telling
	for id, voices := range s.toldBy(o) {
		out = append(out, about(voices, s.tellings[id])...)
		out = append(out, about(voices, s.listed(id))...)
	}
	sortTellings(out)
	return out
}

// listed is what the events that were there before the first list told, by the clock
// of the cluster: it is not known when that was heard.
func (s *Store) listed(by kscope.ID) (out []Telling) {
	key := kscope.ObjectRef{Kind: "ScaledObject", Namespace: by.Namespace, Name: by.Name}
	if by.Kind == kscope.HPAs {
		key.Kind = "HorizontalPodAutoscaler"
	}
	for _, ev := range s.events[key] {
		if step, ok := ev.Step(); ok && ev.heard.IsZero() {
			out = append(out, Telling{At: ev.Last, By: by, Step: step})
		}
	}
	return out
}

func sortTellings(ts []Telling) {
	slices.SortStableFunc(ts, func(a, b Telling) int { return cmp.Or(a.At.Compare(b.At), byID(a.By, b.By)) })
}

// lastStep puts the last step that was seen into a chain, and what was said of it if
// it was one from zero, of which nothing else may tell.
func (s *Store) lastStep(c *Chain, o *object) {
	for i := len(o.log) - 1; i >= 0 && c.Step == nil; i-- {
		if o.log[i].Kind == Scaled {
			step := o.log[i]
			c.Step = &step
		}
	}
	if c.Step == nil || c.Step.From != 0 {
		return
	}
	for id, voices := range s.toldBy(o) {
		said := s.tellings[id]
		first, _ := slices.BinarySearchFunc(said, c.Step.At.Add(-toldBefore), func(t Telling, at time.Time) int { return t.At.Compare(at) })
		c.Told = append(c.Told, about(voices, said[first:])...)
	}
	sortTellings(c.Told)
}

// toldBefore is how long before a step news of it may come, and how long after.
const toldBefore = 15 * time.Second

// Sharing lists the other objects that scale the same target, in order.
func (s *Store) Sharing(id kscope.ID) (others []kscope.ID) {
	o := s.objects[id]
	if o == nil || o.job != nil {
		return nil
	}
	for _, other := range s.byTarget[o.workKey()] {
		if other != o {
			others = append(others, other.ID)
		}
	}
	slices.SortFunc(others, byID)
	return others
}

// forget drops what was said before a time.
func (x tellings) forget(before time.Time) {
	for id, all := range x {
		i, _ := slices.BinarySearchFunc(all, before, func(t Telling, at time.Time) int { return t.At.Compare(at) })
		if i == len(all) {
			delete(x, id)
		} else if i > 0 {
			x[id] = slices.Clone(all[i:])
		}
	}
}

// clipped is a copy for a picture, which appends to no list of another.
func clipped[M ~map[K][]V, K comparable, V any](lists M) M {
	out := make(M, len(lists))
	for key, all := range lists {
		out[key] = slices.Clip(all)
	}
	return out
}

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
