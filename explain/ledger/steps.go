package ledger

import (
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope/store"
)

// index is of the last step at or before a time, -1 for none.
func index(steps []step, t time.Time) int {
	n, _ := slices.BinarySearchFunc(steps, t, func(x step, t time.Time) int {
		if x.at.After(t) {
			return 1
		}
		return -1
	})
	return n - 1
}

// at is the value that held at a time, NaN where none is known.
func at(steps []step, t time.Time) float64 {
	if i := index(steps, t); i >= 0 {
		return steps[i].v
	}
	return math.NaN()
}

// during is the steps from the one that held at a time, if any, to another time.
func during(steps []step, from, to time.Time) []step {
	a := max(index(steps, from), 0)
	return steps[a:max(index(steps, to)+1, a)]
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// step is a value that held from a time on; NaN for unknown.
type step struct {
	at time.Time
	v  float64
}

func stepsOf(s *store.Series) (out []step) {
	for at, v := range s.Since(s.Start()) {
		out = append(out, step{at, v})
	}
	return out
}

// change is one of a series: of a queue, by its place, or of the others.
type change struct {
	step
	of int
}

// changes are those of all that decides, in their order.
func (l *ledger) changes() func(yield func(change) bool) {
	lists := [][]step{l.active, l.desired}
	for i := range l.queues {
		lists = append(lists, l.queues[i].steps)
	}
	return func(yield func(change) bool) {
		at := make([]int, len(lists))
		for {
			best := -1
			for i, list := range lists {
				if at[i] < len(list) && (best < 0 || list[at[i]].at.Before(lists[best][at[best]].at)) {
					best = i
				}
			}
			if best < 0 || !yield(change{lists[best][at[best]], best - 2}) {
				return
			}
			at[best]++
		}
	}
}
