package outlook

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// Future is how things go on from the moment of a model, by the same plays that
// sentences are made of. All of it is expected, and none observed.
type Future struct {
	// Points are a step apart; the first is of the moment of the picture.
	Points []Expected
	// Queue is the one that the points are of; nil where no jobs are counted, and
	// their Queue is NaN.
	Queue *kscope.Backlog
	Marks []Due // by time
	Due   bool  // something changes: a point, or the replicas within aWhile
}

// Expected is what is expected at a moment.
type Expected struct {
	At    time.Time
	Queue Range // jobs that wait
	Ready Range // replicas that are ready
}

// Range is from the least to the most of all plays; Likely is that of what is
// likely, and within.
type Range struct{ Low, Likely, High float64 }

// Due is a moment at which something is done.
type Due struct {
	At    time.Time // the middle of when it may be
	By    store.Actor
	Step  bool  // the replicas are set; else By only looks
	Up    bool  // to more than there were
	Low   int32 // to so many at least,
	High  int32 // and at most
	About bool  // the moment, or the number, is an estimate of more than a second
	Maybe bool  // it does not come in all plays
}

// aWhile is how far ahead a change of the replicas is worth a look at what comes.
const aWhile = 2 * time.Minute

// Future plays on for so long, with a point each step; length and step are over 0.
func (m *Model) Future(length, step time.Duration) Future {
	f := Future{}
	if m.main.CountsJobs() && m.main.From == store.FromBroker {
		f.Queue = m.main.Trigger.Backlog
	}
	likely := m.run(length, step, variant{})
	for _, at := range likely.Points {
		f.Points = append(f.Points, Expected{m.from.At.Add(at.Since), f.jobs(at.Queue), only(float64(at.Ready))})
	}
	for _, v := range m.variants() {
		for i, at := range m.run(length, step, v).Points {
			f.Points[i].Queue.take(f.jobs(at.Queue).Likely)
			f.Points[i].Ready.take(float64(at.Ready))
		}
	}
	o := m.Next()
	f.looks(m, likely.Changes)
	f.steps(&o, likely.Changes)
	first, last := f.Points[0], f.Points[len(f.Points)-1]
	f.Due = o.Some && o.Earliest.Sub(m.from.At) <= aWhile ||
		math.Abs(first.Queue.Likely-last.Queue.Likely) >= 1 || first.Ready.Likely != last.Ready.Likely
	return f
}

func only(v float64) Range { return Range{v, v, v} }

// jobs is a length of the queue, NaN where what is measured counts none.
func (f *Future) jobs(v float64) Range {
	if f.Queue == nil {
		return only(math.NaN())
	}
	return only(v)
}

// take has a range reach to a value.
func (r *Range) take(v float64) { r.Low, r.High = min(r.Low, v), max(r.High, v) }

// looks marks when KEDA and the HPA look next, where that was seen. At zero the HPA
// looks at nothing.
func (f *Future) looks(m *Model, likely []scaling.Change) {
	if m.lookSeen && !m.plan.Alone {
		f.Marks = append(f.Marks, Due{At: m.from.At.Add(m.plan.FirstPoll), By: store.KEDA})
	}
	rests := slices.ContainsFunc(likely, func(c scaling.Change) bool { return c.To == 0 && c.Since <= m.plan.FirstSync })
	if m.SyncSeen && m.from.Replicas > 0 && !rests {
		f.Marks = append(f.Marks, Due{At: m.from.At.Add(m.plan.FirstSync), By: store.TheHPA})
	}
}

// steps marks the steps of the replicas: the first as it is foretold, however far
// away, and the others as they are likely.
func (f *Future) steps(o *Next, likely []scaling.Change) {
	if !o.Some {
		return
	}
	first := Due{At: o.Earliest.Add(o.Latest.Sub(o.Earliest) / 2), Step: true, Up: o.Up, Low: o.Low, High: o.High, Maybe: !o.Sure}
	first.About, first.By = o.Latest.Sub(o.Earliest) > time.Second, actor(o.KEDA)
	f.Marks = append(f.Marks, first)
	for _, c := range likely[min(1, len(likely)):] {
		f.Marks = append(f.Marks, Due{At: o.from.At.Add(c.Since), By: actor(c.ByKEDA), Step: true, Up: c.To > c.From, Low: c.To, High: c.To, About: true})
	}
}

func actor(keda bool) store.Actor {
	if keda {
		return store.KEDA
	}
	return store.TheHPA
}
