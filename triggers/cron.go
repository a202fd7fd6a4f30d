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

// Zone is where its times are.
func (c *Cron) Zone() *time.Location { return c.zone }

// Replicas is how many it wants while it is open.
func (c *Cron) Replicas() float64 { return c.replicas }

// Open is a time for which the window is open, as far as it lies in what was asked for.
type Open struct {
	From, To      time.Time
	Opens, Closes bool // it does so then, and does not only reach beyond
}

// mostOpen is how often it may open in what is asked for, before the rest is left out.
const mostOpen = 100

// Opened is when the window is open between two moments.
func (c *Cron) Opened(from, to time.Time) (out []Open) {
	for t, opens := from, false; t.Before(to) && len(out) < mostOpen; {
		turn, _ := c.Turns(t)
		ends := !turn.IsZero() && turn.Before(to)
		if c.Value(t) > 0 {
			o := Open{From: t, To: to, Opens: opens, Closes: ends}
			if ends {
				o.To = turn
			}
			out = append(out, o)
		}
		if !ends {
			break
		}
		t, opens = turn, true
	}
	return out
}
