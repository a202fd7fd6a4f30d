package ledger

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/store"
)

// settle puts what led to the first pod in its order. Each is seen by another watch
// or look: what something else followed from was there before, however late it was
// heard of.
func (e *Episode) settle() {
	slices.SortStableFunc(e.Marks, func(a, b Mark) int { return cmp.Compare(a.Kind, b.Kind) })
	var after *Mark
	for i := len(e.Marks) - 1; i >= 0; i-- {
		m := &e.Marks[i]
		if m.Kind > Ready || m.Kind == Active && e.Floor > 0 {
			continue
		}
		if after != nil && after.At.Before(m.At) {
			m.Within = max(m.Within-m.At.Sub(after.At), 0)
			m.At = after.At
		}
		after = m
	}
	if len(e.Marks) > 0 && e.Marks[0].Kind == FirstJob {
		e.Began = e.Marks[0].At
	}
}

// unseen reports whether the replicas were not watched just before a time.
func (l *ledger) unseen(t time.Time) bool {
	i := index(l.desired, t)
	return i <= 0 || math.IsNaN(l.desired[i-1].v)
}

// stepMark is a step of the replicas, with whoever made it.
func (l *ledger) stepMark(k Kind, x step) Mark {
	m := Mark{Kind: k, At: x.at, N: x.v}
	if l.Chain.ScaledJob != nil { // nobody else makes its Jobs, which end by themselves
		if k != Rest {
			m.By = store.KEDA
		}
		return m
	}
	for i := len(l.sizes) - 1; i >= 0; i-- {
		if e := &l.sizes[i]; e.To == int32(x.v) && e.At.Sub(x.at).Abs() <= near {
			m.By, m.Guess = e.Actor, e.Guess
			break
		}
	}
	return m
}

// pods are the stages of the first pod that came for the episode, and the last
// that became ready.
func (l *ledger) pods(e *Episode) {
	from, until := e.Began, e.Until
	if w, ok := e.Find(Wanted); ok {
		from = w.At.Add(-near)
	}
	var first, last [store.PodStages]time.Time
	for _, w := range l.Pods.Waves {
		for i := range w.First {
			is := w.First[i]
			if is.Before(from) { // its last pods may be those of the step, which was heard of after them
				is = w.Last[i]
			}
			if !is.Before(from) && !is.After(until) && (first[i].IsZero() || is.Before(first[i])) {
				first[i] = is
			}
			if !w.Last[i].Before(from) && !w.Last[i].After(until) && w.Last[i].After(last[i]) {
				last[i] = w.Last[i]
			}
		}
	}
	for i, at := range first {
		if !at.IsZero() {
			e.mark(Mark{Kind: Created + Kind(i), At: at})
		}
	}
	if ready := store.PodBecameReady; last[ready].After(first[ready]) {
		e.mark(Mark{Kind: LastReady, At: last[ready]})
	}
}
