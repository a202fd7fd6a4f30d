package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// told is what the timeline of a ScaledObject last said of its conditions.
// They go through Unknown for a moment at every reconcile, which is not news.
type told struct {
	active  string    // the last status of Active that was not Unknown
	since   time.Time // when that was first seen
	trouble string    // the reason for which it was not ready; "" when it was
	refused Refusal
}

func (t *told) first(at time.Time, so kscope.ScaledObject) {
	if c := so.Conditions.Get("Active"); c.True() || c.False() {
		t.active, t.since = c.Status, at
	}
	t.trouble, _ = notReady(so)
}

// Refusal is somebody's word that it could not set the replicas, and when that was no
// longer its word.
type Refusal struct {
	By Actor
	kscope.Condition
	Until time.Time
}

// next is the refusal that ends where a condition is followed by another; that of
// before where none does.
func (r Refusal) next(at time.Time, by Actor, reason string, was, is kscope.Condition) Refusal {
	switch {
	case is.False() && is.Reason == reason:
		return Refusal{}
	case was.False() && was.Reason == reason:
		return Refusal{by, was, at}
	}
	return r
}

// refusedHPA is the refusal of an HPA, nil for none.
func (s *Store) refusedHPA(h *kscope.HPA) Refusal {
	if h == nil {
		return Refusal{}
	}
	return s.hpas[h.Ref].refused
}

// act records what KEDA last said of its activity, in the series of that.
func (o *object) act(at time.Time) {
	switch o.told.active {
	case "True":
		o.acts.Add(at, 1)
	case "False":
		o.acts.Add(at, 0)
	}
}

// notReady is the reason of a ScaledObject that is not ready, "" if it is;
// false while that is not known.
func notReady(so kscope.ScaledObject) (reason string, known bool) {
	switch c := so.Conditions.Get("Ready"); {
	case c.False(), c.Reason == "PartialTriggerError":
		return cmp.Or(c.Reason, "NotReady"), true
	case c.True():
		return "", true
	}
	return "", false
}

// news is what a change of a ScaledObject means.
func (t *told) news(at time.Time, was, is kscope.ScaledObject) []Entry {
	var out []Entry
	add := func(kind EntryKind, actor Actor, topic Topic, said string) {
		out = append(out, Entry{At: at, Kind: kind, Actor: actor, Topic: topic, Said: said})
	}
	switch c := is.Conditions.Get("Active"); {
	case c.True() && t.active != c.Status:
		add(Active, KEDA, NoTopic, "")
		t.active, t.since = c.Status, at
	case c.False() && t.active != c.Status:
		if t.active != "" {
			add(Inactive, KEDA, NoTopic, "")
		}
		t.active, t.since = c.Status, at
	}
	t.refused = t.refused.next(at, KEDA, "ErrorScalingTarget", was.Conditions.Get("Ready"), is.Conditions.Get("Ready"))
	if reason, known := notReady(is); known && reason != t.trouble {
		if c := is.Conditions.Get("Ready"); reason != "" {
			add(Trouble, KEDA, Readiness, cmp.Or(c.Message, reason))
		} else {
			add(Mended, KEDA, Readiness, "")
		}
		t.trouble = reason
	}
	if old, now := was.Conditions.Get("Fallback").True(), is.Conditions.Get("Fallback").True(); old != now {
		if now {
			add(Trouble, KEDA, InFallback, "")
		} else {
			add(Mended, KEDA, InFallback, "")
		}
	}
	for _, p := range []struct {
		was, is bool
		what    Topic
	}{
		{was.FullyPaused(), is.FullyPaused(), Paused},
		{was.PausedScaleIn, is.PausedScaleIn, PausedIn},
		{was.PausedScaleOut, is.PausedScaleOut, PausedOut},
	} {
		switch {
		case p.is && !p.was:
			add(Trouble, Someone, p.what, "")
		case p.was && !p.is:
			add(Mended, Someone, p.what, "")
		}
	}
	return out
}

// workloadEntries is what a new state of a workload means.
func workloadEntries(at time.Time, was, is kscope.Workload) []Entry {
	var out []Entry
	if was.Desired != is.Desired {
		e := Entry{At: at, Kind: Scaled, From: was.Desired, To: is.Desired, Who: is.SetBy}
		if is.Desired == 0 && is.SetBy == was.SetBy && is.SetAt.Equal(was.SetAt) {
			e.Who = "" // an earlier one's trace: writing 0 through /scale leaves none
		}
		out = append(out, e)
	}
	if was.Ready != nil && is.Ready != nil && *was.Ready != *is.Ready {
		out = append(out, Entry{At: at, Kind: ReadyPods, Actor: Kubelet, From: *was.Ready, To: *is.Ready, Surplus: *is.Ready > max(*was.Ready, is.Desired)})
	}
	return out
}

// logStatus notes on the timelines it concerns that a source of ours broke or
// came back.
func (s *Store) logStatus(at time.Time, source string, f kscope.Status) {
	e := Entry{At: at, Kind: Trouble, Actor: Kscope, Topic: OurSource, Kept: f.Kind, Broker: cmp.Or(f.Broker, source), Subject: f.Name, Said: cmp.Or(f.Message, string(f.State))}
	if f.State == kscope.Synced {
		e.Kind, e.Said = Mended, ""
	}
	for _, o := range s.objects {
		if f.Kind != kscope.Queues || o.readsFrom(f.Name) {
			o.add(e)
		}
	}
}

// readsFrom reports whether a queue of the object is at that server.
func (o *object) readsFrom(server string) bool {
	if server == triggers.KEDAServer || server == triggers.ExternalServer {
		return slices.ContainsFunc(o.triggers(), triggers.AskedByKEDA)
	}
	for _, t := range o.triggers() {
		if t.Backlog != nil && t.Backlog.Server == server {
			return true
		}
	}
	return false
}

// throughKEDA has a reading that is not to be had of its broker by what KEDA's operator
// tells, where it does, or else by what the external metrics API answered, and gives the
// queue that the reading is of then.
func (s *Store) throughKEDA(r *Reading, o *object, index int, direct *queue) *queue {
	if o.hpa != nil || !triggers.AskedByKEDA(r.Trigger) {
		return direct
	}
	of := kscope.TriggerRef{Object: o.ID, Index: index}
	own, ownHint := r.Err, r.Hint
	q := s.through(r, triggers.ThroughKEDA(r.Trigger, of), FromKEDA, direct)
	if r.Known {
		return q
	}
	err, hint := r.Err, r.Hint
	r.Err, r.Hint = own, ownHint
	q = s.through(r, triggers.ThroughExternal(r.Trigger, of), FromExternal, q)
	if !r.Known && (err != "" || hint != "") { // the usual way comes first in what is said
		r.Err, r.Hint = err, hint
	}
	return q
}

// through is that by one of the two. What was asked once is believed for as long as any
// measurement.
func (s *Store) through(r *Reading, b kscope.Backlog, from ValueSource, direct *queue) *queue {
	q := s.queues[b]
	if q == nil {
		return direct
	}
	if from == FromExternal && s.now.Sub(q.at) > q.MaxGap {
		return direct
	}
	server, current := s.server(b, q.at)
	switch {
	case !current && r.Err == "":
		r.Hint = cmp.Or(server.Hint, server.Message)
		return direct
	case !current:
		return direct
	case q.last.Err != "":
		r.Err = cmp.Or(r.Err, q.last.Err)
		return direct
	}
	if r.Trigger.Backlog == nil || r.Err != "" {
		r.Trigger.Backlog, r.Past = &b, q.view()
	}
	r.Value, r.Known, r.From, r.At, r.Scaled = q.last.N, true, from, q.at, q.last.Scaled
	r.Waits = r.Value
	r.Back, r.Still = later(q.back, server.Since), q.Still()
	return q
}
