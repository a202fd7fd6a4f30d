package triggers

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cron is the window of a cron trigger: between a start and an end that both
// come again and again.
type Cron struct {
	start, end schedule
	zone       *time.Location
	replicas   float64
}

// ParseCron reads a cron trigger's metadata, with KEDA's checks. The time
// package may look up its time zone on disk.
func ParseCron(m map[string]string) (*Cron, error) {
	for _, key := range []string{"timezone", "start", "end", "desiredReplicas"} {
		if strings.TrimSpace(m[key]) == "" {
			return nil, fmt.Errorf("missing required parameter %q in [triggerMetadata]", key)
		}
	}
	zone, err := time.LoadLocation(m["timezone"])
	if err != nil {
		return nil, fmt.Errorf("unable to load timezone: %w", err)
	}
	start, err := parseSchedule(m["start"])
	if err != nil {
		return nil, fmt.Errorf("error parsing start schedule: %w", err)
	}
	end, err := parseSchedule(m["end"])
	if err != nil {
		return nil, fmt.Errorf("error parsing end schedule: %w", err)
	}
	if m["start"] == m["end"] {
		return nil, fmt.Errorf("start and end can not have exactly same time input")
	}
	replicas, err := strconv.ParseInt(strings.TrimSpace(m["desiredReplicas"]), 10, 64)
	if err != nil || replicas <= 0 {
		return nil, fmt.Errorf("no desiredReplicas specified")
	}
	return &Cron{start, end, zone, float64(replicas)}, nil
}

// Value is the number of replicas wanted: all inside the window, which is when
// the next end does not come after the next start, else none. As in KEDA a
// start that never comes again (the 30th of February) leaves the window open for
// good, and an end that never comes again closes it.
func (c *Cron) Value(now time.Time) float64 { return c.Values()(now) }

// Values is Value for moments one after the other, as a play asks for them: the
// schedules are read again once a turn of theirs has come, or time went back.
func (c *Cron) Values() func(now time.Time) float64 {
	var asked, start, end time.Time
	return func(now time.Time) float64 {
		local := now.In(c.zone)
		if due := earlier(start, end); asked.IsZero() || local.Before(asked) || !due.IsZero() && !local.Before(due) {
			start, end = c.start.next(local), c.end.next(local)
		}
		asked = local
		var inside bool
		if start.Before(end) {
			inside = local.After(start) && local.Before(end)
		} else {
			inside = local.After(start) || local.Before(end)
		}
		if !inside {
			return 0
		}
		return c.replicas
	}
}

// earlier is the first of two turns, of which either may never come.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Turns is when the value changes next, and what it is then; the zero time if it
// never does, or not within some turns of the schedule.
func (c *Cron) Turns(now time.Time) (at time.Time, value float64) {
	was, turn := c.Value(now), c.start
	if was > 0 { // an open window closes at an end, and a closed one opens at a start
		turn = c.end
	}
	t := now.In(c.zone)
	for range 12 { // of several starts in a row the last opens it
		if t = turn.next(t); t.IsZero() {
			break
		}
		if v := c.Value(t); v != was {
			return t.In(now.Location()), v
		}
	}
	return time.Time{}, 0
}
