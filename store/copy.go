package store

import (
	"maps"
	"slices"

	"github.com/kscope/kscope"
)

// copy is a store of its own, with the series that a function makes of each.
// What never changes once it is there is shared. It has no index: see reindex.
func (s *Store) copy(series func(*Series) Series) *Store {
	c := &Store{
		now: s.now, swept: s.swept, total: s.total, everyone: s.everyone, members: s.members, health: s.health,
		eventsLive: s.eventsLive, ids: slices.Clone(s.ids),
		hpas: maps.Clone(s.hpas), events: maps.Clone(s.events), connections: maps.Clone(s.connections),
		statuses: maps.Clone(s.statuses), byKind: maps.Clone(s.byKind), byServer: maps.Clone(s.byServer), gone: maps.Clone(s.gone),
		objects: make(map[kscope.ID]*object, len(s.objects)), work: make(map[workKey]*workload, len(s.work)),
		queues: make(map[kscope.Backlog]*queue, len(s.queues)), puts: make(map[kscope.Backlog]*puts, len(s.puts)),
	}
	objects := make([]object, 0, len(s.objects))
	for id, o := range s.objects {
		o.shared = len(o.log) > 0
		objects = append(objects, *o)
		own := &objects[len(objects)-1]
		own.log = slices.Clip(own.log)
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
		own.ready, own.desired = series(&w.ready), series(&w.desired)
		c.work[key] = own
	}
	for _, p := range s.pods.byRef {
		if p.owner == nil {
			take(p, nil)
		}
	}
}
