package score

import (
	"fmt"
	"strings"
	"time"
)

// Played is a story with what came of it.
type Played struct {
	Name string
	Tally
}

// All is what was counted of stories together.
func All(played []Played) Tally {
	all := Tally{}
	for _, p := range played {
		all.Add(p.Tally)
	}
	return all
}

// Table is what was counted of stories that take so long, by families, in lines to
// read.
func Table(length time.Duration, families []Family, played []Played) string {
	all := All(played)
	var b strings.Builder
	fmt.Fprintf(&b, "%d stories of %v. Undisturbed is what nothing came into that it does not allow for: jobs, or another rate, or other settings.\n", len(played), length)
	for _, f := range families {
		of := func(measure string) Tally {
			return all.only(func(k key) bool { return k.family == f && k.measure == measure })
		}
		seconds := of("said")
		if len(seconds) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s: of %s seconds a change is foretold in %s, that there is none in %s\n", strings.ToUpper(string(f)), thousands(seconds.count(whatever)),
			share(seconds.count(with(Said)), seconds.count(whatever)), share(seconds.count(with(SaidNone)), seconds.count(whatever)))
		fmt.Fprintf(&b, "  %-34s %19s %19s   most wrong\n", "forecasts, at every second", "true", "undisturbed")
		forecasts(&b, of("forecast"), played)
		zero := of("zero").only(func(k key) bool { return k.verdict != Pending })
		shares(&b, "the countdown to zero", zero, played)
		four(&b, "the HPA's size, a second before", "exact", "near", "wrong", of("size"))
		four(&b, "the sentence at each change", "number", "direction", "opposite", of("sentence"))
		authors := of("author")
		n := authors.count(whatever)
		accused := authors.only(with(Wrong))
		fmt.Fprintf(&b, "  %-34s right %s, of these guessed %s; wrong %s, not there %s   %s\n", fmt.Sprintf("who changed the replicas, of %d", n),
			share(authors.count(with(Right, Guessed)), n), share(authors.count(with(Guessed)), n),
			share(accused.count(whatever), n), share(authors.count(with(Silent)), n), accused.list()+worst(played, accused))
		broken := of("broken")
		fmt.Fprintf(&b, "  %-34s %s   %s\n", "broken, seconds", thousands(broken.count(whatever)), broken.list()+worst(played, broken))
		flips := of("flip")
		fmt.Fprintf(&b, "  %-34s %.2f an hour   %s\n", "a phase that is back within 5 s", 3600*float64(flips.count(whatever))/float64(seconds.count(whatever)), flips.list()+worst(played, flips))
	}
	return b.String()
}

// forecasts are a line for each of those who act, and below it one for each rule.
func forecasts(b *strings.Builder, t Tally, played []Played) {
	for _, who := range []string{"KEDA", "HPA", "nobody"} {
		mine := t.only(func(k key) bool { return k.who == who && k.verdict != Pending })
		shares(b, map[string]string{"KEDA": "KEDA's", "HPA": "the HPA's", "nobody": "nothing changes"}[who], mine, played)
		rules := map[string]bool{}
		for k := range mine {
			rules[k.rule] = true
		}
		for _, rule := range sortedNames(rules) {
			shares(b, "  "+rule, mine.only(func(k key) bool { return k.rule == rule }), played)
		}
	}
}

// shares are how much of something came true, disturbed or not.
func shares(b *strings.Builder, name string, t Tally, played []Played) {
	calm := t.only(func(k key) bool { return k.calm })
	if n := t.count(whatever); n > 0 {
		fmt.Fprintf(b, "  %-34s %9s %9s %9s %9s   %s\n", name, thousands(n), share(t.count(with(Right)), n),
			thousands(calm.count(whatever)), share(calm.count(with(Right)), calm.count(whatever)), worst(played, calm.only(with(Wrong))))
	}
}

// worst is the story with most of something, to be played alone.
func worst(played []Played, t Tally) string {
	name, most := "", 0
	for _, p := range played {
		n := p.count(func(k key) bool { return t[k] > 0 })
		if n > most || n == most && n > 0 && p.Name < name {
			name, most = p.Name, n
		}
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf(" %s (%d)", name, most)
}

// four are the verdicts on something, a line for each of those who act.
func four(b *strings.Builder, name, exact, close, bad string, t Tally) {
	names := map[string]bool{}
	for k := range t {
		names[k.who] = true
	}
	fmt.Fprintf(b, "  %-34s %9s %9s %9s %9s %9s   undisturbed\n", name, "", exact, close, bad, "silent")
	for _, who := range sortedNames(names) {
		fmt.Fprintf(b, "  %-34s", "  "+who)
		for _, calm := range []bool{false, true} {
			mine := t.only(func(k key) bool { return k.who == who && (k.calm || !calm) })
			n := mine.count(whatever)
			fmt.Fprintf(b, " %9s %9s %9s %9s %9s  ", thousands(n), share(mine.count(with(Right)), n), share(mine.count(with(Near)), n),
				share(mine.count(with(Wrong)), n), share(mine.count(with(Silent)), n))
		}
		fmt.Fprintln(b)
	}
}

func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(of))
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
