package outlook

import (
	"math"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// How far back a flow is looked for, and how finely. Jobs come at a rate where they
// came in most seconds of the last of these, and did not only just begin to.
const (
	flowBack  = time.Minute
	flowStep  = time.Second
	rateBack  = 15 * time.Second
	rateLeast = 3 * time.Second
)

// flowOf is how many jobs a second come into a queue from others, 0 where they do not
// come steadily, and how long a pod is busy with one, 0 where that does not show: what
// the depth fell by while pods were ready that had work, divided among them. What was
// put in from here, counted up, hides nothing of that. It is an estimate; what comes
// and goes between two looks is not seen. More jobs than there are pods, gone in one
// second and none in those beside it, were taken out by somebody else: pods that are so
// fast go on.
func flowOf(depth, own, ready *store.Series, now time.Time) (in float64, service time.Duration) {
	now = depth.Newest(now)
	// Two counts that are not made at one moment waver against each other. Over all
	// steps that is made up for, so where jobs from here keep coming all are summed up.
	all := keepsComing(own, now)
	var busy, done float64
	last := depth.At(now.Add(-flowBack))
	before, rest := without(depth, own, now.Add(-flowBack-flowStep)), without(depth, own, now.Add(-flowBack))
	for back := flowBack - flowStep; back >= 0; back -= flowStep {
		at := now.Add(-back)
		is, left, after := depth.At(at), without(depth, own, at), math.NaN()
		if back > 0 {
			after = without(depth, own, at.Add(flowStep))
		}
		// Where a batch went in a moment ago the two counts do not tell of one moment.
		unsure := own.Counted(at.Add(flowStep)) > own.Counted(at.Add(-2*flowStep))
		atOnce := rest-left > max(orZero(ready.At(at)), 1) && !(before > rest) && !(after < left)
		switch {
		case math.IsNaN(left) || math.IsNaN(rest):
			busy, done = 0, 0
		case last == 0 || !all && (left > rest || atOnce || unsure):
		case is > 0:
			done, busy = done+rest-left, busy+orZero(ready.At(at))*flowStep.Seconds()
		default: // it ran empty somewhere in between
			done, busy = done+rest-left, busy+orZero(ready.At(at))*flowStep.Seconds()/2
		}
		last, before, rest = is, rest, left
	}
	if done > 0 && busy > 0 {
		service = time.Duration(busy / done * float64(time.Second))
	}
	return rateOf(depth, own, ready, now, service), service
}

// paceLeast is for how long a queue has to be watched until the few jobs that were taken
// from it tell a pace.
const paceLeast = 10 * time.Second

// begun reports whether a queue was under way when it was first looked at, and that was
// a moment ago.
func begun(depth *store.Series, now time.Time) bool {
	since := depth.Start()
	return !since.IsZero() && depth.Newest(now).Sub(since) < paceLeast && depth.At(since) > 0
}

// without is a depth without all that was ever put in from here: what others put in
// less what was taken.
func without(depth, own *store.Series, at time.Time) float64 { return depth.At(at) - own.Counted(at) }

// keptBack is how far back it is looked for what pods took of a load from here that left
// no queue.
const keptBack = 5 * time.Minute

// keptUp is for how long a pod is busy with a job at most, by those from here that were
// taken so fast that none was seen to wait; 0 where there were none.
func keptUp(own, ready *store.Series, now time.Time) time.Duration {
	var jobs, pods float64
	for back := keptBack; back > 0; back -= flowStep {
		put := own.Counted(now.Add(-back+flowStep)) - own.Counted(now.Add(-back))
		if is := orZero(ready.At(now.Add(-back))); is > 0 && put >= 0 {
			jobs, pods = jobs+put, pods+is*flowStep.Seconds()
		}
	}
	if jobs == 0 {
		return 0
	}
	return time.Duration(pods / jobs * float64(time.Second))
}

// keepsComing reports whether jobs from here came in a good part of the time.
func keepsComing(own *store.Series, now time.Time) bool {
	came := 0
	for back := flowBack; back > 0; back -= flowStep {
		if own.Counted(now.Add(-back+flowStep)) > own.Counted(now.Add(-back)) {
			came++
		}
	}
	return came*8 >= int(flowBack/flowStep)
}

// rateOf is how many jobs a second come in while there is a queue: what it grows
// by and what the pods take meanwhile.
func rateOf(depth, own, ready *store.Series, now time.Time, service time.Duration) float64 {
	rises, seconds, recent, pods := 0, 0, false, 0.0
	last, is := without(depth, own, now), without(depth, own, now)
	for back := flowStep; back <= rateBack; back += flowStep {
		before := without(depth, own, now.Add(-back))
		if math.IsNaN(before) || math.IsNaN(last) || depth.At(now.Add(-back)) == 0 {
			break
		}
		seconds++
		pods += orZero(ready.At(now.Add(-back)))
		if last > before {
			rises++
			recent = recent || back <= rateLeast
		}
		last = before
	}
	if !recent || time.Duration(seconds)*flowStep < rateLeast || 2*rises < seconds {
		return 0
	}
	in := (is - last) / float64(seconds)
	if service > 0 {
		in += pods / float64(seconds) / service.Seconds()
	}
	return max(in, 0)
}

// usualStart is how long a pod takes to become ready where that was not seen.
const usualStart = 3 * time.Second

// measure says what the sources will say: those that kscope knows nothing of but
// their value stay as they are, a schedule is kept, and a queue flows on as it does.
// What pods use stays the same in all, and is divided among more of them or fewer.
func (m *Model) measure(c *store.Chain, sources []source, main int, is Seen) {
	for i := range sources {
		s := &sources[i]
		measured := func(time.Duration) float64 { return s.Value }
		if s.cron != nil {
			value := s.cron.Values()
			measured = func(since time.Duration) float64 { return value(is.Now.Add(since)) }
		}
		activation := s.ActivationTarget
		if s.Direct { // KEDA starts nothing for it
			activation = math.Inf(1)
			m.Uses = true
			if i == main {
				m.used = append(m.used, -1)
			} else {
				m.used = append(m.used, len(m.plan.Also))
			}
		}
		if i != main {
			m.plan.Also = append(m.plan.Also, scaling.Source{Target: s.Target, Activation: activation, ByValue: s.byValue(), Measured: measured})
			continue
		}
		m.plan.Target, m.plan.Activation, m.plan.ByValue = s.Target, activation, s.byValue()
		m.from.Queue = s.Jobs()
		if s.Direct { // whatever comes of what its pods serve, what they use of it is not known
			m.plan.Measured = measured
			continue
		}
		in, service := 0.0, time.Duration(0)
		if s.Formula != nil {
			s = m.combine(c, s, is.Now)
			m.from.Queue = s.Jobs()
			measured = func(time.Duration) float64 { return s.Value }
		}
		switch s.From {
		case store.FromHPA:
			told := courseOf(s, c, is, m.plan.Sync)
			m.from.Queue, in, service = told.by, told.in, told.service
			m.told, m.once, m.new, m.quick = true, told.once, told.new, told.quick
		case store.FromBroker: // what is counted here is a queue, whatever its trigger calls it
			if m.Begun = begun(&s.Past, is.Now); m.Begun {
				m.new = true
			} else {
				in, service = flowOf(&s.Past, &s.Own, &c.Past.Ready, is.Now)
			}
		}
		if s.Formula == nil && s.Measured() && s.Scaled != (kscope.Scaled{}) && m.plan.Formula == nil {
			is := s.Reading
			m.plan.Formula = func(waits float64, _ time.Duration) float64 {
				if v := is.AsScaled(waits); v == v { // not NaN
					return v
				}
				return is.Value
			}
		}
		loads := loadsInto(&s.Reading)
		if service == 0 && len(loads) > 0 && s.Jobs() == 0 {
			service = keptUp(&s.Own, &c.Past.Ready, is.Now)
			m.told = true // and no better known than what the HPA tells
		}
		if service <= 0 && in <= 0 && len(loads) == 0 {
			m.plan.Measured = measured
			continue
		}
		m.Flows, m.Comes, m.In, m.plan.Service = true, in > 0 || len(loads) > 0, in, service
		for _, l := range loads {
			m.Loads = max(m.Loads, l.left())
		}
		if s.Jobs() > 0 {
			m.from.InHand = float64(is.Ready) / 2
		}
		if m.Comes {
			m.plan.Arrivals = arrivals(in, loads)
		}
	}
}
