package triggers

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// schedule is a cron expression of five fields, as the library of KEDA's own
// scaler reads it.
type schedule struct {
	spec cron.SpecSchedule // with time.Local for whatever zone it is asked about
	zone *time.Location    // that of the prefix CRON_TZ=; nil without
}

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// Schedule is what is wrong with a cron expression, in the words of KEDA's library; nil if
// nothing is.
func Schedule(s string) error {
	_, err := parseSchedule(s)
	return err
}

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
