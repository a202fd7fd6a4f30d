package ledger

import (
	"time"

	"github.com/kscope/kscope/store"
)

// endings are the last step, KEDA's cooldown before it, and the end of the pods.
func (l *ledger) endings(e *Episode) {
	so := &l.Chain.ScaledObject
	toFloor := so.Ref.Name != "" && (so.MinReplicaCount == 0 || so.IdleReplicaCount != nil)
	var rest time.Time
	if !e.Open() {
		steps := during(l.desired, e.Began, e.Ended)
		for i := len(steps) - 1; i > 0; i-- {
			if steps[i].v <= float64(l.floor) && steps[i-1].v > float64(l.floor) {
				rest = steps[i].at
				e.mark(l.stepMark(Rest, steps[i]))
				break
			}
		}
	}
	if toFloor {
		l.cooled(e, rest)
	}
	if rest.IsZero() || len(l.alive) == 0 {
		if !e.Open() {
			e.Until = e.Ended
		}
		return
	}
	for _, x := range during(l.alive, rest, e.Until) {
		if x.v <= float64(l.floor) {
			e.Until = later(x.at, rest)
			e.mark(Mark{Kind: Gone, At: e.Until})
			break
		}
	}
}

// cooled is when the cooldown was over. KEDA counts it from the last poll that was
// active, one interval before the one that showed that none is any more, and in
// whole seconds (ScaledObject status.lastActiveTime); the first poll after it makes
// the step.
func (l *ledger) cooled(e *Episode, rest time.Time) {
	so, end := &l.Chain.ScaledObject, rest
	if end.IsZero() {
		end = l.Now
	}
	var inactive time.Time
	steps := during(l.active, e.Began, end)
	for i := len(steps) - 1; i > 0; i-- {
		if steps[i].v == 0 && steps[i-1].v == 1 {
			inactive = steps[i].at
			break
		}
	}
	if inactive.IsZero() {
		return
	}
	over := inactive.Add(so.CooldownPeriod - so.PollingInterval)
	if over.Before(inactive) {
		over = inactive
	}
	switch {
	case rest.IsZero() && !over.After(l.Now): // and yet there was no step
	case rest.IsZero() || over.After(rest.Add(so.PollingInterval)):
		return
	case over.After(rest):
		over = rest
	}
	e.mark(Mark{Kind: Cooled, At: over, Within: time.Second, Estimate: true})
}

// pauses are those by annotation.
func (l *ledger) pauses(e *Episode, end time.Time) {
	for i := range l.Log {
		x := &l.Log[i]
		if x.At.Before(e.Began) || x.At.After(end) || x.Topic != store.Paused && x.Topic != store.PausedIn && x.Topic != store.PausedOut {
			continue
		}
		switch x.Kind {
		case store.Trouble:
			e.mark(Mark{Kind: Paused, At: x.At})
		case store.Mended:
			e.mark(Mark{Kind: Resumed, At: x.At})
		}
	}
}
