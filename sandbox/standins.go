package sandbox

import (
	"cmp"
	"context"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/sandbox/dump"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
)

// StandIns wraps a source of objects so that every trigger names the
// queue by which the sandbox scales, to be measured, drawn and filled. A trigger
// of another type than Redis has a list in the sandbox's Redis that stands in
// for its source; one whose address comes from the environment of its target
// gets an address that [Sandbox.Dial] takes, as any. An HPA without KEDA that goes by
// what pods use names the requests that these serve. Of a real cluster nobody
// could say so; that is why it is not the source's own doing.
func StandIns(s kscope.Source) kscope.Source { return standIns{s, nil} }

// StandIns is the function of that name, but that the triggers of real brokers, which
// [Options] name, keep the queues that they have.
func (s *Sandbox) StandIns(src kscope.Source) kscope.Source { return standIns{src, s} }

type standIns struct {
	kscope.Source
	of *Sandbox // nil where no broker is a real one
}

func (s standIns) Run(ctx context.Context, emit func(kscope.Fact)) error {
	return s.Source.Run(ctx, func(f kscope.Fact) {
		switch o := f.(type) {
		case kscope.ScaledObject:
			o.Triggers = serving(o, s.standIn(o.Ref, o.Triggers))
			f = o
		case kscope.ScaledJob:
			o.Triggers = s.standIn(o.Ref, o.Triggers)
			f = o
		case kscope.HPA:
			used := func(m kscope.Metric) bool { return m.Type == "Resource" || m.Type == "ContainerResource" }
			if o.ScaledObject == "" && slices.ContainsFunc(o.Metrics, used) {
				b := world.Requests(o.Ref.Namespace, o.ScaleTarget.Name).Backlog()
				o.Serves = &b
				f = o
			}
		}
		emit(f)
	})
}

func (s standIns) standIn(ref kscope.Ref, all []kscope.Trigger) []kscope.Trigger {
	out := standIn(ref, all)
	for i, t := range all {
		if s.of != nil && t.Backlog != nil && slices.Contains(s.of.brokers, t.Backlog.Broker) && out[i].Backlog != nil {
			s.of.real(*t.Backlog, triggers.RedisOf(*out[i].Backlog))
			out[i].Backlog = t.Backlog
		}
	}
	return out
}

// real has a queue of a real broker take the place of the list that would stand in for it.
func (s *Sandbox) real(b kscope.Backlog, list triggers.Redis) {
	list.Called = "" // to the world it has no other name than its key
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.outside[b], list) {
		s.outside[b] = append(s.outside[b], list)
		s.world.Measured(list, kscope.Depth{})
	}
}

// Measured has KEDA go by what was measured of queues of real brokers.
func (s *Sandbox) Measured(all kscope.Depths) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range all.All {
		for _, list := range s.outside[d.Backlog] {
			s.world.Measured(list, d)
		}
	}
}

func standIn(ref kscope.Ref, all []kscope.Trigger) []kscope.Trigger {
	out := slices.Clone(all)
	for i, t := range out {
		if q, ok := queueFor(ref, i, t); ok {
			b := q.Backlog()
			out[i].Backlog = &b
		}
	}
	return out
}

// serving has the first trigger of an object that only what its pods use scales name the
// requests that these serve.
func serving(o kscope.ScaledObject, all []kscope.Trigger) []kscope.Trigger {
	queued := func(t kscope.Trigger) bool { return t.Backlog != nil }
	byUse := func(t kscope.Trigger) bool { typ, _ := triggers.TypeOf(t.Type); return typ.Resource }
	if i := slices.IndexFunc(all, byUse); i >= 0 && !slices.ContainsFunc(all, queued) {
		b := world.Requests(o.Ref.Namespace, o.ScaleTarget.Name).Backlog()
		all[i].Backlog = &b
	}
	return all
}

// queueFor is what the sandbox plays for a trigger. How a real server would be reached
// matters to it for the login alone, which may come from all that a way goes by. A list that stands in for something else is called by
// the name of that.
func queueFor(ref kscope.Ref, index int, t kscope.Trigger) (triggers.Redis, bool) {
	if t.Backlog != nil && t.Backlog.Broker == triggers.RedisBroker {
		q := triggers.RedisOf(*t.Backlog)
		if q.Address == "" && q.Via == "" { // nobody says where it is, and KEDA refuses it
			return triggers.Redis{}, false
		}
		return triggers.Redis{Address: cmp.Or(q.Address, brokers.StandInAddress), DB: q.DB, Key: q.Key, Measure: q.Measure, Group: q.Group, Via: q.Via}, true
	}
	q, ok := brokers.TriggerQueue(ref.Namespace, ref.Name, index, t.Type, t.Metadata)
	if ok && q.Address == brokers.StandInAddress {
		known, _ := triggers.TypeOf(t.Type)
		q.Called = kscope.Clean(cmp.Or(known.QueueName(t.Metadata), t.Name, t.Type))
	}
	return q, ok
}

// Tell is what the broker that a list stands in for would tell of it now; false where that
// is no more than its length, and while Redis is lost.
func (s *Sandbox) Tell(of kscope.Backlog) (kscope.Depth, bool) {
	q := triggers.RedisOf(of)
	if q.Address != brokers.StandInAddress {
		return kscope.Depth{}, false
	}
	q.Called = "" // to the world it has no other name than its key
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Depth(q)
}

// waiting is how many jobs wait in a queue.
type waiting struct {
	queue triggers.Redis
	jobs  int64
}

// waiting is what waited in the queues when a dump was made, as its HPAs have it.
func (m Manifests) waiting() []waiting {
	var out []waiting
	for _, obj := range m.Objects {
		h, ok := obj.(*autoscalingv2.HorizontalPodAutoscaler)
		if !ok {
			continue
		}
		so := m.scaledObject(h.Namespace, dump.Owner(h))
		if so == nil {
			continue
		}
		queues, _ := triggerQueues(so)
		jobs := dump.Waiting(so, h)
		for i, q := range queues {
			there := func(w waiting) bool { return w.queue == q }
			if n := min(jobs[i], maxMisplaced); n > 0 && q.Key != "" && q.Measure != triggers.StreamPending && !slices.ContainsFunc(out, there) {
				out = append(out, waiting{q, n})
			}
		}
	}
	return out
}

// fill puts in what waited, where that can be.
func (r *redis) fill(queues []waiting) {
	for _, w := range queues {
		push := []string{"RPUSH", w.queue.Key} // which end does not matter, they are all alike
		for range w.jobs {
			if w.queue.Measure != triggers.Size {
				_, _ = r.Ask(w.queue.DB, "XADD", w.queue.Key, "*", "job", "1")
			} else if push = append(push, "job"); len(push) == 1000 {
				_, _ = r.Ask(w.queue.DB, push...)
				push = push[:2]
			}
		}
		if len(push) > 2 {
			_, _ = r.Ask(w.queue.DB, push...)
		}
	}
}
