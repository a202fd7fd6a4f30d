package scaling

import (
	"time"

	"github.com/kscope/kscope"
)

// Loop are the settings that KEDA's scale loop decides by.
type Loop struct {
	Polling, Cooldown, InitialCooldown time.Duration
	Min, Max                           int32
	Idle                               *int32 // nil when unset
	Fallback                           *int32 // its replicas; nil without one
	Paused, PausedIn, PausedOut        bool
}

// LoopOf are the settings of a ScaledObject.
func LoopOf(so kscope.ScaledObject) Loop {
	l := Loop{
		Polling: so.PollingInterval, Cooldown: so.CooldownPeriod, InitialCooldown: so.InitialCooldownPeriod,
		Min: so.MinReplicaCount, Max: so.MaxReplicaCount, Idle: so.IdleReplicaCount,
		Paused: so.FullyPaused(), PausedIn: so.PausedScaleIn, PausedOut: so.PausedScaleOut,
	}
	if so.Fallback != nil {
		l.Fallback = &so.Fallback.Replicas
	}
	return l
}

// HPA is between what KEDA has its HPA keep the replicas: never at zero, which
// is KEDA's own.
func (l Loop) HPA() Bounds { return Bounds{max(1, l.Min), l.Max} }

// Poll is what one poll of KEDA's knows.
type Poll struct {
	At         time.Time
	Replicas   int32     // that the workload is asked to have
	Active     bool      // some trigger is, or activation is forced
	Failed     bool      // some trigger could not be read
	LastActive time.Time // before this poll; zero for never
	Created    time.Time
}

// Move is what a poll of KEDA's does.
type Move int

// The moves, each with the rows of KEDA's decision table that it stands for.
const (
	Nothing      Move = iota // A1, I1, I3, I7: nothing to do, or paused, or held by a fallback
	Paused                   // before the table: KEDA does not even look
	Activate                 // A2: from zero or idle, to min or 1
	PartlyFailed             // A3: active, but not all could be read; the time of the last activity stays
	StayActive               // A4: the time of the last activity is now
	Failed                   // I2: nothing is active, and something could not be read
	Deactivate               // I4: to zero or idle
	CoolDown                 // I5: would deactivate, but it is too early
	Raise                    // I6: somebody set less than min
)

// Decide is KEDA's decision table: what a poll does, and the replicas it sets.
// (scale_scaledobjects.go: RequestScale)
func (l Loop) Decide(p Poll) (Move, int32) {
	switch {
	case l.Paused:
		return Paused, p.Replicas
	case p.Active:
		return l.whileActive(p)
	}
	return l.whileInactive(p)
}

func (l Loop) whileActive(p Poll) (Move, int32) {
	switch {
	case l.Idle != nil && p.Replicas < l.Min, p.Replicas == 0:
		if l.PausedOut {
			return Nothing, p.Replicas
		}
		return Activate, max(l.Min, 1)
	case p.Failed:
		return PartlyFailed, p.Replicas
	}
	return StayActive, p.Replicas
}

func (l Loop) whileInactive(p Poll) (Move, int32) {
	switch {
	case p.Failed && l.Fallback != nil && *l.Fallback != 0:
	case p.Failed && l.Fallback == nil:
		return Failed, p.Replicas
	case l.Idle != nil && p.Replicas > *l.Idle, p.Replicas > 0 && l.Min == 0:
		switch {
		case l.PausedIn:
		case !l.cooled(p):
			return CoolDown, p.Replicas
		case l.Idle != nil:
			return Deactivate, *l.Idle
		default:
			return Deactivate, l.Min
		}
	case l.Idle == nil && p.Replicas < l.Min:
		return Raise, l.Min
	}
	return Nothing, p.Replicas
}

// cooled reports whether the cooldown is over. The comparison is strict.
func (l Loop) cooled(p Poll) bool {
	if p.LastActive.IsZero() {
		return p.Created.Add(l.InitialCooldown).Before(p.At)
	}
	return p.LastActive.Add(l.Cooldown).Before(p.At)
}

// FallbackReplicas are those that a fallback has the HPA ask for while its
// source fails, by its behavior; false where that needs a formula.
func FallbackReplicas(behavior string, replicas, current int32) (int32, bool) {
	switch behavior {
	case "currentReplicas":
		return current, true
	case "currentReplicasIfHigher":
		return max(replicas, current), true
	case "currentReplicasIfLower":
		return min(replicas, current), true
	case "scalingModifiers":
		return 0, false
	}
	return replicas, true
}

// ActiveAt is the time of a poll as KEDA keeps it for the last activity: in
// whole seconds, rounded down.
func ActiveAt(poll time.Time) time.Time { return poll.Truncate(time.Second) }

// ZeroAt is when KEDA takes the workload to its floor if no trigger becomes
// active again: at its first poll after the cooldown, which ends
// cooldownPeriod after the last active poll. KEDA keeps the time of that poll
// in whole seconds, rounded down. A ScaledObject that was never active has
// initialCooldownPeriod instead, from its creation; without one the time is
// zero: it is the next poll. It is by the clock of the cluster.
func (l Loop) ZeroAt(lastActive, created time.Time) time.Time {
	switch {
	case l.Polling <= 0:
		return time.Time{}
	case !lastActive.IsZero():
		return lastActive.Add(l.polls(l.Cooldown))
	case l.InitialCooldown > 0 && !created.IsZero():
		return created.Add(l.polls(l.InitialCooldown))
	}
	return time.Time{}
}

// polls is the time until the first poll after a period that began with one.
func (l Loop) polls(period time.Duration) time.Duration {
	n := (period + l.Polling - 1) / l.Polling
	return max(n, 1) * l.Polling
}
