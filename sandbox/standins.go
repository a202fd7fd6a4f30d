package sandbox

import (
	"context"
	"slices"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/world"
)

// StandIns wraps the source of KEDA's objects so that every trigger names the
// queue by which the sandbox scales, to be measured, drawn and filled. A trigger
// of another type than Redis has a list in the sandbox's Redis that stands in
// for its source; one whose address comes from the environment of its target
// gets an address that [Sandbox.Dial] takes, as any. Of a real cluster nobody
// could say so; that is why it is not the source's own doing.
func StandIns(s kscope.Source) kscope.Source { return standIns{s} }

type standIns struct{ kscope.Source }

func (s standIns) Run(ctx context.Context, emit func(kscope.Fact)) error {
	return s.Source.Run(ctx, func(f kscope.Fact) {
		switch o := f.(type) {
		case kscope.ScaledObject:
			o.Triggers = standIn(o.Ref, o.Triggers)
			f = o
		case kscope.ScaledJob:
			o.Triggers = standIn(o.Ref, o.Triggers)
			f = o
		}
		emit(f)
	})
}

// plain reports whether the sandbox plays a queue as it is: streams it plays as
// lists. How a real server would be reached does not matter to it.
func plain(q *kscope.Queue) bool { return q != nil && q.Measure == kscope.Size }

func standIn(ref kscope.Ref, triggers []kscope.Trigger) []kscope.Trigger {
	out := slices.Clone(triggers)
	for i, t := range out {
		if plain(t.Queue) {
			q := kscope.Queue{Address: t.Queue.Address, DB: t.Queue.DB, Key: t.Queue.Key}
			if q.Address == "" {
				q.Address = world.StandInAddress
			}
			out[i].Queue = &q
		} else if q, ok := world.TriggerQueue(ref.Namespace, ref.Name, i, t.Type, t.Metadata); ok {
			out[i].Queue = &q
		}
	}
	return out
}
