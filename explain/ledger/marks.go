package ledger

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
)

// near is how far what different sources say of one moment may be apart.
const near = time.Second

// episode tells of one, whose pods may be there until a limit. It is false for one
// that is over and in which nothing was scaled.
func (l *ledger) episode(s span, limit time.Time) (Episode, bool) {
	e := Episode{Jobs: l.Chain.ScaledJob != nil, Began: s.from, Ended: s.to, Until: limit, Partial: s.partial, Floor: l.floor, Peak: math.NaN()}
	end := l.Now
	if !e.Open() {
		end = s.to
	}
	l.firstJob(&e, s)
	l.enough(&e, end)
	l.decisions(&e, end)
	if e.Most <= e.Floor && !e.Open() {
		return e, false
	}
	l.pods(&e)
	e.settle()
	l.work(&e, end)
	l.endings(&e)
	l.pauses(&e, end)
	slices.SortStableFunc(e.Marks, func(a, b Mark) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind))
	})
	l.whose(&e, end)
	l.costs(&e, end)
	return e, true
}

func (e *Episode) mark(m Mark) { e.Marks = append(e.Marks, m) }

// firstJob is when the work came with which an episode began, or what is taken for
// it: KEDA may see it a look before kscope does.
func (l *ledger) firstJob(e *Episode, s span) {
	if s.partial {
		return
	}
	var first Mark
	for i := range l.queues {
		q := &l.queues[i]
		for _, x := range during(q.steps, s.from.Add(-1), s.from.Add(l.slack())) {
			if x.at.Before(s.from) || !l.beyond(q, x.v) {
				continue
			}
			if first.At.IsZero() || x.at.Before(first.At) {
				first = Mark{Kind: FirstJob, At: x.at, Within: max(q.every, s.within), N: x.v}
			}
			break
		}
	}
	if !first.At.IsZero() {
		e.mark(first)
	}
}

// enough is when there was enough work to start, if that was later than the first.
func (l *ledger) enough(e *Episode, end time.Time) {
	if l.floor > 0 || len(e.Marks) == 0 {
		return
	}
	var when time.Time
	within := time.Duration(0)
	for i := range l.queues {
		q := &l.queues[i]
		for _, x := range during(q.steps, e.Began, end) {
			if l.calls(q, x.v) && (when.IsZero() || x.at.Before(when)) {
				when, within = x.at, q.every
				break
			}
		}
	}
	if when.After(e.Marks[0].At) {
		e.mark(Mark{Kind: Enough, At: when, Within: within})
	}
}

// decisions are KEDA's and the HPA's: activity and replicas.
func (l *ledger) decisions(e *Episode, end time.Time) {
	early := e.Began.Add(-l.slack())
	for _, x := range during(l.active, early, end) {
		if x.v == 1 && x.at.After(early) && x.at.After(l.active[0].at) {
			e.mark(Mark{Kind: Active, At: x.at})
			break
		}
	}
	was, first := float64(l.floor), true
	var most Mark
	for i, x := range during(l.desired, early, end) {
		switch {
		case math.IsNaN(x.v):
			continue
		case i == 0 && !x.at.After(early):
			was = x.v // it was so when the episode began
			e.Most = int32(x.v)
			continue
		}
		if e.Most = max(e.Most, int32(x.v)); x.v > was && x.v > max(float64(l.floor), most.N) {
			m := l.stepMark(MostWanted, x)
			if was <= float64(l.floor) && first {
				m.Kind, first = Wanted, false
				if !l.unseen(x.at) {
					e.mark(m)
				}
			}
			most = m
		}
		was = x.v
	}
	if most.Kind == MostWanted {
		l.more(e, most.At)
		e.mark(most)
	}
}

// more is when so many jobs waited that a step up followed: since when, before it,
// more did than the target gives the pods that were wanted until then.
func (l *ledger) more(e *Episode, step time.Time) {
	was, tolerance := at(l.desired, step.Add(-1)), scaling.TolerancesOf(nil).Up
	if h := l.Chain.HPA; h != nil {
		tolerance = scaling.TolerancesOf(h.Behavior).Up
	}
	for i := range l.queues {
		q := &l.queues[i]
		if q.Target <= 0 || q.Trigger.MetricType == "Value" {
			continue
		}
		enough := q.Target * was * (1 + tolerance)
		k := index(q.steps, step)
		for k > 0 && q.steps[k-1].v > enough {
			k--
		}
		if k > 0 && q.steps[k].v > enough && q.steps[k-1].v <= enough && q.steps[k].at.After(e.Began) {
			e.mark(Mark{Kind: More, At: q.steps[k].at, Within: q.every, N: q.steps[k].v})
			return
		}
	}
}

// slack is by how much a look at a queue may be later than what came of it.
func (l *ledger) slack() time.Duration {
	d := near
	for i := range l.queues {
		d = max(d, l.queues[i].every+near)
	}
	return d
}
