package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/sandbox/world"
)

// line is one of a trace.
type line struct {
	at   time.Time
	text string
}

// trace is a story to read: what was said at each second, marked by what came of
// it, and between that what happened.
func (out *record) trace() string {
	var all []line
	for _, b := range out.beats {
		all = append(all, line{at: out.began.Add(b.at), text: "  + " + b.words})
	}
	often := out.count(world.Polled) > 300
	for _, d := range out.deeds {
		text := deedText(d)
		if often && d.What == world.Polled {
			continue
		}
		if text != "" {
			all = append(all, line{at: d.At, text: "  · " + text})
		}
	}
	for _, c := range out.changes {
		mark := map[verdict]string{right: "as said", near: "only the direction was said", wrong: "AGAINST what was said", silent: "nothing was said"}[judgeSentence(c.stood.Ahead, c)]
		text := fmt.Sprintf("  » %s %d to %d: %s (%s: %s)", c.by, c.from, c.to, mark, c.stood.Rule, c.stood.Next)
		if c.author == wrong || c.author == silent {
			text += fmt.Sprintf("; the timeline says it was %q", c.named)
		}
		all = append(all, line{at: c.at, text: text})
	}
	var last, this string // of seconds that say the same only the first and the last are shown
	for i := range out.glances {
		g := &out.glances[i]
		foretold, next := out.foretold(g)
		next = fmt.Sprint(g.Phase, g.replicas, g.Rule, next, numbersOf(g.Ahead))
		if i > 0 && last == this && this == next {
			all = all[:len(all)-1]
		}
		last, this = this, next
		all = append(all, line{g.at, fmt.Sprintf("%-13s %3d  %-12s %s | %s %s", g.Phase, g.replicas, g.Rule, foretold, g.Why, g.Next)})
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.at.Compare(b.at) })
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", out.name(), out.about)
	fmt.Fprint(&b, "✓ came true  ✗ did not  ~ did not, but jobs or settings came between  ? the story ended before\n")
	for _, l := range all {
		since := l.at.Sub(out.began)
		fmt.Fprintf(&b, "%3d:%06.3f %s\n", int(since.Minutes()), (since % time.Minute).Seconds(), l.text)
	}
	return b.String()
}

func (out *record) count(what world.DeedVerb) int {
	n := 0
	for _, d := range out.deeds {
		if d.What == what {
			n++
		}
	}
	return n
}

// foretold is what a glance says is ahead, in numbers, with the marks alone beside
// it.
func (out *record) foretold(g *glance) (text, marks string) {
	if len(g.Ahead) == 0 {
		return "-", "-"
	}
	var parts []string
	for _, j := range out.judged(g) {
		mark := map[verdict]string{right: "✓", wrong: "✗", pending: "?"}[j.verdict]
		if j.verdict == wrong && !j.calm {
			mark = "~"
		}
		marks += mark
		from, to := j.Earliest.Sub(g.at).Seconds(), j.Latest.Sub(g.at).Seconds()
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

// deedText leaves out what the changes show, and an HPA that rests at zero.
func deedText(d world.Deed) string {
	switch {
	case d.What == world.Polled:
		return "KEDA polls"
	case d.What == world.Synced && d.Computed:
		return fmt.Sprintf("the HPA syncs: at %d, its metrics ask for %d, its memory for %d, so %d", d.From, d.Raw, d.Stabilized, d.To)
	case d.What == world.Synced && d.From != d.To:
		return fmt.Sprintf("the HPA syncs: at %d, out of bounds", d.From)
	case d.What == world.Synced && d.From > 0:
		return "the HPA syncs, without its metrics"
	}
	return ""
}
