package kscope

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// Entry is one line of a timeline: what happened, who did it, and how long
// after what caused it.
type Entry struct {
	At    time.Time
	Kind  EntryKind
	Actor Actor
	// Guess says that Actor was concluded from the numbers, because neither
	// the field manager nor an event named it.
	Guess    bool
	Who      string // the field manager, where Actor is Someone
	From, To int32  // replicas, for Scaled and ReadyPods; From is -1 where it is not known
	Jobs     int64  // for Injected, Arrived, LoadEnded, and Emptied by You
	Asked    int64  // for Injected, LoadEnded: more than Jobs where not all went in
	Length   int64  // for Injected, LoadEnded: the server's answer
	Note     string // the cluster's words: a reason, a message; what the load is, how it ended
	Warn     bool

	// Filled in by [Store.Timeline].
	After time.Duration // since the entry that caused this one; 0 if unknown
	Cause string        // what that was, in a word or two
}

// EntryKind is what sort of thing happened.
type EntryKind int

// The kinds of timeline entries.
const (
	Injected  EntryKind = iota // jobs were put in from here
	Arrived                    // jobs appeared in an empty queue, put there by others
	Emptied                    // the queue became empty
	Active                     // KEDA's view: some trigger is active
	Inactive                   // KEDA's view: none is
	Scaled                     // the wanted replicas changed
	ReadyPods                  // the ready replicas changed
	Trouble                    // something broke, or complains
	Mended                     // and is well again
	LoadBegan                  // jobs are being put in from here over time
	LoadEnded                  // and no longer are
)

// Actor is who did something.
type Actor string

// The actors of the story.
const (
	You        Actor = "you"
	Producer   Actor = "producer" // whoever else fills the queue
	Workers    Actor = "workers"
	KEDA       Actor = "KEDA"
	TheHPA     Actor = "HPA"
	Kubelet    Actor = "kubelet"
	Kubernetes Actor = "k8s" // any other of its controllers
	Someone    Actor = "someone else"
	Kscope     Actor = "kscope" // what happened to our own sources
)

// Up reports whether a change of replicas added some, as far as is known.
func (e Entry) Up() bool { return e.To > e.From }

const (
	logLimit  = 600              // entries per ScaledObject
	sameBurst = 10 * time.Second // ready pods within this are one entry
)

func (o *object) add(e Entry) {
	if e.Kind == ReadyPods && len(o.log) > 0 {
		last := &o.log[len(o.log)-1]
		if last.Kind == ReadyPods && last.Up() == e.Up() && e.At.Sub(last.At) < sameBurst {
			last.At, last.To = e.At, e.To
			return
		}
	}
	o.log = append(o.log, e)
	if n := len(o.log); n > logLimit {
		o.log = append([]Entry(nil), o.log[n-logLimit*2/3:]...)
	}
}

// forget drops what happened before a time.
func (o *object) forget(before time.Time) {
	n := 0
	for n < len(o.log) && o.log[n].At.Before(before) {
		n++
	}
	if n > 0 {
		o.log = append([]Entry(nil), o.log[n:]...)
	}
}

// latest is the newest logged entry of a kind, nil if there is none.
func (o *object) latest(kind EntryKind) *Entry {
	for i := len(o.log) - 1; i >= 0; i-- {
		if o.log[i].Kind == kind {
			return &o.log[i]
		}
	}
	return nil
}

// Timeline is what happened around a ScaledObject, oldest first: what was seen
// since kscope started, preceded by what events tell of the time before.
func (s *Store) Timeline(ref Ref) []Entry {
	o := s.objects[ref]
	if o == nil {
		return nil
	}
	s.link()
	tales := s.events.about(o, s.hpaOfObject(o))
	out := make([]Entry, 0, len(o.log)+len(tales))
	for _, e := range o.log {
		if e.Kind == Scaled {
			e = attribute(e, tales, o.Floor(), s.now, s.status(Events).State == Synced)
		}
		out = append(out, e)
	}
	for _, t := range tales {
		if t.tellsMore(o.log) {
			out = append(out, t.Entry)
		}
	}
	if w := s.work[o.workKey()]; w != nil {
		out = append(out, w.podTroubles()...)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	fillFrom(out)
	linkCauses(out)
	return out
}

// fillFrom gives the steps that only an event tells of the size that they
// started from: where the step before ended.
func fillFrom(es []Entry) {
	last := int32(-1)
	for i := range es {
		e := &es[i]
		if e.Kind != Scaled {
			continue
		}
		if e.From < 0 && last != e.To {
			e.From = last
		}
		last = e.To
	}
}

// podTroubles gives an entry for each reason for which pods of the workload
// cannot run now.
func (w *workload) podTroubles() []Entry {
	byReason := map[string]*Entry{}
	n := map[string]int{}
	for _, p := range w.list() { // oldest first, so that its words stay
		if p.State() != PodFailing {
			continue
		}
		n[p.Reason]++
		if byReason[p.Reason] == nil {
			byReason[p.Reason] = &Entry{At: p.Created, Kind: Trouble, Actor: Kubelet, Warn: true, Note: p.Message}
		}
	}
	var out []Entry
	for reason, e := range byReason {
		e.Note = strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", plural(int64(n[reason]), "pod"), reason, e.Note), ": ")
		if reason == "Unschedulable" {
			e.Actor = Kubernetes
		}
		out = append(out, *e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Note < out[j].Note })
	return out
}

// linkCauses finds what caused each entry.
func linkCauses(es []Entry) {
	for i := range es {
		e := &es[i]
		if c := cause(es[:i], *e); c != nil {
			e.After, e.Cause = e.At.Sub(c.At), c.word()
		}
	}
}

// cause is the entry among the earlier ones that brought another about, nil if
// it is not known: KEDA acts on work that arrived or a queue that emptied, the
// HPA on the step before or on more work, pods on a new size.
func cause(es []Entry, e Entry) *Entry {
	switch {
	case e.Kind == Active:
		return firstWork(es, Inactive, Emptied)
	case e.Kind == Inactive:
		return emptying(es)
	case e.Kind == LoadEnded:
		return beginning(es)
	case e.Kind == ReadyPods && reached(es):
		return nil
	case e.Kind == ReadyPods:
		return step(es, e.Up())
	case e.Kind != Scaled || e.From < 0:
		return nil
	case e.Actor == KEDA && e.Up():
		return firstWork(es, Scaled, Emptied)
	case e.Actor == KEDA:
		return emptying(es)
	case e.Actor == TheHPA:
		if c := step(es, e.Up()); c != nil && e.At.Sub(c.At) <= 2*HPASyncPeriod {
			return c
		}
		if e.Up() {
			return firstWork(es, Scaled, Emptied)
		}
		return emptying(es)
	}
	return nil
}

func (e Entry) isWork() bool {
	return e.Kind == Arrived || e.Kind == LoadBegan || e.Kind == Injected && e.Jobs > 0
}

// firstWork is the first work that arrived since what answered to all before.
func firstWork(es []Entry, answers ...EntryKind) (found *Entry) {
	for i := len(es) - 1; i >= 0 && !slices.Contains(answers, es[i].Kind); i-- {
		if es[i].isWork() {
			found = &es[i]
		}
	}
	return found
}

// beginning is when the newest load began.
func beginning(es []Entry) *Entry {
	for i := len(es) - 1; i >= 0; i-- {
		if es[i].Kind == LoadBegan {
			return &es[i]
		}
	}
	return nil
}

// emptying is when the queue became as empty as it still is.
func emptying(es []Entry) *Entry {
	for i := len(es) - 1; i >= 0 && !es[i].isWork(); i-- {
		if es[i].Kind == Emptied {
			return &es[i]
		}
	}
	return nil
}

// step is the last change of the wanted replicas, if it went that way.
func step(es []Entry, up bool) *Entry {
	for i := len(es) - 1; i >= 0; i-- {
		if c := &es[i]; c.Kind == Scaled {
			if c.From >= 0 && c.Up() == up {
				return c
			}
			return nil
		}
	}
	return nil
}

// reached reports whether the pods arrived at the size of the last step before:
// what they do after that has other reasons.
func reached(es []Entry) bool {
	for i := len(es) - 1; i >= 0 && es[i].Kind != Scaled; i-- {
		if es[i].Kind == ReadyPods {
			last := step(es[:i], es[i].Up())
			return last != nil && last.To == es[i].To
		}
	}
	return false
}

// word is what an entry is called where it is a cause.
func (e Entry) word() string {
	switch e.Kind {
	case Injected:
		return "your jobs"
	case LoadBegan:
		return "your load"
	case Arrived:
		return "the first job"
	case Emptied:
		return "the last job was taken"
	case Scaled:
		if e.Actor == Someone {
			return "the change"
		}
		return string(e.Actor) + "'s step"
	}
	return ""
}
