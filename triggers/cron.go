package triggers

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
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
		if asked.IsZero() || local.Before(asked) || !local.Before(earlier(start, end)) {
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

// schedule is a cron expression of five fields, as the library of KEDA's own
// scaler reads it.
type schedule struct {
	spec cron.SpecSchedule // with time.Local for whatever zone it is asked about
	zone *time.Location    // that of the prefix CRON_TZ=; nil without
}

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func parseSchedule(s string) (out schedule, err error) {
	defer func() { // the library indexes past the end of "TZ=x"
		if p := recover(); p != nil {
			err = fmt.Errorf("expected a zone and 5 fields: %q", s)
		}
	}()
	parsed, err := parser.Parse(s)
	if err != nil {
		return schedule{}, err
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return schedule{}, fmt.Errorf("unrecognized schedule: %q", s)
	}
	out.spec = *spec
	if out.spec.Location != time.Local {
		out.zone, out.spec.Location = out.spec.Location, time.Local
	}
	return out, nil
}

// years is how far ahead the library looks for a schedule that comes again.
const years = 5

// next is the first moment after now that matches, as KEDA finds it; zero if
// there is none in this year or the five that follow. It ends, and what it gives
// is later than now.
//
// That is the library's answer, also where it loses its way for a day because
// midnight does not exist, for so does KEDA. But a clock that leaves out a whole
// day stops it for good, and one that is set back at midnight can send it back.
func (s schedule) next(now time.Time) time.Time {
	if s.isEmpty() {
		return time.Time{}
	}
	local := now
	if s.zone != nil {
		local = now.In(s.zone)
	}
	if !leaps(local) {
		if at := s.spec.Next(local); at.IsZero() || at.After(now) {
			return at.In(now.Location())
		}
	}
	return s.exact(local).In(now.Location())
}

// exact is next by definition: the first minute that the clock shows and that
// matches. It asks the library only about stretches of time in which the clock is
// never set, where its arithmetic is exact, and goes from one to the next.
func (s schedule) exact(now time.Time) time.Time {
	stretch, after := now, now
	for last := now.Year() + years; stretch.Year() <= last; {
		name, offset := stretch.Zone()
		end, ok := stretchEnd(stretch)
		at := s.spec.Next(after.In(time.FixedZone(name, offset)))
		if !at.IsZero() && at.Year() <= last && (!ok || at.Before(end)) {
			return at.In(now.Location())
		}
		if !ok {
			break
		}
		stretch, after = end, end.Add(-1) // what comes at its very beginning counts
	}
	return time.Time{}
}

// leaps reports whether the clock is set by more than a few hours while the
// library may look at it, from the beginning of this month on: less it gets past.
func leaps(now time.Time) bool {
	const most = 6 * 60 * 60
	for t, last := now.AddDate(0, -1, -1), now.Year()+years; t.Year() <= last; {
		end, ok := stretchEnd(t)
		if !ok {
			break
		}
		_, before := t.Zone()
		_, after := end.Zone()
		if after-before > most || before-after > most {
			return true
		}
		t = end
	}
	return false
}

// stretchEnd is a moment after t up to which the clock of t is not set; false
// where it never will be.
func stretchEnd(t time.Time) (time.Time, bool) {
	_, end := t.ZoneBounds()
	switch {
	case end.IsZero():
		return time.Time{}, false
	case !end.After(t): // the time package has leap years end a day early
		end = t.Add(time.Hour)
	}
	return end.In(t.Location()), true
}

// isEmpty reports whether a field has no value, as "," has not: the library takes
// that and searches for five years, minute by minute.
func (s schedule) isEmpty() bool {
	const star = 1 << 63
	return s.spec.Minute&^star == 0 || s.spec.Hour&^star == 0 || s.spec.Month&^star == 0
}
