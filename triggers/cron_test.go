package triggers

import (
	"testing"
	"time"
)

func TestCron(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ expr, now, next string }{
		{"* * * * *", "2026-11-23 16:00:30", "2026-11-23 16:01:00"},
		{"0 8 * * *", "2026-11-23 08:00:00", "2026-11-24 08:00:00"},
		{"30 8-10/2 * * 1-5", "2026-11-27 10:30:00", "2026-11-30 08:30:00"},
		{"0 0 1 jan ?", "2026-11-23 16:00:30", "2027-01-01 00:00:00"},
		{"15,45 23 31 * *", "2026-11-23 00:00:00", "2026-12-31 23:15:00"},
		{"0 0 13 * fri", "2026-11-23 00:00:00", "2026-11-27 00:00:00"},
		{"0 0 29 2 *", "2026-11-23 00:00:00", "2028-02-29 00:00:00"},
		{"*/20 5 * * *", "2026-11-23 05:21:00", "2026-11-23 05:40:00"},
	} {
		s, err := parseSchedule(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if got := s.next(at(c.now)); !got.Equal(at(c.next)) {
			t.Errorf("%s after %s: got %v, want %s", c.expr, c.now, got, c.next)
		}
	}
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "5-1 * * * *", "*/0 * * * *"} {
		if _, err := parseSchedule(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
