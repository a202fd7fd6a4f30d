package triggers

import (
	"fmt"
	"math/bits"
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

// schedule is a cron expression of five fields; bit n of a field is set when n
// matches.
type schedule struct {
	minute, hour, day, month, weekday uint64
	anyDay, anyWeekday                bool // with both restricted, either suffices
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
	replicas, err := strconv.ParseInt(strings.TrimSpace(m["desiredReplicas"]), 10, 32)
	if err != nil || replicas <= 0 {
		return nil, fmt.Errorf("no desiredReplicas specified")
	}
	return &Cron{start, end, zone, float64(replicas)}, nil
}

// Value is the number of replicas wanted: all inside the window, which is when
// the next end comes before the next start, else none.
func (c *Cron) Value(now time.Time) float64 {
	local := now.In(c.zone)
	if c.end.next(local).Before(c.start.next(local)) {
		return c.replicas
	}
	return 0
}

func parseSchedule(s string) (schedule, error) {
	fields := strings.Fields(s)
	if len(fields) != 5 {
		return schedule{}, fmt.Errorf("expected exactly 5 fields, found %d: %q", len(fields), fields)
	}
	months := []string{"", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	var out schedule
	var errs [5]error
	out.minute, errs[0] = parseField(fields[0], 0, 59, nil)
	out.hour, errs[1] = parseField(fields[1], 0, 23, nil)
	out.day, errs[2] = parseField(fields[2], 1, 31, nil)
	out.month, errs[3] = parseField(fields[3], 1, 12, months)
	out.weekday, errs[4] = parseField(fields[4], 0, 6, days)
	for _, err := range errs {
		if err != nil {
			return schedule{}, err
		}
	}
	open := func(field string) bool { return field[0] == '*' || field[0] == '?' }
	out.anyDay, out.anyWeekday = open(fields[2]), open(fields[4])
	return out, nil
}

// parseField reads a list of ranges with steps; names count from 0.
func parseField(field string, low, high int, names []string) (uint64, error) {
	number := func(s string) (int, error) {
		for i, name := range names {
			if name != "" && strings.EqualFold(name, s) {
				return i, nil
			}
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0, fmt.Errorf("failed to parse int from %s", s)
		}
		return n, nil
	}
	var set uint64
	for _, part := range strings.Split(field, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		from, to, by := low, high, 1
		var err error
		if span != "*" && span != "?" {
			first, last, ranged := strings.Cut(span, "-")
			if from, err = number(first); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if to, err = number(last); err != nil {
					return 0, err
				}
			case !stepped:
				to = from
			}
		}
		if stepped {
			if by, err = number(stepText); err != nil {
				return 0, err
			}
		}
		if from < low || to > high || from > to || by < 1 {
			return 0, fmt.Errorf("value out of range: %s", part)
		}
		for n := from; n <= to; n += by {
			set |= 1 << n
		}
	}
	return set, nil
}

// next is the first moment after now that matches; one that never comes, such
// as the 30th of February, is five years away.
func (s schedule) next(now time.Time) time.Time {
	t := now.Truncate(time.Minute).Add(time.Minute)
	end := now.AddDate(5, 0, 0)
	for t.Before(end) {
		y, m, d := t.Date()
		if s.month&(1<<int(m)) == 0 || !s.matchesDay(t) {
			t = time.Date(y, m, d+1, 0, 0, 0, 0, t.Location())
			continue
		}
		if s.hour&(1<<t.Hour()) == 0 {
			t = t.Truncate(time.Minute).Add(time.Duration(60-t.Minute()) * time.Minute)
			continue
		}
		if rest := s.minute >> t.Minute(); rest != 0 {
			return t.Add(time.Duration(bits.TrailingZeros64(rest)) * time.Minute)
		}
		t = t.Add(time.Duration(60-t.Minute()) * time.Minute)
	}
	return end
}

func (s schedule) matchesDay(t time.Time) bool {
	day, weekday := s.day&(1<<t.Day()) != 0, s.weekday&(1<<int(t.Weekday())) != 0
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}
