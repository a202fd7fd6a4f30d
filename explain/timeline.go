package explain

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// Entry is one line of a timeline: what happened, who did it, and how long
// after what caused it.
type Entry struct {
	store.Entry
	Note  string        // the rest of it in words: the cluster's, what a load is, how it ended
	Warn  bool          // it is not as it should be
	After time.Duration // since the entry that caused this one; 0 if unknown
	Cause string        // what that was, in a word or two
}

// Timeline is what happened around an object, oldest first: what was seen
// since kscope started, preceded by what events tell of the time before.
func Timeline(s *store.Store, id kscope.ID) []Entry {
	c, ok := s.Chain(id)
	if !ok {
		return nil
	}
	tales := talesOf(s.EventsAbout(id))
	log := s.Log(id)
	out := make([]Entry, 0, len(log)+len(tales))
	for _, l := range log {
		if l.Kind == store.Scaled {
			e := attribute(l, tales, c.ScaledObject.Floor(), s.Now(), c.EventStatus.State == kscope.Synced)
			if c.ID.Kind == kscope.HPAs && e.Actor == store.KEDA && e.Guess {
				e.Actor = store.Someone // no HPA without KEDA goes to zero, or from there
			}
			out = append(out, e)
			continue
		}
		out = append(out, Entry{Entry: l, Note: noteOf(l), Warn: warns(l)})
	}
	for _, t := range tales {
		if t.tellsMore(log) {
			out = append(out, t.Entry)
		}
	}
	out = append(out, podTroubles(s.Pods(id))...)
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
		if e.Kind != store.Scaled {
			continue
		}
		if e.From < 0 && last != e.To {
			e.From = last
		}
		last = e.To
	}
}

// podTroubles gives an entry for each reason for which pods cannot run now.
func podTroubles(pods []kscope.Pod) []Entry {
	byReason := map[string]*Entry{}
	n := map[string]int{}
	for _, p := range pods { // oldest first, so that its words stay
		if p.State() != kscope.PodFailing {
			continue
		}
		n[p.Reason]++
		if byReason[p.Reason] == nil {
			byReason[p.Reason] = &Entry{Entry: store.Entry{At: p.Created, Kind: store.Trouble, Actor: store.Kubelet}, Warn: true, Note: p.Message}
		}
	}
	var out []Entry
	for reason, e := range byReason {
		e.Note = strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", words.Plural(n[reason], "pod"), reason, e.Note), ": ")
		if reason == "Unschedulable" {
			e.Actor = store.Kubernetes
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
	case e.Kind == store.Active:
		return firstWork(es, store.Inactive, store.Emptied)
	case e.Kind == store.Inactive:
		return emptying(es)
	case e.Kind == store.LoadEnded:
		return beginning(es, e)
	case e.Kind == store.ReadyPods && reached(es):
		return nil
	case e.Kind == store.ReadyPods:
		return step(es, e.Up())
	case e.Kind != store.Scaled || e.From < 0:
		return nil
	case e.Actor == store.KEDA && e.Up():
		return firstWork(es, store.Scaled, store.Emptied)
	case e.Actor == store.KEDA:
		return emptying(es)
	case e.Actor == store.TheHPA:
		if c := step(es, e.Up()); c != nil && e.At.Sub(c.At) <= 2*scaling.SyncPeriod {
			return c
		}
		if e.Up() {
			return firstWork(es, store.Scaled, store.Emptied)
		}
		return emptying(es)
	}
	return nil
}

// firstWork is the first work that arrived since what answered to all before.
func firstWork(es []Entry, answers ...store.EntryKind) (found *Entry) {
	for i := len(es) - 1; i >= 0 && !slices.Contains(answers, es[i].Kind); i-- {
		if es[i].IsWork() {
			found = &es[i]
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

// reached reports whether the pods arrived at the size of the last step before:
// what they do after that has other reasons.
func reached(es []Entry) bool {
	for i := len(es) - 1; i >= 0 && es[i].Kind != store.Scaled; i-- {
		if es[i].Kind == store.ReadyPods {
			last := step(es[:i], es[i].Up())
			return last != nil && last.To == es[i].To
		}
	}
	return false
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
