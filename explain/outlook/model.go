package outlook

import (
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// spacing is how far apart the syncs of an HPA are where that was not seen: the
// controller waits its period from the end of one to the beginning of the next.
const spacing = scaling.SyncPeriod + 12*time.Millisecond

// Model is the state of KEDA's and of the HPA's minds, as far as it follows from
// what was observed, by the clock of the stream: what they remember, when they look
// next, and what their sources will say if nothing unforeseen comes.
type Model struct {
	plan scaling.Plan
	from scaling.State
	main store.Reading // that the plan goes by

	SyncSeen, lookSeen bool          // the phases of the plan were seen, and are not any
	Flows              bool          // the queue is on its way, and the plan goes on from that
	Comes              bool          // and at its rate jobs come, too
	In                 float64       // that rate, of jobs a second, but for those of loads from here
	told               bool          // by the HPA alone, of how many there are at its syncs
	new                bool          // and not for long enough to tell how it moves
	Begun              bool          // it was under way already when it was first looked at, a moment ago: its pace is not known yet
	once               bool          // and only at the last of them more had come, which may have been a batch
	quick              *course       // how it goes on if pods do more, and more jobs come that hide it; nil where that is not so
	Uses               bool          // what pods use is gone by, too, as if that stayed the same in all
	used               []int         // which of the plan's other sources that is; -1 for the main one
	Loads              time.Duration // about how long loads from here go on that are in the plan; 0 for none

	// held is what the HPA may remember from before it was watched, at most; 0 where
	// it remembers nothing that matters. It forgets it at latest at until.
	held  int32
	until time.Time
	// The most that the HPA remembers, and when that was asked for last; 0 where
	// nothing is remembered.
	Most   int32
	MostAt time.Time
}

// Seen is what was seen of a workload at a time.
type Seen struct {
	Now            time.Time
	Desired, Ready int32
	Main           store.Reading // of the trigger that asks for most
}

// Of is false where not all is known, or is so now, that the HPA and KEDA decide
// by.
func Of(c *store.Chain, is Seen) (*Model, bool) {
	unknown := func(r store.Reading) bool { return !r.Known && (!r.Direct || is.Desired > 0) && !nothing(c, r) }
	if c.Workload == nil || c.Ready == nil || c.HPA == nil || !c.Last.Object.IsZero() ||
		c.ScaledObject.ScalingModifiers && c.Formula == nil || len(c.Readings) == 0 || slices.ContainsFunc(c.Metrics(), unknown) {
		return nil, false
	}
	m, sources := &Model{main: is.Main}, sourcesOf(c)
	m.plan = scaling.Plan{Loop: scaling.LoopOf(c.ScaledObject), Behavior: c.HPA.Behavior, Sync: spacing, Starting: usualStart}
	if c.ID.Kind == kscope.HPAs {
		m.plan.Loop, m.plan.Alone, m.lookSeen = scaling.Loop{Min: c.HPA.MinReplicas, Max: c.HPA.MaxReplicas}, true, true
	}
	m.from = scaling.State{At: is.Now, Replicas: is.Desired, Ready: is.Ready, Created: c.ScaledObject.Created, LastActive: lastActive(c)}
	m.annotated(c)
	m.phases(c, is.Now)
	m.remember(c, sources, is.Now)
	m.measure(c, sources, m.mainOf(sources), is)
	return m, true
}

// mainOf is the source that the plan goes by, beside the others: the main one, else, where
// KEDA does not go by that, the first that KEDA goes by. Where there is none of these KEDA
// takes the object for active.
func (m *Model) mainOf(sources []source) int {
	main := slices.IndexFunc(sources, func(s source) bool {
		return s.Metric == m.main.Metric && s.Trigger.Name == m.main.Trigger.Name && s.Trigger.Type == m.main.Trigger.Type && s.Trigger.Backlog == m.main.Trigger.Backlog
	})
	main = max(main, 0)
	if !sources[main].Direct {
		return main
	}
	if i := slices.IndexFunc(sources, func(s source) bool { return !s.Direct }); i >= 0 {
		m.main = sources[i].Reading
		return i
	}
	m.plan.Also = append(m.plan.Also, always)
	return main
}

// always is a trigger that is active whatever happens, for which the HPA has no metric.
var always = scaling.Source{Measured: func(time.Duration) float64 { return 1 }}

// annotated is what the annotations change: KEDA has its HPA go in one direction
// only, or takes a trigger for active.
func (m *Model) annotated(c *store.Chain) {
	so, b := &c.ScaledObject, m.plan.Behavior
	if so.ForceActivation {
		m.plan.Also = append(m.plan.Also, always)
	}
	if b == nil || !so.PausedScaleIn && !so.PausedScaleOut {
		return
	}
	own := *b
	if so.PausedScaleIn {
		own.Down.Select = "Disabled"
	}
	if so.PausedScaleOut {
		own.Up.Select = "Disabled"
	}
	m.plan.Behavior = &own
}

// lastActive is the time of the last activity as KEDA keeps it, by the clock of the
// stream where the poll was seen.
func lastActive(c *store.Chain) time.Time {
	if !c.Polled.IsZero() {
		return scaling.ActiveAt(c.Polled)
	}
	return c.ScaledObject.LastActiveTime
}

// phases finds when KEDA and the HPA look next: a whole number of periods after
// they were seen to.
func (m *Model) phases(c *store.Chain, now time.Time) {
	poll := max(m.plan.Loop.Polling, time.Second)
	m.plan.FirstPoll, m.plan.FirstSync = poll, scaling.SyncPeriod
	if !c.Past.Looked.IsZero() {
		m.plan.FirstPoll, m.lookSeen = due(c.Past.Looked, poll, now), true
	}
	if n := len(c.Past.Syncs); n > 0 {
		m.plan.Sync = period(c.Past.Syncs)
		m.plan.FirstSync, m.SyncSeen = due(c.Past.Syncs[n-1].At, m.plan.Sync, now), true
	}
}
