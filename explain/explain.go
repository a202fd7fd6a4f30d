// Package explain is why a workload has the replicas it has, what comes next, who
// did what, and what is wrong: the sentences about scaling, made from what a
// [store.Store] knows. It has no clock and changes nothing.
package explain

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// Phase is where a ScaledObject is in its story, in a word or two.
type Phase string

// The phases.
const (
	Looking     Phase = "looking"      // not enough is known yet
	Asleep      Phase = "asleep"       // at its floor, nothing to do
	Waking      Phase = "waking"       // leaving zero, nothing ready yet
	ScalingUp   Phase = "scaling up"   // on its way to more
	Steady      Phase = "steady"       // has what it wants
	AtMax       Phase = "at max"       // has what it may have, and more is called for
	Draining    Phase = "draining"     // has more than it wants
	CoolingDown Phase = "cooling down" // nothing to do, waiting for the cooldown
	PhasePaused Phase = "paused"
	Broken      Phase = "broken"
	Working     Phase = "working" // a ScaledJob for which KEDA makes Jobs
)

// Decision is why a workload has the replicas it has and what comes next.
// Words that rest on an estimate are marked with ~ or "about".
type Decision struct {
	// Rule is the name of the rule that answered, such as "asleep" or
	// "wantsMore": stable, for tests and machines, and not for people.
	Rule  string
	Phase Phase
	Why   string
	Next  string
	Link  Role // which link of the chain is the reason, LinkQueue to LinkPods
	Stale bool // KEDA's status is older than it should be and must not be believed
	// Zero is when KEDA takes the workload to its floor if no work comes, by
	// the clock of the stream: an estimate; the zero time where it will not, or
	// that cannot be told.
	Zero time.Time
	// Ahead is what Next says, in numbers, the next change first; empty where it says
	// nothing of the kind.
	Ahead []outlook.Forecast
	// Findings is what is wrong: roots first, each followed by what is only a
	// consequence of it. Why is then about the first.
	Findings []Finding
}

// rule looks at a chain and answers with a decision if it applies. It is named
// as its function is. The first one in the catalogue that answers is right, so
// those nearest to the root of a problem come first.
type rule struct {
	name   string
	answer func(c *store.Chain, f *facts) (Decision, bool)
}

// catalogue is every explanation there is: what cannot be told, then the worst of
// what is wrong (see [diagnoses]), then the ordinary story. The rules after worst
// may rely on a workload.
var catalogue = []rule{
	{"unseen", unseen},
	{"notSynced", notSynced},
	{"targetUnknown", targetUnknown},
	{"paused", paused},
	{"worst", worst},
	{"outOfBounds", outOfBounds},
	{"asleep", asleep},
	{"drained", drained},
	{"heldAtZero", heldAtZero},
	{"waking", waking},
	{"parked", parked},
	{"starting", starting},
	{"remembered", remembered},
	{"cooling", cooling},
	{"wantsMore", wantsMore},
	{"podsStarting", podsStarting},
	{"wantsFewer", wantsFewer},
	{"full", full},
	{"tolerated", tolerated},
	{"atMinimum", atMinimum},
	{"steady", steady},
	{"hpaSays", hpaSays},
}

// worst is the finding that is the root of the others, where there is any.
func worst(_ *store.Chain, f *facts) (Decision, bool) {
	if len(f.found) == 0 {
		return Decision{}, false
	}
	x := &f.found[0]
	return Decision{Rule: x.Rule, Phase: Broken, Link: x.Link, Why: x.Says, Next: x.Next, Stale: x.Stale, Zero: x.Zero, Ahead: x.Ahead}, true
}

// facts is what several rules need, worked out once.
type facts struct {
	now            time.Time
	desired, ready int32
	readyKnown     bool
	leaving        int           // pods that are still there at zero replicas
	then           bool          // it is of a moment that is past, as the series tell
	active         bool          // KEDA says that a trigger is
	forced         bool          // by annotation
	complete       bool          // as many pods as are wanted have been ready since they were
	r              store.Reading // the main trigger
	work           store.Reading // the one with work that KEDA would start for, if hasWork
	hasWork        bool
	quiet          bool  // every trigger is known to have no work that counts
	several        bool  // there is more than one trigger
	partly         bool  // the value of some trigger is not known
	raw            int32 // what r asks for, before any bound or tolerance
	want           int32 // what the HPA will aim at
	wantKnown      bool
	limit          int32 // what one HPA sync may give
	tolerances     scaling.Tolerances
	least          int32 // minReplicaCount or minReplicas
	low, high      int32 // the HPA's bounds
	found          []Finding

	schedules map[*triggers.Cron]func(time.Time) float64 // as far as they were asked; see scheduled
	turns     []time.Time                                // of those, lately; see turned

	outlook *outlook.Next // what comes, nil where it cannot be told; see ahead
	looked  bool          // it was tried
	brief   bool          // only what cannot be told otherwise is worth the cost
}

// Decide says why a workload has the replicas it has and what comes next. It
// is a pure function of what was observed and of the stream's time.
func Decide(c store.Chain, now time.Time) Decision { return decide(&c, now, false) }

func decide(c *store.Chain, now time.Time, brief bool) Decision {
	rules, f := catalogue, gather(c, now)
	f.brief = brief
	if c.ScaledJob != nil {
		if d, ok := unseen(c, &f); ok {
			return d
		}
		return jobSays(c, &f)
	}
	if c.ID.Kind == kscope.HPAs {
		rules = plainCatalogue
		f.want = f.wanted(c)
	}
	if c.Last.Object.IsZero() { // else nothing follows from what it said
		f.found = findings(c, &f)
	}
	for _, r := range rules {
		if d, ok := r.answer(c, &f); ok {
			d.Rule, d.Phase, d.Findings = orElse(d.Rule, r.name), f.calm(c, d.Phase), f.found
			schedule(c, now, &d)
			return d
		}
	}
	return Decision{Rule: "nothingKnown", Phase: Looking, Why: "Not enough is known yet.", Link: LinkKEDA, Findings: f.found}
}

func gather(c *store.Chain, now time.Time) facts {
	so := &c.ScaledObject
	f := facts{now: now, r: c.Reading(), least: fewest(c), high: c.Max()}
	f.low = max(f.least, 1)
	existing := int32(0)
	if c.Workload != nil {
		f.desired, existing = setBy(c, now), c.Workload.Current
	}
	if c.Ready != nil {
		f.ready, f.readyKnown = max(*c.Ready-int32(c.Starting.AgainReady), 0), true
	}
	if f.desired == 0 {
		f.leaving = max(c.Counts[kscope.PodTerminating], int(existing), int(f.ready))
		if c.Step != nil && now.Sub(c.Step.At) < settled { // their end may not have been seen yet
			f.leaving = max(f.leaving, c.Counts.Alive())
		}
	}
	f.active, f.forced = so.Conditions.Get("Active").True() || f.justWoken(c), so.ForceActivation
	f.limit, f.tolerances = f.high, scaling.TolerancesOf(nil)
	if h := c.HPA; h != nil {
		f.limit, f.tolerances = scaling.UpLimit(h.Behavior, h.MaxReplicas, f.desired), scaling.TolerancesOf(h.Behavior)
	}
	f.complete = complete(c, now)
	metrics := c.Metrics()
	f.several = len(metrics) > 1
	f.quiet = polled(metrics) && !f.secret(c)
	for i := range metrics {
		f.weigh(c, &metrics[i], existing)
	}
	f.want = min(max(f.want, f.low), f.high)
	if f.doubted(c) {
		f.wantKnown, f.looked = false, true
	}
	return f
}

// weigh takes one trigger into account. Where a formula combines the triggers, and it
// is not known what it says, none says anything by itself.
func (f *facts) weigh(c *store.Chain, r *store.Reading, existing int32) {
	so := &c.ScaledObject
	f.partly = f.partly || !r.Known && (!r.Direct || f.desired > 0) // at zero nobody reads that
	active := r.IsActive() && !r.Direct
	word, said := f.keda(so, r)
	if v, ok := f.countedLast(c, r); ok {
		active, said = v > r.ActivationTarget, false
	}
	f.quiet = f.quiet && (r.Direct || r.Known && !active && (!said || !word))
	if !r.Known || f.secret(c) {
		return
	}
	if active && (!said || word) && (!f.hasWork || r.Asks() > f.work.Asks()) {
		f.work, f.hasWork = *r, true
	}
	if r.Target <= 0 || r.Trigger.MetricType == "Value" {
		return
	}
	f.raw = max(f.raw, scaling.WantReplicas(r.Value, r.Target, 0, f.tolerances))
	f.want = max(f.want, scaling.WantReplicas(r.Value, r.Target, existing, f.tolerances))
	f.wantKnown = true
}

// countedLast is what kscope itself counted last, where it cannot any more and neither
// KEDA nor the HPA has looked since.
func (f *facts) countedLast(c *store.Chain, r *store.Reading) (float64, bool) {
	v, at := r.Past.LastKnown()
	v = r.AsScaled(v)
	ok := r.From == store.FromHPA && at.After(c.Past.Looked) && f.now.Sub(at) < max(c.ScaledObject.PollingInterval, scaling.SyncPeriod)
	n := len(c.Past.Syncs)
	return v, ok && (n == 0 || at.After(c.Past.Syncs[n-1].At))
}

// keda is whether KEDA found a trigger active at its last poll, where that is newer
// than the value: what the HPA saw is up to a sync old. False where it does not say.
func (f *facts) keda(so *kscope.ScaledObject, r *store.Reading) (active, said bool) {
	if f.then {
		return f.active, r.From == store.FromHPA
	}
	if r.From != store.FromHPA || so.MinReplicaCount > 0 && so.IdleReplicaCount == nil || so.PollingInterval > scaling.SyncPeriod || so.ForceActivation {
		return false, false
	}
	if is, ok := so.TriggersActive[r.Metric]; ok && r.Metric != "" {
		return is, true
	}
	return false, so.Conditions.Get("Active").False()
}
