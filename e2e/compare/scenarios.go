package compare

import "time"

// at makes a level.
func at(seconds, jobs int) Level { return Level{At: time.Duration(seconds) * time.Second, Jobs: jobs} }

// with is the same scenario under a behavior.
func (s Scenario) with(behavior string, replicas ...int32) Scenario {
	s.Name, s.Behavior, s.Replicas = s.Name+"-behavior", behavior, replicas
	return s
}

// Scenarios are what is played, all at once. Every level is held until each
// consequence of it must have come whatever the phases, and is looked at by one
// sync at least (20 s). Windows and periods of policies are no multiples of the
// sync period, save the 300 s that nobody can choose, and no level lies at the
// edge of the HPA's tolerance unless the edge itself is what is compared.
func Scenarios() []Scenario {
	// From nothing to the maximum, at the rates that each algorithm allows.
	burst := Scenario{
		Name: "burst", Max: 20, Load: []Level{at(0, 100), at(90, 0)},
		Replicas: []int32{0, 1, 4, 8, 16, 20, 0},
	}
	// A load that wavers within the tolerance moves nothing, though nothing
	// holds the replicas; one outside of it does.
	steady := Scenario{
		Name: "steady", Max: 20, Load: []Level{at(0, 50), at(70, 54), at(110, 46), at(150, 52), at(190, 58), at(230, 60)},
		Replicas: []int32{0, 1, 4, 8, 10, 12},
	}
	// Down with the load, 300 s later; or as fast as the policies let it.
	ramp := Scenario{
		Name: "ramp-down", Max: 20, Load: []Level{at(0, 40), at(40, 20), at(60, 5), at(365, 0)},
		Replicas: []int32{0, 1, 4, 8, 4, 1, 0},
	}
	rampByPolicy := Scenario{
		Name: "ramp-down-behavior", Max: 20, Load: []Level{at(0, 50), at(60, 25), at(170, 5), at(260, 0)},
		Behavior: `{scaleUp: {policies: [{type: Pods, value: 3, periodSeconds: 10}]}, ` +
			`scaleDown: {stabilizationWindowSeconds: 40, policies: [{type: Pods, value: 2, periodSeconds: 20}]}}`,
		Replicas: []int32{0, 1, 4, 7, 10, 8, 6, 5, 3, 1, 0},
	}
	// Zero, and then one job: without behavior the replicas of the last 300 s
	// come back.
	again := Scenario{
		Name: "reactivation", Max: 20, Load: []Level{at(0, 100), at(80, 0), at(130, 1), at(215, 0)},
		Replicas: []int32{0, 1, 4, 8, 16, 20, 0, 1, 4, 8, 16, 20, 0},
	}
	// Never at zero: KEDA only brings the minimum about, and then listens to
	// what the HPA measures. 33 jobs are within the tolerance of 6 replicas, by
	// no margin at all: only memory can make them 7.
	minimum := Scenario{
		Name: "minimum", Min: 2, Max: 10, Load: []Level{at(0, 33), at(40, 0)},
		Replicas: []int32{2, 4, 7, 2},
	}
	// Idle at zero below a minimum, twice.
	idle := Scenario{
		Name: "idle", Idle: "0", Min: 3, Max: 10, Load: []Level{at(0, 33), at(60, 0), at(110, 33), at(170, 0)},
		Replicas: []int32{0, 3, 6, 7, 0, 3, 6, 7, 0},
	}
	// Too few jobs to begin for, though not for the HPA once it has begun.
	activation := Scenario{
		Name: "activation", Max: 10, Trigger: `activationListLength: "10"`, Load: []Level{at(0, 8), at(40, 30), at(100, 8)},
		Replicas: []int32{0, 1, 4, 6, 0},
	}
	// The lowest of the last 50 s counts. It begins late, when the controller
	// has forgotten what it saw first.
	slowUp := Scenario{
		Name: "slow-up-behavior", Max: 20, Load: []Level{at(70, 25), at(110, 60), at(210, 0)},
		Behavior: `{scaleUp: {stabilizationWindowSeconds: 50}}`,
		Replicas: []int32{0, 1, 5, 10, 12, 0},
	}
	const (
		empty  = `{scaleUp: {}}` // as {} is: the API server fills in the rest of both directions
		atOnce = `{scaleDown: {stabilizationWindowSeconds: 0}}`
		halves = `{scaleDown: {stabilizationWindowSeconds: 40, policies: [{type: Percent, value: 50, periodSeconds: 20}]}}`
	)
	return []Scenario{
		burst, burst.with(empty, 0, 1, 5, 10, 20, 0),
		steady, steady.with(atOnce, 0, 1, 5, 10, 12),
		ramp, rampByPolicy,
		again, again.with(empty, 0, 1, 5, 10, 20, 0, 1, 0),
		minimum, minimum.with(halves, 2, 6, 3, 2),
		idle, idle.with(atOnce, 0, 3, 7, 3, 0, 3, 7, 3, 0),
		activation, activation.with(atOnce, 0, 1, 5, 6, 2, 0),
		slowUp,
	}
}
