package score

import (
	"fmt"
	"slices"
	"strings"
)

// Bar is what a figure must hold.
type Bar struct {
	What string
	Now  Figure
	Most bool    // the figure must not be above the bar; else not below
	Bar  float64 // what was reached, so that it is not lost
	Aim  float64 // what is wanted in the end
	Each bool    // a number and no share: any part of the stories is held to it
}

// AtLeast is a share that must not be below the bar.
func AtLeast(what string, now Figure, bar, aim float64) Bar {
	return Bar{What: what, Now: now, Bar: bar, Aim: aim}
}

// AtMost is a share that must not be above the bar.
func AtMost(what string, now Figure, bar, aim float64) Bar {
	return Bar{What: what, Now: now, Most: true, Bar: bar, Aim: aim}
}

// NeverAbove is a number that must not be above the bar in any part of the stories.
func NeverAbove(what string, now Figure, bar, aim float64) Bar {
	return Bar{What: what, Now: now, Most: true, Bar: bar, Aim: aim, Each: true}
}

// Figure is a number that a tally comes to; false where there is nothing to count.
type Figure func(Tally) (float64, bool)

// Held says how each bar is held, and whether all are. Shares may miss theirs by a
// little, in percent; with too few stories for any share to mean something only
// numbers count.
func Held(bars []Bar, all Tally, few bool, miss float64) (report string, ok bool) {
	var b strings.Builder
	ok = true
	fmt.Fprintf(&b, "%-62s %9s %9s %7s\n", "bars", "now", "bar", "aim")
	for _, bar := range bars {
		now, known := bar.Now(all)
		if !known || few && !bar.Each {
			continue
		}
		limit, verdict := bar.Bar, ""
		if !bar.Each {
			limit += map[bool]float64{true: miss, false: -miss}[bar.Most]
		}
		if bar.Most && now > limit || !bar.Most && now < limit {
			verdict, ok = "  FAILS", false
		}
		sign := map[bool]string{true: "<=", false: ">="}[bar.Most]
		fmt.Fprintf(&b, "%-62s %9.2f %s%7.2f %7g%s\n", bar.What, now, sign, limit, bar.Aim, verdict)
	}
	return b.String(), ok
}

// TrueOf is the share of forecasts about some that came true.
func TrueOf(f Family, calm bool, who ...string) Figure {
	return func(t Tally) (float64, bool) {
		return percent(t.only(func(k key) bool {
			return k.measure == "forecast" && k.family == f && slices.Contains(who, k.who) && (k.calm || !calm) && k.verdict != Pending
		}), Right)
	}
}

// Part is the share of a verdict among all on something.
func Part(measure string, f Family, calm bool, v Verdict) Figure {
	return func(t Tally) (float64, bool) {
		return percent(t.only(func(k key) bool {
			return k.measure == measure && k.family == f && (k.calm || !calm) && k.verdict != Pending
		}), v)
	}
}

func percent(t Tally, v Verdict) (float64, bool) {
	n := t.count(whatever)
	return 100 * float64(t.count(with(v))) / float64(max(n, 1)), n > 0
}

// Seconds is how many there were of something.
func Seconds(measure string, f Family) Figure {
	return func(t Tally) (float64, bool) {
		return float64(t.count(func(k key) bool { return k.measure == measure && k.family == f })),
			t.count(func(k key) bool { return k.family == f }) > 0
	}
}

// Hourly is how often something came in an hour.
func Hourly(measure string, f Family) Figure {
	return func(t Tally) (float64, bool) {
		n, ok := Seconds(measure, f)(t)
		all, _ := Seconds("said", f)(t)
		return n * 3600 / max(all, 1), ok
	}
}
