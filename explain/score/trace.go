package score

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope/explain/outlook"
)

// Line is one of a trace.
type Line struct {
	At   time.Time
	Text string
}

// Trace is a story to read: what was said at each second, marked by what came of
// it, and between that what happened and what else was done, if that is known.
func (r *Record) Trace(done []Line) string {
	var all []Line
	for _, b := range r.Beats {
		all = append(all, Line{b.At, "  + " + b.Words})
	}
	for _, d := range done {
		all = append(all, Line{d.At, "  · " + d.Text})
	}
	for _, p := range r.Phases {
		all = append(all, Line{p.At, "  # " + string(p.Phase)})
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		mark := map[Verdict]string{Right: "as said", Near: "only the direction was said", Wrong: "AGAINST what was said", Silent: "nothing was said"}[judgeSentence(c.Stood.Ahead, c)]
		if judgeSentence(c.Stood.Ahead, c) == Wrong && !r.calm(c.At, c.At, conditionOf(c.Stood.Ahead)) {
			mark = "against what was said, but jobs or settings came between"
		}
		text := fmt.Sprintf("  » %s %d to %d: %s (%s: %s)", c.By, c.From, c.To, mark, c.Stood.Rule, c.Stood.Next)
		if c.Author == Wrong || c.Author == Silent {
			text += fmt.Sprintf("; the timeline says it was %q", c.Named)
		}
		all = append(all, Line{c.At, text})
	}
	var last, this string // of seconds that say the same only the first and the last are shown
	for i := range r.Glances {
		g := &r.Glances[i]
		foretold, next := r.foretold(g)
		next = fmt.Sprint(g.Phase, g.Replicas, g.Rule, next, numbersOf(g.Ahead))
		if i > 0 && last == this && this == next {
			all = all[:len(all)-1]
		}
		last, this = this, next
		all = append(all, Line{g.At, fmt.Sprintf("%-13s %3d  %-12s %s | %s %s", g.Phase, g.Replicas, g.Rule, foretold, g.Why, g.Next)})
	}
	slices.SortStableFunc(all, func(a, b Line) int { return a.At.Compare(b.At) })
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Name, r.About)
	fmt.Fprint(&b, "✓ came true  ✗ did not  ~ did not, but jobs or settings came between  ? the story ended before\n")
	for _, l := range all {
		since := l.At.Sub(r.Began)
		fmt.Fprintf(&b, "%3d:%06.3f %s\n", int(since.Minutes()), (since % time.Minute).Seconds(), l.Text)
	}
	return b.String()
}

// foretold is what a glance says is ahead, in numbers, with the marks alone beside
// it.
func (r *Record) foretold(g *Glance) (text, marks string) {
	if len(g.Ahead) == 0 {
		return "-", "-"
	}
	var parts []string
	for _, j := range r.judged(g) {
		mark := map[Verdict]string{Right: "✓", Wrong: "✗", Pending: "?"}[j.Verdict]
		if j.Verdict == Wrong && !j.calm {
			mark = "~"
		}
		marks += mark
		from, to := j.Earliest.Sub(g.At).Seconds(), j.Latest.Sub(g.At).Seconds()
		if j.Stays {
			parts = append(parts, fmt.Sprintf("%s no change in %.0fs", mark, to))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s %s in %.1f..%.1fs", mark, j.By, sizes(j.Forecast), from, to))
	}
	return strings.Join(parts, ", then "), marks
}

func sizes(f outlook.Forecast) string {
	if f.Low == f.High {
		return fmt.Sprint("to ", f.Low)
	}
	return fmt.Sprintf("to %d..%d", f.Low, f.High)
}

// numbersOf are the forecasts without their times.
func numbersOf(ahead []outlook.Forecast) string {
	var b strings.Builder
	for _, f := range ahead {
		fmt.Fprint(&b, " ", f.By, sizes(f), f.Stays)
	}
	return b.String()
}
