package sandbox

import "github.com/kscope/kscope/explain/score"

// partly is how far a part of the stories may miss a bar on a share.
const partly = 7

// handful is how many stories no share is taken of.
const handful = 60

// bars are what must be held today, and what is aimed at. Whoever reaches more
// raises them: all are what make score shows, less a little.
var bars = []score.Bar{
	score.AtLeast("healthy: KEDA's forecasts true, undisturbed, %", score.TrueOf(healthy, true, "KEDA"), 99, 99),
	score.AtLeast("healthy: the HPA's forecasts true, undisturbed, %", score.TrueOf(healthy, true, "HPA"), 96.1, 95),
	score.AtLeast("healthy: that nothing changes true, undisturbed, %", score.TrueOf(healthy, true, "nobody"), 99.7, 95),
	score.AtLeast("healthy: countdowns to zero true, undisturbed, %", score.Part("zero", healthy, true, score.Right), 99.7, 99),
	score.AtLeast("healthy: all forecasts true, disturbed or not, %", score.TrueOf(healthy, false, "KEDA", "HPA", "nobody"), 80.3, 80),
	score.AtLeast("others: KEDA's forecasts true, undisturbed, %", score.TrueOf(others, true, "KEDA"), 99.7, 99),
	score.AtLeast("others: the HPA's forecasts true, undisturbed, %", score.TrueOf(others, true, "HPA"), 97.4, 95),
	score.AtLeast("others: that nothing changes true, undisturbed, %", score.TrueOf(others, true, "nobody"), 99.8, 95),
	score.AtLeast("used: KEDA's forecasts true, undisturbed, %", score.TrueOf(used, true, "KEDA"), 99, 99),
	score.AtLeast("used: the HPA's forecasts true, undisturbed, %", score.TrueOf(used, true, "HPA"), 77, 95),
	score.AtLeast("used: that nothing changes true, undisturbed, %", score.TrueOf(used, true, "nobody"), 98.8, 95),
	score.NeverAbove("used: changes given to the wrong one, %", score.Part("author", used, false, score.Wrong), 0, 0),
	score.NeverAbove("used: seconds in which something is said to be broken", score.Seconds("broken", used), 0, 0),
	score.NeverAbove("used: phases that are back within 5 s", score.Seconds("flip", used), 22, 0),
	score.AtLeast("broken: all forecasts true, undisturbed, %", score.TrueOf(broken, true, "KEDA", "HPA", "nobody"), 97.2, 95),
	score.AtLeast("healthy: the HPA's next size exact, undisturbed, %", score.Part("size", healthy, true, score.Right), 97.2, 95),
	score.AtMost("healthy: the HPA's next size wrong, undisturbed, %", score.Part("size", healthy, true, score.Wrong), 0.7, 1),
	score.AtMost("healthy: changes against the sentence, undisturbed, %", score.Part("sentence", healthy, true, score.Wrong), 0, 0),
	score.AtMost("healthy: changes against the sentence, disturbed or not, %", score.Part("sentence", healthy, false, score.Wrong), 0.15, 0),
	score.AtMost("healthy: changes that the sentence is silent about, %", score.Part("sentence", healthy, true, score.Silent), 0.15, 0),
	score.AtMost("others: changes against the sentence, undisturbed, %", score.Part("sentence", others, true, score.Wrong), 0, 0),
	score.NeverAbove("healthy: changes given to the wrong one, %", score.Part("author", healthy, false, score.Wrong), 0, 0),
	score.NeverAbove("others: changes given to the wrong one, %", score.Part("author", others, false, score.Wrong), 0, 0),
	score.NeverAbove("broken: changes given to the wrong one, %", score.Part("author", broken, false, score.Wrong), 0, 0),
	score.NeverAbove("healthy: seconds in which something is said to be broken", score.Seconds("broken", healthy), 0, 0),
	score.NeverAbove("others: seconds in which something is said to be broken", score.Seconds("broken", others), 0, 0),
	score.NeverAbove("healthy: phases that are back within 5 s", score.Seconds("flip", healthy), 0, 0),
	score.NeverAbove("others: phases that are back within 5 s", score.Seconds("flip", others), 0, 0),
	score.NeverAbove("broken: phases that are back within 5 s", score.Seconds("flip", broken), 0, 0),
	score.AtLeast("healthy: seconds in which a change is foretold, %", score.Part("said", healthy, false, score.Said), 66, 0),
	score.AtLeast("others: seconds in which a change is foretold, %", score.Part("said", others, false, score.Said), 57, 0),
	score.AtMost("healthy: seconds in which nothing is foretold, %", score.Part("said", healthy, false, score.Silent), 18.5, 0),
}
