package sandbox

// bar is what a figure must hold.
type bar struct {
	what string
	now  func(tally) (float64, bool) // false where there is nothing to count
	most bool                        // the figure must not be above the bar; else not below
	bar  float64                     // what was reached, so that it is not lost
	aim  float64                     // what is wanted in the end
	each bool                        // a number and no share: any part of the stories is held to it
}

// partly is how far a part of the stories may miss a bar on a share.
const partly = 7

// handful is how many stories no share is taken of.
const handful = 60

// bars are what must be held today, and what is aimed at. Whoever reaches more
// raises them: all are what make score shows, less a little.
var bars = []bar{
	{"healthy: KEDA's forecasts true, undisturbed, %", trueOf(healthy, true, "KEDA"), false, 98.8, 99, false},
	{"healthy: the HPA's forecasts true, undisturbed, %", trueOf(healthy, true, "HPA"), false, 95.6, 95, false},
	{"healthy: that nothing changes true, undisturbed, %", trueOf(healthy, true, "nobody"), false, 99.6, 95, false},
	{"healthy: countdowns to zero true, undisturbed, %", part("zero", healthy, true, right), false, 99.7, 99, false},
	{"healthy: all forecasts true, disturbed or not, %", trueOf(healthy, false, "KEDA", "HPA", "nobody"), false, 80.3, 80, false},
	{"others: KEDA's forecasts true, undisturbed, %", trueOf(others, true, "KEDA"), false, 98.9, 99, false},
	{"others: the HPA's forecasts true, undisturbed, %", trueOf(others, true, "HPA"), false, 93.9, 95, false},
	{"others: that nothing changes true, undisturbed, %", trueOf(others, true, "nobody"), false, 98.3, 95, false},
	{"broken: all forecasts true, undisturbed, %", trueOf(broken, true, "KEDA", "HPA", "nobody"), false, 97, 95, false},
	{"healthy: the HPA's next size exact, undisturbed, %", part("size", healthy, true, right), false, 93.2, 95, false},
	{"healthy: the HPA's next size wrong, undisturbed, %", part("size", healthy, true, wrong), true, 0.7, 1, false},
	{"healthy: changes against the sentence, undisturbed, %", part("sentence", healthy, true, wrong), true, 0.45, 0, false},
	{"healthy: changes against the sentence, disturbed or not, %", part("sentence", healthy, false, wrong), true, 0.45, 0, false},
	{"healthy: changes that the sentence is silent about, %", part("sentence", healthy, true, silent), true, 1.2, 0, false},
	{"others: changes against the sentence, undisturbed, %", part("sentence", others, true, wrong), true, 3.8, 0, false},
	{"healthy: changes given to the wrong one, %", part("author", healthy, false, wrong), true, 0.6, 0, false},
	{"broken: changes given to the wrong one, %", part("author", broken, false, wrong), true, 1.2, 0, false},
	{"healthy: seconds in which something is said to be broken", seconds("broken", healthy), true, 1, 0, true},
	{"others: seconds in which something is said to be broken", seconds("broken", others), true, 0, 0, true},
	{"healthy: phases that are back within 5 s, an hour", hourly("flip", healthy), true, 1.3, 0, false},
	{"healthy: seconds in which a change is foretold, %", part("said", healthy, false, said), false, 66, 0, false},
	{"healthy: seconds in which nothing is foretold, %", part("said", healthy, false, silent), true, 18.5, 0, false},
}

// trueOf is the share of forecasts about some that came true.
func trueOf(f family, calm bool, who ...string) func(tally) (float64, bool) {
	about := map[string]bool{}
	for _, w := range who {
		about[w] = true
	}
	return func(t tally) (float64, bool) {
		mine := t.only(func(k key) bool {
			return k.measure == "forecast" && k.family == f && about[k.who] && (k.calm || !calm) && k.verdict != pending
		})
		n := mine.count(whatever)
		return 100 * float64(mine.count(with(right))) / float64(max(n, 1)), n > 0
	}
}

// part is the share of a verdict among all on something.
func part(measure string, f family, calm bool, v verdict) func(tally) (float64, bool) {
	return func(t tally) (float64, bool) {
		mine := t.only(func(k key) bool {
			return k.measure == measure && k.family == f && (k.calm || !calm) && k.verdict != pending
		})
		n := mine.count(whatever)
		return 100 * float64(mine.count(with(v))) / float64(max(n, 1)), n > 0
	}
}

// seconds is how many there were of something.
func seconds(measure string, f family) func(tally) (float64, bool) {
	return func(t tally) (float64, bool) {
		return float64(t.count(func(k key) bool { return k.measure == measure && k.family == f })),
			t.count(func(k key) bool { return k.family == f }) > 0
	}
}

// hourly is how often something came in an hour.
func hourly(measure string, f family) func(tally) (float64, bool) {
	return func(t tally) (float64, bool) {
		n, ok := seconds(measure, f)(t)
		all, _ := seconds("said", f)(t)
		return n * 3600 / max(all, 1), ok
	}
}
