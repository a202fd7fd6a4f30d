package explain

import (
	"slices"
	"time"

	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/store"
)

// Finding is something that is wrong with what scales a workload.
type Finding struct {
	Rule string // stable, for tests and machines: "podsNotCreated"
	Says string // one sentence, the cause first
	Next string // what happens as long as nothing is done
	// Of is the rule of the finding that this one is a consequence of; "" for one
	// that has a cause of its own.
	Of       string
	Evidence []Evidence
	Move     Move
	Link     Role      // of the chain
	Word     string    // what its link is called broken by, where that has no word of its own; "" for none
	Stale    bool      // what KEDA says must not be believed
	Zero     time.Time // when KEDA takes the workload to its floor all the same; zero if it does not
	Ahead    []outlook.Forecast
}

// diagnosis is a rule that finds one kind of trouble. It is named as its function
// is.
type diagnosis struct {
	name string
	find func(c *store.Chain, f *facts) (Finding, bool)
	of   []string // what it is a consequence of, if that is found too; the first counts
}

// diagnoses is every kind of trouble there is a rule for, from the root outwards:
// object, KEDA, source, workload, HPA, pods, and last what only looks well. The
// first that is found and is no consequence of another is what Why says.
var diagnoses = []diagnosis{
	{"targetMissing", targetMissing, nil},
	{"badPause", badPause, nil},
	{"twoMasters", twoMasters, nil},
	{"twoHPAs", twoHPAs, nil},
	{"meddler", meddler, []string{"twoMasters"}},
	{"authMissing", authMissing, nil},
	{"wrongType", wrongType, nil},
	{"refused", refused, []string{"targetMissing", "badPause", "authMissing", "wrongType"}},
	{"ignored", ignored, nil},
	{"podsNotCreated", podsNotCreated, nil},
	{"apiDown", apiDown, nil},
	{"apiForeign", apiForeign, nil},
	{"operatorGone", operatorGone, nil},
	{"apiRefused", apiRefused, nil},
	{"sourceLost", sourceLost, []string{"twoHPAs", "authMissing", "wrongType", "refused"}},
	{"valueWithoutPods", valueWithoutPods, []string{"podsNotCreated", "podsCannotStart", "podsCrash", "neverReady"}},
	{"cannotCompute", cannotCompute, []string{"twoHPAs", "podsNotCreated"}},
	{"fallbackRunning", fallbackRunning, []string{"authMissing", "wrongType"}},
	{"triggerFailing", triggerFailing, []string{"authMissing", "wrongType", "sourceLost"}},
	{"blindAtZero", blindAtZero, []string{"authMissing", "wrongType", "triggerFailing", "refused"}},
	{"kedaSilent", kedaSilent, []string{"operatorGone", "sourceLost", "triggerFailing", "refused"}},
	{"hpaEdited", hpaEdited, []string{"refused", "ignored", "kedaSilent"}},
	{"hpaStuck", hpaStuck, []string{"targetMissing"}},
	{"couldNot", couldNot, []string{"triggerFailing", "hpaStuck"}},
	{"podsCannotStart", podsCannotStart, nil},
	{"podsCrash", podsCrash, nil},
	{"rolloutStuck", rolloutStuck, []string{"podsNotCreated", "podsCannotStart", "podsCrash"}},
	{"neverReady", neverReady, []string{"podsNotCreated", "podsCannotStart", "podsCrash"}},
	{"overdue", overdue, []string{"twoMasters", "authMissing", "wrongType", "refused", "ignored", "triggerFailing", "blindAtZero"}},
	{"kedaSeesMore", kedaSeesMore, nil},
	{"wrongKey", wrongKey, nil},
	{"neverWakes", neverWakes, nil},
	{"lagUnknown", lagUnknown, nil},
	{"idleWorkers", idleWorkers, []string{"podsCrash"}},
	{"idleTug", idleTug, nil},
	{"fallbackArmed", fallbackArmed, []string{"authMissing", "wrongType", "sourceLost", "triggerFailing", "blindAtZero", "kedaSilent", "apiDown", "apiForeign"}},
	{"lingering", lingering, nil},
}

// withoutTarget is what can be told although the target is not known.
var withoutTarget = []string{"targetMissing", "badPause", "twoMasters", "refused", "ignored", "jobRefused", "held"}

// findings is what is wrong with a chain: the roots in the order of the
// diagnoses, each followed by its consequences.
func findings(c *store.Chain, f *facts) []Finding { return findingsOf(diagnoses, c, f) }

func findingsOf(diagnoses []diagnosis, c *store.Chain, f *facts) []Finding {
	var found []Finding
	has := func(rule string) bool {
		for i := range found {
			if found[i].Rule == rule {
				return true
			}
		}
		return false
	}
	var all []int // indices of the diagnoses that found something
	for i, d := range diagnoses {
		if c.Workload == nil && !slices.Contains(withoutTarget, d.name) {
			continue
		}
		if x, ok := d.find(c, f); ok {
			x.Rule = d.name
			found, all = append(found, x), append(all, i)
		}
	}
	for i := range found {
		for _, root := range diagnoses[all[i]].of {
			if has(root) {
				found[i].Of = root
				break
			}
		}
	}
	if len(found) < 2 {
		return found
	}
	out := make([]Finding, 0, len(found))
	var follow func(of, as string)
	follow = func(of, as string) {
		for _, x := range found {
			if x.Of != of {
				continue
			}
			// What KEDA says twice, in a condition and in an event, is one finding.
			again := as != "" && slices.ContainsFunc(out, func(root Finding) bool { return root.Rule == as && root.Says == x.Says })
			if again {
				follow(x.Rule, as)
				continue
			}
			x.Of = as
			out = append(out, x)
			follow(x.Rule, x.Rule)
		}
	}
	follow("", "")
	return out
}
