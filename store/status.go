package store

import (
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
	s.statuses[key] = status{is, at}
	if f.Name == "" {
		s.byKind[f.Kind] = is
	}
	changed := old.Status != f
	if f.State == kscope.Synced && f.Kind == kscope.Pods {
		changed = s.link() || changed // what is counted now is all there is
	}
	s.eventsLive = s.eventsLive || f.State == kscope.Synced && f.Kind == kscope.Events
	for key, w := range s.work {
		w.watched(at, old.State, f, kindOf(key.kind))
		if f.Kind == kscope.Pods && f.State == kscope.Synced && old.State != kscope.Synced {
			s.recordPods(at, w)
		}
	}
	if had && old.State != f.State && (old.State == kscope.Synced || f.State == kscope.Synced && old.State == kscope.Failing) {
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
	for _, x := range series {
		switch is.State {
		case kscope.Synced: // what is known is true again, though nothing may have changed
			if was != kscope.Synced && is.Kind == kind {
				w.record(at)
			}
		case kscope.Failing, kscope.Forbidden, kscope.Absent:
			if was == kscope.Synced {
				x.Extend(at)
			}
			if x.n() > 0 {
				x.Add(at, math.NaN())
			}
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
func (s *Store) status(kind kscope.Kind) SourceStatus { return s.byKind[kind] }
