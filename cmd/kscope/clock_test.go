package main

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
)

// TestSteadyClock: whoever sets the time of day, or puts the machine to sleep, no time is
// said twice, none goes back, and where nobody looked is told once, before what follows.
func TestSteadyClock(t *testing.T) {
	wall, elapsed := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), time.Duration(0)
	c := &steadyClock{read: func() (time.Time, time.Duration) { return wall, elapsed }}
	in := make(chan kscope.Observation)
	out := c.mark(in)
	look := func(name string, real, set time.Duration, want string, gap string) {
		t.Helper()
		elapsed, wall = elapsed+real, wall.Add(real+set)
		at := c.now()
		if got := at.Format("15:04:05"); got != want {
			t.Errorf("%s: it is %s, want %s", name, got, want)
		}
		in <- kscope.Observation{At: at, Fact: kscope.Heartbeat{}}
		o, told := <-out, ""
		if f, ok := o.Fact.(kscope.Unwatched); ok {
			told = f.Since.Format("15:04:05")
			o = <-out
		}
		if _, ok := o.Fact.(kscope.Heartbeat); !ok || told != gap {
			t.Errorf("%s: unwatched since %q, want %q, and then %T", name, told, gap, o.Fact)
		}
	}
	look("the beginning", 0, 0, "12:00:00", "")
	look("a second", time.Second, 0, "12:00:01", "")
	look("a clock that is put right a little", time.Second, -200*time.Millisecond, "12:00:01", "")
	look("an hour back", time.Second, -time.Hour, "12:00:02", "")
	look("and on", time.Second, 0, "12:00:03", "")
	look("where it was", time.Second, time.Hour, "12:00:04", "")
	look("an hour ahead", time.Second, time.Hour, "13:00:05", "12:00:04")
	look("the machine slept", time.Second, 8*time.Hour, "21:00:06", "13:00:05")
	look("the process was stopped", time.Minute, 0, "21:01:06", "21:00:06")
	look("and on", time.Second, 0, "21:01:07", "")
	close(in)
	if _, more := <-out; more {
		t.Error("it does not end")
	}
}
