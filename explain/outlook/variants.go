package outlook

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
)

// variant is a way in which things may be other than is likely.
type variant struct {
	pace       float64 // of the pods, 1 is as estimated; 0 is 1 too
	rate       float64 // at which jobs come, the same way
	sync, poll float64 // the phase, of a period; 0 is as planned
	more       float64 // jobs that came at once
	hand       bool    // slow pods have just begun, and fast ones are nearly done
	held       bool    // the HPA remembers what it held when it was first seen
	use        float64 // of what pods use, 1 is as now; 0 is 1 too
	quick      bool    // pods do more, and more jobs come
}

func (m *Model) variants() []variant {
	var out []variant
	if m.Flows && m.told {
		out = append(out, variant{pace: 0.65}, variant{pace: 1.5})
	} else if m.Flows {
		out = append(out, variant{pace: 0.75}, variant{pace: 1.3})
	}
	if m.once {
		out = append(out, variant{rate: 0.01})
	}
	if m.Comes && m.told {
		out = append(out, variant{rate: 0.75}, variant{rate: 1.25})
	} else if m.Comes {
		out = append(out, variant{rate: 0.9}, variant{rate: 1.1})
	}
	if m.quick != nil {
		out = append(out, variant{quick: true})
	}
	if m.Uses {
		out = append(out, variant{use: 0.7}, variant{use: 1.4})
	}
	if !m.SyncSeen {
		out = append(out, variant{sync: 0.02}, variant{sync: 0.5})
	}
	if !m.lookSeen {
		out = append(out, variant{poll: 0.02}, variant{poll: 0.5})
	}
	if m.held > 0 {
		out = append(out, variant{held: true})
		if m.Flows {
			out = append(out, variant{held: true, pace: 0.75}, variant{held: true, pace: 1.3})
		}
	}
	return out
}

// chances are ways in which it may come otherwise by chance alone, so that nothing is
// said to stay that is that near to a change: jobs that come at a rate come together now
// and then, and between two syncs more of them, or fewer, than on average.
func (m *Model) chances() []variant {
	switch {
	case !m.Comes:
		return nil
	case m.told:
		most := func(in float64) float64 { return 2 * math.Sqrt(in*m.plan.Sync.Seconds()) }
		out := []variant{{more: most(m.In)}, {more: -most(m.In)}}
		if q := m.quick; q != nil {
			out = append(out, variant{quick: true, more: most(q.in)}, variant{quick: true, more: -most(q.in)})
		}
		return out
	}
	return []variant{{more: 2}}
}

// play is the first change of the replicas within a horizon, if there is one.
func (m *Model) play(horizon time.Duration, v variant) []scaling.Change {
	p, from := m.varied(v)
	p.Changes, p.Step = 1, horizon
	return scaling.Play(p, from, horizon).Changes
}

// run is all that happens for so long, with a point each step.
func (m *Model) run(length, step time.Duration, v variant) scaling.Outcome {
	p, from := m.varied(v)
	p.Step = step
	return scaling.Play(p, from, length)
}

// varied is the plan and the state as they are in a variant.
func (m *Model) varied(v variant) (scaling.Plan, scaling.State) {
	p, from := m.plan, m.from
	if q := m.quick; v.quick {
		p.Service, p.Arrivals, from.Queue = q.service, arrivals(q.in, loadsInto(&m.main)), q.by
	}
	if v.pace > 0 && p.Service > 0 {
		p.Service = time.Duration(float64(p.Service) / v.pace)
	}
	from.Queue = max(from.Queue+v.more, 0)
	switch half := float64(from.Ready) / 2; { // how far pods are with what they have in hand is not seen
	case !v.hand || from.Queue <= 0:
	case v.pace > 1:
		from.InHand = 0
	case v.pace > 0:
		from.Queue += half // which is as long until they are done
	}
	if come := p.Arrivals; v.rate > 0 && come != nil {
		p.Arrivals = func(since time.Duration) float64 { return v.rate * come(since) }
	}
	if v.use > 0 {
		p.Also = slices.Clone(p.Also)
		for _, i := range m.used {
			measured := &p.Measured
			if i >= 0 {
				measured = &p.Also[i].Measured
			}
			is := *measured
			*measured = func(since time.Duration) float64 { return v.use * is(since) }
		}
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
