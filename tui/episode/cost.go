package episode

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/words"
)

// costLine is a line of what an episode cost.
type costLine struct{ label, text string }

// costLines are the lines, at a width: of the pods, and of the jobs.
func costLines(e *ledger.Episode, w int) (out []costLine) {
	c := &e.Cost
	var pods, jobs []string
	if c.PodSeconds.Known {
		text := amount(c.PodSeconds) + " pod-seconds"
		if c.ReadySeconds.Known {
			text += " (" + amount(c.ReadySeconds) + " ready)"
		}
		pods = append(pods, text)
	} else if c.ReadySeconds.Known {
		pods = append(pods, amount(c.ReadySeconds)+" pod-seconds ready")
	}
	if c.AtMax.Known && c.AtMax.Took > 0 {
		pods = append(pods, "at max "+span(c.AtMax.Took))
	}
	if c.OverTarget.Known {
		pods = append(pods, "over target "+span(c.OverTarget.Took))
	}
	if c.Turns > 0 {
		pods = append(pods, words.Plural(int64(c.Turns), "change")+" of direction")
	}
	if c.Jobs.Known && c.Jobs.N > 0 {
		jobs = append(jobs, amount(c.Jobs)+" done")
	}
	if c.Lost > 0 {
		jobs = append(jobs, words.Count(c.Lost)+" lost")
	}
	if t := &c.Waits; t.Mean.Known {
		p95 := "95 % " + within(t.P95)
		if t.Estimate {
			p95 = "95 % ~" + span(t.P95.High)
		}
		jobs = append(jobs, "wait: mean "+within(t.Mean), p95, "longest "+within(t.Peak))
	}
	add := func(label string, parts []string) {
		for i, line := range strings.Split(ansi.Wrap(strings.Join(parts, ", "), max(w-6, 10), " "), "\n") {
			if i > 0 {
				label = ""
			}
			out = append(out, costLine{label, line})
		}
	}
	add("Cost", pods)
	if len(jobs) > 0 {
		add("Jobs", jobs)
	}
	return out
}

// within is a range: 3.1s where both ends are near, or 3.1–4.5s, or at most 4.5s.
func within(r ledger.Range) string {
	switch {
	case !r.Known:
		return "?"
	case r.Low <= 0:
		return "≤" + span(r.High)
	case span(r.Low) == span(r.High):
		return span(r.High)
	}
	if r.High < time.Minute {
		return strings.TrimSuffix(span(r.Low), "s") + "–" + span(r.High)
	}
	return span(r.Low) + "–" + span(r.High)
}
