package store

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// History is what the chart of an object is drawn from. The values of the
// series are the store's own: read them before the next Apply, and do not add
// to them.
type History struct {
	Queue, Ready, Desired *Series // nil where nothing was ever known
	Own                   *Series // jobs put into the queue from here, counted up; nil where none were
}

// History gives the series of a queue, nil for none, and the ready and wanted
// replicas of an object's target, which are known up to now where their
// source is well. Which queue it is about is for [Chain.Queued] to say.
func (s *Store) History(id kscope.ID, of *kscope.Backlog) History {
	o := s.objects[id]
	if o == nil {
		return History{}
	}
	var h History
	if of != nil && of.Broker == triggers.PodsBroker {
		if of, _ := triggers.CountedPods(*of); s.pods.tallies[of] != nil {
			h.Queue = s.upToNow(&s.pods.tallies[of].past, kscope.Pods)
		}
	} else if of != nil && s.queues[*of] != nil {
		h.Queue = &s.queues[*of].Series
		if p := s.puts[*of]; p != nil {
			h.Own = &p.own
		}
	}
	if w := s.work[o.workKey()]; w != nil {
		kind := kindOf(o.target().Kind)
		h.Desired = s.upToNow(&w.desired, kind)
		if w.Ready == nil {
			kind = kscope.Pods
		}
		h.Ready = s.upToNow(&w.ready, kind)
	}
	return h
}

// Use is what the HPA of an object showed of one of its metrics, by its place, at its
// syncs; nil where it never did.
func (s *Store) Use(id kscope.ID, place int) *Series {
	o := s.objects[id]
	if o == nil {
		return nil
	}
	h := s.hpaOfObject(o)
	if h == nil || place < 0 || place >= len(h.Metrics) {
		return nil
	}
	var x Series
	for _, sync := range s.hpas[h.Ref].syncs {
		if place < len(sync.Values) {
			x.Add(sync.At, sync.Values[place])
		}
	}
	if is := h.Metrics[place].Current; is != nil && x.n() == 0 { // since some time before
		x.Add(o.firstSeen, *is)
	}
	if x.n() == 0 {
		return nil
	}
	return s.upToNow(&x, kscope.HPAs)
}

// upToNow is a series whose newest value still holds, if what it is read from
// is watched. It shares the values with the series.
func (s *Store) upToNow(x *Series, kind kscope.Kind) *Series {
	if !s.status(kind).Current() {
		return x
	}
	now := *x
	now.Extend(s.now)
	return &now
}

// Flow is how many jobs a second came into a queue and left it: an estimate
// from its depth, which shows only the difference of the two.
type Flow struct {
	In, Out float64 // at least so many
	Own     float64 // of those that came in: put in from here, which is counted
}

// EstimateFlow is the flow of a queue over a span of time, from the series of
// its depth and of the jobs put in from here, counted up (nil for none). It is
// false where the depth is not known throughout.
//
// What was put in from here and does not show in the depth has left. Where
// nothing was, every rise of the depth is jobs that came and every fall is jobs
// that left; what came and left between two measurements is in neither, so both
// are lower bounds. Pushes and measurements are not made at one moment, so a
// span of a few seconds at least is needed for numbers that mean something.
func EstimateFlow(depth, own *Series, from, to time.Time) (Flow, bool) {
	if depth == nil {
		return Flow{}, false
	}
	to = depth.Newest(to)
	span := to.Sub(from).Seconds()
	if span <= 0 {
		return Flow{}, false
	}
	first, last := depth.At(from), depth.At(to)
	if math.IsNaN(first) || math.IsNaN(last) {
		return Flow{}, false
	}
	var up, down float64
	was, known := first, true
	depth.between(nano(from), nano(to)+1, func(r run, _ int64) {
		up, down = up+max(r.v-was, 0), down+max(was-r.v, 0)
		was, known = r.v, known && !math.IsNaN(r.v)
	})
	if own != nil { // a moment at which the queue was emptied from here is a gap in the count
		own.between(nano(from), nano(to)+1, func(r run, _ int64) { known = known && !math.IsNaN(r.v) })
	}
	if !known {
		return Flow{}, false
	}
	if put := own.Counted(to) - own.Counted(from); put > 0 {
		rest := last - first - put
		return Flow{In: (put + max(rest, 0)) / span, Out: max(-rest, 0) / span, Own: put / span}, true
	}
	return Flow{In: up / span, Out: down / span}, true
}

// Counted is the value of a series that counts up, at a time: that of the last
// count before it, 0 before the first.
func (s *Series) Counted(at time.Time) float64 {
	if s == nil {
		return 0
	}
	if i := s.find(nano(at)); i >= 0 {
		return s.run(i).v
	}
	return 0
}

// PodStage is how far a pod has come.
type PodStage uint8

// The stages of a pod, in their order.
const (
	PodCreated PodStage = iota
	PodScheduled
	PodStarted // its containers run
	PodBecameReady
	PodStages
)

// Wave is when the pods of a workload came to each stage between two changes of the
// wanted replicas: the first of them and the last, by the clock of the stream. The
// zero time is where none did, or nobody saw when.
type Wave struct{ First, Last [PodStages]time.Time }

// milestones are the waves of a workload, in nanoseconds. The past ones never
// change: pictures share them.
type milestones struct {
	past    []wave
	present wave
}

type wave struct{ first, last [PodStages]int64 }

// wavesKept is how many waves are kept at least.
const wavesKept = 32

// turn begins a wave, where any pod came in the last.
func (x *milestones) turn() {
	if x.present == (wave{}) {
		return
	}
	if len(x.past) >= 2*wavesKept {
		x.past = slices.Clone(x.past[wavesKept:])
	}
	x.past, x.present = append(x.past, x.present), wave{}
}

// reach notes how far a pod of a workload has come since it was looked at last. Of
// one that is there before all pods are known nobody saw when.
func (s *Store) reach(p *pod) {
	w := p.owner
	if w == nil {
		return
	}
	far := PodCreated
	switch {
	case p.Ready:
		far = PodBecameReady
	case p.Phase == "Running":
		far = PodStarted
	case p.Scheduled:
		far = PodScheduled
	}
	st := s.status(kscope.Pods)
	seen := st.Current() && p.at.After(st.Since)
	for ; p.came <= far; p.came++ {
		at := nano(p.at)
		if p.came == PodCreated {
			at = p.first
		}
		if x := &w.milestones.present; seen {
			if x.first[p.came] == 0 || at < x.first[p.came] { // pods that are linked together come in no order
				x.first[p.came] = at
			}
			x.last[p.came] = max(x.last[p.came], at)
		}
	}
}

// Pods is what was seen of the pods of a workload over time.
type Pods struct {
	Alive *Series // those that were there and not finished; nil where that was never known
	Waves []Wave  // oldest first
}

// PodsOver is that of an object's target. The values of the series are the
// store's own, as in [Store.History].
func (s *Store) PodsOver(id kscope.ID) Pods {
	o := s.objects[id]
	if o == nil {
		return Pods{}
	}
	w := s.work[o.workKey()]
	if w == nil || w.alive.n() == 0 {
		return Pods{}
	}
	out := Pods{Alive: s.upToNow(&w.alive, kscope.Pods)}
	for _, x := range append(slices.Clip(w.milestones.past), w.milestones.present) {
		var is Wave
		for i := range x.first {
			if x.first[i] != 0 {
				is.First[i], is.Last[i] = w.alive.time(x.first[i]), w.alive.time(x.last[i])
			}
		}
		out.Waves = append(out.Waves, is)
	}
	return out
}
