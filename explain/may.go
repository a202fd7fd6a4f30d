package explain

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// settled is how long after a step it may still come out who made it: until then
// a watch may lag and an event may be on its way.
const settled = proofWindow

// witness is what there is to hold a step against of which nobody said that it
// was his.
type witness struct {
	c      *store.Chain
	log    []store.Entry
	now    time.Time
	others []witness // of the other objects that scale the same target
}

func witnessOf(s *store.Store, c *store.Chain) witness {
	w := witness{c: c, log: s.Log(c.ID), now: s.Now()}
	for _, id := range s.Sharing(c.ID) {
		if other, ok := s.Chain(id); ok {
			w.others = append(w.others, witness{c: &other, log: s.Log(id), now: s.Now()})
		}
	}
	return w
}

// isOurs reports whether an HPA is the object's own.
func (w *witness) isOurs(id kscope.ID) bool {
	if id.Kind != kscope.HPAs {
		return false
	}
	return id.Name == w.c.ScaledObject.HPAName || w.c.HPA != nil && w.c.HPA.Ref == id.Ref
}

// guess is who made a step, and for which other object if it was for one, by the
// division of labour: KEDA from and to its floor, the HPA between. It is somebody else
// where neither can have done it by its rules and its clocks, and both were watched
// all the time.
func (w *witness) guess(e store.Entry) (who store.Actor, of kscope.ID) {
	keda, hpa := w.kedaMay(e), w.hpaMay(e)
	switch so := &w.c.ScaledObject; {
	case keda && hpa && (e.From == 0 || e.To < e.From && e.To == so.Floor()):
		return store.KEDA, of
	case hpa:
		return store.TheHPA, of
	case keda:
		return store.KEDA, of
	}
	for i := range w.others {
		switch o := &w.others[i]; {
		case o.kedaMay(e):
			return store.KEDA, o.c.ID
		case o.hpaMay(e):
			return store.TheHPA, o.c.ID
		}
	}
	return store.Someone, of
}

// watched reports whether a source has told all since before a step.
func watched(st store.SourceStatus, e store.Entry) bool {
	return st.Current() && !st.Since.After(e.At)
}

// hpaMay reports whether the HPA can have made a step of which its status says
// nothing: it rests while its target is at zero, never takes it there unless that
// is its minimum, and notes each of its steps.
func (w *witness) hpaMay(e store.Entry) bool {
	if h := w.c.HPA; (e.From == 0 || e.To == 0) && (h == nil || h.MinReplicas > 0) {
		return false
	}
	if !watched(w.c.HPAStatus, e) {
		return true
	}
	for i := range w.c.Past.Syncs { // one that makes a step finds what was before it
		if s := &w.c.Past.Syncs[i]; s.At.After(e.At) {
			return s.Current != e.To && w.now.Sub(e.At) <= statusWindow
		}
	}
	return w.now.Sub(e.At) <= statusWindow
}

// kedaMay reports whether KEDA can have made a step: to zero and to
// idleReplicaCount when its cooldown is over, from there when it sees work, and to
// minReplicaCount from below.
func (w *witness) kedaMay(e store.Entry) bool {
	so := &w.c.ScaledObject
	switch idle := so.IdleReplicaCount != nil; {
	case w.c.ID.Kind == kscope.HPAs: // the ScaledObject is out of sight, and so are its settings
		return w.c.HPA != nil && w.c.HPA.ScaledObject != "" && (e.From == 0 || e.To == 0)
	case so.PausedReplicas == itoa(e.To), e.Up() && e.To == so.MinReplicaCount && !idle:
		return true
	case e.Up() && e.To == so.StartsWith() && (e.From == 0 || idle):
		return w.sawWork(e)
	case !e.Up() && e.To == so.Floor() && (idle || so.MinReplicaCount == 0):
		return w.cooled(e)
	}
	return false
}

// sawWork reports whether KEDA was active about the time of a step, as far as is
// known.
func (w *witness) sawWork(e store.Entry) bool {
	if w.c.ScaledObject.ForceActivation || !watched(w.c.KEDAStatus, e) || w.now.Sub(e.At) <= settled {
		return true
	}
	if _, active, known := w.activity(e.At.Add(-clockSlack)); !known || active {
		return true
	}
	for _, l := range w.log {
		if l.Kind == store.Active && l.At.Sub(e.At).Abs() <= settled {
			return true
		}
	}
	return false
}

// clockSlack is how much later than a step KEDA's status may come, which it writes
// when it has made the step, and how far off a time is that has whole seconds.
const clockSlack = 3 * time.Second

// cooled reports whether KEDA's cooldown can have been over when a step was made.
// It counts from the last poll that saw work, which is one before the first that
// saw none.
func (w *witness) cooled(e store.Entry) bool {
	if !watched(w.c.KEDAStatus, e) || w.now.Sub(e.At) <= clockSlack {
		return true
	}
	so := &w.c.ScaledObject
	since, active, known := w.activity(e.At.Add(clockSlack))
	switch {
	case !known:
		return true
	case active:
		return false
	case since.IsZero():
		return true
	}
	return !e.At.Before(since.Add(so.CooldownPeriod - so.PollingInterval - clockSlack))
}

// activity is whether KEDA was active at a time, and since when: the zero time
// for as long as it has been watched.
func (w *witness) activity(at time.Time) (since time.Time, active, known bool) {
	for i := range w.log {
		switch l := &w.log[i]; {
		case l.Kind != store.Active && l.Kind != store.Inactive:
		case l.At.After(at):
			if since.IsZero() { // it was the other way before
				return time.Time{}, l.Kind == store.Inactive, true
			}
			return since, active, true
		default:
			since, active, known = l.At, l.Kind == store.Active, true
		}
	}
	if !known {
		is := w.c.ScaledObject.Conditions.Get("Active")
		return time.Time{}, is.True(), is.True() || is.False()
	}
	return since, active, true
}
