package ledger

import (
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// whose gives each mark that something waited for the time that led to it.
func (l *ledger) whose(e *Episode, end time.Time) {
	if e.Open() {
		end = l.Now
	}
	_, awake := e.Find(Ready)
	ready, wanted, prev, paused := false, false, e.Began, false
	for i := range e.Marks {
		m := &e.Marks[i]
		owner := l.owner(e, m)
		switch {
		case m.Kind == FirstJob, m.Kind == Paused && paused, m.Kind == Active && (wanted || e.Floor > 0):
			continue
		case m.Kind == LastReady, awake && !ready && (m.Kind >= More && m.Kind <= Empty):
			continue // the first pod is what is waited for, and then the work
		case m.Kind == Ready:
			ready = true
		case m.Kind == Wanted:
			wanted = true
		case m.Kind == Paused:
			owner, paused = l.next(e, i), true
		}
		if paused && m.Kind != Paused {
			owner = Pause
		}
		paused = paused && m.Kind != Resumed
		if i == 0 { // nobody saw it begin, or it is the beginning
			if owner = Unseen; !m.At.After(prev) {
				continue
			}
		}
		m.Stretch = l.stretch(owner, m.At.Sub(prev))
		prev = later(prev, m.At)
	}
	if e.Open() {
		owner := l.next(e, len(e.Marks))
		if paused {
			owner = Pause
		}
		e.Tail = l.stretch(owner, end.Sub(prev))
	}
}

// stretch is a time of somebody's, with what bounds it.
func (l *ledger) stretch(o Owner, took time.Duration) Stretch {
	s, so := Stretch{Owner: o, Took: max(took, 0)}, &l.Chain.ScaledObject
	switch o {
	case KEDAPoll:
		if s.Every = so.PollingInterval; l.Chain.ScaledJob != nil {
			s.Every = l.Chain.ScaledJob.PollingInterval
		}
	case Cooldown:
		s.Every = so.CooldownPeriod
	case HPASync:
		s.Every = scaling.SyncPeriod
	case HPAWindow:
		if h := l.Chain.HPA; h != nil {
			s.Every = h.Behavior.DownWindow()
		}
	}
	return s
}

// by is the owner of a step of the replicas.
func by(m *Mark, keda, hpa Owner) Owner {
	switch m.By {
	case store.KEDA:
		return keda
	case store.TheHPA:
		return hpa
	case "":
		return Unseen
	}
	return Someone
}

// owner is whose the time before a mark is.
func (l *ledger) owner(e *Episode, m *Mark) Owner {
	has := func(k Kind) bool { _, ok := e.Find(k); return ok }
	switch m.Kind {
	case Enough:
		return Producer
	case Active:
		return KEDAPoll
	case Wanted, MostWanted:
		return by(m, KEDAPoll, HPASync)
	case Created:
		if !has(Wanted) {
			return Unseen
		}
		return Deploying
	case Scheduled, Started, Ready:
		if !has(m.Kind - 1) {
			return PodStart
		}
		return map[Kind]Owner{Scheduled: Scheduler, Started: Node, Ready: Readiness}[m.Kind]
	case More, Falling, Target, Empty:
		return Workers
	case Cooled:
		return Cooldown
	case Rest:
		if e.Jobs {
			return Workers
		}
		if has(Cooled) {
			return by(m, KEDAPoll, HPAWindow)
		}
		return by(m, Cooldown, HPAWindow)
	case Gone:
		return Stopping
	}
	return Nobody
}

// next is whose the time is after the first n marks, by what comes next of what was
// not there yet.
func (l *ledger) next(e *Episode, n int) Owner {
	got := map[Kind]bool{}
	for _, m := range e.Marks[:n] {
		got[m.Kind] = true
	}
	has := func(k Kind) bool { return got[k] }
	so := &l.Chain.ScaledObject
	sleeps := so.Ref.Name != "" && (so.MinReplicaCount == 0 || so.IdleReplicaCount != nil)
	switch {
	case has(Cooled):
		return KEDAPoll
	case has(Empty) && e.Jobs:
		return Workers
	case has(Empty) && sleeps:
		return Cooldown
	case has(Empty), has(Wanted) && l.floor > 0 && has(Target):
		return HPAWindow
	case has(Ready), e.Partial && at(l.ready, l.Now) > 0:
		return Workers
	case has(Created) && has(Scheduled) && has(Started):
		return Readiness
	case has(Created) && has(Scheduled):
		return Node
	case has(Created):
		return Scheduler
	case has(Wanted) && len(l.alive) == 0:
		return PodStart
	case has(Wanted):
		return Deploying
	case l.floor == 0 && has(FirstJob) && n == len(e.Marks) && !l.calling():
		return Producer
	case l.floor > 0:
		return HPASync
	}
	return KEDAPoll
}

// calling reports whether there is work that KEDA starts for now.
func (l *ledger) calling() bool {
	for i := range l.queues {
		if q := &l.queues[i]; l.calls(q, at(q.steps, l.Now)) {
			return true
		}
	}
	return false
}
