package scaling

import "math"

// Jobs are the settings that KEDA makes the Jobs of a ScaledJob by.
type Jobs struct {
	Min, Max  int32
	Strategy  string  // custom, accurate or eager; anything else is the default one
	Deduction int32   // from the queue, with the custom strategy
	Share     float64 // of the running Jobs that are deducted too
	Combine   string  // min, avg or sum of several triggers; anything else is the most
}

// JobReading is what one trigger of a ScaledJob says.
type JobReading struct {
	Queue, Target float64
	Active        bool
}

// JobDecision is what one poll of a ScaledJob comes to.
type JobDecision struct {
	Active         bool
	Limit, ScaleTo int64 // how many Jobs may be made, and how many the queue asks for
}

// Create is how many Jobs the poll makes.
func (d JobDecision) Create() int64 {
	if !d.Active {
		return 0
	}
	return max(0, min(d.ScaleTo, d.Limit))
}

// Decide is one poll: what the triggers say, and how many Jobs run, of which
// so many have no pod that runs. (scale_jobs.go: getScalingDecision)
func (j Jobs) Decide(readings []JobReading, running, pending int64) JobDecision {
	queue, most, active := j.combine(readings)
	d := JobDecision{Active: active, ScaleTo: queue}
	least, room := int64(j.Min), j.room()
	if running < least {
		d.Limit, d.ScaleTo = least-running, least-running
		return d
	}
	run := running - least
	switch j.Strategy {
	case "custom":
		d.Limit = min(most-int64(j.Deduction)-int64(float64(run)*j.Share), room)
	case "accurate":
		if most+run-pending > room {
			d.Limit = room - run
		} else {
			d.Limit = most - pending
		}
	case "eager":
		d.Limit, d.ScaleTo = min(room-run-pending, most), room
	default:
		d.Limit = most - run
	}
	d.Limit = max(d.Limit, 0)
	return d
}

// combine gives the queue's length and how many Jobs it may come to, of all
// active triggers. (scaledjob/metrics.go)
func (j Jobs) combine(readings []JobReading) (length, jobs int64, active bool) {
	limit := float64(j.room())
	active = j.Min > 0
	var queue, most float64
	count := 0
	for _, r := range readings {
		if !r.Active {
			continue
		}
		active = true
		top := 0.0
		if r.Target != 0 {
			top = min(r.Queue/r.Target, limit)
		}
		count++
		switch j.Combine {
		case "min":
			if count == 1 || r.Queue < queue {
				queue, most = r.Queue, top
			}
		case "avg", "sum":
			queue, most = queue+r.Queue, most+top
		default:
			if r.Queue > queue {
				queue, most = r.Queue, top
			}
		}
	}
	if j.Combine == "avg" && count > 0 {
		queue, most = queue/float64(count), most/float64(count)
	}
	return int64(math.Ceil(queue)), int64(math.Ceil(min(most, limit))), active
}

// room is how many Jobs there may be above the least.
func (j Jobs) room() int64 {
	if j.Min > j.Max {
		return int64(j.Max)
	}
	return int64(j.Max - j.Min)
}
