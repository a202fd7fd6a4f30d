package scaling

import (
	"testing"
	"time"
)

// TestDecide goes through KEDA's decision table, row by row.
func TestDecide(t *testing.T) {
	n := func(i int32) *int32 { return &i }
	ago := func(s int) time.Time { return epoch.Add(-time.Duration(s) * time.Second) }
	loop := Loop{Polling: 30 * time.Second, Cooldown: 300 * time.Second, Max: 100}
	with := func(change func(l *Loop)) Loop {
		l := loop
		change(&l)
		return l
	}
	idle := with(func(l *Loop) { l.Min, l.Idle = 3, n(1) })
	for _, c := range []struct {
		row  string
		loop Loop
		poll Poll
		move Move
		to   int32
	}{
		{"paused", with(func(l *Loop) { l.Paused = true }), Poll{Replicas: 2, Active: true}, Paused, 2},
		{"A1", with(func(l *Loop) { l.PausedOut = true }), Poll{Active: true}, Nothing, 0},
		{"A2 to 1", loop, Poll{Active: true, Failed: true}, Activate, 1},
		{"A2 to min", with(func(l *Loop) { l.Min = 3 }), Poll{Active: true}, Activate, 3},
		{"A2 from idle", idle, Poll{Replicas: 1, Active: true}, Activate, 3},
		{"A3", loop, Poll{Replicas: 2, Active: true, Failed: true}, PartlyFailed, 2},
		{"A4", loop, Poll{Replicas: 2, Active: true}, StayActive, 2},
		{"I1", with(func(l *Loop) { l.Fallback = n(2) }), Poll{Replicas: 2, Failed: true, LastActive: ago(1000)}, Nothing, 2},
		{"I1 does not hold for 0", with(func(l *Loop) { l.Fallback = n(0) }), Poll{Replicas: 2, Failed: true, LastActive: ago(1000)}, Deactivate, 0},
		{"I2", loop, Poll{Replicas: 2, Failed: true, LastActive: ago(1000)}, Failed, 2},
		{"I3", with(func(l *Loop) { l.PausedIn = true }), Poll{Replicas: 2, LastActive: ago(1000)}, Nothing, 2},
		{"I4", loop, Poll{Replicas: 2, LastActive: ago(301)}, Deactivate, 0},
		{"I4 never active", loop, Poll{Replicas: 2, Created: ago(1)}, Deactivate, 0},
		{"I4 to idle", idle, Poll{Replicas: 3, LastActive: ago(301)}, Deactivate, 1},
		{"I5 strictly", loop, Poll{Replicas: 2, LastActive: ago(300)}, CoolDown, 2},
		{"I5 initial", with(func(l *Loop) { l.InitialCooldown = time.Minute }), Poll{Replicas: 2, Created: ago(10)}, CoolDown, 2},
		{"I6", with(func(l *Loop) { l.Min = 3 }), Poll{Replicas: 1}, Raise, 3},
		{"I7", loop, Poll{LastActive: ago(1000)}, Nothing, 0},
		{"I7 above min", with(func(l *Loop) { l.Min = 2 }), Poll{Replicas: 5, LastActive: ago(1000)}, Nothing, 5},
	} {
		c.poll.At = epoch
		if move, to := c.loop.Decide(c.poll); move != c.move || to != c.to {
			t.Errorf("%s: got %d to %d, want %d to %d", c.row, move, to, c.move, c.to)
		}
	}
}

func TestFallbackReplicas(t *testing.T) {
	for _, c := range []struct {
		behavior string
		current  int32
		want     int32
		ok       bool
	}{
		{"static", 9, 4, true}, {"", 9, 4, true}, {"currentReplicas", 9, 9, true}, {"currentReplicasIfHigher", 9, 9, true},
		{"currentReplicasIfHigher", 2, 4, true}, {"currentReplicasIfLower", 9, 4, true}, {"scalingModifiers", 9, 0, false},
	} {
		if got, ok := FallbackReplicas(c.behavior, 4, c.current); got != c.want || ok != c.ok {
			t.Errorf("%s from %d: %d, %v", c.behavior, c.current, got, ok)
		}
	}
}
