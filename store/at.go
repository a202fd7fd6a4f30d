package store

import (
	"maps"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Since is how far back [Store.At] reaches; the present while nothing was
// observed.
func (s *Store) Since() time.Time {
	switch {
	case s.live != nil:
		return s.live.Since()
	case len(s.past.chapters) == 0:
		return s.now
	}
	if c := s.past.chapters[0]; c.start == nil {
		return c.first
	}
	return s.past.chapters[0].start.now
}

// At is the store as it was at a moment: what [Store.Apply] would have made of
// the observations up to then, with Now as that moment. It is read like any
// other store, and stays as it is when this one goes on. Before [Store.Since] it
// is the oldest one known, and in the future the newest. It is not to be applied
// to.
//
// The keyframe before the moment is copied, what was observed since is folded
// again, and the series share their runs with the live ones.
func (s *Store) At(t time.Time) *Store {
	if t.After(s.now) {
		t = s.now
	}
	if s.live != nil {
		if t.Equal(s.now) {
			return s
		}
		return s.live.At(t)
	}
	if since := s.Since(); t.Before(since) {
		t = since
	}
	if p := s.past.shown; p != nil && p.now.Equal(t) {
		return p
	}
	p := s.picture(t)
	p.now, p.live = t, s
	s.past.shown = p
	return p
}

func (s *Store) picture(t time.Time) *Store {
	if t.Equal(s.now) {
		p := s.copy((*Series).view)
		p.reindex()
		return p
	}
	from := 0
	for i, c := range s.past.chapters {
		if c.start != nil && !c.start.now.After(t) {
			from = i
		}
	}
	p := New()
	if start := s.past.chapters[from].start; start != nil {
		p = start.copy((*Series).view)
		p.reindex()
	}
	again := refold{Store: p, upTo: t, open: map[rosterKey]*remeasured{}}
	for _, c := range s.past.chapters[from:] {
		if c.first.After(t) {
			continue // but what came late may still follow
		}
		for _, o := range c.seen {
			if !o.at.After(t) {
				again.see(o)
			}
		}
	}
	again.settle()
	p.link()
	p.now = t
	p.swept = time.Time{}
	p.sweep()
	return p
}

// refold folds again what is kept, up to a moment.
type refold struct {
	*Store
	upTo time.Time
	open map[rosterKey]*remeasured // whose queues that did not change are behind
}

func (r *refold) see(o observed) {
	if o.at.After(r.now) {
		r.now = o.at
	}
	was := r.total
	r.total = Version{was.All + 1, was.Row + 1}
	switch f := o.fact.(type) {
	case *remeasured:
		r.remeasure(f)
	case kscope.Depths:
		r.settle()
		r.fold(o)
	default:
		r.fold(o)
	}
	if o.linked {
		r.link()
	}
}

// remeasure folds what changed. The others are seen to before they change in
// turn, or in the end.
func (r *refold) remeasure(m *remeasured) {
	if old := r.open[m.of.key]; old != nil && old.of != m.of {
		r.catchUp(old)
	}
	r.open[m.of.key] = m
	for _, c := range m.changed {
		of := m.of.all[c.place].Backlog
		q := r.queue(of)
		q.still(m.before)
		d := q.last
		d.Backlog, d.N = of, c.n
		if c.whole != nil {
			d = *c.whole
		}
		r.applyDepth(m.at, q, d)
	}
}

// settle brings all queues up to the moment.
func (r *refold) settle() {
	open := slices.SortedFunc(maps.Values(r.open), func(a, b *remeasured) int { return a.last(r.upTo).Compare(b.last(r.upTo)) })
	for _, m := range open {
		r.catchUp(m)
	}
	clear(r.open)
}

func (r *refold) catchUp(m *remeasured) {
	at := m.last(r.upTo)
	for i := range m.of.all {
		if q := r.queues[m.of.all[i].Backlog]; q != nil {
			q.still(at)
		}
	}
}

// still says that a queue was measured until a time, never long after the
// measurement before, and nothing was new of it.
func (q *queue) still(at time.Time) {
	if q.at.Before(at) {
		q.at = at
		q.Series.last.until = max(q.Series.last.until, nano(at))
	}
}

// copy is a store of its own, with the series that a function makes of each.
// What never changes once it is there is shared. It has no index: see reindex.
func (s *Store) copy(series func(*Series) Series) *Store {
	c := &Store{
		now: s.now, swept: s.swept, total: s.total, everyone: s.everyone, members: s.members, health: s.health,
		eventsLive: s.eventsLive, ids: slices.Clone(s.ids),
		hpas: maps.Clone(s.hpas), events: maps.Clone(s.events), tellings: clipped(s.tellings), parted: clipped(s.parted), connections: maps.Clone(s.connections),
		statuses: maps.Clone(s.statuses), byKind: maps.Clone(s.byKind), byServer: maps.Clone(s.byServer), gone: maps.Clone(s.gone),
		objects: make(map[kscope.ID]*object, len(s.objects)), work: make(map[workKey]*workload, len(s.work)),
		queues: make(map[kscope.Backlog]*queue, len(s.queues)), puts: make(map[kscope.Backlog]*puts, len(s.puts)),
	}
	objects := make([]object, 0, len(s.objects))
	for id, o := range s.objects {
		o.shared = len(o.log) > 0
		objects = append(objects, *o)
		own := &objects[len(objects)-1]
		own.log, own.acts = slices.Clip(own.log), series(&o.acts)
		c.objects[id] = own
	}
	queues := make([]queue, 0, len(s.queues))
	for key, q := range s.queues {
		queues = append(queues, *q)
		own := &queues[len(queues)-1]
		own.Series = series(&q.Series)
		c.queues[key] = own
	}
	for key, p := range s.puts {
		own := *p
		own.own, own.loads = series(&p.own), slices.Clone(p.loads)
		c.puts[key] = &own
	}
	s.copyPods(c, series)
	return c
}

// copyPods copies the workloads and the pods, with what links them.
func (s *Store) copyPods(c *Store, series func(*Series) Series) {
	for of, t := range s.pods.tallies {
		if c.pods.tallies == nil {
			c.pods.tallies = make(map[triggers.Pods]*tally, len(s.pods.tallies))
		}
		c.pods.tallies[of] = &tally{PodTally: t.Clone(), past: series(&t.past)}
	}
	c.pods.byRef = make(map[kscope.Ref]*pod, len(s.pods.byRef))
	pods := make([]pod, 0, len(s.pods.byRef))
	take := func(p *pod, owner *workload) *pod {
		pods = append(pods, *p)
		own := &pods[len(pods)-1]
		own.owner = owner
		c.pods.byRef[p.Ref] = own
		return own
	}
	work, lists := make([]workload, 0, len(s.work)), make([]*pod, 0, len(s.pods.byRef))
	for key, w := range s.work {
		work = append(work, *w)
		own, from := &work[len(work)-1], len(lists)
		for _, p := range w.pods {
			lists = append(lists, take(p, own))
		}
		own.pods = slices.Clip(lists[from:])
		own.jobs = maps.Clone(w.jobs)
		own.ready, own.desired, own.alive = series(&w.ready), series(&w.desired), series(&w.alive)
		own.milestones.past = slices.Clip(w.milestones.past)
		c.work[key] = own
	}
	for _, p := range s.pods.byRef {
		if p.owner == nil {
			take(p, nil)
		}
	}
}
