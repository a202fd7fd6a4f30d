package explain

import (
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// outlook is the next change of the replicas as a model plays it, by all that may
// be: where a phase was not seen, or the pace of a queue is an estimate, or the HPA
// may remember more than was watched, the plays differ.
type outlook struct {
	*model
	// Nothing changes before quiet, whatever may be: at the earliest change, or at
	// the end of what was played.
	quiet time.Time
	some  bool // there is a change in the play of what is likely
	sure  bool // and all plays have it, by the same and in the same direction

	keda             bool // who makes it
	up               bool
	low, high        int32
	earliest, latest time.Time
	atNext           bool // it is at the HPA's next sync, in all plays
	open             bool // how low it goes depends on what the HPA remembers from before it was watched
}

// farthest is how far ahead is looked at most.
const farthest = 2 * time.Hour

// look plays a model on until the replicas change.
func (m *model) look() outlook {
	o := outlook{model: m, sure: true}
	horizon := m.horizon()
	first := m.play(horizon, variant{})
	if o.some = len(first) > 0; o.some {
		c := first[0]
		o.keda, o.up, o.low, o.high = c.ByKEDA, c.To > c.From, c.To, c.To
		o.earliest, o.latest = m.from.At.Add(c.Since), m.from.At.Add(c.Since)
		o.quiet = o.earliest
	} else {
		o.quiet = m.from.At.Add(horizon)
	}
	for _, v := range m.variants() {
		o.also(m.play(horizon, v), v.held)
	}
	o.atNext = o.some && !o.keda && !o.latest.After(m.from.At.Add(m.plan.FirstSync))
	return o
}

// also takes another play into account.
func (o *outlook) also(changes []scaling.Change, held bool) {
	if len(changes) == 0 {
		o.sure = o.sure && !o.some
		return
	}
	c := changes[0]
	at := o.from.At.Add(c.Since)
	if at.Before(o.quiet) {
		o.quiet = at
	}
	if !o.some || c.ByKEDA != o.keda || c.To > c.From != o.up {
		o.sure = false
		return
	}
	o.open = o.open || held && (c.To != o.low || c.To != o.high || at.Sub(o.latest) > scaling.SyncPeriod)
	o.low, o.high = min(o.low, c.To), max(o.high, c.To)
	if at.Before(o.earliest) {
		o.earliest = at
	}
	if at.After(o.latest) {
		o.latest = at
	}
}

// variant is a way in which things may be other than is likely.
type variant struct {
	pace       float64 // of the pods, 1 is as estimated; 0 is 1 too
	rate       float64 // at which jobs come, the same way
	sync, poll float64 // the phase, of a period; 0 is as planned
	held       bool    // the HPA remembers what it held when it was first seen
}

func (m *model) variants() []variant {
	var out []variant
	if m.flows {
		out = append(out, variant{pace: 0.75}, variant{pace: 1.3})
	}
	if m.comes {
		out = append(out, variant{rate: 0.9}, variant{rate: 1.1})
	}
	if !m.syncSeen {
		out = append(out, variant{sync: 0.02}, variant{sync: 0.5})
	}
	if !m.lookSeen {
		out = append(out, variant{poll: 0.02}, variant{poll: 0.5})
	}
	if m.held > 0 {
		out = append(out, variant{held: true})
		if m.flows {
			out = append(out, variant{held: true, pace: 0.75}, variant{held: true, pace: 1.3})
		}
	}
	return out
}

// play is the first change of the replicas within a horizon, if there is one.
func (m *model) play(horizon time.Duration, v variant) []scaling.Change {
	p, from := m.varied(v)
	p.Changes, p.Step = 1, horizon
	return scaling.Play(p, from, horizon).Changes
}

// run is all that happens for so long, with a point each step.
func (m *model) run(length, step time.Duration, v variant) scaling.Outcome {
	p, from := m.varied(v)
	p.Step = step
	return scaling.Play(p, from, length)
}

// varied is the plan and the state as they are in a variant.
func (m *model) varied(v variant) (scaling.Plan, scaling.State) {
	p, from := m.plan, m.from
	if v.pace > 0 && p.Service > 0 {
		p.Service = time.Duration(float64(p.Service) / v.pace)
	}
	if come := p.Arrivals; v.rate > 0 && come != nil {
		p.Arrivals = func(since time.Duration) float64 { return v.rate * come(since) }
	}
	if v.sync > 0 {
		p.FirstSync = time.Duration(v.sync * float64(p.Sync))
	}
	if v.poll > 0 {
		p.FirstPoll = time.Duration(v.poll * float64(max(p.Loop.Polling, time.Second)))
	}
	if v.held {
		from.Memory = from.Memory.Clone()
		from.Memory.Asked(m.until.Add(-p.Behavior.DownWindow()), m.held)
	}
	return p, from
}

// horizon is how far ahead it makes sense to look: whatever is due comes until
// then.
func (m *model) horizon() time.Duration {
	p := &m.plan
	long := p.Behavior.DownWindow() + p.Behavior.UpWindow() + max(p.Loop.Cooldown, 0) + 2*max(p.Loop.Polling, time.Second) + 4*p.Sync
	return min(max(long, p.Behavior.Remembers()+4*p.Sync), farthest)
}

// forecast is what an outlook says, in numbers.
func (o *outlook) forecast() Forecast {
	return Forecast{Low: o.low, High: o.high, Earliest: o.earliest, Latest: o.latest, By: actor(o.keda), If: o.condition()}
}

func (o *outlook) condition() Condition {
	switch {
	case o.comes:
		return PresentRate
	case o.flows || o.plan.Measured != nil:
		return NoMoreJobs
	}
	return Whatever
}

// Forecast is what Next says of the replicas, in numbers, so that it can be held
// against what then happens. The first change of the replicas after it was made is
// the one it is about.
type Forecast struct {
	By store.Actor // who makes it, [store.KEDA] or [store.TheHPA]; nobody if Stays
	// The replicas are set to a number from Low to High, both included; equal where
	// the number is certain.
	Low, High int32
	// It happens between these times, by the clock of the stream.
	Earliest, Latest time.Time
	// Stays says instead that nobody changes the replicas before Latest.
	Stays bool
	// If is what it rests on beside what is known.
	If Condition
}

// Condition is what a forecast assumes of the work to come.
type Condition string

// The conditions. All forecasts assume that settings and pods stay as they are.
const (
	Whatever    Condition = ""                 // comes, it happens
	NoMoreJobs  Condition = "no more jobs"     // or less work than would change anything
	PresentRate Condition = "the present rate" // at which jobs come and are done
)

// aSync is "within about 15s": how long the next sync of the HPA may take, with
// the time that it takes itself.
const aSync = scaling.SyncPeriod + 500*time.Millisecond

// soon is a step to a number from low to high within a time from now, if no more
// jobs come.
func soon(f *facts, by store.Actor, low, high int32, within time.Duration) []Forecast {
	return []Forecast{{By: by, Low: low, High: high, Earliest: f.now, Latest: f.now.Add(within), If: NoMoreJobs}}
}

// unchanged is nobody's step until the HPA has looked again.
func unchanged(f *facts) []Forecast {
	return []Forecast{{Stays: true, Latest: f.now.Add(scaling.SyncPeriod), If: NoMoreJobs}}
}
