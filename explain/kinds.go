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
	"github.com/kscope/kscope/words"
)

// plainCatalogue is the rules for an HPA without KEDA, in their order.
var plainCatalogue = []rule{
	{"unseen", unseen},
	{"notSynced", notSynced},
	{"targetUnknown", targetUnknown},
	{"worst", worst},
	{"switchedOff", switchedOff},
	{"outOfBounds", outOfBounds},
	{"remembered", remembered},
	{"wantsMore", wantsMore},
	{"podsStarting", podsStarting},
	{"wantsFewer", wantsFewer},
	{"full", full},
	{"tolerated", tolerated},
	{"atMinimum", atMinimum},
	{"steady", steady},
	{"hpaSays", hpaSays},
}

// switchedOff is a target at zero, which an HPA leaves alone.
func switchedOff(c *store.Chain, f *facts) (Decision, bool) {
	if f.desired > 0 {
		return Decision{}, false
	}
	if c.HPA.ScaledObject != "" { // KEDA's, with its ScaledObject out of sight
		return Decision{Phase: Asleep, Link: LinkWorkload,
			Why:  fmt.Sprintf("%s is at zero, which switches its HPA off. Why KEDA holds it there is in ScaledObject %s, which %s.", called(c.Target().Name), called(c.HPA.ScaledObject), outOfSight(c.KEDAStatus)),
			Next: "KEDA sets the replicas to 1 or more once there is work."}, true
	}
	return Decision{Phase: Asleep, Link: LinkWorkload,
		Why:  called(c.Target().Name) + " was set to zero, which switches its HPA off.",
		Next: "The HPA goes on when the replicas are set to 1 or more."}, true
}

// outOfSight says why an object is not seen whose watch is like this.
func outOfSight(st store.SourceStatus) string {
	switch st.State {
	case kscope.Forbidden:
		return "you may not see"
	case kscope.Failing:
		return "kscope cannot see"
	}
	return "is not there"
}

// maximum is what the most replicas are called where they are set.
func maximum(c *store.Chain) string {
	if c.ID.Kind == kscope.HPAs {
		return "maxReplicas"
	}
	return "maxReplicaCount"
}

// fewest is how few there may be.
func fewest(c *store.Chain) int32 {
	if c.ID.Kind == kscope.HPAs {
		return c.HPA.MinReplicas
	}
	return c.ScaledObject.MinReplicaCount
}

// wanted is what an HPA wants: by its own word where it does not follow.
func (f *facts) wanted(c *store.Chain) int32 {
	if f.wantKnown {
		return f.want
	}
	return c.HPA.DesiredReplicas
}

// minimum is what the fewest are called where they are set.
func minimum(c *store.Chain) string {
	if c.ID.Kind == kscope.HPAs {
		return "minReplicas"
	}
	return "minReplicaCount"
}

// polled reports whether KEDA measures any of these: what pods use it does not.
func polled(metrics []store.Reading) bool {
	return slices.ContainsFunc(metrics, func(r store.Reading) bool { return !r.Direct })
}

// usesAny reports whether the HPA goes by what pods use, too.
func usesAny(c *store.Chain) bool {
	return slices.ContainsFunc(c.Readings, func(r store.Reading) bool { return r.Direct })
}

// secret reports whether a formula combines the triggers that only KEDA can compute.
func (f *facts) secret(c *store.Chain) bool {
	return c.ScaledObject.ScalingModifiers && c.Formula == nil
}

// doubted reports whether the HPA makes something else of its metrics than follows from
// them, where one that it reads itself calls for most: its word is the better one. It
// leaves out pods that are not ready, and those of which nothing is known.
func (f *facts) doubted(c *store.Chain) bool {
	h := c.HPA
	if !f.r.Direct || !f.wantKnown || h == nil || f.desired == 0 {
		return false
	}
	if c.Step != nil && f.now.Sub(c.Step.At) < overtaken && f.desired != h.DesiredReplicas {
		return true // it has moved, and has not said yet by what
	}
	is, able := h.DesiredReplicas, h.Conditions.Get("AbleToScale").Reason
	asked, all := int32(0), true
	for place := range h.Metrics {
		total, known := c.Shown(place)
		if known = known && h.Metrics[place].TargetType != "Value"; known {
			asked = max(asked, scaling.WantReplicas(total, h.Metrics[place].Target, h.CurrentReplicas, f.tolerances))
		}
		all = all && known
	}
	if !all {
		return asked > is && is < f.high && able != "ScaleUpStabilized" && h.Conditions.Get("ScalingLimited").Reason != "ScaleUpLimit"
	}
	switch limited := h.Conditions.Get("ScalingLimited").Reason; {
	case limited == "TooFewReplicas", limited == "ScaleDownLimit", able == "ScaleDownStabilized":
		return asked > is
	case limited == "TooManyReplicas":
		return asked <= is || is != f.high
	case limited == "ScaleUpLimit":
		return asked <= is
	case able == "ScaleUpStabilized":
		return asked < is
	case h.Behavior.UpWindow() == 0 && (able == "ReadyForNewScale" || able == "SucceededRescale"):
		return asked < is // of more than it made of them the readings are taken for that much
	}
	return asked != is
}

// unproved reports whether the figures of what pods use are those of fewer than there are
// by now, or more: the HPA has set another number by them, and not looked since, or has no
// figures yet of pods that it added.
func (f *facts) unproved(c *store.Chain) bool {
	n := len(c.Past.Syncs)
	if !f.r.Direct || n == 0 {
		return false
	}
	added := c.Step != nil && c.Step.Up() && f.now.Sub(c.Step.At) < figuresWithin && f.r.Each > f.r.Target*(1+f.tolerances.Up)
	return added || c.Past.Syncs[n-1].Rescaled && c.Past.Syncs[n-1].Desired == f.desired
}

// use is a value of a metric that the HPA reads itself, in the unit that it has.
func use(m *kscope.Metric, v float64) string {
	resource := m.Type == "Resource" || m.Type == "ContainerResource"
	switch {
	case m.TargetType == "Utilization":
		return words.Count(math.Round(v)) + "%"
	case resource && m.Name == "memory":
		return words.Count(v/(1<<20)) + "Mi"
	case resource && m.Name == "cpu":
		return words.Count(math.Round(v*1000)) + "m"
	}
	return words.Count(v)
}

// aim is the metric that a reading is of.
func aim(c *store.Chain, r *store.Reading) *kscope.Metric { return &c.HPA.Metrics[r.Place] }

// UseName is what is charted of such a metric: "cpu, %".
func UseName(c *store.Chain, r *store.Reading) string {
	name := called(r.Name())
	if r.Place < 0 {
		return name
	}
	switch m := aim(c, r); m.TargetType {
	case "Utilization":
		return name + ", % per pod"
	case "AverageValue":
		return name + " per pod"
	}
	return name
}

// uses is what the HPA saw of such a metric: "cpu at ~143% per pod".
func uses(c *store.Chain, r *store.Reading) string {
	return fmt.Sprintf("%s at %s%s per pod", called(r.Name()), estimate(*r), use(aim(c, r), r.Each))
}

// metricLink is what an HPA looks at for itself: the value of its last sync, beside what
// it aims at. Of several metrics it is the one that calls for most.
func metricLink(c *store.Chain) Link {
	h, r := c.HPA, c.Reading()
	if !r.Direct || r.Place >= len(h.Metrics) {
		return Link{Name: "metric", Value: Unknown, Word: "none"}
	}
	m := &h.Metrics[r.Place]
	l := Link{Name: m.Name, Value: Unknown, Word: "not read yet"}
	switch sa := h.Conditions.Get("ScalingActive"); {
	case sa.False() && sa.Reason == "ScalingDisabled": // what it last read is long past
		l.State, l.Word = LinkIdle, "not read at zero"
		return l
	case sa.False() && resource(sa.Reason) && m.Current == nil && !strings.Contains(sa.Message, "missing request"):
		l.State, l.Word = LinkBroken, noUse
		return l
	case sa.False():
		l.State, l.Word = LinkBroken, "cannot be read"
		return l
	case m.Current == nil:
		return l
	}
	l.Number, l.State = m.Current, LinkOK
	l.Word = "target " + use(m, m.Target)
	switch m.TargetType {
	case "Utilization":
		l.Unit = "%"
	case "AverageValue":
		l.Word += " per pod"
		if is := use(m, *m.Current); is != words.Count(*m.Current) {
			l.Number, l.Value = nil, is
		}
	}
	return l
}

// readingOf is what kscope read of a trigger's source itself, as evidence.
func readingOf(c *store.Chain, r *store.Reading) Evidence {
	value := r.Err
	if r.Known && r.Err == "" {
		if value = waits(*r); r.Value == 0 {
			value = isEmpty(c, *r)
		}
	}
	return Evidence{Object: "kscope", Field: "reads " + r.Name(), Value: value, Since: r.Still}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
