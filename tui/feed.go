package tui

import (
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// member is an object that the overview lists.
type member struct {
	kind kscope.Kind
	ref  kscope.Ref
}

// observe applies what arrived, or holds it back while frozen, and says
// whether to draw, and whether that is for the sake of time only. News of what
// is on screen is drawn at once. Other news can change it only in ways that
// nobody waits for, such as a count of the whole table, and comes along with
// the next second, since ages and countdowns are shown in seconds anyway. So a
// screen that shows one ScaledObject of five hundred costs as little as if
// there were only one.
func (m *Model) observe(os []kscope.Observation) (redraw, quiet bool) {
	if m.view.frozen {
		return m.hold(os), false
	}
	news, members := false, false
	for _, o := range os {
		before := m.store.Version()
		m.store.Apply(o)
		if m.store.Version() == before {
			continue
		}
		news = m.shown.concerns(o.Fact) || news
		members = m.meet(o.Fact) || members
		switch f := o.Fact.(type) {
		case kscope.Pushed:
			m.pushed(f)
		case kscope.Loading:
			m.loading(o.At, f)
		case kscope.Purged:
			m.purged(f)
		}
	}
	if news {
		m.shown.stamp++
	}
	if members {
		news = m.view.follow(m.store, m.o) || news
	}
	news = news || !m.drawn.any
	return news || !m.drawn.second.Equal(m.store.Now().Truncate(time.Second)), !news
}

// meet notes who came and went, and says whether somebody did.
func (m *Model) meet(f kscope.Fact) bool {
	switch f := f.(type) {
	case kscope.ScaledObject:
		return m.join(member{kscope.ScaledObjects, f.Ref})
	case kscope.ScaledJob:
		return m.join(member{kscope.ScaledJobs, f.Ref})
	case kscope.Status:
		return f.Kind == kscope.ScaledObjects
	case kscope.Gone:
		who := member{f.Kind, f.Ref}
		was := m.known[who]
		delete(m.known, who)
		return was
	}
	return false
}

func (m *Model) join(who member) bool {
	if m.known[who] {
		return false
	}
	m.known[who] = true
	return true
}

// shown is what the current frame was made of. It is filled while drawing and
// asked when something arrives.
type shown struct {
	stamp    uint64 // grows with every news of what is shown
	all      bool   // nothing in particular is shown, so everything may matter
	overview bool
	objects  map[kscope.Ref]kscope.ScaledObject // as they are shown
	owners   map[string]bool                    // uid of those, to recognise a new HPA
	targets  map[kscope.Ref]bool
	hpas     map[kscope.Ref]bool
	queues   map[kscope.Backlog]seenDepth
	labels   map[string][]kscope.Selector // of the targets, by namespace
}

// seenDepth is a queue's measurement as the frame shows it.
type seenDepth struct {
	known bool
	n     float64
	err   string
}

func newShown() shown {
	return shown{
		all: true, objects: map[kscope.Ref]kscope.ScaledObject{}, owners: map[string]bool{}, targets: map[kscope.Ref]bool{},
		hpas: map[kscope.Ref]bool{}, queues: map[kscope.Backlog]seenDepth{}, labels: map[string][]kscope.Selector{},
	}
}

func (s *shown) reset() {
	s.all, s.overview = false, false
	clear(s.objects)
	clear(s.owners)
	clear(s.targets)
	clear(s.hpas)
	clear(s.queues)
	clear(s.labels)
}

// chain notes that a ScaledObject, with all that is linked to it, is shown.
func (s *shown) chain(c *store.Chain) {
	so := &c.ScaledObject
	s.objects[so.Ref] = *so
	s.owners[so.UID] = true
	s.targets[kscope.Ref{Namespace: so.Ref.Namespace, Name: so.ScaleTarget.Name}] = true
	if so.HPAName != "" {
		s.hpas[kscope.Ref{Namespace: so.Ref.Namespace, Name: so.HPAName}] = true
	}
	if c.HPA != nil {
		s.hpas[c.HPA.Ref] = true
	}
	if c.Workload != nil {
		s.labels[so.Ref.Namespace] = append(s.labels[so.Ref.Namespace], c.Workload.Selector)
	}
	for _, r := range c.Readings {
		if q := r.Trigger.Backlog; q != nil {
			s.queues[*q] = seenDepth{known: r.Known && r.From == store.FromBroker, n: r.Value, err: r.Err}
		}
	}
}

// concerns reports whether a fact may change what is shown.
func (s *shown) concerns(f kscope.Fact) bool {
	if s.all {
		return true
	}
	switch f := f.(type) {
	case kscope.ScaledObject:
		was, ok := s.objects[f.Ref]
		// KEDA writes at every poll that it saw work again, which in the table
		// only moves countdowns.
		return ok && (!s.overview || !f.SameButSeen(was))
	case kscope.ScaledJob:
		return s.overview
	case kscope.HPA:
		return s.hpas[f.Ref] || s.owners[f.OwnerUID]
	case kscope.Workload:
		return s.targets[f.Ref]
	case kscope.Pod:
		for _, sel := range s.labels[f.Ref.Namespace] {
			if sel.Matches(f.Labels) {
				return true
			}
		}
	case kscope.Event:
		ref := kscope.Ref{Namespace: f.Regarding.Namespace, Name: f.Regarding.Name}
		_, object := s.objects[ref]
		return !s.overview && (object || s.targets[ref] || s.hpas[ref])
	case kscope.Depths:
		return s.depths(f)
	case kscope.Connection:
		return !s.overview
	case kscope.Pushed, kscope.Loading, kscope.Purged, kscope.Status:
		return true
	case kscope.Gone:
		return s.gone(f)
	}
	return false
}

func (s *shown) depths(f kscope.Depths) bool {
	for _, d := range f.All {
		was, ok := s.queues[d.Backlog]
		if ok && was != (seenDepth{known: d.Err == "", n: d.N, err: d.Err}) {
			return true
		}
	}
	return false
}

// gone knows a pod by its name, which begins with its owner's: its labels went
// with it.
func (s *shown) gone(f kscope.Gone) bool {
	switch f.Kind {
	case kscope.ScaledObjects:
		_, ok := s.objects[f.Ref]
		return ok
	case kscope.ScaledJobs:
		return s.overview
	case kscope.HPAs:
		return s.hpas[f.Ref]
	case kscope.Pods:
		for t := range s.targets {
			if t.Namespace == f.Ref.Namespace && strings.HasPrefix(f.Ref.Name, t.Name) {
				return true
			}
		}
		return false
	case kscope.Events:
		return !s.overview
	}
	return s.targets[f.Ref]
}

// timelineCache keeps the timeline of the open ScaledObject: to gather and
// attribute it costs more than to draw it.
type timelineCache struct {
	ref     kscope.Ref
	stamp   uint64
	version uint64
	at      time.Time
	entries []explain.Entry
}

// settling is how long who did something may still become clearer, since
// events arrive after what they tell of.
const settling = 10 * time.Second

// timeline is the store's timeline of a ScaledObject, gathered anew when
// something that concerns it arrived, or might have.
func (m *Model) timeline(ref kscope.Ref) []explain.Entry {
	c, now := &m.log, m.store.Now()
	fresh := c.ref == ref && c.stamp == m.shown.stamp && !c.at.IsZero() &&
		(c.version == m.store.Version() || now.Sub(c.at) < time.Second)
	if n := len(c.entries); fresh && n > 0 && now.Sub(c.entries[n-1].At) < settling && now.Sub(c.at) >= time.Second {
		fresh = false
	}
	if !fresh {
		*c = timelineCache{ref, m.shown.stamp, m.store.Version(), now, explain.Timeline(m.store, ref)}
	}
	return c.entries
}
