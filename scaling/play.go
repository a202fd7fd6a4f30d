package scaling

import (
	"math"
	"time"
)

// cohort are pods that become ready together.
type cohort struct {
	ready time.Duration
	pods  int32
}

// play is one in progress.
type play struct {
	Plan
	State
	out               Outcome
	start             time.Time
	since             time.Duration
	poll, sync, point time.Duration // when they are due next
	come              float64       // jobs that have arrived
	starting          []cohort      // the first ready first
}

// Play plays on from a state for so long, in one pass and without looking at
// a clock. Jobs flow, they are not counted singly: a pod that is ready takes
// one at once and then one each service time, on average. Everything else is
// as KEDA and the HPA controller do it; of the sources that the loop may leave
// to the HPA (minReplicaCount over 0) it makes no difference who asked.
func Play(p Plan, from State, length time.Duration) Outcome {
	r := begin(p, from, length)
	for {
		at := r.next(length)
		r.work(at)
		r.becomeReady()
		if at == r.poll {
			r.poll += r.Loop.Polling
			r.look()
		}
		if at == r.sync {
			r.sync += r.Sync
			r.syncHPA()
		}
		if at == r.point {
			r.point += r.Step
			r.out.Points = append(r.out.Points, Point{at, r.waits(), r.Replicas, r.Ready})
		}
		if at >= length || p.Changes > 0 && len(r.out.Changes) >= p.Changes {
			break
		}
	}
	r.At = r.now()
	r.out.End = r.State
	return r.out
}

func begin(p Plan, from State, length time.Duration) *play {
	p.Loop.Polling = max(p.Loop.Polling, time.Second)
	if p.Sync <= 0 {
		p.Sync = SyncPeriod
	}
	if p.Alone {
		p.Loop.Polling = p.Sync
	}
	if p.Step <= 0 {
		p.Step = time.Second
	}
	r := &play{Plan: p, State: from, start: from.At, poll: max(p.FirstPoll, 0), sync: max(p.FirstSync, 0)}
	r.Memory = from.Memory.Clone()
	r.Memory.grow(int(max(p.Behavior.UpWindow(), p.Behavior.DownWindow())/p.Sync) + 3)
	r.out.Points = make([]Point, 0, length/p.Step+1)
	r.starting = make([]cohort, 0, 8)
	if late := r.Replicas - r.Ready; late > 0 {
		r.starting = append(r.starting, cohort{p.Starting, late})
	}
	return r
}

func (r *play) now() time.Time { return r.start.Add(r.since) }

// next is when something is due next.
func (r *play) next(end time.Duration) time.Duration {
	at := min(r.poll, r.sync, r.point, end)
	if len(r.starting) > 0 {
		at = min(at, r.starting[0].ready)
	}
	return max(at, r.since)
}

// inHand is how much of a job a pod has in hand on average while there is
// work: all of it when it takes it, nothing when it is done.
const inHand = 0.5

// work plays the pods until then.
func (r *play) work(until time.Duration) {
	passed := until - r.since
	r.since = until
	if r.Arrivals != nil {
		come := r.Arrivals(until)
		r.Queue += come - r.come
		r.come = come
	}
	if r.Service <= 0 {
		return
	}
	part := float64(passed) / float64(r.Service)
	done := r.InHand * min(part, 1)
	taken := min(r.Queue, float64(r.Ready)*(inHand+part)-r.InHand)
	r.Queue -= taken
	r.InHand = min(r.InHand+taken-done, float64(r.Ready)*inHand)
}

// becomeReady has the pods whose time has come take their first job.
func (r *play) becomeReady() {
	due := 0
	for due < len(r.starting) && r.starting[due].ready <= r.since {
		r.Ready += r.starting[due].pods
		due++
	}
	if due > 0 {
		r.starting = r.starting[:copy(r.starting, r.starting[due:])]
		r.work(r.since)
	}
}

// measure is what KEDA gets for an answer, and makes of it.
func (r *play) measure() float64 {
	if r.Formula != nil {
		return r.Formula(r.waits(), r.since)
	}
	return r.waits()
}

// waits is how much waits: jobs are whole.
func (r *play) waits() float64 {
	if r.Measured != nil {
		return r.Measured(r.since)
	}
	return math.Ceil(r.Queue - 1e-6)
}

// look is a poll of KEDA's.
func (r *play) look() {
	if r.Alone {
		return
	}
	now, active := r.now(), r.measure() > r.Activation
	for _, s := range r.Also {
		active = active || s.Measured(r.since) > s.Activation
	}
	move, to := r.Loop.Decide(Poll{At: now, Replicas: r.Replicas, Active: active, LastActive: r.LastActive, Created: r.Created})
	switch move {
	case Activate, Deactivate, Raise:
		r.set(to, true)
	}
	if move == Activate || move == StayActive {
		r.LastActive = ActiveAt(now)
	}
}

// syncHPA is a sync of the HPA, which KEDA takes away while paused.
func (r *play) syncHPA() {
	if r.Loop.Paused {
		return
	}
	now, in := r.now(), r.Loop.HPA()
	r.Memory.Meet(now, r.Replicas)
	if r.Replicas == 0 {
		return
	}
	to, forced := in.Force(r.Replicas)
	if !forced {
		to = r.Memory.Normalize(now, r.Behavior, r.Replicas, r.wanted(), in).Desired
	}
	if to != r.Replicas {
		r.Memory.Rescaled(now, r.Behavior, r.Replicas, to)
		r.set(to, false)
	}
}

// wanted is the most that a metric asks for.
func (r *play) wanted() int32 {
	t := TolerancesOf(r.Behavior)
	n := Asked(r.measure(), r.Target, r.ByValue, r.Replicas, r.Ready, t)
	for _, s := range r.Also {
		if s.Target > 0 {
			n = max(n, Asked(s.Measured(r.since), s.Target, s.ByValue, r.Replicas, r.Ready, t))
		}
	}
	return n
}

// set changes the replicas. Pods that are not ready yet go first, the newest
// of them before the others; a pod that works finishes its job before it goes.
func (r *play) set(to int32, keda bool) {
	from := r.Replicas
	if to == from {
		return
	}
	r.out.Changes = append(r.out.Changes, Change{r.since, from, to, keda})
	r.Replicas = to
	if to > from {
		r.starting = append(r.starting, cohort{r.since + r.Starting, to - from})
		return
	}
	less := from - to
	for last := len(r.starting) - 1; last >= 0 && less > 0; last-- {
		gone := min(less, r.starting[last].pods)
		less -= gone
		if r.starting[last].pods -= gone; r.starting[last].pods == 0 {
			r.starting = r.starting[:last]
		}
	}
	if left := max(r.Ready-less, 0); r.Ready > 0 {
		r.InHand *= float64(left) / float64(r.Ready)
		r.Ready = left
	}
}
