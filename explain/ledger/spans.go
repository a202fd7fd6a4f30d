package ledger

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// queue is one whose jobs are counted.
type queue struct {
	*store.Reading
	steps []step
	own   *store.Series
	every time.Duration
	taken bool // what leaves it was taken by a worker: not so of a stream, whose entries stay
}

// ledger is what is known, prepared for all episodes.
type ledger struct {
	Seen
	floor           int32
	desired, active []step
	ready, alive    []step
	queues          []queue
	counted         bool // every trigger is a queue whose jobs are counted
	dark            bool // there are jobs that nobody here counts
	purges          []store.Entry
	sizes           []store.Entry // changes of the replicas
}

func newLedger(x Seen) *ledger {
	l := &ledger{Seen: x, floor: x.Chain.ScaledObject.Floor(), counted: len(x.Chain.Readings) > 0}
	if x.Chain.ID.Kind == kscope.HPAs {
		l.floor = x.Chain.HPA.MinReplicas
	}
	past := &x.Chain.Past
	l.desired, l.active, l.ready = stepsOf(&past.Desired), stepsOf(&past.Active), stepsOf(&past.Ready)
	if x.Pods.Alive != nil {
		l.alive = stepsOf(x.Pods.Alive)
	}
	for i := range x.Log {
		switch e := &x.Log[i]; {
		case e.Kind == store.Emptied && e.Actor == store.You:
			l.purges = append(l.purges, *e)
		case e.Kind == store.Scaled:
			l.sizes = append(l.sizes, *e)
		}
	}
	for i := range x.Chain.Readings {
		r := &x.Chain.Readings[i]
		if !r.CountsJobs() || r.Past.Start().IsZero() {
			l.counted = false
			l.dark = l.dark || triggers.Unit(r.Trigger) != ""
			continue
		}
		if slices.ContainsFunc(l.queues, func(q queue) bool { return *q.Trigger.Backlog == *r.Trigger.Backlog }) {
			continue
		}
		l.queues = append(l.queues, queue{Reading: r, steps: stepsOf(&r.Past), own: x.Own[*r.Trigger.Backlog],
			every: r.Past.Every(), taken: !strings.Contains(r.Trigger.Type, "stream")})
	}
	return l
}

// calls reports whether so many jobs in a queue are work for more than the floor.
func (l *ledger) calls(q *queue, n float64) bool {
	if l.floor == 0 {
		return n > q.ActivationTarget
	}
	return l.beyond(q, n)
}

// beyond reports whether so many jobs are more than the floor takes, as the target
// has it.
func (l *ledger) beyond(q *queue, n float64) bool {
	if l.floor == 0 || q.Target <= 0 || q.Trigger.MetricType == "Value" {
		return n > 0
	}
	return n > q.Target*float64(l.floor)
}

// span is when an episode was under way.
type span struct {
	from    time.Time
	within  time.Duration
	to      time.Time // zero while it is
	partial bool
}

// state is what decides whether an episode is under way.
type state struct {
	desired float64
	calls   []bool // of the queues, as known last
	blind   []time.Time
	active  bool
}

func (l *ledger) busy(s *state) bool {
	return s.desired > float64(l.floor) || l.floor == 0 && slices.Contains(s.calls, true) || !l.counted && l.floor == 0 && s.active
}

// done is more than not to be busy: a larger floor takes its time with what is left.
func (l *ledger) done(s *state) bool { return !l.busy(s) && !slices.Contains(s.calls, true) }

// spans finds the episodes.
func (l *ledger) spans() (out []span) {
	s := state{desired: math.NaN(), calls: make([]bool, len(l.queues)), blind: make([]time.Time, len(l.queues))}
	first := make([]bool, len(l.queues)) // whose first value is known
	open := -1
	for c := range l.changes() {
		if math.IsNaN(c.v) {
			if c.of >= 0 && s.blind[c.of].IsZero() {
				s.blind[c.of] = c.at
			}
			continue
		}
		within, partial := time.Duration(0), false
		switch c.of {
		case ofDesired:
			partial = math.IsNaN(s.desired)
			s.desired = c.v
			for i := range s.calls { // whoever took the replicas away saw no work where kscope sees nothing
				s.calls[i] = s.calls[i] && (c.v > float64(l.floor) || s.blind[i].IsZero())
			}
		case ofActive:
			s.active = c.v == 1
		default:
			q := &l.queues[c.of]
			partial = !first[c.of]
			if within = q.every; !s.blind[c.of].IsZero() {
				within = c.at.Sub(s.blind[c.of])
			}
			s.calls[c.of], s.blind[c.of], first[c.of] = l.calls(q, c.v), time.Time{}, true
		}
		switch {
		case open < 0 && l.busy(&s):
			out, open = append(out, span{from: c.at, within: within, partial: partial}), len(out)
		case open >= 0 && l.done(&s):
			out[open].to, open = c.at, -1
		}
	}
	for i := range out {
		from := time.Time{}
		if i > 0 {
			from = out[i-1].to
		}
		l.backdate(&out[i], from)
	}
	return out
}

// backdate takes the beginning of an episode back to when the work that it is about
// came: below the activation target, or too little for a step so far.
func (l *ledger) backdate(s *span, after time.Time) {
	for i := range l.queues {
		q := &l.queues[i]
		n, _ := slices.BinarySearchFunc(q.steps, s.from, func(x step, at time.Time) int {
			if x.at.After(at) {
				return 1
			}
			return -1
		})
		for k := n - 1; k > 0 && l.beyond(q, q.steps[k].v) && q.steps[k].at.After(after); k-- {
			if q.steps[k].v > q.steps[k-1].v && q.steps[k].at.Before(s.from) { // else it was there before, or nobody saw it come
				s.from, s.within, s.partial = q.steps[k].at, q.every, false
			}
		}
	}
}

const (
	ofDesired = -1 // the second list
	ofActive  = -2 // the first
)
