package compare

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Row is one step of a scenario, on both sides.
type Row struct {
	Cause Level // the last change of the load before the step, by the schedule
	// From and To are the replicas before and after.
	From, To int32
	Real     Step
	Sandbox  Step // of the first play
	// Earliest and Latest are the times of the step in any play of the sandbox:
	// they differ in phases only.
	Earliest, Latest time.Duration
}

// Difference is by how much the time of the real step differs from that in the
// sandbox, at the most.
func (r Row) Difference() time.Duration {
	return max((r.Real.At - r.Earliest).Abs(), (r.Real.At - r.Latest).Abs())
}

// Compare holds what a scenario did on the real cluster against all plays of it
// in the sandbox, of which there is at least one, and both against what it
// should do. The problems say where they differ; with different sequences
// there are no rows, for no step has its like.
func Compare(s Scenario, actual Trace, plays []Trace) (rows []Row, problems []string) {
	problem := func(format string, args ...any) {
		problems = append(problems, s.Name+": "+fmt.Sprintf(format, args...))
	}
	want := sequence(s.Replicas)
	if got := actual.sequence(); got != want {
		problem("the real cluster went %s, want %s: %s", got, want, actual)
	}
	for i, play := range plays {
		if got := play.sequence(); got != want {
			problem("the sandbox went %s in play %d, want %s: %s", got, i, want, play)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	for i := 1; i < len(actual); i++ {
		r := Row{
			Cause: s.cause(actual[i].At), From: actual[i-1].Replicas, To: actual[i].Replicas,
			Real: actual[i], Sandbox: plays[0][i], Earliest: plays[0][i].At, Latest: plays[0][i].At,
		}
		for _, play := range plays {
			r.Earliest, r.Latest = min(r.Earliest, play[i].At), max(r.Latest, play[i].At)
		}
		if r.Real.By == "" || r.Real.By != r.Sandbox.By {
			problem("%d to %d is told of by %q on the real cluster, by %q in the sandbox", r.From, r.To, r.Real.By, r.Sandbox.By)
		}
		if r.Real.Owner != r.Sandbox.Owner {
			problem("the replicas are owned by %q on the real cluster, by %q in the sandbox, after %d to %d at %s",
				r.Real.Owner, r.Sandbox.Owner, r.From, r.To, tenths(r.Real.At))
		}
		if d := r.Difference(); d > Tolerance {
			problem("%d to %d came %s after the beginning on the real cluster, from %s to %s in the sandbox: a difference of %s, more than %s",
				r.From, r.To, tenths(r.Real.At), tenths(r.Earliest), tenths(r.Latest), tenths(d), Tolerance)
		}
		rows = append(rows, r)
	}
	return rows, problems
}

// cause is the last change of the load at a moment. A step that memory has held
// back has an older cause; for the comparison it is all the same.
func (s Scenario) cause(at time.Duration) Level {
	var last Level
	for _, l := range s.Load {
		if l.At <= at {
			last = l
		}
	}
	return last
}

func sequence(replicas []int32) string {
	return strings.Trim(fmt.Sprint(replicas), "[]")
}

func (t Trace) sequence() string {
	var n []int32
	for _, s := range t {
		n = append(n, s.Replicas)
	}
	return sequence(n)
}

// String lists the steps with their times.
func (t Trace) String() string {
	var b strings.Builder
	for i, s := range t {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d at %s by %q", s.Replicas, tenths(s.At), s.By)
	}
	return b.String()
}

// Print writes the rows of a scenario as a table. Times are counted from the
// change of the load that they stand beside.
func Print(w io.Writer, s Scenario, rows []Row) error {
	fmt.Fprintf(w, "\n%s: min %d, max %d", s.Name, s.Min, s.Max)
	if s.Idle != "" {
		fmt.Fprintf(w, ", idle %s", s.Idle)
	}
	if s.Trigger != "" {
		fmt.Fprintf(w, ", %s", s.Trigger)
	}
	if s.Behavior != "" {
		fmt.Fprintf(w, "\n  behavior %s", s.Behavior)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "jobs\tfrom\treplicas\treal\tby\tsandbox\tby\tin any phase\tdifference\t")
	for _, r := range rows {
		after := func(at time.Duration) string { return tenths(at - r.Cause.At) }
		fmt.Fprintf(t, "%d\t%s\t%d to %d\t%s\t%s\t%s\t%s\t%s to %s\t%s\t\n", r.Cause.Jobs, tenths(r.Cause.At), r.From, r.To,
			after(r.Real.At), r.Real.By, after(r.Sandbox.At), r.Sandbox.By, after(r.Earliest), after(r.Latest), tenths(r.Difference()))
	}
	return t.Flush()
}

// tenths is a duration in seconds.
func tenths(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
