package explain

import (
	"sort"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// Entry is one line of a timeline: what happened, who did it, and how long
// after what caused it.
type Entry struct {
	store.Entry
	Note  string        // the rest of it in words: the cluster's, what a load is, how it ended
	Warn  bool          // it is not as it should be
	After time.Duration // since the entry that caused this one; 0 if unknown
	Cause string        // what that was, in a word or two
	// Times is how often it was said, if more than once, and Last when that
	// was last.
	Times   int
	Last    time.Time
	For     kscope.ID // another object that scales the same target, for which it was done; else the zero ID
	ToMin   bool      // KEDA's step to minReplicaCount, which no trigger asks for
	several bool      // the object has several queues, so that one is named
	reason  string    // the cluster's own word for it, if it has one
	said    string    // of Trouble: the words that it is known again by
}

// Timeline is what happened around an object, oldest first: what was seen
// since kscope started, preceded by what events tell of the time before.
func Timeline(s *store.Store, id kscope.ID) []Entry {
	c, ok := s.Chain(id)
	if !ok {
		return nil
	}
	w := witnessOf(s, &c)
	log := w.log
	steps := stepsOf(log)
	proofs, rest := prove(steps, s.Tellings(id))
	events := s.EventsAbout(id)
	several := hasSeveralQueues(&c)
	out := make([]Entry, 0, len(log)+len(events))
	for _, l := range log {
		if l.Kind == store.Scaled {
			e := attribute(l, proofs[0], &w)
			proofs = proofs[1:]
			so := &c.ScaledObject
			e.ToMin = e.Actor == store.KEDA && e.From == 0 && e.To == so.MinReplicaCount && so.IdleReplicaCount == nil
			out = append(out, e)
			continue
		}
		out = append(out, Entry{Entry: l, Note: noteOf(l), Warn: warns(l), several: several, said: l.Said})
	}
	for _, t := range rest {
		if tellsMore(t, steps) {
			out = append(out, unseenStep(t))
		}
	}
	for _, ev := range events {
		if e, ok := troubleOf(ev); ok {
			out = append(out, e)
		}
	}
	out = append(out, podTroubles(s.Pods(id))...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	out = counted(out)
	fillFrom(out)
	linkCauses(out)
	return out
}

// stepsOf is the changes of the wanted replicas in a log.
func stepsOf(log []store.Entry) (out []store.Entry) {
	for _, l := range log {
		if l.Kind == store.Scaled {
			out = append(out, l)
		}
	}
	return out
}

// hasSeveralQueues reports whether the triggers of an object name more than one.
func hasSeveralQueues(c *store.Chain) bool {
	var first *kscope.Backlog
	for _, t := range c.Triggers() {
		switch {
		case t.Backlog == nil:
		case first == nil:
			first = t.Backlog
		case *t.Backlog != *first:
			return true
		}
	}
	return false
}

// fillFrom gives the steps that only an event tells of the size that they
// started from: where the step before ended.
func fillFrom(es []Entry) {
	last := int32(-1)
	for i := range es {
		e := &es[i]
		if e.Kind != store.Scaled {
			continue
		}
		if e.From < 0 && last != e.To {
			e.From = last
		}
		last = e.To
	}
}

// linkCauses finds what caused each entry.
func linkCauses(es []Entry) {
	for i := range es {
		e := &es[i]
		if c := causeOf(es[:i], *e); c != nil {
			e.After, e.Cause = e.At.Sub(c.At), c.word()
		}
	}
}

// causeOf is the entry among the earlier ones that brought another about, nil if
// it is not known: KEDA acts on work that arrived or a queue that emptied, the
// HPA on the step before or on more work, pods on a new size.
func causeOf(es []Entry, e Entry) *Entry {
	switch {
	case e.Kind == store.Active:
		return firstWork(es, store.Inactive)
	case e.Kind == store.Inactive:
		return emptying(es)
	case e.Kind == store.LoadEnded:
		return beginning(es, e)
	case e.Kind == store.JobsMade:
		return firstWork(es, store.JobsMade)
	case e.Kind == store.ReadyPods && e.Surplus: // pods are replaced
		return nil
	case e.Kind == store.ReadyPods:
		return asked(es, e)
	case e.Kind != store.Scaled || e.From < 0 || e.For.Name != "":
		return nil
	case e.Actor == store.KEDA && e.Up():
		return firstWork(es, store.Scaled)
	case e.Actor == store.KEDA:
		return emptying(es)
	case e.Actor == store.TheHPA:
		if c := step(es, e.Up()); c != nil && e.At.Sub(c.At) <= 2*scaling.SyncPeriod {
			return c
		}
		if e.Up() {
			return firstWork(es, store.Scaled)
		}
		return emptying(es)
	}
	return nil
}

// firstWork is the first work that arrived since what answered to all before,
// and is not done: a queue that ran empty has none from before.
func firstWork(es []Entry, answer store.EntryKind) (found *Entry) {
	done := map[string]bool{}
	for i := len(es) - 1; i >= 0 && es[i].Kind != answer; i-- {
		switch e := &es[i]; {
		case e.Kind == store.Emptied:
			done[e.Queue()] = true
		case e.IsWork() && !done[e.Queue()]:
			found = e
		}
	}
	return found
}

// beginning is when the load that ended by an entry began.
func beginning(es []Entry, end Entry) *Entry {
	for i := len(es) - 1; i >= 0; i-- {
		if es[i].Kind == store.LoadBegan && es[i].Load.Began.Equal(end.Load.Began) {
			return &es[i]
		}
	}
	return nil
}

// emptying is when the queue became as empty as it still is.
func emptying(es []Entry) *Entry {
	for i := len(es) - 1; i >= 0 && !es[i].IsWork(); i-- {
		if es[i].Kind == store.Emptied {
			return &es[i]
		}
	}
	return nil
}

// step is the last change of the wanted replicas, if it went that way.
func step(es []Entry, up bool) *Entry {
	for i := len(es) - 1; i >= 0; i-- {
		if c := &es[i]; c.Kind == store.Scaled {
			if c.From >= 0 && c.Up() == up {
				return c
			}
			return nil
		}
	}
	return nil
}

// asked is the step that a change of the ready pods answers: of those that came
// one after another in its direction, the first that went as far. The newest may
// have come after the pods that an earlier one asked for. There is none where so
// many had been ready, or gone, since: what pods do after that has other reasons.
func asked(es []Entry, e Entry) (found *Entry) {
	far := func(n int32) bool { return e.Up() && n >= e.To || !e.Up() && n <= e.To }
	for i := len(es) - 1; i >= 0; i-- {
		switch c := &es[i]; {
		case c.Kind == store.ReadyPods && (far(c.From) || far(c.To)):
			return found
		case c.Kind != store.Scaled:
		case c.From < 0 || c.Up() != e.Up() || found != nil && !far(c.To):
			return found
		default:
			found = c
		}
	}
	return found
}

// word is what an entry is called where it is a cause.
func (e Entry) word() string {
	switch e.Kind {
	case store.Injected:
		return "your jobs"
	case store.LoadBegan:
		return "your load"
	case store.Arrived:
		return "the first job"
	case store.Emptied:
		return "the last job was taken"
	case store.Scaled:
		if e.Actor == store.Someone {
			return "the change"
		}
		return string(e.Actor) + "'s step"
	}
	return ""
}
