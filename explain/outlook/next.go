package outlook

import (
	"time"

	"github.com/kscope/kscope/scaling"
)

// Next is the next change of the replicas as a model plays it, by all that may
// be: where a phase was not seen, or the pace of a queue is an estimate, or the HPA
// may remember more than was watched, the plays differ.
type Next struct {
	*Model
	// Nothing changes before Quiet, whatever may be: at the earliest change, or at
	// the end of what was played.
	Quiet time.Time
	Some  bool // there is a change in the play of what is likely
	Sure  bool // and all plays have it, by the same and in the same direction

	KEDA             bool // makes it, else the HPA does
	Up               bool
	Low, High        int32 // what the replicas are set to
	Earliest, Latest time.Time
	AtNext           bool // it is at the HPA's next sync, in all plays
	Open             bool // how low it goes depends on what the HPA remembers from before it was watched
}

// farthest is how far ahead is looked at most.
const farthest = 2 * time.Hour

// Next plays a model on until the replicas change.
func (m *Model) Next() Next {
	o := Next{Model: m, Sure: true}
	horizon := m.horizon()
	first := m.play(horizon, variant{})
	if o.Some = len(first) > 0; o.Some {
		c := first[0]
		o.KEDA, o.Up, o.Low, o.High = c.ByKEDA, c.To > c.From, c.To, c.To
		o.Earliest, o.Latest = m.from.At.Add(c.Since), m.from.At.Add(c.Since)
		o.Quiet = o.Earliest
	} else {
		o.Quiet = m.from.At.Add(horizon)
	}
	for _, v := range m.variants() {
		v.hand = o.KEDA // who waits for the very last job
		o.also(m.play(horizon, v), v.held)
	}
	if m.new {
		o.Quiet = m.from.At
	}
	for _, v := range m.chances() {
		if c := m.play(horizon, v); len(c) > 0 && m.from.At.Add(c[0].Since).Before(o.Quiet) {
			o.Quiet = m.from.At.Add(c[0].Since)
		}
	}
	if m.Uses && o.KEDA && !o.Up && m.from.Replicas > m.plan.Loop.HPA().Min { // what pods use falls before, who knows when
		o.Sure = false
	}
	o.AtNext = o.Some && !o.KEDA && !o.Latest.After(m.from.At.Add(m.plan.FirstSync))
	return o
}

// also takes another play into account.
func (o *Next) also(changes []scaling.Change, held bool) {
	if len(changes) == 0 {
		o.Sure = o.Sure && !o.Some
		return
	}
	c := changes[0]
	at := o.from.At.Add(c.Since)
	if at.Before(o.Quiet) {
		o.Quiet = at
	}
	if !o.Some || c.ByKEDA != o.KEDA || c.To > c.From != o.Up {
		o.Sure = false
		return
	}
	o.Open = o.Open || held && (c.To != o.Low || c.To != o.High || at.Sub(o.Latest) > scaling.SyncPeriod)
	o.Low, o.High = min(o.Low, c.To), max(o.High, c.To)
	if at.Before(o.Earliest) {
		o.Earliest = at
	}
	if at.After(o.Latest) {
		o.Latest = at
	}
}

// loadAhead is how much farther is looked for the sake of a load of ours at most: what
// is due after that is not worth what it costs to play so far at every look.
const loadAhead = 5 * time.Minute

// horizon is how far ahead it makes sense to look: whatever is due comes until
// then.
func (m *Model) horizon() time.Duration {
	p := &m.plan
	long := p.Behavior.DownWindow() + p.Behavior.UpWindow() + max(p.Loop.Cooldown, 0) + min(m.Loads, loadAhead) + 2*max(p.Loop.Polling, time.Second) + 4*p.Sync
	return min(max(long, p.Behavior.Remembers()+4*p.Sync), farthest)
}

// Forecast is what an outlook says, in numbers.
func (o *Next) Forecast() Forecast {
	return Forecast{Low: o.Low, High: o.High, Earliest: o.Earliest, Latest: o.Latest, By: actor(o.KEDA), If: o.Condition()}
}

// Condition is what it rests on.
func (o *Next) Condition() Condition {
	switch {
	case o.Comes || o.Uses:
		return PresentRate
	case o.Flows || o.plan.Measured != nil:
		return NoMoreJobs
	}
	return Whatever
}
