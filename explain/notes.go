package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// advice is every kind of note there is: what is not wrong, does what its settings
// say, and is seldom what somebody wants. None of it makes a workload broken.
var advice = slices.Concat(pauses, []diagnosis{
	{"misspelt", misspelt, nil},
	{"foreignWrite", foreignWrite, nil},
	{"capped", capped, nil},
	{"flapping", flapping, nil},
	{"atZeroAtOnce", atZeroAtOnce, nil},
	{"tooCoarse", tooCoarse, nil},
	{"onePodAPartition", onePodAPartition, nil},
	{"stillAtWork", stillAtWork, nil},
	{"pollingIsNoPace", pollingIsNoPace, nil},
	{"cooldownWithoutEnd", cooldownWithoutEnd, nil},
	{"neverSleeps", neverSleeps, nil},
})

// pauses is all there is to note of a paused object.
var pauses = []diagnosis{
	{"held", held, nil},
	{"heldIn", heldIn, nil},
	{"heldOut", heldOut, nil},
}

// Notes is what is worth knowing of the settings of an object and of how it has gone
// with them; of a paused one only how it goes on, and nothing where a finding has to
// be mended first.
func (p *Picture) Notes() []Finding {
	notes := advice
	switch {
	case len(p.Findings) > 0 || p.Phase == Broken || p.Phase == Looking:
		return nil
	case p.Phase == PhasePaused:
		notes = pauses
	case p.ScaledJob != nil || p.ID.Kind == kscope.HPAs || p.Workload == nil:
		return nil
	}
	f := gather(&p.Chain, p.Now)
	return findingsOf(notes, &p.Chain, &f)
}

// pausedBy is an annotation that pauses an object, and what it keeps from happening.
func pausedBy(c *store.Chain, annotation, value, keeps, then string) (Finding, bool) {
	kind, name := "scaledobject", c.ScaledObject.Ref.Name
	if j := c.ScaledJob; j != nil {
		kind, name = "scaledjob", j.Ref.Name
	}
	return Finding{Link: LinkKEDA,
		Says:     fmt.Sprintf("The annotation %s %s.", annotation, keeps),
		Next:     "Neither work nor time ends it: somebody has to remove it.",
		Evidence: []Evidence{settingOf(c, "annotation "+annotation, orElse(value, "set"))},
		Move:     Move{kubectl(c, "annotate", kind, name, annotation+"-"), then}}, true
}

// held is an object that is paused as a whole.
func held(c *store.Chain, _ *facts) (Finding, bool) {
	so := &c.ScaledObject
	switch {
	case c.ScaledJob != nil:
		return pausedBy(c, pausedAnnotation, "", "keeps KEDA from making Jobs; those that run go on", "It removes the annotation, and KEDA makes Jobs for what waits.")
	case so.PausedReplicas != "":
		return pausedBy(c, replicasAnnotation, so.PausedReplicas, "stops KEDA at that number, and takes its HPA away", "It removes the annotation, and KEDA scales again at once.")
	case so.FullyPaused():
		return pausedBy(c, pausedAnnotation, "", "stops KEDA, and takes its HPA away", "It removes the annotation, and KEDA scales again at once.")
	}
	return Finding{}, false
}

// heldIn is an object that may only grow.
func heldIn(c *store.Chain, _ *facts) (Finding, bool) {
	if !c.ScaledObject.PausedScaleIn || c.ScaledObject.FullyPaused() {
		return Finding{}, false
	}
	return pausedBy(c, inAnnotation, "", "keeps KEDA and the HPA from removing pods", "It removes the annotation: what is not needed goes again.")
}

// heldOut is an object that may only shrink.
func heldOut(c *store.Chain, _ *facts) (Finding, bool) {
	if !c.ScaledObject.PausedScaleOut || c.ScaledObject.FullyPaused() {
		return Finding{}, false
	}
	return pausedBy(c, outAnnotation, "", "keeps KEDA and the HPA from adding pods", "It removes the annotation, and pods come for what waits.")
}

// misspelt is a setting that KEDA passes over, since it has none of that name.
func misspelt(c *store.Chain, _ *facts) (Finding, bool) {
	for i := range c.Readings {
		t := &c.Readings[i].Trigger
		is, meant := triggers.Misspelt(*t)
		if is == "" {
			continue
		}
		target, activation := triggers.Targets(*t)
		goes := activation
		if typ, _ := triggers.TypeOf(t.Type); strings.Contains("|"+typ.Target+"|", "|"+meant+"|") {
			goes = target
		}
		return Finding{Link: LinkKEDA,
			Says:     fmt.Sprintf("The trigger of type %s has no setting %s: KEDA takes %s to be %s.", t.Type, called(is), meant, words.Count(goes)),
			Next:     fmt.Sprintf("KEDA passes over what it has no name for; %s may have been meant.", meant),
			Evidence: []Evidence{settingOf(c, "metadata of trigger "+t.Type, is+": "+t.Metadata[is])},
			Move:     Move{kubectl(c, "edit", "scaledobject", c.ScaledObject.Ref.Name), fmt.Sprintf("Call it %s there: KEDA gives it to the HPA at once.", meant)}}, true
	}
	return Finding{}, false
}

// cappedFor is how long more pods must have been called for than there may be: what
// is over sooner would have been before more of them had helped.
const cappedFor = 2 * scaling.SyncPeriod

// capped is a queue that has called for more pods than maxReplicaCount allows for long.
func capped(c *store.Chain, f *facts) (Finding, bool) {
	r := &f.r
	if f.desired != f.high || !f.wantKnown || !r.CountsJobs() || r.Target <= 0 || scaling.WantReplicas(r.Value, r.Target, 0, f.tolerances) <= f.high {
		return Finding{}, false
	}
	since := r.Past.Above(float64(f.high) * r.Target)
	if since.IsZero() || f.now.Sub(since) < cappedFor {
		return Finding{}, false
	}
	return Finding{Link: LinkHPA,
		Says: fmt.Sprintf("For %s %s has called for more pods than maxReplicaCount %d allows, %s now.", words.Age(f.now.Sub(since)), noun(*r), f.high, words.Count(f.raw)),
		Next: "More pods help as far as there are nodes for them, and what they work with keeps up.",
		Evidence: []Evidence{readingOf(c, r), settingOf(c, "maxReplicaCount", f.high),
			{Object: self(c), Field: "target of trigger " + r.Trigger.Type, Value: words.Count(r.Target)}},
		Move: Move{kubectl(c, "edit", "scaledobject", c.ScaledObject.Ref.Name), "Raise maxReplicaCount there: KEDA gives it to the HPA at once."}}, true
}

// The settings that a note is about, as KEDA has them where they are not set.
const (
	defaultPolling  = 30 * time.Second
	defaultCooldown = 5 * time.Minute
)

// How often KEDA must have woken a workload, and within how long, to speak of it.
const (
	oftenWoken  = 3
	wokenWithin = 30 * time.Minute
)

// flapping is a workload that goes to zero between bursts, again and again.
func flapping(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	woken, was, slept := 0, -1.0, time.Time{}
	var longest time.Duration
	from := f.now.Add(-max(wokenWithin, 10*min(so.CooldownPeriod, 24*time.Hour)))
	if seen := c.Past.Desired.Start(); seen.After(from) {
		from = seen
	}
	for at, n := range c.Past.Desired.Since(from) {
		switch {
		case n == 0 && was > 0:
			slept = at
		case n > 0 && was == 0 && !slept.IsZero(): // not the first, of which nobody knows how long it slept
			woken++
			longest = max(longest, at.Sub(slept))
		}
		was = n
	}
	scheduled := slices.ContainsFunc(c.Readings, func(r store.Reading) bool { return r.Trigger.Type == "cron" }) // it wakes when it is told to
	if woken < oftenWoken || so.Floor() != 0 || scheduled {
		return Finding{}, false
	}
	bridge := longest + so.CooldownPeriod
	return Finding{Link: LinkKEDA,
		Says: fmt.Sprintf("It went to zero and woke again %d times in %s, and each time the first job waited for a pod.", woken,
			roughly(f.now.Sub(from))),
		Next: fmt.Sprintf("The longest of these pauses was %s. A cooldownPeriod of %s would have bridged all of them.",
			words.Age(bridge), words.Span(roundUp(bridge))),
		Evidence: []Evidence{settingOf(c, "cooldownPeriod", words.Span(so.CooldownPeriod))},
		Move:     Move{kubectl(c, "edit", "scaledobject", so.Ref.Name), "Set cooldownPeriod in seconds, or minReplicaCount to 1 to keep a pod for ever."}}, true
}

// roundUp is a time to set: whole minutes, or tens of seconds of a short one.
func roundUp(d time.Duration) time.Duration {
	unit := time.Minute
	if d < 2*time.Minute {
		unit = 10 * time.Second
	}
	return (d + unit - 1).Truncate(unit)
}

// spoken is how long a note of what happened once stands.
const spoken = 10 * time.Minute

// atZeroAtOnce is a workload that ran, got a ScaledObject and went to zero at its
// first look.
func atZeroAtOnce(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	if so.Created.IsZero() || f.now.Sub(so.Created) > spoken || !so.LastActiveTime.IsZero() || so.InitialCooldownPeriod > 0 ||
		f.desired != 0 || so.Floor() != 0 || c.Workload.SetBy != "" && !isKEDA(c.Workload.SetBy) {
		return Finding{}, false
	}
	// By two clocks, so it may be said that it was soon, and not how soon.
	went := c.Past.Desired.HeldSince(f.now)
	before := c.Past.Desired.At(went.Add(-1))
	if !(before > 0) || went.Before(so.Created.Add(-scaling.SyncPeriod)) || went.Sub(so.Created) > so.PollingInterval+scaling.SyncPeriod {
		return Finding{}, false
	}
	return Finding{Link: LinkKEDA,
		Says: fmt.Sprintf("KEDA took it from %s to zero as soon as the ScaledObject was made: no trigger was active, and nothing had to cool down.",
			words.Count(before)),
		Next: "An initialCooldownPeriod leaves the pods that a new ScaledObject finds for so long.",
		Evidence: []Evidence{{Object: self(c), Field: "created", Value: so.Created.In(f.now.Location()).Format("15:04:05")},
			settingOf(c, "initialCooldownPeriod", words.Span(so.InitialCooldownPeriod))},
		Move: Move{kubectl(c, "edit", "scaledobject", so.Ref.Name), "It counts for the next ScaledObject that is made, not for this one."}}, true
}

// How long one pod must have had more than a share of its target alone.
const (
	aloneFor   = 10 * time.Minute
	aloneShare = 5
)

// tooCoarse is work that waits for long although one pod is as many as the target
// asks for.
func tooCoarse(c *store.Chain, f *facts) (Finding, bool) {
	r := &f.r
	if f.desired != 1 || f.ready != 1 || f.several || !f.wantKnown || f.raw != 1 || f.high < 2 || !r.CountsJobs() || r.From != store.FromBroker || r.Target < 2 {
		return Finding{}, false
	}
	level := max(r.Target/aloneShare, 1)
	since := r.Past.Above(level)
	if alone := c.Past.Desired.HeldSince(f.now); alone.After(since) {
		since = alone
	}
	if r.Past.Above(level).IsZero() || f.now.Sub(since) < aloneFor {
		return Finding{}, false
	}
	more := max(int32(2), min(f.high, 4))
	target := max(1, int(r.Value)/int(more))
	return Finding{Link: LinkHPA,
		Says: fmt.Sprintf("For %s 1 pod has had more than %s to do alone: one is meant for up to %s.", words.Age(f.now.Sub(since)), jobs(level), words.Count(r.Target)),
		Next: fmt.Sprintf("A target of %d would call for %d pods now.", target, scaling.WantReplicas(r.Value, float64(target), 0, f.tolerances)),
		Evidence: []Evidence{readingOf(c, r),
			{Object: self(c), Field: "target of trigger " + r.Trigger.Type, Value: words.Count(r.Target)}},
		Move: Move{kubectl(c, "edit", "scaledobject", c.ScaledObject.Ref.Name), "A smaller target for the trigger means more pods for the same queue."}}, true
}

// shared are the trigger types whose source is divided, so that more pods than parts
// would have nothing to take, with the part, what KEDA counts, and the metadata by
// which it counts beyond that.
var shared = map[string]struct{ part, unit, beyond string }{
	"kafka":          {"partition", "lag", "allowIdleConsumers"},
	"apache-kafka":   {"partition", "lag", "allowIdleConsumers"},
	"azure-eventhub": {"partition", "backlog", ""},
}

// atLimit is how long a value must stand to the item at a whole number of targets.
const atLimit = time.Minute

// onePodAPartition is a lag that stands at what KEDA counts at most of it: the target
// times the partitions, whatever there is beyond that. The number of partitions is
// nowhere to be read, so this can only be told from a lag that does not move.
func onePodAPartition(c *store.Chain, f *facts) (Finding, bool) {
	r := &f.r
	is, ok := shared[r.Trigger.Type]
	parts := math.Round(r.Value / max(r.Target, 1))
	if !ok || !r.Known || r.Target < 1 || r.Trigger.Metadata[is.beyond] == "true" || r.Still.IsZero() || f.now.Sub(r.Still) < atLimit ||
		parts < 2 || parts >= float64(f.high) || math.Abs(r.Value-parts*r.Target) > 0.01*r.Target || float64(f.desired) != parts || f.ready != f.desired {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA,
		Says: fmt.Sprintf("The %s stands at exactly %s x %s for %s: KEDA asks for no more than one pod a %s, so more may wait.",
			is.unit, words.Count(parts), words.Count(r.Target), words.Age(f.now.Sub(r.Still)), is.part),
		Next:     fmt.Sprintf("If there are %s %ss, more pods would have nothing to take: more %ss would let more of them work.", words.Count(parts), is.part, is.part),
		Evidence: []Evidence{readingOf(c, r), {Object: self(c), Field: "target of trigger " + r.Trigger.Type, Value: words.Count(r.Target)}},
		Move:     Move{kubectl(c, "get", "scaledobject", c.ScaledObject.Ref.Name, "-o", "jsonpath={.spec.triggers}"), "It names the topic and the consumer group, of which the broker's own tools show the lag of each " + is.part + "."}}
	return x, true
}

// slowToStop is how long pods that were told to stop may take before it is spoken of.
const slowToStop = 10 * time.Second

// stillAtWork is pods that were taken away by the number and have not ended: what they
// took is in no queue any more, so neither KEDA nor the HPA waits for it.
func stillAtWork(c *store.Chain, f *facts) (Finding, bool) {
	n, last := c.Counts[kscope.PodTerminating], c.Leaving
	if n == 0 || last == nil {
		return Finding{}, false
	}
	told := c.Past.Desired.HeldSince(f.now)
	before, left := c.Past.Desired.At(told.Add(-1)), last.Deleted.Sub(f.now)
	if told.IsZero() || !(before > float64(f.desired)) || f.now.Sub(told) < slowToStop || left <= 0 {
		return Finding{}, false
	}
	by, why := LinkHPA, "The HPA takes pods away whether they are at work or not, for what one has taken stands in no queue."
	if so := &c.ScaledObject; f.desired == 0 || so.IdleReplicaCount != nil && f.desired == so.Floor() {
		by, why = LinkKEDA, "Once the queue has been empty for cooldownPeriod, KEDA waits for nobody: what a pod has taken stands in no queue."
	}
	return Finding{Link: by,
		Says: fmt.Sprintf("%s told to stop %s ago and %s not ended: in %s the first is cut off.", pods(n)+" "+verb(n, "was", "were"),
			words.Age(f.now.Sub(told)), verb(n, "has", "have"), words.Age(left)),
		Next:     why,
		Evidence: []Evidence{{Object: "Pod " + last.Ref.Name, Field: "grace period", Value: "until " + last.Deleted.In(f.now.Location()).Format("15:04:05")}},
		Move:     Move{kubectl(c, "edit", strings.ToLower(c.Target().Kind), c.Target().Name), "Let the worker end its job on SIGTERM, within terminationGracePeriodSeconds; or use a ScaledJob."}}, true
}

// byTheHPA reports whether KEDA leaves it to the HPA to ask the sources, as it does
// where it has nothing to do itself. The rule is KEDA's UsesHPAObservations.
func byTheHPA(c *store.Chain) bool {
	so := &c.ScaledObject
	cached := slices.ContainsFunc(c.Readings, func(r store.Reading) bool { return r.Trigger.Cached })
	return so.MinReplicaCount > 0 && so.IdleReplicaCount == nil && !so.ScalingModifiers && !cached
}

// pollingIsNoPace is a pollingInterval where the HPA asks.
func pollingIsNoPace(c *store.Chain, _ *facts) (Finding, bool) {
	so := &c.ScaledObject
	if !byTheHPA(c) || so.PollingInterval == defaultPolling {
		return Finding{}, false
	}
	return Finding{Link: LinkKEDA,
		Says: fmt.Sprintf("A pollingInterval of %s sets no pace here: with minReplicaCount %d KEDA has nothing to wake, and the HPA asks every %s.",
			words.Span(so.PollingInterval), so.MinReplicaCount, words.Span(scaling.SyncPeriod)),
		Next:     "It only says how often KEDA renews its status.",
		Evidence: []Evidence{settingOf(c, "pollingInterval", words.Span(so.PollingInterval)), settingOf(c, "minReplicaCount", so.MinReplicaCount)},
		Move:     Move{kubectl(c, "get", "scaledobject", so.Ref.Name, "-o", "jsonpath={.spec}"), "With minReplicaCount 0, or idleReplicaCount 0, KEDA looks itself again."}}, true
}

// cooldownWithoutEnd is a cooldownPeriod that nothing comes after.
func cooldownWithoutEnd(c *store.Chain, _ *facts) (Finding, bool) {
	so := &c.ScaledObject
	if so.MinReplicaCount == 0 || so.IdleReplicaCount != nil || so.CooldownPeriod == defaultCooldown {
		return Finding{}, false
	}
	return Finding{Link: LinkKEDA,
		Says: fmt.Sprintf("A cooldownPeriod of %s has no effect: with minReplicaCount %d KEDA never goes to zero, and the HPA goes by its own window.",
			words.Span(so.CooldownPeriod), so.MinReplicaCount),
		Next: "How long the HPA waits before it takes pods away is stabilizationWindowSeconds of behavior.scaleDown.",
		Evidence: []Evidence{settingOf(c, "cooldownPeriod", words.Span(so.CooldownPeriod)),
			settingOf(c, "minReplicaCount", so.MinReplicaCount)},
		Move: Move{kubectl(c, "get", "scaledobject", so.Ref.Name, "-o", "jsonpath={.spec}"), "With minReplicaCount 0, or idleReplicaCount 0, KEDA goes there after cooldownPeriod."}}, true
}

// neverSleeps is a workload with a floor of zero that only cpu and memory scale. KEDA's
// webhook refuses one with minReplicaCount 0, where it runs.
func neverSleeps(c *store.Chain, f *facts) (Finding, bool) {
	so := &c.ScaledObject
	own := slices.ContainsFunc(so.Triggers, func(t kscope.Trigger) bool {
		typ, known := triggers.TypeOf(t.Type)
		return !known || !typ.Resource
	})
	if len(so.Triggers) == 0 || own || so.Floor() != 0 || so.ScalingModifiers || f.desired == 0 {
		return Finding{}, false
	}
	return Finding{Link: LinkKEDA,
		Says:     "It never goes to zero: cpu and memory are all it is scaled by, and these KEDA takes for active at all times.",
		Next:     "A trigger that measures the work itself, such as a queue, could put it to sleep and wake it.",
		Evidence: []Evidence{settingOf(c, "minReplicaCount", so.MinReplicaCount)},
		Move:     Move{kubectl(c, "edit", "scaledobject", so.Ref.Name), "Add a trigger that can be at 0, or set minReplicaCount to what is kept anyway: 1."}}, true
}
