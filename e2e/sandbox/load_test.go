package sandbox_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// loadLine is the rates on the line of a load, and how much of it is in.
var loadLine = regexp.MustCompile(`([\d.,]+)/s asked ([\d.,]+)/s in  ([\d,]+) of ([\d,]+)`)

// TestLoadOverTime begins a load from the list of profiles, sees it on the line
// at the bottom, in the chart and in the timeline, and stops it; the jobs that
// went in are those that the server has.
func TestLoadOverTime(t *testing.T) {
	t.Parallel()
	s := sandbox(t, "--no-workers")
	s.WaitFor(patience, "sleep", has("asleep"))
	c := outside(t, s)
	s.Press("I")
	s.WaitFor(patience, "profiles", has("Load on orders", "batch", "burst", "steady", "ramp", "wave", "spikes", "each like"))
	s.Press("down", "down", "enter")
	text := s.WaitFor(patience, "a load that runs", func(text string) bool {
		m := loadLine.FindStringSubmatch(text)
		return m != nil && m[1] == "5" && m[2] == "5" && m[4] == "600" && has("steady", "left", "x stop", "began a load", "all yours")(text)
	})
	if !regexp.MustCompile(`(?m)^ *└.*━━.*┘`).MatchString(text) || !has("+steady")(text) {
		t.Errorf("the chart does not show the load:\n%s", text)
	}
	s.Press("x")
	text = s.WaitFor(patience, "the end", has("The load was stopped after ", "load over: "))
	said := regexp.MustCompile(`load over: (\d+)`).FindStringSubmatch(text)[1]
	n := c.LLen(t.Context(), "orders").Val()
	if said != strconv.FormatInt(n, 10) {
		t.Errorf("the timeline says %s jobs, the server has %d:\n%s", said, n, text)
	}
	time.Sleep(time.Second) // for what must not come
	if again := c.LLen(t.Context(), "orders").Val(); again != n {
		t.Errorf("%d jobs came after the load was stopped", again-n)
	}

	s.Press(":")
	s.Type("empty")
	s.WaitFor(patience, "palette", has(":empty", "throws the jobs in orders away"))
	s.Press("enter")
	s.WaitFor(patience, "question", has("Throw all jobs of a queue away?", said+" jobs"))
	s.Press("n")
	s.WaitFor(patience, "no", has("Nothing was thrown away."))
	if again := c.LLen(t.Context(), "orders").Val(); again != n {
		t.Errorf("%d of %d jobs are left though nobody said yes", again, n)
	}
	s.Press(":")
	s.Type("empty")
	s.Press("enter")
	s.WaitFor(patience, "question again", has("Throw all jobs of a queue away?"))
	s.Press("y")
	s.WaitFor(patience, "what was lost", has("Emptied, "+said+" jobs lost: orders", "emptied the queue"))
	if again := c.Exists(t.Context(), "orders").Val(); again != 0 {
		t.Error("the queue is still there")
	}
}

// TestLoadFromTheCommandLine begins one with the dashboard, with jobs of one's
// own at the other side of the list, and quitting stops it.
func TestLoadFromTheCommandLine(t *testing.T) {
	t.Parallel()
	s := sandbox(t, "--no-workers", "--load", "ramp:0-50/s,1m", "--payload", `{"order":{seq},"note":"{rand:6}"}`, "--push-side", "rpush")
	c := outside(t, s)
	s.WaitFor(patience, "a load that runs", has("ramp", "/s asked", "of 1,500"))
	s.WaitFor(patience, "jobs", func(string) bool { return c.LLen(t.Context(), "orders").Val() >= 10 })
	first := c.LIndex(t.Context(), "orders", 0).Val()
	if !regexp.MustCompile(`^\{"order":1,"note":"[0-9a-f]{6}"\}$`).MatchString(first) {
		t.Errorf("the first job is %s", first)
	}
	s.Press("q")
	if code := s.Exit(patience); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if text := s.Text(); strings.Contains(text, "panic") {
		t.Errorf("it ended with\n%s", text)
	}
}
