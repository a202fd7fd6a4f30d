package triggers

import (
	"archive/zip"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones are there wherever the tests run
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
		{"0 0 */9223372036854775807 * *", "2026-11-23 05:21:00", "2026-12-01 00:00:00"},
		{"1/9223372036854775807 * * * *", "2026-11-23 05:21:00", "2026-11-23 06:01:00"},
		{"0 8 * * 1,,2", "2026-11-23 08:00:00", "2026-11-24 08:00:00"},
		{"CRON_TZ=Asia/Tokyo 0 8 * * *", "2026-11-23 08:00:00", "2026-11-23 23:00:00"},
		{"TZ=UTC 0 8 * * *", "2026-11-23 08:00:00", "2026-11-24 08:00:00"},
		{"0 0 30 2 *", "2026-11-23 08:00:00", "0001-01-01 00:00:00"},
		{"0 0 31 4,6,9,11 *", "2026-11-23 08:00:00", "0001-01-01 00:00:00"},
		{", * * * *", "2026-11-23 08:00:00", "0001-01-01 00:00:00"},
		{"* , * * *", "2026-11-23 08:00:00", "0001-01-01 00:00:00"},
		{"* * , , ,", "2026-11-23 08:00:00", "0001-01-01 00:00:00"},
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
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "5-1 * * * *", "*/0 * * * *",
		"@daily", "@every 1s", "TZ=UTC", "TZ=", "CRON_TZ=Nowhere/At_All * * * * *", "*/9223372036854775808 * * * *", "* * * * * *"} {
		if _, err := parseSchedule(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// TestCronWindow: inside is where KEDA says so, also where one of the two never
// comes again or both come together.
func TestCronWindow(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const never = "0 0 30 2 *"
	for _, test := range []struct {
		start, end string
		want       float64
	}{
		{"0 8 * * *", "0 20 * * *", 3}, {"0 20 * * *", "0 8 * * *", 0}, {"0 13 * * *", "0 20 * * *", 0},
		{never, "0 20 * * *", 3}, {"0 8 * * *", never, 0}, {never, "0 0 31 2 *", 3}, {"0 8 * * *", "00 8 * * *", 3},
	} {
		c, err := ParseCron(map[string]string{"timezone": "Etc/UTC", "start": test.start, "end": test.end, "desiredReplicas": "3"})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Value(now); got != test.want {
			t.Errorf("%s to %s: got %g, want %g", test.start, test.end, got, test.want)
		}
	}
}

// zones are all that Go knows, one of each set of names that mean the same.
func zones(t *testing.T) []*time.Location {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	seen := map[string]bool{}
	var out []*time.Location
	for _, f := range r.File {
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocationFromTZData(f.Name, data)
		if err == nil && !seen[string(data)] {
			seen[string(data)] = true
			out = append(out, zone)
		}
	}
	if len(out) < 200 {
		t.Fatalf("only %d zones", len(out))
	}
	return out
}

func randomSchedule(r *rand.Rand) string {
	field := func(low, high int) string {
		n := func() int { return low + r.IntN(high-low+1) }
		switch a, b := n(), n(); r.IntN(7) {
		case 0:
			return strconv.Itoa(a)
		case 1:
			return fmt.Sprintf("%d-%d/%d", min(a, b), max(a, b), 1+r.IntN(7))
		case 2:
			return fmt.Sprintf("%d,%d", a, b)
		case 3:
			return fmt.Sprintf("*/%d", 1+r.IntN(high))
		}
		return "*"
	}
	return strings.Join([]string{field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)}, " ")
}

// changes are the moments at which a zone's clock is set in thirty years, among
// them the last of which it left out a day.
func changes(zone *time.Location) (out []time.Time) {
	for t := time.Date(2011, 1, 1, 0, 0, 0, 0, zone); t.Year() < 2041; {
		end, ok := stretchEnd(t)
		if !ok {
			break
		}
		_, before := t.Zone()
		if _, after := end.Zone(); before != after {
			out = append(out, end)
		}
		t = end
	}
	return out
}

// TestCronEverywhere: in every zone, in thirty years, whenever the clock is set,
// any schedule comes to an answer that lies ahead, which is the library's; and
// what is exact is exact.
func TestCronEverywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	asked, astray := 0, 0
	for _, zone := range zones(t) {
		all := changes(zone)
		if all == nil {
			all = []time.Time{time.Date(2026, 11, 23, 0, 0, 0, 0, zone)}
		}
		for _, change := range all {
			expr := randomSchedule(r)
			s, err := parseSchedule(expr)
			if err != nil {
				t.Fatal(expr, err)
			}
			around, near := 3*time.Hour, true
			if r.IntN(2) == 0 {
				around, near = 40*24*time.Hour, false
			}
			now := change.Add(time.Duration(r.Int64N(int64(around))) - around*2/3)
			got, exact := s.next(now), s.exact(now)
			asked++
			if !got.IsZero() && !got.After(now) || !exact.IsZero() && !exact.After(now) {
				t.Fatalf("%s in %s after %s: %s and %s", expr, zone, now, got, exact)
			}
			if !got.Equal(exact) {
				astray++
			}
			if leaps(now) {
				continue // whom the library would never answer
			}
			if want := s.spec.Next(now); want.After(now) && !got.Equal(want) {
				t.Errorf("%s in %s after %s: got %s, the library says %s", expr, zone, now, got, want)
			}
			if near {
				if want, ok := scan(s, now); ok && !exact.Equal(want) {
					t.Errorf("%s in %s after %s: got %s, minute by minute it is %s", expr, zone, now, exact, want)
				}
			}
		}
	}
	if astray*500 > asked {
		t.Errorf("the library leads astray in %d cases of %d, which is not now and then", astray, asked)
	}
	t.Logf("%d schedules; the library errs in %d", asked, astray)
}

// scan is the definition: minute by minute, for six hours.
func scan(s schedule, now time.Time) (time.Time, bool) {
	has := func(field uint64, n int) bool { return field&(1<<n) != 0 }
	t := now.Truncate(time.Minute)
	for range 6 * 60 {
		t = t.Add(time.Minute)
		day, weekday := has(s.spec.Dom, t.Day()), has(s.spec.Dow, int(t.Weekday()))
		either := day || weekday
		if has(s.spec.Dom, 63) || has(s.spec.Dow, 63) {
			either = day && weekday
		}
		if either && has(s.spec.Month, int(t.Month())) && has(s.spec.Hour, t.Hour()) && has(s.spec.Minute, t.Minute()) {
			return t, true
		}
	}
	return time.Time{}, false
}

// TestCronLostDay: Samoa went from Thursday to Saturday, and the library never
// gets there.
func TestCronLostDay(t *testing.T) {
	for _, name := range []string{"Pacific/Apia", "Pacific/Fakaofo"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSchedule("15 4 * * 5")
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2011, 12, 29, 21, 0, 0, 0, zone)
		if got, want := s.next(now), time.Date(2012, 1, 6, 4, 15, 0, 0, zone); !got.Equal(want) {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// FuzzCron: whatever a trigger says is taken or refused, and what is taken comes
// to an answer: none, or all of its replicas.
func FuzzCron(f *testing.F) {
	f.Add("Etc/UTC", "0 8 * * *", "0 20 * * *", "3", int64(1795435200))
	f.Add("America/Havana", "0 8 1 7 *", "0 20 1 7 *", "3", int64(1795435200))
	f.Add("UTC", "0 0 */9223372036854775807 * *", "TZ=UTC", "1", int64(0))
	f.Add("Pacific/Apia", "CRON_TZ=Pacific/Fakaofo 0 0 30 2 ?", "1-5/2,7 * , jan-mar sun", "9223372036854775807", int64(1325000000))
	f.Fuzz(func(t *testing.T, zone, start, end, replicas string, at int64) {
		c, err := ParseCron(map[string]string{"timezone": zone, "start": start, "end": end, "desiredReplicas": replicas})
		if err != nil {
			return
		}
		now := time.Unix(at%(1<<33), 0) // up to the year 2242
		if got := c.Value(now); got != 0 && got != c.replicas {
			t.Errorf("got %g", got)
		}
		for _, s := range []schedule{c.start, c.end} {
			if next := s.next(now.In(c.zone)); !next.IsZero() && !next.After(now) {
				t.Errorf("%+v: after %s comes %s", s, now, next)
			}
		}
	})
}

// The next turn of a schedule is where its value changes, and not before; it is what
// asking minute by minute finds.
func TestCronTurns(t *testing.T) {
	for _, m := range []map[string]string{
		{"start": "0 8 * * *", "end": "0 18 * * *"},
		{"start": "0 22 * * *", "end": "0 6 * * *"},
		{"start": "*/10 * * * *", "end": "5-59/10 * * * *"},
		{"start": "0 8 * * 1", "end": "0 8 * * 5"},
		{"start": "0 8,9,10 * * *", "end": "30 12 * * *"},
		{"start": "0 8 * * *", "end": "0 9,10,11 * * *"},
	} {
		m["timezone"], m["desiredReplicas"] = "Europe/Berlin", "3"
		c, err := ParseCron(m)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 27, 3, 7, 20, 0, time.UTC) // two days before the clock is set
		for range 24 {
			at, value := c.Turns(now)
			want, is := now.Truncate(time.Minute).Add(time.Minute), c.Value(now)
			for c.Value(want) == is {
				want = want.Add(time.Minute)
			}
			if !at.Equal(want) || value != c.Value(want) {
				t.Fatalf("%s to %s at %v: %v, %v; want %v, %v", m["start"], m["end"], now, at, value, want, c.Value(want))
			}
			now = want.Add(17 * time.Second)
		}
	}
	for _, m := range []map[string]string{
		{"start": "0 0 30 2 *", "end": "0 9 * * *"}, {"start": "0 8 * * *", "end": "0 0 30 2 *"},
	} {
		m["timezone"], m["desiredReplicas"] = "UTC", "3"
		c, err := ParseCron(m)
		if err != nil {
			t.Fatal(err)
		}
		if at, _ := c.Turns(time.Date(2026, 3, 27, 3, 7, 20, 0, time.UTC)); !at.IsZero() {
			t.Errorf("%s to %s never turns, and yet at %v", m["start"], m["end"], at)
		}
	}
}

// One that is asked moment after moment says what one says that is asked once, also
// where time goes back, a turn never comes, or both come together.
func TestCronValues(t *testing.T) {
	turned := 0
	for _, m := range []map[string]string{
		{"start": "0 8 * * *", "end": "0 18 * * *"},
		{"start": "*/10 * * * *", "end": "5-59/10 * * * *"},
		{"start": "0 0 30 2 *", "end": "*/7 * * * *"},
		{"start": "*/7 * * * *", "end": "0 0 30 2 *"},
		{"start": "0 */2 * * *", "end": "0 * * * *"},
		{"start": "30 1,2,3 * * *", "end": "15 3 * * *"},
	} {
		m["timezone"], m["desiredReplicas"] = "Europe/Berlin", "3"
		c, err := ParseCron(m)
		if err != nil {
			t.Fatal(err)
		}
		value := c.Values()
		day := time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC) // its clocks are set back in that night
		seen := map[float64]bool{}
		for i := range 6000 {
			at := day.Add(time.Duration(i*37) * time.Second)
			if i%500 == 499 {
				at = at.Add(-5 * time.Hour)
			}
			got, want := value(at), c.Value(at)
			if seen[want] = true; got != want {
				t.Fatalf("%v at %s: %g, asked once %g", m, at, got, want)
			}
		}
		turned += len(seen) - 1
	}
	if turned < 3 {
		t.Errorf("%d of these turn", turned)
	}
}

// TestOpened: a window is open between its turns, and what is cut off is said.
func TestOpened(t *testing.T) {
	c, err := ParseCron(map[string]string{"timezone": "Europe/Berlin", "start": "0 8 * * *", "end": "0 17 * * *", "desiredReplicas": "4"})
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) } // an hour behind
	for _, tt := range []struct {
		from, to time.Time
		want     []Open
	}{
		{at(23, 1, 0), at(23, 7, 0), nil},
		{at(23, 6, 0), at(24, 1, 0), []Open{{at(23, 7, 0), at(23, 16, 0), true, true}}},
		{at(23, 8, 0), at(23, 9, 0), []Open{{at(23, 8, 0), at(23, 9, 0), false, false}}},
		{at(23, 8, 0), at(24, 8, 0), []Open{{at(23, 8, 0), at(23, 16, 0), false, true}, {at(24, 7, 0), at(24, 8, 0), true, false}}},
		{at(23, 7, 0), at(23, 16, 0), []Open{{at(23, 7, 0), at(23, 16, 0), false, false}}},
		{at(23, 8, 0), at(23, 8, 0), nil},
	} {
		got := c.Opened(tt.from, tt.to)
		if len(got) != len(tt.want) {
			t.Errorf("%v to %v: %v", tt.from, tt.to, got)
			continue
		}
		for i, o := range got {
			if w := tt.want[i]; !o.From.Equal(w.From) || !o.To.Equal(w.To) || o.Opens != w.Opens || o.Closes != w.Closes {
				t.Errorf("%v to %v: %v, want %v", tt.from, tt.to, o, w)
			}
		}
	}
	if n := len(c.Opened(at(1, 0, 0), at(1, 0, 0).AddDate(10, 0, 0))); n != mostOpen {
		t.Errorf("in ten years: %d", n)
	}
	if c.Zone().String() != "Europe/Berlin" || c.Replicas() != 4 {
		t.Errorf("%v, %v", c.Zone(), c.Replicas())
	}
}
