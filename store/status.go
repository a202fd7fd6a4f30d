package store

import (
	"cmp"
	"math"
	"sort"
	"time"

	"github.com/kscope/kscope"
)

type statusKey struct {
	source string
	kind   kscope.Kind
	name   string
}

type status struct {
	SourceStatus
	at time.Time
}

// SourceStatus is the newest health of a part of a source and since when it
// has been in that state.
type SourceStatus struct {
	Source string
	kscope.Status
	Since time.Time
	Until time.Time // when what it tells was current last; zero while it is, and if it never was
}

// Current reports whether what the part tells is so now.
func (st SourceStatus) Current() bool { return st.State.Current() }

// asOf is when something that the part told at a time was known to be so last,
// the zero time if it is so now.
func (st SourceStatus) asOf(told time.Time) time.Time {
	switch {
	case st.Current():
		return time.Time{}
	case st.Until.After(told):
		return st.Until
	}
	return told
}

func (s *Store) applyStatus(at time.Time, source string, f kscope.Status) bool {
	key := statusKey{source, f.Kind, f.Name}
	old, had := s.statuses[key]
	if had && at.Before(old.at) {
		return false
	}
	since := at
	if had && old.State == f.State {
		since = old.Since
	}
	is := SourceStatus{Source: source, Status: f, Since: since}
	if was, now := old.State.Current(), f.State.Current(); was && !now {
		is.Until = at
	} else if !now {
		is.Until = old.Until
	}
	s.statuses[key] = status{is, at}
	switch {
	case f.Name == "":
		s.byKind[f.Kind] = is
	case f.Kind == kscope.Queues:
		s.byServer[f.Name] = status{is, at}
	}
	changed := old.Status != f
	if f.State.Current() && f.Kind == kscope.Pods {
		changed = s.link() || changed // what is counted now is all there is
	}
	if f.State.Current() && f.Kind == kscope.Jobs {
		s.knowJobs(at)
	}
	s.eventsLive = s.eventsLive || f.State.Current() && f.Kind == kscope.Events
	for key, w := range s.work {
		w.watched(at, old.State, f, kindOf(key.kind))
		if f.Kind == kscope.Pods && f.State.Current() && !old.State.Current() {
			s.recordPods(at, w)
		}
	}
	if f.Kind == kscope.Pods {
		s.watchedPods(at, old.State, f.State)
	}
	if had && old.State != f.State && (old.State.Current() || f.State == kscope.Synced && old.State == kscope.Failing) {
		s.logStatus(at, source, f)
	}
	if changed {
		s.touchStatus(f)
	}
	return changed
}

// watched notes in the series of a workload that its watch, or that of the
// pods where they are what counts, became blind or sees again.
func (w *workload) watched(at time.Time, was kscope.State, is kscope.Status, kind kscope.Kind) {
	var series []*Series
	if is.Kind == kind {
		series = append(series, &w.desired)
	}
	if is.Kind == kind && w.Ready != nil || is.Kind == kscope.Pods && w.Ready == nil {
		series = append(series, &w.ready)
	}
	if is.Kind == kscope.Pods {
		series = append(series, &w.alive)
	}
	if is.State.Current() { // what is known is true again, though nothing may have changed
		if !was.Current() && is.Kind == kind {
			w.record(at)
		}
		return
	}
	for _, x := range series {
		x.blind(at, was, is.State)
	}
}

// blind notes that nothing more is known of a series that was watched.
func (s *Series) blind(at time.Time, was, is kscope.State) {
	if was.Current() {
		s.Extend(at)
	}
	if s.n() > 0 && (was.Current() || is != kscope.Connecting) {
		s.Add(at, math.NaN())
	}
}

// watchedPods notes the same in what triggers count of pods.
func (s *Store) watchedPods(at time.Time, was, is kscope.State) {
	if is.Current() && !was.Current() {
		s.recordTallies(at, "")
	}
	for _, t := range s.pods.tallies {
		if !is.Current() {
			t.past.blind(at, was, is)
		}
	}
}

// applyUnwatched notes that what is watched was known until a time, and is known again
// now. What is polled shows it by itself.
func (s *Store) applyUnwatched(at, since time.Time) {
	gap := func(x *Series) {
		if x.n() > 0 {
			x.Extend(since)
			x.Add(since, math.NaN())
		}
	}
	for key, w := range s.work {
		gap(&w.desired)
		gap(&w.ready)
		gap(&w.alive)
		if s.status(kindOf(key.kind)).Current() {
			w.record(at)
		}
		s.recordPods(at, w)
	}
	for _, t := range s.pods.tallies {
		gap(&t.past)
		s.recordTally(at, t)
	}
	for _, o := range s.objects {
		if v, _ := o.acts.Last(); !math.IsNaN(v) && s.status(kscope.ScaledObjects).Current() {
			gap(&o.acts)
			o.acts.Add(at, v)
		}
	}
}

// Statuses lists the health of every part of every source, in a fixed order.
func (s *Store) Statuses() []SourceStatus {
	out := make([]SourceStatus, 0, len(s.statuses))
	for _, st := range s.statuses {
		out = append(out, st.SourceStatus)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Source != b.Source {
			return a.Source < b.Source
		}
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		return a.Name < b.Name
	})
	return out
}

// status is the health of one watched kind, whatever source it is from.
func (s *Store) status(kind kscope.Kind) SourceStatus { return s.stopped(s.byKind[kind]) }

// stopped is the health of a part, or of its whole source where that has ended:
// it says so by the name of a kind that is its own.
func (s *Store) stopped(st SourceStatus) SourceStatus {
	whole, ok := s.statuses[statusKey{source: st.Source, kind: kscope.Kind(st.Source)}]
	if !ok || whole.Current() || st.Source == "" {
		return st
	}
	if st.Current() {
		st.Since, st.Until = whole.Since, whole.Since
	}
	st.State, st.Message, st.Hint = whole.State, whole.Message, whole.Hint
	return st
}

// server is the health of a queue's server as far as it concerns what was
// measured at a time: a measurement comes before the news that the server is
// well again, and counts. False where nothing was ever said of it.
func (s *Store) server(of kscope.Backlog, measured time.Time) (st SourceStatus, current bool) {
	said, ok := s.byServer[of.Server]
	st = s.stopped(said.SourceStatus)
	if st.State != said.State {
		return st, false
	}
	return st, !ok || st.Current() || measured.After(said.at)
}

type connection struct {
	kscope.Connection
	at time.Time
}

func (s *Store) applyConnection(at time.Time, f kscope.Connection) scope {
	old, had := s.connections[f.Server]
	if had && at.Before(old.at) {
		return nothing
	}
	if s.connections == nil {
		s.connections = map[string]connection{}
	}
	s.connections[f.Server] = connection{f, at}
	if had && old.Connection == f {
		return nothing
	}
	s.touchServer(f.Server, notRow)
	return notRow
}

// Connection is how the server of a queue is reached; false where nothing is
// known of it.
func (s *Store) Connection(q kscope.Backlog) (kscope.Connection, bool) {
	c, ok := s.connections[q.Server]
	if st, current := s.server(q, c.at); ok && !current && !c.Failing {
		c.Failing, c.Err, c.Hint, c.ErrAt = true, cmp.Or(st.Message, string(st.State)), st.Hint, st.Since
	}
	return c.Connection, ok
}

// Depth is the newest measurement of a queue, failed or not; false where there
// is none.
func (s *Store) Depth(q kscope.Backlog) (kscope.Depth, bool) {
	known := s.queues[q]
	if known == nil {
		return kscope.Depth{}, false
	}
	d := known.last
	if st, current := s.server(q, known.at); !current && d.Err == "" {
		d.Err = cmp.Or(st.Message, string(st.State))
	}
	return d, true
}
